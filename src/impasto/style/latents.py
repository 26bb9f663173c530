"""What dreams are drawn from: latents of a named distribution, the same where one learns and where one dreams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError

Latents = NDArray[np.float32]
"""N×D."""

NORMAL, UNIFORM, TRUNCATED, MIXTURE = "normal", "uniform", "truncated", "mixture"
NOISES = (NORMAL, UNIFORM, TRUNCATED, MIXTURE)
DEFAULT_TRUNCATION = 1.0
DEFAULT_PARTS = 10
_MOST_PARTS = 1000
_MIXTURE_SEED = 20_260
_PART_DEVIATION = 0.35
_UNIFORM_BOUND = 3**0.5  # so that its deviation is 1, as that of the others


@dataclass(frozen=True, slots=True)
class LatentNoise:
    """A distribution of latent vectors, each number of which has mean 0 and, but for `truncated`, deviation 1.

    Attributes
    ----------
    kind
        `normal`; `uniform`, in ±√3; `truncated`: normal, drawn anew where it is beyond ±`amount`; or `mixture`: one of
        `amount` normals, narrow and far apart, so that a generator has something to tell kinds of pictures by.
    amount
        The bound of `truncated`, or the number of parts of `mixture`; 0 elsewhere.
    """

    kind: str = NORMAL
    amount: float = 0.0

    def draw(self, random: np.random.Generator, count: int, size: int) -> Latents:
        """Return `count`×`size` float32; the same for the same state of `random`."""
        if self.kind == UNIFORM:
            values = random.uniform(-_UNIFORM_BOUND, _UNIFORM_BOUND, (count, size))
        elif self.kind == TRUNCATED:
            values = _truncated(random, count, size, self.amount)
        elif self.kind == MIXTURE:
            values = _mixture(random, count, size, int(self.amount))
        else:
            values = random.standard_normal((count, size))
        return values.astype(np.float32)

    def __str__(self) -> str:
        return f"{self.kind}:{self.amount:g}" if self.kind in (TRUNCATED, MIXTURE) else self.kind


def parse_noise(text: str) -> LatentNoise:
    """Read `normal`, `uniform`, `truncated`, `truncated:0.7`, `mixture` or `mixture:10`.

    Raises
    ------
    UsageError
        It is none of these, or the number is out of range.
    """
    kind, separator, number = text.partition(":")
    if kind not in NOISES or (separator and kind in (NORMAL, UNIFORM)):
        raise UsageError(f"no noise '{text}'; choose normal, uniform, truncated[:BOUND] or mixture[:PARTS]")
    if kind in (NORMAL, UNIFORM):
        return LatentNoise(kind)
    default = DEFAULT_TRUNCATION if kind == TRUNCATED else DEFAULT_PARTS
    amount = _number(number, text) if separator else default
    if kind == TRUNCATED and not 0.05 <= amount <= 10:
        raise UsageError(f"the bound of truncated noise is from 0.05 to 10, not {amount:g}")
    if kind == MIXTURE and not (amount == int(amount) and 1 <= amount <= _MOST_PARTS):
        raise UsageError(f"the parts of a mixture are a whole number from 1 to {_MOST_PARTS}, not {amount:g}")
    return LatentNoise(kind, amount)


def between(first: Latents, second: Latents, share: float) -> Latents:
    """Return what lies `share` of the way from one set of N×D latents to another, along a great circle.

    Of many normal numbers nearly all vectors have one length, which a straight line would leave (White 2016). Lengths
    go straight.
    """
    lengths = [np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second)]
    units = [each / np.maximum(length, 1e-8) for each, length in zip((first, second), lengths, strict=True)]
    cosine = np.clip((units[0] * units[1]).sum(axis=1, keepdims=True), -1, 1)
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    is_straight = sine < 1e-4
    safe = np.where(is_straight, 1.0, sine)
    weights = [
        np.where(is_straight, part, np.sin(part * angle) / safe) for part in (np.float32(1 - share), np.float32(share))
    ]
    direction = weights[0] * units[0] + weights[1] * units[1]
    result: Latents = (direction * ((1 - share) * lengths[0] + share * lengths[1])).astype(np.float32)
    return result


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"'{whole}' does not end in a number") from None


def _truncated(random: np.random.Generator, count: int, size: int, bound: float) -> NDArray[np.float64]:
    values = random.standard_normal((count, size))
    while (beyond := np.abs(values) > bound).any():
        values[beyond] = random.standard_normal(int(beyond.sum()))
    return values


def _mixture(random: np.random.Generator, count: int, size: int, num_parts: int) -> NDArray[np.float64]:
    # The centres belong to the noise and not to the draw: every batch, and every dream, has the same ones.
    centers = np.random.default_rng(_MIXTURE_SEED).standard_normal((num_parts, size))
    chosen = centers[random.integers(num_parts, size=count)]
    spread = _PART_DEVIATION
    values: NDArray[np.float64] = (1 - spread**2) ** 0.5 * chosen + spread * random.standard_normal((count, size))
    return values

"""Pictures from noise: what a dream style makes, drawn by a seed, mixed, or on the way from one to the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError, UsageError
from impasto.style.latents import LatentNoise, Latents, between, parse_noise
from impasto.style.manifest import Manifest
from impasto.style.runtime import Runtime

Pictures = NDArray[np.uint8]
"""N×S×S×3 sRGB."""

_AT_ONCE = 16
_PICTURES_A_SECOND = 0.5


class Dreamer:
    """Makes pictures of latents. Networks may come from strangers: what they return is checked.

    Parameters
    ----------
    manifest
        Of the style, which is to be a dream.
    runtime
        Runs its generator.

    Raises
    ------
    StyleFileError
        The style is no dream.
    """

    def __init__(self, manifest: Manifest, runtime: Runtime) -> None:
        needs = manifest.needs
        if manifest.family != "dream":
            raise StyleFileError(
                f"'{manifest.name}' is a {manifest.family} style, which has no dreams: 'impasto apply' takes it."
            )
        assert needs.picture_side is not None and needs.latent_size is not None, "the manifest of a dream states them"
        self._runtime = runtime
        self.side, self.latent_size, self.num_latents = needs.picture_side, needs.latent_size, needs.num_latents
        self.noise = parse_noise(needs.noise)
        self.shows_faces = needs.shows_faces

    @property
    def can_mix(self) -> bool:
        """Whether layout and appearance can be taken from two latents."""
        return self.num_latents > 1

    def draw(self, count: int, seed: int, noise: LatentNoise | None = None) -> Latents:
        """Return latents N×D, drawn as they were while learning or as `noise` says. More begin with the same ones."""
        drawn = noise or self.noise
        return np.concatenate([drawn.draw(np.random.default_rng((seed, i)), 1, self.latent_size) for i in range(count)])

    def pictures(self, latents: Latents, appearance: Latents | None = None) -> Pictures:
        """Return a picture for each of N latents, and of as many others for the appearance.

        Raises
        ------
        UsageError
            The style cannot mix.
        StyleFileError
            The network fails, or returns something else.
        """
        levels = self.levels(latents, appearance)
        result: Pictures = (levels.transpose(0, 2, 3, 1) * 255 + 0.5).astype(np.uint8)
        return result

    def levels(self, latents: Latents, appearance: Latents | None = None) -> NDArray[np.float32]:
        """Do as `pictures`; return N×3×S×S float32 in [0, 1]."""
        if appearance is not None and not self.can_mix:
            raise UsageError("this dream was learned with a generator that cannot mix: it has one latent a picture.")
        given = [latents, *[latents if appearance is None else appearance] * (self.num_latents - 1)]
        stacked = np.stack(given, axis=1).astype(np.float32)
        parts = [self._run(stacked[first : first + _AT_ONCE]) for first in range(0, len(stacked), _AT_ONCE)]
        return np.concatenate(parts)

    def _run(self, latents: Latents) -> NDArray[np.float32]:
        images = self._runtime.run({"latents": latents}).get("images")
        if images is None or images.shape != (len(latents), 3, self.side, self.side):
            raise StyleFileError(f"The style's network returns no pictures of {self.side}×{self.side} pixels.")
        limited: NDArray[np.float32] = np.clip(np.nan_to_num(images.astype(np.float32)), 0, 1)
        return limited


def mixed(dreamer: Dreamer, layouts: Latents, appearances: Latents) -> Pictures:
    """Return every layout (N) in every appearance (M): N·M pictures, a layout at a time."""
    rows, columns = len(layouts), len(appearances)
    return dreamer.pictures(layouts.repeat(rows and columns, axis=0), np.tile(appearances, (rows, 1)))


def walk(
    dreamer: Dreamer, seconds: float, rate: float, seed: int, noise: LatentNoise | None = None
) -> Iterator[Latents]:
    """Yield the latents 1×D of each picture of a film that wanders from one dream to the next and ends where it began.

    It rests on none: speed is eased between them, and each is reached in two seconds.

    Raises
    ------
    UsageError
        The film would have no picture, or more than a million.
    """
    count = round(seconds * rate)
    if not 1 <= count <= 1_000_000:
        raise UsageError(f"a walk of {seconds:g} s at {rate:g} pictures a second has {count} pictures")
    num_stops = max(2, round(seconds * _PICTURES_A_SECOND))
    stops = dreamer.draw(num_stops, seed, noise)
    for index in range(count):
        stop, share = divmod(index * num_stops / count, 1)
        first, second = stops[[int(stop) % num_stops]], stops[[(int(stop) + 1) % num_stops]]
        yield between(first, second, share * share * (3 - 2 * share))

"""A linear classifier learned so that no single picture can be told from it: differentially private gradient descent.

Each picture's gradient is cut to one length, and normal noise is added to their sum (Abadi et al. 2016). All pictures
take part in every step, so that the whole of it is Gaussian mechanisms one after another, whose privacy is known
exactly (Balle & Wang 2018; Dong, Roth & Su 2022) and rests on no sampling. Two sets of pictures are neighbours where
one has a picture more.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

NUM_DIRECTIONS: Final = 64
"""Features are reduced to so many random directions, which depend on no picture: noise grows with their number."""
NUM_STEPS: Final = 60
_MEAN_SHARE: Final = 0.1
"""Part of the privacy that is spent on the mean of the features."""
_SPREAD: Final = 4.0
"""What rows are multiplied with once their mean is gone, since what remains of them is short."""
_LEAST_RATE, _MOST_RATE, _RATE_PER_SIGNAL = 2.0, 16.0, 0.2
_LEAST_SIGNAL: Final = 2.0
"""What all pictures together can move the classifier by, over what the noise does; below this it guesses."""
MAX_EPSILON: Final = 100.0
"""Far more than promises anything."""
CLIPPING_NORM: Final = 1.0
"""Length to which each picture's gradient is cut in each step."""
_SEARCHED_EPSILON: Final = 700.0


@dataclass(frozen=True)
class PrivacyAccount:
    """What is promised, and how it was kept.

    Attributes
    ----------
    epsilon, delta
        Whatever is done with the classifier, adding or leaving out any one picture changes the probability of each
        outcome by a factor of at most e^epsilon, but for a probability of delta.
    noise_multiplier, mean_noise_multiplier
        Deviation of the noise over what one picture can change: of each step's gradient, and of the mean.
    num_steps
        Steps that saw all pictures.
    num_pictures
        Taken as known to everybody.
    """

    epsilon: float
    delta: float
    noise_multiplier: float
    mean_noise_multiplier: float
    num_steps: int
    num_pictures: int

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "mechanism": "noisy gradient descent on a linear classifier; add or remove one picture",
            "accounting": "exact, by composition of Gaussian mechanisms",
        }

    @property
    def spent_epsilon(self) -> float:
        """Epsilon worked out anew from the noise and the steps."""
        loss = self.num_steps / self.noise_multiplier**2 + 1 / self.mean_noise_multiplier**2
        return epsilon_of(math.sqrt(loss), self.delta)

    def signal(self, num_numbers: int) -> float:
        """Return what all pictures together can move so many numbers by, over what the noise does to them."""
        noise = self.noise_multiplier * math.sqrt(num_numbers / self.num_steps)
        return self.num_pictures / noise if noise else math.inf


def delta_of(shift: float, epsilon: float) -> float:
    """Return delta of Gaussian mechanisms that together shift a standard normal number by `shift`."""
    if shift == 0:
        return 0.0
    return _normal(shift / 2 - epsilon / shift) - math.exp(epsilon) * _normal(-shift / 2 - epsilon / shift)


def epsilon_of(shift: float, delta: float) -> float:
    """Return the smallest epsilon that holds at `delta`."""
    low, high = 0.0, _SEARCHED_EPSILON
    if delta_of(shift, 0.0) <= delta:
        return 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(shift, middle) > delta else (low, middle)
    return high


def shift_of(epsilon: float, delta: float) -> float:
    """Return the largest shift of Gaussian mechanisms that keeps epsilon and delta."""
    low, high = 0.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle, epsilon) <= delta else (low, middle)
    return low


def _normal(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2))


def plan_account(epsilon: float, num_pictures: int, num_classes: int, num_directions: int) -> PrivacyAccount:
    """Return how much noise an epsilon asks for.

    Delta is a tenth of one over the number of pictures, and at most 1e-5.

    Raises
    ------
    UsageError
        Epsilon is not a number above 0, or so small that the noise would outweigh all that so few pictures teach.
    """
    if not 0 < epsilon <= MAX_EPSILON:
        raise UsageError(f"epsilon must be above 0 and at most {MAX_EPSILON:g}, not {epsilon:g}; 1 to 8 are usual.")
    delta = min(1e-5, 0.1 / max(1, num_pictures))
    shift = shift_of(epsilon, delta)
    mean_noise = 1 / (shift * math.sqrt(_MEAN_SHARE))
    noise = math.sqrt(NUM_STEPS) / (shift * math.sqrt(1 - _MEAN_SHARE))
    account = PrivacyAccount(epsilon, delta, noise, mean_noise, NUM_STEPS, num_pictures)
    if (signal := account.signal((num_directions + 1) * num_classes)) < _LEAST_SIGNAL:
        least = math.ceil(10 * epsilon_of(shift * _LEAST_SIGNAL / signal, delta)) / 10
        enough = math.ceil(num_pictures * _LEAST_SIGNAL / signal)
        would_do = f"{least:g} or more, or {enough} pictures" if least <= MAX_EPSILON else f"{enough} pictures"
        raise UsageError(
            f"epsilon {epsilon:g} is too small to learn {num_classes} classes from {num_pictures} pictures: the noise "
            f"would outweigh them. Give {would_do}."
        )
    return account


@dataclass(frozen=True)
class PrivateClassifier:
    """Scores are `features @ weights.T + bias`.

    Attributes
    ----------
    weights, bias
        C×F and C.
    """

    weights: Floats
    bias: Floats
    account: PrivacyAccount

    def logits(self, features: NDArray[Any]) -> Floats:
        """Return scores N×C of features N×F."""
        result: Floats = features.astype(np.float64) @ self.weights.T + self.bias
        return result


def fit_private(
    features: NDArray[Any],
    targets: Indices,
    num_classes: int,
    epsilon: float,
    bound: float,
    random: np.random.Generator | None = None,
) -> PrivateClassifier:
    """Learn a linear classifier of features N×F and their classes N.

    Parameters
    ----------
    bound
        Length to which features are cut, chosen without looking at these pictures.
    random
        Only for experiments that are to come out the same twice: who knows the noise can take it away again.

    Raises
    ------
    UsageError
        Epsilon is too small for so few pictures.
    """
    num_directions = min(features.shape[1], NUM_DIRECTIONS)
    account = plan_account(epsilon, len(features), num_classes, num_directions)
    return fit_with(account, features, targets, num_classes, bound, random)


def fit_with(
    account: PrivacyAccount,
    features: NDArray[Any],
    targets: Indices,
    num_classes: int,
    bound: float,
    random: np.random.Generator | None = None,
) -> PrivateClassifier:
    """Learn as `fit_private` does, with the noise of an account."""
    directions = _directions(features.shape[1])
    noise = random or np.random.default_rng(secrets.randbits(128))
    rows = _cut(features.astype(np.float64) @ directions.T / bound)
    mean = rows.mean(axis=0) + account.mean_noise_multiplier / len(rows) * noise.standard_normal(len(directions))
    inputs = np.concatenate([(rows - mean) * _SPREAD, np.ones((len(rows), 1))], axis=1)
    solution = _descend(inputs, np.eye(num_classes)[targets], account, noise)
    weights = solution[:, :-1] * _SPREAD
    return PrivateClassifier(weights @ directions / bound, solution[:, -1] - weights @ mean, account)


def _directions(num_features: int) -> Floats:
    """Return directions that keep lengths on the whole, the same ones for everybody."""
    if num_features <= NUM_DIRECTIONS:
        return np.eye(num_features)
    drawn = np.random.default_rng(num_features).standard_normal((num_features, NUM_DIRECTIONS))
    result: Floats = np.linalg.qr(drawn)[0].T * math.sqrt(num_features / NUM_DIRECTIONS)
    return result


def _cut(rows: Floats) -> Floats:
    """Shorten rows that are longer than 1."""
    result: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1.0)
    return result


def _descend(inputs: Floats, truth: Floats, account: PrivacyAccount, noise: np.random.Generator) -> Floats:
    """Return the mean of the later half of the iterates C×F."""
    current = np.zeros((truth.shape[1], inputs.shape[1]))
    rate = min(_MOST_RATE, max(_LEAST_RATE, _RATE_PER_SIGNAL * account.signal(current.size)))
    lengths = np.linalg.norm(inputs, axis=1)
    later = []
    for step in range(account.num_steps):
        errors = _softmax(inputs @ current.T) - truth
        # The gradient of one picture is the outer product of its errors and inputs, so its length is known without it.
        scale = CLIPPING_NORM / np.maximum(np.linalg.norm(errors, axis=1) * lengths, CLIPPING_NORM)
        total = (errors * scale[:, None]).T @ inputs
        total += account.noise_multiplier * CLIPPING_NORM * noise.standard_normal(total.shape)
        current = current - rate * total / len(inputs)
        if step >= account.num_steps // 2:
            later.append(current)
    result: Floats = np.mean(later, axis=0)
    return result


def _softmax(logits: Floats) -> Floats:
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = lifted / lifted.sum(axis=1, keepdims=True)
    return result

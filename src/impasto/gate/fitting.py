"""The statistics of calibration: what is usual, a regression that only ever adds, and how far good pictures go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
Rows = NDArray[np.float64]

_NUM_STEPS = 300
_NARROWEST = 0.1
_NARROWEST_BY_NAME = {
    **dict.fromkeys(("L_", "a_", "b_", "tint", "chroma"), 0.5),
    **{"edges": 0.005, "outlines": 0.04, "features_kept": 0.15, "detail_change": 0.2, "lost": 0.2},
}
"""Spreads below which differences mean nothing, by what names of numbers start with."""
_LEAST_EXCESS = 0.1


def usual(good: Rows, names: Sequence[str]) -> tuple[Row, Row]:
    """Return centre and spread of each column of N×F; NaN stands for what is not known.

    The spread is at least what is worth noticing, and wider the fewer rows there are.
    """
    center, spread = np.zeros(len(names)), np.zeros(len(names))
    for column, name in enumerate(names):
        known = good[:, column][np.isfinite(good[:, column])]
        if known.size:
            low, middle, high = np.quantile(known, (0.16, 0.5, 0.84))
            wide = max((high - low) / 2, 0.6 * float(known.std())) * (1 + 2 / known.size)
            center[column], spread[column] = middle, wide
        spread[column] = max(spread[column], _narrowest(name))
    return center, spread


def _narrowest(name: str) -> float:
    measure = name.partition(".")[2]
    return next((least for start, least in _NARROWEST_BY_NAME.items() if measure.startswith(start)), _NARROWEST)


def fit_monotone_logistic(
    features: Rows, is_broken: NDArray[np.bool_], weights: Row, penalty: float
) -> tuple[Row, float]:
    """Fit log-odds `features @ w + bias` with w ≥ 0 and a penalty on w², by accelerated projected gradients.

    A. Beck and M. Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse Problems", 2009.

    Parameters
    ----------
    features
        N×F.
    weights
        Of the N rows.
    """
    inputs = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    scaled = inputs * np.sqrt(weights)[:, None]
    step = 1 / (0.25 * float(np.linalg.norm(scaled.T @ scaled, 2)) + penalty)
    shrinking = np.append(np.full(features.shape[1], penalty), 0)
    lowest = np.append(np.zeros(features.shape[1]), -np.inf)
    current, ahead, momentum = np.zeros(inputs.shape[1]), np.zeros(inputs.shape[1]), 1.0
    for _ in range(_NUM_STEPS):
        odds = 1 / (1 + np.exp(-np.clip(inputs @ ahead, -50, 50)))
        gradient = inputs.T @ (weights * (odds - is_broken)) + shrinking * ahead
        following = np.maximum(ahead - step * gradient, lowest)
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / next_momentum * (following - current)
        current, momentum = following, next_momentum
    return current[:-1], float(current[-1])


@dataclass(frozen=True, slots=True)
class Tail:
    """An exponential tail: the share `SHARE` of values lies above `start`, by `excess` on average."""

    SHARE: ClassVar[float] = 0.25
    start: float
    excess: float

    def scaled(self, value: float) -> float:
        """Return how many mean excesses a value lies above the start."""
        return (value - self.start) / self.excess


def fit_tail(values: Sequence[float]) -> Tail:
    """Fit the upper quarter of some values; of four or fewer, what lies above the median counts, too."""
    ordered = np.sort(np.asarray(values, np.float64))
    start = float(np.quantile(ordered, 1 - Tail.SHARE))
    above = ordered[ordered > start] - start
    excess = float(above.mean()) if above.size else 0.0
    return Tail(start, max(excess, (start - float(np.median(ordered))) / 2, _LEAST_EXCESS))

"""Confidence that means what it says, and the confidence from which a label is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.sorting.folds import Indices
from impasto.sorting.regression import Floats, softmax

_COLDEST, _HOTTEST = 0.02, 20.0
_NUM_STEPS = 60
_GOLDEN = (np.sqrt(5) - 1) / 2
NUM_BINS = 10
LEAST_THRESHOLD = 0.5
"""A label is more probable than all others together, however easy the classes were."""
STRANGE_SHARE = 0.01
"""Share of the pictures that were learned from which would count as unlike them."""

Numbers = NDArray[np.float64]


def fit_temperature(logits: Floats, targets: Indices) -> float:
    """Return what scores N×C are divided by, so that the truth is most probable.

    C. Guo et al., "On Calibration of Modern Neural Networks", 2017. To be fitted on pictures that were not learned
    from. The truth counts as a little less than certain, as one more picture might be told wrongly (J. Platt, 1999), so
    that few pictures, all told rightly, do not make a classifier that is never in doubt.
    """
    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_NUM_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _surprise(logits, targets, left) < _surprise(logits, targets, right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def _surprise(logits: Floats, targets: Indices, log_temperature: float) -> float:
    surprise = -np.log(np.maximum(softmax(np.asarray(logits, np.float64) / np.exp(log_temperature)), 1e-12))
    number, num_classes = logits.shape
    doubt = 1 / (number + 2)
    truth = surprise[np.arange(number), targets]
    others = (surprise.sum(axis=1) - truth) / max(num_classes - 1, 1)
    return float(((1 - doubt) * truth + doubt * others).mean())


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of like confidence: how sure they were, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidences: Numbers, right: NDArray[np.bool_], num_bins: int = NUM_BINS) -> list[Bin]:
    """Sort predictions into bins of equal width; empty ones are left out."""
    number = np.minimum((confidences * num_bins).astype(int), num_bins - 1)
    bins = []
    for index in np.unique(number):
        inside = number == index
        bins.append(
            Bin(
                float(index / num_bins),
                float((index + 1) / num_bins),
                int(inside.sum()),
                float(confidences[inside].mean()),
                float(right[inside].mean()),
            )
        )
    return bins


def calibration_error(bins: list[Bin]) -> float:
    """Return how far confidence is from the share of right ones, on average over predictions."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total if total else 0.0


def sure_threshold(confidences: Numbers, right: NDArray[np.bool_], wanted: float) -> float:
    """Return the least confidence from which so many labels are right; 1 where no confidence is enough."""
    order = np.argsort(-confidences, kind="stable")
    ordered = confidences[order]
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal confidences are taken together or not at all.
    last = np.append(ordered[1:] != ordered[:-1], True)
    enough = np.flatnonzero((shares >= wanted) & last)
    threshold = float(ordered[enough[-1]]) if enough.size else 1.0
    return max(LEAST_THRESHOLD, threshold)


def strange_threshold(familiarity: Floats) -> float:
    """Return the likeness under which a picture is unlike all that was learned."""
    return float(np.quantile(familiarity, STRANGE_SHARE))

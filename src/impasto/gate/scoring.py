"""Suspicions: from the numbers of a picture to how much each failure is to be feared, by the scale in a style."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from impasto.style.manifest import GateGroup, GateScale, GateSign

TOLERATED = 1.0
"""Spreads up to which a number does not count at all."""


def suspicions(scale: GateScale, numbers: Mapping[str, float]) -> dict[str, float]:
    """Return the suspicion by failure. What is not known raises none."""
    return {group.failure: suspicion(group, numbers, scale.farthest) for group in scale.groups}


def added_by_signs(group: GateGroup, numbers: Mapping[str, float], farthest: float) -> dict[str, tuple[float, bool]]:
    """Return what each sign adds to a suspicion, and whether it is higher than usual."""
    return {
        sign.name: (_added(sign, numbers[sign.name], farthest), numbers[sign.name] > sign.center)
        for sign in group.signs
        if sign.name in numbers
    }


def deviations(distance: NDArray[np.float64], farthest: float) -> NDArray[np.float64]:
    """Return how far N×F distances, in spreads, are above, then below, what is tolerated: N×2F. NaN counts as 0."""
    limited = np.clip(distance, -farthest, farthest)
    both = np.concatenate([limited - TOLERATED, -limited - TOLERATED], axis=1)
    result: NDArray[np.float64] = np.fmax(both, 0)
    return result


def suspicion(group: GateGroup, numbers: Mapping[str, float], farthest: float) -> float:
    """Return how much one failure is to be feared."""
    return group.bias + sum(_added(sign, numbers[sign.name], farthest) for sign in group.signs if sign.name in numbers)


def _added(sign: GateSign, value: float, farthest: float) -> float:
    if not math.isfinite(value):
        return 0.0
    distance = min(max((value - sign.center) / sign.spread, -farthest), farthest)
    return sign.above * max(0.0, distance - TOLERATED) + sign.below * max(0.0, -distance - TOLERATED)

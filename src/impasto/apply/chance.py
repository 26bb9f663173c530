"""Randomness that is a function of its keys, so that every worker comes to the same, in whatever order it works."""

from __future__ import annotations

import math

_MASK = (1 << 64) - 1


def chance(*keys: int) -> float:
    """Return a number in [0, 1) that the keys decide (Steele et al. 2014: SplitMix64)."""
    bits = 0
    for key in keys:
        bits = (bits ^ key & _MASK) + 0x9E3779B97F4A7C15 & _MASK
        bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _MASK
        bits ^= bits >> 31
    return (bits >> 11) / (1 << 53)


def chance_below(limit: int, *keys: int) -> int:
    """Return an integer from 0 up to, without, a limit."""
    return int(chance(*keys) * limit)


def chance_count(mean: float, *keys: int) -> int:
    """Return a number of events that are independent of each other, of which there are `mean` on average."""
    left, count = chance(*keys), 0
    share = math.exp(-mean)
    while left >= share > 0:
        left -= share
        count += 1
        share *= mean / count
    return count


def wander(position: float, *keys: int) -> float:
    """Return a curve over positions in [-1, 1] that turns about once in each unit, smooth up to its curvature."""
    first = math.floor(position)
    share = position - first
    before, after = (2 * chance(*keys, first + step) - 1 for step in (0, 1))
    return before + share**3 * (10 - share * (15 - 6 * share)) * (after - before)

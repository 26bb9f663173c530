"""Weights that bring rows and columns from one number to another."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Taps: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]
"""For each of K results, where the N samples begin that it is made of, and their weights, K×N, which add up to 1."""
_Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@lru_cache(maxsize=32)
def averaging_taps(length: int, target: int) -> Taps:
    """Return taps that shrink by weighted averages, or enlarge linearly: a triangle as wide as two target samples."""
    return _taps(length, target, _triangle, 1.0)


@lru_cache(maxsize=32)
def enlarging_taps(length: int, target: int) -> Taps:
    """Return taps that enlarge by cubic convolution, and shrink without aliases.

    R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981.
    """
    return _taps(length, target, _cubic, 2.0)


def _taps(length: int, target: int, kernel: _Kernel, radius: float) -> Taps:
    scale = length / target
    stretch = max(scale, 1.0)
    # A kernel is nought at its ends, so that no more samples count than fit between them.
    num_taps = min(length, int(np.ceil(2 * radius * stretch)))
    centers = (np.arange(target) + 0.5) * scale - 0.5
    starts = np.ceil(centers - radius * stretch).astype(np.int64).clip(0, length - num_taps)
    places = starts[:, None] + np.arange(num_taps)
    weights = kernel(np.abs(places - centers[:, None]) / stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    # They are kept and shared, so nobody may change them.
    narrow = weights.astype(np.float32)
    starts.flags.writeable = narrow.flags.writeable = False
    return starts, narrow


def _triangle(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1 - distance, 0)


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    result: NDArray[np.float64] = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return result

"""Pixels as levels of 0 to 255, whatever their depth, and a picture in fields of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Plane
from impasto.media.frame import Pixels, pixel_maximum
from impasto.media.luma import LUMA

LUMA_VECTOR = np.array(LUMA, np.float32)


def to_levels(pixels: Pixels) -> Plane:
    """Return float32 in [0, 255]; of 16 bits nothing is rounded."""
    return pixels.astype(np.float32) * np.float32(255 / pixel_maximum(pixels.dtype))


def to_luma(pixels: Pixels) -> Plane:
    """Return H×W in [0, 255] of H×W×3."""
    luma: Plane = pixels @ LUMA_VECTOR * np.float32(255 / pixel_maximum(pixels.dtype))
    return luma


def halved(plane: Plane) -> Plane:
    """Average 2×2 pixels; a last odd row or column is left out."""
    height, width = (length // 2 * 2 for length in plane.shape)
    even = plane[:height, :width]
    result: Plane = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25)
    return result


def strips(height: int, rows: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Cut rows into strips: which rows to read, with a margin, and which of those count."""
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = max(0, top - margin), min(height, bottom + margin)
        yield slice(first, last), slice(top - first, bottom - first)


def field_means(plane: NDArray[Any], side: int) -> Plane:
    """Average a plane over a grid whose longer side has `side` fields, or as many as there are pixels."""
    height, width = plane.shape
    longest = max(height, width)
    result: NDArray[Any] = plane
    for axis, length in enumerate((height, width)):
        count = max(1, min(length, round(side * length / longest)))
        starts = np.arange(count) * length // count
        sizes = np.diff(np.append(starts, length)).astype(np.float32)
        sums = np.add.reduceat(result, starts, axis=axis, dtype=np.float32)
        result = sums / (sizes[:, None] if axis == 0 else sizes)
    return np.asarray(result, np.float32)

"""Compiled loops of simplifying pictures, as in `lut_kernels`: without the GIL, on one thread each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled

Array = NDArray[Any]

NUM_MOMENTS = 4
"""The means of red, green and blue in a square, and their mean variance."""
# Where nothing varies by more than this, squares count alike.
_LEAST_VARIANCE = np.float32(1e-4)


@compiled
def box_rows(planes: Array, radius: int, boxes: Array, first: int, last: int) -> None:
    """Fill rows first…last of boxes, 4×(H+R)×(W+R): place (y, x) is about rows y-R…y and columns x-R…x of 3×H×W."""
    height, width = planes.shape[1:]
    columns = np.empty((NUM_MOMENTS, width), np.float32)
    share = np.float32(1 / (radius + 1) ** 2)
    third = np.float32(1 / 3)
    for y in range(first, last):
        columns[:] = 0
        for row in range(y - radius, y + 1):
            inside = min(max(row, 0), height - 1)
            red, green, blue = planes[0, inside], planes[1, inside], planes[2, inside]
            for x in range(width):
                columns[0, x] += red[x]
                columns[1, x] += green[x]
                columns[2, x] += blue[x]
                columns[3, x] += red[x] * red[x] + green[x] * green[x] + blue[x] * blue[x]
        for moment in range(NUM_MOMENTS):
            for x in range(width + radius):
                total = np.float32(0)
                for column in range(x - radius, x + 1):
                    total += columns[moment, min(max(column, 0), width - 1)]
                boxes[moment, y, x] = total * share
        for x in range(width + radius):
            red, green, blue = boxes[0, y, x], boxes[1, y, x], boxes[2, y, x]
            spread = boxes[3, y, x] - red * red - green * green - blue * blue
            boxes[3, y, x] = max(spread * third, np.float32(0))


@compiled
def calmest_rows(boxes: Array, radius: int, target: Array, first: int, last: int) -> None:
    """Mix the four squares at each place of rows first…last of 3×H×W, the calmest counting most."""
    for y in range(first, last):
        for x in range(target.shape[2]):
            total, red, green, blue = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for row in (y, y + radius):
                for column in (x, x + radius):
                    calm = np.float32(1) / (boxes[3, row, column] + _LEAST_VARIANCE)
                    weight = calm * calm * calm * calm
                    total += weight
                    red += weight * boxes[0, row, column]
                    green += weight * boxes[1, row, column]
                    blue += weight * boxes[2, row, column]
            target[0, y, x], target[1, y, x], target[2, y, x] = red / total, green / total, blue / total

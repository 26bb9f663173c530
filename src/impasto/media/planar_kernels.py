"""Compiled loops between planes and interleaved RGB, on one thread each. Importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled

Array = NDArray[Any]
Floats = NDArray[np.float32]


@compiled
def planes_to_rgb(y: Array, u: Array, v: Array, target: Array, affine: Floats, across: Floats, down: Floats) -> None:
    """Enlarge the colour differences and convert.

    Parameters
    ----------
    y, u, v
        Code values.
    target
        H×W×3 of integers.
    affine
        3×4: code values to what is stored, with the half for rounding in the last column; row 3 holds the maximum.
    across, down
        factor×3 weights of `Axis.enlarging`, along rows and along columns.
    """
    height, width = y.shape
    rows, columns = u.shape
    wide = across.shape[0]
    tall = down.shape[0]
    line_u = np.empty(columns + 2, np.float32)
    line_v = np.empty(columns + 2, np.float32)
    full_u = np.empty(columns * wide, np.float32)
    full_v = np.empty(columns * wide, np.float32)
    zero, white = np.int32(0), np.int32(affine[3, 0])
    m00, m01, m02, m03 = affine[0, 0], affine[0, 1], affine[0, 2], affine[0, 3]
    m10, m11, m12, m13 = affine[1, 0], affine[1, 1], affine[1, 2], affine[1, 3]
    m20, m21, m22, m23 = affine[2, 0], affine[2, 1], affine[2, 2], affine[2, 3]
    for line in range(height):
        row = line // tall
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        w0, w1, w2 = down[line % tall, 0], down[line % tall, 1], down[line % tall, 2]
        for x in range(columns):
            line_u[x + 1] = w0 * np.float32(u[above, x]) + w1 * np.float32(u[row, x]) + w2 * np.float32(u[below, x])
            line_v[x + 1] = w0 * np.float32(v[above, x]) + w1 * np.float32(v[row, x]) + w2 * np.float32(v[below, x])
        line_u[0], line_u[columns + 1] = line_u[1], line_u[columns]
        line_v[0], line_v[columns + 1] = line_v[1], line_v[columns]
        for phase in range(wide):
            a0, a1, a2 = across[phase, 0], across[phase, 1], across[phase, 2]
            for x in range(columns):
                full_u[x * wide + phase] = a0 * line_u[x] + a1 * line_u[x + 1] + a2 * line_u[x + 2]
                full_v[x * wide + phase] = a0 * line_v[x] + a1 * line_v[x + 1] + a2 * line_v[x + 2]
        source, pixels = y[line], target[line]
        for x in range(width):
            cy, cu, cv = np.float32(source[x]), full_u[x], full_v[x]
            red = m00 * cy + m01 * cu + m02 * cv + m03
            green = m10 * cy + m11 * cu + m12 * cv + m13
            blue = m20 * cy + m21 * cu + m22 * cv + m23
            # Integers are clipped without branches, which floats are not: they might be no numbers.
            pixels[x, 0] = min(max(np.int32(red), zero), white)
            pixels[x, 1] = min(max(np.int32(green), zero), white)
            pixels[x, 2] = min(max(np.int32(blue), zero), white)


@compiled
def rgb_to_planes(
    pixels: Array, y: Array, rows: Floats, affine: Floats, taps: Floats, place: tuple[int, int], slope: np.float32
) -> None:
    """Convert to code values: `y` finished, colour differences reduced along rows only.

    Parameters
    ----------
    pixels
        H×W×3.
    rows
        2×H×columns, to be reduced along columns by `reduce_rows`.
    affine
        3×4 from pixels to code values, with the half for rounding in the last column of the first; row 3 holds the
        maximum.
    taps, place
        Of the `Axis` along rows, with its factor and first tap.
    slope
        How far to carry the slope of the last two pixels on.
    """
    height, width = y.shape
    factor, first = place
    columns = rows.shape[2]
    margin = max(-first, 0)
    length = columns * factor + taps.size + margin
    line_u = np.empty(length, np.float32)
    line_v = np.empty(length, np.float32)
    zero, white = np.int32(0), np.int32(affine[3, 0])
    m00, m01, m02, m03 = affine[0, 0], affine[0, 1], affine[0, 2], affine[0, 3]
    m10, m11, m12, m13 = affine[1, 0], affine[1, 1], affine[1, 2], affine[1, 3]
    m20, m21, m22, m23 = affine[2, 0], affine[2, 1], affine[2, 2], affine[2, 3]
    for line in range(height):
        source, target = pixels[line], y[line]
        for x in range(width):
            red, green, blue = np.float32(source[x, 0]), np.float32(source[x, 1]), np.float32(source[x, 2])
            code = m00 * red + m01 * green + m02 * blue + m03
            target[x] = min(max(np.int32(code), zero), white)
            line_u[margin + x] = m10 * red + m11 * green + m12 * blue + m13
            line_v[margin + x] = m20 * red + m21 * green + m22 * blue + m23
        line_u[:margin], line_v[:margin] = line_u[margin], line_v[margin]
        end = margin + width - 1
        line_u[end + 1 :] = line_u[end] + slope * (line_u[end] - line_u[end - (width > 1)])
        line_v[end + 1 :] = line_v[end] + slope * (line_v[end] - line_v[end - (width > 1)])
        for x in range(columns):
            start = margin + x * factor + first
            sum_u, sum_v = np.float32(0), np.float32(0)
            for k in range(taps.size):
                sum_u += taps[k] * line_u[start + k]
                sum_v += taps[k] * line_v[start + k]
            rows[0, line, x] = sum_u
            rows[1, line, x] = sum_v


@compiled
def reduce_rows(rows: Floats, plane: Array, taps: Floats, factor: int, first: int, maximum: np.int32) -> None:
    """Reduce H×columns along columns, round, and keep code values within [0, maximum]."""
    height, columns = rows.shape
    sums = np.empty(columns, np.float32)
    for line in range(plane.shape[0]):
        sums[:] = np.float32(0.5)
        for k in range(taps.size):
            row = rows[min(max(line * factor + first + k, 0), height - 1)]
            tap = taps[k]
            for x in range(columns):
                sums[x] += tap * row[x]
        target = plane[line]
        for x in range(columns):
            target[x] = min(max(np.int32(sums[x]), np.int32(0)), maximum)

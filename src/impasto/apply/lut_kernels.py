"""Compiled loops over pixels. Importing this module imports numba, which takes half a second: import it when needed.

The kernels run without the GIL on one thread each; `impasto.apply.blocks` spreads them over threads. numba's own
parallel mode is not used, since its portable threading layer aborts the process when two Python threads enter it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled

UInt32s = NDArray[np.uint32]
UInt64s = NDArray[np.uint64]
Array = NDArray[Any]
Steps = tuple[np.uint64, np.uint64]

# Unsigned indices spare a test for negative ones at every access.
ONE = np.uint64(1)
TWO = np.uint64(2)
THREE = np.uint64(3)
_WORD_BYTES = np.uint64(12)

# A packed entry holds red, green and blue in three fields of 21 bits: 13 for the value, 8 for the weight it is
# multiplied with. The sum of four weighted entries never carries into the next field: 8160·256 + 4096 < 2²¹.
VALUE_SCALE = 32 * 255
WEIGHT_ONE = 256
FIELD_BITS = 21
_HALF = np.uint64(4096 | 4096 << FIELD_BITS | 4096 << 2 * FIELD_BITS)
_STRIDE_MASK = np.uint64(0xFFFF)
_STRIDE_BITS = np.uint64(16)
_OFFSET_BITS = np.uint64(32)
_WEIGHT_BITS = np.uint64(8)
_RED_SHIFT = np.uint64(13)
_GREEN_SHIFT = np.uint64(13 + FIELD_BITS)
_BLUE_SHIFT = np.uint64(13 + 2 * FIELD_BITS)


@compiled
def interpolate_8bit(source: Array, target: Array, steps: Steps, packed: UInt64s, axes: UInt64s) -> None:
    """Tetrahedral interpolation of interleaved 8-bit RGB, all three channels in one 64-bit multiplication.

    A pixel of `source` takes `steps[0]` items and one of `target` `steps[1]`: what follows its first three is neither
    read nor written. `axes` (3, 256) gives for each
    value the table offset of its cell along an axis (upper 32 bits), its position in the cell (0…256, next 16 bits) and
    the stride of the axis (lowest 16 bits): sorting the lower halves sorts the axes and brings their strides along.
    Differences of packed entries may borrow across fields; the sum is right again, since arithmetic is modulo 2⁶⁴.
    """
    reds, greens, blues = axes[0], axes[1], axes[2]
    source_step, target_step = steps
    diagonal = (reds[0] & _STRIDE_MASK) + (greens[0] & _STRIDE_MASK) + (blues[0] & _STRIDE_MASK)
    for i in range(np.uint64(source.size) // source_step):
        j = np.uint64(i) * source_step
        red, green, blue = reds[source[j]], greens[source[j + ONE]], blues[source[j + TWO]]
        total = red + green + blue
        x, y, z = np.uint32(red), np.uint32(green), np.uint32(blue)
        largest, smallest = max(x, y, z), min(x, y, z)
        high, low = np.uint64(largest), np.uint64(smallest)
        middle = np.uint64(np.uint32(np.uint32(total) - largest - smallest))
        corner_0 = total >> _OFFSET_BITS
        corner_1 = corner_0 + (high & _STRIDE_MASK)
        corner_2 = corner_1 + (middle & _STRIDE_MASK)
        first, second, third, fourth = packed[corner_0], packed[corner_1], packed[corner_2], packed[corner_0 + diagonal]
        value = (
            (first << _WEIGHT_BITS)
            + (second - first) * (high >> _STRIDE_BITS)
            + (third - second) * (middle >> _STRIDE_BITS)
            + (fourth - third) * (low >> _STRIDE_BITS)
            + _HALF
        )
        k = np.uint64(i) * target_step
        target[k] = np.uint8(value >> _RED_SHIFT)
        target[k + ONE] = np.uint8(value >> _GREEN_SHIFT)
        target[k + TWO] = np.uint8(value >> _BLUE_SHIFT)


@compiled
def look_up_baked(source: Array, target: Array, steps: Steps, baked: UInt32s, spread: UInt32s) -> None:
    """Replace each 8-bit RGB triple by the entry of a table of all 256³ of them; `steps` as in `interpolate_8bit`."""
    red_bits, green_bits, blue_bits = spread[0], spread[1], spread[2]
    source_step, target_step = steps
    for i in range(np.uint64(source.size) // source_step):
        j = np.uint64(i) * source_step
        value = baked[np.uint64(red_bits[source[j]] | green_bits[source[j + ONE]] | blue_bits[source[j + TWO]])]
        k = np.uint64(i) * target_step
        target[k] = np.uint8(value)
        target[k + ONE] = np.uint8(value >> np.uint32(8))
        target[k + TWO] = np.uint8(value >> np.uint32(16))


@compiled
def look_up_baked_words(source: Array, target: UInt32s, baked: UInt32s, spread: UInt32s) -> None:
    """Like `look_up_baked`, writing four pixels as three little-endian words, which takes a fifth less time."""
    red_bits, green_bits, blue_bits = spread[0], spread[1], spread[2]
    for i in range(target.size // 3):
        j, k = np.uint64(i) * _WORD_BYTES, np.uint64(i) * THREE
        a = baked[np.uint64(red_bits[source[j]] | green_bits[source[j + ONE]] | blue_bits[source[j + TWO]])]
        j += THREE
        b = baked[np.uint64(red_bits[source[j]] | green_bits[source[j + ONE]] | blue_bits[source[j + TWO]])]
        j += THREE
        c = baked[np.uint64(red_bits[source[j]] | green_bits[source[j + ONE]] | blue_bits[source[j + TWO]])]
        j += THREE
        d = baked[np.uint64(red_bits[source[j]] | green_bits[source[j + ONE]] | blue_bits[source[j + TWO]])]
        target[k] = a | b << np.uint32(24)
        target[k + ONE] = b >> np.uint32(8) | c << np.uint32(16)
        target[k + TWO] = c >> np.uint32(16) | d << np.uint32(8)


@compiled
def fill_baked(reds: Array, baked: UInt32s, spread: UInt32s, packed: UInt64s, axes: UInt64s) -> None:
    """Fill the entries of a 256³ table for some values of red."""
    plane = np.empty(256 * 256 * 3, np.uint8)
    graded = np.empty_like(plane)
    for red in reds:
        for j in range(65536):
            plane[3 * j], plane[3 * j + 1], plane[3 * j + 2] = red, j >> 8, j & 255
        interpolate_8bit(plane, graded, (THREE, THREE), packed, axes)
        for j in range(65536):
            value = np.uint32(graded[3 * j] | graded[3 * j + 1] << 8 | graded[3 * j + 2] << 16)
            baked[np.uint64(spread[0, red] | spread[1, j >> 8] | spread[2, j & 255])] = value


@compiled
def interpolate_float(source: Array, target: Array, steps: Steps, table: Array, size: int, white: Array) -> None:
    """Tetrahedral interpolation in float32 of 16-bit integers or floats.

    `table` is (size³, 4), padded so that one entry is one vector register. `white` holds two numbers: the value that
    stands for 1, and what is added before truncation (one half to round integers, zero for floats).
    """
    maximum, rounding = white[0], white[1]
    last = np.float32(size - 1)
    scale = last / maximum
    strides = (size * size, size, 1)
    mixed = np.empty(4, np.float32)
    source_step, target_step = steps
    for i in range(np.uint64(source.size) // source_step):
        j = np.uint64(i) * source_step
        # Written so that NaN becomes 0: an index made from it would be anywhere in memory.
        x, y, z = (
            np.float32(source[j]) * scale,
            np.float32(source[j + ONE]) * scale,
            np.float32(source[j + TWO]) * scale,
        )
        x = min(x, last) if x > 0 else np.float32(0)
        y = min(y, last) if y > 0 else np.float32(0)
        z = min(z, last) if z > 0 else np.float32(0)
        x_cell, y_cell, z_cell = min(int(x), size - 2), min(int(y), size - 2), min(int(z), size - 2)
        x, y, z = x - np.float32(x_cell), y - np.float32(y_cell), z - np.float32(z_cell)
        corner_0 = (x_cell * size + y_cell) * size + z_cell
        corner_3 = corner_0 + strides[0] + strides[1] + strides[2]
        high, low = max(x, y, z), min(x, y, z)
        middle = max(min(x, y), min(max(x, y), z))
        # Ties are resolved alike in both lines: the corner in between then has weight 0, whichever it is.
        corner_1 = corner_0 + (strides[0] if x == high else strides[1] if y == high else strides[2])
        corner_2 = corner_3 - (strides[2] if z == low else strides[1] if y == low else strides[0])
        for c in range(4):
            mixed[c] = (
                table[np.uint64(corner_0), c] * (np.float32(1) - high)
                + table[np.uint64(corner_1), c] * (high - middle)
                + table[np.uint64(corner_2), c] * (middle - low)
                + table[np.uint64(corner_3), c] * low
            ) * maximum + rounding
        k = np.uint64(i) * target_step
        target[k], target[k + ONE], target[k + TWO] = mixed[0], mixed[1], mixed[2]


@compiled
def average_boxes(
    source: Array, step: int, row_edges: Array, column_edges: Array, averages: Array, first: int, last: int
) -> None:
    """Average the boxes of rows first…last of a grid over H×(step·W) interleaved pixels.

    Box k covers edges[k, 0] up to edges[k, 1]. Rows are summed first, which is one long vector addition each.
    """
    sums = np.empty(source.shape[1], averages.dtype)
    for box_row in range(first, last):
        top, bottom = row_edges[box_row, 0], row_edges[box_row, 1]
        sums[:] = 0
        for y in range(top, bottom):
            row = source[y]
            for k in range(sums.size):
                sums[k] += row[k]
        for box_column in range(column_edges.shape[0]):
            left, right = column_edges[box_column, 0], column_edges[box_column, 1]
            for c in range(3):
                total = 0.0
                for k in range(step * left + c, step * right + c, step):
                    total += sums[k]
                averages[box_row, box_column, c] = total / ((bottom - top) * (right - left))

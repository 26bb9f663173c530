"""Compiled loops over planes of luma and chroma; see `lut_kernels` on what importing this costs.

A column is what a look does to every luma under one pair of chroma codes. Columns are filled when a picture first needs
them: a film's frames hold a few thousand of the 65536 pairs there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled

Array = NDArray[Any]
Planes = tuple[Array, Array, Array]
Columns = tuple[NDArray[np.int32], Array]
"""For each pair of chroma codes or nodes the number of its column, −1 for none yet; and the columns, flat."""
Factors = tuple[np.uint64, np.uint64]
Span = tuple[int, int]
Corners = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
Weights = tuple[np.float32, np.float32, np.float32, np.float32]
Matrices = tuple[tuple[float, ...], tuple[float, ...]]
"""The 3×4 numbers that lead from codes to RGB, and the 3×3 that lead from changes of RGB to changes of codes."""
Depth = tuple[np.uint64, np.uint64, np.float32, np.float32]
"""Of more than 8 bits: by how many bits nodes lie apart, the highest code, one over that distance, the highest code."""

NODES = 129
"""Steps per axis of the grid for more than 8 bits: two 8-bit codes apart, which is finer than a look's own grid."""
COLUMN_BYTES = 768
"""Of an 8-bit column: 256 lumas, then 256 pairs of chroma codes."""
COLUMN_FLOATS = 4 * NODES
"""Of a deep column: for each node luma's change and its slope, then for each node the changes of both chromas."""
ONE, TWO = np.uint64(1), np.uint64(2)
_ROW = np.uint64(COLUMN_BYTES)
_CHROMA = np.uint64(256)
_EIGHT = np.uint64(8)
_NUM_NODES = np.uint64(NODES)
_DEEP_COLUMN = np.uint64(COLUMN_FLOATS)
_DEEP_CHROMA = np.uint64(2 * NODES)
_ZERO, _HALF, _UNIT = np.float32(0), np.float32(0.5), np.float32(1)


@compiled
def interpolate_one(table: Array, size: int, red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Look one colour in [0, 1] up in a padded (size³, 4) table, by tetrahedral interpolation in double precision."""
    last, steps = size - 1, np.uint64(size)
    x, y, z = red * last, green * last, blue * last
    # By way of signed integers, which one instruction makes.
    x_whole, y_whole, z_whole = min(int(x), size - 2), min(int(y), size - 2), min(int(z), size - 2)
    x, y, z = x - x_whole, y - y_whole, z - z_whole
    plane = steps * steps
    corner_0 = np.uint64((x_whole * size + y_whole) * size + z_whole)
    corner_3 = corner_0 + plane + steps + ONE
    high, low = max(x, y, z), min(x, y, z)
    middle = max(min(x, y), min(max(x, y), z))
    # Ties are resolved alike in both lines: the corner in between then has weight 0, whichever it is.
    corner_1 = corner_0 + (plane if x == high else steps if y == high else ONE)
    corner_2 = corner_3 - (ONE if z == low else steps if y == low else plane)
    a, b, c, d = 1 - high, high - middle, middle - low, low
    return (
        table[corner_0, 0] * a + table[corner_1, 0] * b + table[corner_2, 0] * c + table[corner_3, 0] * d,
        table[corner_0, 1] * a + table[corner_1, 1] * b + table[corner_2, 1] * c + table[corner_3, 1] * d,
        table[corner_0, 2] * a + table[corner_1, 2] * b + table[corner_2, 2] * c + table[corner_3, 2] * d,
    )


@compiled
def change_of_color(table: Array, size: int, red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Return by how much a LUT changes a colour, which may lie outside [0, 1].

    Beyond the cube a LUT goes on as its mirror image through the nearest point c of the cube: x becomes
    2·lut(c) − lut(2c − x). So the identity stays that everywhere, a rising curve rises on, and grey stays grey.
    """
    red_in, green_in, blue_in = min(max(red, 0.0), 1.0), min(max(green, 0.0), 1.0), min(max(blue, 0.0), 1.0)
    x, y, z = interpolate_one(table, size, red_in, green_in, blue_in)
    if red_in == red and green_in == green and blue_in == blue:
        return x - red, y - green, z - blue
    red_back, green_back, blue_back = 2 * red_in - red, 2 * green_in - green, 2 * blue_in - blue
    red_in, green_in, blue_in = (
        min(max(red_back, 0.0), 1.0),
        min(max(green_back, 0.0), 1.0),
        min(max(blue_back, 0.0), 1.0),
    )
    p, q, r = interpolate_one(table, size, red_in, green_in, blue_in)
    return (
        2 * x - p - (red_back - red_in) - red,
        2 * y - q - (green_back - green_in) - green,
        2 * z - r - (blue_back - blue_in) - blue,
    )


@compiled
def change_of_codes(
    table: Array, size: int, matrices: Matrices, luma: float, u: float, v: float
) -> tuple[float, float, float]:
    """Return by how much a LUT changes codes of luma and chroma."""
    m, back = matrices
    red, green, blue = change_of_color(
        table,
        size,
        m[0] * luma + m[1] * u + m[2] * v + m[3],
        m[4] * luma + m[5] * u + m[6] * v + m[7],
        m[8] * luma + m[9] * u + m[10] * v + m[11],
    )
    return (
        back[0] * red + back[1] * green + back[2] * blue,
        back[3] * red + back[4] * green + back[5] * blue,
        back[6] * red + back[7] * green + back[8] * blue,
    )


@compiled
def fill_columns(table: Array, size: int, matrices: Matrices, cells: Array, columns: Array, start: int) -> None:
    """Fill the 8-bit columns from number `start` on with what becomes of each luma under the pairs in `cells`."""
    for k in range(cells.size):
        u, v, base = cells[k] >> 8, cells[k] & 255, (start + k) * COLUMN_BYTES
        for luma in range(256):
            a, b, c = change_of_codes(table, size, matrices, float(luma), float(u), float(v))
            columns[base + luma] = np.uint8(min(max(luma + a, 0.0), 255.0) + 0.5)
            columns[base + 256 + 2 * luma] = np.uint8(min(max(u + b, 0.0), 255.0) + 0.5)
            columns[base + 257 + 2 * luma] = np.uint8(min(max(v + c, 0.0), 255.0) + 0.5)


@compiled
def fill_deep_columns(table: Array, size: int, matrices: Matrices, cells: Array, columns: Array, start: int) -> None:
    """Fill the deep columns from number `start` on with the changes at each node of luma.

    `matrices` take what the nodes stand for: the number of a node times a power of two is a code.
    """
    for k in range(cells.size):
        u, v, base = cells[k] // NODES, cells[k] % NODES, (start + k) * COLUMN_FLOATS
        last = np.float32(0)
        for node in range(NODES):
            a, b, c = change_of_codes(table, size, matrices, float(node), float(u), float(v))
            at = base + 2 * node
            columns[at] = a
            columns[at + 1] = 0
            if node > 0:
                columns[at - 1] = columns[at] - last
            last = columns[at]
            columns[at + 2 * NODES] = b
            columns[at + 2 * NODES + 1] = c


@compiled
def mark_missing(u_rows: Array, v_rows: Array, numbers: Array, marks: Array) -> None:
    """Mark the 8-bit pairs of chroma codes that have no column yet."""
    for j in range(u_rows.shape[0]):
        for i in range(u_rows.shape[1]):
            cell = np.uint64(u_rows[j, i]) << _EIGHT | np.uint64(v_rows[j, i])
            if numbers[cell] < 0:
                marks[cell] = 1


@compiled
def mark_missing_deep(u_rows: Array, v_rows: Array, numbers: Array, marks: Array, depth: Depth) -> None:
    """Mark the nodes around chroma codes that have no column yet."""
    shift, top = depth[0], depth[1]
    for j in range(u_rows.shape[0]):
        for i in range(u_rows.shape[1]):
            u, v = min(np.uint64(u_rows[j, i]), top) >> shift, min(np.uint64(v_rows[j, i]), top) >> shift
            cell = u * _NUM_NODES + v
            for near in (cell, cell + ONE, cell + _NUM_NODES, cell + _NUM_NODES + ONE):
                if numbers[near] < 0:
                    marks[near] = 1


@compiled
def look_up(source: Planes, target: Planes, table: Columns, factors: Factors, span: Span) -> int:
    """Replace 8-bit codes by those in columns, for a span of rows of chroma.

    Luma takes the chroma that it shares, chroma the mean of its luma. Returns the row that needs a column which is not
    there, or the end of the span.
    """
    (luma, us, vs), (new_luma, new_us, new_vs), (numbers, columns), (across, down) = source, target, table, factors
    last_x, last_y = np.uint64(luma.shape[1]) - ONE, np.uint64(luma.shape[0]) - ONE
    for j in range(span[0], span[1]):
        y = np.uint64(j) * down
        below = min(y + down - ONE, last_y)
        upper, lower, new_upper, new_lower = luma[y], luma[below], new_luma[y], new_luma[below]
        u_row, v_row, new_u, new_v = us[j], vs[j], new_us[j], new_vs[j]
        for i in range(np.uint64(u_row.size)):
            k = np.uint64(i)
            number = numbers[np.uint64(u_row[k]) << _EIGHT | np.uint64(v_row[k])]
            if number < 0:
                return j
            base, x = np.uint64(number) * _ROW, k * across
            a = np.uint64(upper[x])
            new_upper[x] = columns[base + a]
            mean = a
            if across == TWO:
                right = min(x + ONE, last_x)
                b = np.uint64(upper[right])
                new_upper[right] = columns[base + b]
                mean = (a + b + ONE) >> ONE
                if down == TWO:
                    c, d = np.uint64(lower[x]), np.uint64(lower[right])
                    new_lower[x] = columns[base + c]
                    new_lower[right] = columns[base + d]
                    mean = (a + b + c + d + TWO) >> TWO
            elif down == TWO:
                c = np.uint64(lower[x])
                new_lower[x] = columns[base + c]
                mean = (a + c + ONE) >> ONE
            at = base + _CHROMA + mean + mean
            new_u[k] = columns[at]
            new_v[k] = columns[at + ONE]
    return span[1]


@compiled
def change_of_luma(columns: Array, bases: Corners, weights: Weights, code: np.uint64, depth: Depth) -> Any:
    """Return a luma's new code, by interpolation between four columns and along them."""
    shift, scale = depth[0], depth[2]
    node = code >> shift
    at = node + node
    share = np.float32(code - (node << shift)) * scale
    k0, k1, k2, k3 = bases[0] + at, bases[1] + at, bases[2] + at, bases[3] + at
    w0, w1, w2, w3 = weights
    change = w0 * columns[k0] + w1 * columns[k1] + w2 * columns[k2] + w3 * columns[k3]
    slope = w0 * columns[k0 + ONE] + w1 * columns[k1 + ONE] + w2 * columns[k2 + ONE] + w3 * columns[k3 + ONE]
    return np.float32(code) + change + share * slope


@compiled
def change_of_chroma(
    columns: Array, bases: Corners, weights: Weights, code: np.uint64, mean: np.uint64, depth: Depth
) -> Any:
    """Return a chroma's new code under a mean luma; `bases` as for luma, moved on to the chroma wanted."""
    shift, scale = depth[0], depth[2]
    node = mean >> shift
    at = _DEEP_CHROMA + node + node
    share = np.float32(mean - (node << shift)) * scale
    k0, k1, k2, k3 = bases[0] + at, bases[1] + at, bases[2] + at, bases[3] + at
    w0, w1, w2, w3 = weights
    here = w0 * columns[k0] + w1 * columns[k1] + w2 * columns[k2] + w3 * columns[k3]
    there = w0 * columns[k0 + TWO] + w1 * columns[k1 + TWO] + w2 * columns[k2 + TWO] + w3 * columns[k3 + TWO]
    return np.float32(code) + (_UNIT - share) * here + share * there


@compiled
def rounded(value: np.float32, depth: Depth) -> np.uint16:
    """Round to the nearest code."""
    highest = depth[3]
    value = value if value > _ZERO else _ZERO
    value = value if value < highest else highest
    return np.uint16(np.int32(value + _HALF))


@compiled
def look_up_deep(source: Planes, target: Planes, table: Columns, factors: Factors, span: Span, depth: Depth) -> int:
    """Like `look_up`, for 9 to 16 bits: interpolates in single precision between the columns of nodes."""
    (luma, us, vs), (new_luma, new_us, new_vs), (numbers, columns), (across, down) = source, target, table, factors
    shift, top, scale = depth[0], depth[1], depth[2]
    last_x, last_y = np.uint64(luma.shape[1]) - ONE, np.uint64(luma.shape[0]) - ONE
    for j in range(span[0], span[1]):
        y = np.uint64(j) * down
        below = min(y + down - ONE, last_y)
        upper, lower, new_upper, new_lower = luma[y], luma[below], new_luma[y], new_luma[below]
        u_row, v_row, new_u, new_v = us[j], vs[j], new_us[j], new_vs[j]
        for i in range(np.uint64(u_row.size)):
            k = np.uint64(i)
            u, v = min(np.uint64(u_row[k]), top), min(np.uint64(v_row[k]), top)
            u_node, v_node = u >> shift, v >> shift
            cell = u_node * _NUM_NODES + v_node
            n0, n1 = numbers[cell], numbers[cell + ONE]
            n2, n3 = numbers[cell + _NUM_NODES], numbers[cell + _NUM_NODES + ONE]
            if (n0 | n1 | n2 | n3) < 0:
                return j
            bases = (
                np.uint64(n0) * _DEEP_COLUMN,
                np.uint64(n1) * _DEEP_COLUMN,
                np.uint64(n2) * _DEEP_COLUMN,
                np.uint64(n3) * _DEEP_COLUMN,
            )
            u_share = np.float32(u - (u_node << shift)) * scale
            v_share = np.float32(v - (v_node << shift)) * scale
            both = u_share * v_share
            weights = (_UNIT - u_share - v_share + both, v_share - both, u_share - both, both)
            x = k * across
            a = min(np.uint64(upper[x]), top)
            new_upper[x] = rounded(change_of_luma(columns, bases, weights, a, depth), depth)
            mean = a
            if across == TWO:
                right = min(x + ONE, last_x)
                b = min(np.uint64(upper[right]), top)
                new_upper[right] = rounded(change_of_luma(columns, bases, weights, b, depth), depth)
                mean = (a + b + ONE) >> ONE
                if down == TWO:
                    c, d = min(np.uint64(lower[x]), top), min(np.uint64(lower[right]), top)
                    new_lower[x] = rounded(change_of_luma(columns, bases, weights, c, depth), depth)
                    new_lower[right] = rounded(change_of_luma(columns, bases, weights, d, depth), depth)
                    mean = (a + b + c + d + TWO) >> TWO
            elif down == TWO:
                c = min(np.uint64(lower[x]), top)
                new_lower[x] = rounded(change_of_luma(columns, bases, weights, c, depth), depth)
                mean = (a + c + ONE) >> ONE
            new_u[k] = rounded(change_of_chroma(columns, bases, weights, u, mean, depth), depth)
            bases = (bases[0] + ONE, bases[1] + ONE, bases[2] + ONE, bases[3] + ONE)
            new_v[k] = rounded(change_of_chroma(columns, bases, weights, v, mean, depth), depth)
    return span[1]


@compiled
def average_plane(plane: Array, row_edges: Array, column_edges: Array, averages: Array) -> None:
    """Average the boxes of a plane of integers; box k covers edges[k, 0] up to edges[k, 1]."""
    sums = np.empty(plane.shape[1], np.uint32)
    for box_row in range(row_edges.shape[0]):
        top, bottom = row_edges[box_row, 0], row_edges[box_row, 1]
        sums[:] = 0
        for y in range(top, bottom):
            row = plane[y]
            for k in range(sums.size):
                sums[k] += row[k]
        for box_column in range(column_edges.shape[0]):
            left, right = column_edges[box_column, 0], column_edges[box_column, 1]
            total = 0.0
            for k in range(left, right):
                total += sums[k]
            averages[box_row, box_column] = total / ((bottom - top) * (right - left))

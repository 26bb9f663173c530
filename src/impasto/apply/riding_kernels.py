"""Compiled loops of `riding_noise`, as in `paint_kernels`. A drift is in pixels right and down, one for each cell."""

from __future__ import annotations

import math

import numpy as np

from impasto.apply.lut_kernels import Array
from impasto.apply.paint_kernels import luma_rows
from impasto.media.compiled import compiled

HALF = np.float32(0.5)
# Half a pixel would do to round; the rest keeps noise from hopping where motion is slow or uncertain, which shows more
# than that it lags behind by this much.
HOLD = np.float32(1.5)


@compiled
def shrink_luma(planes: Array, cell: int, target: Array) -> None:
    """Average the luma of 3×H×W in [0, 1] over cells of that many pixels a side, to bytes."""
    height, width = planes.shape[1], planes.shape[2]
    luma = np.empty((height, width), np.float32)
    luma_rows(planes, luma, 0, height)
    for y in range(target.shape[0]):
        bottom = min(height, (y + 1) * cell)
        for x in range(target.shape[1]):
            right, total = min(width, (x + 1) * cell), np.float32(0)
            for row in range(y * cell, bottom):
                for column in range(x * cell, right):
                    total += luma[row, column]
            mean = total / np.float32((bottom - y * cell) * (right - x * cell))
            target[y, x] = np.uint8(min(max(mean, np.float32(0)), np.float32(1)) * np.float32(255) + np.float32(0.5))


@compiled
def drift_between(drift: Array, y: float, x: float, tear: float) -> tuple[float, float]:
    """Return the drift at a place between cells; across a tear, where they disagree, that of the nearest one."""
    height, width = drift.shape[:2]
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, along = y - top, x - left
    a, b, c, d = drift[top, left], drift[top, right], drift[bottom, left], drift[bottom, right]
    for k in range(2):
        if max(a[k], b[k], c[k], d[k]) - min(a[k], b[k], c[k], d[k]) > tear:
            nearest = drift[bottom if down >= 0.5 else top, right if along >= 0.5 else left]
            return nearest[0], nearest[1]
    up, back = 1 - down, 1 - along
    return (
        up * (back * a[0] + along * b[0]) + down * (back * c[0] + along * d[0]),
        up * (back * a[1] + along * b[1]) + down * (back * c[1] + along * d[1]),
    )


@compiled
def carry_drift(drift: Array, flow: Array, cell: int, tear: float, carried: Array) -> None:
    """Add what each cell moved to the drift at the place that it came from; `flow` leads there and counts in cells."""
    for y in range(flow.shape[0]):
        for x in range(flow.shape[1]):
            right, down = flow[y, x, 0], flow[y, x, 1]
            before = drift_between(drift, y + down, x + right, tear)
            carried[y, x, 0], carried[y, x, 1] = before[0] + cell * right, before[1] + cell * down


@compiled
def _between_rows(drift: Array, place: float, tear: float, mixed: Array, torn: Array) -> int:
    """Mix two rows of drifts, tell between which cells there is a tear, and return which of the rows is nearer."""
    height, width = drift.shape[:2]
    place = min(max(place, 0.0), height - 1.0)
    top = int(place)
    bottom, down = min(top + 1, height - 1), np.float32(place - top)
    for x in range(width):
        right = min(x + 1, width - 1)
        torn[x] = False
        for k in range(2):
            a, b, c, d = drift[top, x, k], drift[top, right, k], drift[bottom, x, k], drift[bottom, right, k]
            torn[x] |= max(a, b, c, d) - min(a, b, c, d) > tear
            mixed[x, k] = a + down * (c - a)
    return bottom if down >= 0.5 else top


@compiled
def _columns(width: int, num_cells: int, cell: int, margin: int) -> tuple[Array, Array]:
    """Return for each pixel of a row the cell to its left, and how far it is from there to the next one."""
    lefts, shares = np.empty(width, np.int64), np.empty(width, np.float32)
    for x in range(width):
        place = min(max((x - margin + 0.5) / cell - 0.5, 0.0), num_cells - 1.0)
        lefts[x] = int(place)
        shares[x] = place - lefts[x]
    return lefts, shares


@compiled
def look_up_rows(
    noise: Array, drift: Array, grid: tuple[int, int, float], steps: tuple[Array, Array], target: Array, rows: Array
) -> None:
    """Fill rows with the noise that lies a drift away, as if the field, whose sides are powers of 2, were endless.

    `steps` are the whole pixels right and down at which each pixel looked before, and at which it looks now: they
    change only once they are out by more than is lost in rounding. `grid`: the cell, the margin and the tear.
    """
    cell, margin, tear = grid
    held, chosen = steps
    num_cells, width = drift.shape[1], target.shape[1]
    last_row, last_column = noise.shape[0] - 1, noise.shape[1] - 1
    mixed, torn = np.empty((num_cells, 2), np.float32), np.empty(num_cells, np.bool_)
    lefts, shares = _columns(width, num_cells, cell, margin)
    for y in rows:
        nearest = drift[_between_rows(drift, (y - margin + 0.5) / cell - 0.5, tear, mixed, torn)]
        for x in range(width):
            left, share = lefts[x], shares[x]
            right = min(left + 1, num_cells - 1)
            if torn[left]:
                cell_drift = nearest[right if share >= 0.5 else left]
                across, down = cell_drift[0], cell_drift[1]
            else:
                across = mixed[left, 0] + share * (mixed[right, 0] - mixed[left, 0])
                down = mixed[left, 1] + share * (mixed[right, 1] - mixed[left, 1])
            columns_away, rows_away = held[y, x, 0], held[y, x, 1]
            if abs(across - columns_away) > HOLD or abs(down - rows_away) > HOLD:
                columns_away, rows_away = math.floor(across + HALF), math.floor(down + HALF)
            chosen[y, x, 0], chosen[y, x, 1] = columns_away, rows_away
            target[y, x] = noise[(y + rows_away) & last_row, (x + columns_away) & last_column]


@compiled
def block_stretch(drift: Array, cell: int, tear: float, area: tuple[int, int, int, int]) -> tuple[float, float]:
    """Return by how much a block shortens and lengthens steps through the noise; 0 and 0 where it is in shreds."""
    top, bottom, left, right = area
    sums, counts = np.zeros((2, 2)), np.zeros(2)
    for y in range(top, bottom):
        for x in range(left, right):
            for axis in range(2):
                row, column = y + axis, x + 1 - axis
                if row < bottom and column < right:
                    across, down = drift[row, column, 0] - drift[y, x, 0], drift[row, column, 1] - drift[y, x, 1]
                    if abs(across) <= tear and abs(down) <= tear:
                        sums[0, axis] += across
                        sums[1, axis] += down
                        counts[axis] += 1
    num_cells = (bottom - top) * (right - left)
    if 2 * counts[0] < num_cells - (bottom - top) or 2 * counts[1] < num_cells - (right - left):
        return 0.0, 0.0
    columns, rows = max(counts[0], 1.0) * cell, max(counts[1], 1.0) * cell
    a, b, c, d = 1 + sums[0, 0] / columns, sums[0, 1] / rows, sums[1, 0] / columns, 1 + sums[1, 1] / rows
    # The singular values of the 2×2 matrix of how the place in the noise changes with the place on the canvas.
    half, product = (a * a + b * b + c * c + d * d) / 2, abs(a * d - b * c)
    root = math.sqrt(max(half * half - product * product, 0.0))
    return math.sqrt(max(half - root, 0.0)), math.sqrt(half + root)


@compiled
def renew_blocks(drift: Array, cell: int, tear: float, side: int, limits: Array, fresh: Array) -> int:
    """Give blocks that stretch the noise beyond their limit a fresh drift, and return how many; `side` is in cells."""
    height, width = drift.shape[:2]
    num_renewed = 0
    for i in range(limits.shape[0]):
        for j in range(limits.shape[1]):
            area = i * side, min(height, (i + 1) * side), j * side, min(width, (j + 1) * side)
            shortest, longest = block_stretch(drift, cell, tear, area)
            if shortest * limits[i, j] < 1 or longest > limits[i, j]:
                drift[area[0] : area[1], area[2] : area[3]] = fresh[i, j]
                num_renewed += 1
    return num_renewed

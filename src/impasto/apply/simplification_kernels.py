"""Compiled loops of simplifying pictures, as in `lut_kernels`: without the GIL, on one thread each.

Each loop is about few arrays, since compilers give up on vector instructions where many might overlap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled

Array = NDArray[Any]

# What is summed up over squares, and afterwards: what a square counts, and its mean colour times that.
RED, GREEN, BLUE, ENERGY = range(4)
WEIGHT = ENERGY
_NUM_SUMS = 4
# Where nothing varies by more than this, squares count alike.
_LEAST_VARIANCE = np.float32(1e-4)


@compiled
def _add_row(row: Array, sums: Array) -> None:
    for x in range(row.size):
        sums[x] += row[x]


@compiled
def _write_energy(red: Array, green: Array, blue: Array, energy: Array) -> None:
    for x in range(red.size):
        energy[x] = red[x] * red[x] + green[x] * green[x] + blue[x] * blue[x]


@compiled
def _sum_windows(columns: Array, radius: int, share: np.float32, sums: Array) -> None:
    """Add up `radius` + 1 columns from each on, times `share`; K + radius columns for K sums."""
    for x in range(sums.size):
        sums[x] = columns[x]
    for shift in range(1, radius + 1):
        _add_row(columns[shift : shift + sums.size], sums)
    for x in range(sums.size):
        sums[x] *= share


@compiled
def _weigh(red: Array, green: Array, blue: Array, energy: Array) -> None:
    """Turn means over squares into what squares count, and means times that, in place: the calmer, the more."""
    third, one = np.float32(1 / 3), np.float32(1)
    for x in range(energy.size):
        spread = (energy[x] - red[x] * red[x] - green[x] * green[x] - blue[x] * blue[x]) * third
        calm = one / (max(spread, np.float32(0)) + _LEAST_VARIANCE)
        weight = calm * calm * calm * calm
        energy[x] = weight
        red[x] *= weight
        green[x] *= weight
        blue[x] *= weight


@compiled
def _add_corners(above: Array, below: Array, radius: int, total: Array) -> None:
    """Add up what the squares above and below, to the left and to the right have."""
    other_above, other_below = above[radius:], below[radius:]
    for x in range(total.size):
        total[x] = above[x] + other_above[x] + below[x] + other_below[x]


@compiled
def _divide(totals: Array, weights: Array) -> None:
    for x in range(totals.size):
        totals[x] /= weights[x]


@compiled
def _fill_squares(planes: Array, energies: Array, y: int, radius: int, columns: Array, squares: Array) -> None:
    """Weigh the squares that end with row y of 3×H×W: place x is about columns x-R…x; edges are repeated."""
    height, width = planes.shape[1:]
    share = np.float32(1 / (radius + 1) ** 2)
    for k in range(_NUM_SUMS):
        middle = columns[radius : radius + width]
        middle[:] = 0
        for row in range(y - radius, y + 1):
            if k == ENERGY:
                _add_row(energies[row % energies.shape[0]], middle)
            else:
                _add_row(planes[k, min(max(row, 0), height - 1)], middle)
        columns[:radius] = middle[0]
        columns[radius + width :] = middle[width - 1]
        _sum_windows(columns, radius, share, squares[k])
    _weigh(squares[RED], squares[GREEN], squares[BLUE], squares[ENERGY])


@compiled
def simplify_rows(planes: Array, radius: int, target: Array, first: int, last: int) -> None:
    """Mix the four squares at each place of rows first…last of 3×H×W, the calmest counting most."""
    height, width = planes.shape[1:]
    side = radius + 1
    energies = np.empty((side, width), np.float32)
    columns = np.empty(width + 2 * radius, np.float32)
    squares = np.empty((side, _NUM_SUMS, width + radius), np.float32)
    weights = np.empty(width, np.float32)
    for row in range(first - radius, last + radius):
        inside = min(max(row, 0), height - 1)
        _write_energy(planes[RED, inside], planes[GREEN, inside], planes[BLUE, inside], energies[row % side])
        if row < first:
            continue
        _fill_squares(planes, energies, row, radius, columns, squares[row % side])
        y = row - radius
        if y >= first:
            above, below = squares[y % side], squares[row % side]
            _add_corners(above[WEIGHT], below[WEIGHT], radius, weights)
            for color in (RED, GREEN, BLUE):
                _add_corners(above[color], below[color], radius, target[color, y])
                _divide(target[color, y], weights)

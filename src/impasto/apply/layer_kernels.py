"""Compiled loops over a painting at working size, as in `lut_kernels`: without the GIL, on one thread each.

Each loop is about few arrays, since compilers give up on vector instructions where many might overlap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.compiled import compiled
from impasto.media.luma import LUMA

Array = NDArray[Any]
Quartet = tuple[Array, Array, Array, Array]

# What each pixel at working size knows. The last two are needed only where strokes are made crisper.
RED, GREEN, BLUE, GAIN, CONTENT_LUMA, LOWEST, HIGHEST = range(7)
NUM_LAYERS, NUM_SOFT_LAYERS = 7, 5
RED_LUMA, GREEN_LUMA, BLUE_LUMA = map(np.float32, LUMA)


@compiled
def luma_rows(planes: Array, luma: Array, first: int, last: int) -> None:
    """Weigh rows first…last of 3×H×W."""
    for y in range(first, last):
        red, green, blue, row = planes[0, y], planes[1, y], planes[2, y], luma[y]
        for x in range(row.size):
            row[x] = RED_LUMA * red[x] + GREEN_LUMA * green[x] + BLUE_LUMA * blue[x]


@compiled
def _add_row(row: Array, sums: Array) -> None:
    for x in range(row.size):
        sums[x] += row[x]


@compiled
def _add_products(one: Array, other: Array, sums: Array) -> None:
    for x in range(one.size):
        sums[x] += one[x] * other[x]


@compiled
def _widen_window(column: Array, radius: int, total: Array) -> None:
    """Add up each entry and those within a radius, as far as there are any."""
    width = column.size
    total[:] = column
    for shift in range(1, min(radius, width - 1) + 1):
        _add_row(column[shift:], total[: width - shift])
        _add_row(column[: width - shift], total[shift:])


@compiled
def _write_slopes(sums: Quartet, counts: Array, flat: np.float32, slopes: Array) -> None:
    mean_sum, other_sum, square_sum, product_sum = sums
    zero, one = np.float32(0), np.float32(1)
    for x in range(slopes.size):
        mean, other = mean_sum[x] / counts[x], other_sum[x] / counts[x]
        variance = square_sum[x] / counts[x] - mean * mean
        covariance = product_sum[x] / counts[x] - mean * other
        slopes[x] = min(max(covariance / (max(variance, zero) + flat), zero), one)


@compiled
def gain_rows(lumas: tuple[Array, Array], radius: int, flat: np.float32, gains: Array, first: int, last: int) -> None:
    """Fit the painted luma of each window by a line on that of the content, and keep the slope, from 0 to 1.

    K. He, J. Sun, X. Tang, "Guided Image Filtering", 2013. `flat` is the variance of content that counts as flat.
    """
    content, painted = lumas
    height, width = content.shape
    columns, sums = np.empty((4, width), np.float32), np.empty((4, width), np.float32)
    spans, counts = np.empty(width, np.float32), np.empty(width, np.float32)
    _widen_window(np.ones(width, np.float32), radius, spans)
    for y in range(first, last):
        top, bottom = max(0, y - radius), min(height, y + radius + 1)
        columns[:] = 0
        for row in range(top, bottom):
            _add_row(content[row], columns[0])
            _add_row(painted[row], columns[1])
            _add_products(content[row], content[row], columns[2])
            _add_products(content[row], painted[row], columns[3])
        for k in range(4):
            _widen_window(columns[k], radius, sums[k])
        for x in range(width):
            counts[x] = np.float32(bottom - top) * spans[x]
        _write_slopes((sums[0], sums[1], sums[2], sums[3]), counts, flat, gains[y])


@compiled
def _write_extremes(one: Array, two: Array, three: Array, lowest: Array, highest: Array) -> None:
    for x in range(lowest.size):
        lowest[x] = min(one[x], two[x], three[x])
        highest[x] = max(one[x], two[x], three[x])


@compiled
def _write_mean(one: Array, two: Array, three: Array, mean: Array) -> None:
    for x in range(mean.size):
        mean[x] = (one[x] + two[x] + three[x]) / np.float32(3)


@compiled
def _repeat_ends(row: Array) -> None:
    row[0], row[-1] = row[1], row[-2]


@compiled
def _write_records(colors: tuple[Array, Array, Array], content: Array, rest: Array, records: Array) -> None:
    """Put one row of each layer into records, W×7; `rest` is 3×W of gain, lowest and highest."""
    red, green, blue = colors
    gain, lowest, highest = rest[0], rest[1], rest[2]
    for x in range(red.size):
        records[x, RED], records[x, GREEN], records[x, BLUE] = red[x], green[x], blue[x]
        records[x, GAIN], records[x, CONTENT_LUMA] = gain[x], content[x]
        records[x, LOWEST], records[x, HIGHEST] = lowest[x], highest[x]


@compiled
def layer_rows(painted: Array, lumas: tuple[Array, Array], gains: Array, layers: Array, first: int, last: int) -> None:
    """Gather what `render_rows` takes, H×W×7: colours, the smoothed gain, luma of content, range of painted luma."""
    content, luma = lumas
    height, width = luma.shape
    # Of three rows each, with one more place at both ends; and what becomes of three columns of that.
    gain, low, high = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)
    rest, unused = np.empty((3, width), np.float32), np.empty(width, np.float32)
    for y in range(first, last):
        above, below = max(0, y - 1), min(height - 1, y + 1)
        _write_mean(gains[above], gains[y], gains[below], gain[1:-1])
        _write_extremes(luma[above], luma[y], luma[below], low[1:-1], high[1:-1])
        _repeat_ends(gain)
        _repeat_ends(low)
        _repeat_ends(high)
        _write_mean(gain[:-2], gain[1:-1], gain[2:], rest[0])
        _write_extremes(low[:-2], low[1:-1], low[2:], rest[1], unused)
        _write_extremes(high[:-2], high[1:-1], high[2:], unused, rest[2])
        colors = painted[0, y], painted[1, y], painted[2, y]
        _write_records(colors, content[y], rest, layers[y])


@compiled
def relate_rows(
    planes: tuple[Array, Array], radius: int, flat: np.float32, layers: Array, first: int, last: int
) -> None:
    """Gather rows first…last of what a painting has to do with what it was painted from.

    `planes` are the content and the painting, 3×H×W. Lumas and gains of rows around are worked out anew for each block
    of rows, so that threads need not wait for each other.
    """
    content, painted = planes
    height, width = content.shape[1:]
    top, bottom = max(0, first - radius - 1), min(height, last + radius + 1)
    luma, painted_luma = np.empty((bottom - top, width), np.float32), np.empty((bottom - top, width), np.float32)
    gains = np.empty((bottom - top, width), np.float32)
    luma_rows(content[:, top:bottom], luma, 0, bottom - top)
    luma_rows(painted[:, top:bottom], painted_luma, 0, bottom - top)
    lumas = luma, painted_luma
    gain_rows(lumas, radius, flat, gains, max(0, first - 1) - top, min(height, last + 1) - top)
    layer_rows(painted[:, top:bottom], lumas, gains, layers[top:bottom], first - top, last - top)


@compiled
def mix_paint(kept: Array, fresh: Array, shares: Array, mixed: Array) -> None:
    """Lay fresh paint, 3×H×W, over what is kept, H×W×3, but for the shares of that, H×W; in place and as planes."""
    for y in range(shares.shape[0]):
        for x in range(shares.shape[1]):
            share = shares[y, x]
            for color in range(3):
                value = fresh[color, y, x] + share * (kept[y, x, color] - fresh[color, y, x])
                kept[y, x, color] = mixed[color, y, x] = value

"""Compiled loops of painting, as in `lut_kernels`: without the GIL, on one thread each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut_kernels import ONE, TWO
from impasto.media.compiled import compiled
from impasto.vision.lab import FROM_XYZ, TO_XYZ

Array = NDArray[Any]
Taps = tuple[Array, Array]

# What each pixel at working size knows; the last makes the record one vector register wide.
RED, GREEN, BLUE, PAINTED_LUMA, CONTENT_LUMA, GAIN, LOWEST, HIGHEST = range(8)
NUM_LAYERS = 8
# Of ITU-R BT.601.
_RED_LUMA, _GREEN_LUMA, _BLUE_LUMA = np.float32(0.299), np.float32(0.587), np.float32(0.114)


@compiled
def fill_noise(field: Array, seed: np.uint64, first: int, last: int) -> None:
    """Fill rows first…last with normal noise made from hashes of the place (Steele et al. 2014: SplitMix64)."""
    for y in range(first, last):
        for x in range(field.shape[1]):
            place = np.uint64(y) << np.uint64(32) | np.uint64(x)
            bits = (place ^ seed * np.uint64(0xD1342543DE82EF95)) * np.uint64(0x9E3779B97F4A7C15)
            bits = (bits ^ bits >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
            bits = (bits ^ bits >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
            bits ^= bits >> np.uint64(31)
            radius = (np.float64(bits >> np.uint64(32)) + 0.5) / 4294967296.0
            angle = np.float64(bits & np.uint64(0xFFFFFFFF)) / 4294967296.0
            field[y, x] = math.sqrt(-2 * math.log(radius)) * math.cos(2 * math.pi * angle)


@compiled
def shrink_rows(source: Array, step: int, scale: np.float32, row_taps: Taps, column_taps: Taps, target: Array) -> None:
    """Resample interleaved rows (H×(step·W)) to planes, 3×K×L, where K and L are the numbers of the taps."""
    row_starts, row_weights = row_taps
    starts, weights = column_taps
    sums = np.empty(source.shape[1], np.float32)
    for y in range(target.shape[1]):
        sums[:] = 0
        for k in range(row_weights.shape[1]):
            weight = row_weights[y, k] * scale
            if weight != 0:
                row = source[row_starts[y] + k]
                for i in range(sums.size):
                    sums[i] += weight * np.float32(row[i])
        for x in range(target.shape[2]):
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            place = np.uint64(starts[x] * step)
            for k in range(weights.shape[1]):
                weight = weights[x, k]
                red += weight * sums[place]
                green += weight * sums[place + ONE]
                blue += weight * sums[place + TWO]
                place += np.uint64(step)
            target[0, y, x], target[1, y, x], target[2, y, x] = red, green, blue


@compiled
def luma_rows(planes: Array, luma: Array, first: int, last: int) -> None:
    """Weigh rows first…last of 3×H×W."""
    for y in range(first, last):
        red, green, blue, row = planes[0, y], planes[1, y], planes[2, y], luma[y]
        for x in range(row.size):
            row[x] = _RED_LUMA * red[x] + _GREEN_LUMA * green[x] + _BLUE_LUMA * blue[x]


@compiled
def _add_row(one: Array, other: Array, sums: tuple[Array, Array, Array, Array]) -> None:
    mean, other_mean, square, product = sums
    for x in range(one.size):
        a, b = one[x], other[x]
        mean[x] += a
        other_mean[x] += b
        square[x] += a * a
        product[x] += a * b


@compiled
def _widen_window(column: Array, radius: int, total: Array) -> None:
    """Add up each entry and those within a radius, as far as there are any."""
    width = column.size
    for x in range(width):
        total[x] = column[x]
    for shift in range(1, radius + 1):
        for x in range(width - shift):
            total[x] += column[x + shift]
            total[x + shift] += column[x]


@compiled
def gain_rows(lumas: tuple[Array, Array], radius: int, flat: np.float32, gains: Array, first: int, last: int) -> None:
    """Fit the painted luma of each window by a line on that of the content, and keep the slope, from 0 to 1.

    K. He, J. Sun, X. Tang, "Guided Image Filtering", 2013. `flat` is the variance of content that counts as flat.
    """
    content, painted = lumas
    height, width = content.shape
    columns, sums = np.empty((4, width), np.float32), np.empty((4, width), np.float32)
    for y in range(first, last):
        top, bottom = max(0, y - radius), min(height, y + radius + 1)
        for k in range(4):
            for x in range(width):
                columns[k, x] = 0
        for row in range(top, bottom):
            _add_row(content[row], painted[row], (columns[0], columns[1], columns[2], columns[3]))
        for k in range(4):
            _widen_window(columns[k], radius, sums[k])
        gain = gains[y]
        for x in range(width):
            count = np.float32((bottom - top) * (min(width, x + radius + 1) - max(0, x - radius)))
            mean, other = sums[0, x] / count, sums[1, x] / count
            variance = sums[2, x] / count - mean * mean
            covariance = sums[3, x] / count - mean * other
            gain[x] = min(max(covariance / (max(variance, np.float32(0)) + flat), np.float32(0)), np.float32(1))


@compiled
def layer_rows(painted: Array, lumas: tuple[Array, Array], gains: Array, layers: Array, first: int, last: int) -> None:
    """Gather what `render_rows` takes, H×W×8: colours, both lumas, the gain smoothed, and the range of painted luma."""
    content, luma = lumas
    height, width = luma.shape
    for y in range(first, last):
        above, below = max(0, y - 1), min(height - 1, y + 1)
        for x in range(width):
            left, right = max(0, x - 1), min(width - 1, x + 1)
            lowest, highest, gain = luma[y, x], luma[y, x], np.float32(0)
            for row in (above, y, below):
                for column in (left, x, right):
                    lowest, highest = min(lowest, luma[row, column]), max(highest, luma[row, column])
                    gain += gains[row, column]
            record = layers[y, x]
            record[RED], record[GREEN], record[BLUE] = painted[0, y, x], painted[1, y, x], painted[2, y, x]
            record[PAINTED_LUMA], record[CONTENT_LUMA] = luma[y, x], content[y, x]
            record[GAIN], record[LOWEST], record[HIGHEST] = gain / np.float32(9), lowest, highest


@compiled
def _widen(records: Array, starts: Array, weights: Array, planes: Array) -> None:
    """Bring one row of records, W×8, to the width of the taps, as planes 8×K."""
    mixed = np.empty(NUM_LAYERS, np.float32)
    for x in range(starts.size):
        for layer in range(NUM_LAYERS):
            mixed[layer] = 0
        for k in range(weights.shape[1]):
            weight, record = weights[x, k], records[starts[x] + k]
            for layer in range(NUM_LAYERS):
                mixed[layer] += weight * record[layer]
        for layer in range(NUM_LAYERS):
            planes[layer, x] = mixed[layer]


@compiled
def _mix_rows(ring: Array, start: int, weights: Array, planes: Array) -> None:
    """Weigh the rows of a ring that begin with `start`."""
    for layer in range(NUM_LAYERS):
        for x in range(planes.shape[1]):
            planes[layer, x] = 0
    for k in range(weights.size):
        weight = weights[k]
        if weight != 0:
            row = ring[(start + k) % ring.shape[0]]
            for layer in range(NUM_LAYERS):
                one, other = planes[layer], row[layer]
                for x in range(one.size):
                    one[x] += weight * other[x]


@compiled
def _read_row(source: Array, step: np.uint64, scale: np.float32, colors: Array) -> None:
    red, green, blue = colors[0], colors[1], colors[2]
    i = np.uint64(0)
    for x in range(red.size):
        red[x] = np.float32(source[i]) * scale
        green[x] = np.float32(source[i + ONE]) * scale
        blue[x] = np.float32(source[i + TWO]) * scale
        i += step


@compiled
def _paint_row(colors: Array, planes: Array, crispness: np.float32, results: Array) -> None:
    """Take the painted colours, sharpen the edges of strokes, and add what the photo shows between working pixels.

    Strokes are sharpened within the range of their neighbourhood, so that no halo appears around them.
    """
    zero, one, two, three = np.float32(0), np.float32(1), np.float32(2), np.float32(3)
    tiny = np.float32(1e-3)
    for x in range(colors.shape[1]):
        luma = _RED_LUMA * colors[0, x] + _GREEN_LUMA * colors[1, x] + _BLUE_LUMA * colors[2, x]
        low, painted = planes[LOWEST, x], planes[PAINTED_LUMA, x]
        extent = max(planes[HIGHEST, x] - low, tiny)
        place = min(max((painted - low) / extent, zero), one)
        crisp = low + extent * place * place * (three - two * place)
        gain = min(max(planes[GAIN, x], zero), one)
        change = gain * (luma - planes[CONTENT_LUMA, x]) + crispness * (crisp - painted)
        results[0, x] = planes[RED, x] + change
        results[1, x] = planes[GREEN, x] + change
        results[2, x] = planes[BLUE, x] + change


@compiled
def _read(table: Array, value: np.float32) -> Any:
    """Read a table over [0, 1] between its entries."""
    position = min(max(value, np.float32(0)), np.float32(1)) * np.float32(table.size - 1)
    index = min(int(position), table.size - 2)
    entry = table[index]
    return entry + (position - np.float32(index)) * (table[index + 1] - entry)


@compiled
def _expand(root: np.float32) -> np.float32:
    """Undo CIE's f."""
    if root > np.float32(6 / 29):
        return root * root * root
    return np.float32(3 * (6 / 29) ** 2) * (root - np.float32(4 / 29))


@compiled
def _keep_color_of_row(colors: Array, results: Array, curves: Array) -> None:
    """Give the L* of `results` to the a* and b* of `colors`; what no screen shows loses chroma until one does.

    `curves` are tables over [0, 1]: sRGB to light, light to CIE's f, and light to sRGB.
    """
    decode, compress, encode = curves[0], curves[1], curves[2]
    zero, one = np.float32(0), np.float32(1)
    for i in range(colors.shape[1]):
        red, green, blue = _read(decode, colors[0, i]), _read(decode, colors[1, i]), _read(decode, colors[2, i])
        x = _read(compress, TO_XYZ[0, 0] * red + TO_XYZ[0, 1] * green + TO_XYZ[0, 2] * blue)
        y = _read(compress, TO_XYZ[1, 0] * red + TO_XYZ[1, 1] * green + TO_XYZ[1, 2] * blue)
        z = _read(compress, TO_XYZ[2, 0] * red + TO_XYZ[2, 1] * green + TO_XYZ[2, 2] * blue)
        red, green, blue = _read(decode, results[0, i]), _read(decode, results[1, i]), _read(decode, results[2, i])
        light = min(TO_XYZ[1, 0] * red + TO_XYZ[1, 1] * green + TO_XYZ[1, 2] * blue, one)
        # L*, a* and b* are differences of these three, so that one shift of all changes L* alone.
        shift = _read(compress, light) - y
        x, y, z = _expand(x + shift), light, _expand(z + shift)
        share = one
        for c in range(3):
            value = FROM_XYZ[c, 0] * x + FROM_XYZ[c, 1] * y + FROM_XYZ[c, 2] * z
            results[c, i] = value
            if value > one:
                share = min(share, (one - light) / (value - light))
            elif value < zero:
                share = min(share, light / (light - value))
        for c in range(3):
            results[c, i] = _read(encode, light + share * (results[c, i] - light))


@compiled
def _write_row(colors: Array, results: Array, settings: Array, target: Array, step: np.uint64) -> None:
    """Blend with the photo, and round."""
    maximum, rounding, strength = settings[0], settings[1], settings[2]
    zero, one = np.float32(0), np.float32(1)
    i = np.uint64(0)
    for x in range(colors.shape[1]):
        red = colors[0, x] + strength * (results[0, x] - colors[0, x])
        green = colors[1, x] + strength * (results[1, x] - colors[1, x])
        blue = colors[2, x] + strength * (results[2, x] - colors[2, x])
        target[i] = min(max(red, zero), one) * maximum + rounding
        target[i + ONE] = min(max(green, zero), one) * maximum + rounding
        target[i + TWO] = min(max(blue, zero), one) * maximum + rounding
        i += step


@compiled
def render_rows(
    source: Array,
    target: Array,
    steps: tuple[np.uint64, np.uint64],
    layers: Array,
    row_taps: Taps,
    column_taps: Taps,
    settings: Array,
    curves: Array,
) -> None:
    """Paint rows at full size.

    Parameters
    ----------
    source, target
        The same rows of the photo and of the result, K×(step·W), with `steps` items a pixel.
    layers
        H×W×8, as `layer_rows` makes it.
    row_taps, column_taps
        From working size to these K rows, and to W columns.
    settings
        What stands for 1, what is added before truncation, the strength, and the crispness.
    curves
        What keeping the photo's colour takes, as for `_keep_color_of_row`; 3×0 to take the painting's.
    """
    row_starts, row_weights = row_taps
    starts, weights = column_taps
    width = starts.size
    ring = np.empty((row_weights.shape[1], NUM_LAYERS, width), np.float32)
    planes = np.empty((NUM_LAYERS, width), np.float32)
    colors, results = np.empty((3, width), np.float32), np.empty((3, width), np.float32)
    scale = np.float32(1) / settings[0]
    num_widened = row_starts[0] if row_starts.size else 0
    for y in range(row_starts.size):
        start = row_starts[y]
        num_widened = max(num_widened, start)
        while num_widened < start + ring.shape[0]:
            _widen(layers[num_widened], starts, weights, ring[num_widened % ring.shape[0]])
            num_widened += 1
        _mix_rows(ring, start, row_weights[y], planes)
        _read_row(source[y], steps[0], scale, colors)
        _paint_row(colors, planes, settings[3], results)
        if curves.shape[1] > 0:
            _keep_color_of_row(colors, results, curves)
        _write_row(colors, results, settings, target[y], steps[1])

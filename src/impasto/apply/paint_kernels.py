"""Compiled loops of painting, as in `lut_kernels`: without the GIL, on one thread each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.layer_kernels import (
    BLUE,
    BLUE_LUMA,
    CONTENT_LUMA,
    GAIN,
    GREEN,
    GREEN_LUMA,
    HIGHEST,
    LOWEST,
    NUM_LAYERS,
    NUM_SOFT_LAYERS,
    RED,
    RED_LUMA,
)
from impasto.apply.lut_kernels import ONE, THREE, TWO, Steps
from impasto.media.compiled import compiled
from impasto.vision.lab import FROM_XYZ, TO_XYZ

Array = NDArray[Any]
Taps = tuple[Array, Array]

# Columns that are painted at once: what they take stays in the cache of a core.
_STRIP_WIDTH = 1280
FOUR = np.uint64(4)
_RECORD, _SOFT = np.uint64(NUM_LAYERS), np.uint64(NUM_SOFT_LAYERS)


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
def _widen_soft(records: Array, starts: Array, weights: Array, planes: Array) -> None:
    """Bring a row of records to the width of the taps, as planes; not the layers that only crisp strokes need."""
    reds, greens, blues, gains, contents = planes[RED], planes[GREEN], planes[BLUE], planes[GAIN], planes[CONTENT_LUMA]
    for x in range(starts.size):
        red = green = blue = gain = content = np.float32(0)
        place = np.uint64(starts[x]) * _RECORD
        for k in range(weights.shape[1]):
            weight = weights[x, k]
            red += weight * records[place]
            green += weight * records[place + ONE]
            blue += weight * records[place + TWO]
            gain += weight * records[place + THREE]
            content += weight * records[place + FOUR]
            place += _RECORD
        reds[x], greens[x], blues[x], gains[x], contents[x] = red, green, blue, gain, content


@compiled
def _widen_crisp(records: Array, starts: Array, weights: Array, planes: Array) -> None:
    """Do the same for the layers that crisp strokes need."""
    lows, highs = planes[LOWEST], planes[HIGHEST]
    for x in range(starts.size):
        low = high = np.float32(0)
        place = np.uint64(starts[x]) * _RECORD + _SOFT
        for k in range(weights.shape[1]):
            weight = weights[x, k]
            low += weight * records[place]
            high += weight * records[place + ONE]
            place += _RECORD
        lows[x], highs[x] = low, high


@compiled
def _add_share(row: Array, weight: np.float32, sums: Array) -> None:
    for x in range(sums.size):
        sums[x] += weight * row[x]


@compiled
def _mix_rows(ring: Array, start: int, weights: Array, planes: Array) -> None:
    """Weigh the rows of a ring that begin with `start`."""
    for layer in range(planes.shape[0]):
        plane = planes[layer]
        plane[:] = 0
        for k in range(weights.size):
            if weights[k] != 0:
                _add_share(ring[(start + k) % ring.shape[0], layer], weights[k], plane)


@compiled
def _read_row(source: Array, step: np.uint64, scale: np.float32, colors: Array) -> None:
    red, green, blue = colors[0], colors[1], colors[2]
    if step == THREE:
        # A step that the compiler knows lets it take many pixels at once.
        for x in range(red.size):
            place = np.uint64(x) * THREE
            red[x] = np.float32(source[place]) * scale
            green[x] = np.float32(source[place + ONE]) * scale
            blue[x] = np.float32(source[place + TWO]) * scale
    else:
        for x in range(red.size):
            place = np.uint64(x) * step
            red[x] = np.float32(source[place]) * scale
            green[x] = np.float32(source[place + ONE]) * scale
            blue[x] = np.float32(source[place + TWO]) * scale


@compiled
def _light_of_photo(colors: Array, planes: Array, change: Array) -> None:
    """Find what the photo shows between working pixels, as far as the painting follows it."""
    red, green, blue, gain, content = colors[0], colors[1], colors[2], planes[GAIN], planes[CONTENT_LUMA]
    zero, one = np.float32(0), np.float32(1)
    for x in range(change.size):
        luma = RED_LUMA * red[x] + GREEN_LUMA * green[x] + BLUE_LUMA * blue[x]
        change[x] = min(max(gain[x], zero), one) * (luma - content[x])


@compiled
def _add_crispness(planes: Array, crispness: np.float32, change: Array) -> None:
    """Sharpen the edges of strokes, within the range of their neighbourhood, so that no halo appears around them."""
    red, green, blue, lowest, highest = planes[RED], planes[GREEN], planes[BLUE], planes[LOWEST], planes[HIGHEST]
    zero, one, two, three = np.float32(0), np.float32(1), np.float32(2), np.float32(3)
    tiny = np.float32(1e-3)
    for x in range(change.size):
        low, painted = lowest[x], RED_LUMA * red[x] + GREEN_LUMA * green[x] + BLUE_LUMA * blue[x]
        extent = max(highest[x] - low, tiny)
        place = min(max((painted - low) / extent, zero), one)
        crisp = low + extent * place * place * (three - two * place)
        change[x] += crispness * (crisp - painted)


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
def _blend(color: Array, result: Array, settings: Array) -> None:
    """Blend a channel with the photo's, and bring it to the scale of the target."""
    maximum, rounding, strength = settings[0], settings[1], settings[2]
    zero, one = np.float32(0), np.float32(1)
    for x in range(result.size):
        value = color[x] + strength * (result[x] - color[x])
        result[x] = min(max(value, zero), one) * maximum + rounding


@compiled
def _write_row(results: Array, target: Array, step: np.uint64) -> None:
    red, green, blue = results[0], results[1], results[2]
    if step == THREE:
        for x in range(red.size):
            place = np.uint64(x) * THREE
            target[place], target[place + ONE], target[place + TWO] = red[x], green[x], blue[x]
    else:
        for x in range(red.size):
            place = np.uint64(x) * step
            target[place], target[place + ONE], target[place + TWO] = red[x], green[x], blue[x]


@compiled
def _paint_row(
    source: Array, target: Array, steps: Steps, planes: Array, colors: Array, settings: Array, curves: Array
) -> None:
    """Paint a part of a row; of `planes`, the colours become those of the result."""
    maximum, crispness = settings[0], settings[3]
    change, results = np.empty(colors.shape[1], np.float32), planes[: BLUE + 1]
    _read_row(source, steps[0], np.float32(1) / maximum, colors)
    _light_of_photo(colors, planes, change)
    if crispness > 0:
        _add_crispness(planes, crispness, change)
    for color in range(3):
        _add_share(change, np.float32(1), results[color])
    if curves.shape[1] > 0:
        _keep_color_of_row(colors, results, curves)
    for color in range(3):
        _blend(colors[color], results[color], settings)
    _write_row(results, target, steps[1])


@compiled
def render_rows(
    source: Array,
    target: Array,
    steps: Steps,
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
        H×W×7, as `layer_rows` makes it.
    row_taps, column_taps
        From working size to these K rows, and to W columns.
    settings
        What stands for 1, what is added before truncation, the strength, and the crispness.
    curves
        What keeping the photo's colour takes, as for `_keep_color_of_row`; 3×0 to take the painting's.
    """
    starts, weights = column_taps
    num_layers = NUM_LAYERS if settings[3] > 0 else NUM_SOFT_LAYERS
    records = layers.reshape(layers.shape[0], layers.shape[1] * layers.shape[2])
    for left in range(0, starts.size, _STRIP_WIDTH):
        right = min(left + _STRIP_WIDTH, starts.size)
        taps = starts[left:right], weights[left:right]
        ring = np.empty((row_taps[1].shape[1], num_layers, right - left), np.float32)
        planes, colors = np.empty((num_layers, right - left), np.float32), np.empty((3, right - left), np.float32)
        num_widened = 0
        for y in range(row_taps[0].size):
            start = row_taps[0][y]
            num_widened = max(num_widened, start)
            while num_widened < start + ring.shape[0]:
                wide = ring[num_widened % ring.shape[0]]
                _widen_soft(records[num_widened], taps[0], taps[1], wide)
                if num_layers == NUM_LAYERS:
                    _widen_crisp(records[num_widened], taps[0], taps[1], wide)
                num_widened += 1
            _mix_rows(ring, start, row_taps[1][y], planes)
            before = source[y, left * steps[0] : right * steps[0]]
            after = target[y, left * steps[1] : right * steps[1]]
            _paint_row(before, after, steps, planes, colors, settings, curves)

"""Compiled loops of `finish`, as in `lut_kernels`."""

from __future__ import annotations

import numpy as np

from impasto.apply.lut_kernels import Array
from impasto.media.compiled import compiled

_HALF = np.float32(0.5)
_ZERO = np.float32(0)
# Of ITU-R BT.709: luma of RGB, and RGB of Cb and Cr.
_RED_LUMA, _GREEN_LUMA, _BLUE_LUMA = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)
_CR_RED, _CB_GREEN, _CR_GREEN, _CB_BLUE = (np.float32(value) for value in (1.5748, -0.1873, -0.4681, 1.8556))


@compiled
def fill_noise_row(tiles: tuple[Array, Array], offsets: tuple[int, int, int, int], y: int, noise: Array) -> None:
    """Add up a row of two tiles, each repeated without end from its offset."""
    first, second = tiles
    row, other = first[(y + offsets[0]) % first.shape[0]], second[(y + offsets[2]) % second.shape[0]]
    x, here, there = 0, offsets[1], offsets[3]
    while x < noise.size:
        run = min(noise.size - x, row.size - here, other.size - there)
        for k in range(run):
            noise[x + k] = np.float32(np.int16(row[here + k]) + np.int16(other[there + k]))
        x, here, there = x + run, (here + run) % row.size, (there + run) % other.size


@compiled
def grain_luma(
    source: Array, tiles: tuple[Array, Array], offsets: tuple[int, int, int, int], tables: Array, target: Array
) -> None:
    """Move each code value to `tables[0]`, and from there by noise times `tables[1]`; the tables end at white."""
    height, width = source.shape
    noise = np.empty(width, np.float32)
    levels, amounts = tables[0], tables[1]
    last = levels.size - 1
    highest = np.float32(last)
    for y in range(height):
        fill_noise_row(tiles, offsets, y, noise)
        row, filled = source[y], target[y]
        for x in range(width):
            code = min(np.int64(row[x]), last)
            value = levels[code] + amounts[code] * noise[x] + _HALF
            filled[x] = np.int32(min(max(value, _ZERO), highest))


@compiled
def grain_chroma(
    planes: tuple[Array, Array],
    tiles: tuple[Array, Array],
    offsets: tuple[int, int, int, int],
    tables: Array,
    target: Array,
) -> None:
    """As `grain_luma`, but the amount is by the luma of the same place: `planes` are chroma and luma."""
    source, luma = planes
    height, width = source.shape
    noise = np.empty(width, np.float32)
    levels, amounts = tables[0], tables[1]
    last = levels.size - 1
    highest = np.float32(last)
    for y in range(height):
        fill_noise_row(tiles, offsets, y, noise)
        row, light, filled = source[y], luma[y], target[y]
        for x in range(width):
            place = min(np.int64(light[x]), last)
            value = levels[min(np.int64(row[x]), last)] + amounts[place] * noise[x] + _HALF
            filled[x] = np.int32(min(max(value, _ZERO), highest))


@compiled
def _within(value: np.float32, change: np.float32, white: np.float32) -> np.float32:
    """Change a value as far as black and white; one that is beyond them, as floats may be, by no more than it is."""
    return min(max(value + change, min(value, _ZERO)), max(value, white))


@compiled
def grain_pixels(
    source: Array,
    luma_tiles: tuple[Array, Array],
    chroma_tiles: tuple[Array, Array],
    offsets: Array,
    tables: Array,
    scale: tuple[float, float],
    target: Array,
    rows: tuple[int, int],
) -> None:
    """Add grain to rows of H×W×3 RGB.

    `tables` holds amounts of luma and of chroma by lightness; `scale` is the value of white, and what is added before
    truncation (one half to round integers, zero for floats). `offsets` are three rows: for Y, Cb and Cr.
    """
    white, rounding = np.float32(scale[0]), np.float32(scale[1])
    width, last = source.shape[1], tables.shape[1] - 1
    noise = np.empty((3, width), np.float32)
    for y in range(rows[0], rows[1]):
        for k in range(3):
            place = (offsets[k, 0], offsets[k, 1], offsets[k, 2], offsets[k, 3])
            fill_noise_row(luma_tiles if k == 0 else chroma_tiles, place, y, noise[k])
        for x in range(width):
            red, green, blue = np.float32(source[y, x, 0]), np.float32(source[y, x, 1]), np.float32(source[y, x, 2])
            luma = (_RED_LUMA * red + _GREEN_LUMA * green + _BLUE_LUMA * blue) / white
            # Written so that NaN becomes 0: an index made from it would be anywhere in memory.
            index = int(min(luma, np.float32(1)) * np.float32(last) + _HALF) if luma > 0 else 0
            light, tint = tables[0, index] * noise[0, x], tables[1, index]
            cb, cr = tint * noise[1, x], tint * noise[2, x]
            target[y, x, 0] = _within(red, light + _CR_RED * cr, white) + rounding
            target[y, x, 1] = _within(green, light + _CB_GREEN * cb + _CR_GREEN * cr, white) + rounding
            target[y, x, 2] = _within(blue, light + _CB_BLUE * cb, white) + rounding


@compiled
def mix_neighbors(padded: Array, weights: Array, highest: np.float32, target: Array) -> None:
    """Fill each pixel with the mean of the 4×4 from its place on; `weights` of rows and of columns, 2×4, sum to 1.

    Values stay from 0 to `highest`. `padded` is three rows and columns larger than `target`, which holds integers.
    """
    height, width = target.shape
    mixed = np.empty((4, width), np.float32)
    a, b, c, d = weights[1, 0], weights[1, 1], weights[1, 2], weights[1, 3]
    p, q, r, s = weights[0, 0], weights[0, 1], weights[0, 2], weights[0, 3]
    for y in range(height + 3):
        row, across = padded[y], mixed[y % 4]
        for x in range(width):
            across[x] = (
                a * np.float32(row[x])
                + b * np.float32(row[x + 1])
                + c * np.float32(row[x + 2])
                + d * np.float32(row[x + 3])
            )
        if y >= 3:
            one, two, three, filled = mixed[(y + 1) % 4], mixed[(y + 2) % 4], mixed[(y + 3) % 4], target[y - 3]
            for x in range(width):
                value = p * one[x] + q * two[x] + r * three[x] + s * across[x] + _HALF
                filled[x] = np.int32(min(max(value, _ZERO), highest))

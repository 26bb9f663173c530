"""How much noise there is, from where a picture is smoothest.

The filter is that of J. Immerkær, "Fast Noise Variance Estimation", 1996, which sees neither slopes nor curves. Where
to look is chosen by what lies below its frequencies, so that the choice does not favour little noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Finding, Level, Plane, unknown
from impasto.critique.pixel_blocks import to_levels
from impasto.media.frame import Pixels

_BLOCK = 16
_TILE = 64
_NUM_TILES = 900
_SMOOTHEST = 0.1
_ENOUGH_BLOCKS = 12
_DARKEST, _BRIGHTEST = 3, 252
_CLEAN, _VISIBLE, _STRONG = 1.5, 4.0, 8.0


def measure_noise(pixels: Pixels) -> float | None:
    """Return the deviation of noise in levels of 255, root mean square of the channels; None where it cannot be told.

    Parameters
    ----------
    pixels
        H×W×3: uint8, uint16, or float32 in [0, 1].
    """
    variances, structures = _blocks(pixels)
    if variances.size < _ENOUGH_BLOCKS:
        return None
    count = max(_ENOUGH_BLOCKS, int(variances.size * _SMOOTHEST))
    smoothest = np.argsort(structures, kind="stable")[:count]
    return float(np.sqrt(np.median(variances[smoothest])))


def judge_noise(pixels: Pixels) -> Finding:
    """Say how noisy a picture is at its full size."""
    noise = measure_noise(pixels)
    if noise is None:
        return unknown("noise", "there is no smooth part that is not clipped")
    words = (
        "none to be seen"
        if noise < _CLEAN
        else "slight, hardly seen"
        if noise < _VISIBLE
        else "visible at full size"
        if noise < _STRONG
        else "strong"
    )
    level = Level.FINE if noise < _VISIBLE else Level.LOOK
    return Finding("noise", level, f"{words} (deviation of {noise:.1f} levels of 255)", noise, "levels")


def _blocks(pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variance of noise, and how much structure there is, of blocks all over the picture."""
    height, width = pixels.shape[:2]
    side = min(_TILE, height // _BLOCK * _BLOCK, width // _BLOCK * _BLOCK)
    if side < _BLOCK:
        return np.empty(0), np.empty(0)
    num_all = (height // side) * (width // side)
    every = max(1, int(np.ceil(np.sqrt(num_all / _NUM_TILES)))) * side
    found = [
        _blocks_of(to_levels(pixels[top : top + side, left : left + side]))
        for top in range(0, height - side + 1, every)
        for left in range(0, width - side + 1, every)
    ]
    variances, structures = (np.concatenate(each) for each in zip(*found, strict=True))
    return variances, structures


def _blocks_of(levels: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = levels.shape[0] // _BLOCK
    across = levels[:, :-2] - 2 * levels[:, 1:-1] + levels[:, 2:]
    filtered = np.zeros_like(levels)
    filtered[1:-1, 1:-1] = across[:-2] - 2 * across[1:-1] + across[2:]
    # A border of one pixel of each block is left out: there the filter would see its neighbours.
    inner = _cut(filtered, count)[:, 1:-1, :, 1:-1]
    variances = (inner.astype(np.float64) ** 2).mean(axis=(1, 3)).mean(axis=-1) / 36
    quarters = _cut(levels, count).reshape(count, 4, 4, count, 4, 4, 3).mean(axis=(2, 5))
    structures = quarters.var(axis=(1, 3)).max(axis=-1)
    blocks = _cut(levels, count)
    usable = (blocks.min(axis=(1, 3, 4)) > _DARKEST) & (blocks.max(axis=(1, 3, 4)) < _BRIGHTEST)
    return variances[usable], structures[usable].astype(np.float64)


def _cut(levels: Plane, count: int) -> Plane:
    return levels.reshape(count, _BLOCK, count, _BLOCK, 3)

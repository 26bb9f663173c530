"""What happens to film that is shown a lot: it wanders in the gate, flickers, and collects scratches and dust.

All of it is a function of the frame's number and a seed. Lengths are in picture heights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impasto.apply.chance import chance, chance_count, wander

Floats = NDArray[np.float32]

_DOWN, _ACROSS, _EXPOSURE, _SCRATCH, _DUST = range(5)
_WEAVE_DOWN, _WEAVE_ACROSS = 0.0010, 0.0016
_SLOW_FRAMES, _QUICK_FRAMES = 20.0, 2.5
_FLICKER = 0.12

_SCRATCH_SLOT = 48
_SCRATCHES_A_SLOT = 3.0
_DUST_A_FRAME = 7.0
_HAIR_SHARE = 0.12
_BEZIER_POINTS = 33


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Where something covers the picture: `cover` in [0, 1] from row `top` and column `left` on, and its lightness."""

    top: int
    left: int
    cover: Floats
    light: float

    def shrunk(self, factors: tuple[int, int]) -> Mark:
        """Return it as a plane that has one sample for so many pixels across and down shows it."""
        across, along = factors
        above, before = self.top % along, self.left % across
        height, width = self.cover.shape
        padding = (above, -(above + height) % along), (before, -(before + width) % across)
        cover = np.pad(self.cover, padding)
        blocks = cover.reshape(cover.shape[0] // along, along, cover.shape[1] // across, across)
        return Mark(self.top // along, self.left // across, blocks.mean(axis=(1, 3)), self.light)


def weave_shift(amount: float, seed: int, index: int) -> tuple[float, float]:
    """Return how far a frame is shifted down and right."""
    return (
        amount * _WEAVE_DOWN * _unrest(seed, _DOWN, index),
        amount * _WEAVE_ACROSS * _unrest(seed, _ACROSS, index),
    )


def flicker_gain(amount: float, seed: int, index: int) -> float:
    """Return by which part the middle tones of a frame are brighter."""
    alone = 2 * chance(seed, _EXPOSURE, index) - 1
    return amount * _FLICKER * (0.6 * alone + 0.4 * wander(index / _SLOW_FRAMES, seed, _EXPOSURE, -1))


def _unrest(seed: int, kind: int, index: int) -> float:
    slow, quick = wander(index / _SLOW_FRAMES, seed, kind, 0), wander(index / _QUICK_FRAMES, seed, kind, 1)
    return 0.7 * slow + 0.3 * quick


def marks(scratches: float, dust: float, keys: tuple[int, int], size: tuple[int, int]) -> Iterator[Mark]:
    """Yield what covers a frame of some height and width; `keys` are the seed and the frame's number."""
    if scratches:
        yield from _scratches(scratches, *keys, size)
    if dust:
        for n in range(chance_count(_DUST_A_FRAME * dust, *keys, _DUST)):
            yield _speck((*keys, _DUST, n), size)


def _scratches(amount: float, seed: int, index: int, size: tuple[int, int]) -> Iterator[Mark]:
    """Yield those that began lately enough; each lasts up to as many frames as there are in a slot."""
    now = index // _SCRATCH_SLOT
    for slot in (now - 1, now):
        for n in range(chance_count(_SCRATCHES_A_SLOT * amount, seed, _SCRATCH, slot)):
            key = (seed, _SCRATCH, slot, n)
            begin = slot * _SCRATCH_SLOT + int(chance(*key, 0) * _SCRATCH_SLOT)
            if 0 <= index - begin < 3 + chance(*key, 1) ** 2 * (_SCRATCH_SLOT - 3):
                yield _scratch(key, index, size)


def _scratch(key: tuple[int, ...], index: int, size: tuple[int, int]) -> Mark:
    height, width = size
    unit = min(size)
    rows = (np.arange(height) + 0.5) / unit
    drift = 0.006 * wander(index / 12, *key, 2) + 0.0006 * (2 * chance(*key, 3, index) - 1)
    slope = 0.01 * (chance(*key, 4) - 0.5)
    middle = chance(*key, 5) * width + unit * (drift + slope * rows)
    half_width = unit * (0.0004 + 0.0008 * chance(*key, 6))
    depth = (0.25 + 0.5 * chance(*key, 7)) * (0.7 + 0.3 * chance(*key, 8, index))
    # It comes and goes along the film, which runs down by one picture a frame.
    along = np.array([wander(3 * row - 3 * index, *key, 9) for row in rows[:: max(1, height // 64)]])
    present = np.interp(rows, rows[:: max(1, height // 64)], np.clip(0.6 + 1.2 * along, 0, 1))
    left = int(np.floor(middle.min() - half_width - 1))
    columns = np.arange(left, int(np.ceil(middle.max() + half_width + 1)) + 1) + 0.5
    cover = np.clip(half_width + 0.5 - np.abs(columns - middle[:, None]), 0, min(1.0, 2 * half_width))
    return Mark(0, left, (depth * present[:, None] * cover).astype(np.float32), float(chance(*key, 10) < 0.65))


def _speck(key: tuple[int, ...], size: tuple[int, int]) -> Mark:
    unit = min(size)
    top, left = chance(*key, 0) * size[0], chance(*key, 1) * size[1]
    light = float(chance(*key, 2) < 0.5)
    depth = 0.5 + 0.45 * chance(*key, 3)
    if chance(*key, 4) < _HAIR_SHARE:
        cover, top, left = _hair(key, unit, top, left)
    else:
        cover, top, left = _blob(key, unit, top, left)
    return Mark(math.floor(top), math.floor(left), (depth * cover).astype(np.float32), light)


def _blob(key: tuple[int, ...], unit: int, middle_y: float, middle_x: float) -> tuple[Floats, int, int]:
    """Draw a lump, most of them small, with an outline of three waves."""
    radius = unit * 0.0009 * math.exp(1.6 * chance(*key, 5))
    reach = math.ceil(2.2 * radius) + 1
    top, left = math.floor(middle_y) - reach, math.floor(middle_x) - reach
    y, x = (np.arange(2 * reach + 1) + 0.5 + start - middle for start, middle in ((top, middle_y), (left, middle_x)))
    angle, distance = np.arctan2(y[:, None], x), np.hypot(y[:, None], x)
    outline = sum(chance(*key, 6, k) / k * np.cos(k * angle + 2 * math.pi * chance(*key, 7, k)) for k in (1, 2, 3))
    cover = np.clip(radius * (1 + 0.6 * outline) - distance + 0.5, 0, min(1.0, 4 * radius * radius))
    return cover.astype(np.float32), top, left


def _hair(key: tuple[int, ...], unit: int, middle_y: float, middle_x: float) -> tuple[Floats, int, int]:
    """Draw a thin curve (a Bézier curve of three points)."""
    length, half_width = unit * (0.015 + 0.04 * chance(*key, 5)), 0.0005 * unit
    points = np.array([[chance(*key, 6, k) - 0.5, chance(*key, 7, k) - 0.5] for k in range(3)]) * 2 * length
    t = np.linspace(0, 1, _BEZIER_POINTS)[:, None]
    curve = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2] + (middle_y, middle_x)
    top, left = (int(value) - 2 for value in np.floor(curve.min(axis=0)))
    bottom, right = (int(value) + 3 for value in np.ceil(curve.max(axis=0)))
    grid = np.stack(list(np.mgrid[top:bottom, left:right]), axis=-1) + 0.5
    cover = np.clip(half_width + 0.5 - _distance_to(curve, grid), 0, min(1.0, 2 * half_width))
    return cover.astype(np.float32), top, left


def _distance_to(curve: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each point of a grid (H×W×2) is from the nearest piece of a line through points (N×2)."""
    nearest = np.full(grid.shape[:2], np.inf)
    for start, end in pairwise(curve):
        way = end - start
        share = np.clip(((grid - start) @ way) / max(float(way @ way), 1e-12), 0, 1)[..., None]
        nearest = np.minimum(nearest, np.linalg.norm(grid - start - share * way, axis=-1))
    return nearest

"""What one picture tells of its grain: how much noise there is at each lightness, and its power spectrum.

Grain shows where nothing else does. Each picture is cut into blocks; what a quadric does not explain of a block is
taken for noise in the steadiest blocks of each lightness, since texture only ever adds to it (as in Liu, Freeman,
Szeliski & Kang 2006, "Noise estimation from a single image").
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Pixels, pixel_maximum
from impasto.style.finish import BAND_FREQUENCIES, LIGHTNESSES, NUM_BANDS, NUM_LIGHTNESSES

LEAST_DEVIATION = 0.0012
"""Deviation of luma, white being 1, below which nobody sees grain: rounding to bytes is 0.0011."""

Floats = NDArray[np.float64]
Place = tuple[int, int]

_SMALLEST_BLOCK, _LARGEST_BLOCK = 32, 128
_BLOCKS_PER_HEIGHT = 12
_MIN_BLOCKS = 6
_MAX_BLOCKS = 4000
_MAX_KEPT = 64
_STEADIEST = 0.08
_NEARLY = 1.6
_MOST_UNEVEN = 1.6
# Rounding to bytes is noise of its own.
_ROUNDING = 1 / 12 / 255**2
_LOWEST, _HIGHEST = 1.5 / 255, 253.5 / 255
_MAX_CLIPPED = 0.01
# Of a larger picture the middle is enough.
_MAX_SIDE = 3600
_LEAST_RISE, _LEAST_SHARE = 1.45, 0.5
# Of half an octave, which is a ring of 2.2 square frequencies.
_LEAST_POWER = (LEAST_DEVIATION / 2) ** 2 / 2.2
_JPEG_SIDE = 8
# A quadric takes the slowest waves of a block with it.
_FIRST_WAVE = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class GrainStudy:
    """What one picture tells: power densities of luma by lightness and band, and of chroma; NaN where it tells nothing.

    Attributes
    ----------
    luma, chroma
        `NUM_LIGHTNESSES` × `NUM_BANDS`.
    ceilings
        Deviation of luma in the steadiest blocks of each lightness, whatever it is: grain is no more than that.
    blockiness
        By how much steps between the blocks of a JPEG exceed those within; 1 for none.
    """

    luma: Floats
    chroma: Floats
    ceilings: Floats
    blockiness: float

    @property
    def shows_something(self) -> bool:
        """Whether there was a block to look at."""
        return bool(np.isfinite(self.ceilings).any())

    @property
    def has_grain(self) -> bool:
        """Whether it has grain: at most lightnesses that it shows, or what looks like it is texture."""
        num_grainy = int(np.isfinite(self.luma).any(axis=1).sum())
        return 2 * num_grainy > int(np.isfinite(self.ceilings).sum())


def study_pixels(pixels: Pixels) -> GrainStudy:
    """Look at the noise of one picture, H×W×3 sRGB of any dtype."""
    short = min(pixels.shape[:2])
    side = _block_side(short)
    pixels = _middle(pixels)
    white = pixel_maximum(pixels.dtype)
    luma = pixels @ (np.array([0.2126, 0.7152, 0.0722], np.float32) / np.float32(white))
    chosen = _steadiest_blocks(luma, side)
    frequency, counted = _frequencies(side, short)
    lumas, chromas = (np.full((NUM_LIGHTNESSES, NUM_BANDS), np.nan) for _ in range(2))
    ceilings = np.full(NUM_LIGHTNESSES, np.nan)
    for number, blocks in enumerate(chosen):
        if not blocks:
            continue
        cut = np.stack([luma[y : y + side, x : x + side] for y, x in blocks])
        color = np.stack([pixels[y : y + side, x : x + side] for y, x in blocks]).astype(np.float32) / white
        tints = [(color[..., 2] - cut) / 1.8556, (color[..., 0] - cut) / 1.5748]
        density = _in_bands(_density(cut, short), frequency, counted)
        ceilings[number] = math.sqrt(
            max(0.0, float(np.square(_without_quadric(cut.astype(np.float64))).mean() - _ROUNDING))
        )
        if ceilings[number] < LEAST_DEVIATION or plateau_of(density) is None:
            continue
        lumas[number] = density
        blue, red = (_density(tint, short) for tint in tints)
        chromas[number] = _in_bands((blue + red) / 2, frequency, counted)
    return GrainStudy(lumas, chromas, ceilings, _blockiness(luma))


def _block_side(picture_height: int) -> int:
    """Return a side of blocks: a power of 2, larger in larger pictures, whose grain has more pixels."""
    side = _SMALLEST_BLOCK
    while side < _LARGEST_BLOCK and side * _BLOCKS_PER_HEIGHT < picture_height:
        side *= 2
    return side


def _middle(pixels: Pixels) -> Pixels:
    # By whole blocks of JPEG, so that they begin where they did.
    top, left = (max(0, length - _MAX_SIDE) // 2 // _JPEG_SIDE * _JPEG_SIDE for length in pixels.shape[:2])
    return pixels[top : top + _MAX_SIDE, left : left + _MAX_SIDE]


def _steadiest_blocks(luma: NDArray[np.float32], side: int) -> list[list[Place]]:
    """Return, for each lightness, the places of blocks that show nothing but noise, as far as can be told.

    In no block is much black or white, or changes more in one direction than in another. Of those that are left, noise
    alone is what the steadiest show, and all that are nearly as steady.
    """
    by_lightness: list[list[tuple[float, Place]]] = [[] for _ in LIGHTNESSES]
    for y, x in _places(luma.shape[0], luma.shape[1], side):
        block = luma[y : y + side, x : x + side].astype(np.float64)
        if ((block <= _LOWEST) | (block >= _HIGHEST)).mean() > _MAX_CLIPPED:
            continue
        rest = _without_quadric(block[None])[0]
        if _is_even(rest):
            number = round(float(block.mean()) * (NUM_LIGHTNESSES - 1))
            by_lightness[number].append((float(np.square(rest).mean()), (y, x)))
    return [_nearly_as_steady(found) for found in by_lightness]


def _places(height: int, width: int, side: int) -> Iterator[Place]:
    """Yield where blocks begin: closer to each other in smaller pictures, and never at the same place of JPEG's."""
    stride = max(side // 2, int((height * width / _MAX_BLOCKS) ** 0.5)) | 1
    for y in range(0, height - side + 1, stride):
        for x in range(0, width - side + 1, stride):
            yield y, x


def _nearly_as_steady(found: list[tuple[float, Place]]) -> list[Place]:
    if len(found) < _MIN_BLOCKS:
        return []
    found = sorted(found)
    limit = _NEARLY * found[max(_MIN_BLOCKS, int(_STEADIEST * len(found))) - 1][0]
    kept = [place for variance, place in found if variance <= limit]
    chosen = np.linspace(0, len(kept) - 1, min(len(kept), _MAX_KEPT)).round().astype(int)
    return [kept[index] for index in chosen]


def _is_even(rest: Floats) -> bool:
    """Tell whether a block changes as much down as across, and as much along either diagonal."""
    steps = [rest[1:] - rest[:-1], rest[:, 1:] - rest[:, :-1]]
    slants = [rest[1:, 1:] - rest[:-1, :-1], rest[1:, :-1] - rest[:-1, 1:]]
    powers = [float(np.square(change).mean()) + _ROUNDING for change in (*steps, *slants)]
    return max(powers[:2]) < _MOST_UNEVEN * min(powers[:2]) and max(powers[2:]) < _MOST_UNEVEN * min(powers[2:])


@lru_cache(maxsize=8)
def _quadrics(side: int) -> Floats:
    """Return an orthonormal base of the quadrics over a block, side² × 6."""
    axis = np.linspace(-1, 1, side)
    powers = [np.outer(axis**i, axis**j).ravel() for i in range(3) for j in range(3 - i)]
    base: Floats = np.linalg.qr(np.stack(powers, axis=1))[0]
    return base


@lru_cache(maxsize=8)
def _window(side: int) -> Floats:
    """Return a window of mean power 1."""
    falling = np.hanning(side + 2)[1:-1]
    window = np.outer(falling, falling)
    return window / math.sqrt(float(np.square(window).mean()))


def _without_quadric(blocks: Floats) -> Floats:
    flat, base = blocks.reshape(len(blocks), -1), _quadrics(blocks.shape[-1])
    rest: Floats = (flat - (flat @ base) @ base.T).reshape(blocks.shape)
    return rest


def _density(blocks: NDArray[np.floating], picture_height: int) -> Floats:
    """Return the mean power of blocks at each wave, per square cycle in a picture height, less that of rounding."""
    side = blocks.shape[-1]
    rest = _without_quadric(blocks.astype(np.float64)) * _window(side)
    power = np.square(np.abs(np.fft.fft2(rest))).mean(axis=0) / side**2
    density: Floats = (power - _ROUNDING) / picture_height**2
    return density


def _frequencies(side: int, picture_height: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the cycles per picture height of each wave, and which waves count: no slow ones, and none of JPEG."""
    waves = np.abs(np.fft.fftfreq(side)) * side
    distance = np.hypot(waves[:, None], waves)
    step = side // _JPEG_SIDE
    is_harmonic = (np.minimum(waves % step, -waves % step) <= 1) & (waves > 1)
    is_slow = waves <= 1
    of_jpeg = is_harmonic[:, None] & is_slow | is_slow[:, None] & is_harmonic
    return distance * picture_height / side, (distance > _FIRST_WAVE) & ~of_jpeg


def _in_bands(density: Floats, frequency: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Average over rings; NaN for a band of which the picture shows nothing."""
    bands = np.rint(2 * np.log2(np.maximum(frequency, 1e-6) / BAND_FREQUENCIES[0])).astype(int)
    found = np.full(NUM_BANDS, np.nan)
    for band in range(NUM_BANDS):
        within = counted & (bands == band)
        if within.sum() >= 8:
            found[band] = density[within].mean()
    return found


def _blockiness(luma: NDArray[np.float32]) -> float:
    """Return how large steps across the edges of JPEG's blocks are, against those beside them."""
    if min(luma.shape) <= 2 * _JPEG_SIDE:
        return 1.0
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(luma, axis=axis)).mean(axis=1 - axis)
        steps = steps[: len(steps) // _JPEG_SIDE * _JPEG_SIDE].reshape(-1, _JPEG_SIDE).mean(axis=0)
        ratios.append(float(steps[-1] / max(steps[:-1].mean(), 1e-6)))
    return max(ratios)


def plateau_of(density: Floats) -> int | None:
    """Return the band up to which a spectrum is flat; None where what it shows is no grain.

    The power in an octave of a picture falls with frequency (Field 1987), while that of grain rises up to its size.
    """
    bands = np.flatnonzero(np.isfinite(density))
    octaves = (density * BAND_FREQUENCIES**2)[bands]
    valley = 0
    while valley + 1 < len(bands) and octaves[valley + 1] < octaves[valley]:
        valley += 1
    highest = octaves[valley:].max(initial=0.0)
    if highest < _LEAST_POWER or highest < max(_LEAST_RISE * octaves[valley], _LEAST_SHARE * octaves[0]):
        return None
    return int(bands[valley])

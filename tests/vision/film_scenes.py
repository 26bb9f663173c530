"""Scenes of a film as planes: textures that are panned, mixed, lit and cut, at frames that are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame

Picture = NDArray[np.float32]
"""3×H×W: Y, U and V at full size, in code values of 8 bits."""
HEIGHT, WIDTH = 72, 128
RATE = 24


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Picture:
    """Return blobs of several sizes around a tone and a tint of its own."""
    generator = np.random.default_rng(seed)
    planes = []
    for number in range(3):
        plane = np.zeros((height, width))
        for size in (4, 8, 24):
            coarse = generator.random((height // size + 2, width // size + 2))
            rows, columns = (np.linspace(0, length // size + 1, length) for length in (height, width))
            low_row, low_column = (
                np.minimum(x.astype(int), n - 2) for x, n in zip((rows, columns), coarse.shape, strict=True)
            )
            part_row, part_column = (rows - low_row)[:, None], columns - low_column
            upper = (
                coarse[low_row][:, low_column] * (1 - part_column) + coarse[low_row][:, low_column + 1] * part_column
            )
            lower = (
                coarse[low_row + 1][:, low_column] * (1 - part_column)
                + coarse[low_row + 1][:, low_column + 1] * part_column
            )
            plane += upper * (1 - part_row) + lower * part_row
        spread, middle = (110, 70 + 60 * generator.random()) if number == 0 else (25, 108 + 40 * generator.random())
        planes.append(middle + spread * (plane / 3 - 0.5))
    return np.stack(planes).clip(16, 235).astype(np.float32)


def still(seed: int, num_frames: int) -> list[Picture]:
    """Return a scene without motion, with some noise."""
    noise = np.random.default_rng(seed + 1000)
    scene = texture(seed)
    return [scene + noise.normal(0, 1, scene.shape).astype(np.float32) for _ in range(num_frames)]


def pan(seed: int, num_frames: int, speed: float) -> list[Picture]:
    """Return a scene over which the camera turns by `speed` pixels a frame."""
    wide = texture(seed, HEIGHT, WIDTH + int(abs(speed) * num_frames) + 1)
    starts = [int(abs(speed) * index) for index in range(num_frames)]
    return [wide[:, :, start : start + WIDTH] for start in (starts if speed > 0 else starts[::-1])]


def plain(level: float, num_frames: int) -> list[Picture]:
    """Return frames of one grey."""
    picture = np.full((3, HEIGHT, WIDTH), 128, np.float32)
    picture[0] = level
    return [picture] * num_frames


def dissolve(first: Sequence[Picture], second: Sequence[Picture]) -> list[Picture]:
    """Mix as many frames of two scenes, none of which is shown alone."""
    shares = (np.arange(len(first)) + 1) / (len(first) + 1)
    return [(1 - share) * old + share * new for share, old, new in zip(shares, first, second, strict=True)]


def lit(picture: Picture, gain: float) -> Picture:
    """Return a scene in other light: so much of it, luma and chroma alike."""
    black = np.array([16, 128, 128], np.float32)[:, None, None]
    return black + (picture - black) * np.float32(gain)


def as_frames(pictures: Sequence[Picture], bit_depth: int = 8, rate: int = RATE) -> Iterator[PlanarFrame]:
    """Yield frames in 4:2:0."""
    kind = np.uint8 if bit_depth == 8 else np.uint16
    color = Color(transfer="bt709", full_range=False, bit_depth=bit_depth)
    for index, picture in enumerate(pictures):
        luma, *chroma = np.rint(picture.clip(0, 255) * 2 ** (bit_depth - 8)).astype(kind)
        planes = (luma, chroma[0][::2, ::2], chroma[1][::2, ::2])
        yield PlanarFrame(planes, bit_depth, (2, 2), color, index, Fraction(index, rate))

"""Photos and looks that are known in every number, made on the fly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from impasto.gallery.look_table import LookTable
from impasto.vision.lab import lab_to_rgb, rgb_to_lab

Pixels = NDArray[np.float32]
SKIN = (65.0, 13.0, 17.0)


def lab_picture(lightness: object, a: object = 0.0, b: object = 0.0, shape: tuple[int, int] = (48, 64)) -> Pixels:
    """Paint a picture in L*a*b*."""
    planes = [np.broadcast_to(np.asarray(plane, np.float32), shape) for plane in (lightness, a, b)]
    return lab_to_rgb(np.stack(planes, axis=-1))


def ramp(low: float = 20, high: float = 90) -> Pixels:
    return np.linspace(low, high, 64, dtype=np.float32)[None, :]


def colorful(low: float = 20, high: float = 90, chroma: float = 30, cast: float = 0) -> Pixels:
    """A ramp of lightness, with a hue that goes around from top to bottom."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)[:, None]
    return lab_picture(ramp(low, high), chroma * np.cos(angle), chroma * np.sin(angle) + cast)


def with_skin(pixels: Pixels, rows: slice = slice(12, 36), columns: slice = slice(20, 44)) -> Pixels:
    painted = pixels.copy()
    painted[rows, columns] = lab_to_rgb(np.array(SKIN))
    return painted


def random_photo(random: np.random.Generator) -> Pixels:
    """A ramp under light of some colour, with noise, waves and four patches of colour."""
    height, width = 48, 64
    lightness = np.linspace(random.uniform(5, 35), random.uniform(60, 97), width)[None, :]
    lightness = lightness + random.normal(0, 1, (height, width)) + 8 * np.sin(np.linspace(0, 9, height))[:, None]
    lab = np.stack([lightness, *np.broadcast_to(random.normal([1, 4], [3, 5])[:, None, None], (2, height, width))], -1)
    for _ in range(4):
        row, column = random.integers(0, height - 12), random.integers(0, width - 16)
        angle, chroma = random.uniform(0, 2 * np.pi), random.uniform(5, 45)
        lab[row : row + 12, column : column + 16, 1:] += chroma * np.array([np.cos(angle), np.sin(angle)])
    return lab_to_rgb(lab)


def look(name: str, change: Callable[[Pixels], object], size: int = 17) -> LookTable:
    """A look that is a function of L*a*b*."""
    axis = np.linspace(0, 1, size, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    return LookTable(name, lab_to_rgb(np.asarray(change(rgb_to_lab(grid)))))


def toned(
    name: str,
    *,
    lighter: float = 0.0,
    contrast: float = 1.0,
    saturation: float = 1.0,
    warmer: float = 0.0,
    redder: float = 0.0,
    size: int = 17,
) -> LookTable:
    def change(lab: Pixels) -> Pixels:
        lightness = (50 + (lab[..., 0] - 50) * contrast + lighter).clip(0, 100)
        return np.stack([lightness, lab[..., 1] * saturation + redder, lab[..., 2] * saturation + warmer], axis=-1)

    return look(name, change, size)


def random_look(name: str, random: np.random.Generator) -> LookTable:
    return toned(
        name,
        lighter=random.uniform(-14, 14),
        contrast=random.uniform(0.55, 1.35),
        saturation=random.uniform(0.4, 1.4),
        warmer=random.uniform(-14, 14),
        redder=random.normal(0, 3),
        size=9,
    )


IDENTITY = toned("identity", size=2)

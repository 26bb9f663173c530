"""Pictures of classes that a network of any kind can tell apart, made on the fly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def noise_texture(kind: str, seed: int, size: tuple[int, int] = (64, 64)) -> Pixels:
    """Stripes that lie or stand, or a chequered board, of a random width and tint, in noise; no two are alike."""
    random = np.random.default_rng([sum(map(ord, kind)), seed])
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    period, shift = random.uniform(7, 13), random.uniform(0, 9, 2)
    across = np.sin(2 * np.pi * (rows + shift[0]) / period)
    along = np.sin(2 * np.pi * (columns + shift[1]) / period)
    wave = {"lying": across, "standing": along, "board": np.sign(across * along)}[kind]
    # A blob of light at a place of its own: else all pictures of one texture would be near copies.
    y, x, reach = random.uniform(0, height), random.uniform(0, width), random.uniform(0.2, 0.6) * min(size)
    glow = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / reach**2)
    tint = random.uniform(0.3, 0.7, 3)
    values = tint + 0.2 * wave[..., None] + 0.5 * glow[..., None] + random.normal(0, 0.03, (height, width, 3))
    return np.asarray(np.clip(values, 0, 1) * 255, np.uint8)


def save(pixels: Pixels, path: Path, **options: object) -> Path:
    """Save a picture, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def fill_folder(folder: Path, per_class: int, kinds: tuple[str, ...] = ("lying", "standing", "board")) -> Path:
    """Make a folder with a folder of pictures for each kind."""
    for kind in kinds:
        for seed in range(per_class):
            save(noise_texture(kind, seed), folder / kind / f"{kind}-{seed}.png")
    return folder


def spot(top: int, left: int, seed: int, side: int = 64) -> Pixels:
    """A bright red square of a quarter of the side on noise, at a known place."""
    random = np.random.default_rng(seed)
    pixels = random.integers(90, 140, (side, side, 3), dtype=np.uint8)
    pixels[top : top + side // 4, left : left + side // 4] = (250, 20, 20)
    return pixels

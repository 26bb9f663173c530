"""Synthetic pictures: soft blobs of colour with some grain, so that every colour and some texture occurs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]


def scene(seed: int, width: int = 48, height: int = 40) -> Bytes:
    """Return a picture H×W×3."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.normal(0, 6, (height, width, 1))
    return (np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8)


def scenes(count: int, first_seed: int = 0, **size: int) -> list[Bytes]:
    return [scene(first_seed + index, **size) for index in range(count)]


def graded(picture: Bytes) -> Bytes:
    """Return a picture in a look that is plain to see: warm, flat and faded."""
    values = picture / 255.0
    warm = values @ np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.1], [0.1, 0.2, 0.5]])
    return ((0.2 + 0.6 * warm) * 255).round().astype(np.uint8)


def save_scenes(folder: Path, count: int, first_seed: int = 0, look: bool = False, side: int = 140) -> Path:
    """Save pictures as PNG files, large enough to be learned from."""
    folder.mkdir(parents=True)
    for index, picture in enumerate(scenes(count, first_seed, width=side + 10, height=side)):
        Image.fromarray(graded(picture) if look else picture).save(folder / f"{index:02}.png")
    return folder


def decibels(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the peak signal-to-noise ratio of two pictures in [0, 1]."""
    return -10 * math.log10(max(float(np.square(first - second).mean()), 1e-12))

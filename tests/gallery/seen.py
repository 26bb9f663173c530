"""Pictures whose likeness is known, and an extractor that sees it without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.gallery.features import FeatureExtractor
from impasto.gallery.records import Features, FileRecord, PictureRecord

RED, GREEN, BLUE, GRAY = (200, 40, 40), (40, 180, 60), (40, 60, 200), (128, 128, 128)


class PlainExtractor(FeatureExtractor):
    """Content is how light is laid out, style is what colours there are; counts what it was shown."""

    def __init__(self, version: str = "plain/1") -> None:
        super().__init__()
        self.version = version
        self.num_seen = 0

    def _network_features(self, squares: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.num_seen += len(squares)
        values = squares.astype(np.float32) / 255
        blocks = values.mean(axis=3).reshape(len(values), 8, 28, 8, 28).mean(axis=(2, 4)).reshape(len(values), -1)
        content = blocks - blocks.mean(axis=1, keepdims=True)
        flat = values.reshape(len(values), -1, 3)
        return content, np.concatenate([flat.mean(axis=1), flat.std(axis=1)], axis=1)


def scene(shape: str, color: tuple[int, int, int], seed: int = 0, side: int = 64) -> NDArray[np.uint8]:
    """Draw a light shape ("left", "top" or "middle") on a ground of a colour, with some noise."""
    pixels = np.tile(np.array(color, np.float64), (side, side, 1))
    third = side // 3
    part = {"left": np.s_[:, :third], "top": np.s_[:third], "middle": np.s_[third : 2 * third, third : 2 * third]}[
        shape
    ]
    pixels[part] = 0.4 * pixels[part] + 150
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8)


def save(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def save_scenes(folder: Path, shapes: Sequence[str], colors: dict[str, tuple[int, int, int]]) -> dict[str, Path]:
    """Save each shape in each colour, as `left-red.png`, and return the paths by that name."""
    pairs = [(shape, name) for shape in shapes for name in colors]
    return {
        f"{shape}-{name}": save(folder / f"{shape}-{name}.png", scene(shape, colors[name], seed))
        for seed, (shape, name) in enumerate(pairs)
    }


def record(number: int, num_content: int = 4, num_style: int = 12) -> PictureRecord:
    """Make a picture out of nothing; those of one number are the same."""
    random = np.random.default_rng(number)
    values = [random.normal(size=size).astype(np.float32) for size in (num_content, num_style)]
    features = Features(values[0], values[1], random.random((3, 3)).astype(np.float32))
    return PictureRecord(f"{number:064x}", 60 + number, 40, features, ((0.1, 0.2, 0.3, 0.4),) if number % 2 else ())


def file_of(picture: PictureRecord, path: Path) -> FileRecord:
    return FileRecord(path, picture.sha256, 1000, 5)

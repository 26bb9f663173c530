"""Restoring small enough to be learned in a fraction of a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.train.restore_batches import RestoreSource
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_trainer import RestoreTrainer

from .tiny_encoder import TinyEncoder

TINY = RestoreRecipe(
    steps=4,
    encoder="tiny",
    batch_size=3,
    crop_side=32,
    picture_side=80,
    width=0.2,
    num_blocks=2,
    ema_decay=0.9,
    validate_every=2,
    seed=5,
)


def scene(seed: int, height: int = 90, width: int = 110) -> NDArray[np.uint8]:
    """Return some coloured discs with hard edges, before a slope."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    picture = np.stack([60 + rows, 80 + columns // 2, 200 - rows], axis=-1).astype(np.uint8)
    for _ in range(6):
        y, x, radius = random.uniform(0, height), random.uniform(0, width), random.uniform(6, 22)
        picture[np.hypot(rows - y, columns - x) < radius] = random.integers(0, 256, 3)
    return picture


def save_scenes(folder: Path, count: int = 8) -> Path:
    folder.mkdir(parents=True)
    for index in range(count):
        Image.fromarray(scene(index)).save(folder / f"{index:02}.png")
    return folder


def make_restore_trainer(recipe: RestoreRecipe = TINY, **other: Any) -> RestoreTrainer:
    source = RestoreSource([scene(seed) for seed in range(6)], recipe)
    return RestoreTrainer(recipe, source, TinyEncoder(), **other)

"""Dreams small enough to be learned in a fraction of a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.train.dream_batches import DreamSource
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.dream_trainer import DreamTrainer

from .tiny_encoder import TinyEncoder

SIDE = 16
TINY_DREAM = DreamRecipe(
    steps=6,
    side=SIDE,
    judge="convolutional",
    encoder="tiny",
    latent_size=4,
    width=0.1,
    judge_width=0.2,
    batch_size=4,
    faces="whole",
    precision="float32",
    ema_decay=0.9,
    validate_every=3,
    seed=3,
)


def disc(seed: int, side: int = SIDE) -> NDArray[np.uint8]:
    """Return a disc of some colour somewhere on grey."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0.35, 0.65, 2) * side
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    inside = np.hypot(across - x, down - y) < 0.25 * side
    color = random.integers(120, 256, 3)
    return np.where(inside[..., None], color, 60).astype(np.uint8)


def discs(count: int = 12, side: int = SIDE) -> list[NDArray[np.uint8]]:
    return [disc(seed, side) for seed in range(count)]


def save_discs(folder: Path, count: int = 12, side: int = 20) -> Path:
    folder.mkdir(parents=True)
    for index, picture in enumerate(discs(count, side)):
        Image.fromarray(picture).save(folder / f"{index:02}.png")
    return folder


def make_dream_trainer(recipe: DreamRecipe = TINY_DREAM, **other: Any) -> DreamTrainer:
    source = DreamSource(discs(side=recipe.side), recipe)
    encoder = TinyEncoder() if recipe.judge == "projected" else None
    return DreamTrainer(recipe, source, encoder, **other)

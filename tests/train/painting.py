"""A small recipe of paint, small networks, and pictures with strokes that are plain to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from impasto.train.batches import Pool
from impasto.train.paint_batches import PaintBatchSource
from impasto.train.paint_features import PaintFeatures
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.paint_trainer import PaintTrainer
from impasto.train.processes import ProcessGroup

from .pictures import scene, scenes
from .tiny_encoder import TinyEncoder

TINY_PAINT = PaintRecipe(
    steps=6,
    start="none",
    encoder="tiny",
    width=0.5,
    noise="normal",
    batch_size=2,
    crop_side=64,
    working_side=96,
    reference_side=128,
    closest=48,
    farthest=80,
    ema_decay=0.9,
    precision="float32",
    validate_every=3,
    seed=3,
)
WIDTHS = (16, 16, 32)


def strokes(seed: int, width: int = 140, height: int = 130) -> NDArray[np.uint8]:
    """Return a picture that is hatched: slanted lines over a scene."""
    rows, columns = np.mgrid[:height, :width]
    lines = 60 * np.sign(np.sin((rows + columns) * 0.9))
    return (scene(seed, width, height) * 0.6 + 60 + lines[..., None]).clip(0, 255).astype(np.uint8)


def save_strokes(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for seed in range(count):
        Image.fromarray(strokes(50 + seed)).save(folder / f"{seed}.png")
    return folder


def references(count: int = 6) -> Pool:
    return Pool([strokes(50 + seed) for seed in range(count)], 1)


def photos(count: int = 6) -> Pool:
    return Pool(scenes(count, width=120, height=110), 1)


def small_generator(num_styles: int = 1, seed: int = 0) -> PaintGenerator:
    """Return a generator that paints something, with statistics that it has counted."""
    torch.manual_seed(seed)
    generator = PaintGenerator(num_styles, WIDTHS, num_blocks=2)
    with torch.no_grad():
        generator.pixels.gain.fill_(0.1)
        for _ in range(30):
            styles = torch.arange(4) % num_styles
            generator(torch.rand(4, 3, 32, 32), torch.randn(4, 1, 32, 32) * 0.2, styles)
    return generator


def paint_with(generator: PaintGenerator, style: int = 0, seed: int = 5) -> torch.Tensor:
    """Return what a generator makes of a fixed picture."""
    random = torch.Generator().manual_seed(seed)
    content, noise = torch.rand(1, 3, 48, 64, generator=random), torch.randn(1, 1, 48, 64, generator=random) * 0.2
    was_training = generator.training
    generator.eval()
    with torch.no_grad():
        painted = generator(content, noise, torch.tensor([style]))
    generator.train(was_training)
    return painted


def make_paint_trainer(
    recipe: PaintRecipe = TINY_PAINT,
    pools: list[Pool] | None = None,
    generator: PaintGenerator | None = None,
    group: ProcessGroup | None = None,
    **source: Any,
) -> PaintTrainer:
    pools = pools or [references()]
    if generator is None:
        torch.manual_seed(recipe.seed)
        generator = PaintGenerator(len(pools), WIDTHS, num_blocks=1)
    batches = PaintBatchSource(pools, photos(), recipe)
    return PaintTrainer(recipe, batches, PaintFeatures(TinyEncoder(), recipe.stages), generator, group)

"""Learn the trunk that paint styles start from, over many styles at once.

    python scripts/learn_trunk.py DATA [--minutes M] [--noise NAME] [--start TRUNK] [--output FILE]

DATA is a folder with `styles/`, `portraits/` and `content/`, as described by the SOURCES.md files in it. Only sources
whose licence allows it are used; two sets, `HELD_OUT`, are kept for `benchmarks/paint_learning.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data
from sklearn.datasets import load_sample_images

from impasto.media.image_read import read_thumbnail_srgb
from impasto.train.batches import Pool, largest_face
from impasto.train.paint_batches import PaintBatchSource
from impasto.train.paint_features import PaintFeatures, with_earliest_stage
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_recipe import FROM_NOTHING, PaintRecipe
from impasto.train.paint_trainer import PaintTrainer
from impasto.train.schedule import Budget
from impasto.train.trunk import TRUNK_PATH, load_trunk, save_trunk
from impasto.vision.encoders import load_encoder

Image8 = NDArray[np.uint8]

HELD_OUT = ("vangogh", "oil_classic_figures")
STYLES = (
    "monet",
    "watercolor_turner_sargent_alt",
    "ukiyoe",
    "oil_classic_landscape",
    "cartoon_adventurer",
    "lineart_lorelei",
    "look_trix400_bw_grain",
)
# The other pictures of the look_* sets are of a research data set.
NUM_FREE_LOOKS = 50
PORTRAITS = "pixabay"
# Of content/highres, those under CC0.
SCENES = (
    "blue-periwinkle", "canyon-wren", "casa-mila", "extreme-desert-hike", "high-trestle-trail", "oakland-zoo-otters",
    "piazza-gae-aulenti", "roman-colosseum", "singaporean-cityscape", "tea-gardens",
)  # fmt: skip
SCENE_SIDE, SCENE_CROP = 1100, 512
# One in seven portraits is never shown, for trying styles on.
UNSEEN_EVERY = 7
SAY_EVERY = 50


def references(data_dir: Path, name: str, side: int) -> Pool:
    paths = sorted(path for path in (data_dir / "styles" / name).iterdir() if path.suffix in (".jpg", ".png"))
    paths = paths[:NUM_FREE_LOOKS] if name.startswith("look_") else paths
    return Pool([read_thumbnail_srgb(path, side) for path in paths], 1)


def corners(picture: Image8) -> list[Image8]:
    return [picture[rows, columns] for rows in _ends(picture.shape[0]) for columns in _ends(picture.shape[1])]


def _ends(length: int) -> tuple[slice, slice]:
    return slice(0, SCENE_CROP), slice(length - SCENE_CROP, length)


def content(data_dir: Path, side: int) -> Pool:
    """Return portraits and, about as often, scenes."""
    paths = sorted((data_dir / "portraits" / PORTRAITS).glob("*.jpg"))
    portraits = [read_thumbnail_srgb(path, side) for index, path in enumerate(paths) if index % UNSEEN_EVERY]
    scenes: list[Image8] = [data.astronaut(), data.coffee(), data.cat(), data.rocket(), *load_sample_images().images]
    for name in SCENES:
        path = data_dir / "content" / "highres" / f"{name}.jpg"
        scenes += [read_thumbnail_srgb(path, side), *corners(read_thumbnail_srgb(path, SCENE_SIDE))]
    pictures = portraits + scenes * (2 * len(portraits) // (3 * len(scenes)))
    faces = [largest_face(picture) for picture in portraits]
    return Pool(pictures, 1, faces + [None] * (len(pictures) - len(faces)))


def learn(data_dir: Path, names: Sequence[str], recipe: PaintRecipe, output: Path, start: Path | None) -> None:
    features = PaintFeatures(with_earliest_stage(load_encoder(recipe.encoder)), recipe.stages)
    pools = [references(data_dir, name, recipe.reference_side) for name in names]
    source = PaintBatchSource(pools, content(data_dir, recipe.working_side), recipe)
    generator = load_trunk(start).generator if start else PaintGenerator(len(names))
    trainer = PaintTrainer(recipe, source, features, generator)
    budget = Budget(recipe.minutes, recipe.steps)
    while (progress := budget.progress(trainer.step)) < 1:
        scalars = trainer.train_step(progress)
        if trainer.step % SAY_EVERY == 0:
            told = " ".join(f"{name.split('/')[1]} {value:.3f}" for name, value in scalars.items() if "/" in name)
            print(f"step {trainer.step} ({progress:.0%}): {told}", flush=True)
            save_trunk(trainer.averaged_generator, output)
    print(f"{output}: {save_trunk(trainer.averaged_generator, output)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--output", type=Path, default=TRUNK_PATH)
    parser.add_argument("--start", type=Path, help="a trunk of the same styles to go on from")
    parser.add_argument("--noise", default="normal")
    options = parser.parse_args()
    recipe = PaintRecipe(minutes=options.minutes, start=FROM_NOTHING, noise=options.noise).resolved(has_content=True)
    learn(options.data, STYLES, recipe, options.output, options.start)


if __name__ == "__main__":
    main()

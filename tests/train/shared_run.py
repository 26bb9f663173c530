"""What each process of a shared run does: train for a few steps and save."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from impasto.train.batches import BatchSource, Pool
from impasto.train.look_trainer import LookTrainer
from impasto.train.paint_trainer import PaintTrainer
from impasto.train.processes import ProcessGroup, join_process_group
from impasto.train.recipe import Recipe

from .painting import TINY_PAINT, make_paint_trainer
from .pictures import graded, scenes
from .tiny_encoder import TinyEncoder

NUM_STEPS = 6


def train(group: ProcessGroup, recipe: Recipe) -> LookTrainer:
    torch.set_num_threads(1)
    references = Pool([graded(scene) for scene in scenes(4, first_seed=50)], recipe.thumbnail_side)
    source = BatchSource(references, Pool(scenes(4), recipe.thumbnail_side), recipe)
    trainer = LookTrainer(recipe, source, TinyEncoder(), group)
    with torch.no_grad():  # start from a wild look, so that every part of the generator's loss matters
        for lattice in (trainer.generator.shared.lattices[0], trainer.generator.adaptive.lattices[0]):
            lattice.normal_(std=2.0)
    for step in range(NUM_STEPS):
        trainer.train_step(step / NUM_STEPS)
    return trainer


def train_paint(group: ProcessGroup) -> PaintTrainer:
    trainer = make_paint_trainer(replace(TINY_PAINT, batch_size=4), group=group)
    for step in range(NUM_STEPS // 2):
        trainer.train_step(step / NUM_STEPS)
    return trainer


def main(folder: Path) -> None:
    group = join_process_group()
    recipe = Recipe.from_json(json.loads((folder / "recipe.json").read_text()))
    trainer = train(group, replace(recipe, steps=NUM_STEPS))
    tensors, state = trainer.state()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"{group.rank}.safetensors")
    (folder / f"{group.rank}.json").write_text(json.dumps(state))
    painted = train_paint(group).state()[0]
    save_file(
        {name: tensor.contiguous() for name, tensor in painted.items()}, folder / f"paint-{group.rank}.safetensors"
    )
    group.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Both classical failures provoked in real runs: the run says so in plain words and does something about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.train.batches import Pool
from impasto.train.look_generator import LookGenerator, apply_lut
from impasto.train.look_trainer import LookTrainer
from impasto.train.recipe import Recipe
from impasto.train.schedule import rate_factor

from .conftest import MakeTrainer
from .pictures import scenes

STILL = 1e-7


def run(trainer: LookTrainer, num_steps: int) -> LookTrainer:
    for _ in range(num_steps):
        trainer.train_step(0.2)
    return trainer


def rate(trainer: LookTrainer, player: str) -> float:
    [phase] = [phase for phase in trainer.phases if phase.name == player]
    return float(phase.optimiser.param_groups[0]["lr"])


def paint_everything(generator: LookGenerator, level: float) -> None:
    """Make a generator's LUT one colour, by a spline that takes the identity back."""
    size = generator.shared.lattices[0].shape[-1]
    coordinate = (torch.arange(size) - 1.0) / (size - 3)
    with torch.no_grad():
        lattice = generator.shared.lattices[0]
        for channel in range(3):
            shape = [1, 1, 1]
            shape[channel] = size
            lattice[0, channel] = level - coordinate.view(shape)


def test_the_lut_of_the_collapse_is_one_colour() -> None:
    generator = LookGenerator(5, num_adaptive=1)
    paint_everything(generator, 0.4)
    with torch.no_grad():
        painted = apply_lut(torch.rand(2, 3, 8, 8), generator(torch.rand(2, 3, 8, 8)))
    assert torch.allclose(painted, torch.tensor(0.4), atol=1e-5)


def test_collapsed_outputs_are_seen_said_and_countered(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    trainer = make_trainer(replace(recipe, generator_rate=STILL, discriminator_rate=STILL))
    paint_everything(trainer.generator, 0.4)
    run(trainer, 101)
    [message] = trainer.monitor.messages
    assert "the outputs have collapsed: all pictures come out nearly the same" in message
    assert trainer.monitor.smoothed["diversity"] < 0.05
    assert trainer.rate_factors == {"generator": 0.5, "discriminator": 1.0}
    assert trainer.instance_noise == pytest.approx(0.1)
    trainer.train_step(0.2)
    assert rate(trainer, "generator") == pytest.approx(STILL / 2 * rate_factor(0.2, trainer.step - 1))


def test_an_overpowering_discriminator_is_seen_said_and_countered(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    """The references are black, the content is not, and the generator hardly moves."""
    black = Pool([np.full((40, 40, 3), 5, np.uint8)] * 3, recipe.thumbnail_side)
    bright = Pool([picture // 2 + 128 for picture in scenes(4)], recipe.thumbnail_side)
    unequal = replace(recipe, generator_rate=STILL, discriminator_rate=0.02)
    trainer = run(make_trainer(unequal, black, bright), 120)
    [message] = trainer.monitor.messages
    assert "the discriminator overpowers the generator" in message
    assert trainer.rate_factors == {"generator": 1.0, "discriminator": 0.5}
    assert trainer.instance_noise == pytest.approx(0.05)
    assert rate(trainer, "discriminator") == pytest.approx(0.01 * rate_factor(0.2, trainer.step - 1))
    assert trainer.monitor.verdict().startswith("the discriminator is ahead")


def test_a_healthy_run_is_left_alone(make_trainer: MakeTrainer, content: Pool, recipe: Recipe) -> None:
    """References that could be content: nothing to tell apart, and outputs as diverse as inputs."""
    others = Pool(scenes(6, first_seed=50), recipe.thumbnail_side)
    trainer = run(make_trainer(recipe, others, content), 130)
    assert trainer.monitor.messages == []
    assert trainer.rate_factors == {"generator": 1.0, "discriminator": 1.0}
    assert trainer.instance_noise == 0
    assert trainer.monitor.smoothed["diversity"] > 0.5
    assert "%" in trainer.monitor.verdict()

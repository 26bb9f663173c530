"""A few steps of learning dreams: what is seen, what learns, and what is saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.train.dream_batches import DreamSource
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.dream_trainer import DreamTrainer, lack_of_diversity
from impasto.train.dream_validation import DreamValidation, kernel_distance

from .dreaming import TINY_DREAM, discs, make_dream_trainer

PROJECTED = replace(TINY_DREAM, judge="projected", side=32)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first, second = (DreamSource(discs(), TINY_DREAM) for _ in range(2))
    first.batch(0)
    torch.testing.assert_close(first.batch(5).real, second.batch(5).real)
    torch.testing.assert_close(first.batch(5).latents, second.batch(5).latents)
    assert not torch.equal(first.batch(5).latents, first.batch(6).latents)
    other = DreamSource(discs(), replace(TINY_DREAM, seed=9))
    assert not torch.equal(first.batch(5).latents, other.batch(5).latents)


def test_pictures_are_mirrored_only_where_they_may_be() -> None:
    originals = {picture.tobytes() for picture in discs()}

    def are_originals(recipe: DreamRecipe) -> list[bool]:
        source = DreamSource(discs(), recipe)
        real = torch.cat([source.batch(step).real for step in range(10)])
        levels = (real * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return [np.ascontiguousarray(picture).tobytes() in originals for picture in levels]

    assert all(are_originals(replace(TINY_DREAM, mirror=False)))
    assert 5 < sum(are_originals(replace(TINY_DREAM, mirror=True))) < 35


@pytest.mark.parametrize(
    "recipe",
    [
        TINY_DREAM,
        PROJECTED,
        replace(TINY_DREAM, architecture="dcgan", loss="non-saturating"),
        replace(TINY_DREAM, auxiliary_weight=1.0, feedback_weight=1.0),
        replace(PROJECTED, auxiliary_weight=1.0, r1_weight=0.1),
        replace(TINY_DREAM, loss="wgan-gp", noise="uniform"),
    ],
    ids=["pixels", "projected", "dcgan", "tasks", "projected-tasks", "wgan-gp"],
)
def test_a_step_moves_both_players_and_nothing_is_infinite(recipe: DreamRecipe) -> None:
    trainer = make_dream_trainer(recipe)
    before = {
        name: [parameter.detach().clone() for parameter in module.parameters()]
        for name, module in (("generator", trainer.generator), ("judge", trainer.discriminator))
    }
    for _ in range(2):
        scalars = trainer.train_step(0.1)
    assert trainer.step == 2
    assert all(np.isfinite(list(scalars.values())))
    after = {"generator": trainer.generator.parameters(), "judge": trainer.discriminator.parameters()}
    for name, parameters in after.items():
        assert any(not torch.equal(one, other) for one, other in zip(before[name], parameters, strict=True)), name


def test_extra_objectives_are_told() -> None:
    scalars = make_dream_trainer(replace(TINY_DREAM, auxiliary_weight=1.0, feedback_weight=1.0)).train_step(0)
    assert {"generator/misread", "generator/lack_of_diversity", "augmentation"} <= set(scalars)


def test_a_resumed_run_goes_on_as_if_nothing_had_been() -> None:
    whole, first, second = (make_dream_trainer(replace(TINY_DREAM, augmentation=None)) for _ in range(3))
    for _ in range(4):
        whole.train_step(0.2)
    for _ in range(2):
        first.train_step(0.2)
    second.restore(*first.state())
    assert second.augmentation.probability == first.augmentation.probability
    for _ in range(2):
        second.train_step(0.2)
    for one, other in zip(whole.averaged_generator.parameters(), second.averaged_generator.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_the_rate_rises_stays_and_falls() -> None:
    trainer = make_dream_trainer()
    assert trainer._rate_factor(0.0) < 0.1
    trainer.step = 1000
    assert trainer._rate_factor(0.0) == trainer._rate_factor(0.6) == 1.0
    assert trainer._rate_factor(0.8) < 1.0
    assert trainer._rate_factor(1.0) == pytest.approx(0.05)


def test_learning_comes_nearer_to_the_references() -> None:
    recipe = replace(TINY_DREAM, batch_size=16, generator_rate=2e-3, discriminator_rate=2e-3, augmentation=0.0)
    trainer = make_dream_trainer(recipe)
    validation = DreamValidation(trainer.source.pictures, trainer.source, recipe, None)
    before = validation.distance(trainer.averaged_generator)
    for _ in range(80):
        trainer.train_step(0.1)
    assert validation.distance(trainer.averaged_generator) < 0.5 * before


def test_feedback_pushes_outputs_apart() -> None:
    real = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    alike = (real.mean(dim=0, keepdim=True) + 0.01 * (real - 0.5)).requires_grad_()
    lack = lack_of_diversity(real, alike)
    assert 0.9 < float(lack) <= 1
    lack.backward()
    assert alike.grad is not None
    moved = (alike - 100 * alike.grad).detach()
    assert float(lack_of_diversity(real, moved)) < float(lack)
    assert float(lack_of_diversity(real, real)) == pytest.approx(0, abs=1e-6)


def test_a_validation_is_the_same_twice_and_leaves_training_on() -> None:
    trainer = make_dream_trainer(PROJECTED)
    encoder = trainer.discriminator._encoder[0]  # type: ignore[attr-defined]
    validation = DreamValidation(trainer.source.pictures, trainer.source, PROJECTED, encoder)
    trainer.generator.train()
    assert validation.distance(trainer.generator) == validation.distance(trainer.generator)
    assert trainer.generator.training


def test_sets_of_one_kind_are_at_no_distance() -> None:
    random = torch.Generator().manual_seed(0)
    first, second = (torch.randn(400, 6, generator=random) for _ in range(2))
    assert abs(kernel_distance(first, second)) < 0.1
    assert kernel_distance(first, second + 1) > 1
    assert kernel_distance(first[:1], first[:1]) == pytest.approx(0)


def test_processes_share_a_batch() -> None:
    class Half(type(make_dream_trainer().group)):  # type: ignore[misc]
        def part(self, batch: torch.Tensor) -> torch.Tensor:
            return batch[::2]

    trainer: DreamTrainer = make_dream_trainer(group=Half())
    assert np.isfinite(list(trainer.train_step(0.0).values())).all()

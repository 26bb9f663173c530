"""Batches, generator, and a step of both players."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.style.runtime import OnnxRuntime
from impasto.train.restore_batches import RestoreSource, damaged_pair, middle
from impasto.train.restore_generator import RestoreGenerator, restore_model
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_trainer import feature_gap
from impasto.train.restore_validation import RestoreValidation, decibels

from .restoring import TINY, make_restore_trainer, scene
from .tiny_encoder import TinyEncoder


def lively(recipe: RestoreRecipe = TINY, seed: int = 0) -> RestoreGenerator:
    """Return a generator that does change pictures."""
    torch.manual_seed(seed)
    generator = RestoreGenerator(recipe)
    torch.nn.init.normal_(generator.last.weight, std=0.05)
    return generator.eval()


# --- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    source, again = (RestoreSource([scene(seed) for seed in range(4)], TINY) for _ in range(2))
    source.batch(0)
    for step in (3, 9):
        assert torch.equal(source.batch(step).content, again.batch(step).content)
    assert not torch.equal(source.batch(3).real, source.batch(4).real)


def test_content_is_what_damage_makes_of_the_same_crop() -> None:
    batch = RestoreSource([scene(0)], replace(TINY, damage_share=1)).batch(0)
    assert batch.real.shape == batch.content.shape == (3, 3, 32, 32)
    assert 0.001 < (batch.real - batch.content).abs().mean() < 0.12
    whole = RestoreSource([scene(0)], replace(TINY, damage_share=0)).batch(0)
    assert torch.equal(whole.real, whole.content)


def test_a_crop_is_as_if_the_whole_picture_had_been_damaged() -> None:
    """Blur reaches over the crop's edge: what lies beyond is in the margin."""
    recipe = replace(TINY, damage_share=1, most_noise=0, most_shrinking=1, least_quality=95, most_blur=4)
    picture = scene(2, 120, 120)
    inner, damaged = damaged_pair(middle(picture, 96), recipe, np.random.default_rng(1))
    around, wider = damaged_pair(middle(picture, 104), recipe, np.random.default_rng(1))
    np.testing.assert_array_equal(inner, around[4:-4, 4:-4])
    assert np.abs(damaged.astype(int) - wider[4:-4, 4:-4]).mean() < 1.5


def test_photos_that_are_too_small_are_mirrored_at_their_edges() -> None:
    small = scene(0)[:20, :26]
    assert middle(small, 64).shape == (64, 64, 3)
    assert RestoreSource([small], TINY).batch(0).real.shape == (3, 3, 32, 32)


# --- the generator --------------------------------------------------------------------------------------------------


def test_at_the_start_nothing_is_changed() -> None:
    images = torch.rand(2, 3, 20, 28)
    assert torch.equal(RestoreGenerator(TINY)(images), images)


def test_the_file_does_what_the_network_does_at_any_even_size() -> None:
    generator = lively()
    runtime = OnnxRuntime(restore_model(generator))
    for height, width in ((2, 2), (32, 32), (46, 70)):
        images = torch.rand(1, 3, height, width)
        expected = generator(images).clamp(0, 1).detach().numpy()
        found = runtime.run({"content": images.numpy()})["restored"]
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert np.abs(found - images.numpy()).mean() > 1e-3


def test_it_sees_no_farther_than_tiles_overlap() -> None:
    from impasto.apply.tiling import OVERLAP

    generator = lively(replace(TINY, num_blocks=RestoreRecipe().num_blocks))
    images = torch.rand(1, 3, 8, 4 * OVERLAP)
    images.requires_grad_(True)
    generator(images)[..., 2 * OVERLAP].sum().backward()
    assert images.grad is not None
    reached = images.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten() - 2 * OVERLAP
    assert 20 < int(reached.max()) < OVERLAP
    assert 20 < -int(reached.min()) < OVERLAP


# --- training -------------------------------------------------------------------------------------------------------


def test_the_gap_of_features_is_in_deviations_of_what_is_wanted() -> None:
    wanted = [torch.randn(1, 4, 16, 16), torch.randn(1, 4, 8, 8) * 100]
    assert float(feature_gap(wanted, wanted, (0, 1))) == 0
    shifted = [each + each.std() for each in wanted]
    assert float(feature_gap(wanted, shifted, (0, 1))) == pytest.approx(1)
    assert float(feature_gap(wanted, [shifted[0], wanted[1]], (1,))) == 0


def test_a_step_moves_both_players() -> None:
    trainer = make_restore_trainer()
    before = {name: value.clone() for name, value in trainer.discriminator.named_parameters()}
    scalars = trainer.train_step(0.0)
    assert trainer.generator.last.weight.abs().sum() > 0
    assert any(not torch.equal(value, before[name]) for name, value in trainer.discriminator.named_parameters())
    assert {"generator/pixels", "generator/features", "generator/adversarial", "discriminator/loss"} <= set(scalars)
    assert all(np.isfinite(value) for value in scalars.values())


def test_by_pixels_alone_nobody_judges_and_nothing_is_looked_at() -> None:
    trainer = make_restore_trainer(replace(TINY, adversarial_weight=0, perceptual_weight=0))
    encoder = trainer._encoder
    assert isinstance(encoder, TinyEncoder)
    before = [value.clone() for value in trainer.discriminator.parameters()]
    scalars = trainer.train_step(0.0)
    assert encoder.num_calls == 0
    assert all(torch.equal(value, old) for value, old in zip(trainer.discriminator.parameters(), before, strict=True))
    assert "generator/adversarial" not in scalars
    assert trainer.step == 1


def test_a_step_looks_at_each_picture_once() -> None:
    trainer = make_restore_trainer()
    encoder = trainer._encoder
    assert isinstance(encoder, TinyEncoder)
    trainer.train_step(0.0)
    assert encoder.num_calls == 2


@pytest.mark.parametrize("loss", ["bce", "lsgan", "wgan-gp"])
def test_every_loss_trains(loss: str) -> None:
    trainer = make_restore_trainer(replace(TINY, loss=loss, r1_weight=1.0))
    assert all(np.isfinite(value) for value in trainer.train_step(0.0).values())


def test_a_run_that_is_taken_up_again_ends_where_it_would_have() -> None:
    whole, halves = make_restore_trainer(), make_restore_trainer()
    for step in range(4):
        whole.train_step(step / 4)
    for step in range(2):
        halves.train_step(step / 4)
    resumed = make_restore_trainer()
    resumed.restore(*halves.state())
    for step in range(2, 4):
        resumed.train_step(step / 4)
    for one, other in zip(whole.generator.parameters(), resumed.generator.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_learns_to_take_noise_away() -> None:
    recipe = replace(
        TINY, most_blur=0, most_shrinking=1, least_quality=95, most_noise=40, damage_share=1, generator_rate=3e-3,
        width=0.4, adversarial_weight=0, perceptual_weight=0,
    )  # fmt: skip
    trainer = make_restore_trainer(recipe)
    validation = RestoreValidation([scene(20), scene(21)], recipe, TinyEncoder())
    for step in range(60):
        trainer.train_step(step / 60)
    assert validation.decibels(trainer.averaged_generator) > validation.untouched_decibels + 1


# --- validation -----------------------------------------------------------------------------------------------------


def test_validation_is_the_same_each_time_and_nothing_where_nothing_is_damaged() -> None:
    pictures = [scene(seed) for seed in range(3)]
    first, second = (RestoreValidation(pictures, TINY, TinyEncoder()) for _ in range(2))
    assert first.untouched == second.untouched > 0
    idle = RestoreGenerator(TINY)
    assert first.distance(idle) == pytest.approx(first.untouched, rel=1e-5)
    assert first.decibels(idle) == pytest.approx(first.untouched_decibels, rel=1e-5)
    whole = RestoreValidation(pictures, replace(TINY, damage_share=0), TinyEncoder())
    assert whole.untouched == 0
    assert whole.untouched_decibels == pytest.approx(100)


def test_decibels_are_those_of_the_mean_squared_error() -> None:
    wanted = torch.zeros(2, 3, 8, 8)
    assert decibels(wanted + 0.1, wanted) == pytest.approx(20, abs=1e-3)

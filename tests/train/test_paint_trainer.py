from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto.errors import TrainingError
from impasto.train import paint_trainer
from impasto.train.batches import Pool
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.paint_batches import PaintBatch
from impasto.train.paint_features import PaintFeatures
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.paint_trainer import PaintTrainer
from impasto.train.paint_validation import TextureValidation
from impasto.train.recipe import LOSS_NAMES

from .painting import TINY_PAINT, make_paint_trainer, photos, references, small_generator, strokes
from .pictures import scenes
from .tiny_encoder import TinyEncoder


def train(trainer: PaintTrainer, num_steps: int, total: int = 100) -> PaintTrainer:
    for _ in range(num_steps):
        trainer.train_step(trainer.step / total)
    return trainer


def same_tensors(first: PaintTrainer, second: PaintTrainer) -> bool:
    one, two = first.state()[0], second.state()[0]
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str) -> set[str]:
    return {name for name in before if name.startswith(part) and not torch.equal(before[name], after[name])}


# --- a step ---------------------------------------------------------------------------------------------------------


def test_a_step_moves_both_players_and_tells_of_every_objective() -> None:
    trainer = make_paint_trainer()
    before = trainer.state()[0]
    scalars = trainer.train_step(0.0)
    objectives = ("adversarial", "content", "style", "chroma", "grid", "excess", "unsteadiness")
    assert {f"generator/{name}" for name in objectives} <= scalars.keys()
    assert {"generator/loss", "discriminator/loss", "generator/diversity"} <= scalars.keys()
    assert all(math.isfinite(value) for value in scalars.values())
    after = trainer.state()[0]
    for player in ("generator.", "average.", "discriminator."):
        assert changed(before, after, player)


def test_a_run_brings_texture_closer_and_changes_pictures() -> None:
    recipe = replace(TINY_PAINT, generator_rate=3e-3, adversarial_weight=0.2, content_weight=0.2, steadiness_weight=0.0)
    trainer = make_paint_trainer(recipe)
    validation = TextureValidation(references(), photos(), trainer.features, recipe)
    before = validation.distance(trainer.averaged_generator)
    train(trainer, 20, total=60)
    assert validation.distance(trainer.averaged_generator) < 0.9 * before


def test_steadiness_is_asked_for_now_and_then_only() -> None:
    trainer = make_paint_trainer()
    asked = ["generator/unsteadiness" in trainer.train_step(0.0) for _ in range(4)]
    assert asked == [step % paint_trainer._STEADY_EVERY == 0 for step in range(4)]
    assert not all(asked)
    without = make_paint_trainer(replace(TINY_PAINT, steadiness_weight=0.0))
    assert "generator/unsteadiness" not in without.train_step(0.0)


@pytest.mark.parametrize("loss", LOSS_NAMES)
def test_every_loss_trains(loss: str) -> None:
    trainer = train(make_paint_trainer(replace(TINY_PAINT, loss=loss, r1_weight=0.1)), 2)
    assert (trainer.step, trainer.num_rollbacks) == (2, 0)


def test_weights_of_objectives_count() -> None:
    plain, heavy = (make_paint_trainer(replace(TINY_PAINT, content_weight=w)).train_step(0.0) for w in (1.0, 3.0))
    assert heavy["generator/content"] == pytest.approx(3 * plain["generator/content"], rel=1e-4)
    assert heavy["generator/loss"] > plain["generator/loss"]


def test_bfloat16_is_close_to_float32() -> None:
    full, short = (
        make_paint_trainer(replace(TINY_PAINT, precision=p)).train_step(0.0) for p in ("float32", "bfloat16")
    )
    assert short["discriminator/loss"] != full["discriminator/loss"]
    assert short["discriminator/loss"] == pytest.approx(full["discriminator/loss"], rel=0.05)


def test_several_styles_are_learned_at_once() -> None:
    inverted = [255 - strokes(70 + seed) for seed in range(5)]
    trainer = make_paint_trainer(pools=[references(), Pool(inverted, 1)])
    assert trainer.discriminator.judge([torch.rand(2, c, 4, 4) for c in trainer.features.num_channels])[0].shape[1] == 1
    before = trainer.generator.vectors.detach().clone()
    train(trainer, 4)
    moved = (trainer.generator.vectors - before).abs().sum(dim=1)
    assert (moved > 0).all()


# --- what learns when -----------------------------------------------------------------------------------------------


def test_from_a_trunk_the_vector_and_what_it_modulates_come_first() -> None:
    recipe = replace(TINY_PAINT, start="trunk", width=1.0, warm_up=0.5)
    trainer = make_paint_trainer(recipe, generator=small_generator())
    before = trainer.state()[0]
    trainer.train_step(0.1)
    early = {name.split(".")[-1] for name in changed(before, trainer.state()[0], "generator.")}
    assert early == {"vectors", "gain", "bias", "modulation", "mean", "variance"}
    trainer.train_step(0.6)
    assert any(name.endswith(".weight") for name in changed(before, trainer.state()[0], "generator."))


def test_from_nothing_everything_learns_at_once() -> None:
    trainer = make_paint_trainer()
    before = trainer.state()[0]
    trainer.train_step(0.0)
    assert "generator.stem.weight" in changed(before, trainer.state()[0], "generator.")


def test_statistics_are_frozen_towards_the_end() -> None:
    trainer = make_paint_trainer(replace(TINY_PAINT, freeze_at=0.5))
    trainer.train_step(0.4)
    before = trainer.state()[0]
    trainer.train_step(0.6)
    assert not [
        name for name in changed(before, trainer.state()[0], "generator.") if name.endswith(("mean", "variance"))
    ]


def test_the_average_follows_weights_and_statistics() -> None:
    trainer = train(make_paint_trainer(replace(TINY_PAINT, ema_decay=0.0)), 2)
    generator, average = trainer.generator.state_dict(), trainer.averaged_generator.state_dict()
    assert all(torch.allclose(generator[name], average[name], atol=1e-6) for name in generator)
    slow = train(make_paint_trainer(replace(TINY_PAINT, ema_decay=0.99)), 2)
    assert not torch.equal(slow.generator.stem.mean, slow.averaged_generator.stem.mean)


def test_rates_are_two_and_fall_towards_the_end() -> None:
    trainer = make_paint_trainer(replace(TINY_PAINT, generator_rate=1e-3, discriminator_rate=4e-3))
    trainer.step = 100
    trainer.train_step(0.4)
    rates = [phase.optimiser.param_groups[0]["lr"] for phase in trainer.phases]
    assert rates == pytest.approx([4e-3, 1e-3])
    trainer.train_step(1.0)
    assert [phase.optimiser.param_groups[0]["lr"] for phase in trainer.phases] == pytest.approx([8e-5, 2e-5])


# --- the same again -------------------------------------------------------------------------------------------------


def test_a_seed_makes_two_runs_agree_exactly() -> None:
    first, second = train(make_paint_trainer(), 3), train(make_paint_trainer(), 3)
    assert same_tensors(first, second)
    assert first.state()[1] == second.state()[1]
    assert not same_tensors(first, train(make_paint_trainer(replace(TINY_PAINT, seed=4)), 3))


@pytest.mark.parametrize("pause", [1, 3])
def test_a_resumed_run_is_the_same_run(tmp_path: Path, pause: int) -> None:
    straight = train(make_paint_trainer(), 5)
    first = train(make_paint_trainer(), pause)
    save_checkpoint(tmp_path / "a.checkpoint", *first.state())
    second = make_paint_trainer()
    second.restore(*load_checkpoint(tmp_path / "a.checkpoint"))
    train(second, 5 - pause)
    assert same_tensors(straight, second)
    assert straight.state()[1] == second.state()[1]


def test_a_state_of_another_width_is_refused() -> None:
    with pytest.raises(TrainingError, match="of another shape than this recipe asks for"):
        make_paint_trainer().restore(*make_paint_trainer(generator=small_generator()).state())


def test_a_broken_batch_is_left_behind() -> None:
    trainer = train(make_paint_trainer(), 1)
    draw = trainer.source.batch

    def broken(step: int) -> PaintBatch:
        batch = draw(step)
        if step == 2:
            batch.content[:] = math.nan
        return batch

    trainer.source.batch = broken  # type: ignore[method-assign]
    train(trainer, 1)
    assert trainer.train_step(0.0) == {}
    assert (trainer.step, trainer.num_rollbacks) == (3, 1)
    assert "a loss was not finite. Went back to step 0" in trainer.monitor.messages[0]
    assert trainer.train_step(0.0)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in trainer.state()[0].values())


def test_noise_blurs_what_the_discriminator_sees() -> None:
    clear, blurred = make_paint_trainer(), make_paint_trainer()
    blurred.instance_noise = 0.3
    assert clear.train_step(0.0)["discriminator/loss"] != blurred.train_step(0.0)["discriminator/loss"]


def test_collapsed_outputs_are_seen_and_said() -> None:
    trainer = make_paint_trainer(replace(TINY_PAINT, generator_rate=1e-7, discriminator_rate=1e-7))
    trainer.monitor.quiet_until = 2
    paint = trainer._paint
    trainer._paint = lambda content, batch: paint(content, batch) * 0 + 0.5  # type: ignore[method-assign]
    train(trainer, 3)
    assert "the outputs have collapsed" in trainer.monitor.messages[0]
    assert trainer.rate_factors["generator"] == 0.5


# --- validation -----------------------------------------------------------------------------------------------------


def validation(content: Any = None, shown: Any = None, recipe: PaintRecipe = TINY_PAINT) -> TextureValidation:
    return TextureValidation(shown or references(), content or photos(), PaintFeatures(TinyEncoder(), (0, 1)), recipe)


def test_references_are_nearer_to_references_than_photos_are() -> None:
    assert validation(content=references(4)).untouched < 0.7 * validation().untouched


def test_validation_leaves_the_network_as_it_was() -> None:
    generator, judged = small_generator(), validation()
    before = copy.deepcopy(generator.state_dict())
    generator.train()
    assert judged.distance(generator) == judged.distance(generator)
    assert generator.training
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.state_dict().items())


def test_validation_takes_pictures_of_any_size() -> None:
    odd = Pool([*scenes(1, width=67, height=131), *scenes(1, first_seed=5, width=300, height=65)], 1)
    assert math.isfinite(validation(content=odd).distance(small_generator()))


# --- styles without colours -----------------------------------------------------------------------------------------


def test_references_without_colours_make_a_style_that_paints_in_grey() -> None:
    grey = Pool([strokes(seed).mean(axis=2, keepdims=True).repeat(3, axis=2).astype("uint8") for seed in range(4)], 1)
    generator = small_generator()
    assert not torch.equal(make_paint_trainer(pools=[grey], generator=generator).generator.color_matrix, torch.eye(3))
    # A style with colours may start from one without.
    assert torch.equal(make_paint_trainer(generator=generator).generator.color_matrix, torch.eye(3))


def test_styles_learned_at_once_keep_colours_where_one_has_them() -> None:
    grey = Pool([strokes(seed).mean(axis=2, keepdims=True).repeat(3, axis=2).astype("uint8") for seed in range(4)], 1)
    trainer = make_paint_trainer(pools=[grey, references()])
    assert torch.equal(trainer.generator.color_matrix, torch.eye(3))

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.errors import TrainingError
from impasto.train.batches import Batch, Pool
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.look_generator import identity_lattice
from impasto.train.look_trainer import LookTrainer
from impasto.train.recipe import LOSS_NAMES, Recipe
from impasto.train.schedule import rate_factor
from impasto.train.validation import ColorValidation

from .conftest import MakeTrainer
from .tiny_encoder import TinyEncoder

LONG = 150
SCALARS = {
    "discriminator/loss",
    "discriminator/gradient",
    "discriminator/accuracy_on_real",
    "discriminator/accuracy_on_fake",
    "generator/loss",
    "generator/gradient",
    "generator/adversarial",
    "generator/diversity",
}


def train(trainer: LookTrainer, num_steps: int, total: int = LONG) -> LookTrainer:
    for _ in range(num_steps):
        trainer.train_step(trainer.step / total)
    return trainer


def same_tensors(first: LookTrainer, second: LookTrainer) -> bool:
    one, two = first.state()[0], second.state()[0]
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


# --- a step ---------------------------------------------------------------------------------------------------------


def test_a_step_moves_both_players_and_tells_of_it(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    before = copy.deepcopy(trainer.state()[0])
    scalars = trainer.train_step(0.0)
    assert scalars.keys() >= SCALARS
    assert all(math.isfinite(value) for value in scalars.values())
    after = trainer.state()[0]
    assert trainer.step == 1
    for player in ("generator.", "average.", "discriminator."):
        assert any(not torch.equal(after[name], before[name]) for name in before if name.startswith(player))


def test_a_run_brings_colours_closer(
    make_trainer: MakeTrainer, references: Pool, content: Pool, recipe: Recipe
) -> None:
    trainer = make_trainer(replace(recipe, generator_rate=0.01, ema_decay=0.95))
    validation = ColorValidation(references, content, seed=0)
    train(trainer, LONG)
    assert validation.distance(trainer.averaged_generator) < 0.5 * validation.untouched


def test_each_phase_moves_its_own_player_only(make_trainer: MakeTrainer) -> None:
    for kept, other in (("discriminator", "generator."), ("generator", "discriminator.")):
        trainer = make_trainer()
        before = copy.deepcopy(trainer.state()[0])
        trainer.phases = [phase for phase in trainer.phases if phase.name == kept]
        trainer.train_step(0.0)
        after = trainer.state()[0]
        still = [
            name
            for name in before
            if name.startswith(other) and name.endswith(("weight", "bias", "original", "lattices.0", "offset"))
        ]
        assert still
        assert all(torch.equal(after[name], before[name]) for name in still)


def test_a_phase_can_rest(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    trainer.phases[1].interval = 3
    seen = ["generator/loss" in trainer.train_step(0.0) for _ in range(7)]
    assert seen == [True, False, False, True, False, False, True]
    assert trainer.monitor.num_steps == 3


@pytest.mark.parametrize("loss", LOSS_NAMES)
def test_every_loss_trains(make_trainer: MakeTrainer, recipe: Recipe, loss: str) -> None:
    trainer = train(make_trainer(replace(recipe, loss=loss, r1_weight=0.5)), 6)
    assert trainer.step == 6
    assert trainer.num_rollbacks == 0
    lut = trainer.generator(torch.rand(1, 3, 8, 8))
    assert torch.isfinite(lut).all()
    assert not torch.allclose(lut[0], identity_lattice(recipe.lut_size), atol=1e-4)


def test_options_reach_the_objectives(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    plain = make_trainer().train_step(0.0)
    with_r1 = make_trainer(replace(recipe, r1_weight=10.0)).train_step(0.0)
    assert with_r1["discriminator/loss"] > plain["discriminator/loss"]
    quick = replace(recipe, generator_rate=0.01)
    trainers = [train(make_trainer(replace(quick, adaptation_weight=weight)), 20) for weight in (0.0, 1e4)]
    thumbnails = torch.rand(4, 3, 8, 8)
    free, held = (float(trainer.generator.adaptation(thumbnails).detach().abs().mean()) for trainer in trainers)
    assert held < 0.5 * free


def test_bfloat16_is_close_to_float32(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    images = torch.rand(4, 3, 32, 32)
    full, short = (make_trainer(replace(recipe, precision=name)).judge(images) for name in ("float32", "bfloat16"))
    for one, two in zip(full, short, strict=True):
        assert two.dtype == torch.float32
        assert not torch.equal(one, two)
        assert torch.allclose(one, two, atol=0.05)


def test_judging_one_stage_asks_the_encoder_for_no_more(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    asked: list[int] = []

    class Asked(TinyEncoder):
        def __call__(self, images: Tensor, num_stages: int = 4) -> list[Tensor]:
            asked.append(num_stages)
            return super().__call__(images, num_stages)

    logits = make_trainer(replace(recipe, stages=(1,)), encoder=Asked()).judge(torch.rand(2, 3, 32, 32))
    assert asked == [2]
    assert [head.shape[1] for head in logits] == [1, 1, 1], "one stage, colour and exposure"


# --- rates, averages, noise -----------------------------------------------------------------------------------------


def rates(trainer: LookTrainer) -> dict[str, float]:
    return {phase.name: phase.optimiser.param_groups[0]["lr"] for phase in trainer.phases}


def test_each_player_has_its_own_rate_and_both_follow_the_schedule(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    trainer = make_trainer(replace(recipe, generator_rate=1e-3, discriminator_rate=4e-3))

    def scheduled(progress: float) -> dict[str, float]:
        factor = rate_factor(progress, trainer.step)
        trainer.train_step(progress)
        return {"generator": 1e-3 * factor, "discriminator": 4e-3 * factor}

    assert scheduled(0.0) == pytest.approx(rates(trainer))
    assert scheduled(0.7) == pytest.approx(rates(trainer))
    trainer.rate_factors["discriminator"] = 0.5
    expected = scheduled(0.2)
    assert rates(trainer) == pytest.approx(expected | {"discriminator": expected["discriminator"] / 2})


def test_the_average_follows_the_generator(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    at_once = train(make_trainer(replace(recipe, ema_decay=0.0)), 3)
    slowly = train(make_trainer(replace(recipe, ema_decay=0.999)), 3)
    thumbnails = torch.rand(2, 3, 8, 8)
    assert torch.equal(at_once.averaged_generator(thumbnails), at_once.generator(thumbnails))
    start = identity_lattice(recipe.lut_size)
    moved, average = (net(thumbnails).detach() - start for net in (slowly.generator, slowly.averaged_generator))
    assert 0 < average.norm() < moved.norm()


def test_gradients_pass_where_outputs_are_clamped(make_trainer: MakeTrainer) -> None:
    """A look that crushes blacks goes below nought: what is shown is clamped, what is learned from is not."""
    trainer = make_trainer()
    lut = (identity_lattice(5) * 3 - 1)[None].requires_grad_()
    batch = Batch(torch.zeros(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.zeros(1, 3, 8, 8))
    shown, raw = trainer.generate(lambda _: lut, batch)
    assert raw.min() < 0
    assert raw.max() > 1
    assert torch.allclose(shown, raw.clamp(0, 1), atol=1e-6)
    [gradient] = torch.autograd.grad(shown.sum(), lut)
    assert gradient.sum() == pytest.approx(48)


def test_outputs_far_out_of_range_are_drawn_back(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    trainer = make_trainer(replace(recipe, generator_rate=0.02))
    with torch.no_grad():
        trainer.generator.shared.lattices[0].fill_(1.5)
    train(trainer, 40, total=10**6)
    lut = trainer.generator(torch.rand(1, 3, 8, 8))
    assert lut.mean() < 1.9, "it began at 2"


def test_noise_blurs_the_view_and_depends_on_the_step_alone(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    images = torch.rand(2, 3, 32, 32)
    trainer.discriminator.eval()
    clear = trainer.judge(images)[-1]
    assert torch.equal(clear, trainer.judge(images)[-1])
    trainer.instance_noise = 0.2
    blurred = trainer.judge(images)[-1]
    assert not torch.allclose(clear, blurred)
    assert torch.equal(blurred, trainer.judge(images)[-1])
    trainer.step += 1
    assert not torch.equal(blurred, trainer.judge(images)[-1])


# --- the same again -------------------------------------------------------------------------------------------------


def test_a_seed_makes_two_runs_agree_exactly(make_trainer: MakeTrainer, recipe: Recipe) -> None:
    first, second = train(make_trainer(), 6), train(make_trainer(), 6)
    assert same_tensors(first, second)
    assert first.state()[1] == second.state()[1]
    assert not same_tensors(first, train(make_trainer(replace(recipe, seed=4)), 6))


@pytest.mark.parametrize("loss", ["hinge", "wgan-gp"])
@pytest.mark.parametrize("pause", [1, 5])
def test_a_resumed_run_is_the_same_run(
    make_trainer: MakeTrainer, recipe: Recipe, tmp_path: Path, pause: int, loss: str
) -> None:
    recipe = replace(recipe, loss=loss)
    straight = train(make_trainer(recipe), 9)
    first = train(make_trainer(recipe), pause)
    first.instance_noise = straight.instance_noise
    save_checkpoint(tmp_path / "a.checkpoint", *first.state())
    train(first, 2)
    second = make_trainer(recipe)
    second.restore(*load_checkpoint(tmp_path / "a.checkpoint"))
    assert second.step == pause
    train(second, 9 - pause)
    assert same_tensors(straight, second)
    assert straight.state()[1] == second.state()[1]


def test_remedies_survive_a_resume(make_trainer: MakeTrainer) -> None:
    first = train(make_trainer(), 2)
    first.instance_noise, first.rate_factors["discriminator"], first.num_rollbacks = 0.05, 0.25, 2
    first.monitor.messages.append("step 1: something")
    tensors, state = first.state()
    second = make_trainer()
    second.restore(tensors, json.loads(json.dumps(state)))
    assert (second.instance_noise, second.rate_factors["discriminator"], second.num_rollbacks) == (0.05, 0.25, 2)
    assert second.monitor.messages == ["step 1: something"]
    train(first, 2)
    train(second, 2)
    assert same_tensors(first, second)


@pytest.mark.parametrize("change", [{"num_adaptive": 2}, {"stages": (0,)}, {"stages": (1, 2)}, {"num_adaptive": 0}])
def test_a_state_of_other_networks_is_refused(
    make_trainer: MakeTrainer, recipe: Recipe, change: dict[str, Any]
) -> None:
    with pytest.raises(TrainingError, match="of another shape than this recipe asks for"):
        make_trainer().restore(*make_trainer(replace(recipe, **change)).state())


def test_a_state_is_a_copy(make_trainer: MakeTrainer) -> None:
    trainer = train(make_trainer(), 1)
    tensors, state = trainer.state()
    kept = {name: tensor.clone() for name, tensor in tensors.items()}, copy.deepcopy(state)
    train(trainer, 3)
    assert all(torch.equal(tensors[name], kept[0][name]) for name in tensors)
    assert state == kept[1]


# --- non-finite losses ----------------------------------------------------------------------------------------------

Break = Callable[[LookTrainer], None]


def spoil_batches(trainer: LookTrainer, steps: set[int]) -> None:
    """Put one pixel that is no number into the batches of some steps."""
    draw = trainer.source.batch

    def batch(step: int) -> Batch:
        drawn = draw(step)
        if step in steps:
            drawn.real[0, 0, 0, 0] = math.nan
        return drawn

    trainer.source.batch = batch  # type: ignore[method-assign]


def all_finite(trainer: LookTrainer) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in trainer.state()[0].values())


def test_a_broken_batch_is_left_behind_and_said(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    spoil_batches(trainer, {3})
    train(trainer, 3)
    assert trainer.train_step(0.0) == {}
    assert trainer.step == 4, "the batch that broke the run is not met again"
    assert trainer.num_rollbacks == 1
    assert trainer.rate_factors == {"discriminator": 0.5, "generator": 0.5}
    [message] = trainer.monitor.messages
    assert message == "step 3: a loss was not finite. Went back to step 0 and halved both learning rates."
    assert trainer.train_step(0.0).keys() >= SCALARS
    assert all_finite(trainer)


def test_a_broken_generator_is_taken_back(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    before = trainer.state()[0]
    with torch.no_grad():
        trainer.generator.shared.lattices[0][:] = math.nan
    assert trainer.train_step(0.0) == {}
    after = trainer.state()[0]
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_run_goes_back_no_further_than_its_last_snapshot(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    spoil_batches(trainer, {52})
    train(trainer, 50)
    kept = trainer.state()[0]
    train(trainer, 2)
    assert trainer.train_step(0.0) == {}
    assert "Went back to step 50" in trainer.monitor.messages[0]
    assert all(torch.equal(trainer.state()[0][name], kept[name]) for name in kept)


def test_what_was_said_before_a_rollback_stays_said(make_trainer: MakeTrainer) -> None:
    """A remedy between the snapshot and the rollback holds, and its message does not hide the rollback's."""
    trainer = make_trainer()
    spoil_batches(trainer, {2})
    train(trainer, 1)
    trainer.monitor.messages.append("step 1: a remedy")
    trainer.instance_noise = 0.05
    train(trainer, 2)
    assert len(trainer.monitor.messages) == 2
    assert trainer.monitor.messages[0] == "step 1: a remedy"
    assert "not finite" in trainer.monitor.messages[1]
    assert trainer.instance_noise == 0.05


@pytest.mark.parametrize("player", [0, 1])
def test_losses_that_stay_broken_end_the_run(make_trainer: MakeTrainer, player: int) -> None:
    trainer = make_trainer()
    objective = trainer.phases[player].objective

    def broken(batch: Batch) -> tuple[Tensor, dict[str, float]]:
        loss, scalars = objective(batch)
        return loss * math.inf, scalars

    trainer.phases[player].objective = broken
    with pytest.raises(
        TrainingError, match="losses stay non-finite after 5 rollbacks; try the loss 'hinge' or another"
    ):
        train(trainer, 20)
    assert trainer.num_rollbacks == 5
    assert len(trainer.monitor.messages) == 5
    assert all_finite(trainer), "what is kept can still be used"

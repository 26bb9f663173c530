"""One training run in memory: networks, phases, moving average, and what is saved to go on later."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.errors import TrainingError
from impasto.train.augment import augment_both
from impasto.train.batches import Batch, BatchSource
from impasto.train.checkpoint import module_tensors, optimiser_tensors, restore_module, restore_optimiser
from impasto.train.discriminator import Discriminator
from impasto.train.look_generator import LookGenerator, apply_lut, tone_reversal
from impasto.train.losses import interpolated_gradient_penalty, load_loss, r1_penalty
from impasto.train.monitor import Monitor, Observation, Remedy, accuracy, relative_diversity
from impasto.train.processes import ProcessGroup
from impasto.train.recipe import Recipe
from impasto.train.schedule import rate_factor
from impasto.vision.encoders import Encoder

_SNAPSHOT_EVERY = 50
_MAX_ROLLBACKS = 5
_RANGE_WEIGHT = 10.0
_RANGE_MARGIN = 0.05
_REVERSAL_WEIGHT = 3.0
_NUM_REVERSAL = 4
_ADAM_BETAS = (0.0, 0.99)

_OBSERVED = (
    "discriminator/accuracy_on_real",
    "discriminator/accuracy_on_fake",
    "generator/diversity",
    "generator/gradient",
    "discriminator/gradient",
)

Scalars = dict[str, float]


@dataclass
class Phase:
    """One player's move in a step.

    Attributes
    ----------
    rate
        The player's own learning rate, before the schedule and remedies.
    objective
        Loss of a batch, and scalars to record.
    interval
        The phase runs every so many steps.
    """

    name: str
    module: nn.Module
    optimiser: torch.optim.Optimizer
    rate: float
    objective: Callable[[Batch], tuple[Tensor, Scalars]]
    interval: int = 1


class LookTrainer:
    """Trains a `LookGenerator` against a `Discriminator`.

    `averaged_generator`, the moving average of the generator, is what is validated and kept.

    Parameters
    ----------
    source
        Batches by step.
    encoder
        Frozen features for the discriminator.
    group
        The processes that share the work.
    """

    def __init__(
        self, recipe: Recipe, source: BatchSource, encoder: Encoder, group: ProcessGroup | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.source = source
        self.group = group or ProcessGroup()
        # Never tried on a graphics card, and a look takes minutes without one: better slow than wrong.
        self.device = torch.device("cpu")
        self.loss = load_loss(recipe.loss)
        self.generator = LookGenerator(recipe.lut_size, recipe.num_adaptive).to(self.device)
        self.discriminator = Discriminator(encoder, recipe.stages, seed=recipe.seed).to(self.device)
        self.averaged_generator = copy.deepcopy(self.generator).requires_grad_(False)
        self.monitor = Monitor()
        self.step = 0
        self.num_rollbacks = 0
        self.rate_factors = {"discriminator": 1.0, "generator": 1.0}
        self.instance_noise = 0.0
        self.phases = self._phases()
        self._snapshot = self.state()

    def _phases(self) -> list[Phase]:
        def adam(module: nn.Module, rate: float) -> torch.optim.Optimizer:
            return torch.optim.Adam(module.parameters(), lr=rate, betas=_ADAM_BETAS)

        recipe = self.recipe
        return [
            Phase(
                "discriminator",
                self.discriminator,
                adam(self.discriminator, recipe.discriminator_rate),
                recipe.discriminator_rate,
                self._discriminator_objective,
            ),
            Phase(
                "generator",
                self.generator,
                adam(self.generator, recipe.generator_rate),
                recipe.generator_rate,
                self._generator_objective,
            ),
        ]

    def train_step(self, progress: float) -> Scalars:
        """Walk the phases once and return what is worth recording.

        Raises
        ------
        TrainingError
            If losses stay non-finite through several rollbacks.
        """
        batch = self.source.batch(self.step)
        batch = Batch(*(self.group.part(t) for t in (batch.real, batch.content, batch.thumbnails))).to(self.device)
        scalars: Scalars = {}
        for phase in self.phases:
            if self.step % phase.interval == 0:
                scalars |= self._run(phase, batch, progress)
        if not all(math.isfinite(value) for value in scalars.values()):
            return self._roll_back()
        self._average_generator()
        self.step += 1
        self._watch(scalars)
        if self.step % _SNAPSHOT_EVERY == 0:
            self._snapshot = self.state()
        return scalars

    def _run(self, phase: Phase, batch: Batch, progress: float) -> Scalars:
        for group in phase.optimiser.param_groups:
            group["lr"] = phase.rate * rate_factor(progress, self.step) * self.rate_factors[phase.name]
        for other in self.phases:
            other.module.requires_grad_(other is phase)
        loss, scalars = phase.objective(batch)
        phase.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average_gradients([phase.module])
        norm = nn.utils.clip_grad_norm_(phase.module.parameters(), math.inf)
        if torch.isfinite(norm):
            phase.optimiser.step()
        return {f"{phase.name}/loss": float(loss.detach()), f"{phase.name}/gradient": float(norm), **scalars}

    def generate(self, generator: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return outputs clamped to [0, 1], through which gradients pass, and the outputs before clamping."""
        return self._graded(batch.content, generator(batch.thumbnails))

    @staticmethod
    def _graded(content: Tensor, luts: Tensor) -> tuple[Tensor, Tensor]:
        raw = apply_lut(content, luts)
        # A look that crushes blacks must be able to go below zero; a plain clamp would stop its gradient there.
        return raw + (raw.clamp(0, 1) - raw).detach(), raw

    def _view(self, images: Tensor) -> Tensor:
        if self.instance_noise:
            random = torch.Generator().manual_seed(self.step)
            images = images + self.instance_noise * torch.randn(images.shape, generator=random).to(images)
        return images.contiguous(memory_format=torch.channels_last)

    def judge(self, images: Tensor) -> list[Tensor]:
        # bfloat16 was slower than float32 on the processor that this was measured on, so `auto` does not take it.
        use_bfloat16 = self.recipe.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=use_bfloat16):
            logits: list[Tensor] = self.discriminator(self._view(images))
        return [head.float() for head in logits]

    def _discriminator_objective(self, batch: Batch) -> tuple[Tensor, Scalars]:
        with torch.no_grad():
            fake, _ = self.generate(self.generator, batch)
        real, fake = augment_both(batch.real, fake, self.source.random(self.step))
        logits = [head.chunk(2) for head in self.judge(torch.cat((real, fake)))]
        on_real, on_fake = [pair[0] for pair in logits], [pair[1] for pair in logits]
        loss = self.loss.discriminator(on_real, on_fake) + self._penalties(real, fake)
        return loss, {
            "discriminator/accuracy_on_real": accuracy(on_real, True),
            "discriminator/accuracy_on_fake": accuracy(on_fake, False),
            "generator/diversity": relative_diversity(batch.content, fake),
        }

    def _penalties(self, real: Tensor, fake: Tensor) -> Tensor:
        total = real.new_zeros(())
        if self.recipe.r1_weight:
            total = total + self.recipe.r1_weight * r1_penalty(self.judge, real)
        if self.loss.gradient_penalty_weight:
            mix = self.source.random(self.step).random((len(real), 1, 1, 1), dtype="float32")
            penalty = interpolated_gradient_penalty(self.judge, real, fake, torch.from_numpy(mix).to(real))
            total = total + self.loss.gradient_penalty_weight * penalty
        return total

    def _generator_objective(self, batch: Batch) -> tuple[Tensor, Scalars]:
        adaptation = self.generator.adaptation(batch.thumbnails)
        luts = self.generator.shared_lut() + adaptation
        fake, raw = self._graded(batch.content, luts)
        seen, _ = augment_both(fake, fake.detach(), self.source.random(self.step))
        adversarial = self.loss.generator(self.judge(seen))
        excess = functional.relu((raw - 0.5).abs() - 0.5 - _RANGE_MARGIN).square().mean()
        reversal = tone_reversal(luts[: -(-_NUM_REVERSAL // self.group.size)])
        loss = adversarial + _RANGE_WEIGHT * excess + _REVERSAL_WEIGHT * reversal
        if self.recipe.adaptation_weight:
            change = apply_lut(batch.content, adaptation)
            loss = loss + self.recipe.adaptation_weight * change.square().mean()
        return loss, {"generator/adversarial": float(adversarial.detach())}

    def _average_generator(self) -> None:
        decay = min(self.recipe.ema_decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for average, current in zip(self.averaged_generator.parameters(), self.generator.parameters(), strict=True):
                average.lerp_(current, 1 - decay)

    def _watch(self, scalars: Scalars) -> None:
        if not set(_OBSERVED) <= set(scalars):
            return  # a player rested in this step
        real, fake, diversity, *gradients = (scalars[name] for name in _OBSERVED)
        remedy = self.monitor.observe(Observation(*map(self.group.agree, (real, fake, diversity)), *gradients))
        if remedy is not None:
            self._take(remedy)

    def _take(self, remedy: Remedy) -> None:
        self.rate_factors["discriminator"] *= remedy.discriminator_rate_factor
        self.rate_factors["generator"] *= remedy.generator_rate_factor
        self.instance_noise = max(self.instance_noise, remedy.instance_noise)

    def _roll_back(self) -> Scalars:
        num_rollbacks = self.num_rollbacks + 1
        if num_rollbacks > _MAX_ROLLBACKS:
            raise TrainingError(
                f"losses stay non-finite after {_MAX_ROLLBACKS} rollbacks; try the loss 'hinge' or another seed"
            )
        step = self.step
        # What the monitor said and did since the snapshot stays said and done.
        messages, instance_noise = self.monitor.messages, self.instance_noise
        factors = {name: factor / 2 for name, factor in self.rate_factors.items()}
        self.restore(*copy.deepcopy(self._snapshot))
        self.num_rollbacks, self.rate_factors = num_rollbacks, factors
        self.instance_noise = instance_noise
        self.monitor.messages = messages
        messages.append(
            f"step {step}: a loss was not finite. Went back to step {self.step} and halved both learning rates."
        )
        # The batch that broke the run depends on the step: go past it, or it would break it again.
        self.step = step + 1
        return {}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return copies of all tensors, and the loop's state as JSON, that a run goes on from."""
        tensors = module_tensors("generator", self.generator) | module_tensors("average", self.averaged_generator)
        tensors |= module_tensors("discriminator", self.discriminator)
        for phase in self.phases:
            tensors |= optimiser_tensors(f"optimiser_{phase.name}", phase.optimiser)
        tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        return tensors, {
            "step": self.step,
            "num_rollbacks": self.num_rollbacks,
            "rate_factors": dict(self.rate_factors),
            "instance_noise": self.instance_noise,
            "monitor": copy.deepcopy(self.monitor.state()),
            "recipe": self.recipe.as_json(),
        }

    def restore(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on from `state`.

        Raises
        ------
        TrainingError
            If the state is of networks of another shape.
        """
        restore_module("generator", self.generator, tensors)
        restore_module("average", self.averaged_generator, tensors)
        restore_module("discriminator", self.discriminator, tensors)
        for phase in self.phases:
            restore_optimiser(f"optimiser_{phase.name}", phase.optimiser, tensors)
        self.step = state["step"]
        self.num_rollbacks = state["num_rollbacks"]
        self.rate_factors = dict(state["rate_factors"])
        self.instance_noise = state["instance_noise"]
        self.monitor = Monitor.from_state(copy.deepcopy(state["monitor"]))
        self._snapshot = self.state()

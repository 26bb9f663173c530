"""One training run in memory: phases, moving average, rollback, and what is saved to go on later."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from impasto.errors import TrainingError
from impasto.train.checkpoint import module_tensors, optimiser_tensors, restore_module, restore_optimiser
from impasto.train.losses import Judge, interpolated_gradient_penalty, load_loss, r1_penalty
from impasto.train.monitor import Monitor, Observation, Remedy, accuracy, relative_diversity
from impasto.train.processes import ProcessGroup
from impasto.train.schedule import rate_factor

_SNAPSHOT_EVERY = 50
_MAX_ROLLBACKS = 5
_ADAM_BETAS = (0.0, 0.99)

_OBSERVED = (
    "discriminator/accuracy_on_real",
    "discriminator/accuracy_on_fake",
    "generator/diversity",
    "generator/gradient",
    "discriminator/gradient",
)

Scalars = dict[str, float]


class TrainingBatch(Protocol):
    """What one step sees: tensors whose first axis is the pictures."""

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Self:
        """Return the batch with every tensor changed."""
        ...


BatchT = TypeVar("BatchT", bound=TrainingBatch)
BatchT_co = TypeVar("BatchT_co", bound=TrainingBatch, covariant=True)


class Source(Protocol[BatchT_co]):
    """Batches by step."""

    def batch(self, step: int) -> BatchT_co: ...

    def random(self, step: int) -> np.random.Generator: ...


class TrainingRecipe(Protocol):
    """What every recipe states."""

    @property
    def loss(self) -> str: ...
    @property
    def r1_weight(self) -> float: ...
    @property
    def generator_rate(self) -> float: ...
    @property
    def discriminator_rate(self) -> float: ...
    @property
    def ema_decay(self) -> float: ...
    @property
    def precision(self) -> str: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def seed(self) -> int: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass
class Phase(Generic[BatchT]):
    """One player's move in a step.

    Attributes
    ----------
    rate
        The player's own learning rate, before the schedule and remedies.
    objective
        Loss of a batch, and scalars to record.
    interval
        The phase runs every so many steps.
    largest_gradient
        Norm to which gradients are cut.
    """

    name: str
    module: nn.Module
    optimiser: torch.optim.Optimizer
    rate: float
    objective: Callable[[BatchT], tuple[Tensor, Scalars]]
    interval: int = 1
    largest_gradient: float = math.inf


class Trainer(ABC, Generic[BatchT]):
    """Trains a generator against a discriminator, which a family of styles defines with its objectives.

    `averaged_generator`, the moving average of the generator, is what is validated and kept.

    Parameters
    ----------
    source
        Batches by step.
    generator, discriminator
        As the run starts.
    group
        The processes that share the work.
    """

    largest_gradient = math.inf

    def __init__(
        self,
        recipe: TrainingRecipe,
        source: Source[BatchT],
        generator: nn.Module,
        discriminator: nn.Module,
        group: ProcessGroup | None = None,
    ) -> None:
        self.recipe = recipe
        self.source = source
        self.group = group or ProcessGroup()
        # Never tried on a graphics card, and a style takes minutes without one: better slow than wrong.
        self.device = torch.device("cpu")
        self.loss = load_loss(recipe.loss)
        self.generator = generator.to(self.device)
        self.discriminator = discriminator.to(self.device)
        self.averaged_generator = copy.deepcopy(self.generator).requires_grad_(False)
        self.monitor = Monitor()
        self.step = 0
        self.num_rollbacks = 0
        self.rate_factors = {"discriminator": 1.0, "generator": 1.0}
        self.instance_noise = 0.0
        self.phases = self._phases()
        self._snapshot = self.state()

    @abstractmethod
    def _discriminator_objective(self, batch: BatchT) -> tuple[Tensor, Scalars]: ...

    @abstractmethod
    def _generator_objective(self, batch: BatchT) -> tuple[Tensor, Scalars]: ...

    def _rate_factor(self, progress: float) -> float:
        return rate_factor(progress, self.step)

    def _prepare(self, batch: BatchT, progress: float) -> None:
        """Do what all phases of a step share."""

    def _phases(self) -> list[Phase[BatchT]]:
        recipe = self.recipe
        moves = (
            ("discriminator", self.discriminator, recipe.discriminator_rate, self._discriminator_objective),
            ("generator", self.generator, recipe.generator_rate, self._generator_objective),
        )
        phases = []
        for name, module, rate, objective in moves:
            optimiser = torch.optim.Adam(module.parameters(), lr=rate, betas=_ADAM_BETAS)
            phases.append(Phase(name, module, optimiser, rate, objective, largest_gradient=self.largest_gradient))
        return phases

    def train_step(self, progress: float) -> Scalars:
        """Walk the phases once and return what is worth recording.

        Raises
        ------
        TrainingError
            If losses stay non-finite through several rollbacks.
        """
        batch = self.source.batch(self.step).mapped(lambda t: self.group.part(t).to(self.device))
        self._prepare(batch, progress)
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

    def _run(self, phase: Phase[BatchT], batch: BatchT, progress: float) -> Scalars:
        for group in phase.optimiser.param_groups:
            group["lr"] = phase.rate * self._rate_factor(progress) * self.rate_factors[phase.name]
        self._let_learn(phase, progress)
        loss, scalars = phase.objective(batch)
        phase.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average_gradients([phase.module])
        norm = nn.utils.clip_grad_norm_(phase.module.parameters(), phase.largest_gradient)
        if torch.isfinite(norm):
            phase.optimiser.step()
        return {f"{phase.name}/loss": float(loss.detach()), f"{phase.name}/gradient": float(norm), **scalars}

    def _let_learn(self, phase: Phase[BatchT], progress: float) -> None:  # noqa: ARG002 - families may go by it
        """Let the player of a phase learn, and no other."""
        for other in self.phases:
            other.module.requires_grad_(other is phase)

    def _view(self, images: Tensor) -> Tensor:
        """Return pictures as the discriminator sees them."""
        if self.instance_noise:
            random = torch.Generator().manual_seed(self.step)
            images = images + self.instance_noise * torch.randn(images.shape, generator=random).to(images)
        return images.contiguous(memory_format=torch.channels_last)

    def _penalties(self, judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the discriminator pays for steepness."""
        total = real.new_zeros(())
        if self.recipe.r1_weight:
            total = total + self.recipe.r1_weight * r1_penalty(judge, real)
        if self.loss.gradient_penalty_weight:
            mix = self.source.random(self.step).random((len(real), 1, 1, 1), dtype="float32")
            penalty = interpolated_gradient_penalty(judge, real, fake, torch.from_numpy(mix).to(real))
            total = total + self.loss.gradient_penalty_weight * penalty
        return total

    @staticmethod
    def _observed(on_real: list[Tensor], on_fake: list[Tensor], content: Tensor, fake: Tensor) -> Scalars:
        """Return what the monitor wants to know of the discriminator's move."""
        return {
            "discriminator/accuracy_on_real": accuracy(on_real, True),
            "discriminator/accuracy_on_fake": accuracy(on_fake, False),
            "generator/diversity": relative_diversity(content, fake),
        }

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16")

    def _average_generator(self) -> None:
        self.group.average_buffers([self.generator])
        decay = min(self.recipe.ema_decay, (self.step + 1) / (self.step + 10))
        averages, currents = self.averaged_generator.state_dict(), self.generator.state_dict()
        with torch.no_grad():
            for name, average in averages.items():
                # What a network counts of its inputs is averaged like what it learns of them.
                average.lerp_(currents[name], 1 - decay)

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

    def _modules(self) -> dict[str, nn.Module]:
        networks = {"generator": self.generator, "average": self.averaged_generator}
        return networks | {"discriminator": self.discriminator}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return copies of all tensors, and the loop's state as JSON, that a run goes on from."""
        tensors: dict[str, Tensor] = {}
        for name, module in self._modules().items():
            tensors |= module_tensors(name, module)
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
        for name, module in self._modules().items():
            restore_module(name, module, tensors)
        for phase in self.phases:
            restore_optimiser(f"optimiser_{phase.name}", phase.optimiser, tensors)
        self.step = state["step"]
        self.num_rollbacks = state["num_rollbacks"]
        self.rate_factors = dict(state["rate_factors"])
        self.instance_noise = state["instance_noise"]
        self.monitor = Monitor.from_state(copy.deepcopy(state["monitor"]))
        self._snapshot = self.state()

"""Watches a run for the two classical failures, says so in plain words, and proposes a remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

_SMOOTHING = 0.98
_GRACE_STEPS = 100
_OVERPOWERED_ACCURACY = 0.92
_COLLAPSED_DIVERSITY = 0.05
_MAX_REMEDIES = 6


@dataclass(frozen=True)
class Observation:
    """One step as the monitor sees it.

    Attributes
    ----------
    accuracy_on_real, accuracy_on_fake
        Share of logits with the right sign, in [0, 1].
    diversity
        Mean pairwise distance of the outputs over that of their inputs; 0 when all outputs are the same.
    generator_gradient, discriminator_gradient
        Norms of the gradients.
    """

    accuracy_on_real: float
    accuracy_on_fake: float
    diversity: float
    generator_gradient: float = 0.0
    discriminator_gradient: float = 0.0


@dataclass(frozen=True)
class Remedy:
    """What is to be changed, and why, in words for the user."""

    message: str
    discriminator_rate_factor: float = 1.0
    generator_rate_factor: float = 1.0
    instance_noise: float = 0.0


@dataclass
class Monitor:
    """Smooths observations and decides when to step in.

    After a remedy it waits `_GRACE_STEPS` steps for the effect before it judges again.
    """

    smoothed: dict[str, float] = field(default_factory=dict)
    num_steps: int = 0
    quiet_until: int = _GRACE_STEPS
    messages: list[str] = field(default_factory=list)

    def observe(self, observation: Observation) -> Remedy | None:
        """Take one step into account and return a remedy if one is needed now."""
        self.num_steps += 1
        for name, value in asdict(observation).items():
            # The average of the first steps is exact: a run that starts badly is seen as early as one that turns bad.
            keep = min(_SMOOTHING, 1 - 1 / self.num_steps)
            self.smoothed[name] = keep * self.smoothed.get(name, value) + (1 - keep) * value
        if self.num_steps < self.quiet_until or len(self.messages) >= _MAX_REMEDIES:
            return None
        remedy = self._judge()
        if remedy is not None:
            self.quiet_until = self.num_steps + _GRACE_STEPS
            self.messages.append(f"step {self.num_steps}: {remedy.message}")
        return remedy

    def _judge(self) -> Remedy | None:
        if self.smoothed["diversity"] < _COLLAPSED_DIVERSITY:
            return Remedy(
                "the outputs have collapsed: all pictures come out nearly the same. "
                "Halved the generator's rate and blurred the discriminator's view with noise.",
                generator_rate_factor=0.5,
                instance_noise=0.1,
            )
        accuracy = min(self.smoothed["accuracy_on_real"], self.smoothed["accuracy_on_fake"])
        if accuracy > _OVERPOWERED_ACCURACY:
            return Remedy(
                f"the discriminator overpowers the generator (it is right {accuracy:.0%} of the time). "
                "Halved its rate and added noise to what it sees.",
                discriminator_rate_factor=0.5,
                instance_noise=0.05,
            )
        return None

    def verdict(self) -> str:
        """Say in one line how the run stands."""
        if not self.smoothed:
            return "nothing seen yet"
        real, fake = self.smoothed["accuracy_on_real"], self.smoothed["accuracy_on_fake"]
        health = "healthy" if max(real, fake) < 0.8 else "the discriminator is ahead"
        return f"{health}: discriminator right on {real:.0%} of references and {fake:.0%} of outputs"

    def state(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Monitor:
        return cls(**state)


def accuracy(logits: list[Tensor], is_real: bool) -> float:
    """Share of logits whose sign is right, averaged over heads."""
    shares = [((head.detach() > 0) == is_real).float().mean() for head in logits]
    return float(torch.stack(shares).mean())


def relative_diversity(inputs: Tensor, outputs: Tensor) -> float:
    """Mean pairwise distance of a batch of outputs over that of the inputs, at 8×8 pixels."""
    if len(inputs) < 2:
        return 1.0
    small = [torch.nn.functional.adaptive_avg_pool2d(batch.detach(), 8).flatten(1) for batch in (inputs, outputs)]
    before, after = (torch.pdist(batch).mean() for batch in small)
    return float(after / before.clamp_min(1e-6))

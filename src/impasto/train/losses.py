"""Adversarial losses by name. All take logits in which positive says "real", and return a scalar to be minimised.

A discriminator returns several logit maps, one a head; their losses add up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import UsageError

Logits = Sequence[Tensor]


class Judge(Protocol):
    """Whatever turns images B×3×H×W into logit maps."""

    def __call__(self, images: Tensor) -> Logits: ...


class AdversarialLoss(ABC):
    """What the discriminator and the generator minimise.

    `gradient_penalty_weight` is the weight of `interpolated_gradient_penalty` that the loss cannot do without.
    """

    gradient_penalty_weight: float = 0.0

    def discriminator(self, real: Logits, fake: Logits) -> Tensor:
        return torch.stack([self.on_real(r) + self.on_fake(f) for r, f in zip(real, fake, strict=True)]).sum()

    def generator(self, fake: Logits) -> Tensor:
        return torch.stack([self.on_generated(logits) for logits in fake]).sum()

    @abstractmethod
    def on_real(self, logits: Tensor) -> Tensor: ...

    @abstractmethod
    def on_fake(self, logits: Tensor) -> Tensor: ...

    @abstractmethod
    def on_generated(self, logits: Tensor) -> Tensor: ...


class HingeLoss(AdversarialLoss):
    """Lim & Ye 2017 ("Geometric GAN")."""

    def on_real(self, logits: Tensor) -> Tensor:
        return functional.relu(1 - logits).mean()

    def on_fake(self, logits: Tensor) -> Tensor:
        return functional.relu(1 + logits).mean()

    def on_generated(self, logits: Tensor) -> Tensor:
        return -logits.mean()


class NonSaturatingLoss(AdversarialLoss):
    """Goodfellow et al. 2014, with the generator's loss of its section 3."""

    def on_real(self, logits: Tensor) -> Tensor:
        return functional.softplus(-logits).mean()

    def on_fake(self, logits: Tensor) -> Tensor:
        return functional.softplus(logits).mean()

    def on_generated(self, logits: Tensor) -> Tensor:
        return functional.softplus(-logits).mean()


class BinaryCrossEntropyLoss(NonSaturatingLoss):
    """The minimax game as first written: the generator lowers what the discriminator raises, and saturates early."""

    def on_generated(self, logits: Tensor) -> Tensor:
        return -functional.softplus(logits).mean()


class LeastSquaresLoss(AdversarialLoss):
    """Mao et al. 2017 ("Least squares GAN"), with targets 1 and -1."""

    def on_real(self, logits: Tensor) -> Tensor:
        return (logits - 1).square().mean() / 2

    def on_fake(self, logits: Tensor) -> Tensor:
        return (logits + 1).square().mean() / 2

    def on_generated(self, logits: Tensor) -> Tensor:
        return (logits - 1).square().mean() / 2


class WassersteinLoss(AdversarialLoss):
    """Gulrajani et al. 2017 ("Improved training of Wasserstein GANs")."""

    gradient_penalty_weight = 10.0

    def on_real(self, logits: Tensor) -> Tensor:
        return -logits.mean()

    def on_fake(self, logits: Tensor) -> Tensor:
        return logits.mean()

    def on_generated(self, logits: Tensor) -> Tensor:
        return -logits.mean()


LOSSES: dict[str, type[AdversarialLoss]] = {
    "hinge": HingeLoss,
    "non-saturating": NonSaturatingLoss,
    "bce": BinaryCrossEntropyLoss,
    "lsgan": LeastSquaresLoss,
    "wgan-gp": WassersteinLoss,
}


def load_loss(name: str) -> AdversarialLoss:
    """Return an adversarial loss by name.

    Raises
    ------
    UsageError
        If no loss has this name.
    """
    if name not in LOSSES:
        raise UsageError(f"no loss named '{name}'; choose one of: {', '.join(LOSSES)}")
    return LOSSES[name]()


def r1_penalty(discriminator: Judge, real: Tensor) -> Tensor:
    """Mean squared norm of the gradient of the logits at real images (Mescheder et al. 2018)."""
    images = real.detach().requires_grad_()
    return _gradient(discriminator, images).square().sum(dim=1).mean() / 2


def interpolated_gradient_penalty(discriminator: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Squared distance from 1 of the gradient's norm between real and fake images.

    `mix` is B×1×1×1 in [0, 1].
    """
    images = torch.lerp(fake.detach(), real.detach(), mix).requires_grad_()
    norm = _gradient(discriminator, images).add(1e-12).norm(dim=1)
    penalty: Tensor = (norm - 1).square().mean()
    return penalty


def _gradient(discriminator: Judge, images: Tensor) -> Tensor:
    """Gradient of the sum of each image's mean logits: B×(3HW)."""
    total = torch.stack([logits.mean(dim=(1, 2, 3)).sum() for logits in discriminator(images)]).sum()
    gradient: Tensor = torch.autograd.grad(total, images, create_graph=True)[0]
    return gradient.flatten(1)

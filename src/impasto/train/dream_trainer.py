"""Training dreams: a generator of pictures from noise against a discriminator of whole pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from impasto.train.dream_augment import Augmentation
from impasto.train.dream_batches import DreamBatch, DreamSource
from impasto.train.dream_discriminator import DreamJudge, make_judge
from impasto.train.dream_generator import DreamGenerator, make_generator
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.processes import ProcessGroup
from impasto.train.trainer import Scalars, Trainer
from impasto.vision.encoders import Encoder

_WARM_UP_STEPS = 50
_FALL_FROM = 0.7
_FINAL_RATE = 0.05
_COMPARED_SIDE = 8


@dataclass(frozen=True)
class _Dreamt:
    """What both players look at in a step."""

    images: Tensor
    real_view: Tensor
    fake_view: Tensor
    real_features: list[Tensor]
    fake_features: list[Tensor]


class DreamTrainer(Trainer[DreamBatch]):
    """Trains a `DreamGenerator` against a `DreamJudge`.

    Parameters
    ----------
    encoder
        What a projected judge sees with.
    """

    largest_gradient = 10.0
    recipe: DreamRecipe
    source: DreamSource
    generator: DreamGenerator
    averaged_generator: DreamGenerator
    discriminator: DreamJudge

    def __init__(
        self, recipe: DreamRecipe, source: DreamSource, encoder: Encoder | None, group: ProcessGroup | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.augmentation = Augmentation(recipe.augmentation)
        self._dreamt: _Dreamt | None = None
        generator = make_generator(recipe)
        # Batch norms are three times as slow in this format, so only the judge takes it. Torch's stub leaves it out.
        judge = make_judge(recipe, encoder).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(recipe, source, generator, judge, group)
        self.averaged_generator.eval()

    def _rate_factor(self, progress: float) -> float:
        """Return a short warm-up, then the full rate for most of the run, and a cosine to its end."""
        warm_up = min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        fallen = max(0.0, (min(1.0, progress) - _FALL_FROM) / (1 - _FALL_FROM))
        return warm_up * (_FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * fallen)))

    def _prepare(self, batch: DreamBatch, progress: float) -> None:  # noqa: ARG002 - of the one interface
        # Both players look at the same outputs, which saves a third of a step.
        self.generator.requires_grad_(True)
        self.discriminator.requires_grad_(False)
        random = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.step)
        with self._precision():
            images = self.generator(batch.latents, random).float()
            real_view = self._view(self.augmentation.apply(batch.real, random))
            fake_view = self._view(self.augmentation.apply(images, random))
            with torch.no_grad():
                real_features = self.discriminator.features(real_view)
            fake_features = self.discriminator.features(fake_view)
        self.discriminator.measure(real_features, self.group.agree)
        self._dreamt = _Dreamt(images, real_view, fake_view, real_features, fake_features)

    def judge(self, images: Tensor) -> list[Tensor]:
        """Return the logits of views, in full precision, as penalties need them."""
        logits: list[Tensor] = self.discriminator(images)
        return logits

    def _judged(self, features: list[Tensor]) -> list[Tensor]:
        with self._precision():
            logits = self.discriminator.judge(features)
        return [head.float() for head in logits]

    def _discriminator_objective(self, batch: DreamBatch) -> tuple[Tensor, Scalars]:
        dreamt = self._shown()
        fake_features = [each.detach() for each in dreamt.fake_features]
        on_real, on_fake = self._judged(dreamt.real_features), self._judged(fake_features)
        loss = self.loss.discriminator(on_real, on_fake) / len(on_real)
        loss = loss + self._penalties(self.judge, dreamt.real_view, dreamt.fake_view.detach())
        if self.recipe.auxiliary_weight:
            loss = loss + self.recipe.auxiliary_weight * self._misread(fake_features, batch.latents)
        scalars = self._observed(on_real, on_fake, batch.real, dreamt.images)
        self.augmentation.adapt(self.group.agree(scalars["discriminator/accuracy_on_real"]), len(batch.real))
        return loss, {**scalars, "augmentation": self.augmentation.probability}

    def _generator_objective(self, batch: DreamBatch) -> tuple[Tensor, Scalars]:
        dreamt, self._dreamt = self._shown(), None
        on_fake = self._judged(dreamt.fake_features)
        adversarial = self.loss.generator(on_fake) / len(on_fake)
        loss = adversarial
        scalars = {"generator/adversarial": float(adversarial.detach())}
        if self.recipe.auxiliary_weight:
            misread = self._misread(dreamt.fake_features, batch.latents)
            loss = loss + self.recipe.auxiliary_weight * misread
            scalars["generator/misread"] = float(misread.detach())
        if self.recipe.feedback_weight:
            lack = lack_of_diversity(batch.real, dreamt.images)
            loss = loss + self.recipe.feedback_weight * lack
            scalars["generator/lack_of_diversity"] = float(lack.detach())
        return loss, scalars

    def _misread(self, features: list[Tensor], latents: Tensor) -> Tensor:
        with self._precision():
            read = self.discriminator.read(features)
        return functional.mse_loss(read.float(), latents)

    def _shown(self) -> _Dreamt:
        assert self._dreamt is not None, "a step dreams before anybody judges"
        return self._dreamt

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, state = super().state()
        return tensors, {**state, "augmentation": self.augmentation.probability}

    def restore(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        self.augmentation.probability = float(state["augmentation"])
        super().restore(tensors, state)


def lack_of_diversity(real: Tensor, fake: Tensor) -> Tensor:
    """Return by what part outputs differ from each other less than references do, at 8×8 pixels; at least 0.

    Gradients push outputs apart as long as they are too much alike: what the monitor measures is fed back.
    """
    small = [functional.adaptive_avg_pool2d(images, _COMPARED_SIDE).flatten(1) for images in (real, fake)]
    wanted, found = (torch.pdist(rows).mean() for rows in small)
    return functional.relu(1 - found / wanted.clamp_min(1e-6))

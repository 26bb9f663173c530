"""Training to restore: a generator that mends crops, held against what they were, and against a discriminator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from impasto.train.discriminator import Discriminator
from impasto.train.processes import ProcessGroup
from impasto.train.restore_batches import RestoreBatch, RestoreSource
from impasto.train.restore_generator import RestoreGenerator
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.trainer import Phase, Scalars, Trainer
from impasto.vision.encoders import Encoder

_WARM_UP_STEPS = 20
_FINAL_RATE = 0.02


@dataclass(frozen=True)
class _Mended:
    """What both players look at in a step."""

    images: Tensor
    real_view: Tensor
    fake_view: Tensor
    real_features: list[Tensor]
    fake_features: list[Tensor]


class RestoreTrainer(Trainer[RestoreBatch]):
    """Trains a `RestoreGenerator`, against a `Discriminator` unless the recipe goes without.

    Parameters
    ----------
    encoder
        Frozen features, for the discriminator and to compare by.
    """

    largest_gradient = 5.0
    recipe: RestoreRecipe
    generator: RestoreGenerator
    averaged_generator: RestoreGenerator
    discriminator: Discriminator

    def __init__(
        self, recipe: RestoreRecipe, source: RestoreSource, encoder: Encoder, group: ProcessGroup | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self._encoder = encoder
        self._mended: _Mended | None = None
        generator = RestoreGenerator(recipe)
        discriminator = Discriminator(encoder, recipe.stages, seed=recipe.seed)
        super().__init__(recipe, source, generator, discriminator, group)

    def _phases(self) -> list[Phase[RestoreBatch]]:
        phases = super()._phases()
        return phases if self.recipe.adversarial_weight else phases[1:]

    def _rate_factor(self, progress: float) -> float:
        """Return a short warm-up, then a cosine to the end."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return min(1.0, (self.step + 1) / _WARM_UP_STEPS) * (_FINAL_RATE + (1 - _FINAL_RATE) * cosine)

    def _prepare(self, batch: RestoreBatch, progress: float) -> None:  # noqa: ARG002 - of the one interface
        self.generator.requires_grad_(True)
        self.discriminator.requires_grad_(False)
        images = self.generator(batch.content)
        real_view, fake_view = self._view(batch.real), self._view(images)
        looks = bool(self.recipe.adversarial_weight or self.recipe.perceptual_weight)
        with self._precision():
            with torch.no_grad():
                real_features = self._features(real_view) if looks else []
            fake_features = self._features(fake_view) if looks else []
        self._mended = _Mended(images, real_view, fake_view, real_features, fake_features)

    def _features(self, images: Tensor) -> list[Tensor]:
        return [each.float() for each in self._encoder(images, num_stages=max(self.recipe.stages) + 1)]

    def _discriminator_objective(self, batch: RestoreBatch) -> tuple[Tensor, Scalars]:
        mended = self._shown()
        fake_view = mended.fake_view.detach()
        on_real = self.discriminator.judge(mended.real_view, mended.real_features)
        on_fake = self.discriminator.judge(fake_view, [each.detach() for each in mended.fake_features])
        loss = self.loss.discriminator(on_real, on_fake) / len(on_real)
        loss = loss + self._penalties(self.discriminator, mended.real_view, fake_view)
        return loss, self._observed(on_real, on_fake, batch.content, mended.images)

    def _generator_objective(self, batch: RestoreBatch) -> tuple[Tensor, Scalars]:
        recipe, mended = self.recipe, self._shown()
        self._mended = None
        parts = {"pixels": recipe.pixel_weight * (mended.images - batch.real).abs().mean()}
        if recipe.perceptual_weight:
            gap = feature_gap(mended.real_features, mended.fake_features, recipe.stages)
            parts["features"] = recipe.perceptual_weight * gap
        if recipe.adversarial_weight:
            logits = self.discriminator.judge(mended.fake_view, mended.fake_features)
            parts["adversarial"] = recipe.adversarial_weight * self.loss.generator(logits) / len(logits)
        loss = torch.stack(list(parts.values())).sum()
        return loss, {f"generator/{name}": float(part.detach()) for name, part in parts.items()}

    def _shown(self) -> _Mended:
        assert self._mended is not None, "a step mends before anybody judges"
        return self._mended


def feature_gap(wanted: list[Tensor], found: list[Tensor], stages: tuple[int, ...]) -> Tensor:
    """Return the mean difference of feature maps at some stages, each in deviations of what is wanted."""
    gaps = [functional.l1_loss(found[stage], wanted[stage]) / wanted[stage].std().clamp_min(1e-6) for stage in stages]
    return torch.stack(gaps).mean()

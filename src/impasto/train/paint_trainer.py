"""Training paint: a generator of pictures against a discriminator of patches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from impasto.train import paint_objectives as objectives
from impasto.train.paint_batches import PaintBatch, PaintBatchSource
from impasto.train.paint_discriminator import PaintDiscriminator
from impasto.train.paint_features import Features, PaintFeatures
from impasto.train.paint_generator import PaintGenerator, StyledConv2d
from impasto.train.paint_recipe import FROM_NOTHING, PaintRecipe
from impasto.train.processes import ProcessGroup
from impasto.train.trainer import Phase, Scalars, Trainer

_ADVERSARIAL_SCALE = 3.0
_STYLE_SCALE = 3.0
_RANGE_WEIGHT = 20.0
# Looking at a next frame takes as long as half a step, so it is done now and then, and counts for more.
_STEADY_EVERY = 2
_WARM_UP_STEPS = 20
_FALL_FROM = 0.5
_FINAL_RATE = 0.02


@dataclass(frozen=True)
class _Painted:
    """What both players look at in a step: outputs before and after limiting, and what is seen of them and others."""

    raw: Tensor
    image: Tensor
    seen: Features
    real_view: Tensor
    fake_view: Tensor
    real_texture: list[Tensor]
    content: list[Tensor]


class PaintTrainer(Trainer[PaintBatch]):
    """Trains a `PaintGenerator` against a `PaintDiscriminator`.

    Parameters
    ----------
    source
        Batches by step.
    features
        What the discriminator sees with.
    generator
        What to start from, with as many styles as the source has.
    group
        The processes that share the work.
    """

    largest_gradient = 10.0
    recipe: PaintRecipe
    generator: PaintGenerator
    averaged_generator: PaintGenerator
    discriminator: PaintDiscriminator

    def __init__(
        self,
        recipe: PaintRecipe,
        source: PaintBatchSource,
        features: PaintFeatures,
        generator: PaintGenerator,
        group: ProcessGroup | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        discriminator = PaintDiscriminator(features, len(source.references), recipe.seed)
        # Module.to does take a memory format; torch's own stub leaves it out.
        generator = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._palette = objectives.Palette(source.references, source.content, recipe.palette)
        generator.paint_in_grey(self._palette.is_monochrome)
        super().__init__(recipe, source, generator, discriminator, group)
        self.averaged_generator.eval()
        self.features = features
        self._painted: _Painted | None = None

    def _rate_factor(self, progress: float) -> float:
        """Return a short warm-up, then the full rate to the middle of the run, and a cosine to its end."""
        warm_up = min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        fallen = max(0.0, (min(1.0, progress) - _FALL_FROM) / (1 - _FALL_FROM))
        return warm_up * (_FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * fallen)))

    def _prepare(self, batch: PaintBatch, progress: float) -> None:
        # Both players look at the same outputs: painting them takes most of a step.
        self.generator.train(progress <= self.recipe.freeze_at)
        self._choose_what_learns(progress)
        raw = self._paint(batch.simple, batch)
        # A plain clamp would stop the gradient of what goes too far.
        image = raw + (raw.clamp(0, 1) - raw).detach()
        twist = batch.twist
        real_view, fake_view = self._view(twist(batch.real)), self._view(twist(image))
        with self._precision():
            with torch.no_grad():
                real_texture = _floats(self.features.texture(real_view))
                content = _floats(self.features.content(twist(batch.content)))
            seen = self.features(fake_view)
        seen = Features(_floats(seen.texture), _floats(seen.content))
        self.discriminator.measure(real_texture, self.group.agree)
        self._painted = _Painted(raw, image, seen, real_view, fake_view, real_texture, content)

    def _choose_what_learns(self, progress: float) -> None:
        """Early in a run that starts from a trunk, learn only the style's vector and what it modulates."""
        is_early = progress < self.recipe.warm_up and self.recipe.start != FROM_NOTHING
        self.generator.requires_grad_(True)
        for module in self.generator.modules():
            if isinstance(module, StyledConv2d):
                module.weight.requires_grad_(not is_early)

    def _let_learn(self, phase: Phase[PaintBatch], progress: float) -> None:
        super()._let_learn(phase, progress)
        if phase.module is self.generator:
            self._choose_what_learns(progress)

    def _paint(self, content: Tensor, batch: PaintBatch) -> Tensor:
        count = len(content)
        with self._precision():
            raw: Tensor = self.generator(content, batch.noise[:count], batch.styles[:count])
        return raw.float()

    def judge(self, images: Tensor, styles: Tensor) -> list[Tensor]:
        """Return the logits of views, in full precision, as penalties need them."""
        logits: list[Tensor] = self.discriminator(images, styles)
        return logits

    def _judged(self, texture: list[Tensor], styles: Tensor) -> list[Tensor]:
        with self._precision():
            logits = self.discriminator.judge(texture, styles)
        return _floats(logits)

    def _discriminator_objective(self, batch: PaintBatch) -> tuple[Tensor, Scalars]:
        painted = self._shown()
        on_real = self._judged(painted.real_texture, batch.styles)
        on_fake = self._judged([seen.detach() for seen in painted.seen.texture], batch.styles)
        loss = self.loss.discriminator(on_real, on_fake)
        fake_view = painted.fake_view.detach()
        loss = loss + self._penalties(lambda images: self.judge(images, batch.styles), painted.real_view, fake_view)
        return loss, self._observed(on_real, on_fake, batch.content, painted.image)

    def _generator_objective(self, batch: PaintBatch) -> tuple[Tensor, Scalars]:
        parts = self._parts(batch)
        loss = torch.stack(list(parts.values())).sum()
        self._painted = None
        return loss, {f"generator/{name}": float(part.detach()) for name, part in parts.items()}

    def _parts(self, batch: PaintBatch) -> dict[str, Tensor]:
        recipe, painted, styles = self.recipe, self._shown(), batch.styles
        texture, real = painted.seen.texture, painted.real_texture
        adversarial = self.loss.generator(self._judged(texture, styles)) / len(texture)
        style = objectives.statistics_gap(real, texture, styles)
        if recipe.gram_weight:
            style = style + recipe.gram_weight / _STYLE_SCALE * objectives.gram_gap(real, texture, styles)
        parts = {
            "adversarial": recipe.adversarial_weight * _ADVERSARIAL_SCALE * adversarial,
            "content": recipe.content_weight * objectives.content_change(painted.seen.content, painted.content),
            "style": recipe.style_weight * _STYLE_SCALE * style,
            "chroma": recipe.chroma_weight * self._palette.gap(painted.image, batch.content, styles),
            "grid": recipe.grid_weight * objectives.grid_pattern(painted.image, batch.content),
            "excess": _RANGE_WEIGHT * objectives.excess(painted.raw),
        }
        if recipe.steadiness_weight and self.step % _STEADY_EVERY == 0:
            weight = recipe.steadiness_weight * _STEADY_EVERY
            parts["unsteadiness"] = weight * self._unsteadiness(painted, batch)
        return parts

    def _unsteadiness(self, painted: _Painted, batch: PaintBatch) -> Tensor:
        count = max(1, len(batch.content) // 2)
        # The noise goes along, so that texture may hang on it, but not on the pixels of the screen.
        noise = torch.roll(batch.noise[:count], batch.shift, dims=(-2, -1))
        following = self._paint(batch.following[:count], replace(batch, noise=noise))
        return objectives.unsteadiness(painted.image[:count], following, batch.shift)

    def _shown(self) -> _Painted:
        assert self._painted is not None, "a step paints before anybody judges"
        return self._painted


def _floats(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.float() for tensor in tensors]

"""Training a look: LUTs against a discriminator of colours."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.train.augment import augment_both
from impasto.train.batches import Batch, BatchSource
from impasto.train.discriminator import Discriminator
from impasto.train.look_generator import LookGenerator, apply_lut, tone_reversal
from impasto.train.processes import ProcessGroup
from impasto.train.recipe import Recipe
from impasto.train.trainer import Scalars, Trainer
from impasto.vision.encoders import Encoder

_RANGE_WEIGHT = 10.0
_RANGE_MARGIN = 0.05
_REVERSAL_WEIGHT = 3.0
_NUM_REVERSAL = 4


class LookTrainer(Trainer[Batch]):
    """Trains a `LookGenerator` against a `Discriminator`.

    Parameters
    ----------
    source
        Batches by step.
    encoder
        Frozen features for the discriminator.
    group
        The processes that share the work.
    """

    recipe: Recipe
    generator: LookGenerator
    averaged_generator: LookGenerator
    discriminator: Discriminator

    def __init__(
        self, recipe: Recipe, source: BatchSource, encoder: Encoder, group: ProcessGroup | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        generator = LookGenerator(recipe.lut_size, recipe.num_adaptive)
        discriminator = Discriminator(encoder, recipe.stages, seed=recipe.seed)
        super().__init__(recipe, source, generator, discriminator, group)

    def generate(self, generator: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return outputs clamped to [0, 1], through which gradients pass, and the outputs before clamping."""
        return self._graded(batch.content, generator(batch.thumbnails))

    @staticmethod
    def _graded(content: Tensor, luts: Tensor) -> tuple[Tensor, Tensor]:
        raw = apply_lut(content, luts)
        # A look that crushes blacks must be able to go below zero; a plain clamp would stop its gradient there.
        return raw + (raw.clamp(0, 1) - raw).detach(), raw

    def judge(self, images: Tensor) -> list[Tensor]:
        # bfloat16 was slower than float32 on the processor that this was measured on, so `auto` does not take it.
        with self._precision():
            logits: list[Tensor] = self.discriminator(self._view(images))
        return [head.float() for head in logits]

    def _discriminator_objective(self, batch: Batch) -> tuple[Tensor, Scalars]:
        with torch.no_grad():
            fake, _ = self.generate(self.generator, batch)
        real, fake = augment_both(batch.real, fake, self.source.random(self.step))
        logits = [head.chunk(2) for head in self.judge(torch.cat((real, fake)))]
        on_real, on_fake = [pair[0] for pair in logits], [pair[1] for pair in logits]
        loss = self.loss.discriminator(on_real, on_fake) + self._penalties(self.judge, real, fake)
        return loss, self._observed(on_real, on_fake, batch.content, fake)

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

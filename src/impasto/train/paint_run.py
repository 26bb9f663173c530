"""One run that learns paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import torch

from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Sources
from impasto.train.collection import Collection
from impasto.train.logbook import Logbook
from impasto.train.paint_features import PaintFeatures, with_earliest_stage
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_material import GivenPictures, PaintMaterial, prepare_paint_material
from impasto.train.paint_memory import refuse_what_does_not_fit
from impasto.train.paint_packaging import describe_paint, pack_paint
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.paint_trainer import PaintTrainer
from impasto.train.paint_validation import TextureValidation
from impasto.train.processes import ProcessGroup
from impasto.train.trunk import keep_vector, load_start
from impasto.vision.encoders import load_encoder


@dataclass(frozen=True)
class PaintRun:
    """See `LearningRun`."""

    metric: ClassVar[str] = "texture_distance"

    trainer: PaintTrainer
    material: PaintMaterial
    trunk: str | None

    @classmethod
    def prepare(
        cls,
        recipe: PaintRecipe,
        references: Sequence[Path | str],
        content: Sequence[Path | str],
        pick: int | None,
        group: ProcessGroup,
        say: Callable[[str], None],
    ) -> Self:
        """Load pictures and networks."""
        start = load_start(recipe)
        refuse_what_does_not_fit(start.generator, recipe)
        encoder = load_encoder(recipe.encoder)
        features = PaintFeatures(with_earliest_stage(encoder), recipe.stages)
        given = GivenPictures(references, content, pick)
        material = prepare_paint_material(given, recipe, encoder, features, say)
        generator = _nearest(start.generator, material.validation)
        return cls(PaintTrainer(recipe, material.source, features, generator, group), material, start.trunk)

    @property
    def references(self) -> Collection:
        return self.material.references

    @property
    def content(self) -> Collection | None:
        return self.material.content

    @property
    def untouched(self) -> float:
        return self.material.validation.untouched

    def distance(self) -> float:
        return self.material.validation.distance(self.trainer.averaged_generator)

    def show_samples(self, logbook: Logbook) -> None:
        batch, generator = self.material.source.batch(self.trainer.step), self.trainer.averaged_generator
        logbook.show_samples(
            self.trainer.step, batch.content, lambda: generator(batch.simple, batch.noise, batch.styles)
        )

    def describe(self, name: str, description: str, sources: Sources, metrics: Mapping[str, float]) -> Manifest:
        return describe_paint(name, description, self.trainer.recipe, sources, metrics, self.trunk)

    def pack(self, manifest: Manifest) -> StyleFile:
        pool = self.material.validation_content
        shown = [pool.picture(index) for index in self.material.shown()]
        trainer = self.trainer
        return pack_paint(
            manifest, trainer.averaged_generator, trainer.discriminator, shown, self.material.gate_pictures
        )


@torch.no_grad()
def _nearest(generator: PaintGenerator, validation: TextureValidation) -> PaintGenerator:
    """Leave a generator that knows several styles the one that is nearest to the references, or the mean of all."""
    known = generator.vectors
    if len(known) > 1:
        keep = torch.cat((known, known.mean(dim=0, keepdim=True)))
        generator.vectors = torch.nn.Parameter(keep)
        distances = [validation.distance(generator, style) for style in range(len(keep))]
        return keep_vector(generator, keep[distances.index(min(distances))])
    return generator

"""One run that learns a look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Sources
from impasto.train.collection import Collection
from impasto.train.logbook import Logbook
from impasto.train.look_trainer import LookTrainer
from impasto.train.material import Material, prepare_material
from impasto.train.packaging import describe_look, make_preview, pack_style
from impasto.train.processes import ProcessGroup
from impasto.train.recipe import Recipe
from impasto.train.validation import mean_lut
from impasto.vision.encoders import load_encoder

_NUM_MEAN_LUT = 64


@dataclass(frozen=True)
class LookRun:
    """See `LearningRun`."""

    metric: ClassVar[str] = "color_distance"

    trainer: LookTrainer
    material: Material

    @classmethod
    def prepare(
        cls,
        recipe: Recipe,
        references: Sequence[Path | str],
        content: Sequence[Path | str],
        pick: int | None,
        group: ProcessGroup,
        say: Callable[[str], None],
    ) -> Self:
        """Load pictures and networks."""
        encoder = load_encoder(recipe.encoder)
        material = prepare_material(references, content, recipe, encoder, say, pick)
        return cls(LookTrainer(recipe, material.source, encoder, group), material)

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
        step = self.trainer.step
        batch = self.material.source.batch(step)
        generator = self.trainer.averaged_generator
        logbook.show_samples(step, batch.content, lambda: self.trainer.generate(generator, batch)[0])

    def describe(self, name: str, description: str, sources: Sources, metrics: Mapping[str, float]) -> Manifest:
        return describe_look(name, description, self.trainer.recipe, sources, metrics)

    def pack(self, manifest: Manifest) -> StyleFile:
        generator, material = self.trainer.averaged_generator, self.material
        shown = material.shown
        preview = make_preview(generator, [shown.picture(index) for index in range(len(shown))], shown.thumbnails)
        lut = mean_lut(generator, material.validation_content.thumbnails[:_NUM_MEAN_LUT])
        return pack_style(manifest, generator, self.trainer.discriminator, lut, preview, material.gate_pictures)

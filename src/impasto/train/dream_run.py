"""One run that learns a dream."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from impasto.errors import UsageError
from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Sources
from impasto.train.collection import Collection
from impasto.train.dream_batches import as_levels
from impasto.train.dream_material import DreamMaterial, prepare_dream_material
from impasto.train.dream_packaging import describe_dream, pack_dream
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.dream_trainer import DreamTrainer
from impasto.train.dream_validation import DreamValidation
from impasto.train.logbook import Logbook
from impasto.train.processes import ProcessGroup
from impasto.vision.encoders import load_encoder

_NUM_SHOWN = 18


@dataclass(frozen=True)
class DreamRun:
    """See `LearningRun`; `untouched` is the distance of what an untrained generator makes."""

    metric: ClassVar[str] = "kernel_distance"

    trainer: DreamTrainer
    material: DreamMaterial
    validation: DreamValidation
    untouched: float

    @classmethod
    def prepare(
        cls,
        recipe: DreamRecipe,
        references: Sequence[Path | str],
        pick: int | None,
        group: ProcessGroup,
        say: Callable[[str], None],
    ) -> Self:
        """Load pictures and networks.

        Raises
        ------
        UsageError
            References were to be picked, which is for styles.
        """
        if pick is not None:
            raise UsageError("a dream learns from all its pictures: leave out --pick")
        encoder = load_encoder(recipe.encoder) if recipe.judge == "projected" else None
        material = prepare_dream_material(references, recipe, say)
        trainer = DreamTrainer(recipe, material.source, encoder, group)
        validation = DreamValidation(material.validation, material.source, recipe, encoder)
        return cls(trainer, material, validation, validation.distance(trainer.averaged_generator))

    @property
    def references(self) -> Collection:
        return self.material.references

    @property
    def content(self) -> Collection | None:
        return None

    def distance(self) -> float:
        return self.validation.distance(self.trainer.averaged_generator)

    def show_samples(self, logbook: Logbook) -> None:
        source, generator = self.material.source, self.trainer.averaged_generator
        latents = source.latents(np.random.default_rng(self.trainer.recipe.seed), _NUM_SHOWN)
        logbook.show_samples(self.trainer.step, as_levels(source.pictures[:_NUM_SHOWN]), lambda: generator(latents))

    def describe(self, name: str, description: str, sources: Sources, metrics: Mapping[str, float]) -> Manifest:
        recipe, faces = self.trainer.recipe, self.material.shows_faces
        return describe_dream(name, description, recipe, sources, metrics, faces)

    def pack(self, manifest: Manifest) -> StyleFile:
        latents = self.material.source.latents(np.random.default_rng(self.trainer.recipe.seed), _NUM_SHOWN)
        return pack_dream(manifest, copy.deepcopy(self.trainer.averaged_generator), latents)

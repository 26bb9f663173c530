"""One run that learns to restore."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import ClassVar, Self

import torch

from impasto.errors import UsageError
from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Needs, Sources
from impasto.train.collection import Collection, collect, load_thumbnails, split
from impasto.train.exported_network import compare_with, preview_sheet
from impasto.train.logbook import Logbook
from impasto.train.material import sampled
from impasto.train.processes import ProcessGroup
from impasto.train.restore_batches import RestoreSource
from impasto.train.restore_generator import MULTIPLE, restore_model
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_trainer import RestoreTrainer
from impasto.train.restore_validation import RestoreValidation
from impasto.version import __version__
from impasto.vision.encoders import load_encoder

MAX_PICTURES = 2_000
_NUM_SHOWN = 6


@dataclass(frozen=True)
class RestoreRun:
    """See `LearningRun`; `untouched` is the distance of damaged photos as they are."""

    metric: ClassVar[str] = "feature_distance"

    trainer: RestoreTrainer
    references: Collection
    validation: RestoreValidation

    @classmethod
    def prepare(
        cls,
        recipe: RestoreRecipe,
        references: Sequence[Path | str],
        pick: int | None,
        group: ProcessGroup,
        say: Callable[[str], None],
    ) -> Self:
        """Load photos and networks.

        Raises
        ------
        NoReferencesError
            Nothing can be used.
        UsageError
            References were to be picked, which is for styles.
        """
        if pick is not None:
            raise UsageError("restoring learns from all photos: leave out --pick")
        collection = collect(references, role="references", minimum_side=recipe.crop_side)
        for line in (collection.summary(), *collection.warnings()):
            say(line)
        collection = replace(collection, accepted=tuple(sampled(collection.accepted, MAX_PICTURES, recipe.seed)))
        train, kept = split(collection, recipe.validation_fraction, recipe.seed)
        encoder = load_encoder(recipe.encoder)
        source = RestoreSource(load_thumbnails(train, recipe.picture_side), recipe)
        validation = RestoreValidation(load_thumbnails(kept or train, recipe.picture_side), recipe, encoder)
        return cls(RestoreTrainer(recipe, source, encoder, group), collection, validation)

    @property
    def content(self) -> Collection | None:
        return None

    @property
    def untouched(self) -> float:
        return self.validation.untouched

    def distance(self) -> float:
        return self.validation.distance(self.trainer.averaged_generator)

    def show_samples(self, logbook: Logbook) -> None:
        damaged, generator = self.validation.batch.content[:_NUM_SHOWN], self.trainer.averaged_generator
        logbook.show_samples(self.trainer.step, damaged, lambda: generator(damaged))

    def describe(self, name: str, description: str, sources: Sources, metrics: Mapping[str, float]) -> Manifest:
        found = {
            "decibels": self.validation.decibels(self.trainer.averaged_generator),
            "decibels_untouched": self.validation.untouched_decibels,
        }
        return Manifest(
            name=name,
            family="restore",
            description=description,
            created=date.today(),
            impasto_version=__version__,
            needs=Needs(multiple=MULTIPLE),
            recipe=self.trainer.recipe.as_json(),
            sources=sources,
            metrics={**metrics, **found},
        )

    @torch.no_grad()
    def pack(self, manifest: Manifest) -> StyleFile:
        """Export the generator, run the file, and compare it with the network.

        Raises
        ------
        TrainingError
            They disagree.
        """
        generator = copy.deepcopy(self.trainer.averaged_generator).eval()
        model = restore_model(generator)
        damaged = [image[None] for image in self.validation.batch.content[:_NUM_SHOWN]]
        mended = [generator(image).clamp(0, 1) for image in damaged]
        compare_with(model, {"content": damaged[0]}, [mended[0]])
        return StyleFile(manifest, generator=model, preview=preview_sheet(damaged, mended))

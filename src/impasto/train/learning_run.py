"""`LearningRun`: what the loop of a job asks of a family of styles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Sources
from impasto.train.collection import Collection
from impasto.train.logbook import Logbook
from impasto.train.trainer import Trainer


class LearningRun(Protocol):
    """One run, ready to walk.

    Attributes
    ----------
    metric
        The name of what `distance` returns.
    trainer
        Its `averaged_generator` is what is validated, shown and packed.
    references, content
        What it learns from.
    untouched
        The distance of content as it is.
    """

    metric: ClassVar[str]

    @property
    def trainer(self) -> Trainer[Any]: ...
    @property
    def references(self) -> Collection: ...
    @property
    def content(self) -> Collection | None: ...
    @property
    def untouched(self) -> float: ...

    def distance(self) -> float:
        """Validate."""
        ...

    def show_samples(self, logbook: Logbook) -> None:
        """Log pictures before and after."""
        ...

    def describe(self, name: str, description: str, sources: Sources, metrics: Mapping[str, float]) -> Manifest:
        """Return the manifest, but for what packing finds out."""
        ...

    def pack(self, manifest: Manifest) -> StyleFile:
        """Make a style of what has been learned, which ends the run."""
        ...

"""How a classifier is taught: read, keep copies together, cross-validate, calibrate, then learn from all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.reading import Failure
from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.collection import LabelledPictures, named
from impasto.sorting.cross_validation import Checked, Material, Teaching, cross_validate, learn
from impasto.sorting.effort import Effort
from impasto.sorting.file import ClassifierFile
from impasto.sorting.folds import UNLABELLED, Indices, num_distinct, stratified_folds
from impasto.sorting.manifest import ClassifierManifest, Measured
from impasto.sorting.reading import Seen, read_pictures
from impasto.sorting.report import SortReport
from impasto.sorting.scores import Outcome
from impasto.sorting.twins import twin_groups, without_contradictions
from impasto.version import __version__

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much there is."""

FEW_PICTURES = 10
"""Of a class; fewer say little about it."""
MAX_HELD_BYTES = 4 << 30
"""What pictures may take in memory where a network is learned."""
_NUM_EPOCHS = {Kind.FROZEN: 0, Kind.FINETUNED: 8, Kind.SMALL: 40}


@dataclass(frozen=True)
class SortRecipe:
    """How to teach a classifier.

    Attributes
    ----------
    backbone
        What it sees pictures with.
    num_folds
        Of the cross-validation; fewer where a class has fewer pictures.
    sure
        Share of labels that should be right; below the confidence that gives it, it says "unsure".
    num_epochs
        How often a network that is learned sees the pictures; None for what suits it.
    use_unlabelled
        Whether pictures without a label may help; they do where that is measured to be no loss.
    """

    backbone: Kind = Kind.FROZEN
    num_folds: int = 5
    sure: float = 0.95
    num_epochs: int | None = None
    seed: int = 0
    use_unlabelled: bool = True
    license_note: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if not 2 <= self.num_folds <= 20:
            raise UsageError(f"There are 2 to 20 folds, not {self.num_folds}.")
        if not 0.5 <= self.sure < 1:
            raise UsageError(f"The share of labels that should be right is from 0.5 to below 1, not {self.sure:g}.")

    @property
    def effort(self) -> int:
        """Epochs."""
        return _NUM_EPOCHS[self.backbone] if self.num_epochs is None else self.num_epochs


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What came of teaching.

    Attributes
    ----------
    outcome
        In cross-validation: of each picture, what a classifier said that had not seen it.
    plain_outcome
        The same without the pictures that have no label; None where there are none.
    failures
        Pictures that could not be used.
    notes
        What the user should know, a sentence each.
    """

    file: ClassifierFile
    outcome: Outcome
    plain_outcome: Outcome | None
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]

    def report(self, title: str) -> SortReport:
        """Return what a report shows of it."""
        return SortReport(title, self.outcome, self.notes, self.plain_outcome)


@dataclass(slots=True, eq=False)
class Reading:
    """Pictures as they are read: features where the encoder is frozen, the squares themselves where it learns."""

    seen: list[Seen] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    parts: list[NDArray[Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def train_classifier(
    pictures: LabelledPictures, recipe: SortRecipe, name: str, progress: Progress | None = None
) -> Trained:
    """Teach a classifier.

    Raises
    ------
    UsageError
        There are fewer than two classes, or a class has fewer than two different pictures that can be used.
    """
    check_classes(sorted(pictures.counts))
    backbone = Backbone(recipe.backbone)
    reading = read_material(pictures, backbone, progress)
    kept, torn = without_contradictions(reading.seen, reading.labels)
    labels = tuple(sorted({label for label in kept if label is not None}))
    check_classes(labels)
    targets = np.array([UNLABELLED if label is None else labels.index(label) for label in kept], np.int64)
    groups = twin_groups(reading.seen)
    counts = num_distinct(targets, groups, len(labels))
    _check_counts(labels, counts)
    num_folds = min(recipe.num_folds, *counts)
    folds = stratified_folds(targets, groups, num_folds, recipe.seed)
    material = Material(np.concatenate(reading.parts), targets, len(labels))
    teaching = Teaching(backbone, Effort(recipe.effort, recipe.seed), recipe.sure)
    checked = cross_validate(material, folds, teaching, recipe.use_unlabelled, _step(progress, "cross-validation"))
    paths = tuple(picture.path for picture in reading.seen)
    notes = [*pictures.notes, *_notes(labels, counts, torn, groups), *_gain_notes(checked, targets, recipe)]
    return Trained(
        _packed(material, checked, teaching, _manifest(name, labels, targets, checked, recipe), progress),
        checked.outcome(labels, paths),
        checked.plain_outcome(labels, paths),
        tuple(reading.failures),
        tuple(notes),
    )


def _step(progress: Progress | None, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(what, done, total) if progress is not None else None


def read_material(pictures: LabelledPictures, backbone: Backbone, progress: Progress | None) -> Reading:
    """Read pictures, and look at them where the encoder is frozen.

    Raises
    ------
    UsageError
        They would not fit into memory.
    """
    reading = Reading()
    label_of = dict(zip(pictures.paths, pictures.labels, strict=True))
    is_frozen = backbone.kind is Kind.FROZEN
    if not is_frozen and len(pictures.paths) * backbone.side**2 * 3 > MAX_HELD_BYTES:
        raise UsageError(f"{len(pictures.paths)} pictures are too many to learn a network from at once: use fewer.")
    num_done = 0
    for batch in read_pictures(pictures.paths, backbone.side):
        seen = [each for each in batch if isinstance(each, Seen)]
        if seen:
            squares = np.stack([each.square for each in seen])
            reading.parts.append(backbone.features(squares) if is_frozen else squares)
        # The squares are held once, or not at all.
        reading.seen += [replace(each, square=each.square[:0]) for each in seen]
        reading.labels += [label_of[each.path] for each in seen]
        reading.failures += [each for each in batch if isinstance(each, Failure)]
        num_done += len(batch)
        _step(progress, "pictures")(num_done, len(pictures.paths))
    return reading


def check_classes(labels: Sequence[str]) -> None:
    """Refuse fewer than two classes, and two that a disk could not tell apart."""
    if len(labels) < 2:
        found = f"only one: {labels[0]}" if labels else "none"
        raise UsageError(f"There must be two or more classes of pictures that can be used, and there is {found}.")
    if twins := [label for label in labels if [each.casefold() for each in labels].count(label.casefold()) > 1]:
        raise UsageError(f"Two classes have one name but for capitals: {', '.join(twins)}. Rename one.")


def _check_counts(labels: Sequence[str], counts: Sequence[int]) -> None:
    if lonely := [label for label, count in zip(labels, counts, strict=True) if count < 2]:
        raise UsageError(
            f"{named(lonely)}: a class needs two pictures that differ, better {2 * FEW_PICTURES}, since one is kept "
            "for testing. Add some, or take the class away."
        )


def _notes(labels: Sequence[str], counts: Sequence[int], torn: list[str], groups: Indices) -> list[str]:
    notes = []
    if torn:
        notes.append(f"{len(torn)} file(s) lie in two classes, so they count as having none: {named(torn)}.")
    if num_twins := len(groups) - len(set(groups.tolist())):
        notes.append(f"{num_twins} picture(s) repeat others, nearly or wholly; they are kept on one side of each test.")
    if few := [f"{label} ({count})" for label, count in zip(labels, counts, strict=True) if count < FEW_PICTURES]:
        notes.append(f"Few pictures, so that little is known of how well these are told: {named(few)}.")
    if max(counts) > 3 * min(counts):
        notes.append("Classes differ much in size; each weighs the same.")
    return notes


def _gain_notes(checked: Checked, targets: Indices, recipe: SortRecipe) -> list[str]:
    number = int((targets == UNLABELLED).sum())
    if not number:
        return []
    if not recipe.use_unlabelled:
        return [f"{number} picture(s) have no label and are not used."]
    change = f"{100 * (checked.gain or 0):+.1f} points".replace("-", "−")
    verb = "are used" if checked.uses_unlabelled else "are not used, since they do not help"
    return [f"{number} picture(s) have no label and {verb}: they change the accuracy by {change}."]


def _manifest(
    name: str, labels: tuple[str, ...], targets: Indices, checked: Checked, recipe: SortRecipe
) -> ClassifierManifest:
    outcome = checked.outcome(labels, ())
    low, high = outcome.interval
    measured = Measured(
        accuracy=outcome.accuracy,
        low=low,
        high=high,
        coverage=outcome.coverage,
        sure_accuracy=outcome.sure_accuracy if outcome.sure.any() else 0.0,
        calibration_error=outcome.calibration_error,
        num_folds=len(outcome.fold_accuracies),
        gain=checked.gain,
    )
    return ClassifierManifest(
        name=name,
        description=recipe.description,
        created=datetime.now(UTC).date(),
        impasto_version=__version__,
        labels=labels,
        counts=tuple(int((targets == index).sum()) for index in range(len(labels))),
        num_unlabelled=int((targets == UNLABELLED).sum()) if checked.uses_unlabelled else 0,
        backbone=recipe.backbone,
        temperature=checked.temperature,
        threshold=checked.threshold,
        strange=checked.strange,
        measured=measured,
        license_note=recipe.license_note,
    )


def _packed(
    material: Material,
    checked: Checked,
    teaching: Teaching,
    manifest: ClassifierManifest,
    progress: Progress | None,
) -> ClassifierFile:
    effort = replace(teaching.effort, progress=_step(progress, "learning from all"))
    used = np.flatnonzero((material.targets != UNLABELLED) | checked.uses_unlabelled)
    learned = learn(material.part(used), replace(teaching, effort=effort))
    return ClassifierFile(manifest, learned.head, learned.backbone.weights)


def classifier_name(path: Path) -> str:
    """Return what a classifier in this file is called."""
    return path.stem[:100] or "classifier"

"""A classifier at work: pictures in, labels with their confidence out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impasto.errors import UsageError
from impasto.gallery.reading import Failure
from impasto.sorting.backbones import Backbone
from impasto.sorting.calibration import Numbers
from impasto.sorting.collection import LabelledPictures, named
from impasto.sorting.file import ClassifierFile, find_classifier, load_classifier
from impasto.sorting.labels import UNSURE
from impasto.sorting.reading import Seen, Squares, read_pictures
from impasto.sorting.regression import softmax
from impasto.sorting.scores import Outcome

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What a classifier says of one picture.

    Attributes
    ----------
    label
        A class, or "unsure".
    guess
        The most probable class, even so.
    confidence
        Its probability.
    is_strange
        Whether the picture is unlike all that was learned.
    """

    path: Path
    label: str
    guess: str
    confidence: float
    is_strange: bool


class Classifier:
    """A classifier that was loaded."""

    def __init__(self, file: ClassifierFile) -> None:
        self.file = file
        self.labels = file.manifest.labels
        self.backbone = Backbone(file.manifest.backbone, file.backbone)

    @classmethod
    def load(cls, name_or_path: Path | str) -> Classifier:
        """Load a classifier from a file, or one that came with Impasto by its name.

        Raises
        ------
        ClassifierFileError
            There is none, or it cannot be used.
        """
        return cls(load_classifier(find_classifier(Path(name_or_path))))

    def probabilities(self, squares: Squares) -> tuple[Numbers, Numbers]:
        """Return probabilities N×C and the likeness to what was learned N of pictures N×S×S×3."""
        features = self.backbone.features(squares)
        head, manifest = self.file.head, self.file.manifest
        if features.shape[1] != len(head.mean):
            raise UsageError("This classifier does not fit the network that it says it sees with.")
        scores = softmax(head.logits(features).astype(np.float64) / manifest.temperature)
        return scores, head.familiarity(features).astype(np.float64)

    def tell(self, paths: Sequence[Path], progress: Progress | None = None) -> Iterator[Told | Failure]:
        """Say of each picture, in order, what it shows; of one that cannot be used, why."""
        num_done = 0
        for batch in read_pictures(paths, self.backbone.side):
            yield from self._tell_batch(batch)
            num_done += len(batch)
            if progress is not None:
                progress(num_done, len(paths))

    def _tell_batch(self, batch: Sequence[Seen | Failure]) -> Iterator[Told | Failure]:
        seen = [each for each in batch if isinstance(each, Seen)]
        told: dict[Path, Told] = {}
        if seen:
            probabilities, familiarity = self.probabilities(np.stack([each.square for each in seen]))
            for picture, row, likeness in zip(seen, probabilities, familiarity, strict=True):
                told[picture.path] = self._told(picture.path, row, float(likeness))
        for each in batch:
            yield told[each.path] if isinstance(each, Seen) else each

    def _told(self, path: Path, row: Numbers, likeness: float) -> Told:
        best = int(row.argmax())
        confidence, is_strange = float(row[best]), likeness < self.file.manifest.strange
        sure = confidence >= self.file.manifest.threshold and not is_strange
        return Told(path, self.labels[best] if sure else UNSURE, self.labels[best], confidence, is_strange)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """How a classifier did on pictures whose class is known."""

    outcome: Outcome
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]


def evaluate_classifier(
    classifier: Classifier, pictures: LabelledPictures, progress: Progress | None = None
) -> Evaluated:
    """Compare what a classifier says with what is known.

    Pictures without a label, and of classes that it was never shown, are left out; the notes say so.

    Raises
    ------
    UsageError
        No picture has a class that it knows.
    """
    known = {label.casefold(): index for index, label in enumerate(classifier.labels)}
    targets = [None if label is None else known.get(label.casefold()) for label in pictures.labels]
    notes = [*pictures.notes]
    if strangers := sorted({label for label in pictures.labels if label and label.casefold() not in known}):
        left_out = sum(count for label, count in pictures.counts.items() if label in strangers)
        notes.append(f"{left_out} picture(s) are of classes that it was never shown: {named(strangers)}.")
    if pictures.num_unlabelled:
        notes.append(f"{pictures.num_unlabelled} picture(s) have no label.")
    chosen = [(path, target) for path, target in zip(pictures.paths, targets, strict=True) if target is not None]
    failures: list[Failure] = []
    told: list[tuple[Told, int]] = []
    for (_, target), said in zip(chosen, classifier.tell([path for path, _ in chosen], progress), strict=True):
        if isinstance(said, Failure):
            failures.append(said)
        else:
            told.append((said, target))
    if not told:
        raise UsageError(f"No picture has a class that the classifier knows: {', '.join(classifier.labels)[:200]}.")
    return Evaluated(_outcome(classifier, told), tuple(failures), tuple(notes))


def _outcome(classifier: Classifier, told: Sequence[tuple[Told, int]]) -> Outcome:
    return Outcome(
        classifier.labels,
        np.array([target for _, target in told], np.int64),
        np.array([classifier.labels.index(said.guess) for said, _ in told], np.int64),
        np.array([said.confidence for said, _ in told]),
        np.array([said.label != UNSURE for said, _ in told]),
        tuple(said.path for said, _ in told),
    )

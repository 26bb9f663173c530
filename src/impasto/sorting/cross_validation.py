"""How good a classifier will be, and how sure it may be: measured on pictures that it did not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.calibration import Numbers, fit_temperature, strange_threshold, sure_threshold
from impasto.sorting.effort import Effort
from impasto.sorting.folds import UNLABELLED, Indices
from impasto.sorting.pseudo_labels import fit_with_guesses
from impasto.sorting.reading import Squares
from impasto.sorting.regression import Floats, LinearHead, class_weights, softmax
from impasto.sorting.scores import Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What is learned from.

    Attributes
    ----------
    inputs
        Features N×F where the backbone is frozen, else squares N×S×S×3.
    targets
        Class of each; `UNLABELLED` where it is not known.
    """

    inputs: Floats | Squares
    targets: Indices
    num_classes: int

    def part(self, chosen: Indices) -> Material:
        """Return some of it."""
        return Material(self.inputs[chosen], self.targets[chosen], self.num_classes)


@dataclass(frozen=True, slots=True, eq=False)
class Teaching:
    """How it is learned.

    Attributes
    ----------
    sure
        Share of labels that should be right.
    """

    backbone: Backbone
    effort: Effort
    sure: float


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A backbone with its linear classifier."""

    backbone: Backbone
    head: LinearHead

    def features(self, inputs: Floats | Squares) -> Floats:
        """Return the features of inputs as `Material` has them."""
        return _features(self.backbone, inputs)


def learn(material: Material, teaching: Teaching) -> Learned:
    """Learn from all of some material, pictures without a label included."""
    weights = class_weights(material.targets, material.num_classes)
    backbone = teaching.backbone
    if backbone.kind is not Kind.FROZEN:
        backbone = backbone.fitted(np.asarray(material.inputs, np.uint8), material.targets, weights, teaching.effort)
    features = _features(backbone, material.inputs)
    return Learned(backbone, fit_with_guesses(features, material.targets, material.num_classes).head)


def _features(backbone: Backbone, inputs: Floats | Squares) -> Floats:
    is_seen = inputs.ndim == 2
    return np.asarray(inputs, np.float32) if is_seen else backbone.features(np.asarray(inputs, np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """What was said of each picture that has a label, by a classifier that had not seen it."""

    logits: Floats
    familiarity: Floats

    def accuracy(self, targets: Indices) -> float:
        return float((self.logits.argmax(axis=1) == targets).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What cross-validation found.

    Attributes
    ----------
    tested
        Indices of the pictures that were tested, those with a label.
    temperature, threshold, strange
        As the manifest has them.
    uses_unlabelled
        Whether pictures without a label help, or at least do no harm.
    gain
        By how much they change the accuracy; None where there are none.
    """

    tested: Indices
    targets: Indices
    folds: Indices
    scores: _Scores
    plain_scores: _Scores | None
    sure: float
    temperature: float
    threshold: float
    strange: float
    uses_unlabelled: bool
    gain: float | None

    def outcome(self, labels: tuple[str, ...], paths: tuple[Path, ...]) -> Outcome:
        """Return what the classifier would have said."""
        return self._outcome(self.scores, labels, paths)

    def plain_outcome(self, labels: tuple[str, ...], paths: tuple[Path, ...]) -> Outcome | None:
        """Return what it would have said without pictures that have no label; None where there are none."""
        return None if self.plain_scores is None else self._outcome(self.plain_scores, labels, paths)

    def _outcome(self, scores: _Scores, labels: tuple[str, ...], paths: tuple[Path, ...]) -> Outcome:
        probabilities = calibrated(scores.logits, self.targets, self.folds)
        confidences = probabilities.max(axis=1)
        sure = said_in_folds(confidences, scores, self)
        shown = tuple(paths[index] for index in self.tested) if paths else ()
        return Outcome(labels, self.targets, probabilities.argmax(axis=1), confidences, sure, shown, self.folds)


def cross_validate(
    material: Material,
    folds: Indices,
    teaching: Teaching,
    use_unlabelled: bool,
    progress: Callable[[int, int], None],
) -> Checked:
    """Test each fold with what was learned from the others."""
    tested = np.flatnonzero(material.targets != UNLABELLED)
    targets = material.targets[tested]
    has_unlabelled = use_unlabelled and len(tested) < len(material.targets)
    num_steps = (2 if has_unlabelled else 1) * len(np.unique(folds[tested]))
    labelled_only = _scores(material, folds, teaching, True, lambda done: progress(done, num_steps))
    scores, gain, uses = labelled_only, None, False
    if has_unlabelled:
        helped = _scores(material, folds, teaching, False, lambda done: progress(num_steps // 2 + done, num_steps))
        gain = helped.accuracy(targets) - labelled_only.accuracy(targets)
        uses = gain >= 0
        scores = helped if uses else labelled_only
    probabilities = calibrated(scores.logits, targets, folds[tested])
    right = probabilities.argmax(axis=1) == targets
    return Checked(
        tested,
        targets,
        folds[tested],
        scores,
        labelled_only if has_unlabelled else None,
        teaching.sure,
        fit_temperature(scores.logits, targets),
        sure_threshold(probabilities.max(axis=1), right, teaching.sure),
        strange_threshold(scores.familiarity),
        uses,
        gain,
    )


def _scores(
    material: Material, folds: Indices, teaching: Teaching, labelled_only: bool, progress: Callable[[int], None]
) -> _Scores:
    tested = np.flatnonzero(material.targets != UNLABELLED)
    logits = np.zeros((len(tested), material.num_classes), np.float32)
    familiarity = np.zeros(len(tested), np.float32)
    for number, fold in enumerate(np.unique(folds[tested]), start=1):
        outside = folds != fold
        if labelled_only:
            outside &= material.targets != UNLABELLED
        learned = learn(material.part(np.flatnonzero(outside)), teaching)
        inside = np.flatnonzero(folds[tested] == fold)
        features = learned.features(material.inputs[tested[inside]])
        logits[inside], familiarity[inside] = learned.head.logits(features), learned.head.familiarity(features)
        progress(number)
    return _Scores(logits, familiarity)


def calibrated(logits: Floats, targets: Indices, folds: Indices) -> Numbers:
    """Return probabilities, each fold's at the temperature that the other folds ask for."""
    probabilities = np.zeros(logits.shape)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        temperature = fit_temperature(logits[outside], targets[outside])
        probabilities[inside] = softmax(logits[inside].astype(np.float64) / temperature)
    return probabilities


def said_in_folds(confidences: Numbers, scores: _Scores, checked: Checked) -> NDArray[np.bool_]:
    """Tell which pictures would get a label, each fold's by the thresholds that the other folds ask for."""
    right = scores.logits.argmax(axis=1) == checked.targets
    sure = np.zeros(len(confidences), np.bool_)
    for fold in np.unique(checked.folds):
        inside, outside = checked.folds == fold, checked.folds != fold
        threshold = sure_threshold(confidences[outside], right[outside], checked.sure)
        strange = strange_threshold(scores.familiarity[outside])
        sure[inside] = (confidences[inside] >= threshold) & (scores.familiarity[inside] >= strange)
    return sure

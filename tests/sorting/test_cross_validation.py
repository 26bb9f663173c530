from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.calibration import fit_temperature
from impasto.sorting.cross_validation import Checked, Material, Teaching, calibrated, cross_validate, learn
from impasto.sorting.effort import Effort
from impasto.sorting.folds import UNLABELLED, stratified_folds
from impasto.sorting.regression import softmax

LABELS = ("a", "b", "c")


def clouds(number: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = np.arange(number) % 3
    features = 4 * np.eye(3)[targets] + spread * random.normal(size=(number, 3))
    return features.astype(np.float32), targets.astype(np.int64)


def check(features: np.ndarray, targets: np.ndarray, sure: float = 0.95, use_unlabelled: bool = True) -> Checked:
    folds = stratified_folds(targets, np.arange(len(targets)), 4, 0)
    teaching = Teaching(Backbone(Kind.FROZEN), Effort(0), sure)
    return cross_validate(Material(features, targets, 3), folds, teaching, use_unlabelled, lambda _done, _total: None)


def outcome_paths(number: int) -> tuple[Path, ...]:
    return tuple(Path(f"{index}.jpg") for index in range(number))


def test_each_picture_is_tested_once_in_its_fold() -> None:
    features, targets = clouds(60, 1)
    checked = check(features, targets)
    outcome = checked.outcome(LABELS, outcome_paths(60))
    np.testing.assert_array_equal(outcome.targets, targets)
    assert [path.stem for path in outcome.paths] == [str(index) for index in range(60)]
    assert len(outcome.fold_accuracies) == 4
    assert outcome.accuracy > 0.9


def test_a_picture_is_never_told_by_what_learned_from_it() -> None:
    """Each picture has a feature of its own, which gives its class away to whoever has seen it."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, 60)
    outcome = check(np.eye(60, dtype=np.float32), targets).outcome(LABELS, ())
    assert outcome.accuracy < 0.6


def test_confidence_means_what_it_says() -> None:
    features, targets = clouds(900, 2.5)
    outcome = check(features, targets).outcome(LABELS, ())
    assert 0.6 < outcome.accuracy < 0.95
    assert outcome.calibration_error < 0.05
    assert outcome.confidences.mean() == pytest.approx(outcome.accuracy, abs=0.04)


@pytest.mark.parametrize("sure", [0.9, 0.97])
def test_what_it_labels_is_right_as_often_as_it_was_asked_to(sure: float) -> None:
    features, targets = clouds(900, 2.5)
    outcome = check(features, targets, sure).outcome(LABELS, ())
    assert outcome.sure_accuracy > sure - 0.03
    assert outcome.sure_accuracy > outcome.accuracy
    assert 0.1 < outcome.coverage < 1


def test_who_asks_for_more_gets_fewer_labels() -> None:
    features, targets = clouds(600, 2.5)
    coverages = [check(features, targets, sure).outcome(LABELS, ()).coverage for sure in (0.8, 0.9, 0.98)]
    assert coverages[0] > coverages[1] > coverages[2]


def test_pictures_without_a_label_are_not_tested() -> None:
    features, targets = clouds(90, 1)
    targets[40:] = UNLABELLED
    checked = check(features, targets)
    assert checked.tested.tolist() == list(range(40))
    assert checked.gain is not None
    assert checked.uses_unlabelled == (checked.gain >= 0)
    outcome = checked.outcome(LABELS, outcome_paths(90))
    assert len(outcome.paths) == len(outcome.targets) == 40


def test_what_does_harm_is_not_used() -> None:
    """The pictures without a label show something else, far out, which lies on the wrong side."""
    features, targets = clouds(60, 0.7)
    strange = -30 * np.eye(3)[np.arange(600) % 3] + np.random.default_rng(1).normal(size=(600, 3))
    everything = np.concatenate([features, strange.astype(np.float32)])
    checked = check(everything, np.concatenate([targets, np.full(600, UNLABELLED)]))
    assert checked.gain is not None
    plain = checked.plain_outcome(LABELS, ())
    assert plain is not None
    assert checked.outcome(LABELS, ()).accuracy >= plain.accuracy


def test_without_asking_nothing_unlabelled_is_measured() -> None:
    features, targets = clouds(60, 1)
    targets[40:] = UNLABELLED
    checked = check(features, targets, use_unlabelled=False)
    assert checked.gain is None
    assert checked.plain_outcome(LABELS, ()) is None


def test_each_fold_is_calibrated_by_the_others() -> None:
    """One fold brags tenfold: its own temperature must not undo that."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (400, 3)).astype(np.float32)
    targets = np.array([random.choice(3, p=row) for row in softmax(logits)])
    folds = np.arange(400) % 4
    bragging = logits.copy()
    bragging[folds == 0] *= 10
    probabilities = calibrated(bragging, targets, folds)
    honest = softmax(bragging[folds == 0].astype(float) / fit_temperature(logits[folds != 0], targets[folds != 0]))
    np.testing.assert_allclose(probabilities[folds == 0], honest)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_progress_goes_to_its_end() -> None:
    features, targets = clouds(60, 1)
    targets[40:] = UNLABELLED
    folds = stratified_folds(targets, np.arange(60), 4, 0)
    steps: list[tuple[int, int]] = []
    teaching = Teaching(Backbone(Kind.FROZEN), Effort(0), 0.95)
    cross_validate(Material(features, targets, 3), folds, teaching, True, lambda *step: steps.append(step))
    assert steps == [(number, 8) for number in range(1, 9)]


def test_learning_from_all_tells_all() -> None:
    features, targets = clouds(90, 0.5)
    learned = learn(Material(features, targets, 3), Teaching(Backbone(Kind.FROZEN), Effort(0), 0.95))
    assert (learned.head.logits(learned.features(features)).argmax(axis=1) == targets).all()

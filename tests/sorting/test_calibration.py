from __future__ import annotations

import numpy as np
import pytest

from impasto.sorting.calibration import (
    LEAST_THRESHOLD,
    calibration_error,
    fit_temperature,
    reliability,
    strange_threshold,
    sure_threshold,
)
from impasto.sorting.regression import softmax


def drawn(number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and truths that were drawn with just these probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (number, 4)).astype(np.float32)
    chances = softmax(logits)
    targets = np.array([random.choice(4, p=row) for row in chances])
    return logits, targets


def test_scores_that_mean_what_they_say_keep_their_temperature() -> None:
    logits, targets = drawn(4000)
    assert fit_temperature(logits, targets) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_bragging_and_modesty_are_undone(factor: float) -> None:
    logits, targets = drawn(4000)
    temperature = fit_temperature(logits * factor, targets)
    assert temperature == pytest.approx(factor, rel=0.06)
    probabilities = softmax(logits.astype(float) * factor / temperature)
    right = probabilities.argmax(axis=1) == targets
    assert calibration_error(reliability(probabilities.max(axis=1), right)) < 0.03
    bragging = softmax(logits.astype(float) * 4).max(axis=1)
    assert calibration_error(reliability(bragging, right)) > 0.15


def test_a_few_pictures_that_were_all_right_leave_doubt() -> None:
    logits = np.array([[4.0, 0, 0], [0, 5, 0], [0, 0, 3], [6, 0, 0]], np.float32)
    targets = np.array([0, 1, 2, 0])
    probabilities = softmax(logits.astype(float) / fit_temperature(logits, targets))
    assert probabilities.max() < 0.99
    many, truths = np.tile(logits, (100, 1)), np.tile(targets, 100)
    assert softmax(logits.astype(float) / fit_temperature(many, truths)).max(axis=1).min() > 0.95


def test_bins_hold_every_prediction_once() -> None:
    confidences = np.array([0.0, 0.05, 0.1, 0.55, 0.59, 1.0])
    right = np.array([False, False, True, True, False, True])
    bins = reliability(confidences, right)
    assert [each.count for each in bins] == [2, 1, 2, 1]
    assert [each.low for each in bins] == pytest.approx([0, 0.1, 0.5, 0.9])
    assert bins[2].accuracy == 0.5
    assert bins[2].confidence == pytest.approx(0.57)
    assert calibration_error(bins) == pytest.approx((2 * 0.025 + 0.9 + 2 * 0.07 + 0) / 6)


def test_no_predictions_are_no_error() -> None:
    assert reliability(np.array([]), np.array([], bool)) == []
    assert calibration_error([]) == 0


def test_the_threshold_gives_as_many_labels_as_are_right_often_enough() -> None:
    confidences = np.array([0.95, 0.9, 0.85, 0.8, 0.75, 0.7])
    right = np.array([True, True, True, False, True, False])
    assert sure_threshold(confidences, right, 1.0) == 0.85
    assert sure_threshold(confidences, right, 0.8) == 0.75
    assert sure_threshold(confidences, right, 0.6) == 0.7


def test_equal_confidences_stand_or_fall_together() -> None:
    confidences = np.array([0.9, 0.8, 0.8, 0.8])
    assert sure_threshold(confidences, np.array([True, True, False, False]), 0.9) == 0.9
    assert sure_threshold(confidences, np.array([True, False, False, True]), 0.9) == 0.9


def test_a_label_is_never_given_below_one_half_and_none_where_none_is_right() -> None:
    assert sure_threshold(np.array([0.3, 0.2]), np.array([True, True]), 0.9) == LEAST_THRESHOLD
    assert sure_threshold(np.array([0.9, 0.8]), np.array([False, False]), 0.9) == 1


def test_one_picture_in_a_hundred_is_strange() -> None:
    values = np.linspace(0, 1, 1001).astype(np.float32)
    assert (values < strange_threshold(values)).mean() == pytest.approx(0.01, abs=0.002)

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from impasto.sorting.scores import Outcome, fold_interval, wilson_interval


def outcome(
    targets: list[int], guesses: list[int], sure: list[bool] | None = None, folds: list[int] | None = None
) -> Outcome:
    number = len(targets)
    return Outcome(
        ("cat", "dog", "eel"),
        np.array(targets),
        np.array(guesses),
        np.linspace(0.9, 0.5, number),
        np.array([True] * number if sure is None else sure),
        tuple(Path(f"{index}.jpg") for index in range(number)),
        None if folds is None else np.array(folds),
    )


def test_the_confusion_has_truths_in_rows() -> None:
    told = outcome([0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 0, 2])
    assert told.confusion.tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 1]]
    assert told.accuracy == 0.5
    assert told.balanced_accuracy == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)


def test_precision_and_recall_of_each_class() -> None:
    cat, dog, eel = outcome([0, 0, 0, 1], [0, 1, 1, 1]).per_class()
    assert (cat.precision, cat.recall) == (1, pytest.approx(1 / 3))
    assert (dog.precision, dog.recall) == (pytest.approx(1 / 3), 1)
    assert math.isnan(eel.precision)
    assert math.isnan(eel.recall)
    assert eel.recall_interval == (0, 1)


def test_what_is_not_labelled_does_not_count_as_wrong() -> None:
    told = outcome([0, 1, 2, 0], [0, 1, 1, 1], sure=[True, True, False, False])
    assert (told.coverage, told.sure_accuracy, told.accuracy) == (0.5, 1, 0.5)
    assert math.isnan(outcome([0], [0], sure=[False]).sure_accuracy)


def test_folds_give_the_interval_where_there_are_some() -> None:
    told = outcome([0, 0, 1, 1], [0, 0, 1, 0], folds=[0, 0, 1, 1])
    assert told.fold_accuracies == [1, 0.5]
    assert told.interval == fold_interval([1, 0.5])
    plain = outcome([0, 0, 1, 1], [0, 0, 1, 0])
    assert plain.fold_accuracies == []
    assert plain.interval == wilson_interval(3, 4)


@pytest.mark.parametrize(
    ("hits", "number", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (500, 1000, 0.469, 0.531)],
)
def test_intervals_of_shares_are_those_of_the_books(hits: int, number: int, low: float, high: float) -> None:
    assert wilson_interval(hits, number) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_the_interval_of_a_share_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    hits = random.binomial(40, 0.9, 4000)
    inside = [low <= 0.9 <= high for low, high in (wilson_interval(int(each), 40) for each in hits)]
    assert 0.92 < np.mean(inside) < 0.98


def test_the_interval_over_folds_holds_as_often_as_it_says() -> None:
    """Of folds that are independent."""
    random = np.random.default_rng(0)
    drawn = random.normal(0.6, 0.05, (3000, 5))
    inside = [low <= 0.6 <= high for low, high in map(fold_interval, drawn.tolist())]
    assert 0.93 < np.mean(inside) < 0.97


def test_intervals_over_folds_stay_shares() -> None:
    assert fold_interval([1.0, 1.0, 0.7]) == (pytest.approx(0.47, abs=0.01), 1)
    assert fold_interval([0.9]) == (0, 1)

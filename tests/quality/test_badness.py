from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.quality.badness import Direction, badness

DIRECTIONS = {
    "edges": Direction("content", True),
    "shift": Direction("faces", False),
    "blur": Direction("health", False),
    "bands": Direction("health", False),
}
USUAL = {"edges": 0.9, "shift": 0.01, "blur": 1.0, "bands": 0.0}


def usual(number: int) -> list[dict[str, float]]:
    rng = np.random.default_rng(0)
    return [{name: value + 0.01 * rng.normal() for name, value in USUAL.items()} for _ in range(number)]


@pytest.mark.parametrize(("name", "bad"), [("edges", 0.1), ("shift", 0.8), ("bands", 0.9)])
def test_a_picture_that_fails_at_one_thing_is_the_worst(name: str, bad: float) -> None:
    pictures = usual(20)
    pictures[7] = {**USUAL, name: bad}
    assert int(np.argmax(badness(pictures, DIRECTIONS))) == 7


@pytest.mark.parametrize(("name", "good"), [("edges", 1.5), ("shift", -0.8)])
def test_being_far_on_the_good_side_is_not_bad(name: str, good: float) -> None:
    pictures = usual(20)
    pictures[7] = {**USUAL, name: good}
    scores = badness(pictures, DIRECTIONS)
    assert scores[7] < np.median(scores)


def test_a_difference_that_nobody_sees_decides_nothing() -> None:
    pictures = [{"edges": 0.99, "shift": float(number)} for number in range(9)]
    pictures[0]["edges"] = 0.9899
    assert int(np.argmax(badness(pictures, DIRECTIONS))) == 8


def test_what_a_picture_lacks_and_what_never_differs_says_nothing() -> None:
    scores = badness([{"edges": 1.0, "shift": 0.1}, {"edges": 1.0}, {}, {"edges": float("nan")}], DIRECTIONS)
    assert scores == [0, 0, 0, 0]
    assert badness([], DIRECTIONS) == []


def test_unknown_metrics_are_passed_over() -> None:
    assert badness([{"other": 1.0}, {"other": 9.0}], DIRECTIONS) == [0, 0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_scores_are_finite_and_follow_the_order(values: list[float]) -> None:
    scores = badness([{"shift": value} for value in values], DIRECTIONS)
    assert np.isfinite(scores).all()
    ordered = [score for _, score in sorted(zip(values, scores, strict=True))]
    assert ordered == sorted(ordered)

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.train.schedule import Budget, rate_factor


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_progress_by_time() -> None:
    clock = Clock()
    budget = Budget(minutes=2, steps=None, clock=clock)
    assert budget.progress(0) == 0
    clock.now += 30
    assert budget.progress(5) == 0.25
    assert budget.progress(500_000) == 0.25, "steps do not count"
    assert budget.seconds_left(5) == 90
    clock.now += 100
    assert budget.progress(6) == 1
    assert budget.seconds_left(6) == 0


def test_progress_by_steps() -> None:
    clock = Clock()
    budget = Budget(minutes=0.01, steps=40, clock=clock)
    assert math.isnan(budget.seconds_left(0)), "nothing is known yet"
    clock.now += 60
    assert budget.progress(0) == 0, "time does not count"
    assert budget.progress(10) == 0.25
    assert budget.seconds_left(10) == pytest.approx(180)
    assert budget.progress(40) == 1
    assert budget.progress(41) == 1
    assert budget.seconds_left(40) == 0


def test_a_resumed_run_has_spent_what_it_had_spent() -> None:
    clock = Clock()
    budget = Budget(minutes=1, steps=None, spent_seconds=45, clock=clock)
    assert budget.progress(0) == 0.75
    clock.now += 5
    assert budget.spent_seconds == 50
    assert budget.seconds_left(9) == 10


def test_a_budget_starts_when_it_is_made_by_the_clock_of_the_machine() -> None:
    budget = Budget(minutes=60, steps=None)
    assert 0 <= budget.progress(0) < 0.5


@given(st.floats(0, 1), st.integers(0, 10**7))
def test_rates_are_positive_and_never_above_the_recipe(progress: float, step: int) -> None:
    assert 0 < rate_factor(progress, step) <= 1


@given(st.floats(0, 1), st.floats(0, 1), st.integers(100, 10**6))
def test_rates_only_fall_once_warm(first: float, second: float, step: int) -> None:
    early, late = sorted((first, second))
    assert rate_factor(early, step) >= rate_factor(late, step)


def test_rates_warm_up_and_fall_with_the_steps_and_toward_the_end() -> None:
    warm_up = [rate_factor(0.0, step) for step in range(20)]
    assert warm_up == sorted(warm_up)
    assert warm_up[0] < 0.1
    assert warm_up[-1] > 0.8
    assert rate_factor(0.0, 1000) < rate_factor(0.0, 100) / 2
    assert rate_factor(0.5, 100) < rate_factor(0.0, 100)
    assert rate_factor(1.0, 100) < 0.05

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.apply.chance import chance, chance_below, chance_count, wander


def test_numbers_stay_what_they_were() -> None:
    """Films that were begun with one version are finished with the next."""
    assert chance(0) == pytest.approx(0.8833108082136426)
    assert chance(1, 2, 3) == pytest.approx(chance(1, 2, 3))
    assert len({chance(1, 2), chance(2, 1), chance(1, 2, 0), chance(-1, 2), chance(1)}) == 5


def test_numbers_are_spread_evenly() -> None:
    numbers = [chance(7, n) for n in range(4000)]
    assert min(numbers) >= 0
    assert max(numbers) < 1
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx([400] * 10, abs=80)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.05
    assert {chance_below(3, 5, n) for n in range(50)} == {0, 1, 2}


@pytest.mark.parametrize("mean", [0.3, 2.0, 28.0])
def test_counts_have_the_mean_and_spread_of_independent_events(mean: float) -> None:
    counts = [chance_count(mean, 3, n) for n in range(3000)]
    assert np.mean(counts) == pytest.approx(mean, rel=0.08)
    assert np.var(counts) == pytest.approx(mean, rel=0.12)


def test_nothing_is_counted_of_nothing() -> None:
    assert not any(chance_count(0.0, n) for n in range(200))


@given(st.floats(-1e6, 1e6), st.integers(0, 2**64 - 1))
def test_wandering_stays_within_and_is_smooth(position: float, key: int) -> None:
    here, near = wander(position, key), wander(position + 1e-3, key)
    assert -1 <= here <= 1
    assert abs(near - here) < 0.005


def test_wandering_goes_somewhere() -> None:
    curve = [wander(n / 4, 1) for n in range(400)]
    assert np.std(curve) > 0.3
    assert abs(np.mean(curve)) < 0.2

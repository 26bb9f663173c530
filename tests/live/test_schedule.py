"""Pictures that come in bursts are shown evenly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.live.schedule import BurstSchedule


def played(arrivals: list[tuple[float, float]]) -> list[float]:
    """Return when pictures are shown, of which each comes at one time and states another."""
    schedule, now, shown = BurstSchedule(), 0.0, []
    for at, stated in arrivals:
        now = max(now, at)
        now += max(0.0, schedule.delay(stated, now))
        shown.append(now)
    return shown


def bursts(number: int, seconds: float = 2.0, rate: int = 25) -> list[tuple[float, float]]:
    """Return pictures that come a segment at a time, each segment once it is over."""
    each = round(seconds * rate)
    return [((index // each) * seconds, index / rate) for index in range(number)]


def test_bursts_are_shown_evenly() -> None:
    shown = played(bursts(500))
    assert shown == pytest.approx([index / 25 for index in range(500)])


def test_segments_that_come_late_are_late_once_and_even_after_that() -> None:
    arrivals = [(at + (3.0 if stated >= 8 else 0.0), stated) for at, stated in bursts(500)]
    shown = played(arrivals)
    gaps = [round(after - before, 3) for before, after in pairwise(shown)]
    assert sorted(set(gaps)) == [0.04, 3.04]
    assert gaps.count(3.04) == 1


@pytest.mark.parametrize("jump", [-3600.0, -20.0, 20.0, 3600.0])
def test_times_that_jump_hold_nothing_up(jump: float) -> None:
    arrivals = [(at, stated + (jump if stated >= 8 else 0.0)) for at, stated in bursts(400)]
    assert played(arrivals)[-1] == pytest.approx(399 / 25, abs=2.1)


def test_a_little_late_is_made_up_for() -> None:
    schedule = BurstSchedule()
    assert schedule.delay(0.0, 100.0) == 0
    assert schedule.delay(0.04, 100.5) == pytest.approx(-0.46)
    assert schedule.delay(1.0, 100.6) == pytest.approx(0.4)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e6, 1e6)), min_size=1, max_size=40))
def test_nothing_ever_waits_long(arrivals: list[tuple[float, float]]) -> None:
    schedule = BurstSchedule()
    assert all(-1 <= schedule.delay(stated, now) <= 5 for now, stated in arrivals)

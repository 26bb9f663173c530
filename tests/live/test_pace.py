from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from impasto.live.pace import Thinning, WorkingPace, working_sides

SIDES = (400, 320, 256, 200, 160, 128)


def play(pace: WorkingPace, cost: Callable[[int], float], frames: int, start: float = 0.0, rate: float = 25) -> float:
    """Let frames pass, and move whenever that is right; return the time at the end."""
    now = start
    for _ in range(frames):
        seconds = cost(pace.side)
        now += max(seconds, 1 / rate)
        if (side := pace.record(seconds, now)) != pace.side:
            pace.move(side, now)
    return now


def by_area(full: float) -> Callable[[int], float]:
    return lambda side: full * (side / 400) ** 2


def test_sides_are_few_fall_and_fit_networks() -> None:
    sides = working_sides(448)
    assert sides[0] == 448
    assert list(sides) == sorted(set(sides), reverse=True)
    assert len(sides) <= 9
    assert all(side % 8 == 0 for side in sides)
    assert min(working_sides(64)) >= 8


def test_what_is_fast_enough_stays_large() -> None:
    pace = WorkingPace(SIDES, 0.036)
    play(pace, by_area(0.030), 200)
    assert pace.side == 400


def test_it_falls_within_a_few_frames_to_what_holds_the_rate() -> None:
    pace = WorkingPace(SIDES, 0.036)
    play(pace, by_area(0.120), 5)
    assert pace.side == 200
    assert by_area(0.120)(pace.side) <= 0.036


def test_it_falls_further_where_time_does_not_go_with_the_area() -> None:
    pace = WorkingPace(SIDES, 0.036)
    play(pace, lambda side: 0.015 + 0.1 * (side / 400) ** 2, 60)
    assert 0.015 + 0.1 * (pace.side / 400) ** 2 <= 0.036


def test_where_nothing_helps_it_takes_the_smallest_and_stays_there() -> None:
    pace = WorkingPace(SIDES, 0.036)
    play(pace, lambda side: 0.2, 300)
    assert pace.side == 128


def test_one_slow_frame_changes_nothing() -> None:
    pace = WorkingPace(SIDES, 0.036)
    for number in range(100):
        assert pace.record(0.5 if number % 10 == 9 else 0.02, number / 25) == 400


def test_the_first_frames_at_a_size_do_not_count() -> None:
    pace = WorkingPace(SIDES, 0.036)
    assert [pace.record(seconds, 0) for seconds in (1.0, 1.0, 0.02, 0.02, 0.02)] == [400] * 5


def test_it_comes_back_up_slowly() -> None:
    pace = WorkingPace(SIDES, 0.036, start=3)
    now = play(pace, by_area(0.02), 50)
    assert pace.side == 200
    play(pace, by_area(0.02), 1000, now)
    assert pace.side == 400


def test_it_does_not_rise_where_the_next_size_would_be_too_slow() -> None:
    pace = WorkingPace(SIDES, 0.036, start=3)
    cost = by_area(0.036 / (200 / 400) ** 2 * 0.75)
    play(pace, cost, 2000)
    assert pace.side == 200


def test_it_does_not_go_to_and_fro() -> None:
    """At 256 all is well and looks as if 320 would be; it is not."""
    pace = WorkingPace(SIDES, 0.036, start=2)
    moves: list[float] = []
    now = 0.0
    for _ in range(20 * 60 * 25):
        seconds = 0.015 if pace.side <= 256 else 0.045
        now += 0.04
        if (side := pace.record(seconds, now)) != pace.side:
            pace.move(side, now)
            moves.append(now)
    rises = moves[::2]
    assert pace.side == 256 or len(moves) % 2
    assert len(rises) <= 16
    assert rises[-1] - rises[-2] > 100


def test_the_budget_may_change() -> None:
    pace = WorkingPace(SIDES, 0.060)
    now = play(pace, by_area(0.05), 50)
    assert pace.side == 400
    pace.budget = 0.030
    play(pace, by_area(0.05), 50, now)
    assert pace.side < 400


def test_a_move_that_is_not_made_is_asked_for_again() -> None:
    pace = WorkingPace(SIDES, 0.036)
    asked = [pace.record(0.1, number / 10) for number in range(20)]
    assert asked[-1] < 400
    assert pace.side == 400


@pytest.mark.parametrize("asked", [10, 15, 25])
@pytest.mark.parametrize("given", [30, 60, 29.97])
def test_thinning_lets_the_asked_rate_through(asked: float, given: float) -> None:
    thinning = Thinning(asked)
    taken = [number for number in range(round(given * 20)) if thinning.takes(number / given)]
    assert len(taken) == pytest.approx(asked * 20, rel=0.02)


def test_thinning_is_even() -> None:
    thinning = Thinning(15)
    taken = [number for number in range(300) if thinning.takes(number / 30)]
    assert {later - earlier for earlier, later in itertools.pairwise(taken)} == {2}


def test_thinning_leaves_a_slower_source_alone() -> None:
    thinning = Thinning(30)
    assert all(thinning.takes(number / 24) for number in range(200))


def test_a_source_of_the_asked_rate_that_trembles_loses_nearly_nothing() -> None:
    thinning = Thinning(25)
    times = [number / 25 + (0.006 if number % 2 else 0) for number in range(500)]
    assert sum(map(thinning.takes, times)) >= 495


def test_without_a_rate_everything_passes() -> None:
    thinning = Thinning(None)
    assert all(thinning.takes(0.0) for _ in range(10))


def test_after_a_pause_there_is_no_burst() -> None:
    thinning = Thinning(10)
    assert thinning.takes(0.0)
    taken = [number for number in range(60) if thinning.takes(100 + number / 60)]
    assert len(taken) <= 11

"""Cutting a film where transitions are, and putting these together from what was found."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.vision.cuts import Cut
from impasto.vision.dissolves import Dissolve
from impasto.vision.shot import FilmEnds, Moment, Shot, Transition, split_film
from impasto.vision.shot_thumbnail import ShotThumbnail
from impasto.vision.transitions import FlatRun, find_transitions

RATE = 24


def moment(index: int) -> Moment:
    return Moment(index, Fraction(index, RATE))


def frame(index: int, flat: bool = False) -> ShotThumbnail:
    luma = np.full((36, 64), 0.5, np.float32)
    if not flat:
        luma[:18] = 0.2
    return ShotThumbnail(luma, np.full((2, 18, 32), 0.5, np.float32), index, Fraction(index, RATE))


def cut(index: int, unexplained: float = 0.8) -> Cut:
    return Cut(frame(index), unexplained)


def dissolve(first: int, after: int, *, from_flat: bool = False, to_flat: bool = False) -> Dissolve:
    middle = frame((first + after) // 2)
    return Dissolve(frame(first - 1, from_flat), frame(first), middle, frame(after, to_flat))


def flat_run(start: int, stop: int | None) -> FlatRun:
    run = FlatRun(frame(start, flat=True))
    if stop is not None:
        run.extend(frame(stop - 1, flat=True))
        run.extend(frame(stop))
    return run


def listed(cuts: list[Cut], dissolves: list[Dissolve], runs: list[FlatRun] | None = None) -> list[tuple[str, int, int]]:
    found = find_transitions(cuts, dissolves, runs or [], shortest=4)
    return [(each.kind, each.start.index, each.stop.index) for each in found]


def film_ends(num_frames: int) -> FilmEnds:
    ends = FilmEnds()
    for index in range(num_frames):
        ends.add(moment(index))
    return ends


def test_cuts_and_dissolves_come_in_order() -> None:
    found = listed([cut(90), cut(20)], [dissolve(50, 62)])
    assert found == [("cut", 20, 20), ("dissolve", 50, 62), ("cut", 90, 90)]


@pytest.mark.parametrize("place", [50, 55, 62])
def test_a_cut_within_a_dissolve_is_part_of_it(place: int) -> None:
    assert listed([cut(place)], [dissolve(50, 62)]) == [("dissolve", 50, 62)]


@pytest.mark.parametrize("num_mixed", [1, 2])
def test_one_or_two_mixed_frames_are_a_cut_in_their_middle(num_mixed: int) -> None:
    assert listed([], [dissolve(50, 50 + num_mixed)]) == [("cut", 50 + num_mixed // 2, 50 + num_mixed // 2)]


def test_of_cuts_close_to_each_other_the_clearest_counts() -> None:
    assert listed([cut(20, 0.6), cut(22, 0.9)], []) == [("cut", 22, 22)]
    assert listed([cut(20, 0.9), cut(22, 0.6)], []) == [("cut", 20, 20)]
    assert listed([cut(20), cut(24)], []) == [("cut", 20, 20), ("cut", 24, 24)]


def test_a_dissolve_goes_before_a_cut_next_to_it() -> None:
    assert listed([cut(48)], [dissolve(50, 62)]) == [("dissolve", 50, 62)]
    assert listed([cut(64)], [dissolve(50, 62)]) == [("dissolve", 50, 62)]


def test_a_fade_goes_from_the_end_of_one_scene_to_the_beginning_of_the_next() -> None:
    out, back = dissolve(30, 42, to_flat=True), dissolve(60, 72, from_flat=True)
    assert listed([], [out, back], [flat_run(42, 60)]) == [("fade", 30, 72)]


def test_a_fade_with_a_cut_at_one_end() -> None:
    out, back = dissolve(30, 42, to_flat=True), dissolve(60, 72, from_flat=True)
    assert listed([cut(60)], [out], [flat_run(42, 60)]) == [("fade", 30, 60)]
    assert listed([cut(42)], [back], [flat_run(42, 60)]) == [("fade", 42, 72)]


def test_fades_that_the_film_begins_or_ends_with() -> None:
    out = dissolve(30, 42, to_flat=True)
    assert listed([], [out], [flat_run(42, None)]) == []
    opening = find_transitions([], [dissolve(10, 22, from_flat=True)], [flat_run(0, 10)], shortest=4)
    assert [shot.start for shot in split_film(film_ends(60), opening)] == [0]


def test_black_between_cuts_is_no_fade() -> None:
    assert listed([cut(20), cut(44)], [], [flat_run(20, 44)]) == [("cut", 20, 20), ("cut", 44, 44)]


def test_two_fades_with_a_scene_between_them_are_two() -> None:
    fades = [
        dissolve(30, 42, to_flat=True),
        dissolve(50, 60, from_flat=True),
        dissolve(90, 100, to_flat=True),
        dissolve(108, 120, from_flat=True),
    ]
    assert listed([], fades, [flat_run(42, 50), flat_run(100, 108)]) == [("fade", 30, 60), ("fade", 90, 120)]


def test_a_run_of_plain_frames_ends_with_the_first_that_is_not() -> None:
    run = flat_run(10, 20)
    run.extend(frame(20))
    assert not run.is_open
    assert run.stop == moment(20)
    assert [index for index in range(30) if run.meets(index)] == list(range(7, 24))
    assert flat_run(10, None).meets(10_000)


def test_the_film_ends_as_long_after_its_last_frame_as_that_came_after_the_one_before() -> None:
    ends = FilmEnds()
    for index, time in enumerate([Fraction(1), Fraction(2), Fraction(5)]):
        ends.add(Moment(index, time))
    assert (ends.first, ends.end) == (Moment(0, Fraction(1)), Moment(3, Fraction(8)))


def test_a_film_without_frames_has_no_ends() -> None:
    assert (FilmEnds().first, FilmEnds().end) == (None, None)
    assert split_film(FilmEnds(), []) == []


def test_shots_know_how_they_come_in() -> None:
    transitions = [Transition("dissolve", moment(30), moment(42)), Transition("cut", moment(80), moment(80))]
    assert split_film(film_ends(100), transitions) == [
        Shot(0, 0, 42, Fraction(0), Fraction(42, 24), "cut", 0),
        Shot(1, 42, 80, Fraction(42, 24), Fraction(80, 24), "dissolve", 30),
        Shot(2, 80, 100, Fraction(80, 24), Fraction(100, 24), "cut", 80),
    ]


@given(st.integers(1, 200), st.lists(st.integers(0, 220), max_size=8, unique=True))
def test_every_frame_is_in_one_shot(num_frames: int, places: list[int]) -> None:
    transitions = [Transition("cut", moment(place), moment(place)) for place in sorted(places)]
    shots = split_film(film_ends(num_frames), transitions)
    assert [index for shot in shots for index in range(shot.start, shot.stop)] == list(range(num_frames))
    assert [shot.index for shot in shots] == list(range(len(shots)))
    assert {shot.start for shot in shots} == {0} | {place for place in places if 0 < place < num_frames}

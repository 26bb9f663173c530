"""Plans: units that cover a film once, and that can be told from those of another film."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from impasto.errors import JobError, UnreadableMediaError
from impasto.film.plan import (
    FilmPlan,
    Memory,
    PlannedShot,
    PlannedUnit,
    SourceIdentity,
    changes,
    cut_units,
    identify,
    load_plan,
)
from impasto.film.shot_verdict import Setting, ShotDecision, ShotTry, ShotVerdict


def shots_of(lengths: Sequence[int]) -> tuple[PlannedShot, ...]:
    starts = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    return tuple(
        PlannedShot(index=number, start=start, stop=stop, transition_start=start)
        for number, (start, stop) in enumerate(pairwise(starts))
    )


def plan_of(lengths: Sequence[int] = (10, 20), **fields: Any) -> FilmPlan:
    shots = shots_of(lengths)
    stated = {
        "impasto_version": "0.1.0",
        "source": SourceIdentity(path="film.mp4", size=7, modified_ns=1, digest="a"),
        "request": {"strength": 1.0},
        "shots": shots,
        "units": cut_units(shots, max_frames=8),
    }
    return FilmPlan(**(stated | fields))


lengths_of_shots = st.lists(st.integers(1, 60), min_size=1, max_size=12)


@given(lengths_of_shots, st.integers(1, 30), st.integers(0, 5), st.booleans())
def test_units_cover_a_film_once_and_are_short(lengths: list[int], longest: int, warm_up: int, anchored: bool) -> None:
    shots = shots_of(lengths)
    units = cut_units(shots, Memory(anchored, warm_up), longest)
    assert [index for unit in units for index in range(unit.start, unit.stop)] == list(range(sum(lengths)))
    assert [unit.index for unit in units] == list(range(len(units)))
    assert max(len(unit) for unit in units) <= longest


@given(lengths_of_shots, st.integers(1, 30), st.integers(0, 5))
def test_a_unit_never_sees_another_shot_before_its_own(lengths: list[int], longest: int, warm_up: int) -> None:
    shots = shots_of(lengths)
    starts = {shot.start for shot in shots}
    for unit in cut_units(shots, Memory(True, warm_up), longest):
        own = next(shot for shot in shots if shot.start <= unit.start < shot.stop)
        assert own.start <= unit.first_seen <= unit.start
        assert unit.warm_up == min(warm_up, unit.start - own.start)
        if unit.start in starts:
            assert (unit.anchor, unit.warm_up) == (None, 0)
        elif unit.first_seen > own.start:
            assert unit.anchor == own.start


@given(lengths_of_shots, st.integers(1, 30))
def test_whole_shots_share_a_unit_while_it_stays_short(lengths: list[int], longest: int) -> None:
    units = cut_units(shots_of(lengths), None, longest)
    assert {unit.warm_up for unit in units} == {0}
    assert {unit.anchor for unit in units} == {None}
    for last, unit in pairwise(units):
        following = next(shot for shot in shots_of(lengths) if shot.stop > unit.start)
        if unit.start == following.start and following.stop - following.start <= longest:
            assert following.stop - last.start > longest


def test_long_shots_are_cut_into_equal_parts() -> None:
    assert [(unit.start, unit.stop) for unit in cut_units(shots_of([100]), None, 30)] == [
        (0, 25),
        (25, 50),
        (50, 75),
        (75, 100),
    ]


def test_a_plan_is_the_same_after_it_was_kept(tmp_path: Path) -> None:
    plan = plan_of()
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    assert load_plan(tmp_path / "plan.json") == plan
    assert plan.num_frames == 30


def test_the_shot_of_a_frame() -> None:
    plan = plan_of([3, 1, 6])
    assert [plan.shot_at(index).index for index in range(10)] == [0, 0, 0, 1, 2, 2, 2, 2, 2, 2]


def test_what_a_shot_is_rendered_with() -> None:
    setting = Setting(0.75)
    decision = ShotDecision(0, setting, ShotVerdict(), (ShotTry(setting, ShotVerdict()),))
    shot = shots_of([4])[0]
    assert shot.setting == Setting()
    kept = PlannedShot.model_validate_json(shot.model_copy(update={"decision": decision.as_json()}).model_dump_json())
    assert kept.setting == setting


@pytest.mark.parametrize(
    "fields",
    [
        {"shots": ()},
        {"units": ()},
        {"shots": shots_of([10, 19])},
        {"units": (PlannedUnit(index=0, start=0, stop=10), PlannedUnit(index=1, start=11, stop=30))},
        {"units": (PlannedUnit(index=0, start=0, stop=20), PlannedUnit(index=1, start=10, stop=30))},
        {"units": (PlannedUnit(index=1, start=0, stop=30),)},
        {"units": (PlannedUnit(index=0, start=0, stop=0), PlannedUnit(index=1, start=0, stop=30))},
        {"something": 1},
    ],
    ids=["no shots", "no units", "too short", "gap", "overlap", "number", "empty", "unknown"],
)
def test_a_plan_that_does_not_cover_its_film_is_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan_of(**fields)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"shots": []}'])
def test_what_is_no_plan_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(JobError, match="--overwrite"):
        load_plan(tmp_path / "plan.json")
    with pytest.raises(JobError):
        load_plan(tmp_path / "nothing.json")


def test_a_plan_of_a_newer_impasto_with_more_in_it_is_refused(tmp_path: Path) -> None:
    stated = json.loads(plan_of().model_dump_json()) | {"colour": "blue"}
    (tmp_path / "plan.json").write_text(json.dumps(stated))
    with pytest.raises(JobError):
        load_plan(tmp_path / "plan.json")


def test_a_film_is_told_by_its_ends_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    content = bytes(range(256)) * 16384
    path.write_bytes(content)
    os.utime(path, ns=(0, 10))
    known = identify(path)
    moved = path.rename(tmp_path / "moved.mp4")
    assert identify(moved).is_same_film(known)
    for change in (b"x" + content[1:], content[:-1] + b"x", content[:-1]):
        moved.write_bytes(change)
        os.utime(moved, ns=(0, 10))
        assert not identify(moved).is_same_film(known)
    moved.write_bytes(content)
    os.utime(moved, ns=(0, 11))
    assert not identify(moved).is_same_film(known)


def test_a_short_film_is_told_by_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"short")
    os.utime(path, ns=(0, 10))
    known = identify(path)
    path.write_bytes(b"shirt")
    os.utime(path, ns=(0, 10))
    assert not identify(path).is_same_film(known)
    with pytest.raises(UnreadableMediaError, match="nothing"):
        identify(tmp_path / "nothing.mp4")


def test_what_has_changed_is_named() -> None:
    before = {"strength": 1.0, "style": ["a"], "gone": 1}
    assert changes(before, dict(before)) == []
    assert changes(before, {"strength": 0.5, "style": ["a"], "new": None, "gone": 1}) == ["strength"]
    assert changes(before, {"style": ["b"], "strength": 1.0}) == ["style", "gone"]

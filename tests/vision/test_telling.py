from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.vision.frame_scores import FrameScore
from impasto.vision.shots import Shot
from impasto.vision.telling import Span, choose_seconds, choose_stills

RATE = 24


def film(*lengths: int, dissolves: Sequence[int] = ()) -> list[Shot]:
    """Return shots of so many frames; those whose numbers are given come in by a dissolve of 12."""
    shots, start = [], 0
    for index, length in enumerate(lengths):
        is_mixed = index in dissolves
        times = Fraction(start, RATE), Fraction(start + length, RATE)
        kind, first = ("dissolve", start - 12) if is_mixed else ("cut", start)
        shots.append(Shot(index, start, start + length, *times, kind, first))
        start += length
    return shots


def score(index: int, scene: float = 0.0, **values: Any) -> FrameScore:
    fields = {"sharpness": 0.1, "exposure": 0.8, "stillness": 1.0, "faces": 0.0} | values
    return FrameScore(index, Fraction(index, RATE), signature=np.full(8, scene, np.float32), **fields)


def every(shots: Sequence[Shot], step: int = 12, **values: Any) -> list[FrameScore]:
    """Return scores of frames, those of a shot alike and unlike the rest."""
    return [score(index, shot.index, **values) for shot in shots for index in range(shot.start, shot.stop, step)]


def shots_of(shots: Sequence[Shot], chosen: Sequence[FrameScore]) -> list[int]:
    return [next(shot.index for shot in shots if shot.start <= each.index < shot.stop) for each in chosen]


def test_each_shot_gives_a_still_before_any_gives_two() -> None:
    shots = film(48, 240, 48, 48)
    assert sorted(shots_of(shots, choose_stills(shots, every(shots), 4))) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "better",
    [{"sharpness": 0.4}, {"exposure": 1.0}, {"faces": 0.9}],
)
def test_the_better_frame_is_chosen(better: dict[str, float]) -> None:
    shots = film(96)
    scores = [score(0), score(12), score(24, **better), score(36)]
    assert [each.index for each in choose_stills(shots, scores, 1)] == [24]


def test_frames_in_motion_are_avoided() -> None:
    shots = film(96)
    scores = [score(0, stillness=0.2), score(12, stillness=0.9), score(24, stillness=0.1)]
    assert [each.index for each in choose_stills(shots, scores, 1)] == [12]


def test_pictures_that_look_the_same_are_chosen_once() -> None:
    shots = film(48, 48, 48)
    scores = [score(10, 0.0), score(60, 0.0, exposure=0.79), score(100, 1.0, exposure=0.3)]
    assert [each.index for each in choose_stills(shots, scores, 2)] == [10, 100]


def test_mixed_frames_are_left_out() -> None:
    shots = film(48, 48, dissolves=[1])
    scores = [score(index, exposure=1.0 if 36 <= index < 48 else 0.4) for index in range(0, 96, 4)]
    chosen = choose_stills(shots, scores, 10)
    assert len(chosen) == 10
    assert not [each.index for each in chosen if 36 <= each.index < 48]


def test_there_are_never_more_than_were_scored() -> None:
    shots = film(48)
    assert [each.index for each in choose_stills(shots, every(shots), 9)] == [0, 12, 24, 36]
    assert choose_stills(shots, [], 3) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=30), st.data())
def test_stills_are_in_order_and_different(values: list[tuple[float, float, int]], data: st.DataObject) -> None:
    scores = [
        score(6 * number, scene, sharpness=sharpness, exposure=exposure)
        for number, (sharpness, exposure, scene) in enumerate(values)
    ]
    count = data.draw(st.integers(1, len(scores)))
    shots = film(6 * len(scores) + 1)
    indices = [each.index for each in choose_stills(shots, scores, count)]
    assert indices == sorted(set(indices))
    assert len(indices) == count
    assert indices == [each.index for each in choose_stills(shots, scores, count)]


def test_no_stills_and_no_seconds_are_refused() -> None:
    with pytest.raises(UsageError, match="0 stills"):
        choose_stills(film(48), [], 0)
    with pytest.raises(UsageError, match="0 seconds"):
        choose_seconds(film(48), [], 0)


def total(spans: Sequence[Span]) -> float:
    return float(sum((span.duration for span in spans), Fraction(0)))


def test_seconds_are_of_several_shots_all_over_the_film() -> None:
    shots = film(*[120] * 12)
    spans = choose_seconds(shots, every(shots), 10)
    assert total(spans) == pytest.approx(10, abs=0.1)
    assert len({span.shot for span in spans}) == 4
    assert spans[0].start < 360
    assert spans[-1].start >= 1080


def test_the_better_seconds_are_chosen() -> None:
    shots = film(480)
    scores = [score(index, exposure=0.9 if 192 <= index < 264 else 0.2) for index in range(0, 480, 6)]
    [span] = choose_seconds(shots, scores, 2.5)
    assert 192 <= span.start <= 204
    assert span.stop - span.start == 60


def test_a_short_film_is_chosen_whole() -> None:
    shots = film(48, 96)
    assert [(span.start, span.stop) for span in choose_seconds(shots, every(shots), 10)] == [(0, 48), (48, 144)]
    assert choose_seconds([], [], 10) == []


def test_short_shots_are_made_up_for() -> None:
    shots = film(*[20] * 40)
    spans = choose_seconds(shots, every(shots, 6), 5)
    assert total(spans) == pytest.approx(5, abs=0.6)
    assert all(span.stop - span.start <= 20 for span in spans)


def test_one_long_shot_gives_several_spans() -> None:
    spans = choose_seconds(film(24 * 60), every(film(24 * 60)), 10)
    assert total(spans) == pytest.approx(10, abs=0.1)
    assert len(spans) >= 3


@given(
    st.lists(st.integers(13, 200), min_size=1, max_size=8),
    st.floats(0.5, 12),
    st.sets(st.integers(1, 7), max_size=3),
    st.integers(0, 20),
)
def test_spans_are_in_order_apart_and_clear(lengths: list[int], seconds: float, dissolves: set[int], step: int) -> None:
    shots = film(*lengths, dissolves=[number for number in dissolves if number < len(lengths)])
    scores = every(shots, step) if step else []
    spans = choose_seconds(shots, scores, seconds)
    assert spans
    assert spans == choose_seconds(shots, scores, seconds)
    assert [span.start for span in spans] == sorted(span.start for span in spans)
    position = 0
    for span in spans:
        shot = shots[span.shot]
        assert position <= span.start < span.stop <= shot.stop
        assert shot.start <= span.start
        assert (span.start_time, span.stop_time) == (Fraction(span.start, RATE), Fraction(span.stop, RATE))
        position = span.stop
    is_whole = sum(lengths) <= seconds * RATE
    assert is_whole or total(spans) <= seconds + len(spans) / RATE
    if not is_whole:
        ends = {shot.index: after.transition_start for shot, after in pairwise(shots)}
        assert all(span.stop <= ends.get(span.shot, span.stop) for span in spans)

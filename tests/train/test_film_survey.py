from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame
from impasto.train.film_survey import FilmSurvey
from impasto.vision.shot import Shot

SIZE = (72, 128)


def frame(index: int, luma: NDArray[np.generic], bit_depth: int = 8) -> PlanarFrame:
    kind = np.uint8 if bit_depth == 8 else np.uint16
    chroma = np.full((-(-luma.shape[0] // 2), -(-luma.shape[1] // 2)), 128 << (bit_depth - 8), kind)
    return PlanarFrame((luma.astype(kind), chroma, chroma), bit_depth, index=index, pts=Fraction(index, 24))


def stripes(sharpness: float, level: float = 120, size: tuple[int, int] = SIZE) -> NDArray[np.float64]:
    """Return lines whose edges are the steeper, the sharper."""
    wave = np.tanh(sharpness * np.sin(np.arange(size[1]) / 3))
    return np.broadcast_to(level + 80 * wave, size)


def shot(index: int, start: int, stop: int) -> Shot:
    return Shot(index, start, stop, Fraction(start, 24), Fraction(stop, 24), "cut", start)


def watched(lumas: list[NDArray[np.generic]]) -> FilmSurvey:
    survey = FilmSurvey(Fraction(24))
    handed = [one.index for one in survey.watch(frame(index, luma) for index, luma in enumerate(lumas))]
    assert handed == list(range(len(lumas)))
    return survey


def test_every_few_frames_are_looked_at_and_all_are_handed_on() -> None:
    assert [sight.index for sight in watched([stripes(1)] * 24).sights] == [0, 4, 8, 12, 16, 20]
    slow = FilmSurvey(Fraction(5))
    assert len(list(slow.watch(frame(index, stripes(1)) for index in range(5)))) == len(slow.sights) == 5


def test_the_sharpest_frame_of_a_shot_is_taken() -> None:
    survey = watched([stripes(8.0 if index in (8, 32) else 0.5) for index in range(48)])
    assert survey.choose([shot(0, 0, 24), shot(1, 24, 48)], 10) == [8, 32]


def test_a_long_shot_gives_several_from_all_over_it_and_a_short_one_still_one() -> None:
    survey = watched([stripes(1 + index % 7) for index in range(260)])
    chosen = survey.choose([shot(0, 0, 240), shot(1, 240, 244), shot(2, 244, 260)], 10)
    assert len(chosen) == 5
    assert [sum(start <= index < start + 80 for index in chosen) for start in (0, 80, 160)] == [1, 1, 1]
    assert 240 in chosen


def test_fades_and_empty_pictures_are_passed_over() -> None:
    lumas = [np.full(SIZE, 16 + index) for index in range(24)] + [stripes(1)] * 24
    assert all(index >= 24 for index in watched(lumas).choose([shot(0, 0, 48)], 10))
    assert watched(lumas[:24]).choose([shot(0, 0, 24)], 10) == []
    assert watched([]).choose([], 10) == []


def test_of_too_many_the_best_of_shots_all_over_the_film_are_kept() -> None:
    survey = watched([stripes(1 + index % 5) for index in range(480)])
    shots = [shot(number, 48 * number, 48 * number + 48) for number in range(10)]
    assert len(survey.choose(shots, 100)) == 10
    few = survey.choose(shots, 4)
    assert len(few) == 4
    assert (few[0] < 48, few[-1] >= 432) == (True, True)
    long = [shot(0, 0, 240), shot(1, 240, 480)]
    assert len(survey.choose(long, 6)) == 6
    assert len(survey.choose(long, 3)) == 2


def test_a_shot_between_two_looks_gives_nothing() -> None:
    assert watched([stripes(1)] * 12).choose([shot(0, 1, 3)], 10) == []


@pytest.mark.parametrize("bit_depth", [8, 10])
@pytest.mark.parametrize("full_range", [False, True])
def test_bars_are_left_out_of_the_picture(bit_depth: int, full_range: bool) -> None:
    black, unit = (0 if full_range else 16), 1 << (bit_depth - 8)
    luma = np.full(SIZE, black * unit, float)
    luma[10:60, 12:116] = stripes(2, size=(50, 104)) * unit
    survey = FilmSurvey(Fraction(24))
    color = Color(transfer="bt709", full_range=full_range)
    list(survey.watch([replace(frame(0, luma, bit_depth), color=color)]))
    rows, columns = survey.picture_box(*SIZE)
    assert 10 < rows.start <= 12
    assert 58 <= rows.stop < 60
    assert 12 < columns.start <= 14
    assert 114 <= columns.stop < 116


def test_what_any_frame_lights_is_no_bar() -> None:
    night, day = np.full(SIZE, 16.0), stripes(2)
    survey = FilmSurvey(Fraction(24))
    list(survey.watch(frame(4 * index, luma) for index, luma in enumerate((night, day, night))))
    assert survey.picture_box(*SIZE) == (slice(0, 72), slice(0, 128))


def test_a_dark_film_is_not_cut_to_nothing() -> None:
    luma = np.full(SIZE, 16.0)
    luma[50:60, 100:110] = 200
    survey = FilmSurvey(Fraction(24))
    list(survey.watch([frame(0, luma)]))
    assert survey.picture_box(*SIZE) == (slice(0, 72), slice(0, 128))
    assert FilmSurvey(Fraction(24)).picture_box(30, 40) == (slice(0, 30), slice(0, 40))


def test_bars_of_a_large_film_are_found_to_a_few_pixels() -> None:
    luma = np.full((1080, 1440), 16.0)
    luma[140:940] = stripes(1, size=(800, 1440))
    survey = FilmSurvey(Fraction(24))
    list(survey.watch([frame(0, luma)]))
    rows, columns = survey.picture_box(1080, 1440)
    assert 140 <= rows.start <= 147
    assert 933 <= rows.stop <= 940
    assert columns == slice(0, 1440)

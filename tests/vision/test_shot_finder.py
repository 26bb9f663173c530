from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.vision.shot_finder import ShotFinder
from impasto.vision.shot_thumbnail import LUMA_SIZE, halved, make_thumbnail, shrink

from .film_scenes import Picture, as_frames, dissolve, plain, still, texture


def film() -> list[Picture]:
    first, second = still(0, 32), still(1, 40)
    return [*first[:20], *dissolve(first[20:], second[:12]), *second[12:], *still(2, 20)]


def test_thumbnails_say_all_that_is_needed() -> None:
    by_frame, by_thumbnail = ShotFinder(), ShotFinder()
    for frame in as_frames(film()):
        by_frame.add(frame)
        by_thumbnail.add_thumbnail(make_thumbnail(frame))
    assert by_frame.finish() == by_thumbnail.finish()


def test_depth_makes_no_difference() -> None:
    found = []
    for bit_depth in (8, 10, 12, 16):
        finder = ShotFinder()
        for frame in as_frames(film(), bit_depth):
            finder.add(frame)
        found.append([(shot.start, shot.transition, shot.transition_start) for shot in finder.finish()])
    assert found == [[(0, "cut", 0), (32, "dissolve", 20), (60, "cut", 60)]] * 4


def test_a_film_may_begin_at_any_index_and_time() -> None:
    finder = ShotFinder()
    for number, frame in enumerate(as_frames([*still(0, 20), *still(1, 20)])):
        thumbnail = make_thumbnail(frame)
        finder.add_thumbnail(type(thumbnail)(thumbnail.luma, thumbnail.chroma, number + 100, frame.pts + 7))
    first, second = finder.finish()
    assert (first.start, second.start, second.stop) == (100, 120, 140)
    assert (first.start_time, second.stop_time) == (7, 7 + Fraction(40, 24))


@pytest.mark.parametrize("rate", [Fraction(5), Fraction(24), Fraction(60), Fraction(240)])
def test_any_rate_will_do(rate: Fraction) -> None:
    finder = ShotFinder(rate)
    for frame in as_frames([*still(0, 30), *still(1, 30)]):
        finder.add(frame)
    assert [shot.start for shot in finder.finish()] == [0, 30]


def test_nothing_but_thumbnails_is_kept() -> None:
    finder = ShotFinder()
    for frame in as_frames([*plain(16, 150), *still(0, 30), *plain(235, 150)]):
        finder.add(frame)
    assert len(finder._flat_runs) == 2
    assert len(finder._cuts) <= 2
    assert len(finder.finish()) == len(finder._cuts) + 1


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_thumbnails_keep_the_mean_of_any_picture(height: int, width: int) -> None:
    rows, columns = np.mgrid[0:height, 0:width]
    plane = (100 * rows / height + 100 * columns / width).astype(np.float32)
    small = shrink(plane, LUMA_SIZE)
    assert small.shape == LUMA_SIZE
    assert small.mean() == pytest.approx(plane.mean(), abs=100 / min(height, width) + 1)


def test_halving_means() -> None:
    plane = texture(0)[0]
    assert halved(plane).shape == (36, 64)
    np.testing.assert_allclose(halved(plane)[0, 0], plane[:2, :2].mean(), rtol=1e-6)


def test_a_slope_stays_a_slope() -> None:
    plane = np.tile(np.arange(640, dtype=np.uint16), (360, 1))
    steps = np.diff(shrink(plane, LUMA_SIZE)[0])
    np.testing.assert_allclose(steps, 10, atol=0.01)

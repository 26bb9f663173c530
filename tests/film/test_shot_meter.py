"""Brightness is kept for each frame, whoever renders it, and flicker is what does not go on evenly."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.film.shot_meter import Lumas, ShotMeter, mean_luma, measure_flicker, merged_lumas
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame

from .report_cases import frame

levels = st.lists(st.floats(0, 255), min_size=3, max_size=30)


def planar(level: int, bit_depth: int = 8, index: int = 0, shot: int = 0) -> PlanarFrame:
    kind = np.uint8 if bit_depth == 8 else np.uint16
    chroma = np.full((17, 20), 1 << (bit_depth - 1), kind)
    return PlanarFrame((np.full((33, 40), level, kind), chroma, chroma), bit_depth, index=index, shot=shot)


@pytest.mark.parametrize(("level", "bit_depth"), [(51, 8), (205, 10), (819, 12)])
def test_luma_is_in_levels_of_255_at_any_depth(level: int, bit_depth: int) -> None:
    assert mean_luma(planar(level, bit_depth)) == pytest.approx(51, rel=2e-3)


@pytest.mark.parametrize(
    "pixels",
    [np.full((9, 8, 3), 102, np.uint8), np.full((9, 8, 3), 102 * 257, np.uint16), np.full((9, 8, 3), 0.4, np.float32)],
)
def test_luma_of_stills_is_the_same(pixels: np.ndarray) -> None:
    assert mean_luma(Frame(pixels)) == pytest.approx(102, rel=1e-3)


def test_a_4k_frame_does_not_overflow() -> None:
    assert mean_luma(PlanarFrame((np.full((2160, 3840), 4095, np.uint16),) * 3, 12)) == pytest.approx(255)


def test_units_of_a_split_shot_are_put_together() -> None:
    first, second = ShotMeter(), ShotMeter()
    for index in range(3):
        first.add(planar(10 + index, index=index, shot=7), planar(100, index=index))
    for index in range(3, 6):
        second.add(planar(10 + index, index=index, shot=7), planar(100, index=index))
    second.add(planar(50, index=6, shot=8), planar(60, index=6))
    records = [json.loads(json.dumps(meter.record())) for meter in (second, first)]
    merged = merged_lumas(records)
    assert merged[7] == {index: (10.0 + index, 100.0) for index in range(6)}
    assert merged[8] == {6: (50.0, 60.0)}


def test_a_frame_that_was_rendered_twice_counts_once() -> None:
    meter = ShotMeter()
    meter.add(frame(0, 10), frame(0, 20))
    assert merged_lumas([meter.record(), meter.record()]) == {0: {0: (10.0, 20.0)}}


def test_records_without_brightness_are_passed_over() -> None:
    assert merged_lumas([{}, {"other": 1}]) == {}


def lumas(before: list[float], after: list[float], first: int = 0) -> Lumas:
    return {first + index: pair for index, pair in enumerate(zip(before, after, strict=True))}


@given(st.floats(-2, 2), st.floats(0, 100), st.integers(3, 40))
def test_a_fade_is_no_flicker(slope: float, start: float, length: int) -> None:
    fade = [start + slope * index for index in range(length)]
    found = measure_flicker(lumas(fade, fade))
    assert found is not None
    assert found.content == pytest.approx(0, abs=1e-9)


def test_flicker_is_how_far_frames_jump() -> None:
    found = measure_flicker(lumas([50, 50, 50, 50], [50, 54, 50, 54]))
    assert found is not None
    assert (found.content, found.output, found.added) == (0, 4, 4)


@given(levels, st.floats(0.2, 3), st.floats(-20, 20))
def test_a_look_that_only_gives_contrast_adds_none(before: list[float], gain: float, offset: float) -> None:
    found = measure_flicker(lumas(before, [gain * level + offset for level in before]))
    assert found is not None
    assert found.added == pytest.approx(0, abs=1e-6)
    assert found.output == pytest.approx(gain * found.content, abs=1e-6)


@given(levels)
def test_the_place_in_the_film_does_not_matter(before: list[float]) -> None:
    assert measure_flicker(lumas(before, before)) == measure_flicker(lumas(before, before, first=1000))


def test_frames_that_are_not_in_a_row_say_nothing() -> None:
    assert measure_flicker({}) is None
    assert measure_flicker({0: (1, 1), 1: (9, 9)}) is None
    assert measure_flicker({0: (1, 1), 2: (9, 9), 4: (1, 1)}) is None


def test_a_gap_is_not_taken_for_a_jump() -> None:
    found = measure_flicker(lumas([10, 10, 10], [10, 10, 10]) | lumas([90, 90, 90], [90, 90, 90], first=50))
    assert found is not None
    assert found.output == 0

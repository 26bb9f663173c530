from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.color_distance import ColorHistogramDistance
from impasto.vision.lab import rgb_to_lab

from .pictures import textured


def distance(outputs: list[np.ndarray], references: list[np.ndarray]) -> float:
    metric = ColorHistogramDistance()
    for image in references:
        metric.update_reference(image)
    for image in outputs:
        metric.update_output(image)
    return metric.compute()


def plain(*rgb: float, side: int = 8) -> np.ndarray:
    return np.full((side, side, 3), rgb, np.float32)


COLORS = st.tuples(*[st.floats(0, 1, width=32)] * 3)


@given(COLORS, COLORS)
@settings(max_examples=50)
def test_between_two_colors_it_is_their_distance(first: tuple[float, ...], second: tuple[float, ...]) -> None:
    pictures = plain(*first), plain(*second)
    expected = float(np.linalg.norm(rgb_to_lab(pictures[0])[0, 0] - rgb_to_lab(pictures[1])[0, 0]))
    assert distance([pictures[0]], [pictures[1]]) == pytest.approx(expected, rel=0.04, abs=0.6)


def test_the_same_colors_in_other_places_are_no_distance() -> None:
    image = textured(40, 50)
    shuffled = np.random.default_rng(0).permutation(image.reshape(-1, 3)).reshape(50, 40, 3)
    assert distance([shuffled], [image]) == pytest.approx(0, abs=1e-9)


def test_near_colors_are_nearer_than_far_ones() -> None:
    """What a comparison bin by bin would not tell: neither shares a single color with the reference."""
    red, dark_red, blue = plain(0.8, 0.1, 0.1), plain(0.7, 0.1, 0.1), plain(0.1, 0.1, 0.8)
    assert distance([dark_red], [red]) < 0.2 * distance([blue], [red])


def test_colors_must_be_there_in_the_same_shares() -> None:
    """A quarter of the picture in the wrong color, black instead of white, is a quarter of the way."""
    half, quarter = np.zeros((8, 8, 3), np.float32), np.zeros((8, 8, 3), np.float32)
    half[:4], quarter[:2] = 1, 1
    assert distance([quarter], [half]) == pytest.approx(25, rel=0.04)


def test_each_picture_weighs_the_same() -> None:
    black, white = plain(0, 0, 0, side=4), plain(1, 1, 1, side=64)
    assert distance([black, white], [black.copy(), plain(1, 1, 1, side=4)]) == pytest.approx(0, abs=1e-9)


def test_it_is_symmetric() -> None:
    first, second = [textured(30, 30, seed=1)], [textured(30, 40, seed=2) ** 2]
    assert distance(first, second) == pytest.approx(distance(second, first))


def test_large_pictures_are_thinned_evenly() -> None:
    large = textured(50, 60).repeat(11, 0).repeat(11, 1)
    assert distance([large], [textured(50, 60)]) < 1


def test_one_side_alone_has_no_meaning() -> None:
    assert np.isnan(distance([plain(0, 0, 0)], []))
    assert np.isnan(distance([], [plain(0, 0, 0)]))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.structural_similarity import WINDOW_SIDE, similarity

from .pictures import textured

SIDES = st.integers(WINDOW_SIDE, 40)


def plane(height: int, width: int, seed: int) -> np.ndarray:
    return np.ascontiguousarray(textured(height, width, seed)[..., 0])


@given(SIDES, SIDES, st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_it_is_that_of_scikit_image_at_any_size(height: int, width: int, seed: int) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    first, second = plane(height, width, seed), plane(height, width, seed + 1)
    exact = first.astype(np.float64), second.astype(np.float64)
    stated = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    expected = metrics.structural_similarity(*exact, **stated)
    assert similarity(first, second)[0] == pytest.approx(expected, abs=1e-4)


@given(SIDES, SIDES)
@settings(deadline=None, max_examples=20)
def test_it_is_symmetric_and_turns_with_the_picture(height: int, width: int) -> None:
    first, second = plane(height, width, 0), plane(height, width, 1)
    expected = similarity(first, second)
    assert similarity(second, first) == pytest.approx(expected, abs=1e-5)
    assert similarity(first.T, second.T) == pytest.approx(expected, abs=1e-5)
    assert similarity(first[::-1], second[::-1]) == pytest.approx(expected, abs=1e-5)


def test_structure_alone_does_not_see_brightness() -> None:
    first = plane(30, 30, 0)
    whole, structure = similarity(first, first + np.float32(0.1))
    assert structure == pytest.approx(1, abs=1e-4)
    assert whole < 0.99


def test_one_window_is_weighed_towards_its_middle() -> None:
    base = plane(WINDOW_SIDE, WINDOW_SIDE, 0)
    middle, corner = base.copy(), base.copy()
    middle[5, 5] += 0.3
    corner[0, 0] += 0.3
    assert similarity(base, middle)[0] < similarity(base, corner)[0] - 0.05


@pytest.mark.parametrize("shape", [(10, 50), (50, 10), (1, 1)])
def test_below_one_window_there_is_no_value(shape: tuple[int, int]) -> None:
    assert np.isnan(similarity(np.zeros(shape, np.float32), np.zeros(shape, np.float32))).all()

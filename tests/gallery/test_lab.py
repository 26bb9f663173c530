from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impasto.gallery.lab import lab_to_rgb
from impasto.vision.lab import rgb_to_lab


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((100, 0, 0), (1, 1, 1)),
        ((0, 0, 0), (0, 0, 0)),
        ((53.24, 80.09, 67.20), (1, 0, 0)),
        ((87.73, -86.18, 83.18), (0, 1, 0)),
        ((32.30, 79.19, -107.86), (0, 0, 1)),
        ((53.585, 0, 0), (0.5, 0.5, 0.5)),
    ],
)
def test_known_colors(lab: tuple[float, ...], rgb: tuple[float, ...]) -> None:
    np.testing.assert_allclose(lab_to_rgb(np.array(lab)), rgb, atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (2, 3, 3), elements=st.floats(0, 1, width=32)))
def test_it_undoes_the_way_there(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (5, 3), elements=st.floats(-200, 200, width=32)))
def test_what_no_screen_shows_is_clipped(lab: np.ndarray) -> None:
    rgb = lab_to_rgb(lab)
    assert rgb.dtype == np.float32
    assert ((rgb >= 0) & (rgb <= 1)).all()

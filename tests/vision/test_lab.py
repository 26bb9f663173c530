from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impasto.vision.lab import delta_e_2000, lab_to_rgb, rgb_to_lab, rgb_to_lightness, rgb_to_linear

COLORS = arrays(np.float32, (5, 3), elements=st.floats(0, 1, width=32))
# Pairs with their difference from the supplement of Sharma, Wu & Dalal 2005: those that catch wrong hues and rotations.
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


def random_colors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((40, 50, 3)).astype(np.float32)


class TestLab:
    def test_it_is_that_of_scikit_image(self) -> None:
        color = pytest.importorskip("skimage.color")
        colors = np.concatenate([random_colors(0), random_colors(1) ** 6 / 10])
        np.testing.assert_allclose(rgb_to_lab(colors), color.rgb2lab(colors.astype(np.float64)), atol=2e-3)

    @pytest.mark.parametrize(
        ("rgb", "lab"),
        [
            ((0, 0, 0), (0, 0, 0)),
            ((1, 1, 1), (100, 0, 0)),
            ((1, 0, 0), (53.24, 80.09, 67.20)),
            ((0, 0, 1), (32.30, 79.19, -107.86)),
        ],
    )
    def test_known_colors(self, rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
        np.testing.assert_allclose(rgb_to_lab(np.array(rgb, np.float32)), lab, atol=0.02)

    @given(COLORS)
    def test_lightness_is_its_first_part(self, colors: np.ndarray) -> None:
        np.testing.assert_allclose(rgb_to_lightness(colors), rgb_to_lab(colors)[..., 0], atol=1e-3)

    def test_linear_light_is_decoded_closely_and_beyond_the_range_cut(self) -> None:
        values = np.random.default_rng(0).random(5000).astype(np.float32)
        exact = np.where(values <= 0.04045, values / 12.92, ((values.astype(float) + 0.055) / 1.055) ** 2.4)
        np.testing.assert_allclose(rgb_to_linear(values), exact, atol=2e-7)
        np.testing.assert_array_equal(rgb_to_linear(np.array([-0.5, 0, 1, 1.5])), [0, 0, 1, 1])


class TestTheWayBack:
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
    def test_known_colors(self, lab: tuple[float, ...], rgb: tuple[float, ...]) -> None:
        np.testing.assert_allclose(lab_to_rgb(np.array(lab)), rgb, atol=2e-3)

    @settings(max_examples=30, deadline=None)
    @given(arrays(np.float32, (2, 3, 3), elements=st.floats(0, 1, width=32)))
    def test_it_undoes_the_way_there(self, rgb: np.ndarray) -> None:
        np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=1e-4)

    @settings(max_examples=30, deadline=None)
    @given(arrays(np.float32, (5, 3), elements=st.floats(-200, 200, width=32)))
    def test_what_no_screen_shows_is_cut_off(self, lab: np.ndarray) -> None:
        rgb = lab_to_rgb(lab)
        assert rgb.dtype == np.float32
        assert ((rgb >= 0) & (rgb <= 1)).all()


class TestDeltaE2000:
    @pytest.mark.parametrize(("lab", "other", "difference"), SHARMA)
    def test_pairs_of_its_authors(self, lab: tuple[float, ...], other: tuple[float, ...], difference: float) -> None:
        first, second = np.array(lab, np.float32), np.array(other, np.float32)
        assert float(delta_e_2000(first, second)) == pytest.approx(difference, abs=2e-3)

    def test_it_is_that_of_scikit_image(self) -> None:
        color = pytest.importorskip("skimage.color")
        first, second = rgb_to_lab(random_colors(0)), rgb_to_lab(random_colors(1))
        expected = color.deltaE_ciede2000(first.astype(np.float64), second.astype(np.float64))
        np.testing.assert_allclose(delta_e_2000(first, second), expected, atol=1e-3)

    @given(COLORS, COLORS)
    def test_it_is_symmetric_and_0_for_equal_colors(self, first: np.ndarray, second: np.ndarray) -> None:
        first, second = rgb_to_lab(first), rgb_to_lab(second)
        np.testing.assert_allclose(delta_e_2000(first, second), delta_e_2000(second, first), atol=2e-3)
        np.testing.assert_array_equal(delta_e_2000(first, first), 0)

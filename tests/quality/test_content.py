from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.content import EdgeAgreement, MultiScaleSimilarity
from impasto.vision.lab import rgb_to_lightness

from .pictures import grey, measured, noisy, textured

CONTENT = textured(192, 200)
KINDS = [MultiScaleSimilarity, EdgeAgreement]


def blurred(image: np.ndarray, side: int) -> np.ndarray:
    """Average over side×side fields, repeated to the old size."""
    height, width = (length // side for length in image.shape[:2])
    fields = image[: height * side, : width * side].reshape(height, side, width, side, 3).mean(axis=(1, 3))
    return fields.repeat(side, 0).repeat(side, 1)


@pytest.mark.parametrize("kind", KINDS)
class TestBoth:
    def test_an_untouched_content_gets_1(self, kind: type) -> None:
        assert measured(kind(), (CONTENT, CONTENT)) == pytest.approx(1, abs=1e-6)

    def test_another_picture_gets_little(self, kind: type) -> None:
        assert measured(kind(), (textured(192, 200, seed=9), CONTENT)) < 0.35

    def test_more_blur_is_worse(self, kind: type) -> None:
        values = [measured(kind(), (blurred(CONTENT[:, :192], side), CONTENT[:, :192])) for side in (1, 2, 8, 32)]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1] + 0.3

    def test_more_noise_is_worse(self, kind: type) -> None:
        values = [measured(kind(), (noisy(CONTENT, deviation), CONTENT)) for deviation in (0.01, 0.05, 0.2)]
        assert values == sorted(values, reverse=True)

    def test_color_does_not_matter(self, kind: type) -> None:
        """A picture turned grey at the same lightness keeps its content."""
        lightness = rgb_to_lightness(CONTENT).astype(np.float64)
        luminance = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness * 27 / 24389)
        encoded = np.where(luminance <= 0.0031308, 12.92 * luminance, 1.055 * luminance ** (1 / 2.4) - 0.055)
        assert measured(kind(), (grey(encoded), CONTENT)) > 0.999

    def test_a_gentle_tone_curve_costs_little(self, kind: type) -> None:
        assert measured(kind(), (CONTENT**1.2, CONTENT)) > 0.93

    def test_swapping_light_and_dark_costs_everything(self, kind: type) -> None:
        assert measured(kind(), (1 - CONTENT, CONTENT)) < 0.01


class TestMultiScaleSimilarity:
    @given(st.integers(11, 21), st.integers(11, 40), st.integers(0, 5))
    @settings(deadline=None, max_examples=20)
    def test_of_one_scale_it_is_ssim(self, height: int, width: int, seed: int) -> None:
        metrics = pytest.importorskip("skimage.metrics")
        image, target = (textured(height, width, each) for each in (seed, seed + 1))
        image = (image + target) / 2
        planes = [rgb_to_lightness(each).astype(np.float64) / 100 for each in (image, target)]
        stated = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
        expected = max(0.0, metrics.structural_similarity(*planes, **stated))
        assert measured(MultiScaleSimilarity(), (image, target)) == pytest.approx(expected, abs=1e-4)

    def test_coarse_structure_weighs_more_than_fine(self) -> None:
        """Noise of one strength, but in fields of 8 pixels, hurts more than pixel by pixel."""
        rng = np.random.default_rng(0)
        fine = rng.normal(0, 0.05, (192, 200))
        coarse = rng.normal(0, 0.05, (24, 25)).repeat(8, 0).repeat(8, 1)
        values = [
            measured(MultiScaleSimilarity(), ((CONTENT + noise[..., None]).astype(np.float32), CONTENT))
            for noise in (fine, coarse)
        ]
        assert values[0] > values[1]

    def test_shading_counts_at_the_coarsest_scale_only(self) -> None:
        """A change of brightness leaves structure alone, so what it costs is the weight of one scale of five."""
        target, image = grey(np.full((200, 200), 0.5)), grey(np.full((200, 200), 0.7))
        first, second = (float(rgb_to_lightness(each)[0, 0]) / 100 for each in (image, target))
        luminance = (2 * first * second + 1e-4) / (first**2 + second**2 + 1e-4)
        assert measured(MultiScaleSimilarity(), (image, target)) == pytest.approx(luminance**0.1333, abs=1e-4)

    def test_below_its_window_it_has_no_meaning(self) -> None:
        assert np.isnan(measured(MultiScaleSimilarity(), (CONTENT[:10], CONTENT[:10])))


class TestEdgeAgreement:
    def test_contrast_over_the_whole_picture_does_not_matter(self) -> None:
        """L* is nearly linear in grey, so halving the range halves every edge."""
        content = grey(textured(64, 64)[..., 0])
        assert measured(EdgeAgreement(), (content / 2 + np.float32(0.25), content)) > 0.99

    @given(st.integers(0, 3))
    @settings(deadline=None)
    def test_edges_across_and_down_have_nothing_in_common(self, seed: int) -> None:
        profile = np.random.default_rng(seed).random(40)
        rows, columns = grey(np.tile(profile[:, None], (1, 40))), grey(np.tile(profile, (40, 1)))
        assert measured(EdgeAgreement(), (rows, columns)) == pytest.approx(0, abs=1e-5)

    def test_edges_that_are_gone_get_0(self) -> None:
        assert measured(EdgeAgreement(), (grey(np.full((192, 200), 0.5)), CONTENT)) == 0

    def test_contents_without_edges_are_left_out(self) -> None:
        flat = grey(np.full((192, 200), 0.5))
        assert np.isnan(measured(EdgeAgreement(), (CONTENT, flat)))
        assert measured(EdgeAgreement(), (CONTENT, flat), (CONTENT, CONTENT)) == pytest.approx(1)

    def test_edges_moved_aside_agree_less(self) -> None:
        values = [measured(EdgeAgreement(), (CONTENT[:, shift : shift + 180], CONTENT[:, :180])) for shift in (0, 1, 4)]
        assert values == sorted(values, reverse=True)
        assert values[2] < 0.5

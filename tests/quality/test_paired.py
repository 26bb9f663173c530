from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.quality.paired import ColorDifference, MeanSquaredError, PeakSignalToNoise, StructuralSimilarity

from .pictures import grey, measured, noisy, textured

CONTENT = textured(60, 75)
DEGRADED = noisy(CONTENT, 0.08)


def plain(value: float, side: int = 32) -> np.ndarray:
    return grey(np.full((side, side), value))


@pytest.mark.parametrize(
    ("kind", "best"), [(MeanSquaredError, 0), (PeakSignalToNoise, 100), (StructuralSimilarity, 1), (ColorDifference, 0)]
)
def test_equal_pictures_get_the_best_value(kind: type, best: float) -> None:
    assert measured(kind(), (CONTENT, CONTENT)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("kind", [MeanSquaredError, PeakSignalToNoise, StructuralSimilarity, ColorDifference])
def test_more_noise_is_worse(kind: type) -> None:
    values = [measured(kind(), (noisy(CONTENT, deviation), CONTENT)) for deviation in (0.01, 0.05, 0.2)]
    assert values == sorted(values, reverse=kind.higher_is_better)


@given(st.floats(0, 1), st.floats(0, 1))
def test_mse_and_psnr_of_plain_pictures(first: float, second: float) -> None:
    pair = plain(first), plain(second)
    squared = float(pair[0][0, 0, 0] - pair[1][0, 0, 0]) ** 2
    assert measured(MeanSquaredError(), pair) == pytest.approx(squared, rel=1e-5, abs=1e-12)
    decibels = min(100.0, -10 * np.log10(max(squared, 1e-30)))
    assert measured(PeakSignalToNoise(), pair) == pytest.approx(decibels, abs=1e-3)


def test_they_are_those_of_scikit_image() -> None:
    metrics, color = pytest.importorskip("skimage.metrics"), pytest.importorskip("skimage.color")
    exact = [picture.astype(np.float64) for picture in (DEGRADED, CONTENT)]
    pair = DEGRADED, CONTENT
    assert measured(MeanSquaredError(), pair) == pytest.approx(metrics.mean_squared_error(*exact), rel=1e-5)
    psnr = metrics.peak_signal_noise_ratio(*exact, data_range=1)
    assert measured(PeakSignalToNoise(), pair) == pytest.approx(psnr, rel=1e-5)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    ssim = metrics.structural_similarity(*exact, channel_axis=-1, **settings)
    assert measured(StructuralSimilarity(), pair) == pytest.approx(ssim, abs=2e-5)
    difference = color.deltaE_ciede2000(*[color.rgb2lab(each) for each in exact]).mean()
    assert measured(ColorDifference(), pair) == pytest.approx(difference, rel=1e-3)


def test_pictures_count_the_same_whatever_their_size() -> None:
    small, large = (plain(0.5, 20), plain(0.4, 20)), (plain(0.5, 60), plain(0.3, 60))
    assert measured(MeanSquaredError(), small, large) == pytest.approx((0.01 + 0.04) / 2, rel=1e-4)
    assert measured(PeakSignalToNoise(), small, large) == pytest.approx((20 + 13.9794) / 2, rel=1e-4)


def test_ssim_sees_structure_and_not_only_error() -> None:
    brighter = np.clip(CONTENT + np.float32(0.05), 0, 1)
    noise = noisy(CONTENT, 0.05)
    assert measured(StructuralSimilarity(), (brighter, CONTENT)) > measured(StructuralSimilarity(), (noise, CONTENT))
    assert measured(StructuralSimilarity(), (1 - CONTENT, CONTENT)) < 0


def test_ssim_of_pictures_below_its_window_has_no_meaning() -> None:
    small = textured(10, 40)
    assert np.isnan(measured(StructuralSimilarity(), (small, small)))
    assert measured(StructuralSimilarity(), (small, small), (CONTENT, CONTENT)) == pytest.approx(1)


def test_color_difference_is_that_of_plain_colors() -> None:
    """Mid grey against the same lightened by 1 L*, where ΔE2000 is that step over its lightness weight of 1."""
    target, image = plain(0.46626), plain(0.47578)
    assert measured(ColorDifference(), (image, target)) == pytest.approx(0.95, abs=0.05)


@given(st.integers(1, 150))
def test_strips_of_color_difference_cover_every_row(height: int) -> None:
    image, target = np.zeros((height, 3, 3), np.float32), np.zeros((height, 3, 3), np.float32)
    image[-1] = 1
    assert measured(ColorDifference(), (image, target)) == pytest.approx(100 / height, rel=1e-3)

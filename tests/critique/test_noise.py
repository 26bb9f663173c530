"""Noise of known deviation."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique.finding import Level
from impasto.critique.noise import judge_noise, measure_noise

from .constructed import as_picture, blurred, noisy, patches


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0, 8.0, 15.0])
def test_the_deviation_of_white_noise_is_read(sigma: float) -> None:
    assert measure_noise(noisy(blurred(patches(), 2), sigma)) == pytest.approx(sigma, rel=0.12)


@pytest.mark.parametrize("sigma", [2.0, 6.0])
def test_slopes_are_no_noise(sigma: float) -> None:
    rows, columns = np.mgrid[:256, :256]
    slope = 60 + 0.3 * rows + 0.15 * columns + 10 * np.sin(columns / 40)
    assert measure_noise(noisy(slope, sigma)) == pytest.approx(sigma, rel=0.12)


def test_a_texture_beside_a_smooth_part_is_no_noise() -> None:
    plane = np.full((256, 256), 120.0)
    plane[:, 128:] += np.random.default_rng(5).normal(0, 40, (256, 128))
    assert measure_noise(noisy(plane, 2)) == pytest.approx(2, rel=0.15)


def test_a_clean_picture_has_what_rounding_leaves() -> None:
    clean = measure_noise(as_picture(blurred(patches(), 3)))
    assert clean is not None
    assert clean < 0.5
    assert measure_noise(as_picture(patches())) == 0


def test_only_one_channel_counts_as_a_third_of_the_power() -> None:
    picture = as_picture(np.full((256, 256), 120.0)).astype(float)
    picture[..., 2] += np.random.default_rng(0).normal(0, 9, (256, 256))
    assert measure_noise(as_picture(picture)) == pytest.approx(9 / np.sqrt(3), rel=0.12)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_depth_does_not_matter(dtype: type) -> None:
    levels = 120 + np.random.default_rng(0).normal(0, 5, (256, 256, 3))
    deep = (levels / 255).astype(np.float32) if dtype is np.float32 else (levels * 257).round().astype(np.uint16)
    assert measure_noise(deep) == pytest.approx(5, rel=0.12)


def test_clipped_parts_are_not_taken_for_clean_ones() -> None:
    plane = np.full((256, 256), 120.0)
    plane[:, :160] = 300
    assert measure_noise(noisy(plane, 6)) == pytest.approx(6, rel=0.15)


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_where_all_is_clipped_nothing_is_said(level: float) -> None:
    finding = judge_noise(as_picture(np.full((128, 128), level)))
    assert finding.level is Level.UNKNOWN
    assert finding.value is None


def test_tiny_pictures_say_nothing() -> None:
    assert measure_noise(np.full((10, 200, 3), 90, np.uint8)) is None
    assert measure_noise(np.full((32, 32, 3), 90, np.uint8)) is None


def test_large_pictures_are_looked_at_in_part() -> None:
    large = np.tile(noisy(np.full((256, 256), 120.0), 5), (12, 12, 1))
    assert measure_noise(large) == pytest.approx(5, rel=0.12)


def test_the_words_follow_the_number() -> None:
    found = [judge_noise(noisy(np.full((256, 256), 120.0), sigma)) for sigma in (0.5, 2.5, 6, 12)]
    assert [finding.level for finding in found] == [Level.FINE, Level.FINE, Level.LOOK, Level.LOOK]
    assert len({finding.phrase.partition("(")[0] for finding in found}) == 4

"""The compiled loops over a painting at working size, held against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply import layer_kernels as kernels

LUMA = np.array([0.299, 0.587, 0.114])
SIDES = st.integers(1, 20)


def planes(seed, height, width, count=3):
    return np.random.default_rng(seed).random((count, height, width)).astype(np.float32)


def test_luma_of_some_rows_leaves_the_others_alone():
    content, luma = planes(0, 9, 7), np.full((9, 7), 5, np.float32)
    kernels.luma_rows(content, luma, 2, 6)
    np.testing.assert_allclose(luma[2:6], np.einsum("c,chw->hw", LUMA, content)[2:6], atol=1e-6)
    assert (luma[:2] == 5).all()
    assert (luma[6:] == 5).all()


@settings(max_examples=10, deadline=None)
@given(SIDES, SIDES, st.integers(0, 3), st.integers(0, 99))
def test_the_gain_is_the_slope_of_a_line_through_each_window(height, width, radius, seed):
    content, painted = planes(seed, height, width, 2)
    gains, flat = np.empty((height, width), np.float32), 0.01
    kernels.gain_rows((content, painted), radius, np.float32(flat), gains, 0, height)
    for y in range(height):
        for x in range(width):
            window = np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
            one, other = content[window].astype(np.float64), painted[window].astype(np.float64)
            slope = ((one * other).mean() - one.mean() * other.mean()) / (one.var() + flat)
            assert gains[y, x] == pytest.approx(np.clip(slope, 0, 1), abs=1e-3)


def test_a_painting_that_follows_the_photo_has_its_gain_and_one_that_opposes_it_none():
    content = planes(4, 16, 16, 1)[0]
    gains = np.empty_like(content)
    for factor, expected in ((0.5, 0.5), (1.0, 1.0), (3.0, 1.0), (-1.0, 0.0)):
        kernels.gain_rows((content, np.float32(factor) * content), 2, np.float32(1e-6), gains, 0, 16)
        np.testing.assert_allclose(gains, expected, atol=1e-2)


def test_a_record_holds_colours_lumas_and_the_range_of_the_neighbourhood():
    painted, (content, luma, gains) = planes(1, 5, 6), planes(2, 5, 6)
    layers = np.empty((5, 6, kernels.NUM_LAYERS), np.float32)
    kernels.layer_rows(painted, (content, luma), gains, layers, 0, 5)
    np.testing.assert_array_equal(layers[..., : kernels.GAIN], painted.transpose(1, 2, 0))
    np.testing.assert_array_equal(layers[..., kernels.CONTENT_LUMA], content)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(luma, 1, mode="edge"), (3, 3))
    np.testing.assert_array_equal(layers[..., kernels.LOWEST], around.min(axis=(2, 3)))
    np.testing.assert_array_equal(layers[..., kernels.HIGHEST], around.max(axis=(2, 3)))
    smoothed = np.lib.stride_tricks.sliding_window_view(np.pad(gains, 1, mode="edge"), (3, 3)).mean(axis=(2, 3))
    np.testing.assert_allclose(layers[..., kernels.GAIN], smoothed, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(SIDES, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 3), st.integers(0, 99))
def test_records_are_the_same_whatever_block_of_rows_they_are_made_in(width, blocks, radius, seed):
    height, flat = sum(blocks), np.float32(0.001)
    content, painted = planes(seed, height, width), planes(seed + 1, height, width)
    lumas = np.empty((2, height, width), np.float32)
    for picture, luma in zip((content, painted), lumas, strict=True):
        kernels.luma_rows(picture, luma, 0, height)
    gains, expected = np.empty((height, width), np.float32), np.empty((height, width, kernels.NUM_LAYERS), np.float32)
    kernels.gain_rows((lumas[0], lumas[1]), radius, flat, gains, 0, height)
    kernels.layer_rows(painted, (lumas[0], lumas[1]), gains, expected, 0, height)
    layers, first = np.full_like(expected, np.nan), 0
    for rows in blocks:
        kernels.relate_rows((content, painted), radius, flat, layers, first, first + rows)
        assert np.isnan(layers[first + rows :]).all(), "rows of other blocks are left alone"
        first += rows
    np.testing.assert_array_equal(layers, expected)


@settings(max_examples=15, deadline=None)
@given(SIDES, SIDES, st.integers(0, 99))
def test_paint_is_mixed_by_shares(height, width, seed):
    fresh, kept, shares = (
        planes(seed, height, width),
        planes(seed + 1, height, width),
        planes(seed + 2, height, width)[0],
    )
    expected = shares * kept + (1 - shares) * fresh
    pixels, mixed = np.ascontiguousarray(np.moveaxis(kept, 0, -1)), np.empty_like(fresh)
    kernels.mix_paint(pixels, fresh, shares, mixed)
    np.testing.assert_allclose(mixed, expected, atol=1e-6)
    np.testing.assert_array_equal(np.moveaxis(pixels, -1, 0), mixed)

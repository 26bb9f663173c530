"""The compiled loops of painting, held against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply import layer_kernels
from impasto.apply import paint_kernels as kernels
from impasto.apply.full_size import _color_curves
from impasto.apply.resampling import averaging_taps, enlarging_taps
from impasto.vision.lab import lab_to_rgb, rgb_to_lab

LUMA = np.array([0.299, 0.587, 0.114])
SIDES = st.integers(1, 20)


def planes(seed, height, width, count=3):
    return np.random.default_rng(seed).random((count, height, width)).astype(np.float32)


def photo_of(seed, height, width):
    return np.ascontiguousarray(planes(seed, height, width).transpose(1, 2, 0))


def dense(taps, length):
    """Return taps as a matrix that brings `length` samples to as many as the taps are."""
    starts, weights = taps
    matrix = np.zeros((len(starts), length))
    for row, (start, shares) in enumerate(zip(starts, weights, strict=True)):
        matrix[row, start : start + len(shares)] = shares
    return matrix


# --- noise ----------------------------------------------------------------------------------------------------------


def noise(seed, height=64, width=64):
    field = np.empty((height, width), np.float32)
    kernels.fill_noise(field, np.uint64(seed), 0, height)
    return field


def test_noise_at_a_place_does_not_depend_on_the_size_of_the_canvas():
    np.testing.assert_array_equal(noise(3)[:20, :30], noise(3, 20, 30))


def test_noise_is_normal_and_neighbours_know_nothing_of_each_other():
    field = noise(1, 256, 256)
    assert abs(field.mean()) < 0.02
    assert field.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(field) < 0.6745) == pytest.approx(0.5, abs=0.01)
    for other in (field[1:], field[:, 1:]):
        near = field[: other.shape[0], : other.shape[1]]
        assert abs(np.corrcoef(near.ravel(), other.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(field.ravel(), noise(2, 256, 256).ravel())[0, 1]) < 0.02


# --- to working size ------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([3, 4]))
def test_shrinking_is_two_products_of_matrices(height, width, rows, columns, step):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, step)).astype(np.uint8)
    row_taps, column_taps = averaging_taps(height, rows), averaging_taps(width, columns)
    target = np.empty((3, rows, columns), np.float32)
    flat = picture.reshape(height, -1)
    kernels.shrink_rows(flat, step, np.float32(1 / 255), row_taps, column_taps, target)
    expected = np.einsum("ih,hwc,jw->cij", dense(row_taps, height), picture[..., :3] / 255, dense(column_taps, width))
    np.testing.assert_allclose(target, expected, atol=1e-5)


# --- to full size ---------------------------------------------------------------------------------------------------


def rendered(layers, photo, *, strength=1.0, crispness=0.0, curves=None):
    height, width = photo.shape[:2]
    out = np.empty_like(photo)
    curves = np.empty((3, 0), np.float32) if curves is None else curves
    kernels.render_rows(
        photo.reshape(height, -1),
        out.reshape(height, -1),
        (np.uint64(3), np.uint64(3)),
        layers,
        enlarging_taps(layers.shape[0], height),
        enlarging_taps(layers.shape[1], width),
        np.array([1, 0, strength, crispness], np.float32),
        curves,
    )
    return out


def layers_of(painted, gain):
    height, width = painted.shape[1:]
    luma = np.einsum("c,chw->hw", LUMA, painted).astype(np.float32)
    layers = np.empty((height, width, layer_kernels.NUM_LAYERS), np.float32)
    content = np.full((height, width), 0.5, np.float32)
    layer_kernels.layer_rows(painted, (content, luma), np.full_like(luma, gain), layers, 0, height)
    return layers


def test_without_gain_and_crispness_colours_are_enlarged_and_nothing_else():
    painted = 0.25 + planes(3, 8, 9) / 2
    photo = photo_of(4, 20, 17)
    rows, columns = dense(enlarging_taps(8, 20), 8), dense(enlarging_taps(9, 17), 9)
    expected = np.einsum("ih,chw,jw->ijc", rows, painted, columns)
    np.testing.assert_allclose(rendered(layers_of(painted, 0), photo), expected.clip(0, 1), atol=1e-5)


def test_the_gain_lets_light_of_the_photo_through_and_none_of_its_colour():
    painted = np.full((3, 6, 6), 0.5, np.float32)
    photo = np.full((12, 12, 3), 0.5, np.float32)
    photo[6, 6] = (0.7, 0.5, 0.5)
    change = rendered(layers_of(painted, 1), photo) - 0.5
    np.testing.assert_allclose(change[6, 6], 0.2 * LUMA[0], atol=1e-5)
    change[6, 6] = 0
    assert np.abs(change).max() < 1e-5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_crisp_strokes_stay_within_the_tones_around_them(seed):
    painted = np.repeat(planes(seed, 5, 5, 1), 3, axis=0)
    photo = np.full((20, 20, 3), 0.5, np.float32)
    crisp = rendered(layers_of(painted, 0), photo, crispness=1.0)
    assert crisp.min() >= painted.min() - 0.1
    assert crisp.max() <= painted.max() + 0.1


def test_kept_colour_agrees_with_lab():
    random = np.random.default_rng(6)
    photo = random.uniform(0.3, 0.7, (10, 10, 3)).astype(np.float32)
    painted = random.uniform(0.35, 0.65, (3, 10, 10)).astype(np.float32)
    kept = rendered(layers_of(painted, 0), photo, curves=_color_curves())
    lab = rgb_to_lab(photo)
    lab[..., 0] = rgb_to_lab(painted.transpose(1, 2, 0))[..., 0]
    expected = lab_to_rgb(lab)
    in_gamut = (expected.min(axis=-1) > 0.002) & (expected.max(axis=-1) < 0.998)
    assert in_gamut.mean() > 0.8
    np.testing.assert_allclose(kept[in_gamut], expected[in_gamut], atol=2e-3)


@pytest.mark.parametrize("strength", [0, 0.3, 1])
def test_strength_is_a_straight_line_from_the_photo_to_the_painting(strength):
    painted, photo = planes(7, 10, 10), photo_of(8, 10, 10)
    whole = rendered(layers_of(painted, 0), photo)
    expected = photo + strength * (whole - photo)
    np.testing.assert_allclose(rendered(layers_of(painted, 0), photo, strength=strength), expected, atol=1e-6)

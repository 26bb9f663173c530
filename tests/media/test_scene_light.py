"""A scene shown to a display and taken back again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from impasto.media.scene_light import REC709, decode_srgb, encode_srgb, restore_scene, show_scene

AP1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
"""ACEScg."""
lights = st.floats(-2, 2**14, width=32, allow_nan=False)


@pytest.mark.parametrize("chromaticities", [REC709, AP1])
@given(linear=hnp.arrays(np.float32, (3, 4, 3), elements=lights))
@settings(max_examples=60, deadline=None)
def test_an_identity_changes_nothing(chromaticities: tuple[float, ...], linear: np.ndarray) -> None:
    pixels, light = show_scene(linear, chromaticities)
    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    scale = max(1.0, float(np.abs(linear).max()))
    np.testing.assert_allclose(restore_scene(pixels, light), linear, rtol=2e-5, atol=4e-6 * scale)


def test_what_a_display_can_show_is_shown_as_it_is() -> None:
    linear = np.linspace(0, 1, 27, dtype=np.float32).reshape(3, 3, 3)
    pixels, light = show_scene(linear)
    np.testing.assert_allclose(decode_srgb(pixels), linear, atol=1e-6)
    assert (light.gain == 1).all()
    assert light.rest is None


def test_a_highlight_keeps_its_ratio_to_white_and_its_colour() -> None:
    linear = np.array([[[8, 4, 2], [40, 40, 40], [0.5, 0.5, 0.5]]], np.float32)
    pixels, light = show_scene(linear)
    np.testing.assert_allclose(decode_srgb(pixels)[0], [[1, 0.5, 0.25], [1, 1, 1], [0.5, 0.5, 0.5]], rtol=1e-5)
    darker = encode_srgb(decode_srgb(pixels) / 2)
    np.testing.assert_allclose(restore_scene(darker, light), linear / 2, rtol=1e-4)


def test_order_of_brightness_survives_any_rising_curve() -> None:
    """Were highlights clipped, or only scaled by their place in the picture, a ramp would bend back."""
    ramp = np.repeat(np.linspace(0, 6, 200, dtype=np.float32)[None, :, None], 3, axis=2)
    pixels, light = show_scene(ramp)
    styled = (np.float32(0.9) * pixels**1.2).astype(np.float32)
    assert (np.diff(restore_scene(styled, light)[0, :, 0]) > 0).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_and_spoils_nothing_else(odd: float) -> None:
    linear = np.full((2, 2, 3), 0.25, np.float32)
    linear[0, 1] = odd
    pixels, light = show_scene(linear)
    assert np.isfinite(pixels).all()
    np.testing.assert_allclose(restore_scene(pixels, light), linear, rtol=1e-5)


def test_negative_light_is_put_back() -> None:
    linear = np.array([[[-0.25, 0.5, 0.5]]], np.float32)
    pixels, light = show_scene(linear)
    assert pixels[0, 0, 0] == 0
    np.testing.assert_allclose(restore_scene(pixels, light), linear, rtol=1e-5)


def test_wide_primaries_are_shown_in_those_of_srgb() -> None:
    grey = np.full((1, 1, 3), 0.18, np.float32)
    green = np.array([[[0.1, 0.5, 0.1]]], np.float32)
    np.testing.assert_allclose(show_scene(grey, AP1)[0], show_scene(grey)[0], atol=1e-5)
    wide, narrow = show_scene(green, AP1)[0][0, 0], show_scene(green)[0][0, 0]
    assert wide[1] > narrow[1]
    assert wide[0] < narrow[0]


def test_the_curve_is_that_of_the_standard() -> None:
    values = np.array([0, 0.0031308, 0.18, 0.5, 1], np.float32)
    np.testing.assert_allclose(encode_srgb(values), [0, 0.04045, 0.461356, 0.735357, 1], atol=2e-5)
    np.testing.assert_allclose(decode_srgb(encode_srgb(values)), values, atol=1e-6)

"""Constructed pictures, of which the answer is known."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from impasto.errors import UnusablePixelsError
from impasto.gallery.traits import TRAIT_NAMES, TYPICAL, PhotoTraits, palette, photo_traits, traits_of_lab
from impasto.vision.lab import lab_to_rgb, rgb_to_lab

Pixels = NDArray[np.float32]
TYPICAL_TRAITS = PhotoTraits(**{name: center for name, (center, _) in TYPICAL.items()})


def of_lab(lightness: object, a: object = 0.0, b: object = 0.0, shape: tuple[int, int] = (64, 64)) -> Pixels:
    """Paint a picture in L*a*b*."""
    planes = [np.broadcast_to(np.asarray(plane, np.float32), shape) for plane in (lightness, a, b)]
    return lab_to_rgb(np.stack(planes, axis=-1))


def ramp(low: float = 20, high: float = 90) -> Pixels:
    return np.linspace(low, high, 64, dtype=np.float32)[None, :]


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (7, 3), elements=st.floats(0, 1, width=32)))
def test_lab_goes_there_and_back(rgb: Pixels) -> None:
    assert np.abs(lab_to_rgb(rgb_to_lab(rgb)) - rgb).max() < 1e-3


def test_key_and_contrast_of_a_ramp() -> None:
    traits = photo_traits(of_lab(ramp(20, 90)))
    assert traits.key == pytest.approx(55, abs=0.2)
    assert traits.contrast == pytest.approx(0.9 * 70, abs=0.5)
    assert traits.saturation < 0.5


def test_rounding_does_not_decide_what_is_shadow_and_what_is_highlight() -> None:
    """Of few lightnesses, as in drawings, a quarter of the pixels ends amid equals."""
    random = np.random.default_rng(0)
    lab = np.zeros((600, 3), np.float32)
    lab[:, 0] = np.repeat([30, 50, 70], 200)
    lab[:, 2] = random.uniform(-6, 6, 600)
    exact = traits_of_lab(lab)
    lab[:, 0] += random.uniform(-1e-4, 1e-4, 600)
    rounded = traits_of_lab(lab)
    assert rounded.shadow_warmth == pytest.approx(exact.shadow_warmth, abs=1e-3)
    assert rounded.highlight_warmth == pytest.approx(exact.highlight_warmth, abs=1e-3)


@pytest.mark.parametrize("cast", [-12.0, -4.0, 0.0, 6.0, 14.0])
def test_a_cast_on_greys_is_the_temperature(cast: float) -> None:
    traits = photo_traits(of_lab(ramp(), 0, cast))
    assert traits.color_temperature == pytest.approx(cast, abs=0.3)
    assert abs(traits.tint) < 0.3


@pytest.mark.parametrize("cast", [-8.0, 8.0])
def test_a_cast_across_is_the_tint(cast: float) -> None:
    traits = photo_traits(of_lab(ramp(), cast, 0))
    assert traits.tint == pytest.approx(cast, abs=0.3)
    assert abs(traits.color_temperature) < 0.3


def test_a_red_car_does_not_make_the_light_warm() -> None:
    """Nearly neutral pixels tell of the light; colourful things do not."""
    lab_b = np.zeros((64, 64))
    lab_b[:, :26] = 55
    traits = photo_traits(of_lab(60, 0, lab_b))
    assert traits.color_temperature < 2
    assert traits.saturation > 20


def test_where_nothing_is_neutral_the_mean_of_all_counts() -> None:
    assert photo_traits(of_lab(ramp(30, 80), 0, 35)).color_temperature == pytest.approx(35, abs=1)


def test_burnt_whites_do_not_hide_the_cast() -> None:
    lightness, b = np.full((64, 64), 60.0), np.full((64, 64), 8.0)
    lightness[:32], b[:32] = 100, 0
    assert photo_traits(of_lab(lightness, 0, b)).color_temperature == pytest.approx(8, abs=0.7)


def test_split_toning_shows_in_shadows_and_highlights() -> None:
    traits = photo_traits(of_lab(ramp(), 0, np.linspace(-10, 10, 64)[None, :]))
    assert traits.shadow_warmth == pytest.approx(-7.5, abs=1)
    assert traits.highlight_warmth == pytest.approx(7.5, abs=1)
    assert abs(traits.color_temperature) < 1


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4.0])
def test_grain_is_the_noise(sigma: float) -> None:
    noise = np.random.default_rng(1).normal(0, sigma, (128, 128))
    shape = (128, 128)
    noisy = of_lab(np.linspace(30, 80, 128)[None, :] + noise, shape=shape)
    assert photo_traits(noisy).grain == pytest.approx(sigma, rel=0.2)


def test_texture_is_no_grain_where_half_is_smooth() -> None:
    lightness = np.full((64, 64), 50.0)
    lightness[:, 32:] += np.random.default_rng(0).normal(0, 15, (64, 32))
    assert photo_traits(of_lab(lightness)).grain < 0.2


def test_traits_do_not_depend_on_where_things_are() -> None:
    pixels = np.random.default_rng(2).random((40, 30, 3), np.float32)
    np.testing.assert_allclose(
        photo_traits(pixels).as_vector(), photo_traits(pixels[::-1, ::-1]).as_vector(), rtol=0.02, atol=1e-4
    )


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 50, 3), (2, 2, 3), (3, 3, 3), (11, 200, 3)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_tiny_and_flat_pictures_have_finite_traits(shape: tuple[int, ...], value: float) -> None:
    traits = photo_traits(np.full(shape, value, np.float32))
    assert np.isfinite(traits.as_vector()).all()
    assert traits.contrast == pytest.approx(0, abs=1e-3)
    assert traits.grain == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 4), np.float32),
        np.zeros((0, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.uint8),
        np.full((4, 4, 3), 1.5, np.float32),
        np.full((4, 4, 3), np.nan, np.float32),
    ],
)
def test_what_is_no_picture_is_refused(pixels: NDArray[np.float32]) -> None:
    with pytest.raises(UnusablePixelsError):
        photo_traits(pixels)
    with pytest.raises(UnusablePixelsError):
        palette(pixels)


def test_the_vector_is_in_typical_deviations() -> None:
    np.testing.assert_allclose(TYPICAL_TRAITS.as_vector(), 0)
    vector = replace(TYPICAL_TRAITS, contrast=TYPICAL["contrast"][0] + 2 * TYPICAL["contrast"][1]).as_vector()
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, 2 * np.eye(len(TRAIT_NAMES))[TRAIT_NAMES.index("contrast")])


def test_an_ordinary_picture_has_nothing_to_describe() -> None:
    assert TYPICAL_TRAITS.describe() == ()


@pytest.mark.parametrize(
    ("changed", "phrases"),
    [
        ({"key": 15.0}, ("very dark",)),
        ({"key": 58.0}, ("light",)),
        ({"contrast": 50.0, "saturation": 30.0}, ("rich colour", "low contrast")),
        ({"color_temperature": -6.0}, ("cool",)),
        ({"color_temperature": -0.5}, ("cool",)),
        ({"color_temperature": 0.0}, ()),
        ({"highlight_warmth": 1.0}, ()),
        ({"tint": 12.0}, ("very magenta tint",)),
        ({"grain": 0.0}, ()),
        ({"grain": 1.3}, ("grainy",)),
    ],
)
def test_descriptions_name_what_stands_out(changed: dict[str, float], phrases: tuple[str, ...]) -> None:
    assert replace(TYPICAL_TRAITS, **changed).describe() == phrases


def test_traits_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        TYPICAL_TRAITS.key = 3  # type: ignore[misc]


def test_a_palette_finds_the_colors_and_their_shares() -> None:
    pixels = np.zeros((30, 40, 3), np.float32)
    pixels[:15], pixels[15:24], pixels[24:] = (0.9, 0.1, 0.1), (0.1, 0.2, 0.8), (0.9, 0.9, 0.2)
    found = palette(pixels, num_colors=3)
    np.testing.assert_allclose(found.colors, [[0.9, 0.1, 0.1], [0.1, 0.2, 0.8], [0.9, 0.9, 0.2]], atol=0.01)
    np.testing.assert_allclose(found.weights, [0.5, 0.3, 0.2], atol=0.01)


def test_fewer_colors_give_a_shorter_palette() -> None:
    found = palette(np.full((8, 8, 3), 0.4, np.float32), num_colors=5)
    np.testing.assert_allclose(found.colors, [[0.4, 0.4, 0.4]], atol=1e-3)
    np.testing.assert_allclose(found.weights, [1])


def test_a_palette_is_the_same_every_time() -> None:
    pixels = np.random.default_rng(3).random((50, 60, 3), np.float32)
    first, second, other = palette(pixels), palette(pixels), palette(pixels, seed=1)
    np.testing.assert_array_equal(first.colors, second.colors)
    assert not np.array_equal(first.colors, other.colors)
    assert first.weights.sum() == pytest.approx(1)
    assert (np.diff(first.weights) <= 0).all()


@settings(max_examples=20, deadline=None)
@given(arrays(np.float32, (6, 5, 3), elements=st.floats(0, 1, width=32)), st.integers(1, 8))
def test_a_palette_is_always_colors_with_shares(pixels: Pixels, num_colors: int) -> None:
    found = palette(pixels, num_colors)
    assert 1 <= len(found.colors) <= num_colors
    assert found.colors.shape == (len(found.weights), 3)
    assert ((found.colors >= 0) & (found.colors <= 1)).all()
    assert found.weights.min() > 0
    assert found.weights.sum() == pytest.approx(1, abs=1e-5)

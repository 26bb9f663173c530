from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.media.color_profile import color_space, is_srgb, profile_transforms, to_srgb
from impasto.media.frame import Color, Frame

from .pictures import gradient, icc_profile

ADOBE_TO_XYZ = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
XYZ_TO_SRGB = np.linalg.inv(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]  # D50
)


def adobe_to_srgb(colors: np.ndarray) -> np.ndarray:
    """The transform as its definition has it."""
    linear = np.clip(colors**2.19921875 @ (XYZ_TO_SRGB @ ADOBE_TO_XYZ).T, 0, 1)
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_spaces_are_told_apart(wide_profile: bytes, gray_profile: bytes) -> None:
    assert (color_space(wide_profile), color_space(gray_profile), color_space(b"")) == ("RGB", "GRAY", "")


def test_srgb_is_known_by_what_it_does(srgb_profile: bytes, wide_profile: bytes) -> None:
    same_colors_other_bytes = srgb_profile.replace(b"sRGB", b"mine")
    assert is_srgb(None)
    assert is_srgb(srgb_profile)
    assert is_srgb(same_colors_other_bytes)
    assert not is_srgb(wide_profile)


@pytest.mark.parametrize("broken", [b"", b"nonsense", bytes(200)])
def test_a_broken_profile_counts_as_srgb(broken: bytes) -> None:
    frame = Frame(gradient(), color=Color(icc_profile=broken))
    assert is_srgb(broken)
    np.testing.assert_array_equal(to_srgb(frame).pixels, frame.pixels)
    to_standard, _ = profile_transforms(broken)
    np.testing.assert_array_equal(to_standard(np.full((1, 3), 0.3)), np.full((1, 3), 0.3, np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_wide_frames_become_srgb_at_their_depth(wide_profile: bytes, dtype: type) -> None:
    pixels = gradient(dtype=np.uint16) / np.float32(65535)
    white = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    stored = pixels if dtype is np.float32 else np.rint(pixels * white).astype(dtype)
    frame = Frame(stored, alpha=stored[..., 0], color=Color(bit_depth=16, icc_profile=wide_profile))
    result = to_srgb(frame)
    assert result.pixels.dtype == dtype
    assert result.color == Color(bit_depth=16)
    assert result.alpha is frame.alpha
    expected = adobe_to_srgb(stored / np.float64(white))
    assert np.abs(result.pixels / white - expected).max() < (1.5 / 255 if dtype is np.uint8 else 0.1 / 255)
    assert np.abs(pixels - expected).max() > 20 / 255  # there was something to do


def test_16bit_ramps_stay_smooth(wide_profile: bytes) -> None:
    ramp = np.linspace(15000, 45000, 3000).round().astype(np.uint16)[None, :, None].repeat(3, 2)
    result = to_srgb(Frame(ramp, color=Color(bit_depth=16, icc_profile=wide_profile))).pixels[0]
    steps = np.diff(result.astype(int), axis=0)
    assert steps.min() >= 0
    assert steps.max() < 40  # the ramp itself steps by 10; a step of 8 bits would be 257


def test_frames_without_a_profile_are_untouched_and_srgb_ones_lose_only_the_label(srgb_profile: bytes) -> None:
    plain = Frame(gradient())
    labelled = Frame(gradient(), color=Color(icc_profile=srgb_profile))
    assert to_srgb(plain) is plain
    assert to_srgb(labelled).pixels is labelled.pixels
    assert to_srgb(labelled).color.icc_profile is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_transforms_invert_each_other_inside_srgb(seed: int) -> None:
    profile = icc_profile([(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)], 2.2)
    to_standard, from_standard = profile_transforms(profile)
    standard = np.random.default_rng(seed).uniform(0.1, 0.9, (50, 3))
    assert np.abs(to_standard(from_standard(standard)) - standard).max() < 0.2 / 255


def test_a_profile_of_another_kind_goes_through_the_lattice(
    wide_profile: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, exact_back = profile_transforms(wide_profile)
    monkeypatch.setattr("impasto.media.color_profile._matrix_profile", lambda icc_profile: None)
    to_standard, from_standard = profile_transforms(wide_profile)
    random = np.random.default_rng(0)
    colors = random.uniform(0.1, 0.9, (200, 1)) + random.uniform(-0.05, 0.05, (200, 3))  # far from where sRGB clips
    assert np.abs(to_standard(colors) - exact(colors)).max() < 1.5 / 255
    assert np.abs(from_standard(colors) - exact_back(colors)).max() < 1.5 / 255


def test_transforms_take_nodes_and_what_lies_outside(wide_profile: bytes) -> None:
    to_standard, _ = profile_transforms(wide_profile)
    colors = np.array([[0, 0, 0], [1, 1, 1], [-0.5, 2, 0], [0.5, 0.5, 0.5]])
    result = to_standard(colors)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[:2], colors[:2], atol=1 / 255)
    np.testing.assert_allclose(result[2], to_standard(np.array([[0, 1, 0]]))[0])
    np.testing.assert_allclose(result[3], adobe_to_srgb(colors[3:])[0], atol=1 / 255)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.masked import MaskedStylizer
from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.stylizer import State
from impasto.media.frame import Frame, padded_storage

from .networks import FakePaint, constant

INVERTED = Lut3D(1 - Lut3D.identity(9).table)


def photo(height: int = 40, width: int = 60, dtype: type = np.uint8) -> np.ndarray:
    values = np.random.default_rng(0).random((height, width, 3))
    return values.astype(dtype) if dtype == np.float32 else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def masked(frame: Frame, mask, **options) -> Frame:
    inner = LookStylizer(constant(INVERTED), num_threads=1, **options)
    return MaskedStylizer(inner, lambda _: mask, num_threads=1)(frame, State())[0]


def whole(frame: Frame) -> np.ndarray:
    return LookStylizer(constant(INVERTED), num_threads=1)(frame, State())[0].pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("mask_dtype", [np.uint8, np.uint16, np.float32])
def test_white_is_the_style_and_black_the_picture(dtype, mask_dtype):
    frame = Frame(photo(dtype=dtype))
    mask = np.zeros((40, 60), mask_dtype)
    mask[:, 30:] = 1 if mask_dtype == np.float32 else np.iinfo(mask_dtype).max
    result = masked(frame, mask).pixels
    np.testing.assert_array_equal(result[:, :30], frame.pixels[:, :30])
    if dtype == np.float32:
        assert result[:, 30:] == pytest.approx(whole(frame)[:, 30:], abs=1e-6)
    else:
        np.testing.assert_array_equal(result[:, 30:], whole(frame)[:, 30:])


@pytest.mark.parametrize("padded", [False, True])
def test_grey_blends(padded):
    frame = Frame(photo())
    result = masked(frame, np.full((40, 60), 0.25, np.float32), padded=padded)
    expected = frame.pixels + 0.25 * (whole(frame).astype(float) - frame.pixels)
    assert np.abs(result.pixels - expected).max() <= 0.51
    assert (padded_storage(result.pixels) is not None) == padded


def test_a_small_mask_is_spread_softly_over_the_picture():
    frame = Frame(np.zeros((80, 80, 3), np.uint8))
    row = masked(frame, np.array([[0, 1], [0, 1]], np.float32)).pixels[40, :, 0].astype(int)
    assert row[0] == 0
    assert row[-1] == 255
    assert 100 < row[40] < 155
    assert (np.diff(row) >= 0).all()
    assert np.diff(row).max() < 12


def test_without_a_mask_everything_is_restyled_and_the_state_passes_through():
    frame = Frame(photo(), shot=4)
    inner = PaintStylizer(FakePaint(), Brush(working_side=32))
    stylizer = MaskedStylizer(inner, lambda _: None)
    result, state = stylizer(frame, State())
    expected, expected_state = inner(frame, State())
    np.testing.assert_array_equal(result.pixels, expected.pixels)
    np.testing.assert_array_equal(state.canvas, expected_state.canvas)
    assert state.shot == 4


def test_at_strength_zero_the_picture_is_left_alone():
    frame = Frame(photo())
    inner = LookStylizer(constant(INVERTED), 0.0)
    result, _ = MaskedStylizer(inner, lambda _: np.ones((40, 60), np.float32))(frame, State())
    assert result is frame


def test_what_was_given_is_left_alone_whatever_the_stylizer_returns():
    frame = Frame(photo())
    shown = photo()[::-1]
    shown.flags.writeable = False
    before = shown.copy()
    stylizer = MaskedStylizer(
        lambda frame, state: (frame.with_pixels(shown), state), lambda _: np.full((40, 60), 0.5, np.float32)
    )
    result, _ = stylizer(frame, State())
    np.testing.assert_array_equal(shown, before)
    assert np.abs(result.pixels - (shown.astype(float) + frame.pixels) / 2).max() <= 0.51


@given(height=st.integers(1, 50), width=st.integers(1, 50), mask_side=st.integers(1, 70))
@settings(max_examples=30, deadline=None)
def test_any_size(height, width, mask_side):
    frame = Frame(photo(height, width))
    np.testing.assert_array_equal(masked(frame, np.full((mask_side, mask_side), 255, np.uint8)).pixels, whole(frame))
    np.testing.assert_array_equal(masked(frame, np.zeros((mask_side, mask_side), np.uint8)).pixels, frame.pixels)

import numpy as np
import pytest

from impasto.apply.pixel_check import check_pixels
from impasto.errors import UnusablePixelsError


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_usable_pixels_are_returned_as_they_are(dtype):
    pixels = np.ones((4, 5, 3), dtype)
    assert check_pixels(pixels) is pixels


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_floats_become_float32(dtype):
    pixels = np.random.default_rng(0).random((4, 5, 3)).astype(dtype)
    checked = check_pixels(pixels)
    assert checked.dtype == np.float32
    assert np.allclose(checked, pixels)


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((4, 5), "greyscale"),
        ((4, 5, 1), "greyscale"),
        ((4, 5, 4), "alpha"),
        ((3, 4, 5), "transpose"),
        ((2, 4, 5, 3), "one picture at a time"),
        ((3,), "one picture at a time"),
        ((0, 5, 3), "no pixels"),
        ((5, 0, 3), "no pixels"),
    ],
)
def test_another_shape_is_refused_with_a_hint(shape, hint):
    with pytest.raises(UnusablePixelsError, match=hint):
        check_pixels(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.uint32, bool, complex, object])
def test_another_dtype_is_refused(dtype):
    with pytest.raises(UnusablePixelsError, match="uint8, uint16, or floats"):
        check_pixels(np.zeros((4, 5, 3), dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value):
    pixels = np.full((300, 400, 3), 0.5)
    pixels[299, 399, 2] = value
    with pytest.raises(UnusablePixelsError, match="not finite"):
        check_pixels(pixels)


@pytest.mark.parametrize("value", [-0.01, 1.01, 255])
def test_floats_out_of_range_are_refused(value):
    pixels = np.full((2000, 1200, 3), 0.5, np.float32)
    pixels[-1, -1, -1] = value
    with pytest.raises(UnusablePixelsError, match=r"in \[0, 1\]"):
        check_pixels(pixels)


def test_what_is_no_array_is_refused():
    with pytest.raises(UnusablePixelsError, match="list"):
        check_pixels([[[1, 2, 3]]])

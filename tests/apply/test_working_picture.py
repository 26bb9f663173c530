import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.working_picture import working_picture, working_size
from impasto.media.frame import empty_padded


def inner(padded, size):
    return padded[0][:, *size.inner]


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (1000, 1000, (448, 448)),
        (4000, 6000, (448, 672)),
        (720, 1280, (448, 796)),
        (1280, 720, (796, 448)),
        (448, 500, (448, 500)),
        (300, 300, (448, 448)),
        (100, 150, (200, 300)),
        (1, 1, (2, 2)),
        (3, 4000, (6, 8000)),
    ],
)
def test_the_short_side_is_chosen_and_small_pictures_are_at_most_doubled(height, width, expected):
    size = working_size(height, width, 448)
    assert (size.height, size.width) == expected


def test_a_large_picture_is_not_enlarged_for_fine_strokes():
    size = working_size(2500, 2500, 448 * 8)
    assert (size.height, size.width) == (2500, 2500)


@given(height=st.integers(1, 5000), width=st.integers(1, 5000), side=st.sampled_from([56, 448, 1792]))
def test_what_is_added_makes_sides_multiples_and_surrounds_the_picture(height, width, side):
    size = working_size(height, width, side, 8)
    assert size.padded_height % 8 == size.padded_width % 8 == 0
    for inside, whole in ((size.height, size.padded_height), (size.width, size.padded_width)):
        assert whole - inside - size.margin >= size.margin > 0
        assert whole - inside < 2 * size.margin + 8


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_depths_mean_the_same(dtype):
    levels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    pixels = {np.uint8: levels, np.uint16: levels.astype(np.uint16) * 257, np.float32: levels / np.float32(255)}[dtype]
    size = working_size(90, 120, 45)
    expected = inner(working_picture(levels, size, num_threads=1), size)
    assert inner(working_picture(pixels, size, num_threads=2), size) == pytest.approx(expected, abs=1e-6)


def test_channels_come_first_and_in_their_order():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[..., 0], pixels[:32, :, 1], pixels[:, :32, 2] = 255, 255, 255
    size = working_size(64, 64, 32)
    red, green, blue = inner(working_picture(pixels, size, num_threads=1), size)
    assert red == pytest.approx(1)
    assert green[:15] == pytest.approx(1)
    assert green[17:] == pytest.approx(0)
    assert blue[:, :15] == pytest.approx(1)
    assert blue[:, 17:] == pytest.approx(0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 3), (40, 60)])
def test_what_is_added_mirrors_the_picture(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    size = working_size(*shape, 24)
    padded = working_picture(pixels, size, num_threads=1)
    middle = inner(padded, size)
    after = [size.padded_height - size.height - size.margin, size.padded_width - size.width - size.margin]
    expected = np.pad(middle, [(0, 0), (size.margin, after[0]), (size.margin, after[1])], mode="symmetric")
    np.testing.assert_array_equal(padded[0], expected)


def test_memory_layout_does_not_matter():
    storage = empty_padded(50, 70)
    storage[:] = np.random.default_rng(2).integers(0, 256, storage.shape, np.uint8)
    view = storage[..., :3]
    size = working_size(50, 70, 32)
    expected = working_picture(view.copy(), size, num_threads=1)
    np.testing.assert_array_equal(working_picture(view, size, num_threads=1), expected)
    turned = np.asfortranarray(view)
    np.testing.assert_array_equal(working_picture(turned, size, num_threads=2), expected)


@given(height=st.integers(1, 200), width=st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_one_colour_stays_that_colour(height, width):
    pixels = np.full((height, width, 3), (10, 128, 250), np.uint8)
    padded = working_picture(pixels, working_size(height, width, 64), num_threads=1)
    assert np.abs(padded[0] - np.array([10, 128, 250]).reshape(3, 1, 1) / 255).max() < 1e-6

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.apply.full_size import Painting
from impasto.apply.working_picture import working_picture, working_size
from impasto.vision.lab import rgb_to_lab


def content_of(pixels, side):
    size = working_size(*pixels.shape[:2], side)
    return working_picture(pixels, size, num_threads=1)[0][:, *size.inner]


def rendered(pixels, paint=lambda content: content, *, side=48, strength=1.0, keep_color=False, num_threads=1):
    content = content_of(pixels, side)
    painting = Painting.of(content, paint(content).astype(np.float32), num_threads=num_threads)
    out = np.empty_like(pixels, order="C")
    painting.render(pixels, strength, out=out, keep_color=keep_color, num_threads=num_threads)
    return out


def smooth(height=120, width=160, dtype=np.uint8):
    """Slow waves of colour, with no detail finer than the working size."""
    rows, columns = np.mgrid[:height, :width] / height
    channels = [0.5 + 0.3 * np.sin(k + 5 * rows + (4 - k) * columns) for k in range(3)]
    values = np.stack(channels, axis=-1)
    return values.astype(dtype) if dtype == np.float32 else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def edge(height=200, width=300):
    """A dark and a light half; the edge runs aslant."""
    rows, columns = np.mgrid[:height, :width]
    light = np.clip((columns - width / 2 - (rows - height / 2) * 0.2) + 0.5, 0, 1)
    return np.rint(60 + 140 * light[..., None].repeat(3, axis=2)).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("side", [12, 48, 120, 200])
def test_a_painting_that_is_the_photo_gives_the_photo(dtype, side):
    pixels = smooth(dtype=dtype)
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    difference = np.abs(rendered(pixels, side=side).astype(float) - pixels) / white
    # Towards the borders, averages know of less than enlarging asks for.
    assert difference[10:-10, 10:-10].max() < (0.03 if side == 12 else 0.008)
    assert difference.max() < 0.08
    assert difference.mean() < (0.015 if side == 12 else 0.0025)


def test_the_painted_colour_arrives_in_its_channel():
    colors = np.array([0.8, 0.4, 0.1])
    result = rendered(smooth(), lambda content: np.broadcast_to(colors[:, None, None], content.shape))
    assert np.abs(result - colors * 255).max() <= 1


def test_paint_lies_where_it_was_painted():
    def paint(content):
        painted = np.full_like(content, 0.5)
        painted[:, :, content.shape[2] // 2 :] = 0.9
        return painted

    result = rendered(smooth(), paint)
    assert np.abs(result[:, :74] - 127.5).max() <= 3
    assert np.abs(result[:, 86:] - 229.5).max() <= 3


def test_an_edge_that_the_painting_keeps_is_as_sharp_as_in_the_photo():
    pixels = edge()
    result = rendered(pixels, lambda content: 0.1 + 0.8 * content, side=25)
    expected = 25.5 + 0.8 * pixels
    assert np.abs(result - expected).mean() < 2.5
    middle = result[100, :, 0].astype(float)
    assert np.diff(middle).max() > 0.5 * np.diff(expected[100, :, 0]).max()


def test_there_is_no_halo_along_an_edge():
    pixels = edge()
    result = rendered(pixels, lambda content: 0.1 + 0.8 * content, side=25).astype(float)
    lowest, highest = 25.5 + 0.8 * 60, 25.5 + 0.8 * 200
    assert result.min() > lowest - 14
    assert result.max() < highest + 14


def test_detail_that_is_too_faint_to_paint_is_left_out():
    noise = np.random.default_rng(0).normal(0, 3, (200, 200, 1))
    pixels = np.clip(128 + noise, 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert rendered(pixels, side=25).std() < 0.35 * pixels.std()


def test_strokes_are_crisper_than_enlarging_makes_them():
    def paint(content):
        stripes = 0.4 + 0.2 * (np.arange(content.shape[2]) // 4 % 2)
        return np.broadcast_to(stripes, content.shape)

    result = rendered(np.full((250, 250, 3), 128, np.uint8), paint, side=25)[100, 20:-20, 1] / 255
    assert (np.abs(result - 0.5) > 0.08).mean() > 0.75
    assert result.min() > 0.37
    assert result.max() < 0.63


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_strength_blends(dtype):
    pixels = smooth(dtype=dtype)
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    full = rendered(pixels, lambda content: 1 - content) / white
    half = rendered(pixels, lambda content: 1 - content, strength=0.5) / white
    np.testing.assert_array_equal(rendered(pixels, lambda content: 1 - content, strength=0), pixels)
    assert np.abs(half - (full + pixels / white) / 2).max() < 1.1 / min(white, 255)


def test_kept_colour_has_the_photos_hue_and_chroma_and_the_paintings_lightness():
    pixels = smooth(dtype=np.float32)

    def paint(content):
        return (content[::-1] * 0.8 + 0.1) ** 1.2

    plain, kept = rgb_to_lab(rendered(pixels, paint)), rgb_to_lab(rendered(pixels, paint, keep_color=True))
    photo = rgb_to_lab(pixels)
    assert np.abs(kept[..., 0] - plain[..., 0]).max() < 0.05
    in_gamut = (rendered(pixels, paint, keep_color=True) % 1 > 1e-3).all(axis=-1)
    assert in_gamut.mean() > 0.9
    assert np.abs(kept[..., 1:] - photo[..., 1:])[in_gamut].max() < 0.1


def test_colour_that_no_screen_shows_loses_chroma_but_not_hue():
    pixels = np.full((40, 40, 3), (0.1, 0.1, 0.9), np.float32)
    result = rendered(pixels, lambda content: np.full_like(content, 0.7), keep_color=True)[20, 20]
    assert result.max() <= 1
    kept, photo, painted = rgb_to_lab(np.stack([result, pixels[0, 0], np.full(3, 0.7, np.float32)]))
    assert kept[0] == pytest.approx(painted[0], abs=0.5)
    assert 5 < np.hypot(*kept[1:]) < np.hypot(*photo[1:])
    turn = np.degrees(np.arctan2(*kept[1:]) - np.arctan2(*photo[1:]))
    assert abs(turn) < 15


@given(height=st.integers(1, 90), width=st.integers(1, 90), side=st.sampled_from([8, 48]))
@settings(max_examples=40, deadline=None)
def test_any_size(height, width, side):
    pixels = np.random.default_rng(height * 91 + width).integers(0, 256, (height, width, 3), np.uint8)
    result = rendered(pixels, lambda content: np.full_like(content, 0.4), side=side)
    assert result.shape == pixels.shape
    assert np.abs(result.astype(int) - 102).max() <= 1


def test_threads_and_blocks_change_nothing():
    pixels = np.random.default_rng(5).integers(0, 256, (500, 700, 3), np.uint8)
    one = rendered(pixels, lambda content: content**1.5, num_threads=1)
    np.testing.assert_array_equal(rendered(pixels, lambda content: content**1.5, num_threads=4), one)


@pytest.mark.parametrize("turn", [lambda array: array[::-1], lambda array: array[:, ::2], np.asfortranarray])
def test_memory_layout_does_not_matter(turn):
    pixels = turn(np.random.default_rng(6).integers(0, 256, (100, 120, 3), np.uint8))
    expected = rendered(np.ascontiguousarray(pixels), lambda content: 1 - content)
    np.testing.assert_array_equal(rendered(pixels, lambda content: 1 - content), expected)


def test_a_fourth_channel_of_the_target_is_left_alone():
    pixels = smooth()
    content = content_of(pixels, 48)
    out = np.full((*pixels.shape[:2], 4), 7, np.uint8)
    Painting.of(content, 1 - content, num_threads=1).render(pixels, 1.0, out=out, keep_color=False, num_threads=1)
    assert (out[..., 3] == 7).all()
    np.testing.assert_array_equal(out[..., :3], rendered(pixels, lambda content: 1 - content))

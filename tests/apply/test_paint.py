from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from paint_styles import paint_model
from PIL import Image, ImageCms

from impasto.apply.paint import Brush, PaintStylizer
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UsageError
from impasto.media.frame import Color, Frame, padded_storage
from impasto.style.runtime import OnnxRuntime

from .networks import FakePaint
from .profiles import wide_profile

BRUSH = Brush(working_side=64)


def photo(height: int = 90, width: int = 120, dtype: type = np.uint8) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] / height
    channels = [0.5 + 0.3 * np.sin(k + 6 * rows + (5 - k) * columns) for k in range(3)]
    values = np.stack(channels, axis=-1)
    return values.astype(dtype) if dtype == np.float32 else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def painted(frame: Frame, paint=np.copy, brush: Brush = BRUSH, **options) -> Frame:
    return PaintStylizer(FakePaint(paint), brush, **options)(frame, State())[0]


def inverted(content: np.ndarray) -> np.ndarray:
    return 1 - content


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_everything_but_the_pixels_is_kept(dtype):
    alpha = photo(dtype=dtype)[..., 0]
    frame = Frame(photo(dtype=dtype), alpha=alpha, index=3, shot=2)
    result = painted(frame, inverted)
    assert result.alpha is alpha
    assert (result.index, result.shot, result.color) == (3, 2, frame.color)
    assert result.pixels.dtype == dtype
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    assert np.abs(result.pixels / white - (1 - frame.pixels / white)).mean() < 0.02


def test_what_was_given_is_left_alone():
    pixels = photo()
    before = pixels.copy()
    pixels.flags.writeable = False
    painted(Frame(pixels), inverted)
    np.testing.assert_array_equal(pixels, before)


def test_strength_zero_passes_the_frame_and_runs_nothing():
    runtime = FakePaint()
    frame, state = Frame(photo()), State()
    assert PaintStylizer(runtime, BRUSH, 0.0)(frame, state) == (frame, state)
    assert not runtime.inputs


def test_the_network_sees_a_picture_of_working_size_with_sides_that_suit_it():
    runtime = FakePaint()
    PaintStylizer(runtime, Brush(working_side=64, multiple=16))(Frame(photo(900, 1200)), State())
    (inputs,) = runtime.inputs
    _, _, height, width = inputs["content"].shape
    assert height % 16 == width % 16 == 0
    assert 64 < height <= 64 + 32
    assert 85 < width <= 85 + 32
    assert inputs["noise"].shape == (1, 1, height, width)


@pytest.mark.parametrize(("texture_scale", "height"), [(0.5, 128), (1, 64), (2, 32), (4, 16)])
def test_texture_scale_is_against_the_picture(texture_scale, height):
    runtime = FakePaint()
    PaintStylizer(runtime, replace(BRUSH, texture_scale=texture_scale))(Frame(photo(600, 800)), State())
    assert height < runtime.inputs[0]["content"].shape[2] <= height + 24


@pytest.mark.parametrize("texture_scale", [0, 0.1, 9, -1, float("nan")])
def test_texture_scales_out_of_range(texture_scale):
    with pytest.raises(UsageError, match=r"texture scale must be from 0\.25 to 8"):
        Brush(texture_scale=texture_scale)


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_strengths_out_of_range(strength):
    with pytest.raises(UsageError, match="strength"):
        PaintStylizer(FakePaint(), BRUSH, strength)


@pytest.mark.parametrize("kind", ["brush", "grain"])
def test_a_large_picture_shows_the_same_brush_as_its_small_copy(kind):
    runtime = OnnxRuntime(paint_model(kind))
    large = photo(1600, 2000)
    small = np.asarray(Image.fromarray(large).resize((250, 200), Image.Resampling.BOX))
    results = [PaintStylizer(runtime, BRUSH)(Frame(pixels), State())[0].pixels for pixels in (large, small)]
    shrunk = np.asarray(Image.fromarray(results[0]).resize((250, 200), Image.Resampling.BOX)).astype(int)
    change = np.abs(results[1].astype(int) - small).mean()
    assert change > 4
    assert np.abs(shrunk - results[1]).mean() < 0.15 * change


def test_borders_are_not_darkened_by_what_networks_see_beyond_them():
    # A blur with zeros beyond the border, which is what convolutions do.
    def blur(content):
        padded = np.pad(content, [(0, 0), (3, 3), (3, 3)])
        height, width = content.shape[1:]
        return sum(padded[:, y : y + height, x : x + width] for y in range(7) for x in range(7)) / 49

    pixels = np.full((100, 130, 3), 200, np.uint8)
    np.testing.assert_array_equal(painted(Frame(pixels), blur).pixels, pixels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (2, 3), (9, 8), (17, 300)])
@pytest.mark.parametrize("kind", ["brush", "invert"])
def test_tiny_pictures(shape, kind):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    result, _ = PaintStylizer(OnnxRuntime(paint_model(kind)), BRUSH)(Frame(pixels), State())
    assert result.pixels.shape == pixels.shape
    assert result.pixels.dtype == np.uint8
    assert (result.pixels != pixels).any()


def test_padded_pixels_are_the_same_in_pillows_layout():
    frame = Frame(photo())
    plain, padded = painted(frame, inverted), painted(frame, inverted, padded=True)
    assert padded_storage(padded.pixels) is not None
    assert padded_storage(plain.pixels) is None
    np.testing.assert_array_equal(padded.pixels, plain.pixels)


def test_threads_may_share_a_stylizer():
    stylizer = PaintStylizer(OnnxRuntime(paint_model("brush")), BRUSH, num_threads=2)
    frame = Frame(photo(300, 400))
    expected = stylizer(frame, State())[0].pixels
    with ThreadPoolExecutor(4) as pool:
        for result, _ in pool.map(lambda _: stylizer(frame, State()), range(8)):
            np.testing.assert_array_equal(result.pixels, expected)


def test_a_network_that_returns_nothing_usable():
    with pytest.raises(StyleFileError, match="no usable picture"):
        painted(Frame(photo()), lambda content: np.full_like(content, np.nan))


# --- frames of a film -----------------------------------------------------------------------------------------------


def canvases(*frames: Frame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the content and the state that the network was given for each frame."""
    runtime = FakePaint()
    stylizer, state = PaintStylizer(runtime, BRUSH), State()
    for frame in frames:
        _, state = stylizer(frame, state)
    return [(inputs["content"], inputs["state"]) for inputs in runtime.inputs]


def test_the_first_frame_is_its_own_state_and_the_next_gets_what_the_network_returned():
    dark, light = photo() // 2, photo()
    (first, state_1), (_, state_2), (_, state_3) = canvases(Frame(dark), Frame(light, index=1), Frame(light, index=2))
    np.testing.assert_array_equal(state_1, first)
    np.testing.assert_array_equal(state_2, first)
    assert state_3.mean() == pytest.approx((first.mean() + canvases(Frame(light))[0][0].mean()) / 2, rel=1e-4)


def test_a_cut_starts_anew():
    (_, _), (content, state) = canvases(Frame(photo() // 2, shot=0), Frame(photo(), shot=1))
    np.testing.assert_array_equal(state, content)


def test_another_size_starts_anew():
    (_, _), (content, state) = canvases(Frame(photo(90, 120)), Frame(photo(90, 200)))
    np.testing.assert_array_equal(state, content)


def test_the_noise_is_the_same_for_all_frames_and_another_for_another_seed():
    runtime = FakePaint()
    for seed in (0, 0, 1):
        PaintStylizer(runtime, replace(BRUSH, seed=seed))(Frame(photo()), State())
    first, second, third = (inputs["noise"] for inputs in runtime.inputs)
    np.testing.assert_array_equal(first, second)
    assert (first != third).mean() > 0.9


# --- colour ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pictures_in_another_space_are_painted_in_srgb_and_brought_back(dtype):
    profile = wide_profile()
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    frame = Frame(photo(dtype=dtype), color=Color(icc_profile=profile))
    result = painted(frame, lambda content: content * 0.5)
    assert result.color.icc_profile == profile
    from impasto.media.color_profile import to_srgb

    before, after = (to_srgb(each).pixels / white for each in (frame, result))
    assert np.abs(after - before * 0.5).mean() < 0.012
    assert after.mean() < 0.6 * before.mean()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_wide_gamut_stays_wide(dtype):
    pixels = np.zeros((64, 64, 3), dtype)
    pixels[..., 1] = np.iinfo(dtype).max  # a green that sRGB has not
    result = painted(Frame(pixels, color=Color(icc_profile=wide_profile())))
    assert np.abs(result.pixels.astype(float) - pixels).max() / np.iinfo(dtype).max < 0.004


def test_a_profile_that_says_srgb_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    expected = painted(Frame(photo()), inverted).pixels
    np.testing.assert_array_equal(painted(Frame(photo(), color=Color(icc_profile=profile)), inverted).pixels, expected)


def test_kept_colour_takes_nothing_but_lightness_from_the_style():
    from impasto.vision.lab import rgb_to_lab

    brush = replace(BRUSH, keep_color=True)
    pixels = photo(dtype=np.float32)
    result = painted(Frame(pixels), lambda content: content.mean(axis=0, keepdims=True).repeat(3, axis=0), brush).pixels
    before, after = rgb_to_lab(pixels), rgb_to_lab(result)
    in_gamut = (result.min(axis=-1) > 1e-3) & (result.max(axis=-1) < 0.999)
    assert in_gamut.mean() > 0.9
    assert np.abs(after - before)[in_gamut][:, 1:].max() < 0.1


def test_memory_is_that_of_the_result_and_little_more():
    import tracemalloc

    frame = Frame(np.full((2000, 4000, 3), 90, np.uint8), color=Color(icc_profile=wide_profile()))
    stylizer = PaintStylizer(FakePaint(), BRUSH, num_threads=2)
    stylizer(Frame(photo(), color=frame.color), State())  # compiles, and makes tables
    tracemalloc.start()
    try:
        result, _ = stylizer(frame, State())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < result.pixels.nbytes + 30_000_000

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageCms

from impasto.apply.look import LookStylizer, predict_lut
from impasto.apply.lut import Lut3D
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UsageError
from impasto.media.frame import Color, Frame
from impasto.style.runtime import OnnxRuntime

from .networks import FakeRuntime, brightness_model, constant


def picture(height: int = 60, width: int = 80, seed: int = 0, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype, endpoint=True)


@pytest.fixture(scope="module")
def darkening() -> Lut3D:
    return Lut3D(Lut3D.identity(9).table * 0.5)


def test_the_network_sees_the_picture_and_its_lut_is_applied():
    stylizer = LookStylizer(OnnxRuntime(brightness_model()), thumbnail_side=8)
    pixels = np.full((40, 50, 3), 128, np.uint8)
    graded, _ = stylizer(Frame(pixels), State())
    assert np.abs(graded.pixels.astype(float) - 128 * 128 / 255).max() <= 0.51


def test_the_thumbnail_is_channels_first_rgb(darkening):
    runtime = constant(darkening)
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:, :20, 0] = 255
    pixels[15:, :, 2] = 255
    LookStylizer(runtime, thumbnail_side=4)(Frame(pixels), State())
    (thumbnail,) = runtime.thumbnails
    assert thumbnail.shape == (1, 3, 4, 4)
    assert thumbnail.dtype == np.float32
    assert thumbnail[0, 0, 0].tolist() == [1, 1, 0, 0]
    assert thumbnail[0, 1].max() == 0
    assert thumbnail[0, 2, :, 0].tolist() == pytest.approx([0, 0, 1, 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_everything_but_the_pixels_is_kept(darkening, dtype):
    alpha = picture(dtype=dtype)[..., 0]
    frame = Frame(picture(dtype=dtype), alpha=alpha, index=3, shot=2)
    graded, _ = LookStylizer(constant(darkening))(frame, State())
    assert graded.alpha is alpha
    assert (graded.index, graded.shot, graded.color) == (3, 2, frame.color)
    assert graded.pixels.dtype == dtype
    assert np.abs(graded.pixels.astype(float) - frame.pixels / 2).max() <= 0.51


def test_padded_pixels_are_the_same_in_pillows_layout(darkening):
    frame = Frame(picture())
    plain, _ = LookStylizer(constant(darkening))(frame, State())
    padded, _ = LookStylizer(constant(darkening), padded=True)(frame, State())
    assert np.array_equal(padded.pixels, plain.pixels)
    assert padded.pixels.strides == (4 * frame.width, 4, 1)
    deep, _ = LookStylizer(constant(darkening), padded=True)(Frame(picture(dtype=np.uint16)), State())
    assert deep.pixels.flags.c_contiguous


def test_strength(darkening):
    frame = Frame(picture())
    unchanged, _ = LookStylizer(constant(darkening), 0.0)(frame, State())
    assert unchanged.pixels is frame.pixels
    half, _ = LookStylizer(constant(darkening), 0.5)(frame, State())
    assert np.abs(half.pixels - 0.75 * frame.pixels).max() <= 0.51
    with pytest.raises(UsageError, match="strength"):
        LookStylizer(constant(darkening), 1.5)


def test_the_lut_is_held_within_a_shot_and_made_anew_after_a_cut():
    runtime = FakeRuntime(lambda thumbnail: Lut3D.identity(9).table[None] * thumbnail.mean())
    stylizer, state = LookStylizer(runtime), State()
    dark, bright = np.full((20, 20, 3), 51, np.uint8), np.full((20, 20, 3), 204, np.uint8)
    levels = []
    for shot, pixels in [(0, dark), (0, bright), (0, bright), (1, bright), (1, dark)]:
        graded, state = stylizer(Frame(pixels, shot=shot), state)
        levels.append(int(graded.pixels[0, 0, 0]))
    assert levels == [10, 41, 41, 163, 41]
    assert len(runtime.thumbnails) == 2


def test_two_workers_give_the_same_frames_as_one():
    stylizer = LookStylizer(FakeRuntime(lambda thumbnail: Lut3D.identity(9).table[None] * thumbnail.mean()))
    frames = [Frame(picture(seed=k // 2), index=k, shot=k // 2) for k in range(6)]
    alone, state = [], State()
    for frame in frames:
        graded, state = stylizer(frame, state)
        alone.append(graded.pixels)
    first, second = State(), State()
    for k in (0, 1):
        graded, first = stylizer(frames[k], first)
        assert np.array_equal(graded.pixels, alone[k])
        graded, second = stylizer(frames[k + 4], second)
        assert np.array_equal(graded.pixels, alone[k + 4])


@pytest.mark.parametrize("shape", [(1, 1), (50_000, 50), (1, 3000)])
def test_extreme_shapes(darkening, shape):
    graded, _ = LookStylizer(constant(darkening))(Frame(picture(*shape)), State())
    assert graded.pixels.shape == (*shape, 3)


@pytest.mark.parametrize(
    "table",
    [
        np.full((1, 9, 9, 9, 3), np.nan, np.float32),
        np.zeros((9, 9, 9, 3), np.float32),
        np.zeros((1, 9, 9, 8, 3), np.float32),
        np.zeros((2, 9, 9, 9, 3), np.float32),
        np.zeros((1, 9, 9, 9, 4), np.float32),
    ],
)
def test_an_unusable_answer_of_the_network_is_the_fault_of_the_style(table):
    with pytest.raises(StyleFileError, match="no usable LUT"):
        predict_lut(FakeRuntime(lambda thumbnail: table), np.zeros((8, 8, 3), np.float32))


def test_an_unnamed_output_is_the_fault_of_the_style():
    class Nameless:
        def run(self, inputs):
            return {"other": np.zeros(3)}

    with pytest.raises(StyleFileError, match="no usable LUT"):
        predict_lut(Nameless(), np.zeros((8, 8, 3), np.float32))


def swapped_profile() -> bytes:
    """An RGB profile that is far from sRGB: its red is sRGB's green, and the reverse."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {}
    for k in range(int.from_bytes(profile[128:132], "big")):
        at = 132 + 12 * k
        entries[bytes(profile[at : at + 4])] = at
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.fixture
def swapped_frame() -> Frame:
    return Frame(picture(), color=Color(icc_profile=swapped_profile()))


def test_the_network_sees_srgb_whatever_the_profile(darkening, swapped_frame):
    tagged, plain = constant(darkening), constant(darkening)
    LookStylizer(tagged, thumbnail_side=8)(swapped_frame, State())
    LookStylizer(plain, thumbnail_side=8)(Frame(swapped_frame.pixels[..., [1, 0, 2]]), State())
    assert np.abs(tagged.thumbnails[0] - plain.thumbnails[0]).max() < 0.02


def test_the_look_acts_on_what_is_seen_not_on_the_numbers(swapped_frame):
    table = Lut3D.identity(17).table.copy()
    table[..., 0] *= 0.3
    graded, _ = LookStylizer(constant(Lut3D(table)))(swapped_frame, State())
    error = graded.pixels.astype(float) - swapped_frame.pixels * np.array([1, 0.3, 1])
    assert np.abs(error).mean() < 2
    assert graded.color.icc_profile == swapped_frame.color.icc_profile


def test_an_identity_look_changes_nothing_under_any_profile(swapped_frame):
    graded, _ = LookStylizer(constant(Lut3D.identity(9)))(swapped_frame, State())
    assert np.array_equal(graded.pixels, swapped_frame.pixels)


def test_an_srgb_profile_counts_as_none(darkening):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frame = Frame(picture())
    tagged, _ = LookStylizer(constant(darkening))(replace(frame, color=Color(icc_profile=profile)), State())
    plain, _ = LookStylizer(constant(darkening))(frame, State())
    assert np.array_equal(tagged.pixels, plain.pixels)


def test_another_profile_within_a_shot_makes_the_lut_anew(darkening, swapped_frame):
    runtime = constant(darkening)
    stylizer = LookStylizer(runtime)
    _, state = stylizer(Frame(picture()), State())
    stylizer(swapped_frame, state)
    assert len(runtime.thumbnails) == 2

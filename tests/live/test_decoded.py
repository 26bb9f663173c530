from __future__ import annotations

import av
import numpy as np
import pytest
from film_clips import draw_planes, put_planes

from impasto.errors import UnreadableMediaError
from impasto.live.decoded import make_picture, read_picture, scaled
from impasto.media.planar import PlanarFrame

from .live_parts import drawn_frame, plain_frame

SIZE = (96, 64)


def picture(pixel_format: str, size: tuple[int, int] = SIZE, **tags: int) -> av.VideoFrame:
    frame = av.VideoFrame(*size, pixel_format)
    put_planes(frame, draw_planes(0, size, pixel_format))
    for name, value in tags.items():
        setattr(frame, name, value)
    return frame


def gap(a: PlanarFrame, b: PlanarFrame) -> float:
    """Return by how many of 255 levels two frames differ to the eye, on average."""
    return float(np.abs(a.to_rgb().pixels.astype(float) - b.to_rgb().pixels.astype(float)).mean())


def test_code_values_are_taken_as_they_are() -> None:
    frame = read_picture(picture("yuv420p"))
    for plane, drawn in zip(frame.planes, draw_planes(0, SIZE), strict=True):
        assert np.array_equal(plane, drawn)


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "nv12", "yuyv422"])
def test_other_formats_become_4_2_0_of_8_bits_and_look_the_same(pixel_format: str) -> None:
    source = picture("yuv420p", colorspace=1, color_range=1)
    frame = read_picture(source.reformat(format=pixel_format))
    assert (frame.bit_depth, frame.subsampling) == (8, (2, 2))
    assert frame.planes[1].shape == (SIZE[1] // 2, SIZE[0] // 2)
    assert gap(frame, read_picture(source)) < 2


@pytest.mark.parametrize("pixel_format", ["rgb24", "bgr0", "bgra", "gbrp"])
def test_rgb_becomes_hd_video_that_looks_the_same(pixel_format: str) -> None:
    rng = np.random.default_rng(3)
    colors = np.kron(rng.integers(20, 235, (4, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    source = av.VideoFrame.from_ndarray(colors, "rgb24").reformat(format=pixel_format)
    frame = read_picture(source)
    assert (frame.color.matrix, frame.color.full_range) == ("bt709", False)
    inner = np.s_[4:12, 4:12]
    for row in range(4):
        for column in range(6):
            tile = np.s_[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
            seen = frame.to_rgb().pixels[tile][inner].astype(int)
            assert np.abs(seen - colors[tile][inner].astype(int)).max() <= 3


def test_a_camera_of_full_range_keeps_it() -> None:
    frame = read_picture(picture("yuvj422p", color_range=2))
    assert frame.color.full_range
    luma = draw_planes(0, SIZE, "yuvj422p")[0]
    assert np.abs(frame.planes[0].astype(int) - luma).max() <= 1


def test_full_range_that_only_the_tag_tells_is_kept() -> None:
    source = picture("yuv422p", color_range=2)
    frame = read_picture(source)
    assert frame.color.full_range
    assert np.abs(frame.planes[0].astype(int) - draw_planes(0, SIZE, "yuv422p")[0]).max() <= 1


def test_small_pictures_without_tags_have_the_old_matrix_and_large_ones_the_new() -> None:
    assert read_picture(picture("yuv420p")).color.matrix == "bt601"
    assert read_picture(av.VideoFrame(1280, 720, "yuv420p")).color.matrix == "bt709"


def test_grey_pictures_get_neutral_colour() -> None:
    frame = read_picture(picture("gray"))
    assert abs(int(frame.planes[1].mean()) - 128) <= 1


def test_what_cannot_be_taken_apart_is_refused() -> None:
    with pytest.raises(UnreadableMediaError, match="cannot be taken apart"):
        read_picture(av.VideoFrame(64, 64, "rgbaf32le"))


def test_a_frame_survives_the_way_to_pyav_and_back() -> None:
    frame = drawn_frame(size=SIZE)
    back = read_picture(make_picture(frame))
    assert all(np.array_equal(a, b) for a, b in zip(frame.planes, back.planes, strict=True))
    assert (back.color.matrix, back.color.full_range) == (frame.color.matrix, frame.color.full_range)


def test_an_odd_border_is_left_out() -> None:
    made = make_picture(plain_frame(size=(63, 47)))
    assert (made.width, made.height) == (62, 46)


def test_a_frame_is_scaled_and_keeps_its_light() -> None:
    frame = scaled(plain_frame(77), 32, 20)
    assert (frame.width, frame.height) == (32, 20)
    assert frame.planes[1].shape == (10, 16)
    assert set(np.unique(frame.planes[0])) == {77}

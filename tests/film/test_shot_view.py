"""What a screen shows of a frame: sRGB, whatever the film is coded in."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.film.shot_view import jpeg_bytes, picture_of, shown_pixels, small_picture
from impasto.media.frame import Color, Frame
from impasto.media.planar import PlanarFrame

from .report_cases import frame, scene

PQ = Color("bt2020", "smpte2084")
HLG = Color("bt2020", "arib-std-b67")


def grey(level: float, color: Color) -> Frame:
    return Frame(np.full((4, 4, 3), round(level * 65535), np.uint16), color=color)


def shown(level: float, color: Color) -> float:
    pixels = shown_pixels(grey(level, color)) / 257
    assert np.ptp(pixels) <= 1  # grey stays grey
    return float(pixels.mean())


def test_ordinary_pixels_are_shown_as_they_are() -> None:
    content = frame(3)
    assert shown_pixels(content) is content.pixels


def test_planar_frames_are_converted() -> None:
    content = PlanarFrame(
        (np.full((8, 8), 126, np.uint8), np.full((4, 4), 128, np.uint8), np.full((4, 4), 128, np.uint8))
    )
    assert np.abs(shown_pixels(content).astype(int) - 128).max() <= 1


@pytest.mark.parametrize(("color", "white"), [(PQ, 0.5807), (HLG, 0.75)])
def test_white_of_a_page_in_hdr_is_white(color: Color, white: float) -> None:
    assert shown(white, color) == pytest.approx(255, abs=3)
    assert shown(1, color) == pytest.approx(255, abs=0.1)


@pytest.mark.parametrize("color", [PQ, HLG])
def test_more_light_is_shown_brighter(color: Color) -> None:
    seen = [shown(level, color) for level in np.linspace(0, 0.55, 20)]
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert len(set(seen)) == 20


def test_dark_parts_of_hdr_keep_their_light() -> None:
    # 20.3 nits is a tenth of white: linear 0.1 is sRGB 89.
    assert shown(0.3583, PQ) == pytest.approx(89, abs=2)


@pytest.mark.parametrize("primaries", ["bt2020", "smpte432"])
def test_wide_gamuts_keep_greys_and_become_more_colorful_numbers(primaries: str) -> None:
    color = Color(primaries, "bt709")
    assert shown(0.5, color) == pytest.approx(128, abs=1)
    green = Frame(np.tile(np.array([90, 160, 90], np.uint8), (4, 4, 1)), color=color)
    red, most, _ = shown_pixels(green)[0, 0].astype(int)
    assert most - red > 70


def test_small_pictures_keep_their_shape_and_are_never_enlarged() -> None:
    assert small_picture(frame(), 80).shape == (45, 80, 3)
    assert small_picture(frame(), 999).shape == (90, 160, 3)
    assert small_picture(Frame(np.zeros((3, 2000, 3), np.uint16)), 100).shape == (1, 100, 3)


def test_a_jpeg_is_read_as_small_as_asked_for() -> None:
    jpeg = jpeg_bytes(scene(1, (640, 360)))
    assert picture_of(jpeg, 160).shape == (90, 160, 3)
    assert picture_of(jpeg, 2000).shape == (360, 640, 3)
    assert np.abs(picture_of(jpeg, 640).astype(int) - scene(1, (640, 360))).mean() < 3


@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8\xff\xe0", b"nonsense"])
def test_a_broken_picture_is_grey(jpeg: bytes) -> None:
    assert (picture_of(jpeg, 32) == 128).all()

"""Pillow images become frames and come back, whatever mode they are of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from impasto.errors import UnusablePixelsError
from impasto.export.pillow_image import frame_from_pillow, pillow_from_frame
from impasto.media.frame import Frame


def colorful(height: int = 6, width: int = 9) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "YCbCr", "HSV", "LAB", "CMYK"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    source = Image.fromarray(colorful())
    source = ImageCms.applyTransform(source, lab_transform()) if mode == "LAB" else source.convert(mode)
    frame = frame_from_pillow(source)
    assert frame.pixels.shape == (6, 9, 3)
    assert frame.pixels.dtype == np.uint8
    np.testing.assert_array_equal(frame.pixels, np.asarray(source.convert("RGB")))
    assert (frame.alpha is not None) == (mode in ("RGBA", "LA"))


def lab_transform() -> Any:
    return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")


def test_rgb_comes_back_as_it_went() -> None:
    source = Image.fromarray(colorful())
    back = pillow_from_frame(frame_from_pillow(source), source)
    assert back.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(back), colorful())


def test_transparency_comes_back() -> None:
    alpha = np.arange(54, dtype=np.uint8).reshape(6, 9)
    source = Image.fromarray(np.dstack([colorful(), alpha]))
    frame = frame_from_pillow(source)
    np.testing.assert_array_equal(frame.alpha, alpha)
    back = pillow_from_frame(frame, source)
    assert back.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(back), np.asarray(source))


def test_a_palette_with_a_transparent_colour_has_alpha() -> None:
    source = Image.new("P", (4, 2), 0)
    source.putpalette([255, 0, 0, 0, 0, 255])
    source.putpixel((1, 1), 1)
    source.info["transparency"] = 1
    frame = frame_from_pillow(source)
    assert frame.alpha is not None
    assert frame.alpha[1, 1] == 0
    assert np.count_nonzero(frame.alpha == 255) == 7
    assert "transparency" not in pillow_from_frame(frame, source).info, "it names an entry of a palette that is gone"


def test_grey_of_16_bits_keeps_them() -> None:
    levels = np.linspace(0, 65535, 54).astype(np.uint16).reshape(6, 9)
    frame = frame_from_pillow(Image.fromarray(levels))
    assert (frame.pixels.dtype, frame.color.bit_depth) == (np.uint16, 16)
    for channel in range(3):
        np.testing.assert_array_equal(frame.pixels[..., channel], levels)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_without_a_white_are_refused(mode: str) -> None:
    with pytest.raises(UnusablePixelsError, match=f"mode {mode} hold 32-bit numbers. Convert to RGB"):
        frame_from_pillow(Image.new(mode, (4, 4)))


@pytest.mark.parametrize("size", [(0, 4), (4, 0)])
def test_an_image_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UnusablePixelsError, match="no pixels"):
        frame_from_pillow(Image.new("RGB", size))


def test_what_it_carries_comes_back() -> None:
    source = Image.fromarray(colorful())
    source.info.update(exif=b"Exif\x00\x00...", dpi=(300, 300), icc_profile=srgb_profile())
    frame = frame_from_pillow(source)
    assert frame.color.icc_profile == source.info["icc_profile"]
    assert pillow_from_frame(frame, source).info == source.info


def test_a_profile_that_is_not_for_rgb_does_not_come_along() -> None:
    source = Image.fromarray(colorful()).convert("L")
    source.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    frame = frame_from_pillow(source)
    assert frame.color.icc_profile is None
    assert "icc_profile" not in pillow_from_frame(frame, source).info


def test_deep_frames_come_back_in_8_bits() -> None:
    levels = np.array([[[0, 257, 65535], [128 * 257, 1, 65534]]], np.uint16)
    back = pillow_from_frame(Frame(levels), Image.new("RGB", (2, 1)))
    np.testing.assert_array_equal(np.asarray(back), [[[0, 1, 255], [128, 0, 255]]])

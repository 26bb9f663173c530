from __future__ import annotations

import logging
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from impasto.errors import MissingExtraError
from impasto.media import image_open
from impasto.media.image_read import picture_size, read_image, read_thumbnail_srgb

from .pictures import gradient, make_16bit_png, oriented_exif, png_chunk, save

# Orientation


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_come_upright_once(tmp_path: Path, suffix: str, turn: int) -> None:
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True, "exact": True}}.get(suffix, {})
    path = save(tmp_path / f"a.{suffix}", gradient(), exif=oriented_exif(turn), **options)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    frame = read_image(path)
    np.testing.assert_array_equal(frame.pixels, expected)
    assert frame.pixels.shape[:2] == ((60, 40) if turn >= 5 else (40, 60))
    assert picture_size(path) == (frame.width, frame.height)
    kept = Image.Exif()
    kept.load(frame.metadata.exif)
    assert kept[271] == "A maker"
    assert kept.get(274, 1) == 1
    thumbnail = read_thumbnail_srgb(path, 30)
    assert max(thumbnail.shape) == 30
    assert np.abs(thumbnail[2, 2].astype(int) - expected[4:6, 4:6].mean((0, 1))).max() < 12


@pytest.mark.parametrize("turn", range(1, 9))
def test_tall_pictures_are_upright_across_strips(tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.media.image_read._STRIP_PIXELS", 60 * 7)
    path = save(tmp_path / "a.png", np.dstack([gradient(), gradient()[..., 0]]), exif=oriented_exif(turn))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    frame = read_image(path)
    np.testing.assert_array_equal(np.dstack([frame.pixels, frame.alpha]), expected)


@pytest.mark.parametrize("turn", range(1, 9))
def test_16bit_pictures_come_upright_even_with_exif_behind_the_pixels(tmp_path: Path, turn: int) -> None:
    block = oriented_exif(turn).tobytes().removeprefix(b"Exif\0\0")
    path = make_16bit_png(tmp_path / "a.png", gradient(dtype=np.uint16), exif_behind=block)
    order = np.arange(40 * 60).reshape(40, 60)
    turned = np.asarray(ImageOps.exif_transpose(save_in_memory(order, turn)))
    np.testing.assert_array_equal(read_image(path).pixels, gradient(dtype=np.uint16).reshape(-1, 3)[turned])


def save_in_memory(order: np.ndarray, turn: int) -> Image.Image:
    image = Image.fromarray(order.astype(np.int32))
    image.getexif()[274] = turn
    return image


def test_orientation_told_only_by_xmp_is_applied_and_reset(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", gradient(), xmp=b'<x tiff:Orientation="6"/>')
    frame = read_image(path)
    assert (frame.width, frame.height) == (40, 60)
    assert frame.metadata.xmp == b'<x tiff:Orientation="1"/>'


# Modes


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA", "PA"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(gradient()).convert("RGBA")
    source.putalpha(Image.fromarray(gradient()[..., 1]))
    source = source.convert(mode) if mode != "P" else source.convert("RGB").quantize(64)
    path = save(tmp_path / ("a.tif" if mode == "PA" else "a.png"), source)
    with Image.open(path) as image:
        image.load()
        expected, has_alpha = image.convert("RGBA"), image.has_transparency_data
    frame = read_image(path)
    np.testing.assert_array_equal(frame.pixels, np.asarray(expected)[..., :3])
    assert frame.pixels.flags.c_contiguous
    assert (frame.alpha is not None) == has_alpha == (mode in ("LA", "RGBA", "PA"))
    if frame.alpha is not None:
        np.testing.assert_array_equal(frame.alpha, np.asarray(expected)[..., 3])


def test_a_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "L").convert("P")
    alpha = read_image(save(tmp_path / "a.png", image, transparency=1)).alpha
    assert alpha is not None
    assert sorted(np.unique(alpha)) == [0, 255]


def test_grey_goes_through_its_profile_which_then_no_longer_applies(tmp_path: Path, gray_profile: bytes) -> None:
    levels = np.arange(256, dtype=np.uint8)[None].repeat(4, 0)
    frame = read_image(save(tmp_path / "a.png", levels, icc_profile=gray_profile))
    linear = np.arange(256) / 255
    expected = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(frame.pixels[0, :, 1] - expected).max() < 2
    assert frame.color.icc_profile is None


def test_grey_keeps_an_rgb_profile(tmp_path: Path, wide_profile: bytes) -> None:
    frame = read_image(save(tmp_path / "a.png", gradient()[..., 0], icc_profile=wide_profile))
    assert frame.color.icc_profile == wide_profile


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_becomes_rgb(tmp_path: Path, name: str) -> None:
    source = Image.fromarray(gradient()).convert("CMYK")
    path = save(tmp_path / name, source, **({"quality": 100} if name == "a.jpg" else {}))
    frame = read_image(path)
    assert np.abs(frame.pixels.astype(int) - gradient()).mean() < 3
    assert frame.color.icc_profile is None


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    path = save(tmp_path / "a.tif", ImageCms.applyTransform(Image.fromarray(gradient()), transform))
    assert np.abs(read_image(path).pixels.astype(int) - gradient()).mean() < 3


# Depth


@pytest.mark.parametrize("num_channels", [1, 2, 3, 4])
def test_16bit_pngs_keep_every_level(tmp_path: Path, num_channels: int) -> None:
    stored = np.dstack([gradient(dtype=np.uint16), gradient(dtype=np.uint16)[..., 1]])[..., -num_channels:]
    frame = read_image(make_16bit_png(tmp_path / "a.png", stored))
    assert frame.pixels.dtype == np.uint16
    assert frame.color.bit_depth == 16
    colors = stored[..., :1].repeat(3, 2) if num_channels < 3 else stored[..., :3]
    np.testing.assert_array_equal(frame.pixels, colors)
    assert (frame.alpha is not None) == (num_channels in (2, 4))
    if frame.alpha is not None:
        np.testing.assert_array_equal(frame.alpha, stored[..., -1])


def test_16bit_grey_goes_through_its_profile_smoothly(tmp_path: Path, gray_profile: bytes) -> None:
    ramp = np.linspace(20000, 40000, 2000).round().astype(np.uint16)[None, :, None]
    embedded = png_chunk(b"iCCP", b"grey\0\0" + zlib.compress(gray_profile))
    frame = read_image(make_16bit_png(tmp_path / "a.png", ramp, before=embedded))
    linear = ramp[0, :, 0] / 65535
    assert np.abs(frame.pixels[0, :, 0] / 65535 - (1.055 * linear ** (1 / 2.4) - 0.055)).max() < 1 / 255
    assert len(np.unique(frame.pixels)) > 1900
    assert frame.color.icc_profile is None


def test_without_openimageio_16_bits_are_refused_not_halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_16bit_png(tmp_path / "a.png", gradient(dtype=np.uint16))
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    with pytest.raises(MissingExtraError, match=r"a\.png.*pip install 'impasto\[photo\]'"):
        read_image(path)
    assert read_thumbnail_srgb(path, 20).dtype == np.uint8


@pytest.mark.parametrize("num_channels", [1, 3])
def test_16bit_thumbnails_show_the_same_as_8bit_ones(tmp_path: Path, num_channels: int) -> None:
    deep, shallow = (gradient(dtype=dtype)[..., :num_channels] for dtype in (np.uint16, np.uint8))
    deep_thumbnail = read_thumbnail_srgb(make_16bit_png(tmp_path / "a.png", deep), 20)
    shallow_thumbnail = read_thumbnail_srgb(save(tmp_path / "b.png", shallow.squeeze()), 20)
    assert np.abs(deep_thumbnail.astype(int) - shallow_thumbnail).max() <= 1


# Metadata


def test_profile_xmp_dpi_and_subsampling_are_kept(tmp_path: Path, wide_profile: bytes) -> None:
    options = {"icc_profile": wide_profile, "xmp": b"<x/>", "dpi": (300, 300), "exif": oriented_exif(1)}
    frame = read_image(save(tmp_path / "a.jpg", gradient(), subsampling=1, **options))
    assert frame.color.icc_profile == wide_profile
    assert frame.metadata.xmp == b"<x/>"
    assert frame.metadata.dpi == (300, 300)
    assert frame.metadata.jpeg_subsampling == 1
    assert frame.path == tmp_path / "a.jpg"


def test_nothing_is_made_up(tmp_path: Path) -> None:
    metadata = read_image(save(tmp_path / "a.png", gradient())).metadata
    assert (metadata.exif, metadata.xmp, metadata.dpi, metadata.jpeg_subsampling) == (None, None, None, None)


@pytest.mark.parametrize("shape", [(1, 1), (50, 50_000), (50_000, 50), (1, 3000)])
def test_odd_sizes_are_read(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = save(tmp_path / "a.jpg", np.full((*shape, 3), (200, 100, 50), np.uint8), quality=95, subsampling=0)
    pixels = read_image(path).pixels
    assert pixels.shape == (*shape, 3)
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() < 4
    assert max(read_thumbnail_srgb(path, 256).shape[:2]) == min(256, max(shape))


def test_of_several_pages_the_first_is_read_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pages = [Image.fromarray(gradient(seed=seed)) for seed in range(2)]
    path = save(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(read_image(path).pixels, gradient(seed=0))
    assert "2 pages" in caplog.text


# Cost


def test_pixels_are_copied_once(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", gradient(1500, 2000))
    tracemalloc.start()  # sees arrays and bytes, not Pillow's own pixels
    frame = read_image(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.35 * frame.pixels.nbytes


# Thumbnails


def test_a_thumbnail_is_the_mean_of_what_it_covers(tmp_path: Path) -> None:
    checks = (np.indices((512, 768)).sum(0) % 2 * 255).astype(np.uint8)
    for name in ("a.png", "a.jpg"):
        thumbnail = read_thumbnail_srgb(save(tmp_path / name, checks), 64)
        assert thumbnail.shape == (43, 64, 3)
        assert np.abs(thumbnail.astype(int) - 127).max() <= 3


def test_the_short_side_can_be_asked_for_and_nothing_is_enlarged(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", gradient(400, 600))
    assert read_thumbnail_srgb(path, 100, fit_short_side=True).shape == (100, 150, 3)
    assert read_thumbnail_srgb(path, 100).shape == (67, 100, 3)
    assert read_thumbnail_srgb(path, 1000).shape == (400, 600, 3)


def test_thumbnails_are_in_srgb(tmp_path: Path, wide_profile: bytes) -> None:
    color = np.full((64, 64, 3), (60, 180, 90), np.uint8)
    wide = read_thumbnail_srgb(save(tmp_path / "a.png", color, icc_profile=wide_profile), 16)
    assert wide[8, 8, 0] < 30  # this green lies further from red in a wide space
    assert np.array_equal(read_thumbnail_srgb(save(tmp_path / "b.png", color), 16)[8, 8], (60, 180, 90))


def test_pillows_limit_is_raised_and_never_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert Image.MAX_IMAGE_PIXELS >= image_open.MAX_PIXELS == 400_000_000

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import OutputError, UsageError
from impasto.media.frame import Color, Frame, Metadata
from impasto.media.image_read import read_image
from impasto.media.image_write import check_picture_suffix, to_8bit, write_image

from .pictures import gradient
from .test_exif import MAKER_NOTE, exif_block


def full_frame(profile: bytes, dtype: type = np.uint8, *, alpha: bool = False) -> Frame:
    pixels = gradient(dtype=dtype)
    metadata = Metadata(exif=exif_block(1), xmp=b"<x:xmpmeta>\xc3\xa4</x:xmpmeta>", dpi=(300.0, 240.0))
    return Frame(pixels, pixels[..., 2] if alpha else None, color=Color(icc_profile=profile), metadata=metadata)


@pytest.mark.parametrize("suffix", ["png", "tif", "tiff", "TIFF"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_formats_give_back_everything(
    tmp_path: Path, wide_profile: bytes, suffix: str, dtype: type, alpha: bool
) -> None:
    frame = full_frame(wide_profile, dtype, alpha=alpha)
    write_image(frame, tmp_path / f"a.{suffix}")
    again = read_image(tmp_path / f"a.{suffix}")
    assert again.pixels.dtype == dtype
    np.testing.assert_array_equal(again.pixels, frame.pixels)
    assert (again.alpha is None) == (not alpha)
    if alpha:
        np.testing.assert_array_equal(again.alpha, frame.alpha)
    assert_metadata_kept(again, frame, dpi=True)


def assert_metadata_kept(again: Frame, frame: Frame, *, dpi: bool) -> None:
    assert again.color.icc_profile == frame.color.icc_profile
    assert again.metadata.xmp == frame.metadata.xmp
    if dpi:
        assert again.metadata.dpi == pytest.approx(frame.metadata.dpi, abs=0.02)
    exif = Image.Exif()
    exif.load(again.metadata.exif)
    assert exif[271] == "A maker"
    assert exif.get_ifd(0x8769)[37500] == MAKER_NOTE
    assert exif.get_ifd(0x8769)[33434] == pytest.approx(1 / 250)


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossy_formats_come_close_and_keep_metadata(
    tmp_path: Path, wide_profile: bytes, suffix: str, dtype: type
) -> None:
    frame = full_frame(wide_profile, dtype, alpha=True)
    write_image(frame, tmp_path / f"a.{suffix}")
    again = read_image(tmp_path / f"a.{suffix}")
    assert np.abs(again.pixels.astype(int) - to_8bit(frame.pixels)).mean() < 3
    assert (again.alpha is None) == (suffix != "webp")
    assert_metadata_kept(again, frame, dpi=suffix != "webp")


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_other_readers_agree_about_16_bits(tmp_path: Path, wide_profile: bytes, suffix: str, alpha: bool) -> None:
    import OpenImageIO

    frame = full_frame(wide_profile, np.uint16, alpha=alpha)
    write_image(frame, tmp_path / f"a.{suffix}")
    hints = OpenImageIO.ImageSpec()
    hints.attribute("oiio:UnassociatedAlpha", 1)
    buffer = OpenImageIO.ImageBuf(str(tmp_path / f"a.{suffix}"), 0, 0, hints)
    pixels = buffer.get_pixels("uint16")
    assert not buffer.has_error
    np.testing.assert_array_equal(pixels[..., :3], frame.pixels)
    if alpha:
        np.testing.assert_array_equal(pixels[..., 3], frame.alpha)
    assert buffer.spec().getattribute("Make") == "A maker"
    assert bytes(buffer.spec().getattribute("ICCProfile")) == wide_profile


def test_tiff_keeps_a_big_endian_exif_block_and_its_order(tmp_path: Path) -> None:
    frame = Frame(gradient(dtype=np.uint16), metadata=Metadata(exif=exif_block(1, big_endian=True)))
    write_image(frame, tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_bytes()[:2] == b"MM"
    again = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(again.pixels, frame.pixels)
    assert again.metadata.exif is not None
    assert MAKER_NOTE in again.metadata.exif


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    depth=st.sampled_from([np.uint8, np.uint16]),
    alpha=st.booleans(),
)
def test_any_size_survives_lossless_formats(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, depth: type, alpha: bool
) -> None:
    noise = np.random.default_rng(height * width).integers(0, np.iinfo(depth).max, (height, width, 4)).astype(depth)
    folder = tmp_path_factory.mktemp("sizes")
    for suffix in ("png", "tif"):
        write_image(Frame(noise[..., :3], noise[..., 3] if alpha else None), folder / f"a.{suffix}")
        again = read_image(folder / f"a.{suffix}")
        np.testing.assert_array_equal(again.pixels, noise[..., :3])
        assert (again.alpha is None) == (not alpha)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16bit_pictures_of_many_strips_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr("impasto.media.png_write._STRIP_BYTES", 2000)
    monkeypatch.setattr("impasto.media.tiff_write._STRIP_BYTES", 2000)
    frame = Frame(gradient(101, 67, np.uint16))
    write_image(frame, tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}").pixels, frame.pixels)


def test_pixels_need_not_be_contiguous(tmp_path: Path) -> None:
    for dtype in (np.uint8, np.uint16):
        flipped = gradient(dtype=dtype)[::-1, ::-1]
        for suffix in ("png", "tif"):
            write_image(Frame(flipped), tmp_path / f"a.{suffix}")
            np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}").pixels, flipped)


@pytest.mark.parametrize(("given_subsampling", "expected"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_jpeg_subsampling_follows_the_source(tmp_path: Path, given_subsampling: int | None, expected: int) -> None:
    write_image(Frame(gradient(), metadata=Metadata(jpeg_subsampling=given_subsampling)), tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").metadata.jpeg_subsampling == expected


def test_quality_is_heard_and_checked(tmp_path: Path) -> None:
    noise = Frame(np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8))
    sizes = []
    for quality in (50, 95):
        write_image(noise, tmp_path / "a.jpg", quality=quality)
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes[0] < 0.7 * sizes[1]
    for quality in (0, 101):
        with pytest.raises(UsageError, match="quality"):
            write_image(noise, tmp_path / "a.jpg", quality=quality)


def test_blocks_too_big_for_jpeg_are_left_out_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    metadata = Metadata(exif=exif_block(1) + bytes(70_000), xmp=b"x" * 70_000)
    with caplog.at_level(logging.WARNING):
        write_image(Frame(gradient(), metadata=metadata), tmp_path / "a.jpg")
    assert "EXIF" in caplog.text
    assert "XMP" in caplog.text
    assert read_image(tmp_path / "a.jpg").metadata == Metadata(jpeg_subsampling=0)


@given(st.integers(0, 65535))
def test_16_to_8_bits_rounds_to_the_nearest(value: int) -> None:
    assert to_8bit(np.full((1, 1, 3), value, np.uint16))[0, 0, 0] == round(value / 257)


def test_floats_are_rounded_and_clipped() -> None:
    values = np.array([[[-0.1, 0.5001, 1.2]]], np.float32)
    np.testing.assert_array_equal(to_8bit(values), [[[0, 128, 255]]])


@pytest.mark.parametrize("name", ["a.bmp", "a", "a.heic", "a.jpg.txt"])
def test_unknown_suffixes_name_the_known_ones(tmp_path: Path, name: str) -> None:
    for refuse in (check_picture_suffix, lambda path: write_image(Frame(gradient()), path)):
        with pytest.raises(OutputError, match=r"must end in one of \.jpg.*\.tif.*\.webp"):
            refuse(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "width"), [("a.jpg", 65_501), ("a.webp", 16_384)])
def test_sizes_beyond_a_format_are_refused(tmp_path: Path, name: str, width: int) -> None:
    with pytest.raises(OutputError, match=rf"{name} cannot hold {width}×1 pixels"):
        write_image(Frame(np.zeros((1, width, 3), np.uint8)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    write_image(Frame(np.zeros((1, width - 1, 3), np.uint8)), tmp_path / name)


def fail_after_a_bit(path: Path, *_: object, **__: object) -> None:
    Path(path).write_bytes(b"half a picture")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dtype: type
) -> None:
    target = tmp_path / name
    target.write_bytes(b"old")
    monkeypatch.setattr(Image.Image, "save", lambda self, path, *args, **options: fail_after_a_bit(path))
    monkeypatch.setattr("impasto.media.image_write.write_tiff", lambda frame, path: fail_after_a_bit(path))
    monkeypatch.setattr("impasto.media.image_write.write_png_16bit", lambda frame, path: fail_after_a_bit(path))
    with pytest.raises(OutputError, match=rf"{name} cannot be written: the disk is full"):
        write_image(Frame(gradient(dtype=dtype)), target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("write", ["tiff", "png"])
def test_our_encoders_notice_a_full_device(write: str) -> None:
    from impasto.media.png_write import write_png_16bit
    from impasto.media.tiff_write import write_tiff

    encode: Callable[[Frame, Path], None] = {"tiff": write_tiff, "png": write_png_16bit}[write]
    with pytest.raises(OSError, match="No space"):
        encode(Frame(gradient(200, 300, np.uint16)), Path("/dev/full"))


def test_a_restyled_picture_carries_what_its_source_carried(tmp_path: Path, wide_profile: bytes) -> None:
    source = tmp_path / "in.jpg"
    Image.fromarray(gradient()).save(
        source, exif=exif_block(6), icc_profile=wide_profile, dpi=(72, 72), subsampling=2, xmp=b"<x/>"
    )
    frame = read_image(source)
    write_image(frame.with_pixels(255 - frame.pixels), tmp_path / "out.jpg")
    again = read_image(tmp_path / "out.jpg")
    assert np.abs(again.pixels.astype(int) - (255 - frame.pixels)).mean() < 3
    assert replace(again.metadata) == frame.metadata
    assert again.color == frame.color

from __future__ import annotations

import logging
import shutil
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.media import image_open
from impasto.media.image_read import picture_size, read_image, read_thumbnail_srgb

from .pictures import gradient


def save(path: Path, image: Image.Image | np.ndarray, **options: object) -> Path:
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def oriented_exif(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[274] = "A maker", turn
    return exif


def make_16bit_png(path: Path, pixels: np.ndarray, *, exif_behind: bytes = b"", before: bytes = b"") -> Path:
    """Write a 16-bit PNG by hand: grey, grey and alpha, RGB or RGBA by the number of channels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width, num_channels = pixels.shape
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    body = zlib.compress(np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[num_channels], 0, 0, 0)
    trailer = chunk(b"eXIf", exif_behind) if exif_behind else b""
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", body) + trailer + chunk(b"IEND", b"")
    )
    return path


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
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    ramp = np.linspace(20000, 40000, 2000).round().astype(np.uint16)[None, :, None]
    embedded = chunk(b"iCCP", b"grey\0\0" + zlib.compress(gray_profile))
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


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_32bit_pictures_are_refused(tmp_path: Path, dtype: type) -> None:
    path = save(tmp_path / "a.tif", Image.fromarray(gradient()[..., 0].astype(dtype)))
    for read in (read_image, lambda path: read_thumbnail_srgb(path, 20)):
        with pytest.raises(UnreadableMediaError, match=r"a\.tif holds 32-bit numbers"):
            read(path)


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


# Bad input


@pytest.mark.parametrize("read", [read_image, lambda path: read_thumbnail_srgb(path, 20)], ids=["full", "thumbnail"])
class TestBadInput:
    def refused(self, read: object, path: Path, words: str) -> None:
        with pytest.raises(UnreadableMediaError, match=words) as caught:
            read(path)  # type: ignore[operator]
        assert str(path) in str(caught.value)
        assert str(caught.value).count("\n") == 0

    def test_missing_empty_folder_and_text(self, read: object, tmp_path: Path) -> None:
        for name, words in [("a.jpg", "does not exist"), ("a.nef", "does not exist")]:
            self.refused(read, tmp_path / name, words)
        for name, content, words in [("b.jpg", b"", "is empty"), ("c.jpg", b"hello, world\n" * 9, "is not a picture")]:
            (tmp_path / name).write_bytes(content)
            self.refused(read, tmp_path / name, words)
        self.refused(read, tmp_path, "is a folder")

    @pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "bmp", "gif", "avif"])
    @pytest.mark.parametrize("part", [0.002, 0.3, 0.95])
    def test_truncated(self, read: object, tmp_path: Path, suffix: str, part: float) -> None:
        if suffix == "avif" and not features.check("avif"):
            pytest.skip("Pillow without AVIF")
        noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
        path = save(tmp_path / f"a.{suffix}", noise)
        content = path.read_bytes()
        path.write_bytes(content[: max(12, int(len(content) * part))])
        self.refused(read, path, "damaged|not a picture")

    @pytest.mark.parametrize("subsampling", [0, 2])
    def test_truncated_progressive_jpeg(self, read: object, tmp_path: Path, subsampling: int) -> None:
        path = save(tmp_path / "a.jpg", gradient(400, 600), progressive=True, subsampling=subsampling)
        path.write_bytes(path.read_bytes()[:-200])
        self.refused(read, path, "damaged or cut short")

    @pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
    def test_animated(self, read: object, tmp_path: Path, suffix: str) -> None:
        frames = [Image.fromarray(gradient(seed=seed)) for seed in range(3)]
        path = save(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:], duration=50)
        self.refused(read, path, r"is animated \(3 frames\)")

    def test_oversized(self, read: object, tmp_path: Path) -> None:
        def chunk(name: bytes, content: bytes) -> bytes:
            return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

        for side in (40_000, 21_000):
            path = tmp_path / f"{side}.png"
            header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
            with pytest.warns(Image.DecompressionBombWarning) if side == 21_000 else no_warning():
                self.refused(read, path, "is too large")

    def test_broken_raw_and_heic(self, read: object, tmp_path: Path) -> None:
        for name in ("a.nef", "a.heic"):
            (tmp_path / name).write_bytes(b"nothing of the kind" * 20)
            self.refused(read, tmp_path / name, "is not a")

    def test_openexr_is_named(self, read: object, tmp_path: Path) -> None:
        (tmp_path / "a.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(60))
        self.refused(read, tmp_path / "a.exr", "OpenEXR")


def no_warning() -> object:
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated_16bit_pictures_are_refused(tmp_path: Path, suffix: str, part: float) -> None:
    import OpenImageIO

    noise = np.random.default_rng(0).integers(0, 65536, (200, 300, 3)).astype(np.uint16)
    path = tmp_path / f"a.{suffix}"
    buffer = OpenImageIO.ImageBuf(noise)
    assert buffer.write(str(path))
    content = path.read_bytes()
    assert np.array_equal(read_image(path).pixels, noise)
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(UnreadableMediaError, match="damaged"):
        read_image(path)


@pytest.mark.parametrize("shape", [(1, 1), (50, 50_000), (50_000, 50), (1, 3000)])
def test_odd_sizes_are_read(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = save(tmp_path / "a.jpg", np.full((*shape, 3), (200, 100, 50), np.uint8), quality=95, subsampling=0)
    pixels = read_image(path).pixels
    assert pixels.shape == (*shape, 3)
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() < 4
    assert max(read_thumbnail_srgb(path, 256).shape[:2]) == min(256, max(shape))


@pytest.mark.parametrize("module", ["rawpy", "pi_heif"])
def test_raw_and_heic_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    path = tmp_path / {"rawpy": "a.dng", "pi_heif": "a.heic"}[module]
    path.write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[photo\]'"):
        read_image(path)


def test_of_several_pages_the_first_is_read_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pages = [Image.fromarray(gradient(seed=seed)) for seed in range(2)]
    path = save(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(read_image(path).pixels, gradient(seed=0))
    assert "2 pages" in caplog.text


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.jpg", gradient())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableMediaError, match=r"a\.jpg cannot be opened: Permission denied"):
        read_image(path)


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


# RAW


def test_raw_is_developed_to_16bit_srgb(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.dng"
    write_dng(tifffile, path)
    frame = read_image(path)
    assert frame.pixels.dtype == np.uint16
    assert (frame.width, frame.height) == (96, 64)
    left, right = frame.pixels[10:-10, 10:40].mean(), frame.pixels[10:-10, 56:-10].mean()
    assert right > 1.5 * left
    assert max(read_thumbnail_srgb(path, 24).shape) == 24
    assert picture_size(path) == (96, 64)
    shutil.copy(path, tmp_path / "cut.dng")
    (tmp_path / "cut.dng").write_bytes(path.read_bytes()[:4000])
    with pytest.raises(UnreadableMediaError, match=r"cut\.dng"):
        read_image(tmp_path / "cut.dng")


def write_dng(tifffile: object, path: Path) -> None:
    """A mosaic whose right half is lighter than its left."""
    mosaic = np.full((64, 96), 4000, np.uint16)
    mosaic[:, 48:] = 30000
    tags = [
        (33421, "H", 2, (2, 2), True),  # CFA repeat
        (33422, "B", 4, (0, 1, 1, 2), True),  # RGGB
        (50706, "B", 4, (1, 4, 0, 0), True),  # DNG version
        (50708, "s", 0, "Synthetic", True),
        (50717, "H", 1, 65535, True),  # white level
        (50721, "2i", 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), True),  # colour matrix
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),  # neutral
        (50778, "H", 1, 21, True),  # D65
    ]
    tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags, metadata=None)  # type: ignore[attr-defined]

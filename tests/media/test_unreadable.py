"""What cannot be read has one clear line each."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.media.image_read import read_image, read_thumbnail_srgb

from .pictures import gradient, png_chunk, save


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
        for side in (40_000, 21_000):
            path = tmp_path / f"{side}.png"
            header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
            path.write_bytes(
                b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
            )
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


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_32bit_pictures_are_refused(tmp_path: Path, dtype: type) -> None:
    path = save(tmp_path / "a.tif", Image.fromarray(gradient()[..., 0].astype(dtype)))
    for read in (read_image, lambda path: read_thumbnail_srgb(path, 20)):
        with pytest.raises(UnreadableMediaError, match=r"a\.tif holds 32-bit numbers"):
            read(path)


@pytest.mark.parametrize("module", ["rawpy", "pi_heif"])
def test_raw_and_heic_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    path = tmp_path / {"rawpy": "a.dng", "pi_heif": "a.heic"}[module]
    path.write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[photo\]'"):
        read_image(path)


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.jpg", gradient())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableMediaError, match=r"a\.jpg cannot be opened: Permission denied"):
        read_image(path)

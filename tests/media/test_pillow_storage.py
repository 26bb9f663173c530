from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin

from impasto.errors import UnreadableMediaError
from impasto.media.frame import Frame, Pixels, empty_padded, padded_storage
from impasto.media.image_read import read_image
from impasto.media.image_write import write_image
from impasto.media.pillow_storage import decode_in_place, image_of

from .pictures import gradient


def padded_copy(pixels: Pixels) -> Pixels:
    storage = empty_padded(*pixels.shape[:2])
    storage[..., :3], storage[..., 3] = pixels, 77
    return storage[..., :3]


def is_padded(pixels: Pixels) -> bool:
    return padded_storage(pixels) is not None


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (93, 131, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg", quality=90)
    return tmp_path / "a.jpg"


# --- decoding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"subsampling": 2}, {"progressive": True}, {"subsampling": 0, "quality": 100}])
def test_a_jpeg_is_decoded_into_the_array(tmp_path: Path, options: dict[str, Any]) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.jpg", **options)
    with Image.open(tmp_path / "a.jpg") as image:
        pixels = decode_in_place(image)
        assert pixels is not None
    del image
    gc.collect()  # the pixels outlive the image that wrote them
    assert is_padded(pixels)
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(tmp_path / "a.jpg")))


def test_the_image_shows_what_the_array_holds(jpeg: Path) -> None:
    with Image.open(jpeg) as image:
        pixels = decode_in_place(image)
        assert pixels is not None
        np.testing.assert_array_equal(np.asarray(image), pixels)
        pixels[5, 7] = (1, 2, 3)
        assert image.getpixel((7, 5)) == (1, 2, 3)


@pytest.mark.parametrize(("mode", "name"), [("L", "a.jpg"), ("CMYK", "a.jpg"), ("RGB", "a.png"), ("RGBA", "a.png")])
def test_what_is_not_an_rgb_jpeg_is_left_alone(tmp_path: Path, mode: str, name: str) -> None:
    Image.fromarray(gradient()).convert(mode).save(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert decode_in_place(image) is None
        image.load()
        assert image.mode == mode


@pytest.mark.parametrize("turn", [None, *range(1, 9)])
def test_frames_are_the_same_with_and_without_shared_memory(
    jpeg: Path, monkeypatch: pytest.MonkeyPatch, turn: int | None
) -> None:
    if turn:
        exif = Image.Exif()
        exif[0x0112] = turn
        Image.open(jpeg).save(jpeg.with_name("b.jpg"), exif=exif)
        jpeg = jpeg.with_name("b.jpg")
    shared = read_image(jpeg).pixels
    monkeypatch.setattr("impasto.media.image_read.decode_in_place", lambda image: None)
    copied = read_image(jpeg).pixels
    assert (is_padded(shared), is_padded(copied)) == (turn in (None, 1), False)
    np.testing.assert_array_equal(shared, copied)


def test_a_pillow_without_the_call_is_served_by_copying(jpeg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = np.asarray(Image.open(jpeg))
    monkeypatch.delattr(Image.core, "map_buffer")
    pixels = read_image(jpeg).pixels
    assert not is_padded(pixels)
    np.testing.assert_array_equal(pixels, expected)


def test_a_pillow_that_takes_memory_of_its_own_is_noticed(jpeg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(image: Any) -> None:
        image.im = Image.core.new(image.mode, image.size)

    expected = np.asarray(Image.open(jpeg))
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load_prepare", prepare)
    pixels = read_image(jpeg).pixels
    assert not is_padded(pixels)
    np.testing.assert_array_equal(pixels, expected)


def test_a_jpeg_that_is_cut_short_is_refused_as_ever(jpeg: Path) -> None:
    jpeg.write_bytes(jpeg.read_bytes()[:3000])
    with pytest.raises(UnreadableMediaError, match="cut short"):
        read_image(jpeg)


# --- encoding -------------------------------------------------------------------------------------------------------


def test_an_image_of_padded_pixels_shares_their_memory() -> None:
    pixels = padded_copy(gradient())
    image = image_of(pixels)
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), pixels)
    pixels[2, 3] = (9, 8, 7)
    assert image.getpixel((3, 2))[:3] == (9, 8, 7)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("has_alpha", [False, True])
@pytest.mark.parametrize("part", [np.s_[:], np.s_[3:20], np.s_[:, 2:9], np.s_[::-1, ::2]])
def test_files_are_the_same_bytes_whatever_the_layout(tmp_path: Path, suffix: str, has_alpha: bool, part: Any) -> None:
    packed, padded = gradient()[part], padded_copy(gradient())[part]
    alpha = packed[..., 1].copy() if has_alpha else None
    write_image(Frame(packed.copy(), alpha), tmp_path / f"packed.{suffix}")
    write_image(Frame(padded, alpha), tmp_path / f"padded.{suffix}")
    assert (tmp_path / f"padded.{suffix}").read_bytes() == (tmp_path / f"packed.{suffix}").read_bytes()


# --- layout ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 9), st.integers(1, 9), st.slices(9), st.slices(9), st.slices(4))
def test_only_the_whole_of_a_padded_array_counts_as_padded(
    height: int, width: int, rows: slice, columns: slice, channels: slice
) -> None:
    storage = np.arange(height * width * 4, dtype=np.uint8).reshape(height, width, 4).copy()
    view = storage[rows, columns, channels]
    found = padded_storage(view)
    is_whole = view.shape == (height, width, 3) and view.size and np.array_equal(view, storage[..., :3])
    if found is not None:
        assert found is storage
        assert is_whole
    elif is_whole:
        # One row or column may be reached by any step; saying no then costs a copy, nothing else.
        assert 1 in (height, width)


def test_other_arrays_are_not_padded() -> None:
    assert padded_storage(gradient()) is None
    assert padded_storage(gradient()[..., :3]) is None
    assert padded_storage(np.zeros((5, 6, 4), np.uint16)[..., :3]) is None
    assert padded_storage(np.zeros((5, 6, 4), np.uint8).view(np.int8)[..., :3]) is None
    assert padded_storage(np.zeros((6, 5, 4), np.uint8).transpose(1, 0, 2)[..., :3]) is None
    assert padded_storage(np.zeros((5, 6, 4), np.uint8)[..., 1:]) is None

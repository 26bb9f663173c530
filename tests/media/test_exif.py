from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from impasto.media.exif import PREFIX, first_directory, orientation, upright_exif, upright_xmp

MAKER_NOTE = bytes(range(256)) * 3


def exif_block(turn: int | None, *, big_endian: bool = False) -> bytes:
    exif = Image.Exif()
    exif.endian = ">" if big_endian else "<"
    exif[271] = "A maker"
    if turn is not None:
        exif[274] = turn
    exif[0x8769] = {37500: MAKER_NOTE, 33434: TiffImagePlugin.IFDRational(1, 250)}
    return exif.tobytes()


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_read_and_reset_and_nothing_else_changes(turn: int, big_endian: bool) -> None:
    block = exif_block(turn, big_endian=big_endian)
    upright = upright_exif(block)
    assert orientation(block) == turn
    assert orientation(upright) == 1
    assert len(upright) == len(block)
    assert sum(a != b for a, b in zip(block, upright, strict=True)) == (turn != 1)
    parsed = Image.Exif()
    parsed.load(upright)
    assert parsed[271] == "A maker"
    assert parsed.get_ifd(0x8769)[37500] == MAKER_NOTE


@pytest.mark.parametrize("nonsense", [0, 9, 300])
def test_a_nonsensical_orientation_counts_as_upright(nonsense: int) -> None:
    assert orientation(exif_block(nonsense)) == 1
    assert orientation(exif_block(None)) == 1
    assert orientation(None) == 1


def test_the_stale_thumbnail_is_unlinked() -> None:
    block = bytearray(exif_block(6).removeprefix(PREFIX))
    directory = first_directory(bytes(block))
    assert directory is not None
    block[directory.next_offset : directory.next_offset + 4] = b"\x10\0\0\0"
    cleaned = upright_exif(bytes(block)).removeprefix(PREFIX)
    assert cleaned[directory.next_offset : directory.next_offset + 4] == bytes(4)


@pytest.mark.parametrize("form", [b'<r tiff:Orientation="6"/>', b"<tiff:Orientation>6</tiff:Orientation>"])
def test_xmp_speaks_where_exif_is_silent(form: bytes) -> None:
    assert orientation(None, form) == 6
    assert orientation(exif_block(None), form) == 6
    assert orientation(exif_block(3), form) == 3
    assert upright_xmp(form) == form.replace(b"6", b"1")


@given(st.binary(max_size=60), st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0\xff\xff"]))
def test_any_bytes_are_survived(noise: bytes, start: bytes) -> None:
    block = start + noise
    assert 1 <= orientation(block, noise) <= 8
    assert len(upright_exif(block).removeprefix(PREFIX)) == len(io.BytesIO(block).read().removeprefix(PREFIX))

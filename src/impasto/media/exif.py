"""The two things in an EXIF block that a change of pixels makes untrue, edited in place.

Everything else, maker notes included, keeps its bytes and its offsets.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

PREFIX = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_SHORT = 3
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)([1-8])(?=\s*[\"'<])")


class Directory(NamedTuple):
    """The first image file directory (IFD) of a TIFF structure: offsets count from its first byte."""

    byte_order: str
    entries: dict[int, int]
    next_offset: int


def with_prefix(exif: bytes) -> bytes:
    """Return the block as JPEG wants it, with its six leading bytes."""
    return exif if exif.startswith(PREFIX) else PREFIX + exif


def first_directory(tiff: bytes) -> Directory | None:
    """Find the offset of each 12-byte entry by tag, or None where the structure is broken."""
    byte_order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if byte_order is None:
        return None
    try:
        (start,) = struct.unpack_from(byte_order + "I", tiff, 4)
        (count,) = struct.unpack_from(byte_order + "H", tiff, start)
        offsets = [start + 2 + 12 * i for i in range(count)]
        entries = {struct.unpack_from(byte_order + "H", tiff, offset)[0]: offset for offset in offsets}
        next_offset = start + 2 + 12 * count
        struct.unpack_from(byte_order + "I", tiff, next_offset)
    except struct.error:
        return None
    return Directory(byte_order, entries, next_offset)


def orientation(exif: bytes | None, xmp: bytes | None = None) -> int:
    """Return how the picture is stored, 1 to 8; 1, which is upright, where nothing or nonsense is said."""
    value = 0
    tiff = exif.removeprefix(PREFIX) if exif else b""
    directory = first_directory(tiff)
    if directory is not None and _ORIENTATION in directory.entries:
        (value,) = struct.unpack_from(directory.byte_order + "H", tiff, directory.entries[_ORIENTATION] + 8)
    elif xmp and (match := _XMP_ORIENTATION.search(xmp)):
        value = int(match[2])
    return value if 1 <= value <= 8 else 1


def upright_exif(exif: bytes) -> bytes:
    """Set the orientation to 1 and unlink the embedded thumbnail, which would show the old pixels."""
    tiff = bytearray(exif.removeprefix(PREFIX))
    directory = first_directory(bytes(tiff))
    if directory is not None:
        if _ORIENTATION in directory.entries:
            entry = directory.entries[_ORIENTATION]
            struct.pack_into(directory.byte_order + "HHIHH", tiff, entry, _ORIENTATION, _SHORT, 1, 1, 0)
        tiff[directory.next_offset : directory.next_offset + 4] = bytes(4)
    return PREFIX + bytes(tiff)


def upright_xmp(xmp: bytes) -> bytes:
    """Set the orientation to 1."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)

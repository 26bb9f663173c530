"""Where a picture was taken: taken out of what it carries, with all else left as it is."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import Final

from impasto.media.exif import PREFIX, Directory, first_directory
from impasto.media.frame import Metadata

_GPS_DIRECTORY: Final = 0x8825
_ENTRY_SIZE: Final = 12
_TYPE_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_PLACES: Final = rb"(?:GPS\w+|City|State|Country\w*|Location\w*|Sublocation|ProvinceState|WorldRegion)"
_XMP_ATTRIBUTE: Final = re.compile(rb"\s[\w-]+:" + _PLACES + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_XMP_ELEMENT: Final = re.compile(rb"<([\w-]+:" + _PLACES + rb")(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)", re.DOTALL)
_XMP_LEFT: Final = re.compile(rb":" + _PLACES + rb"[\s=>/]")


def has_location(metadata: Metadata) -> bool:
    """Tell whether a picture says where it was taken."""
    tiff = (metadata.exif or b"").removeprefix(PREFIX)
    directory = first_directory(tiff)
    in_exif = directory is not None and _GPS_DIRECTORY in directory.entries
    return in_exif or bool(metadata.xmp and _XMP_LEFT.search(metadata.xmp))


def without_location(metadata: Metadata) -> Metadata:
    """Return the same without coordinates and names of places; a block that cannot be cleaned is left out."""
    exif = _cleaned_exif(metadata.exif) if metadata.exif else metadata.exif
    xmp = _cleaned_xmp(metadata.xmp) if metadata.xmp else metadata.xmp
    return replace(metadata, exif=exif, xmp=xmp)


def _cleaned_exif(exif: bytes) -> bytes | None:
    tiff = bytearray(exif.removeprefix(PREFIX))
    directory = first_directory(bytes(tiff))
    if directory is None:
        return None
    if _GPS_DIRECTORY not in directory.entries:
        return exif
    try:
        _wipe_directory(tiff, directory)
    except struct.error:
        return None
    _drop_entry(tiff, directory, directory.entries[_GPS_DIRECTORY])
    return PREFIX + bytes(tiff)


def _wipe_directory(tiff: bytearray, directory: Directory) -> None:
    """Overwrite the directory of coordinates, and the numbers that it points to."""
    order = directory.byte_order
    (start,) = struct.unpack_from(order + "I", tiff, directory.entries[_GPS_DIRECTORY] + 8)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for entry in range(start + 2, start + 2 + _ENTRY_SIZE * count, _ENTRY_SIZE):
        _, kind, length, place = struct.unpack_from(order + "HHII", tiff, entry)
        size = _TYPE_SIZES.get(kind, 1) * length
        if size > 4:
            _wipe(tiff, place, size)
    _wipe(tiff, start, 2 + _ENTRY_SIZE * count)


def _wipe(tiff: bytearray, start: int, size: int) -> None:
    stop = min(start + size, len(tiff))
    if start < stop:
        tiff[start:stop] = bytes(stop - start)


def _drop_entry(tiff: bytearray, directory: Directory, entry: int) -> None:
    """Take an entry out of its directory; what follows moves up, and offsets stay true."""
    end = directory.next_offset + 4
    tiff[entry : end - _ENTRY_SIZE] = tiff[entry + _ENTRY_SIZE : end]
    tiff[end - _ENTRY_SIZE : end] = bytes(_ENTRY_SIZE)
    first = min(directory.entries.values()) - 2
    struct.pack_into(directory.byte_order + "H", tiff, first, len(directory.entries) - 1)


def _cleaned_xmp(xmp: bytes) -> bytes | None:
    cleaned = _XMP_ATTRIBUTE.sub(b"", _XMP_ELEMENT.sub(b"", xmp))
    return None if _XMP_LEFT.search(cleaned) else cleaned

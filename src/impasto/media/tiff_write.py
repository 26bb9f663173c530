"""A TIFF encoder for RGB with 8 or 16 bits.

Pillow cannot write 16-bit RGB, and no writer at hand keeps an EXIF block as it is. An EXIF block is itself a TIFF file
without a picture, so here the file begins with it, byte for byte, and gets a new first directory that lists its old
entries and the picture: maker notes keep their offsets. Format: TIFF 6.0, with Deflate and horizontal differencing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.media.exif import PREFIX, first_directory
from impasto.media.frame import Frame

_ASCII_OR_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 3, 4, 5, 7
_TYPE_BYTES = {_ASCII_OR_BYTE: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1}
_STRIP_BYTES = 1 << 21
_COMPRESSION_LEVEL = 5
_EMPTY_EXIF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"

Field = tuple[int, int, bytes]
"""Tag, type, encoded values."""


def write_tiff(frame: Frame, path: Path) -> None:
    """Write uint8 or uint16 pixels and alpha with EXIF, XMP, ICC profile and resolution."""
    base = (frame.metadata.exif or b"").removeprefix(PREFIX)
    directory = first_directory(base)
    if directory is None:
        base, directory = _EMPTY_EXIF, first_directory(_EMPTY_EXIF)
    assert directory is not None
    order = directory.byte_order
    with path.open("wb") as file:
        file.write(base)
        offsets, sizes = [], []
        for strip in _compressed_strips(frame, order):
            offsets.append(_align(file.tell()))
            file.write(bytes(offsets[-1] - file.tell()) + strip)
            sizes.append(len(strip))
        entries = {tag: base[offset : offset + 12] for tag, offset in directory.entries.items()}
        for tag, kind, values in _picture_fields(frame, order, offsets, sizes):
            location = struct.pack(order + "I", _align(file.tell())) if len(values) > 4 else values.ljust(4, b"\0")
            if len(values) > 4:
                file.write(bytes(_align(file.tell()) - file.tell()) + values)
            entries[tag] = struct.pack(order + "HHI", tag, kind, len(values) // _TYPE_BYTES[kind]) + location
        start = _align(file.tell())
        file.write(bytes(start - file.tell()) + struct.pack(order + "H", len(entries)))
        file.write(b"".join(entries[tag] for tag in sorted(entries)) + bytes(4))
        file.seek(4)
        file.write(struct.pack(order + "I", start))


def _align(offset: int) -> int:
    return offset + (offset & 1)


def _rows_per_strip(frame: Frame) -> int:
    row_bytes = frame.width * frame.pixels.itemsize * (3 if frame.alpha is None else 4)
    return min(frame.height, max(1, _STRIP_BYTES // row_bytes))


def _compressed_strips(frame: Frame, order: str) -> Iterator[bytes]:
    num_rows = _rows_per_strip(frame)
    for start in range(0, frame.height, num_rows):
        strip = frame.pixels[start : start + num_rows]
        if frame.alpha is not None:
            strip = np.dstack([strip, frame.alpha[start : start + num_rows]])
        yield zlib.compress(_differences(strip, order), _COMPRESSION_LEVEL)


def _differences(strip: NDArray[np.unsignedinteger], order: str) -> bytes:
    """Keep the first pixel of each row, and of the others what they differ by from their left neighbour."""
    result = strip.astype(f"{order}u{strip.itemsize}")
    result[:, 1:] = strip[:, 1:] - strip[:, :-1]
    return result.tobytes()


def _picture_fields(frame: Frame, order: str, offsets: list[int], sizes: list[int]) -> list[Field]:
    num_channels = 3 if frame.alpha is None else 4

    def shorts(*values: int) -> bytes:
        return struct.pack(f"{order}{len(values)}H", *values)

    def longs(*values: int) -> bytes:
        return struct.pack(f"{order}{len(values)}I", *values)

    dpi = frame.metadata.dpi or (72.0, 72.0)
    fields = [
        (254, _LONG, longs(0)),
        (256, _LONG, longs(frame.width)),
        (257, _LONG, longs(frame.height)),
        (258, _SHORT, shorts(*[8 * frame.pixels.itemsize] * num_channels)),
        (259, _SHORT, shorts(8)),  # Deflate
        (262, _SHORT, shorts(2)),  # RGB
        (273, _LONG, longs(*offsets)),
        (274, _SHORT, shorts(1)),  # upright
        (277, _SHORT, shorts(num_channels)),
        (278, _LONG, longs(_rows_per_strip(frame))),
        (279, _LONG, longs(*sizes)),
        (282, _RATIONAL, longs(round(dpi[0] * 1000), 1000)),
        (283, _RATIONAL, longs(round(dpi[1] * 1000), 1000)),
        (284, _SHORT, shorts(1)),  # channels interleaved
        (296, _SHORT, shorts(2)),  # per inch
        (317, _SHORT, shorts(2)),  # horizontal differencing
    ]
    if frame.alpha is not None:
        fields.append((338, _SHORT, shorts(2)))  # not multiplied into the colours
    if frame.metadata.xmp:
        fields.append((700, _ASCII_OR_BYTE, frame.metadata.xmp))
    if frame.color.icc_profile:
        fields.append((34675, _UNDEFINED, frame.color.icc_profile))
    return fields

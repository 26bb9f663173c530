"""A PNG encoder for RGB with 16 bits, which Pillow cannot write. Format: PNG, third edition."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from impasto.media.exif import PREFIX
from impasto.media.frame import Frame, Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP_FILTER = 2
_STRIP_BYTES = 1 << 21
_COMPRESSION_LEVEL = 5
_INCHES_PER_METER = 1 / 0.0254


def write_png_16bit(frame: Frame, path: Path) -> None:
    """Write uint16 pixels and alpha with EXIF, XMP, ICC profile and resolution."""
    with path.open("wb") as file:
        file.write(_SIGNATURE)
        color_type = 2 if frame.alpha is None else 6
        _write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", frame.width, frame.height, 16, color_type, 0, 0, 0))
        for name, content in _metadata_chunks(frame):
            _write_chunk(file, name, content)
        encoder = zlib.compressobj(_COMPRESSION_LEVEL)
        for strip in _filtered_strips(frame):
            _write_chunk(file, b"IDAT", encoder.compress(strip))
        _write_chunk(file, b"IDAT", encoder.flush())
        _write_chunk(file, b"IEND", b"")


def _write_chunk(file: BinaryIO, name: bytes, content: bytes) -> None:
    if content or name == b"IEND":
        file.write(struct.pack(">I", len(content)) + name + content)
        file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def _metadata_chunks(frame: Frame) -> Iterator[tuple[bytes, bytes]]:
    metadata = frame.metadata
    if frame.color.icc_profile:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(frame.color.icc_profile)
    if metadata.dpi:
        horizontal, vertical = (round(value * _INCHES_PER_METER) for value in metadata.dpi)
        yield b"pHYs", struct.pack(">IIB", horizontal, vertical, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif.removeprefix(PREFIX)
    if metadata.xmp:
        yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp


def _filtered_strips(frame: Frame) -> Iterator[bytes]:
    """Each row as what it differs by, byte for byte, from the row above."""
    num_channels = 3 if frame.alpha is None else 4
    row_bytes = frame.width * num_channels * 2
    num_rows = max(1, _STRIP_BYTES // row_bytes)
    above = np.zeros((1, row_bytes), np.uint8)
    for start in range(0, frame.height, num_rows):
        rows = _big_endian_rows(frame, slice(start, start + num_rows)).reshape(-1, row_bytes)
        filtered = np.empty((len(rows), row_bytes + 1), np.uint8)
        filtered[:, 0] = _UP_FILTER
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        yield filtered.tobytes()


def _big_endian_rows(frame: Frame, rows: slice) -> Pixels:
    strip = frame.pixels[rows] if frame.alpha is None else np.dstack([frame.pixels[rows], frame.alpha[rows]])
    return np.ascontiguousarray(strip, dtype=">u2").view(np.uint8)

"""Pictures made on the fly."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def gradient(height: int = 40, width: int = 60, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """A smooth picture, no two of whose corners agree: every flip, turn and channel swap shows."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    phase = np.random.default_rng(seed).uniform(0, 1, 3)
    red = 0.1 + 0.8 * x / width
    green = 0.1 + 0.8 * y / height
    blue = 0.5 + 0.3 * np.sin(4 * x / width + 6 * phase[0]) * np.cos(3 * y / height + 6 * phase[1])
    return np.rint(np.stack([red, green, blue], -1) * np.iinfo(dtype).max).astype(dtype)


def _s15_fixed16(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def icc_profile(primaries: list[tuple[float, float, float]], gamma: float) -> bytes:
    """An ICC version 2 matrix profile from three D50 colorants and one gamma; a grey one without colorants."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + _s15_fixed16(0.9642, 1.0, 0.8249)
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = [(b"desc", description), (b"cprt", b"text" + bytes(4) + b"none\0"), (b"wtpt", white)]
    if primaries:
        for name, colorant in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
            tags.append((name, b"XYZ " + bytes(4) + _s15_fixed16(*colorant)))
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    else:
        tags.append((b"kTRC", curve))
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I", start + len(body)) + bytes(4) + b"\x02\x40\0\0mntr"
    header += (b"RGB " if primaries else b"GRAY") + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    header += _s15_fixed16(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + table + body


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def save(path: Path, image: Image.Image | np.ndarray, **options: object) -> Path:
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def oriented_exif(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[274] = "A maker", turn
    return exif


def make_16bit_png(path: Path, pixels: np.ndarray, *, exif_behind: bytes = b"", before: bytes = b"") -> Path:
    """Write a 16-bit PNG by hand: grey, grey and alpha, RGB or RGBA by the number of channels."""

    height, width, num_channels = pixels.shape
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    body = zlib.compress(np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[num_channels], 0, 0, 0)
    trailer = png_chunk(b"eXIf", exif_behind) if exif_behind else b""
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + before
        + png_chunk(b"IDAT", body)
        + trailer
        + png_chunk(b"IEND", b"")
    )
    return path

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import UnreadableMediaError
from impasto.media.image_read import picture_size, read_image, read_thumbnail_srgb

from .pictures import gradient


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


def box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def full_box(name: bytes, version: int, *parts: bytes) -> bytes:
    return box(name, struct.pack(">I", version << 24), *parts)


def heic_bytes(pixels: np.ndarray, quarter_turns: int) -> bytes:
    """One HEVC key frame, as FFmpeg encodes it, in the smallest HEIF container that holds it."""
    av = pytest.importorskip("av")
    height, width = pixels.shape[:2]
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1, options={"crf": "5", "x265-params": "log-level=none:keyint=1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = film.getvalue()
    start = content.index(b"hvcC") - 4
    decoder = content[start : start + struct.unpack_from(">I", content, start)[0]]
    film.seek(0)
    with av.open(film) as container:
        key_frame = bytes(next(packet for packet in container.demux(video=0) if packet.size))
    properties = [
        decoder,
        full_box(b"ispe", 0, struct.pack(">II", width, height)),
        box(b"irot", bytes([quarter_turns])),
    ]

    def meta(offset: int) -> bytes:
        item = full_box(b"infe", 2, struct.pack(">HH", 1, 0) + b"hvc1\0")
        location = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(key_frame))
        uses = struct.pack(">IHB", 1, 1, len(properties)) + bytes([0x81, 2, 0x83])
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", 1)),
            full_box(b"iinf", 0, struct.pack(">H", 1), item),
            full_box(b"iloc", 0, location),
            box(b"iprp", box(b"ipco", *properties), full_box(b"ipma", 0, uses)),
        )

    brand = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    return brand + meta(len(brand) + len(meta(0)) + 8) + box(b"mdat", key_frame)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_heic_comes_upright_once(tmp_path: Path, quarter_turns: int) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(heic_bytes(gradient(64, 96), quarter_turns))
    expected = np.rot90(gradient(64, 96), quarter_turns)
    frame = read_image(path)
    assert frame.pixels.shape == expected.shape
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3
    assert picture_size(path) == (frame.width, frame.height)
    assert max(read_thumbnail_srgb(path, 32).shape) == 32


def test_heic_is_known_by_its_content_and_refused_when_cut_short(tmp_path: Path) -> None:
    content = heic_bytes(gradient(64, 96), 0)
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_image(tmp_path / "a.jpg").pixels.shape == (64, 96, 3)
    (tmp_path / "b.heic").write_bytes(content[:-300])
    with pytest.raises(UnreadableMediaError, match=r"b\.heic is damaged or cut short") as caught:
        read_image(tmp_path / "b.heic")
    assert "\n" not in str(caught.value)

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from impasto.errors import UnreadableMediaError
from impasto.live.jpeg import JpegEncoder, read_jpeg
from impasto.media.planar import PlanarFrame

from .live_parts import drawn_frame, plain_frame

SIZE = (128, 96)


def shown(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return what a browser shows."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def of_color(frame: PlanarFrame, **color: object) -> PlanarFrame:
    return replace(frame, color=replace(frame.color, **color))  # type: ignore[arg-type]


@pytest.mark.parametrize("matrix", ["bt709", "bt601", "bt2020"])
@pytest.mark.parametrize("full_range", [False, True])
def test_a_browser_shows_the_colours_of_the_frame(matrix: str, full_range: bool) -> None:
    frame = of_color(drawn_frame(size=SIZE), matrix=matrix, full_range=full_range)
    expected = frame.to_rgb().pixels.astype(float)
    seen = shown(JpegEncoder(0.95).encode(frame)).astype(float)
    assert seen.shape == expected.shape
    assert np.abs(seen - expected).mean() < 3.5
    assert np.abs((seen - expected).mean(axis=(0, 1))).max() < 3


def test_each_frame_gives_one_jpeg_at_once() -> None:
    encoder = JpegEncoder()
    for luma in (50, 120, 200):
        data = encoder.encode(plain_frame(luma))
        assert data[:2] == b"\xff\xd8"
        assert shown(data).mean() == pytest.approx((luma - 16) * 255 / 219, abs=4)


def test_the_size_may_change() -> None:
    encoder = JpegEncoder()
    sizes = [Image.open(io.BytesIO(encoder.encode(plain_frame(size=size)))).size for size in ((64, 48), (32, 80))]
    assert sizes == [(64, 48), (32, 80)]


def test_an_odd_border_is_left_out() -> None:
    assert shown(JpegEncoder().encode(plain_frame(size=(65, 49)))).shape == (48, 64, 3)


def test_quality_costs_bytes() -> None:
    rng = np.random.default_rng(0)
    noise = plain_frame(size=SIZE)
    noise = noise.with_planes((rng.integers(16, 235, (96, 128)).astype(np.uint8), *noise.planes[1:]))
    sizes = [len(JpegEncoder(quality).encode(noise)) for quality in (0.0, 0.5, 1.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.7 * sizes[2]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_what_a_camera_in_a_browser_sends_is_read(kind: str, subsampling: int, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, kind, quality=95, subsampling=subsampling)
    frame = read_jpeg(encoded.getvalue())
    expected = np.asarray(Image.open(encoded).convert("RGB")).astype(float)
    assert np.abs(frame.to_rgb().pixels.astype(float) - expected).mean() < 3


def test_there_and_back_is_nearly_the_same() -> None:
    frame = drawn_frame(size=SIZE)
    back = read_jpeg(JpegEncoder(1.0).encode(frame))
    assert back.color.full_range
    assert np.abs(back.to_rgb().pixels.astype(float) - frame.to_rgb().pixels.astype(float)).mean() < 4


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"no picture at all", b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 30]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableMediaError, match="no JPEG"):
        read_jpeg(data)


def test_a_picture_that_is_cut_short_is_refused_or_read() -> None:
    data = JpegEncoder().encode(drawn_frame(size=SIZE))
    for length in range(0, len(data), 97):
        try:
            frame = read_jpeg(data[:length])
        except UnreadableMediaError:
            continue
        assert (frame.width, frame.height) == SIZE


def test_a_picture_that_claims_to_be_huge_is_refused() -> None:
    """A few hundred bytes must not ask for gigabytes."""
    data = bytearray(JpegEncoder().encode(plain_frame()))
    header = data.index(b"\xff\xc0")
    data[header + 5 : header + 9] = b"\xff\xf0\xff\xf0"
    with pytest.raises(UnreadableMediaError):
        read_jpeg(bytes(data))

"""Frames as JPEG, a few milliseconds each: what browsers show, and what their cameras send."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from impasto.errors import UnreadableMediaError
from impasto.live.decoded import make_picture, read_picture
from impasto.media.planar import PlanarFrame
from impasto.media.video_library import av

_JPEG_MATRIX, _HD_MATRIX, _FULL, _LIMITED = 5, 1, 2, 1
"""JPEG has the matrix of BT.601 and full range (JFIF); numbers are those of swscale."""
_MATRICES = {"bt709": 1, "bt601": 5, "smpte240m": 7, "bt2020": 9, "fcc": 4}
_BEST, _WORST = 2, 20
_MOST_PIXELS = 3840 * 2160


class JpegEncoder:
    """Makes JPEGs of frames, of any size, one after another.

    Parameters
    ----------
    quality
        In [0, 1].
    """

    def __init__(self, quality: float = 0.85) -> None:
        self._scale = round(_WORST + (_BEST - _WORST) * quality)
        self._encoder: Any = None
        self._num = 0

    def encode(self, frame: PlanarFrame) -> bytes:
        """Return a JPEG; an odd row or column at the border is left out."""
        picture = _full_range(make_picture(frame), frame)
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (picture.width, picture.height):
            self._encoder = self._open(picture.width, picture.height)
        self._num += 1
        picture.pts = self._num
        return b"".join(bytes(packet) for packet in self._encoder.encode(picture))

    def _open(self, width: int, height: int) -> Any:
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
        encoder.time_base = Fraction(1, 30)
        encoder.thread_count = 1  # more would hold frames back
        encoder.color_range = _FULL
        encoder.options = {"qmin": str(self._scale), "qmax": str(self._scale)}
        return encoder


def read_jpeg(data: bytes) -> PlanarFrame:
    """Decode a JPEG or WebP as a browser's camera sends it.

    Raises
    ------
    UnreadableMediaError
        It is no picture, or larger than 4K.
    """
    decoder = av.CodecContext.create("webp" if data[8:12] == b"WEBP" else "mjpeg", "r")
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(_MOST_PIXELS)}  # before anything is allocated
    try:
        pictures = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise UnreadableMediaError("What came is no JPEG.") from error
    if not pictures or pictures[0].width * pictures[0].height > _MOST_PIXELS:
        raise UnreadableMediaError("What came is no JPEG of a usable size.")
    return read_picture(pictures[0])


def _full_range(picture: Any, frame: PlanarFrame) -> Any:
    return picture.reformat(
        format="yuvj420p",
        src_colorspace=_MATRICES.get(frame.color.matrix, _HD_MATRIX),
        dst_colorspace=_JPEG_MATRIX,
        src_color_range=_FULL if frame.color.full_range else _LIMITED,
        dst_color_range=_FULL,
    )

"""A walk through dreams as a film."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import OutputError
from impasto.media.files import write_beside
from impasto.media.video_library import av

SUFFIXES = (".mp4", ".mov", ".mkv")
_CODEC = "libx264"
_OPTIONS = {"crf": "16", "preset": "medium"}


def check_film_suffix(path: Path | str) -> None:
    """Raise OutputError unless `write_walk` knows the container; call it before work starts."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"{path} cannot hold a walk: give it one of the suffixes {', '.join(SUFFIXES)}.")


def write_walk(path: Path | str, pictures: Iterable[NDArray[np.uint8]], rate: int) -> int:
    """Write pictures of one size, with even sides, as H.264; return how many. The file appears once it is complete.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    path = Path(path)
    check_film_suffix(path)
    count = 0
    with write_beside(path) as temporary:
        try:
            with av.open(str(temporary), "w", format=_muxer(path)) as container:
                stream: Any = None
                for picture in pictures:
                    stream = stream or _stream(container, picture, rate)
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                        format="yuv420p", dst_colorspace="ITU709"
                    )
                    frame.pts, frame.time_base = count, Fraction(1, rate)
                    container.mux(stream.encode(frame))
                    count += 1
                if stream is not None:
                    container.mux(stream.encode(None))
        except av.error.FFmpegError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
    return count


def _muxer(path: Path) -> str:
    return {".mkv": "matroska", ".mov": "mov"}.get(path.suffix.lower(), "mp4")


def _stream(container: Any, picture: NDArray[np.uint8], rate: int) -> Any:
    stream = container.add_stream(_CODEC, rate=rate, options=dict(_OPTIONS))
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # limited
    return stream

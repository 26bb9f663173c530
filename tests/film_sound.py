"""Films whose sound and pictures begin at different times, and what is heard of a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from film_clips import draw_planes, put_planes

_SIZE = (64, 48)
_COVER = (32, 32)
_RATE = 25


def heard(path: Path) -> list[tuple[Fraction, int, bytes]]:
    """Return time, number of samples and samples of each piece of sound that a decoder gives."""
    with av.open(str(path)) as container:
        return [
            (frame.pts * frame.time_base, frame.samples, frame.to_ndarray().tobytes())
            for frame in container.decode(audio=0)
        ]


def make_offset_film(
    path: Path,
    pictures: Fraction | int = 0,
    sound: Fraction | int = 0,
    *,
    frames: int = 10,
    cover: bool = False,
    exact: bool = False,
    sample_rate: int = 48000,
) -> Path:
    """Write H.264 and AAC that begin at times of their own, in seconds; `exact` has MP4 keep them to the sample."""
    options = {"movie_timescale": str(sample_rate)} if exact else {}
    with av.open(str(path), "w", container_options=options) as container:
        video = _add_video(container, "libx264", _SIZE, "yuv420p", _RATE)
        tone = container.add_stream("aac", rate=sample_rate, layout="mono")
        still = _add_video(container, "mjpeg", _COVER, "yuvj420p", 1) if cover else None
        if still is not None:
            still.disposition = av.stream.Disposition.attached_pic
        for index in range(frames):
            frame = _draw(index, _SIZE, "yuv420p")
            frame.time_base, frame.pts = Fraction(1, _RATE), index + int(pictures * _RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if still is not None:
            frame = _draw(0, _COVER, "yuvj420p")
            frame.time_base, frame.pts = Fraction(1), 0
            container.mux(still.encode(frame))
            container.mux(still.encode())
        _encode_tone(container, tone, int(sound * sample_rate), frames * sample_rate // _RATE)
    return path


def _add_video(container: Any, codec: str, size: tuple[int, int], pixel_format: str, rate: int) -> Any:
    options = {"preset": "ultrafast", "bf": "2"} if codec == "libx264" else {}
    stream = container.add_stream(codec, rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format
    stream.codec_context.time_base = Fraction(1, rate)
    stream.codec_context.thread_count = 1
    return stream


def _draw(index: int, size: tuple[int, int], pixel_format: str) -> av.VideoFrame:
    frame = av.VideoFrame(*size, pixel_format)
    put_planes(frame, draw_planes(index, size))
    return frame


def _encode_tone(container: Any, stream: Any, start: int, num_samples: int) -> None:
    values = (np.sin(np.arange(num_samples) * 0.05) * 12000).astype(np.int16)
    resampler = av.AudioResampler(stream.format, "mono", stream.rate, stream.frame_size or 1024)
    frame = av.AudioFrame.from_ndarray(values[None], "s16", "mono")
    frame.sample_rate, frame.time_base, frame.pts = stream.rate, Fraction(1, stream.rate), 0
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        part.pts += start
        container.mux(stream.encode(part))
    container.mux(stream.encode())

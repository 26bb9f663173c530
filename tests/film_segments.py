"""Pieces of a film, encoded anew as a job does it: pictures only, each with a decoder's fresh start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av

from impasto.media.priority import usual_priority

ENCODERS = {"h264": "libx264", "hevc": "libx265", "prores": "prores_ks", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
_OPTIONS = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12"},
}


def make_segments(
    source: Path,
    folder: Path,
    sizes: Sequence[int],
    *,
    suffix: str = ".mkv",
    options: Mapping[str, str] | None = None,
    codec: str | None = None,
) -> list[Path]:
    """Decode a film and encode so many of its frames into each file, in order; times start anew in each."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:03}{suffix}" for number in range(len(sizes))]
    with av.open(str(source)) as film:
        video = film.streams.video[0]
        frames = film.decode(video)
        for path, size in zip(paths, sizes, strict=True):
            with usual_priority(), av.open(str(path), "w") as container:
                name = codec or ENCODERS.get(video.codec_context.name, video.codec_context.name)
                name = {"libdav1d": "libsvtav1"}.get(name, name)
                stream = container.add_stream(name, rate=24, options={**_OPTIONS.get(name, {}), **(options or {})})
                context = stream.codec_context
                for attribute in ("width", "height", "pix_fmt", "color_range", "color_primaries", "color_trc"):
                    setattr(context, attribute, getattr(video.codec_context, attribute))
                context.colorspace = video.codec_context.colorspace
                context.thread_count = 1
                for number in range(size):
                    frame = next(frames)
                    frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 24), 0
                    container.mux(stream.encode(frame))
                container.mux(stream.encode())
    return paths

"""Films made on the fly, with anything a film may carry: `make_film(path, frames=…, size=…, codec=…, …)`.

Pictures are drawn as code values, not converted from RGB, so that no test leans on the conversion it tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

from impasto.media.priority import usual_priority

Planes = list[NDArray[Any]]
VFR_STEPS = (2, 1, 4, 2, 3)
"""Ticks of half a frame that frames of a film of variable rate last, in turn."""
_INTERLACED = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
LOSSLESS = {"libx264": {"qp": "0"}, "libx265": {"x265-params": "lossless=1"}, "ffv1": {}, "png": {}, "qtrle": {}}
HDR10 = {"color_primaries": ColorPrimaries.BT2020, "color_trc": ColorTrc.SMPTE2084, "colorspace": 9, "color_range": 1}
BT709 = {"color_primaries": ColorPrimaries.BT709, "color_trc": ColorTrc.BT709, "colorspace": 1, "color_range": 1}
_AUDIO_CODECS = {".mkv": "flac", ".avi": "pcm_s16le", ".webm": "libopus", ".mov": "pcm_s16le"}
_SUBTITLE_CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}
_MOV_SUFFIXES = {".mp4", ".m4v", ".mov"}
_SAMPLE_RATE = 48000


def make_film(  # noqa: PLR0913
    path: Path | str,
    frames: int = 24,
    size: tuple[int, int] = (160, 90),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: Fraction | int = 24,
    audio: int = 0,
    vfr: bool = False,
    *,
    cuts: Sequence[int] = (),
    gop: int = 12,
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, int] = BT709,
    rotation: int = 0,
    mirrored: bool = False,
    sample_aspect: Fraction | None = None,
    interlaced: bool = False,
    subtitles: int = 0,
    chapters: int = 0,
    metadata: Mapping[str, str] | None = None,
    attachment: bytes | None = None,
    audio_codec: str | None = None,
    start: Fraction | int = 0,
    seed: int = 0,
) -> Path:
    """Write a film and return its path.

    Parameters
    ----------
    size
        Width and height of what is coded; with `rotation` players show it turned (degrees counter-clockwise).
    audio, subtitles, chapters
        How many: sine tones of rising pitch in mono, lines of text, and parts of equal length.
    vfr
        Frames last `VFR_STEPS` half frames in turn; `film_pts` gives the times.
    cuts
        Indices of the frames at which another scene begins.
    options
        Of the encoder, on top of `preset=ultrafast` (x264, x265).
    start
        Time of the first picture in seconds.
    """
    path = Path(path)
    times = film_pts(frames, rate, vfr, start)
    options = {**_fast(codec), **(_INTERLACED if interlaced else {}), **(options or {})}
    with usual_priority(), av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        video = _add_video(container, codec, pixel_format, size, rate, gop, options)
        video.codec_context.time_base = _time_base(path, codec, Fraction(rate), vfr)
        for name, value in tags.items():
            setattr(video.codec_context, name, value)
        if sample_aspect is not None:
            video.codec_context.sample_aspect_ratio = sample_aspect
        if rotation or mirrored:
            video.set_display_rotation(rotation, mirrored)
        duration = (times[-1] - times[0] + 1 / Fraction(rate)) if times else Fraction(0)
        tones = [_add_tone(container, audio_codec or _audio_codec(path), n) for n in range(audio)]
        texts = [_add_text(container, path, n) for n in range(subtitles)]
        if attachment is not None:
            container.add_attachment("notes.txt", "text/plain", attachment)
        if chapters:
            container.set_chapters(_chapters(duration, chapters))
        _encode_pictures(container, video, times, size, pixel_format, cuts, seed, interlaced, tags)
        for n, tone in enumerate(tones):
            _encode_tone(container, tone, n, duration)
        for n, text in enumerate(texts):
            _write_lines(container, path, text, n, duration)
    return path


def film_pts(frames: int, rate: Fraction | int = 24, vfr: bool = False, start: Fraction | int = 0) -> list[Fraction]:
    """Return the time of each picture of `make_film`, in seconds."""
    steps = [VFR_STEPS[n % len(VFR_STEPS)] if vfr else 2 for n in range(frames)]
    return [Fraction(start) + Fraction(sum(steps[:n]), 2) / Fraction(rate) for n in range(frames)]


def draw_planes(
    index: int, size: tuple[int, int], pixel_format: str = "yuv420p", scene: int = 0, seed: int = 0
) -> Planes:
    """Return the planes that `make_film` draws: a moving wave and ball on a slope, in colours of the scene."""
    form = av.VideoFormat(pixel_format, *size)
    depth = form.components[0].bits
    phase = np.random.default_rng([seed, scene]).random(6)
    planes = []
    for n in range(min(3, len(form.components))):
        width, height = form.components[n].width, form.components[n].height
        y, x = np.mgrid[0:height, 0:width] / np.array([max(height, 2), max(width, 2)]).reshape(2, 1, 1)
        wave = np.sin(2 * np.pi * (2 * x + y * (1 + n) + phase[n] + index / 40))
        ball = (x - 0.2 - 0.02 * (index % 30)) ** 2 + (y - phase[3]) ** 2 < 0.02
        value = (0.15 + 0.5 * phase[n]) + 0.12 * wave + 0.15 * (x - y) + 0.15 * ball * (-1) ** n
        value = value if n == 0 else 0.5 + 0.5 * (value - 0.5)
        code = np.rint((16 + 219 * value.clip(0, 1)) * 2 ** (depth - 8))
        planes.append(code.astype(np.uint8 if depth == 8 else np.uint16))
    return planes


def put_planes(frame: av.VideoFrame, planes: Sequence[NDArray[Any]]) -> None:
    """Fill a planar frame of PyAV, whatever its line size."""
    for plane, values in zip(frame.planes, planes, strict=False):
        stride = plane.line_size // values.itemsize
        rows = np.frombuffer(plane, values.dtype).reshape(plane.height, stride)
        rows[:, : values.shape[1]] = values


def get_planes(frame: av.VideoFrame) -> Planes:
    """Return copies of the planes of a planar frame of PyAV."""
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    rows = [np.frombuffer(p, kind).reshape(p.height, p.line_size // np.dtype(kind).itemsize) for p in frame.planes]
    return [row[:, : plane.width].copy() for row, plane in zip(rows, frame.planes, strict=True)]


def packet_bytes(path: Path | str, kind: str = "audio") -> list[list[bytes]]:
    """Return the packets of each stream of a kind, as they lie in the file."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        found: dict[int, list[bytes]] = {stream.index: [] for stream in streams}
        for packet in container.demux(*streams) if streams else ():
            if packet.size:
                found[packet.stream_index].append(bytes(packet))
        return list(found.values())


def decoded_pts(path: Path | str) -> list[Fraction]:
    """Return the time of each picture as PyAV decodes them one after the other, in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def _fast(codec: str) -> dict[str, str]:
    if codec in {"libx264", "libx265"}:
        quiet = {"x265-params": "log-level=error"} if codec == "libx265" else {}
        return {"preset": "ultrafast", **quiet}
    return {"libsvtav1": {"preset": "12"}, "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}.get(codec, {})


def _add_video(
    container: Any,
    codec: str,
    pixel_format: str,
    size: tuple[int, int],
    rate: Fraction | int,
    gop: int,
    options: dict[str, str],
) -> Any:
    video = container.add_stream(codec, rate=Fraction(rate), options=options)
    video.width, video.height = size
    video.pix_fmt = pixel_format
    video.codec_context.gop_size = gop
    video.codec_context.thread_count = 1
    return video


def _time_base(path: Path, codec: str, rate: Fraction, vfr: bool) -> Fraction:
    """Half frames where times vary; AVI fills what is between its ticks with empty frames, MPEG-4 wants the rate."""
    return 1 / (rate * 2) if vfr and path.suffix != ".avi" and codec != "mpeg4" else 1 / rate


def _encode_pictures(  # noqa: PLR0913, PLR0917
    container: Any,
    video: Any,
    times: Sequence[Fraction],
    size: tuple[int, int],
    pixel_format: str,
    cuts: Sequence[int],
    seed: int,
    interlaced: bool,
    tags: Mapping[str, int],
) -> None:
    packed = not av.VideoFormat(pixel_format).is_planar and not pixel_format.startswith("gray")
    for index, time in enumerate(times):
        scene = sum(cut <= index for cut in cuts)
        if packed:
            planes = draw_planes(index, size, "gbrp", scene, seed)
            frame = av.VideoFrame.from_ndarray(np.stack(planes, -1), "rgb24").reformat(format=pixel_format)
        else:
            frame = av.VideoFrame(*size, pixel_format)
            planes = draw_planes(index, size, pixel_format, scene, seed)
            if interlaced:
                _weave(planes, draw_planes(index + 20, size, pixel_format, scene, seed))
            put_planes(frame, planes)
            _fill_alpha(frame)
        for name, value in tags.items():
            setattr(frame, name, value)
        frame.time_base = video.codec_context.time_base
        frame.pts = int(time / frame.time_base)
        container.mux(video.encode(frame))
    container.mux(video.encode())


def _weave(planes: Planes, later: Planes) -> None:
    """Let the odd rows show a later moment."""
    for plane, other in zip(planes, later, strict=True):
        plane[1::2] = other[1::2]


def _fill_alpha(frame: av.VideoFrame) -> None:
    """Let alpha fall from left to right."""
    if len(frame.planes) < 4:
        return
    plane, bits = frame.planes[3], frame.format.components[3].bits
    kind = np.uint8 if bits == 8 else np.uint16
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    rows[:, : plane.width] = np.linspace(2**bits - 1, 0, plane.width).astype(kind)


def _audio_codec(path: Path) -> str:
    return _AUDIO_CODECS.get(path.suffix, "aac")


def _add_tone(container: Any, codec: str, number: int) -> Any:
    stream = container.add_stream(codec, rate=_SAMPLE_RATE, layout="mono")
    stream.metadata["language"] = ("eng", "fra", "deu")[number % 3]
    return stream


def _encode_tone(container: Any, stream: Any, number: int, duration: Fraction) -> None:
    samples = np.sin(2 * np.pi * 220 * (1 + number) * np.arange(int(duration * _SAMPLE_RATE)) / _SAMPLE_RATE)
    values = (samples * 12000).astype(np.int16)
    resampler = av.AudioResampler(stream.format, "mono", _SAMPLE_RATE, stream.frame_size or 1024)
    frame = av.AudioFrame.from_ndarray(values[None], "s16", "mono")
    frame.sample_rate, frame.time_base, frame.pts = _SAMPLE_RATE, Fraction(1, _SAMPLE_RATE), 0
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(part))
    container.mux(stream.encode())


def _add_text(container: Any, path: Path, number: int) -> Any:
    stream = container.add_mux_stream(_SUBTITLE_CODECS[path.suffix])
    stream.metadata["language"] = ("eng", "fra")[number % 2]
    return stream


def _write_lines(container: Any, path: Path, stream: Any, number: int, duration: Fraction) -> None:
    for line in range(2):
        text = f"line {line} of {number}".encode()
        packet = av.Packet(len(text).to_bytes(2, "big") + text if path.suffix in _MOV_SUFFIXES else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = int(duration * 500 * line)
        packet.duration = int(duration * 400)
        container.mux(packet)


def _chapters(duration: Fraction, number: int) -> list[dict[str, Any]]:
    ticks = [int(duration * 1000 * n / number) for n in range(number + 1)]
    return [
        {"id": n, "start": ticks[n], "end": ticks[n + 1], "time_base": Fraction(1, 1000), "metadata": {"title": f"{n}"}}
        for n in range(number)
    ]

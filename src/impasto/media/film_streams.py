"""Streams of one container in another: what each format can hold, and how a stream is described in it."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

from impasto.errors import OutputError
from impasto.media.film_packets import (
    CHAPTERS,
    TIMECODE,
    is_cover,
    is_matroska,
    is_mov,
    made_by_muxer,
    reason_of,
)
from impasto.media.video_library import av

FORMATS = {
    **{".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".qt": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi"},
    **{".ts": "mpegts", ".m2ts": "mpegts", ".mts": "mpegts", ".3gp": "3gp"},
    **{".mxf": "mxf", ".flv": "flv", ".wmv": "asf", ".mpg": "mpeg", ".mpeg": "mpeg", ".vob": "vob", ".nut": "nut"},
}
_OWN_KEYS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "software"}
_STATISTICS = ("_statistics", "bps", "number_of_", "duration")
_MOV_KEYS = {
    *("title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright", "grouping"),
    *("lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords", "creation_time", "timecode"),
    *("track", "disc", "compilation", "season_number", "episode_sort", "media_type", "hd_video", "location", "rating"),
    *("location-eng", "language"),
}
_COVERS = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png"), "bmp": ("cover.bmp", "image/bmp")}
_PRORES_TAGS = {"Proxy": "apco", "LT": "apcs", "Standard": "apcn", "HQ": "apch", "4444": "ap4h", "XQ": "ap4x"}
_HDR_SIDE_DATA = ("mastering display", "content light", "ambient", "spherical", "stereo3d", "icc profile")
_ALL_METADATA = "+faststart+use_metadata_tags"
_MAX_TIMESCALE = 10_000_000


@dataclass(slots=True)
class StreamCopies:
    """Which stream of the source (by index) is which of the output, and what cannot be kept, in words."""

    streams: dict[int, Any] = field(default_factory=dict)
    attachments: set[int] = field(default_factory=set)
    """Covers and other files that are written with the header, as indices of the source."""
    warnings: list[str] = field(default_factory=list)


def format_of(path: Path) -> str:
    """Return FFmpeg's name of the container that a film's suffix names.

    Raises
    ------
    OutputError
        No container that films can be written to.
    """
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise OutputError(f"{path} cannot be written: its name must end in one of {', '.join(FORMATS)}.")
    return name


def muxer_options(path: Path, source: Any, pts: list[Fraction], time_base: Fraction) -> dict[str, str]:
    """Return options with which a muxer keeps times as they are, and all metadata that it can."""
    name = format_of(path)
    if is_mov(name):
        flags = "+faststart" if set(map(str.lower, source.metadata)) <= _MOV_KEYS | _OWN_KEYS else _ALL_METADATA
        return {"movflags": flags, **_movie_timescale(source, pts, time_base)}
    if name == "mpegts":
        return {"mpegts_copyts": "1", **({"mpegts_m2ts_mode": "1"} if path.suffix.lower() != ".ts" else {})}
    return {}


def _movie_timescale(source: Any, pts: list[Fraction], time_base: Fraction) -> dict[str, str]:
    """Offsets of whole streams are counted in the movie's own ticks, a thousandth of a second unless told otherwise."""
    starts = [
        (stream.start_time or 0) * stream.time_base
        for stream in source.streams
        if stream.time_base and stream.type in ("audio", "video")
    ]
    if all((start * 1000).denominator == 1 for start in [*starts, *pts[:1]]):
        return {}
    bases = [stream.time_base for stream in source.streams if stream.type == "audio"]
    timescale = lcm(*(base.denominator for base in [time_base, *bases]))
    return {"movie_timescale": str(timescale)} if timescale <= _MAX_TIMESCALE else {}


def add_film_stream(output: Any, source: Any, film: Any, segments: Any, segment: Any) -> Any:
    """Add the stream of moving pictures, described as the source's and coded as the segments.

    Parameters
    ----------
    output, source, segments
        Open containers: the result, the original film, and one of the newly encoded segments.
    film, segment
        The streams of moving pictures in `source` and in `segments`.
    """
    new, old = segment.codec_context, film.codec_context
    is_alike = old is not None and (new.name, new.pix_fmt, new.width, new.height) == (
        *(old.name, old.pix_fmt, old.width, old.height),
    )
    # Side data of a stream can only be had by taking the stream as a template. Pixels are upright by now, so that the
    # display matrix has to go, and of Dolby Vision only the base layer is left, so that it must not be announced.
    side_data = side_data_of(source, film.index)
    template = segment
    if is_alike and "dovi" not in side_data and any(name in side_data for name in _HDR_SIDE_DATA):
        template = film
    stream = output.add_stream_from_template(template, opaque=True)
    context = stream.codec_context
    if template is film:
        context.extradata = new.extradata
        stream.set_display_rotation(0)
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(context, name, getattr(new, name))
    if film.average_rate:
        context.framerate = film.average_rate
    if not segment.sample_aspect_ratio and film.sample_aspect_ratio and is_alike:
        context.sample_aspect_ratio = film.sample_aspect_ratio
    if is_mov(output.format.name) and (tag := _codec_tag(film, new, segments)):
        context.codec_tag = tag
    if annexb_filter(output.format.name, segment):
        context.extradata = None
    _describe(stream, film)
    if output.format.name == "avi" and film.average_rate:
        stream.time_base = 1 / film.average_rate
    for key in [key for key in stream.metadata if key.lower().startswith(_STATISTICS) or key.lower() == "encoder"]:
        del stream.metadata[key]
    return stream


def annexb_filter(format_name: str, segment: Any) -> str | None:
    """Name the filter that AVI needs, and unlike MPEG-TS does not add itself, for H.264 and HEVC as in MP4."""
    context = segment.codec_context
    is_wrapped = context.name in ("h264", "hevc") and (context.extradata or b"").startswith(b"\x01")
    return f"{context.name}_mp4toannexb" if format_name == "avi" and is_wrapped else None


def side_data_of(container: Any, index: int) -> str:
    """Return what FFmpeg prints of a stream's side data, in lower case; PyAV has no other way to ask."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        text = str(container.dumps_format()).lower()
    finally:
        av.logging.set_level(level)
    _, _, own = text.partition(f"stream #0:{index}")
    _, _, own = own.partition("stream #")[0].partition("side data:")
    return own


def _codec_tag(film: Any, new: Any, segments: Any) -> str | None:
    """Return the four letters for a codec that has several sets of them, with the same packets or not."""
    old = film.codec_context
    if new.name == "hevc":
        kept = old is not None and old.name == "hevc" and old.codec_tag in ("hvc1", "hev1")
        return str(old.codec_tag) if kept else "hvc1"
    if new.name == "prores":
        return str(new.codec_tag) if is_mov(segments.format.name) else _PRORES_TAGS.get(str(new.profile))
    return None


def copy_streams(output: Any, source: Any, film: Any, film_copy: Callable[[], Any], copies: StreamCopies) -> None:
    """Add every other stream of the source to the output, with the film's own in its place among them.

    `film_copy` makes the stream of moving pictures. What the output cannot hold is told in `copies.warnings`.
    """
    for stream in source.streams:
        made = made_by_muxer(source, stream)
        if stream.index == film.index:
            copies.streams[stream.index] = film_copy()
        elif made == TIMECODE:
            copies.streams.get(film.index, film).metadata.setdefault("timecode", stream.metadata["timecode"])
        elif made != CHAPTERS:
            _copy_stream(output, source, stream, film, copies)


def _copy_stream(output: Any, source: Any, stream: Any, film: Any, copies: StreamCopies) -> None:
    if is_cover(stream) and is_matroska(output.format.name):
        copies.attachments.add(stream.index)
        name, kind = _COVERS.get(stream.codec_context.name, _COVERS["mjpeg"])
        name, kind = stream.metadata.get("filename", name), stream.metadata.get("mimetype", kind)
        output.add_attachment(name, kind, cover_bytes(source, stream))
        return
    problem = _refusal(output.format.name, source, stream, film)
    if problem:
        copies.warnings.append(f"{describe(stream)} is left out: {problem}.")
        return
    copies.streams[stream.index] = _add_copy(output, source, stream)
    if stream.type == "attachment":
        copies.attachments.add(stream.index)


def _add_copy(output: Any, source: Any, stream: Any) -> Any:
    copy = output.add_stream_from_template(stream, opaque=True)
    if copy.codec_context is not None and is_mov(output.format.name) and is_mov(source.format.name):
        copy.codec_context.codec_tag = stream.codec_context.codec_tag
    _describe(copy, stream)
    return copy


def _refusal(format_name: str, source: Any, stream: Any, film: Any) -> str | None:
    """Write the header of a film with this stream alone, to memory: None, or what the muxer says."""
    if is_cover(stream) and not is_mov(format_name):
        return f"a file of type {format_name} cannot hold it"
    trial = av.open(io.BytesIO(), "w", format=format_name)
    try:
        if format_name == "mxf":  # takes no sound without pictures before it
            _add_copy(trial, source, film).codec_context.framerate = film.average_rate or 25
        _add_copy(trial, source, stream)
        trial.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        unspecific = isinstance(error, ValueError) and not isinstance(error, av.error.FFmpegError)
        unspecific |= isinstance(error, av.error.ArgumentError)
        reason = "" if unspecific else f" ({reason_of(error)})"
        return f"a file of type {format_name} cannot hold it{reason}"
    finally:
        with suppress(av.error.FFmpegError):  # nobody wants to read it
            trial.close()
    return None


def cover_bytes(container: Any, stream: Any) -> bytes:
    """Return the file that a cover is, read from a container opened anew: the one given goes on where it is."""
    with av.open(container.name) as again:
        return next((bytes(packet) for packet in again.demux(again.streams[stream.index]) if packet.size), b"")


def _describe(copy: Any, stream: Any) -> None:
    """Carry over what says how a stream is to be used."""
    copy.disposition = stream.disposition
    copy.metadata.update(stream.metadata)
    copy.time_base = stream.time_base
    if "mpegts" in stream.container.format.name and "mpegts" in copy.container.format.name:
        copy.id = stream.id


def copy_description(output: Any, source: Any) -> None:
    """Carry over title, date, place and chapters."""
    own = {key: value for key, value in source.metadata.items() if key.lower() not in _OWN_KEYS}
    output.metadata.update(own)
    if chapters := source.chapters():
        output.set_chapters(chapters)


def describe(stream: Any) -> str:
    """Name a stream as a user would: "Stream 3 (subtitle, mov_text, eng)"."""
    name = getattr(stream, "name", None) or "unknown"
    parts = [stream.type, name, stream.metadata.get("language")]
    return f"Stream {stream.index} ({', '.join(part for part in parts if part)})"


def lost_descriptions(output: Any, source: Any, pairs: list[tuple[Any, Any]]) -> list[str]:
    """Compare a written film with its source: what of its metadata, dispositions and chapters is not there.

    Parameters
    ----------
    pairs
        Streams of the source, each with its copy.
    """
    lost = [f"The tag {key!r} is left out." for key in _missing(source.metadata, output.metadata)]
    num_chapters = len(source.chapters()), len(output.chapters())
    if num_chapters[0] != num_chapters[1]:
        lost.append(f"Of {num_chapters[0]} chapters, {num_chapters[1]} are kept.")
    for stream, copy in pairs:
        lost += [f"{describe(stream)} loses its tag {key!r}." for key in _missing(stream.metadata, copy.metadata)]
        gone = stream.disposition & ~copy.disposition & ~av.stream.Disposition.default
        if gone:
            marks = ", ".join(str(mark.name) for mark in av.stream.Disposition if mark & gone)
            lost.append(f"{describe(stream)} is no longer marked as {marks}.")
    return lost


def _missing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    there = {key.lower(): value for key, value in after.items()}
    own = _OWN_KEYS | {"vendor_id", "handler_name"}
    keys = [key for key in before if key.lower() not in own and not key.lower().startswith(_STATISTICS)]
    return [key for key in keys if key.lower() not in there and before[key] != "und"]

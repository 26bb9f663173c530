"""Is a film that was written the film that was meant? Asked before it takes its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import ImpastoError, OutputError
from impasto.media.film_open import open_film
from impasto.media.film_packets import (
    PacketRecord,
    is_cover,
    made_by_muxer,
    reason_of,
    record_packets,
)
from impasto.media.film_streams import StreamCopies, cover_bytes, describe, lost_descriptions
from impasto.media.video_library import av

_NUM_LOOKS = 5
_SLACK = Fraction(1, 10)
_IN_FULL = Fraction(1)
"""Seconds before a frame that is looked at."""
_BACK = (Fraction(0), Fraction(2), Fraction(20), None)


def verify(
    output: Path | str,
    source: Path | str,
    pts: Sequence[Fraction],
    *,
    copied: StreamCopies | None = None,
    records: dict[int, PacketRecord] | None = None,
    decode_all: bool = False,
) -> list[str]:
    """Hold a written film against its source.

    Frames are as many as `pts` and at those times, as exactly as the container counts; the other streams are there, and
    those of the same type of container hold the same packets at the same times; the film is as long as its longest
    stream; its first, its last and some key frames between can be decoded.

    Parameters
    ----------
    pts
        When each frame is to be shown, in seconds, rising.
    copied
        Which streams are to be there (`assemble` knows); by default all of the source.
    records
        What packets the source's streams have; by default they are read again.
    decode_all
        Decode every frame.

    Returns
    -------
    What is lost without making the film a wrong one, in words: tags, marks, chapters.

    Raises
    ------
    OutputError
        Says what differs.
    """
    output, source = Path(output), Path(source)
    try:
        with open_film(source) as (original, film), open_film(output) as (container, copy):
            wanted = _expected(original, film, copied)
            if records is None:
                records = record_packets(source, {stream.index for stream in wanted if stream.type != "attachment"})
            written = record_packets(output, unhashed={copy.index})
            same_format = original.format.name == container.format.name
            keeps_origin = same_format and original.format.name != "mpegts"
            shift, warnings = _shift(written[copy.index], pts, keeps_origin)
            warnings += _check_frames(written[copy.index], pts, shift)
            pairs, lost = _pair(wanted, records, container, copy)
            for stream, twin in pairs:
                if stream.type == "attachment" or is_cover(stream):
                    _check_attachment(original, stream, container, twin)
                else:
                    _check_packets(stream, records[stream.index], written[twin.index], same_format)
                    _check_times(stream, records[stream.index], written[twin.index], shift)
            _check_duration(container, written)
            _check_decoding(output, [time + shift for time in pts], _looks(written[copy.index]), decode_all)
            warnings += _check_aspect(film, copy)
            return [*warnings, *lost, *lost_descriptions(container, original, [(film, copy), *pairs])]
    except OutputError:
        raise
    except ImpastoError as error:
        raise OutputError(f"The written film is not right: {error}") from error


def _expected(original: Any, film: Any, copied: StreamCopies | None) -> list[Any]:
    """Return the streams, beside the pictures, that a copy must have."""
    streams = [s for s in original.streams if s.index != film.index and not made_by_muxer(original, s)]
    if copied is None:
        return streams
    return [s for s in streams if s.index in copied.streams or s.index in copied.attachments]


def _pair(
    wanted: list[Any], records: dict[int, PacketRecord], container: Any, film: Any
) -> tuple[list[tuple[Any, Any]], list[str]]:
    """Match the n-th stream of each type with the n-th; a muxer may leave out one without packets, and say nothing."""
    there: dict[str, list[Any]] = defaultdict(list)
    for stream in container.streams:
        if stream.index != film.index and not made_by_muxer(container, stream):
            there[_type_of(stream)].append(stream)
    pairs: list[tuple[Any, Any]] = []
    lost: list[str] = []
    for kind in dict.fromkeys(map(_type_of, wanted)):
        before = [stream for stream in wanted if _type_of(stream) == kind]
        if len(there[kind]) < len(before):
            empty = [s for s in before if s.index in records and not records[s.index].num_packets]
            lost += [f"{describe(stream)} is left out: it is empty." for stream in empty]
            before = [stream for stream in before if stream not in empty]
        if len(there[kind]) != len(before):
            raise _wrong(f"it has {len(there[kind])} streams of type {kind}, not {len(before)}")
        pairs += zip(before, there[kind], strict=True)
    return pairs, lost


def _type_of(stream: Any) -> str:
    return "cover" if is_cover(stream) else str(stream.type)


def _shift(record: PacketRecord, pts: Sequence[Fraction], keeps_origin: bool) -> tuple[Fraction, list[str]]:
    """Return by how much a whole film begins later, in seconds, and say it.

    Some types of containers hold no times below zero, as others do, and so a film that changes its type may have to
    begin later, all streams alike; so may MPEG-TS, if frames wait for later ones that did not. Elsewhere there is no
    reason.
    """
    if keeps_origin or not record.ticks or not pts:
        return Fraction(0), []
    shift = min(record.ticks) * record.time_base - pts[0]
    if abs(shift) <= record.time_base / 2:
        return Fraction(0), []
    return shift, [f"All streams begin {float(shift):.3f} s later: this container holds no times below zero."]


def _check_frames(record: PacketRecord, pts: Sequence[Fraction], shift: Fraction) -> list[str]:
    """Compare times tick for tick; a container that counts coarser than the source gets its nearest ticks."""
    if len(record.ticks) != len(pts):
        raise _wrong(f"it has {len(record.ticks)} frames, not {len(pts)}")
    base, slack = record.time_base, Fraction(1, 2) + bool(shift)
    for number, (tick, time) in enumerate(zip(sorted(record.ticks), pts, strict=True)):
        if abs(tick - (time + shift) / base) > slack:
            raise _wrong(f"frame {number} is shown at {float(tick * base):.4f} s, not at {float(time):.4f} s")
    if any((time / base).denominator != 1 for time in pts):
        return [f"Times of frames are rounded: this container counts in steps of {base} s."]
    return []


def _check_packets(stream: Any, before: PacketRecord, after: PacketRecord, same_format: bool) -> None:
    """Another type of container may wrap packets otherwise (AAC in MPEG-TS), and cut them at other places."""
    if not same_format:
        return
    if before.num_packets != after.num_packets:
        raise _wrong(f"{describe(stream)} has {after.num_packets} packets, not {before.num_packets}")
    if before.digest != after.digest:
        raise _wrong(f"the packets of {describe(stream)} are not those of the source")


def _check_times(stream: Any, before: PacketRecord, after: PacketRecord, shift: Fraction) -> None:
    """Hold each packet to its time, as exactly as the coarser of both containers counts."""
    if not before.ticks or len(before.ticks) != len(after.ticks):
        return
    tick = float(max(before.time_base, after.time_base))
    was, is_now = (np.array(record.ticks, np.int64) * float(record.time_base) for record in (before, after))
    late = float(np.abs(is_now - was - float(shift)).max())
    if late > tick * (2.01 if shift else 1.01):
        raise _wrong(f"{describe(stream)} is out of time with the pictures by {late:.4f} s")


def _check_attachment(original: Any, stream: Any, container: Any, twin: Any) -> None:
    is_same = (
        cover_bytes(original, stream) == cover_bytes(container, twin) if is_cover(stream) else stream.data == twin.data
    )
    if not is_same:
        raise _wrong(f"{describe(stream)} is not what the source holds")


def _check_duration(container: Any, written: dict[int, PacketRecord]) -> None:
    """A header that says another length than the packets makes players stop early or wait."""
    if container.duration is None:
        return
    starts = [record.start for record in written.values() if record.start is not None]
    ends = [record.end for record in written.values() if record.end is not None]
    said, found = Fraction(container.duration, 1_000_000), max(ends) - min(*starts, Fraction(0))
    # Sound ends within a packet, which the header may know; at a low rate of samples packets are long.
    sounds = [written[stream.index] for stream in container.streams.audio if stream.index in written]
    slack = max([_SLACK, *(record.longest * record.time_base + _SLACK for record in sounds)])
    if abs(said - found) > slack and abs(said - (max(ends) - min(starts))) > slack:
        raise _wrong(f"its header says {float(said):.2f} s, and its packets last {float(found):.2f} s")


def _check_aspect(film: Any, copy: Any) -> list[str]:
    """Compare the shape of a pixel, which turns with the picture."""
    before, after = (Fraction(stream.sample_aspect_ratio or 1) for stream in (film, copy))
    is_turned = (film.width, film.height) == (copy.height, copy.width) and film.width != film.height
    wanted = 1 / before if is_turned else before
    return [] if after == wanted else [f"Pixels are {wanted} times as wide as high, and this container says {after}."]


def _looks(record: PacketRecord) -> list[int]:
    """Return the numbers of frames to decode: the last, and key frames before, as all others take what precedes them.

    Where no key frame is marked, frames are spread evenly.
    """
    ticks = np.sort(np.array(record.ticks, np.int64))
    places = np.linspace(0, len(ticks) - 1, _NUM_LOOKS).round().astype(np.int64)
    keys = np.sort(np.searchsorted(ticks, np.array(record.keys, np.int64)))
    if len(keys):
        places[:-1] = keys[np.maximum(np.searchsorted(keys, places[:-1], "right") - 1, 0)]
    return sorted({int(place) for place in places})


def _check_decoding(output: Path, pts: Sequence[Fraction], looks: Sequence[int], decode_all: bool) -> None:
    try:
        if decode_all:
            num_frames = sum(not frame.is_corrupt for frame in _decoded(output, None))
            if num_frames != len(pts):
                raise _wrong(f"{num_frames} of its {len(pts)} frames can be decoded")
            return
        for look in looks:
            _check_frame(output, look, pts)
    except av.error.FFmpegError as error:
        raise _wrong(f"it cannot be decoded ({reason_of(error)})") from error


def _check_frame(output: Path, number: int, pts: Sequence[Fraction]) -> None:
    """Decode from a key frame before, and wait for the very frame; MPEG-TS is sought inexactly, so try farther back."""
    for back in _BACK if number else (None,):
        start = None if back is None or pts[number] <= back else pts[number] - back
        for frame in _decoded(output, start, pts[number] - _IN_FULL):
            if frame.pts is None:
                continue
            late = frame.pts * frame.time_base - pts[number]
            if abs(late) <= frame.time_base / 2 and not frame.is_corrupt:
                return
            if late > 0:
                break
    raise _wrong(f"frame {number}, at {float(pts[number]):.3f} s, cannot be decoded")


def _decoded(output: Path, start: Fraction | None, in_full: Fraction | None = None) -> Iterator[Any]:
    """Yield the frames from `start` on; before the time `in_full` only those that others hang on, which is faster."""
    with open_film(output) as (container, film):
        film.codec_context.thread_type = "AUTO"
        if start is not None:
            container.seek(round(start / film.time_base), stream=film)
        for packet in container.demux(film):
            is_hurried = in_full is not None and packet.pts is not None and packet.pts * film.time_base < in_full
            film.codec_context.skip_frame = "NONREF" if is_hurried else "DEFAULT"
            yield from packet.decode()


def _wrong(what: str) -> OutputError:
    return OutputError(f"The written film is not right, so it is not kept: {what}.")

"""The final film: newly encoded pictures, and packet for packet everything else that the source carries.

PyAV 18 cannot copy the names of MPEG-TS programs, nor data that FFmpeg knows no codec for (Apple's `mebx`); it writes
no sample aspect into Matroska, so that there it survives only where the codec itself says it (all but VP8, VP9 and
AV1). The list that `assemble` returns names whatever a film loses.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import OutputError
from impasto.media.files import describe_os_error, is_of_disk, write_beside
from impasto.media.film_check import verify
from impasto.media.film_open import open_film
from impasto.media.film_packets import (
    PacketRecord,
    frame_times,
    is_mov,
    read_packets,
    reason_of,
)
from impasto.media.film_segments import SegmentPlan, retimed_packets, survey_segments
from impasto.media.film_streams import (
    StreamCopies,
    add_film_stream,
    annexb_filter,
    copy_description,
    copy_streams,
    describe,
    format_of,
    muxer_options,
)
from impasto.media.video_library import av

_BIT_EXACT = 0x400  # AVFMT_FLAG_BITEXACT: the same film is the same bytes
_logger = logging.getLogger(__name__)


def assemble(
    output: Path | str,
    source: Path | str,
    segments: Sequence[Path | str],
    pts: Sequence[Fraction] | None = None,
    *,
    decode_all: bool = False,
    within: Path | None = None,
) -> list[str]:
    """Write a film whose pictures are those of the segments, and whose everything else is that of the source.

    The type of container is what the suffix of `output` says. Audio, subtitles, data, attachments, chapters, metadata
    and timecode are copied; nothing but packets is held in memory, and of them a few seconds. The film is written
    beside, verified (`impasto.media.film_check.verify`), and only then renamed to `output`.

    Parameters
    ----------
    segments
        Files with pictures only, in order, all encoded with the same settings, each starting with a key frame.
    pts
        When each frame is shown, in seconds, rising; by default as the packets of the source say.
    decode_all
        Decode the whole result to verify it, not only some frames.
    within
        As for `impasto.media.files.write_beside`.

    Returns
    -------
    What the container cannot hold and the film therefore loses, in words; empty where it loses nothing.

    Raises
    ------
    OutputError
        The segments have more or fewer frames than `pts`, do not go together, or cannot be in this container; the
        disk is full; or the written film is not what it should be.
    UnreadableMediaError
        The source or a segment cannot be read.
    """
    output, source = Path(output), Path(source)
    times = list(frame_times(source) if pts is None else pts)
    format_of(output)
    plan = survey_segments([Path(path) for path in segments])
    _check_times(output, plan, times)
    with write_beside(output, within) as temporary:
        copies, records = _write(temporary, output, source, plan, times)
        copies.warnings += verify(temporary, source, times, copied=copies, records=records, decode_all=decode_all)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # whoever sees the name must find the film, after a power cut too
    for warning in copies.warnings:
        _logger.warning("%s: %s", output, warning)
    return copies.warnings


def _check_times(output: Path, plan: SegmentPlan, times: list[Fraction]) -> None:
    if plan.num_frames != len(times):
        raise OutputError(
            f"{output} is not written: its segments hold {plan.num_frames} frames, and the source {len(times)}. "
            "Render the missing ones."
        )
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        raise OutputError(f"{output} is not written: the times of its frames do not rise.")


def _write(
    temporary: Path, output: Path, source: Path, plan: SegmentPlan, times: list[Fraction]
) -> tuple[StreamCopies, dict[int, PacketRecord]]:
    """Mux to `temporary`; return which streams were copied, and the record of each by its index in the source."""
    with open_film(source) as (original, film), open_film(plan.paths[0]) as (segment, pictures):
        options = muxer_options(output, original, times, film.time_base)
        copies = StreamCopies()
        try:
            with av.open(
                str(temporary), "w", format=format_of(output), container_options=options, metadata_errors="replace"
            ) as container:
                container.flags |= _BIT_EXACT
                copy_streams(
                    container,
                    original,
                    film,
                    lambda: add_film_stream(container, original, film, segment, pictures),
                    copies,
                )
                copy_description(container, original)
                container.start_encoding()
                base = copies.streams[film.index].time_base
                _check_order(output, container.format.name, plan)
                lead = _decoding_lead(source, original, container)
                frames = retimed_packets(
                    plan,
                    [time - lead for time in times],
                    _last_duration(source, times),
                    _exact_base(film.time_base, base),
                    annexb_filter(container.format.name, pictures),
                )
                records = _mux(container, original, source, film.index, frames, copies)
        except (av.error.FFmpegError, ValueError) as error:
            reason = describe_os_error(error) if isinstance(error, OSError) and is_of_disk(error) else reason_of(error)
            raise OutputError(f"{output} cannot be written: {reason}.") from error
    return copies, records


def _exact_base(film: Fraction, output: Fraction) -> Fraction:
    """Return what times are counted in until the muxer rounds them: never coarser than what it keeps."""
    return output if (film / output).denominator == 1 else film


def _check_order(output: Path, format_name: str, plan: SegmentPlan) -> None:
    if format_name == "avi" and plan.depth:
        raise OutputError(
            f"{output} cannot be written: AVI holds no frames that wait for later ones (B frames). "
            "Name the output .mkv, or encode without them."
        )


def _decoding_lead(source: Path, original: Any, container: Any) -> Fraction:
    """AVI says when frames are decoded only, and FFmpeg guesses by how much later H.264 is shown: undo its guess."""
    if original.format.name != "avi" or container.format.name != "avi":
        return Fraction(0)
    with open_film(source) as (again, film):
        first = next(read_packets(again, source, {film.index}))
        return Fraction((first.pts - first.dts) * film.time_base) if None not in (first.pts, first.dts) else Fraction(0)


def _last_duration(source: Path, times: list[Fraction]) -> Fraction:
    """Return how long the source shows its last frame, in seconds; as long as the one before where it does not say."""
    last = times[-1]
    with open_film(source) as (container, film):
        if is_mov(container.format.name) and film.duration is not None:
            # Packets of QuickTime last from decoding to decoding, which says nothing of when frames are shown.
            rest = ((film.start_time or 0) + film.duration) * film.time_base - last
            if rest > 0:
                return Fraction(rest)
        rate = film.average_rate or film.guessed_rate
        fallback = last - times[-2] if len(times) > 1 else 1 / rate if rate else Fraction(1, 25)
        if container.duration is not None and len(times) > 1:
            container.seek(max(0, int(last / film.time_base)), stream=film)
        return _duration_of(container, source, film, last) or fallback


def _duration_of(container: Any, source: Path, film: Any, time: Fraction) -> Fraction | None:
    for packet in read_packets(container, source, {film.index}):
        if packet.pts is not None and packet.pts * packet.time_base == time and packet.duration:
            return Fraction(packet.duration * packet.time_base)
    return None


def _mux(
    container: Any, original: Any, source: Path, film_index: int, frames: Iterator[Any], copies: StreamCopies
) -> dict[int, PacketRecord]:
    """Write packets as they fall due, so that the muxer's queue stays short; return records of what was copied."""
    copied = set(copies.streams) - copies.attachments - {film_index}
    records = {index: PacketRecord(original.streams[index].time_base) for index in copied}
    latest: dict[int, int] = {}
    film = copies.streams[film_index]
    frame = next(frames, None)
    for packet in read_packets(original, source, copied):
        if packet.stream_index not in copied:
            continue
        due = packet.dts if packet.dts is not None else packet.pts
        while frame is not None and due is not None and frame.dts * frame.time_base < due * packet.time_base:
            frame = _mux_frame(container, film, frame, frames)
        _put_later(packet, copies, latest)
        records[packet.stream_index].add(packet)
        packet.stream = copies.streams[packet.stream_index]
        container.mux(packet)
    while frame is not None:
        frame = _mux_frame(container, film, frame, frames)
    return records


def _mux_frame(container: Any, film: Any, frame: Any, frames: Iterator[Any]) -> Any:
    frame.stream = film
    container.mux(frame)
    return next(frames, None)


def _put_later(packet: Any, copies: StreamCopies, latest: dict[int, int]) -> None:
    """Muxers refuse times that go backwards, as damaged films and edited ones have them: put such a packet later."""
    stream, index = packet.stream, packet.stream_index
    if packet.dts is not None:
        if packet.dts < latest.get(index, packet.dts):
            warning = f"{describe(stream)} has packets whose times go backwards; they are put later."
            if warning not in copies.warnings:
                copies.warnings.append(warning)
            packet.dts = latest[index]
            packet.pts = max(packet.dts, packet.pts if packet.pts is not None else packet.dts)
        latest[index] = packet.dts

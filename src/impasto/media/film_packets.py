"""The packets of a film: which streams there are, when they are shown, and what they hold, without decoding."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.errors import UnreadableMediaError
from impasto.media.film_open import open_film
from impasto.media.video_library import av

TIMECODE, CHAPTERS = "timecode", "chapters"
"""Tracks of QuickTime and MP4 that a muxer makes itself, of what the film says elsewhere."""
_MOV, _MATROSKA = "mov,mp4", "matroska"
_READ, _SKIP = 0, 48  # AVDISCARD_DEFAULT, AVDISCARD_ALL


def is_cover(stream: Any) -> bool:
    """Tell whether a stream of video is a still that goes with the film."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def made_by_muxer(container: Any, stream: Any) -> str | None:
    """Return TIMECODE or CHAPTERS where a stream repeats what metadata and chapters say; else None."""
    if stream.type != "data" or not is_mov(container.format.name):
        return None
    if stream.name is None and "timecode" in stream.metadata:
        return TIMECODE
    return CHAPTERS if stream.name == "bin_data" and container.chapters() else None


def is_mov(format_name: str) -> bool:
    """Tell whether a format, as demuxer or as muxer, is one of the QuickTime family."""
    return format_name.startswith(_MOV) or format_name in ("mov", "mp4", "ipod", "3gp", "3g2")


def is_matroska(format_name: str) -> bool:
    """Tell whether a format, as demuxer or as muxer, is Matroska or WebM."""
    return format_name.startswith(_MATROSKA) or format_name == "webm"


def read_packets(container: Any, path: Path, indices: Collection[int]) -> Iterator[Any]:
    """Yield the packets of some streams in the order of the file; other streams are not even read where possible.

    Raises
    ------
    UnreadableMediaError
        With the time at which the film cannot be read on.
    """
    for stream in container.streams:
        stream.discard = _READ if stream.index in indices else _SKIP
    wanted = [stream for stream in container.streams if stream.index in indices and stream.type != "attachment"]
    time = Fraction(0)
    try:
        for packet in container.demux(*wanted) if wanted else ():
            if packet.size == 0 and packet.dts is None:
                continue  # asks a decoder for its last frames
            if packet.dts is not None:
                time = packet.dts * packet.time_base
            yield packet
    except av.error.FFmpegError as error:
        reason = reason_of(error)
        raise UnreadableMediaError(f"{path} cannot be read beyond {float(time):.2f} s: {reason}.") from error


def reason_of(error: BaseException) -> str:
    """Return what FFmpeg says, without numbers and names of files."""
    return str(getattr(error, "strerror", None) or error).strip().rstrip(".")


@dataclass(slots=True)
class PacketRecord:
    """What a stream's packets are, in a few bytes each: enough to tell that a copy is one."""

    time_base: Fraction
    ticks: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    """Ticks of the packets that decoding may begin with."""
    _hash: Any = field(default_factory=hashlib.sha256)
    num_packets: int = 0
    longest: int = 0
    """How long a packet lasts at most, in ticks."""
    end: Fraction | None = None
    """When the last packet ends, in seconds."""

    def add(self, packet: Any, *, hashed: bool = True) -> None:
        """Take note of a packet, before it is given to a muxer."""
        self.num_packets += 1
        self.longest = max(self.longest, packet.duration or 0)
        if hashed:
            self._hash.update(packet.size.to_bytes(4, "little"))
            self._hash.update(packet)
        tick = packet.pts if packet.pts is not None else packet.dts
        if tick is None:
            return
        self.ticks.append(tick)
        if packet.is_keyframe:
            self.keys.append(tick)
        end = (tick + (packet.duration or 0)) * packet.time_base
        self.end = end if self.end is None else max(self.end, end)

    @property
    def digest(self) -> str:
        """SHA-256 of all packets with their sizes, in hexadecimal."""
        return str(self._hash.hexdigest())

    @property
    def start(self) -> Fraction | None:
        """When the first packet is shown or heard, in seconds; None where no packet has a time."""
        return min(self.ticks) * self.time_base if self.ticks else None


def record_packets(
    path: Path, indices: Collection[int] | None = None, *, unhashed: Collection[int] = ()
) -> dict[int, PacketRecord]:
    """Read a film's packets, of all streams unless some are named: index of the stream → record.

    Streams named as `unhashed` have a digest that means nothing, which saves time.
    """
    with open_film(path) as (container, _):
        streams = [stream for stream in container.streams if stream.type != "attachment"]
        wanted = [stream for stream in streams if indices is None or stream.index in indices]
        records = {stream.index: PacketRecord(stream.time_base) for stream in wanted}
        for packet in read_packets(container, path, set(records)):
            if packet.stream_index in records:
                records[packet.stream_index].add(packet, hashed=packet.stream_index not in unhashed)
        return records


def frame_times(path: Path) -> list[Fraction]:
    """Return when each frame is shown, in seconds and in order, as the packets say.

    That is what decoding gives wherever a packet holds one frame, as in all files that Impasto writes.
    """
    with open_film(path) as (container, stream):
        packets = read_packets(container, path, {stream.index})
        ticks = [packet.pts if packet.pts is not None else packet.dts for packet in packets if not packet.is_discard]
        return [tick * stream.time_base for tick in sorted(tick for tick in ticks if tick is not None)]

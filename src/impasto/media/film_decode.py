"""Decoding a film from its beginning or from a key picture, without losing or doubling any of its pictures."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from impasto.errors import UnreadableMediaError
from impasto.media.film_index import check_whole, clock, is_countable
from impasto.media.film_info import FilmInfo
from impasto.media.film_open import film_errors, open_film
from impasto.media.video_library import av

DEINTERLACERS = ("bwdif", "yadif")
_INTRA_PICTURE = 1


class LostKeyError(Exception):
    """Decoding could not begin at a key picture: begin at the beginning."""


@dataclass(slots=True)
class DecodedPicture:
    """A decoded frame of PyAV with its time in ticks of the stream; `is_damaged` where it stands in for another."""

    frame: Any
    ticks: int
    is_damaged: bool = False


@dataclass(slots=True)
class _Expected:
    """Times of packets that have been given to the decoder and not been seen yet."""

    waiting: list[int] = field(default_factory=list)

    def add(self, ticks: int | None) -> None:
        if ticks is not None:
            heapq.heappush(self.waiting, ticks)

    def passed(self, ticks: int | None) -> list[int]:
        """Take out all up to the picture of this time, and return those that were never shown; None takes all."""
        missed = []
        while self.waiting and (ticks is None or self.waiting[0] <= ticks):
            if (one := heapq.heappop(self.waiting)) != ticks:
                missed.append(one)
        return missed


def decode_film(
    info: FilmInfo, key: int | None = None, deinterlace: str | None = None, num_threads: int = 1
) -> Iterator[DecodedPicture]:
    """Decode the pictures of a film in the order in which they are shown.

    A picture that the decoder could not make anything of is replaced by the one before it.

    Parameters
    ----------
    key
        Ticks of the key picture to begin with; None from the first.
    deinterlace
        One of `DEINTERLACERS`.

    Raises
    ------
    UnreadableMediaError
        The film is cut short, changes its size, or is damaged where nothing can stand in.
    LostKeyError
        No decoding from this key.
    """
    with open_film(info.path) as (container, stream), film_errors(info.path):
        _configure(stream, num_threads)
        if key is not None:
            container.seek(key, stream=stream, backward=True)
        pictures = _without_gaps(info, container, stream, key)
        if deinterlace is not None:
            pictures = _deinterlaced(pictures, info, stream, deinterlace)
        yield from pictures


def _configure(stream: Any, num_threads: int) -> None:
    coded = stream.codec_context
    coded.thread_count = num_threads
    coded.thread_type = "AUTO" if num_threads != 1 else "SLICE"
    # Otherwise pictures that the decoder has patched up are dropped without a word.
    coded.flags |= av.codec.context.Flags.output_corrupt


def _without_gaps(info: FilmInfo, container: Any, stream: Any, key: int | None) -> Iterator[DecodedPicture]:
    expected = _Expected() if is_countable(info) and not info.interlaced else None
    last: DecodedPicture | None = None
    num_packets = end = 0
    for packet in _packets(container, stream, key):
        if packet.size and not packet.is_discard:
            num_packets += 1
            end = max(end, packet.pts if packet.pts is not None else end)
            if expected is not None:
                expected.add(packet.pts)
        for frame in _decode(info, packet, expected is not None):
            ticks = _ticks(frame, info, last)
            missed = expected.passed(ticks) if expected is not None else []
            if last is None and key is not None:
                _check_key(frame, ticks, key)
            if last is not None:
                yield from (DecodedPicture(last.frame, each, True) for each in missed if each > last.ticks)
            _check_unchanged(info, frame, ticks)
            last = DecodedPicture(frame, ticks, bool(frame.is_corrupt))
            yield last
    if expected is not None and last is not None:
        yield from (DecodedPicture(last.frame, each, True) for each in expected.passed(None) if each > last.ticks)
    if key is None:
        check_whole(info, stream, num_packets, end)


def _packets(container: Any, stream: Any, key: int | None) -> Iterator[Any]:
    """Yield packets from a key picture on, and the empty one that makes the decoder give out what it holds."""
    is_found = key is None
    for packet in container.demux(stream):
        if not is_found:
            if not packet.size or (packet.dts is not None and key is not None and packet.dts > key):
                raise LostKeyError
            is_found = packet.is_keyframe and packet.pts == key
        if is_found:
            yield packet


def _decode(info: FilmInfo, packet: Any, may_lose: bool) -> Iterator[Any]:
    try:
        yield from packet.decode()
    except av.error.InvalidDataError as error:
        if not may_lose:
            ticks = packet.pts if packet.pts is not None else packet.dts
            place = f" at {clock(ticks * info.time_base)}" if ticks is not None else ""
            advice = "Repair it, by converting it to MP4 or MKV for instance."
            raise UnreadableMediaError(f"{info.path} is damaged{place}. {advice}") from error


def _ticks(frame: Any, info: FilmInfo, last: DecodedPicture | None) -> int:
    """Return when a picture is shown: always later than the one before."""
    ticks = frame.pts if frame.pts is not None else frame.dts
    if ticks is None:
        step = max(1, round(1 / (info.rate * info.time_base)))
        return last.ticks + step if last is not None else 0
    return int(ticks) if last is None else max(int(ticks), last.ticks + 1)


def _check_key(frame: Any, ticks: int, key: int) -> None:
    if ticks != key or int(frame.pict_type) != _INTRA_PICTURE or frame.is_corrupt:
        raise LostKeyError


def _check_unchanged(info: FilmInfo, frame: Any, ticks: int) -> None:
    stored = (info.height, info.width) if info.orientation.swaps_sides else (info.width, info.height)
    place = f"{info.path} at {clock(ticks * info.time_base)}"
    if (frame.width, frame.height) != stored:
        sizes = f"from {stored[0]}×{stored[1]} to {frame.width}×{frame.height}"
        raise UnreadableMediaError(f"{place}: pictures change {sizes}. Cut the film there, and give both parts.")
    if frame.format.name != info.pixel_format:
        change = f"from {info.pixel_format} to {frame.format.name}"
        raise UnreadableMediaError(f"{place}: the pixel format changes {change}. Cut the film there.")


def refuse_interlaced(info: FilmInfo, ticks: int | None = None) -> None:
    """Say that a film is interlaced, and what to do.

    Raises
    ------
    UnreadableMediaError
        Always.
    """
    place = "" if ticks is None else f" from {clock(ticks * info.time_base)} on"
    advice = "Add --deinterlace to make whole pictures of its fields first."
    raise UnreadableMediaError(f"{info.path} is interlaced{place}. {advice}")


def _deinterlaced(
    pictures: Iterator[DecodedPicture], info: FilmInfo, stream: Any, name: str
) -> Iterator[DecodedPicture]:
    """Make one whole picture of the two fields of each, at the same time."""
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(template=stream, time_base=info.time_base)
    node = graph.add(name, "mode=send_frame:deint=interlaced")
    sink = graph.add("buffersink")
    graph.link_nodes(source, node, sink).configure()
    damaged: dict[int, bool] = {}
    for picture in pictures:
        damaged[picture.ticks] = picture.is_damaged
        picture.frame.pts = picture.ticks
        graph.push(picture.frame)
        yield from _pulled(graph, info, damaged)
    graph.push(None)
    yield from _pulled(graph, info, damaged)


def _pulled(graph: Any, info: FilmInfo, damaged: dict[int, bool]) -> Iterator[DecodedPicture]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        ticks = int(Fraction(frame.pts) * frame.time_base / info.time_base)
        yield DecodedPicture(frame, ticks, damaged.pop(ticks, False))

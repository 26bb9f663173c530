"""Encoded pieces of a film, one after the other, with the times of the source.

What times a segment has does not matter, only the order in which its frames are shown: the n-th frame of all segments
gets the n-th time. Decoding times follow from those: with frames that wait for at most `depth` later ones, packet n is
decoded when frame n − depth is shown, which is never late, strictly rising, and the same on every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import OutputError
from impasto.media.film_open import open_film
from impasto.media.film_packets import read_packets
from impasto.media.video_library import av


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """The segments of a film; `ranks[s][n]` is the place in the film of the frame in packet n of segment s."""

    paths: tuple[Path, ...]
    ranks: tuple[NDArray[np.int32], ...]
    depth: int
    """How many packets a frame waits at most, from decoding to being shown."""

    @property
    def num_frames(self) -> int:
        return sum(len(ranks) for ranks in self.ranks)


def survey_segments(paths: Sequence[Path]) -> SegmentPlan:
    """Read the order of frames of each segment, and hold that one decoder can play them all.

    Raises
    ------
    OutputError
        No segments; or one is empty, has no times, or is coded with other settings than the first.
    """
    if not paths:
        raise OutputError("No segments are given, so there is no film to write.")
    first_coding: Any = None
    ranks: list[NDArray[np.int32]] = []
    depth, start = 0, 0
    for path in paths:
        coding, order = _survey(path)
        first_coding = first_coding or coding
        if coding != first_coding:
            raise OutputError(f"{path} is coded with other settings than {paths[0]}. Render it again.")
        depth = max(depth, int((np.arange(len(order)) - order).max()))
        ranks.append((order + start).astype(np.int32))
        start += len(order)
    return SegmentPlan(tuple(paths), tuple(ranks), depth)


def _survey(path: Path) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
    """Return what a decoder has to know beforehand, and the place in the segment of each packet's frame."""
    with open_film(path) as (container, stream):
        context = stream.codec_context
        coding = (context.name, context.width, context.height, context.pix_fmt, context.extradata)
        packets = [(packet.pts, packet.dts) for packet in read_packets(container, path, {stream.index})]
    times = [shown for shown, _ in packets]
    if set(times) == {None}:
        times = [decoded for _, decoded in packets]  # AVI, which has no frames that wait for later ones
    if not times:
        raise OutputError(f"{path} holds no frames. Render it again.")
    if None in times or len(set(times)) < len(times):
        raise OutputError(f"{path} does not say when each of its frames is shown. Render it again.")
    return coding, np.argsort(np.argsort(np.array(times, np.int64)))


def retimed_packets(
    plan: SegmentPlan,
    pts: Sequence[Fraction],
    last_duration: Fraction,
    time_base: Fraction,
    bitstream_filter: str | None = None,
) -> Iterator[Any]:
    """Yield the packets of all segments in decoding order, with the times of the film.

    Parameters
    ----------
    pts
        When each frame is shown, in seconds, rising; as many as the plan has frames.
    time_base
        What the times of the result are multiples of, in seconds; `pts` are rounded to it.
    bitstream_filter
        FFmpeg's name of what makes packets fit a container; one packet of one.
    """
    ticks = [round(time / time_base) for time in pts]
    step = max(1, round(last_duration / time_base))
    ends = [*ticks[1:], ticks[-1] + step]
    first_step = max(1, ticks[1] - ticks[0]) if len(ticks) > 1 else step
    if ticks[0] >= plan.depth > 0:  # decoding need not begin below zero, which not every container can say
        first_step = min(first_step, ticks[0] // plan.depth)
    number = 0
    for path, ranks in zip(plan.paths, plan.ranks, strict=True):
        with open_film(path) as (container, stream):
            packets = read_packets(container, path, {stream.index})
            for rank, packet in zip(ranks.tolist(), _filtered(packets, bitstream_filter, stream), strict=True):
                behind = number - plan.depth
                packet.time_base = time_base
                packet.pts = ticks[rank]
                packet.dts = ticks[behind] if behind >= 0 else ticks[0] + behind * first_step
                packet.duration = ends[rank] - ticks[rank]
                number += 1
                yield packet


def _filtered(packets: Iterator[Any], name: str | None, stream: Any) -> Iterator[Any]:
    if name is None:
        yield from packets
        return
    context = av.bitstream.BitStreamFilterContext(name, stream)
    for packet in packets:
        yield from context.filter(packet)

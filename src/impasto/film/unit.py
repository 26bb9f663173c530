"""Doing units: decode, restyle and encode at once, and keep each unit when it is whole."""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from impasto.apply.stylizer import State
from impasto.errors import UnreadableMediaError
from impasto.film.folder import JobFolder, UnitRecord, size_of
from impasto.film.medium import Medium, PictureSink
from impasto.film.picture import Picture
from impasto.film.pipeline import run_pipeline
from impasto.film.plan import FilmPlan, PlannedUnit
from impasto.film.rendering import Renderer
from impasto.film.shot_meter import ShotMeter
from impasto.media.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """A picture for a unit; what is not shown only warms it up."""

    unit: PlannedUnit
    picture: Picture
    is_shown: bool
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What came of it."""

    unit: PlannedUnit
    before: Picture
    after: Picture
    digest: str
    seconds: dict[str, float]


@dataclass(slots=True, eq=False)
class _Segment:
    """A unit that is being written."""

    unit: PlannedUnit
    path: Path
    sink: PictureSink
    digests: list[str] = field(default_factory=list)
    meter: ShotMeter = field(default_factory=ShotMeter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class UnitRunner:
    """Does units of a plan, in this process.

    Parameters
    ----------
    on_frame
        Called with 1 after each frame, on the thread that runs units.
    on_unit
        Called with the record of each unit once it is kept.
    """

    def __init__(
        self,
        plan: FilmPlan,
        folder: JobFolder,
        medium: Medium,
        renderer: Renderer,
        on_frame: Callable[[int], None] | None = None,
        on_unit: Callable[[UnitRecord], None] | None = None,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._medium = medium
        self._renderer = renderer
        self._on_frame = on_frame
        self._on_unit = on_unit
        self._states: dict[int, State] = {}
        self._segment: _Segment | None = None
        self._closing: Future[UnitRecord] | None = None

    def run(self, units: Sequence[PlannedUnit]) -> None:
        """Do units, in rising order; those that follow one another are read in one go.

        Raises
        ------
        UnreadableMediaError
            The film is damaged, or has changed.
        OutputError
            The disk is full, or the folder of the job is gone. Units that are finished are kept.
        """
        self._states.clear()
        with ThreadPoolExecutor(1, thread_name_prefix="impasto-close") as closer:
            try:
                run_pipeline(self._feed(units), self._restyle, lambda made: self._write(made, closer))
                self._await_closing()
            except BaseException:
                self._drop()
                raise

    # --- reading -----------------------------------------------------------------------------------------------------

    def _feed(self, units: Sequence[PlannedUnit]) -> Iterator[_Given]:
        for stretch in _stretches(units):
            yield from self._feed_stretch(stretch)

    def _feed_stretch(self, units: Sequence[PlannedUnit]) -> Iterator[_Given]:
        """Give each picture to the unit that shows it, and to the one that it warms up."""
        anchors = {unit.anchor for unit in units}
        held: Picture | None = None
        running: list[PlannedUnit] = []
        waiting = list(units)
        for picture, seconds in self._read(units[0].first_seen, units[-1].stop):
            index = picture.index
            if index in anchors:
                held = picture
            while waiting and waiting[0].first_seen == index:
                unit = waiting.pop(0)
                running.append(unit)
                if unit.anchor is not None:
                    held = held if held is not None and held.index == unit.anchor else self._read_one(unit.anchor)
                    yield _Given(unit, held, False, 0.0)
            for unit in running:
                yield _Given(unit, picture, index >= unit.start, seconds if index >= unit.start else 0.0)
            running = [unit for unit in running if index + 1 < unit.stop]

    def _read_one(self, index: int) -> Picture:
        return next(picture for picture, _ in self._read(index, index + 1))

    def _read(self, start: int, stop: int) -> Iterator[tuple[Picture, float]]:
        """Yield pictures with the shot they belong to, and the seconds that reading took."""
        began, expected = time.perf_counter(), start
        for picture in self._medium.frames(start, stop):
            if picture.index != expected:
                break
            shot = self._plan.shot_at(picture.index).index
            placed = replace(picture, shot=shot) if isinstance(picture, Frame) else picture.with_shot(shot)
            yield placed, time.perf_counter() - began
            expected, began = expected + 1, time.perf_counter()
        if expected != stop:
            raise UnreadableMediaError(
                f"{self._medium.source} has no picture {expected}, though it had when the job was planned. "
                "Has it changed? Start anew with --overwrite."
            )

    # --- restyling ---------------------------------------------------------------------------------------------------

    def _restyle(self, given: _Given) -> _Made | None:
        began = time.perf_counter()
        unit = given.unit
        after, state = self._renderer(given.picture, self._states.get(unit.index, State()))
        self._states[unit.index] = state
        if given.picture.index + 1 == unit.stop:
            del self._states[unit.index]
        if not given.is_shown:
            return None
        restyled = time.perf_counter()
        digest = digest_of(after)
        seconds = {
            "decode": given.seconds,
            self._renderer.stage: restyled - began,
            "check": time.perf_counter() - restyled,
        }
        return _Made(unit, given.picture, after, digest, seconds)

    # --- writing -----------------------------------------------------------------------------------------------------

    def _write(self, made: _Made, closer: ThreadPoolExecutor) -> None:
        began = time.perf_counter()
        segment = self._segment
        if segment is None:
            path = self._folder.unfinished_path(made.unit)
            segment = self._segment = _Segment(made.unit, path, self._medium.open_sink(path))
        segment.sink.write(made.after)
        segment.digests.append(made.digest)
        segment.meter.add(made.before, made.after)
        for name, seconds in made.seconds.items():
            segment.seconds[name] += seconds
        segment.seconds["encode"] += time.perf_counter() - began
        if self._on_frame is not None:
            self._on_frame(1)
        if len(segment.digests) == len(segment.unit):
            self._segment = None
            self._await_closing()
            # What an encoder still holds comes out while the next unit goes on.
            self._closing = closer.submit(self._close, segment)

    def _close(self, segment: _Segment) -> UnitRecord:
        began = time.perf_counter()
        segment.sink.close()
        segment.seconds["encode"] += time.perf_counter() - began
        unit = segment.unit
        record = UnitRecord(
            index=unit.index,
            start=unit.start,
            stop=unit.stop,
            num_bytes=size_of(segment.path),
            digests=tuple(segment.digests),
            seconds={name: round(seconds, 4) for name, seconds in segment.seconds.items()},
            meter=segment.meter.record(),
        )
        self._folder.finish_unit(unit, segment.path, record)
        return record

    def _await_closing(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None:
            record = closing.result()
            if self._on_unit is not None:
                self._on_unit(record)

    def _drop(self) -> None:
        """Give up the segment that is being written; nothing that goes wrong now is news."""
        segment, self._segment = self._segment, None
        if segment is not None:
            with suppress(Exception):
                segment.sink.discard()


def _stretches(units: Sequence[PlannedUnit]) -> list[list[PlannedUnit]]:
    """Put units together that follow one another without a gap."""
    stretches = [[unit] for unit in units[:1]]
    for last, unit in pairwise(units):
        if unit.start == last.stop:
            stretches[-1].append(unit)
        else:
            stretches.append([unit])
    return stretches


def digest_of(picture: Picture) -> str:
    """Return a check sum of each plane of a picture: enough to tell what goes wrong, and not to be noticed in time."""
    planes = [picture.pixels] if isinstance(picture, Frame) else [*picture.planes]
    planes += [picture.alpha] if picture.alpha is not None else []
    return "".join(f"{zlib.crc32(np.ascontiguousarray(plane).data):08x}" for plane in planes)

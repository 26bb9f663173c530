"""`Shot`: frames of one camera position; and cutting a film into them where transitions are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A frame by its number, and its time in seconds."""

    index: int
    time: Fraction


@dataclass(frozen=True, slots=True)
class Transition:
    """From the first frame that is no longer the old shot alone to the first that is the new one alone.

    `clarity` in [0, 1] says how unlike the two pictures are.
    """

    kind: str
    start: Moment
    stop: Moment
    clarity: float = 1.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames of one camera position, and how it comes in.

    Attributes
    ----------
    index
        Number of the shot, from 0.
    start, stop
        Its frames, without `stop`. Shots follow each other without gaps.
    start_time, stop_time
        Exact times in seconds at which it begins, and at which the next one does or the film ends.
    transition
        "cut", "dissolve" or "fade": how it follows the shot before. The first shot has "cut".
    transition_start
        First frame of that transition, which lasts up to `start`, the first frame that shows this shot alone, and is
        part of the shot before; `start` itself for a cut.
    """

    index: int
    start: int
    stop: int
    start_time: Fraction
    stop_time: Fraction
    transition: str
    transition_start: int

    @property
    def num_frames(self) -> int:
        """How many frames it has."""
        return self.stop - self.start

    @property
    def duration(self) -> Fraction:
        """How long it lasts, in seconds."""
        return self.stop_time - self.start_time

    @property
    def num_transition_frames(self) -> int:
        """How many frames the transition into it lasts; 0 for a cut."""
        return self.start - self.transition_start


class FilmEnds:
    """The first frame of a film, and the moment after its last."""

    def __init__(self) -> None:
        self.first: Moment | None = None
        self._last: Moment | None = None
        self._step = Fraction(0)

    def add(self, moment: Moment) -> None:
        """Take the next frame."""
        if self._last is not None:
            self._step = moment.time - self._last.time
        self.first, self._last = self.first or moment, moment

    @property
    def end(self) -> Moment | None:
        """The moment after the last frame, which is taken to last as long as the one before."""
        return self._last and Moment(self._last.index + 1, self._last.time + self._step)


def split_film(ends: FilmEnds, transitions: Sequence[Transition]) -> list[Shot]:
    """Return the shots between transitions, which are in order; none where the film has no frame.

    A transition that the film begins or ends with is none, since there is one shot only.
    """
    first, end = ends.first, ends.end
    if first is None or end is None:
        return []
    inner = [each for each in transitions if first < each.start and each.stop < end]
    incoming = [Transition("cut", first, first), *inner]
    stops = [*(each.stop for each in inner), end]
    return [_shot(index, each, stop) for index, (each, stop) in enumerate(zip(incoming, stops, strict=True))]


def _shot(index: int, incoming: Transition, end: Moment) -> Shot:
    start = incoming.stop
    return Shot(index, start.index, end.index, start.time, end.time, incoming.kind, incoming.start.index)

"""The one pass over a film before it is restyled: its shots, the times of its pictures, and thumbnails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnreadableMediaError
from impasto.film.plan import PlannedShot
from impasto.media.planar import PlanarFrame
from impasto.vision.shot_finder import ShotFinder

NUM_SAMPLES = 5
MAX_THUMBNAILS = 4096
_FIRST_STRIDE = 6

Thumbnail = NDArray[np.float32]
MakeThumbnail = Callable[[PlanarFrame], Thumbnail]


@dataclass(slots=True)
class Thumbnails:
    """Thumbnails of some pictures all over a film, as many as memory is worth: the longer the film, the rarer.

    Parameters
    ----------
    make
        Makes one, in [0, 1].
    """

    make: MakeThumbnail
    max_kept: int = MAX_THUMBNAILS
    _stride: int = _FIRST_STRIDE
    _kept: dict[int, NDArray[np.uint16]] = field(default_factory=dict)

    def add(self, picture: PlanarFrame) -> None:
        """Take the next picture of the film, which may be left out."""
        if picture.index % self._stride:
            return
        self._kept[picture.index] = np.rint(self.make(picture) * 65535).astype(np.uint16)
        if len(self._kept) > self.max_kept:
            self._stride *= 2
            self._kept = {index: each for index, each in self._kept.items() if index % self._stride == 0}

    def between(self, start: int, stop: int, number: int = NUM_SAMPLES) -> list[Thumbnail]:
        """Return up to so many of a span, spread evenly; none where none was kept."""
        first = -(-start // self._stride) * self._stride
        inside = [index for index in range(first, stop, self._stride) if index in self._kept]
        if not inside:
            return []
        chosen = np.linspace(0, len(inside) - 1, min(number, len(inside))).round().astype(int)
        return [self._kept[inside[place]].astype(np.float32) / np.float32(65535) for place in chosen]


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a film tells: its shots, and when each picture is shown in seconds."""

    shots: tuple[PlannedShot, ...]
    times: tuple[Fraction, ...]


def survey(
    pictures: Iterable[PlanarFrame],
    source: Path,
    rate: Fraction,
    thumbnails: Thumbnails | None = None,
    on_frame: Callable[[int], None] | None = None,
    also: Callable[[PlanarFrame], object] | None = None,
) -> Survey:
    """Read a whole film once.

    Parameters
    ----------
    on_frame
        Called with 1 after each picture.
    also
        Shown each picture, for whatever else is to be found out.

    Raises
    ------
    UnreadableMediaError
        It cannot be read, or has no picture.
    """
    finder, times = ShotFinder(rate), list[Fraction]()
    for picture in pictures:
        finder.add(picture)
        times.append(picture.pts)
        if thumbnails is not None:
            thumbnails.add(picture)
        if also is not None:
            also(picture)
        if on_frame is not None:
            on_frame(1)
    if not times:
        raise UnreadableMediaError(f"{source} has no pictures.")
    return Survey(tuple(PlannedShot.of(shot) for shot in finder.finish()), tuple(times))


def clear_span(shots: tuple[PlannedShot, ...], shot: PlannedShot) -> tuple[int, int]:
    """Return the frames that show one shot alone, without the transition into the next; all of it if there are none."""
    following = shots[shot.index + 1] if shot.index + 1 < len(shots) else None
    stop = min(shot.stop, following.transition_start) if following else shot.stop
    return shot.start, stop if stop > shot.start else shot.stop

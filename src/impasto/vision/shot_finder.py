"""Finding the shots of a film in frames that arrive one by one."""

from __future__ import annotations

from fractions import Fraction

from impasto.media.planar import PlanarFrame
from impasto.vision.cuts import Cut, CutFinder
from impasto.vision.dissolves import Dissolve, DissolveFinder
from impasto.vision.shot import FilmEnds, Shot, split_film
from impasto.vision.shot_thumbnail import ShotThumbnail, make_thumbnail
from impasto.vision.transitions import FlatRun, find_transitions

ORDINARY_RATE = Fraction(24)
_FLASH_SECONDS, _LONGEST_SECONDS = Fraction(1, 6), 3


class ShotFinder:
    """Finds shots in frames that arrive one by one, at flat memory: it keeps thumbnails of the last seconds.

    Parameters
    ----------
    rate
        Frames a second, which say how many frames a flash or a dissolve may last.
    """

    def __init__(self, rate: Fraction = ORDINARY_RATE) -> None:
        self._num_flash_frames = max(3, round(rate * _FLASH_SECONDS))
        self._cut_finder = CutFinder(self._num_flash_frames)
        self._dissolve_finder = DissolveFinder(round(rate * _LONGEST_SECONDS))
        self._cuts: list[Cut] = []
        self._dissolves: list[Dissolve] = []
        self._flat_runs: list[FlatRun] = []
        self._film = FilmEnds()

    def add(self, frame: PlanarFrame) -> None:
        """Take the next frame."""
        self.add_thumbnail(make_thumbnail(frame))

    def add_thumbnail(self, thumbnail: ShotThumbnail) -> None:
        """Take the thumbnail of the next frame."""
        self._film.add(thumbnail.moment)
        if cut := self._cut_finder.add(thumbnail):
            self._cuts.append(cut)
        if dissolve := self._dissolve_finder.add(thumbnail):
            self._dissolves.append(dissolve)
        if self._flat_runs and self._flat_runs[-1].is_open:
            self._flat_runs[-1].extend(thumbnail)
        elif thumbnail.is_flat:
            self._flat_runs.append(FlatRun(thumbnail))

    def finish(self) -> list[Shot]:
        """Return the shots of the film, which ends here; none where there was no frame."""
        self._cuts += self._cut_finder.finish()
        if dissolve := self._dissolve_finder.finish():
            self._dissolves.append(dissolve)
        transitions = find_transitions(self._cuts, self._dissolves, self._flat_runs, self._num_flash_frames)
        return split_film(self._film, transitions)

"""The LUT of each shot of a film: made once when the job is planned, kept in its folder, the same for every worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from impasto.apply.film_look import FilmLook, LookLink, film_thumbnail
from impasto.apply.film_space import lut_for_film
from impasto.apply.lut import Lut3D
from impasto.apply.stylizer import State
from impasto.errors import UnreadableMediaError
from impasto.film.folder import save_array
from impasto.film.medium import Medium
from impasto.film.picture import Picture
from impasto.film.plan import PlannedShot
from impasto.film.survey import Thumbnail, Thumbnails, clear_span
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame


class KeptLuts(Sequence[Lut3D]):
    """LUTs in a folder, read when asked for: those of a long film do not fit into memory.

    Parameters
    ----------
    color
        Of the film, for whose RGB they are returned. They are kept for sRGB.
    """

    def __init__(self, folder: Path, number: int, color: Color) -> None:
        self._folder = folder
        self._number = number
        self._color = color

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, index: int) -> Lut3D: ...
    @overload
    def __getitem__(self, index: slice) -> list[Lut3D]: ...
    def __getitem__(self, index: int | slice) -> Lut3D | list[Lut3D]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._number))]
        if not 0 <= index < self._number:
            raise IndexError(index)
        path = _lut_path(self._folder, index)
        try:
            return lut_for_film(Lut3D(np.load(path, allow_pickle=False)), self._color)
        except (OSError, ValueError, EOFError) as error:
            raise UnreadableMediaError(f"{path} is missing or damaged. Start anew with --overwrite.") from error


def keep_lut(folder: Path, shot: int, lut: Lut3D) -> None:
    """Keep the LUT of a shot, for sRGB.

    Raises
    ------
    OutputError
        The disk is full, or the folder is gone.
    """
    save_array(_lut_path(folder, shot), lut.table)


def _lut_path(folder: Path, shot: int) -> Path:
    return folder / f"{shot:06}.npy"


def shot_thumbnails(
    medium: Medium, shots: tuple[PlannedShot, ...], thumbnails: Thumbnails, links: Sequence[LookLink]
) -> Iterator[list[Thumbnail]]:
    """Yield what LUTs are made from: thumbnails of each shot, fetched now for one that has none yet."""
    found = [thumbnails.between(*clear_span(shots, shot)) for shot in shots]
    spans = [clear_span(shots, shot) for shot, own in zip(shots, found, strict=True) if not own]
    fetched = medium.pick([(start + stop) // 2 for start, stop in spans])
    for own in found:
        yield own or [film_thumbnail(_planar(next(fetched)), links)]


class LookRenderer:
    """Grades each picture with the LUT of its shot, eased over dissolves; it remembers nothing."""

    stage = "look"

    def __init__(
        self, shots: Sequence[PlannedShot], luts: Sequence[Lut3D], color: Color, bit_depth: int, num_threads: int
    ) -> None:
        self._look = FilmLook(shots, luts, color, bit_depth)
        self._num_threads = num_threads

    def __call__(self, picture: Picture, state: State) -> tuple[Picture, State]:
        """Return the graded picture, and the same state."""
        return self._look.apply(_planar(picture), num_threads=self._num_threads), state


def _planar(picture: Picture) -> PlanarFrame:
    assert isinstance(picture, PlanarFrame), "looks over films work on code values"
    return picture

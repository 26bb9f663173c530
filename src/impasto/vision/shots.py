"""The shots of a film, found in one pass: cuts, dissolves and fades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from impasto.errors import UsageError
from impasto.media.planar import PlanarFrame
from impasto.vision.shot import Shot
from impasto.vision.shot_finder import ORDINARY_RATE, ShotFinder

__all__ = ["DETECTORS", "Detector", "Shot", "checked_detector", "find_shots"]

Detector: TypeAlias = Literal["thumbnails", "transnet"]
DETECTORS: tuple[Detector, ...] = ("thumbnails", "transnet")
_SLOWEST, _FASTEST = Fraction(5), Fraction(240)


class _Finder(Protocol):
    def add(self, frame: PlanarFrame) -> None: ...

    def finish(self) -> list[Shot]: ...


def find_shots(
    film: Iterable[PlanarFrame] | Path | str, *, detector: Detector = "thumbnails", rate: Fraction | None = None
) -> list[Shot]:
    """Find the shots of a film in one pass.

    Parameters
    ----------
    film
        A path, or all frames in the order in which they are shown.
    detector
        "thumbnails" compares small pictures, and tells cuts, dissolves and fades apart. "transnet" asks a network for
        cuts (`impasto.vision.transnet`), which takes the packages that module names, and about ten times as long.
    rate
        Frames a second. Default: what the file says, or the first two frames.

    Raises
    ------
    UsageError
        There is no such detector.
    UnreadableMediaError
        The film cannot be read.
    MissingExtraError
        What reads films, or the network, is not installed.
    """
    detector = checked_detector(detector)
    if isinstance(film, Path | str):
        from impasto.media.film_read import FilmSource  # noqa: PLC0415  an extra

        source = FilmSource(film)
        frames, own_rate = iter(source), source.info.rate
    else:
        frames, own_rate = _with_rate(film)
    finder = _finder(detector, rate or own_rate)
    for frame in frames:
        finder.add(frame)
    return finder.finish()


def checked_detector(name: str) -> Detector:
    """Return the detector of this name.

    Raises
    ------
    UsageError
        There is none.
    """
    for known in DETECTORS:
        if known == name:
            return known
    raise UsageError(f"There is no shot detector '{name}'. Choose one of {', '.join(DETECTORS)}.")


def _finder(detector: Detector, rate: Fraction) -> _Finder:
    if detector == "transnet":
        from impasto.vision.transnet import TransNetFinder  # noqa: PLC0415  an extra

        return TransNetFinder()
    return ShotFinder(rate)


def _with_rate(film: Iterable[PlanarFrame]) -> tuple[Iterator[PlanarFrame], Fraction]:
    """Return frames, and how many a second the first two suggest."""
    frames = iter(film)
    beginning = list(islice(frames, 2))
    step = beginning[1].pts - beginning[0].pts if len(beginning) == 2 else Fraction(0)
    rate = min(max(1 / step, _SLOWEST), _FASTEST) if step > 0 else ORDINARY_RATE
    return chain(beginning, frames), rate

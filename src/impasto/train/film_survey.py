"""One pass over a film that finds its shots and, in each, the frames worth learning from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from impasto.media.planar import PlanarFrame
from impasto.vision.shot import Shot

Box = tuple[slice, slice]

_LOOKS_PER_SECOND = 6
_LOOKED_AT_HEIGHT = 360
_SECONDS_PER_PICK = 3
_MAX_PER_SHOT = 3
# Bars are as black as code values get, but for what compression does at their edge.
_BAR_LIGHTNESS = 0.045
_BAR_SHARE = 0.98
_MOST_BARS = 0.45
_LEAST_CONTRAST = 0.02


@dataclass(frozen=True, slots=True)
class Sight:
    """What one frame looks like: how sharp, 0 for what shows nothing."""

    index: int
    sharpness: float


class FilmSurvey:
    """Looks at every few frames of a film as they go by.

    Parameters
    ----------
    rate
        Frames a second.
    """

    def __init__(self, rate: Fraction) -> None:
        self.sights: list[Sight] = []
        self._every = max(1, round(rate / _LOOKS_PER_SECOND))
        self._brightest: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._step = 1

    def watch(self, frames: Iterable[PlanarFrame]) -> Iterator[PlanarFrame]:
        """Hand frames through."""
        for frame in frames:
            if frame.index % self._every == 0:
                self._look(frame)
            yield frame

    def picture_box(self, height: int, width: int) -> Box:
        """Return the rows and columns of pictures that no bars cover, of the whole film."""
        if self._brightest is None:
            return slice(0, height), slice(0, width)
        rows, columns = self._brightest
        return _without_bars(rows, self._step, height), _without_bars(columns, self._step, width)

    def choose(self, shots: Sequence[Shot], most: int) -> list[int]:
        """Return numbers of the sharpest frames, up to a few of each shot, from other parts of it; at most so many."""
        by_shot = [numbers for shot in shots if (numbers := self._choose_from(shot))]
        total = sum(map(len, by_shot))
        if total > most:
            by_shot = [numbers[:1] for numbers in by_shot]
        if len(by_shot) > most:
            by_shot = [by_shot[index] for index in np.linspace(0, len(by_shot) - 1, most).round().astype(int)]
        return sorted(number for numbers in by_shot for number in numbers)

    def _choose_from(self, shot: Shot) -> list[int]:
        """Return the sharpest frame of each part, the sharpest of all first."""
        num_parts = int(min(_MAX_PER_SHOT, 1 + shot.duration // _SECONDS_PER_PICK))
        edges = [shot.start + shot.num_frames * part // num_parts for part in range(num_parts + 1)]
        seen = [sight for sight in self.sights if shot.start <= sight.index < shot.stop and sight.sharpness > 0]
        chosen = []
        for start, stop in pairwise(edges):
            if within := [sight for sight in seen if start <= sight.index < stop]:
                chosen.append(max(within, key=lambda sight: sight.sharpness))
        return [sight.index for sight in sorted(chosen, key=lambda sight: -sight.sharpness)]

    def _look(self, frame: PlanarFrame) -> None:
        self._step = max(1, min(frame.height, frame.width) // _LOOKED_AT_HEIGHT)
        light = _lightness(frame)[:: self._step, :: self._step]
        rows, columns = (np.quantile(light, _BAR_SHARE, axis=axis).astype(np.float32) for axis in (1, 0))
        if self._brightest is not None:
            rows, columns = np.maximum(rows, self._brightest[0]), np.maximum(columns, self._brightest[1])
        self._brightest = rows, columns
        self.sights.append(Sight(frame.index, _sharpness(light)))


def _lightness(frame: PlanarFrame) -> NDArray[np.float32]:
    luma = frame.planes[0].astype(np.float32)
    unit = np.float32(2 ** (frame.bit_depth - 8))
    return luma / (255 * unit) if frame.color.full_range else (luma / unit - 16) / np.float32(219)


def _sharpness(light: NDArray[np.float32]) -> float:
    """Return how strong edges are against the contrast; 0 for a picture of one tone, such as in a fade."""
    contrast = float(light.std())
    if contrast < _LEAST_CONTRAST or min(light.shape) < 3:
        return 0.0
    inner = light[1:-1, 1:-1]
    laplacian = 4 * inner - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:]
    return float(np.abs(laplacian).mean()) / contrast


def _without_bars(brightest: NDArray[np.float32], step: int, length: int) -> slice:
    lit = np.flatnonzero(brightest > _BAR_LIGHTNESS)
    if not len(lit):
        return slice(0, length)
    first, last = int(lit[0]), int(lit[-1])
    start = (first + 1) * step if first else 0
    stop = (last - 1) * step if last < len(brightest) - 1 else length
    if start > _MOST_BARS * length or length - stop > _MOST_BARS * length:
        return slice(0, length)
    return slice(start, stop)

"""Where one picture turns into another over several frames: dissolves, and fades to and from a plain colour.

Every frame of a dissolve is a mix of the frames around it, with shares that grow evenly (A. Hampapur et al.,
"Production Model Based Digital Video Segmentation", 1995). Since that holds for thumbnails as well, the products of the
thumbnails of the last seconds with each other say of each stretch of frames whether it is one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.vision.picture_change import changed_area, structure, unexplained_change
from impasto.vision.shot_thumbnail import Floats, ShotThumbnail

_LENGTHS = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 86, 115)
_MARGIN = 12
_LEAST_CHANGE = 0.05
_MOST_RESIDUAL = 0.33
_MOST_UNEVEN = 0.13
_MOST_UNEVEN_FITTED = 0.1
_MOST_STEP = 0.25
_LEAST_UNEXPLAINED = 0.5
_LEAST_AREA = 0.5
_MOST_STRUCTURE = 0.75
_STRUCTURE_SLOPE = 0.5
"""How much structure the middle may have against the mean of both ends, less where it is no clean mix: a dissolve
leaves half of it, a slow pan all."""
_MOST_RESIDUAL_OF_FADE = 0.2
_FAINT = 0.06
_MOST_CLOSING = 12


@dataclass(frozen=True, slots=True, eq=False)
class Dissolve:
    """One picture turning into another.

    Attributes
    ----------
    before, first, after
        The last frame of the old picture, the first that is a mix, and the first of the new picture.
    middle
        The first frame that shows more of the new picture than of the old.
    """

    before: ShotThumbnail
    first: ShotThumbnail
    middle: ShotThumbnail
    after: ShotThumbnail

    @property
    def num_frames(self) -> int:
        """How many frames are a mix."""
        return self.after.index - self.first.index


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Frames that may be part of a dissolve, by index, and the squared distance of its ends."""

    start: int
    stop: int
    distance: float


class DissolveFinder:
    """Finds dissolves in thumbnails that arrive one by one; holds those of the last seconds.

    Parameters
    ----------
    longest
        How many frames a dissolve may last, at most 120.
    """

    def __init__(self, longest: int = 72) -> None:
        self._lengths = [length for length in _LENGTHS if length <= max(longest, 4)]
        self._size = self._lengths[-1] + 2 * _MARGIN + _MOST_CLOSING + 2
        self._frames: deque[ShotThumbnail] = deque(maxlen=self._size)
        self._signatures: Floats = np.zeros((self._size, 0), np.float32)
        self._products = np.zeros((self._size, self._size), np.float64)
        self._best: _Stretch | None = None
        self._settled = 0

    def add(self, thumbnail: ShotThumbnail) -> Dissolve | None:
        """Take the next frame; return a dissolve that ended some frames ago if it shows by now."""
        self._remember(thumbnail)
        longest, found = self._longest_stretch(), None
        if self._best is not None and self._is_over(self._best, longest):
            found = self._close()
        if longest is not None and (self._best is None or longest.distance >= self._best.distance):
            self._best = longest if longest.start >= self._settled - 1 else self._best
        return found

    def finish(self) -> Dissolve | None:
        """Return the dissolve that the last frames end with, if they do."""
        return self._close()

    def _remember(self, thumbnail: ShotThumbnail) -> None:
        """Put the newest frame last, and its products with all others into the last row and column."""
        signature = thumbnail.signature()
        if not self._signatures.shape[1]:
            self._signatures = np.zeros((self._size, len(signature)), np.float32)
        self._frames.append(thumbnail)
        self._signatures[:-1] = self._signatures[1:]
        self._signatures[-1] = signature
        self._products[:-1, :-1] = self._products[1:, 1:]
        self._products[-1] = self._products[:, -1] = self._signatures @ signature

    def _longest_stretch(self) -> _Stretch | None:
        """Return the longest dissolve that may end at the newest frame."""
        last = self._size - 1
        num_features = self._signatures.shape[1]
        for length in reversed(self._lengths):
            start = last - length
            if length >= len(self._frames):
                continue
            distance = self._distance(start, last)
            if distance > _LEAST_CHANGE**2 * num_features and self._is_mix(start, last, distance):
                return _Stretch(self._index(start), self._index(last), distance)
        return None

    def _is_mix(self, start: int, stop: int, distance: float) -> bool:
        shares, residuals = self._shares(start, stop, np.arange(start + 1, stop))
        even = np.arange(1, stop - start) / (stop - start)
        if np.sqrt(((shares - even) ** 2).mean()) > _MOST_UNEVEN:
            return False
        return bool(residuals.mean() <= _MOST_RESIDUAL**2 * distance)

    def _shares(
        self, start: int, stop: int, places: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return which share of the picture at `stop`, the rest being that at `start`, each frame is, and its squared
        distance to that mix.
        """
        products = self._products
        distance = self._distance(start, stop)
        from_start = products[places, places] + products[start, start] - 2 * products[places, start]
        along = products[places, stop] - products[places, start] - products[start, stop] + products[start, start]
        shares = along / distance
        return shares, np.maximum(from_start - shares**2 * distance, 0)

    def _is_over(self, best: _Stretch, longest: _Stretch | None) -> bool:
        """Tell whether enough frames have passed to see how a dissolve ended."""
        if longest is not None and longest.start >= best.stop:
            return True
        return self._frames[-1].index - best.stop >= min(_MOST_CLOSING, 2 + (best.stop - best.start) // 2)

    def _close(self) -> Dissolve | None:
        """Find where exactly the dissolve begins and ends, and whether it leads to another scene."""
        best, self._best = self._best, None
        if best is None:
            return None
        start, stop = self._fit_ramp(self._place(best.start), self._place(best.stop))
        before, after = self._at(start), self._at(stop)
        if changed_area(before, after) < _LEAST_AREA or unexplained_change(before, after) < _LEAST_UNEXPLAINED:
            return None
        shares, residuals = self._shares(start, stop, np.arange(start, stop + 1))
        uneven = np.sqrt(((shares - np.linspace(0, 1, len(shares))) ** 2).mean())
        residual = np.sqrt(residuals.mean() / self._distance(start, stop))
        if uneven > _MOST_UNEVEN_FITTED or not self._loses_structure(start, stop, float(residual)):
            return None
        middle = start + int(np.argmax(shares >= 0.5))
        start, stop = self._reach_flat(start, -1), self._reach_flat(stop, 1)
        self._settled = self._at(stop).index
        return Dissolve(self._at(start), self._at(start + 1), self._at(middle), self._at(stop))

    def _loses_structure(self, start: int, stop: int, residual: float) -> bool:
        """Tell whether the middle is a mix of two pictures, each of which hides half of the other."""
        first, middle, last = (structure(self._at(place)) for place in (start, (start + stop) // 2, stop))
        if min(first, last) < _FAINT * max(first, last):
            return residual <= _MOST_RESIDUAL_OF_FADE
        return middle <= (_MOST_STRUCTURE - _STRUCTURE_SLOPE * residual) * (first + last) / 2

    def _reach_flat(self, place: int, step: int) -> int:
        """Go on to where a fade has reached its plain colour, if it does within some frames: its ends may be soft."""
        for distance in range(2 * _MARGIN):
            there = place + step * distance
            if not self._size - len(self._frames) <= there < self._size:
                break
            if self._at(there).is_flat:
                return there
        return place

    def _fit_ramp(self, start: int, stop: int) -> tuple[int, int]:
        """Move both ends to where the shares of the two pictures stop changing: the best fit of flat, ramp, flat."""
        reach = min(_MARGIN, max(2, stop - start))
        places = np.arange(max(self._size - len(self._frames), start - reach), min(self._size, stop + reach + 1))
        shares, _ = self._shares(start, stop, places)
        # Beyond a cut nothing is a mix of these two.
        steps = np.abs(np.diff(shares)) > max(_MOST_STEP, 1.5 / (stop - start))
        jumps = places[1:][steps]
        low, high = jumps[jumps <= start].max(initial=0), jumps[jumps > stop].min(initial=self._size)
        shares, places = shares[(places >= low) & (places < high)], places[(places >= low) & (places < high)]
        middle = (start + stop) // 2
        fits = [
            (_ramp_error(shares, places, first, last), first, last)
            for first in places[places <= middle]
            for last in places[places >= max(middle + 1, first + 2)]
        ]
        _, first, last = min(fits, default=(0.0, start, stop))
        return int(first), int(last)

    def _distance(self, start: int, stop: int) -> float:
        products = self._products
        return float(products[start, start] + products[stop, stop] - 2 * products[start, stop])

    def _index(self, place: int) -> int:
        return self._frames[place - self._size].index

    def _place(self, index: int) -> int:
        return self._size - 1 - (self._frames[-1].index - index)

    def _at(self, place: int) -> ShotThumbnail:
        return self._frames[place - self._size]


def _ramp_error(shares: NDArray[np.float64], places: NDArray[np.intp], first: int, last: int) -> float:
    """Return the squared error of the best a + b × ramp, where the ramp is 0 up to `first`, and 1 from `last` on."""
    ramp = ((places - first) / (last - first)).clip(0, 1)
    centred, wanted = ramp - ramp.mean(), shares - shares.mean()
    slope = (centred @ wanted) / max(centred @ centred, 1e-12)
    return float(((wanted - slope * centred) ** 2).sum())

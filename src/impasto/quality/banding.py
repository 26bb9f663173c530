"""Whether smooth gradients fall apart into bands."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from impasto.media.luma import LUMA
from impasto.quality.metric import Compared, Group, Image

_LEVEL = np.float32(1 / 255)
_SHORTEST_RUN = 6
_FLATTEST_RUN = 1.05 * _LEVEL  # all the change within a run: what rounding to 8 bits makes of a gentle slope
_GENTLE = 1.05 * _LEVEL  # change from pixel to pixel on a gradient
_LOWEST_STEP, _HIGHEST_STEP = 1.5 * _LEVEL, 24 * _LEVEL
_MOST_ASIDE = 3
_FEWEST_SMOOTH = 0.01
_LUMA = np.array(LUMA, np.float32)


class Banding:
    """Share of the change on smooth gradients that comes in steps between flat runs.

    Along rows and columns of luma, a place is smooth where neighbours differ by at most one 8-bit level over 6 pixels
    to each side. A change there of 1.5 to 24 levels, between two runs that do not change, is a false contour if it goes
    on in a line beside it. What all contours jump is divided by all the change at smooth places, over all pictures
    together; a posterised sky gives 1. One level from pixel to pixel is how 8 bits draw a gradient, and never counts.
    Where under 1% of places are smooth, there is nothing to tell.
    """

    name: ClassVar[str] = "banding"
    title: ClassVar[str] = "Banding"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "nothing"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "Share of smooth gradients that turned into steps: 0 is smooth, 1 posterised."

    def __init__(self) -> None:
        self.in_steps = 0.0
        self.everywhere = 0.0
        self.num_smooth = 0
        self.num_places = 0

    def update(self, image: Image) -> None:
        luma = image @ _LUMA
        for lines in (luma, np.ascontiguousarray(luma.T)):
            in_steps, everywhere, num_smooth = _smooth_change(lines)
            self.in_steps += in_steps
            self.everywhere += everywhere
            self.num_smooth += num_smooth
            self.num_places += lines.size

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.in_steps += other.in_steps
        self.everywhere += other.everywhere
        self.num_smooth += other.num_smooth
        self.num_places += other.num_places

    def compute(self) -> float:
        """Return the share in [0, 1], or nan without any smooth gradient."""
        if self.everywhere <= 0 or self.num_smooth < _FEWEST_SMOOTH * self.num_places:
            return float("nan")
        return self.in_steps / self.everywhere


def _smooth_change(lines: NDArray[np.float32]) -> tuple[float, float, int]:
    """Return how much the lines N×L change at false contours, and at all smooth places, and the number of those."""
    reach = _SHORTEST_RUN - 1
    change = np.abs(np.diff(lines, axis=1))
    if change.shape[1] < 2 * reach + 1:
        return 0.0, 0.0, 0
    runs, roughest = _over_runs(change, np.add), _over_runs(change, np.maximum)
    middle = change[:, reach : change.shape[1] - reach]
    before, after = slice(0, middle.shape[1]), slice(reach + 1, None)
    smooth = (np.maximum(roughest[:, before], roughest[:, after]) <= _GENTLE) & (middle <= _HIGHEST_STEP)
    flat = np.maximum(runs[:, before], runs[:, after]) <= _FLATTEST_RUN
    contours = _coherent(smooth & flat & (middle >= _LOWEST_STEP))
    in_steps, everywhere = (float(middle.sum(where=places, dtype=np.float64)) for places in (contours, smooth))
    return in_steps, everywhere, int(smooth.sum())


def _coherent(contours: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep what goes on in the line above or below, a few places aside: dither and noise meet by chance alone."""
    wide = contours.copy()
    for aside in range(1, _MOST_ASIDE + 1):
        wide[:, aside:] |= contours[:, :-aside]
        wide[:, :-aside] |= contours[:, aside:]
    beside = np.zeros_like(contours)
    beside[1:] |= wide[:-1]
    beside[:-1] |= wide[1:]
    return contours & beside


def _over_runs(change: NDArray[np.float32], combine: np.ufunc) -> NDArray[np.float32]:
    """Combine the changes within every run of 6 pixels."""
    length = change.shape[1] - _SHORTEST_RUN + 2
    result = change[:, :length].copy()
    for start in range(1, _SHORTEST_RUN - 1):
        combine(result, change[:, start : start + length], out=result)
    return result

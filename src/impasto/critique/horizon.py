"""By which angle the longest nearly level line is tilted.

A Hough transform (R. Duda, P. Hart, "Use of the Hough transformation to detect lines and curves in pictures", 1972)
over small angles, of pixels where lightness changes downwards, those that get lighter and those that get darker apart.
A line counts by how many columns it covers, so that a thick one is not longer than a thin one; least squares give its
angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Finding, Level, Line, Plane, unknown

_LARGEST_ANGLE, _STEP = 15.0, 0.25
_STEEP = 3.0  # levels a pixel
_NEAR = 1.5
_LONG = 0.5
_LONGER_BY_DEGREE = 0.02  # what is far from level is more often a slope than a horizon
_CLEARLY_LONGER = 1.15
_APART = 1.5
_LEVEL, _TILTED = 0.4, 1.0
_BORDER = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LevelLine:
    """y = middle + slope · (x − half the width), in pixels, and which share of the columns it covers."""

    slope: float
    middle: float
    coverage: float

    @property
    def degrees(self) -> float:
        """Positive where its right end is lower: then the picture asks to be turned anticlockwise."""
        return float(np.degrees(np.arctan(self.slope)))


def find_level_line(luma: Plane) -> LevelLine | None:
    """Return the line that covers most columns, at up to 15° from level; None where none covers half of them.

    The farther from level, the more of them it has to cover. None, too, where one at another angle is almost as long.

    Parameters
    ----------
    luma
        H×W in [0, 255], with a long side of about 800 pixels.
    """
    if min(luma.shape) < 32:
        return None
    found = []
    for rows, columns in _changes(luma):
        if columns.size >= _LONG * luma.shape[1]:
            found += _lines(rows, columns, luma.shape)
    found.sort(key=lambda line: -line.coverage)
    if not found or found[0].coverage < _LONG + _LONGER_BY_DEGREE * abs(found[0].degrees):
        return None
    best = found[0]
    others = [line.coverage for line in found if abs(line.degrees - best.degrees) > _APART]
    return None if max(others, default=0.0) * _CLEARLY_LONGER > best.coverage else best


def judge_horizon(luma: Plane) -> tuple[Finding, Line | None]:
    """Say by how much the longest nearly level line is tilted; whether it is a horizon, nobody knows."""
    line = find_level_line(luma)
    if line is None:
        return unknown("horizon", "no one nearly level line runs through half of the picture"), None
    height, width = luma.shape
    ends = [(line.middle + line.slope * side * width / 2) / height for side in (-1, 1)]
    degrees = line.degrees
    details = {"coverage": line.coverage, "y": line.middle / height}
    drawn = Line((0.0, ends[0]), (1.0, ends[1]))
    if abs(degrees) < _LEVEL:
        return Finding("horizon", Level.FINE, f"level, to within {_LEVEL}°", degrees, "°", details), drawn
    side = "right" if degrees > 0 else "left"
    words = f"the longest line falls to the {side} by {abs(degrees):.1f}°: a tilt, if it is the horizon"
    level = Level.LOOK if abs(degrees) >= _TILTED else Level.FINE
    return Finding("horizon", level, words, degrees, "°", details), drawn


def _changes(luma: Plane) -> list[tuple[Floats, Floats]]:
    """Return rows and columns where it gets lighter downwards, and where darker; rows to a part of a pixel."""
    down = np.zeros_like(luma)
    # Averaged over three columns, which a line at these angles hardly notices.
    smooth = luma.copy()
    smooth[:, 1:-1] = (luma[:, :-2] + luma[:, 1:-1] + luma[:, 2:]) / 3
    smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    down[1:-1] = (smooth[2:] - smooth[:-2]) / 2
    across = np.zeros_like(luma)
    across[:, 1:-1] = (smooth[:, 2:] - smooth[:, :-2]) / 2
    found = []
    for sign in (1, -1):
        slope = sign * down
        before, after = np.roll(slope, 1, 0), np.roll(slope, -1, 0)
        top = (slope > _STEEP) & (slope >= before) & (slope > after) & (np.abs(across) < 0.5 * slope)
        top[: _BORDER + 1], top[-_BORDER - 1 :] = False, False
        top[:, :_BORDER], top[:, -_BORDER:] = False, False
        rows, columns = np.nonzero(top)
        left, middle, right = before[top].astype(np.float64), slope[top].astype(np.float64), after[top]
        bend = left - 2 * middle + right
        offset = np.where(bend < 0, (left - right) / (2 * np.minimum(bend, -1e-9)), 0.0)
        found.append((rows + np.clip(offset, -0.5, 0.5), columns.astype(np.float64)))
    return found


def _lines(rows: Floats, columns: Floats, shape: tuple[int, ...]) -> list[LevelLine]:
    """Return the longest line at each of the angles, each fitted to the pixels that it is made of."""
    width = shape[1]
    x = columns - width / 2
    angles = np.arange(-_LARGEST_ANGLE, _LARGEST_ANGLE + _STEP / 2, _STEP)
    votes = []
    for angle in angles:
        offsets = (rows - np.tan(np.radians(angle)) * x).round().astype(int)
        offsets -= offsets.min()
        counts = np.bincount(offsets)
        votes.append(float(np.convolve(counts, np.ones(3), "same").max()))
    # Those with the most votes, and one far from it: enough to know whether the longest is alone.
    order = np.argsort(votes, kind="stable")[::-1]
    far = order[np.abs(angles[order] - angles[order[0]]) > 3]
    return [_fitted(rows, x, float(angles[number]), width) for number in [*order[:24], *far[:6]]]


def _fitted(rows: Floats, x: Floats, angle: float, width: int) -> LevelLine:
    slope = float(np.tan(np.radians(angle)))
    offsets = rows - slope * x
    whole = offsets.round().astype(int)
    lowest = int(whole.min())
    counts = np.convolve(np.bincount(whole - lowest), np.ones(3), "same")
    middle = float(lowest + int(counts.argmax()))
    near = np.abs(rows - middle - slope * x) <= 3 * _NEAR
    for _ in range(4):
        if np.ptp(x[near]) < 1 if near.any() else True:
            return LevelLine(slope, middle, 0.0)
        slope, middle = (float(value) for value in np.polyfit(x[near], rows[near], 1))
        near = np.abs(rows - middle - slope * x) <= _NEAR
    if abs(np.degrees(np.arctan(slope))) > _LARGEST_ANGLE + 1:
        return LevelLine(slope, middle, 0.0)
    return LevelLine(slope, middle, np.unique(x[near]).size / (width - 2 * _BORDER))

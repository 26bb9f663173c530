"""Turning the pictures of a film upright, as its display matrix says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.chroma import Axis, chroma_axes, chroma_shape
from impasto.media.planar import PlanarFrame, Plane, Planes


@dataclass(frozen=True, slots=True)
class Orientation:
    """What makes stored pictures upright: first perhaps mirror left and right, then turn clockwise.

    Attributes
    ----------
    quarter_turns
        0 to 3.
    """

    quarter_turns: int = 0
    is_mirrored: bool = False

    @property
    def is_upright(self) -> bool:
        return not self.quarter_turns and not self.is_mirrored

    @property
    def swaps_sides(self) -> bool:
        return self.quarter_turns % 2 == 1

    def turn(self, plane: Plane) -> Plane:
        """Turn one plane."""
        mirrored = plane[:, ::-1] if self.is_mirrored else plane
        return np.ascontiguousarray(np.rot90(mirrored, -self.quarter_turns))

    def turn_frame(self, frame: PlanarFrame) -> PlanarFrame:
        """Turn a whole frame; 4:2:2 stays 4:2:2, though its columns become rows."""
        if self.is_upright:
            return frame
        y, u, v = (self.turn(plane) for plane in frame.planes)
        alpha = None if frame.alpha is None else self.turn(frame.alpha)
        turned = replace(frame, planes=(y, u, v), alpha=alpha)
        across, down = frame.subsampling
        if not self.swaps_sides or across == down:
            return turned
        return replace(turned, planes=_resampled(replace(turned, subsampling=(down, across)), frame))


def read_orientation(matrix: bytes | None) -> Orientation:
    """Read a display matrix (nine 32-bit numbers, as MP4 stores them); any other angle counts as the nearest quarter.

    A stored pixel (x, y) is shown at (a·x + c·y, b·x + d·y), y downwards.
    """
    if matrix is None or len(matrix) < 36:
        return Orientation()
    a, b, _, c, d = np.frombuffer(matrix, "<i4")[:5].astype(np.float64)
    is_mirrored = a * d - b * c < 0
    if is_mirrored:
        a, b = -a, -b
    return Orientation(round(np.degrees(np.arctan2(b, a)) / 90) % 4, bool(is_mirrored))


def _resampled(turned: PlanarFrame, before: PlanarFrame) -> Planes:
    """Bring colour differences that were turned to the subsampling that they had before."""
    location = before.color.chroma_location
    shape = chroma_shape(turned.height, turned.width, before.subsampling)
    fine_across, fine_down = chroma_axes(turned.subsampling, location)
    coarse_across, coarse_down = chroma_axes(before.subsampling, location)

    def resample(plane: Plane) -> Plane:
        full = _enlarge(_enlarge(plane, fine_down).T, fine_across)[: turned.width, : turned.height]
        reduced = _reduce(_reduce(full, coarse_across, shape[1]).T, coarse_down, shape[0])
        return np.asarray(np.rint(reduced).clip(0, 2**before.bit_depth - 1), plane.dtype)

    y, u, v = turned.planes
    return y, resample(u), resample(v)


def _enlarge(plane: NDArray[Any], axis: Axis) -> NDArray[np.float32]:
    padded = np.pad(plane.astype(np.float32), ((1, 1), (0, 0)), mode="edge")
    phases = [sum(weight * padded[n : n + len(plane)] for n, weight in enumerate(row)) for row in axis.enlarging]
    return np.stack(phases, axis=1).reshape(len(plane) * axis.factor, *plane.shape[1:])


def _reduce(plane: NDArray[np.float32], axis: Axis, length: int) -> NDArray[np.float32]:
    starts = np.arange(length) * axis.factor + axis.first_tap
    rows: Callable[[int], NDArray[np.float32]] = lambda k: plane[(starts + k).clip(0, len(plane) - 1)]  # noqa: E731
    return np.asarray(sum(tap * rows(k) for k, tap in enumerate(axis.reducing)), np.float32)

"""How wide edges are spread, in pixels: of the whole picture, field by field, and of faces against the rest.

After S. Zhuo, T. Sim, "Defocus map estimation from a single image", 2011: an edge that is already soft loses less of
its slope when it is blurred once more. Both slopes are taken of blurred pictures here, by a and by b, so that noise
matters less. For a step that a Gaussian of σ has softened they are as 1/√(σ² + a²) to 1/√(σ² + b²) at its middle, which
gives σ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.critique.finding import Box, Finding, Level, Plane, unknown
from impasto.critique.pixel_blocks import halved, strips

_A, _B = 1.0, 2.0
_OF_DIFFERENCES = 1 / 3  # what taking slopes over two pixels adds to every variance
_STEEPEST_STEP = 1.15 * (_B**2 + _OF_DIFFERENCES) / (_A**2 + _OF_DIFFERENCES)
_STRIP, _MARGIN = 512, 8
_FLATTEST = 2.5  # levels a pixel, of what is an edge at all
_ABOVE_NOISE = 1.5  # a slope of white noise of 1 has a deviation of 0.2 under a blur of 1: seven times that
_NUM_SCALES = 5
_WIDEST = 2.5  # beyond, slopes differ too little to be told apart, and half the size tells more
_FIELDS = 12
_ENOUGH, _ENOUGH_IN_FIELD, _ENOUGH_IN_FACE = 100, 12, 30
_CRISP, _SOFT = 0.8, 1.6
_ELSEWHERE = 1.6
_SMEARED = 1.8
_SHARP_FIELDS = 0.25

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Pixels in the middle of edges, of one size of a picture.

    Attributes
    ----------
    x, y
        In [0, 1] of width and height.
    width
        σ in pixels of the full size.
    slope
        In levels a pixel: how much each counts.
    is_upright
        Whether lightness changes across rather than down.
    """

    x: Floats
    y: Floats
    width: Floats
    slope: Floats
    is_upright: NDArray[np.bool_]

    def within(self, box: Box) -> NDArray[np.bool_]:
        """Tell which lie in a box."""
        left, top, right, bottom = box
        return (self.x >= left) & (self.x < right) & (self.y >= top) & (self.y < bottom)


@dataclass(frozen=True, slots=True, eq=False)
class Focus:
    """What edges say of sharpness: `grid` holds σ in pixels for each field, nan where nothing can be told."""

    findings: tuple[Finding, ...]
    grid: Plane | None = None


def find_edges(luma: Plane, noise: float) -> list[Edges]:
    """Find the edges of a picture at its full size, and at halves of it, each with its width.

    Parameters
    ----------
    luma
        H×W in [0, 255].
    noise
        Its deviation, in levels.
    """
    found, plane, scale = [], luma, 1
    for _ in range(_NUM_SCALES):
        if min(plane.shape) < 4 * _MARGIN:
            break
        found.append(_edges(plane, noise / scale, scale))
        plane, scale = halved(plane), scale * 2
    return found


def edge_width(scales: Sequence[Edges], box: Box | None = None, enough: int = _ENOUGH) -> float | None:
    """Return σ of the edges within a box, in pixels of the full size: the median, weighted by slope.

    It is read where it is small against the pixels: of a very soft picture at a half of its size, or a quarter.
    """
    width = None
    for number, edges in enumerate(scales):
        inside = slice(None) if box is None else edges.within(box)
        chosen, slopes = edges.width[inside], edges.slope[inside]
        if chosen.size < max(8, enough >> number):
            continue
        width = weighted_median(chosen, slopes)
        if width <= _WIDEST * 2**number:
            break
    return width


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value on both sides of which there is half of the weight."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])


def judge_focus(luma: Plane, noise: float, faces: Sequence[Box]) -> Focus:
    """Say how sharp a picture is, and where: its sharpest fields, and its largest face against them."""
    scales = find_edges(luma, noise)
    whole = edge_width(scales)
    if whole is None:
        return Focus((unknown("sharpness", "there are hardly any edges"),))
    grid = _grid(scales, luma.shape)
    known = grid[np.isfinite(grid)]
    sharpest = float(np.quantile(known, _SHARP_FIELDS / 2)) if known.size else whole
    findings = [_of_the_whole(scales, luma.shape, min(whole, sharpest), grid)]
    if faces:
        findings.append(_of_a_face(scales, faces[0], sharpest))
    return Focus(tuple(findings), grid)


def _of_the_whole(scales: Sequence[Edges], shape: tuple[int, ...], sharpest: float, grid: Plane) -> Finding:
    long_side = max(shape)
    crisp_side = min(long_side, int(long_side * _CRISP / max(sharpest, 1e-6)))
    details = {"crisp_long_side": float(crisp_side)}
    details |= {f"sharpest_{name}": value for name, value in _sharpest_place(grid).items()}
    across, down = (_along(scales, upright) for upright in (True, False))
    words = f"edges of the sharpest parts are spread by {sharpest:.1f} pixels"
    if sharpest <= _CRISP:
        return Finding("sharpness", Level.FINE, f"{words}: crisp at full size", sharpest, "px", details)
    words += f": {'slightly soft' if sharpest <= _SOFT else 'soft'} at full size, crisp at a long side of {crisp_side}"
    if across and down and max(across, down) > _SMEARED * min(across, down):
        details |= {"spread_across": across, "spread_down": down}
        words += f"; spread {'sideways' if across > down else 'up and down'} most, as by motion or shake"
    level = Level.FINE if sharpest <= _SOFT else Level.LOOK
    return Finding("sharpness", level, words, sharpest, "px", details)


def _of_a_face(scales: Sequence[Edges], face: Box, sharpest: float) -> Finding:
    width = edge_width(scales, face, _ENOUGH_IN_FACE)
    if width is None:
        return unknown("sharpness of the face", "it has hardly any edges")
    details = {"sharpest_elsewhere": sharpest, "ratio": width / max(sharpest, 0.3)}
    words = f"edges of the largest face are spread by {width:.1f} pixels"
    if width > max(_SOFT, _ELSEWHERE * sharpest):
        words += f", those of the sharpest parts by {sharpest:.1f}: the focus lies elsewhere"
        return Finding("sharpness of the face", Level.LOOK, words, width, "px", details)
    return Finding("sharpness of the face", Level.FINE, words, width, "px", details)


def _along(scales: Sequence[Edges], upright: bool) -> float | None:
    turned = [
        Edges(each.x[chosen], each.y[chosen], each.width[chosen], each.slope[chosen], each.is_upright[chosen])
        for each in scales
        for chosen in [each.is_upright == upright]
    ]
    return edge_width(turned)


def _grid(scales: Sequence[Edges], shape: tuple[int, ...]) -> Plane:
    down, across = (max(1, round(_FIELDS * length / max(shape))) for length in shape)
    grid = np.full((down, across), np.nan, np.float32)
    for row in range(down):
        for column in range(across):
            box = (column / across, row / down, (column + 1) / across, (row + 1) / down)
            width = edge_width(scales, box, _ENOUGH_IN_FIELD)
            grid[row, column] = np.nan if width is None else width
    return grid


def _sharpest_place(grid: Plane) -> dict[str, float]:
    """Return the middle of the sharpest fields, as shares of the picture."""
    known = np.isfinite(grid)
    if not known.any():
        return {}
    rows, columns = np.nonzero(known & (grid <= np.quantile(grid[known], _SHARP_FIELDS)))
    return {"x": float((columns + 0.5).mean() / grid.shape[1]), "y": float((rows + 0.5).mean() / grid.shape[0])}


def _edges(plane: Plane, noise: float, scale: int) -> Edges:
    height, width = plane.shape
    parts = [
        _edges_of_strip(plane[read], kept, read.start, max(_FLATTEST, _ABOVE_NOISE * noise))
        for read, kept in strips(height, _STRIP, _MARGIN)
    ]
    x, y, spread, slope, upright = (np.concatenate([part[number] for part in parts]) for number in range(5))
    # Averaging pixels in twos has softened the edges, too.
    variance = np.maximum(spread, 0) * scale**2 - (scale**2 - 1) / 12
    return Edges(
        (x + 0.5) / width, (y + 0.5) / height, np.sqrt(np.maximum(variance, 0)), slope, upright.astype(np.bool_)
    )


def _edges_of_strip(plane: Plane, kept: slice, first_row: int, flattest: float) -> tuple[Floats, ...]:
    """Return x, y, σ² at this size, slope, and whether it lies across, of each edge."""
    fine, coarse = _gradient(_blurred(plane, _A)), _gradient(_blurred(plane, _B))
    slope = np.hypot(*fine)
    upright = np.abs(fine[1]) > np.abs(fine[0])
    # The middle of an edge is where it is steepest, along the axis that it crosses.
    tops = np.where(upright, _is_top(slope, 1), _is_top(slope, 0)) & (slope > flattest)
    counts = np.zeros(plane.shape, np.bool_)
    counts[kept, _MARGIN // 2 : -_MARGIN // 2] = True
    counts[[0, -1]] = False
    rows, columns = np.nonzero(tops & counts)
    across = upright[rows, columns]
    steep, coarsely = (_peak(np.hypot(*each), rows, columns, across) for each in (fine, coarse))
    ratio = (steep / np.maximum(coarsely, 1e-6)) ** 2
    variance = (_B**2 - ratio * _A**2) / np.maximum(ratio - 1, 0.02) - _OF_DIFFERENCES
    # A line is no step, and loses more than any: it tells that it is thin, and nothing of focus.
    step = ratio < _STEEPEST_STEP
    return (
        columns[step].astype(np.float64),
        (rows + first_row)[step].astype(np.float64),
        np.maximum(variance, 0)[step],
        steep[step],
        across[step].astype(np.float64),
    )


def _peak(slope: Plane, rows: NDArray[Any], columns: NDArray[Any], across: NDArray[np.bool_]) -> Floats:
    """Return the slope at its top between pixels: of a Gaussian, the logarithm is a parabola."""
    by_row, by_column = (~across).astype(int), across.astype(int)
    before, middle, after = (
        np.log(np.maximum(slope[rows + step * by_row, columns + step * by_column].astype(np.float64), 1e-3))
        for step in (-1, 0, 1)
    )
    bend = np.minimum(before - 2 * middle + after, -1e-3)
    offset = np.clip((before - after) / (2 * bend), -1, 1)
    result: Floats = np.exp(middle - (before - after) * offset / 4)
    return result


def _is_top(slope: Plane, axis: int) -> NDArray[np.bool_]:
    before, after = np.roll(slope, 1, axis), np.roll(slope, -1, axis)
    result: NDArray[np.bool_] = (slope >= before) & (slope > after)
    return result


def _gradient(plane: Plane) -> tuple[Plane, Plane]:
    """Return the slope down and across."""
    down, across = np.zeros_like(plane), np.zeros_like(plane)
    down[1:-1] = (plane[2:] - plane[:-2]) * np.float32(0.5)
    across[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) * np.float32(0.5)
    return down, across


def _blurred(plane: Plane, sigma: float) -> Plane:
    """Blur by a Gaussian; beyond the picture its edges are repeated."""
    reach = int(3.5 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    result = plane
    for axis in (0, 1):
        padding = [(reach, reach) if each == axis else (0, 0) for each in (0, 1)]
        padded, length = np.pad(result, padding, mode="edge"), plane.shape[axis]
        result = np.zeros_like(plane)
        for shift, tap in enumerate(taps):
            part = padded[shift : shift + length] if axis == 0 else padded[:, shift : shift + length]
            result += tap * part
    return result

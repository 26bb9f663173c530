"""Damage that shows beside the content: frames along the border, halos around things, blotches on what was smooth.

A style may change colours, so what counts is what no curve over colours explains. It may change texture too, so what
is as fine as brushwork averages out.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from impasto.quality.content import halve
from impasto.quality.metric import Compared, Group, Image, SharedPairMetric
from impasto.vision.lab import rgb_to_lab

_LARGEST_SIDE = 400
_SMALLEST_SIDE = 48
"""Of the short side, in pixels: larger pictures are halved, smaller ones left out."""
_KNOTS = np.arange(0, 101, 10, dtype=np.float32)
_MOST_SAMPLES = 20_000

_RIM_SHARES = (1 / 128, 1 / 32, 1 / 12)
_NUM_SEGMENTS = 8
_EVEN = 8.0  # ΔE that the content itself may differ between rim and inside: scans have dark rims of their own

_STEEP = 7.0  # L* a pixel: an outline, and no shading
_FLAT = 2.5  # L*: deviation among neighbours
_RINGS = ((1 / 100, 1 / 40), (1 / 40, 1 / 16))
_FEWEST_IN_RING = 0.005
_LEAST_AROUND = 0.1

_FINEST = 1 / 64
_SMOOTH = 3.0  # L*
_FEWEST_SMOOTH = 0.02

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Change:
    """An output beside its content, at a size where brushwork is small.

    Parameters
    ----------
    image, target
        The output and the content, of one size.
    """

    def __init__(self, image: Image, target: Image) -> None:
        while min(image.shape[:2]) >= _LARGEST_SIDE:
            image, target = halve(image), halve(target)
        self._image, self._target = image, target

    @property
    def side(self) -> int:
        """Pixels of the short side."""
        return int(min(self._image.shape[:2]))

    @cached_property
    def content(self) -> Floats:
        """H×W×3: L*a*b*."""
        return rgb_to_lab(self._target)

    @cached_property
    def unexplained(self) -> Floats:
        """H×W×3: the output less what the best map from colour to colour makes of the content, in L*a*b*."""
        output = rgb_to_lab(self._image)
        step = max(1, int(np.sqrt(output.shape[0] * output.shape[1] / _MOST_SAMPLES)))
        sampled, made = (plane[::step, ::step].reshape(-1, 3) for plane in (self.content, output))
        coefficients = np.linalg.lstsq(_terms(sampled).astype(np.float64), made, rcond=1e-4)[0].astype(np.float32)
        return output - (_terms(self.content.reshape(-1, 3)) @ coefficients).reshape(output.shape)

    @cached_property
    def roughness(self) -> Floats:
        """H×W: deviation of L* of the content among the nearest 5×5 pixels."""
        lightness = self.content[..., 0]
        square = box_blurred(lightness**2, 2) - box_blurred(lightness, 2) ** 2
        deviation: Floats = np.sqrt(square.clip(0))
        return deviation


class BorderFrame(SharedPairMetric[Change]):
    """How far the rim of a picture is off beside what lies within it, in ΔE76, beyond what colours explain.

    Padding shows as a dark rim, and styles learned from scans as a paper margin. Each side is taken in eight segments,
    whose median leaves out what a style makes of one thing that stands there. Of the sides the second worst counts,
    since padding to a multiple shows on two, and what stands at one border is no frame; of three widths, the worst.
    """

    name: ClassVar[str] = "border_frame"
    title: ClassVar[str] = "Frame along the border"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "How far the rim is off, dark, light or tinted, in ΔE; 0 is none, and from 6 it shows."
    pair_class: ClassVar[type[Any]] = Change

    def update_pair(self, pair: Change) -> None:
        if pair.side < _SMALLEST_SIDE:
            return
        widths = {max(2, round(share * pair.side)) for share in _RIM_SHARES}
        sides = [(np.rot90(pair.unexplained, turns), np.rot90(pair.content, turns)) for turns in range(4)]
        self.add(max(sorted(_rim_distance(*side, width) for side in sides)[-2] for width in widths))


class Halo(SharedPairMetric[Change]):
    """How much lighter an output is in a ring around outlines than elsewhere, in L*, beyond what colours explain.

    Rings lie beside strong edges of the content, on what is flat there, so that neither the edge itself nor a line
    drawn along it counts. Light and dark sides, and a near and a far ring, are taken apart; the worst counts.
    """

    name: ClassVar[str] = "halo"
    title: ClassVar[str] = "Halos"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "How bright a glow runs around outlines, in L*; 0 is none, and from 3 it shows."
    pair_class: ClassVar[type[Any]] = Change

    def update_pair(self, pair: Change) -> None:
        if pair.side >= _SMALLEST_SIDE:
            self.add(_halo(pair))


class Blotchiness(SharedPairMetric[Change]):
    """Unevenness of what is smooth in the content, in ΔE76, at a sixteenth to a quarter of the picture.

    The change is taken apart into octaves. Strokes and grain, which no more than average out, have a quarter of the
    power in each coarser one; what there is beyond that is blotches.
    """

    name: ClassVar[str] = "blotchiness"
    title: ClassVar[str] = "Blotches"
    group: ClassVar[Group] = "health"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "How uneven smooth surfaces became, brushwork left out, in ΔE; looks have up to 1, and from 3 it shows."
    )
    pair_class: ClassVar[type[Any]] = Change

    def update_pair(self, pair: Change) -> None:
        if pair.side >= _SMALLEST_SIDE:
            self.add(_blotches(pair))


def box_blurred(plane: Floats, reach: int) -> Floats:
    """Average H×W or H×W×C over squares of 2·reach + 1 pixels, the border repeated."""
    for axis in (0, 1):
        widths = [(0, 0)] * plane.ndim
        widths[axis] = (reach + 1, reach)
        sums = np.cumsum(np.pad(plane, widths, mode="edge"), axis=axis, dtype=np.float64)
        length = 2 * reach + 1
        ends = np.take(sums, range(length, sums.shape[axis]), axis=axis)
        starts = np.take(sums, range(sums.shape[axis] - length), axis=axis)
        plane = ((ends - starts) / length).astype(np.float32)
    return plane


def _terms(lab: Floats) -> Floats:
    """Return what a colour map is a sum of, N×18: a free curve over lightness, and squares of all three."""
    lightness, a, b = lab.T
    hats = np.clip(1 - np.abs(lightness[:, None] - _KNOTS) / 10, 0, None)
    a, b, light = a / 50, b / 50, lightness / 50
    return np.column_stack([hats, a, b, a * a, b * b, a * b, a * light, b * light]).astype(np.float32)


def _rim_distance(residual: Floats, content: Floats, width: int) -> float:
    """Return how far the top rows are off those below them, in the median segment that is even in the content."""
    (off, contrast) = (
        [segment.mean(axis=0) for segment in np.array_split(_rim_contrast(plane, width), _NUM_SEGMENTS)]
        for plane in (residual, content)
    )
    even = [one for one, other in zip(off, contrast, strict=True) if np.linalg.norm(other) <= _EVEN]
    return float(np.linalg.norm(np.median(even, axis=0))) if even else 0.0


def _rim_contrast(plane: Floats, width: int) -> Floats:
    """Return for each column how the top rows differ from as many below them."""
    contrast: Floats = plane[:width].mean(axis=0) - plane[width : 2 * width].mean(axis=0)
    return contrast


def _halo(pair: Change) -> float:
    """Return the glow of the worst ring, or nan where none has pixels enough."""
    lightness, residual = pair.content[..., 0], pair.unexplained[..., 0]
    edges = np.hypot(*np.gradient(lightness)) > _STEEP
    farthest = max(2, round(_RINGS[-1][1] * pair.side))
    flat = (pair.roughness < _FLAT) & _inner(lightness.shape, farthest)
    away = flat & ~_within(edges, farthest)
    # Beside what is around: shading over a whole picture, such as a vignette, is no halo.
    share = box_blurred(away.astype(np.float32), 4 * farthest)
    around = box_blurred(residual * away, 4 * farthest) / np.maximum(share, _LEAST_AROUND)
    usable = flat & (share >= _LEAST_AROUND)
    lighter = lightness > box_blurred(lightness, farthest)
    glows = []
    for least, most in _RINGS:
        near = usable & _within(edges, round(most * pair.side)) & ~_within(edges, max(1, round(least * pair.side)))
        for ring in (near & lighter, near & ~lighter):
            if ring.mean() >= _FEWEST_IN_RING:
                glows.append(float((residual - around).mean(where=ring)))
    return max(0.0, *glows) if glows else float("nan")


def _inner(shape: tuple[int, ...], margin: int) -> Mask:
    """Leave out what lies along the border, whose faults are those of `BorderFrame`."""
    inner = np.zeros(shape, bool)
    inner[margin:-margin, margin:-margin] = True
    return inner


def _within(mask: Mask, reach: int) -> Mask:
    """Return what lies within a square of 2·reach + 1 pixels around any of a mask."""
    near: Mask = box_blurred(mask.astype(np.float32), reach) > 1e-6
    return near


def _blotches(pair: Change) -> float:
    finest = max(1, round(_FINEST * pair.side))
    weight = np.float32(1) / (1 + (box_blurred(pair.roughness, 2 * finest) / _SMOOTH) ** 4)
    if weight.mean() < _FEWEST_SMOOTH:
        return float("nan")
    blurred = [_twice_blurred(pair.unexplained, finest * 2**octave) for octave in range(4)]
    powers = []
    for fine, coarse in pairwise(blurred):
        band = ((fine - coarse) ** 2).sum(axis=2)
        powers.append(float((band * weight).sum() / weight.sum()))
    excess = powers[1] + powers[2] - powers[0] * (1 / 4 + 1 / 16)
    return float(np.sqrt(max(0.0, excess)))


def _twice_blurred(plane: Floats, reach: int) -> Floats:
    return box_blurred(box_blurred(plane, reach), reach)

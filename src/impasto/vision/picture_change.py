"""How much of a thumbnail cannot be explained by one before it: neither by motion, nor by more or less light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.vision.shot_thumbnail import Floats, ShotThumbnail, halved

_BLOCK_SIZE = (9, 8)
_REACH = (4, 8)  # rows and columns a block is looked for; an eighth of the picture
_COARSE_REACH = 1
_NOISE = 0.008
_STRUCTURE = 0.02
"""Standard deviation within blocks from which they, and not the large forms, say whether two pictures are the same."""
_SEEN_CHANGE = 0.02
_SAME, _DOUBTFUL = 0.08, 0.15
_OTHER_COLOR = 0.06
_MOST_GAIN = 3.0
_BLACK = 0.085
_SMALLEST_PICTURE = 0.5


def mean_change(first: ShotThumbnail, second: ShotThumbnail) -> float:
    """Return how much two thumbnails differ place by place, on average, in [0, 2]."""
    luma = np.abs(first.luma - second.luma).mean()
    return float(luma + np.abs(first.chroma - second.chroma).mean())


def unexplained_change(first: ShotThumbnail, second: ShotThumbnail) -> float:
    """Return the share of two pictures, in [0, 1], that is not the other's content, moved or lit differently.

    About 0 for a still scene, a pan or a flash, about 0.8 for two scenes. Blocks are matched as in the motion search of
    video encoders, without their means; where there is little structure in them, the large forms are compared instead.
    Where that leaves doubt, another colour of most of the picture counts. Black bars are left out.
    """
    first, second = _without_bars(first, second)
    second = _relit(second, first)
    (there, energy), (back, other_energy) = _block_error(first.luma, second.luma), _block_error(second.luma, first.luma)
    blocks = min(1.0, (there + back) / (energy + other_energy + 2 * _NOISE**2))
    structure = max(energy, other_energy)
    trust = structure / (structure + _STRUCTURE**2)
    change = trust * blocks + (1 - trust) * _coarse_change(first, second)
    doubt = min(1.0, max(0.0, (change - _SAME) / (_DOUBTFUL - _SAME)))
    return change + (1 - change) * doubt * _color_change(first, second)


def changed_area(first: ShotThumbnail, second: ShotThumbnail) -> float:
    """Return the share of the picture, in [0, 1], that changes at all: a title leaves most of it as it was."""
    first, second = _without_bars(first, second)
    squared = _block_means((first.luma - second.luma) ** 2)
    return float((squared > _SEEN_CHANGE**2).mean())


def structure(thumbnail: ShotThumbnail) -> float:
    """Return the mean variance within blocks: what a dissolve halves midway, and a pan keeps."""
    return float(_block_variance(thumbnail.luma).mean())


def _without_bars(first: ShotThumbnail, second: ShotThumbnail) -> tuple[ShotThumbnail, ShotThumbnail]:
    """Cut off what is black at the edges of both, since it is the same in every shot, and stretch the rest."""
    lightest = np.maximum(first.luma, second.luma)
    rows, columns = (_picture_places(lightest.max(axis=axis)) for axis in (1, 0))
    if len(np.unique(rows)) == len(rows) and len(np.unique(columns)) == len(columns):
        return first, second
    cropped = []
    for thumbnail in (first, second):
        chroma = thumbnail.chroma[:, rows[::2, None] // 2, columns[None, ::2] // 2]
        cropped.append(ShotThumbnail(thumbnail.luma[np.ix_(rows, columns)], chroma, thumbnail.index, thumbnail.pts))
    return cropped[0], cropped[1]


def _picture_places(lightest: Floats) -> NDArray[np.intp]:
    """Return as many places as there are, spread over those between bars; all, where hardly anything would be left."""
    lit = np.flatnonzero(lightest > _BLACK)
    if len(lit) == 0 or lit[-1] + 1 - lit[0] < _SMALLEST_PICTURE * len(lightest):
        return np.arange(len(lightest))
    steps = (np.arange(len(lightest)) + 0.5) / len(lightest)
    places: NDArray[np.intp] = (lit[0] + steps * (lit[-1] + 1 - lit[0])).astype(np.intp)
    return places


def _block_error(source: Floats, target: Floats) -> tuple[float, float]:
    """Return the squared error of the blocks of the target at their best match in the source, and their energy."""
    (reach_down, reach_right), (height, width) = _REACH, target.shape
    padded = np.pad(source, ((reach_down,) * 2, (reach_right,) * 2), mode="edge")
    best = energy = _block_variance(target)
    for down in range(2 * reach_down + 1):
        for right in range(2 * reach_right + 1):
            shifted = padded[down : down + height, right : right + width]
            best = np.minimum(best, _block_variance(target - shifted))
    return float(best.mean()), float(energy.mean())


def _block_variance(plane: Floats) -> Floats:
    variance: Floats = _block_means(plane**2) - _block_means(plane) ** 2
    return variance


def _block_means(plane: Floats) -> Floats:
    (height, width), (high, wide) = plane.shape, _BLOCK_SIZE
    rows = np.add.reduceat(plane, np.arange(0, height, high), axis=0)
    means: Floats = rows.reshape(len(rows), width // wide, wide).sum(axis=2) / np.float32(high * wide)
    return means


def _coarse_change(first: ShotThumbnail, second: ShotThumbnail) -> float:
    forms, others = _coarse_forms(first), _coarse_forms(second)
    energy = float((forms**2).mean() + (others**2).mean()) + 2 * _NOISE**2
    reach = range(-_COARSE_REACH, _COARSE_REACH + 1)
    errors = [_shifted_error(forms, others, down, right) for down in reach for right in reach]
    return min(1.0, min(errors) / energy)


def _relit(thumbnail: ShotThumbnail, model: ShotThumbnail) -> ShotThumbnail:
    """Give a thumbnail the contrast of another, in luma and in chroma, where a change of light may account for that."""
    gain = np.sqrt(np.float32(structure(model) + _NOISE**2) / np.float32(structure(thumbnail) + _NOISE**2))
    if not 1 / _MOST_GAIN <= gain <= _MOST_GAIN:
        return thumbnail
    chroma = np.float32(0.5) + (thumbnail.chroma - np.float32(0.5)) * gain
    return ShotThumbnail(thumbnail.luma * gain, chroma, thumbnail.index, thumbnail.pts)


def _color_change(first: ShotThumbnail, second: ShotThumbnail) -> float:
    """Return in [0, 1] how far most of the picture changes its colour."""
    difference = np.stack([halved(plane) for plane in first.chroma - second.chroma])
    return min(1.0, float(np.median(np.hypot(*difference))) / _OTHER_COLOR)


def _coarse_forms(thumbnail: ShotThumbnail) -> Floats:
    """Return 3×9×16: luma without its mean, and chroma, which a change of light leaves alone."""
    luma = halved(halved(thumbnail.luma))
    return np.stack([luma - luma.mean(), *(2 * halved(plane) - 1 for plane in thumbnail.chroma)])


def _shifted_error(forms: Floats, others: Floats, down: int, right: int) -> float:
    _, height, width = forms.shape
    here = forms[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    there = others[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    return float(((here - there) ** 2).mean())

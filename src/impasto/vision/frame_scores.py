"""What single frames of a film are worth: sharp, well exposed, still, and with faces, where these can be looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.planar import PlanarFrame, codes_to_rgb
from impasto.vision.faces import detect_faces, faces_available
from impasto.vision.picture_change import mean_change
from impasto.vision.shot_thumbnail import Floats, ShotThumbnail, halved, make_thumbnail, shrink

_TILE_SIDE, _TILES = 48, (4, 6)
_SHARPEST_SHARE = 1 / 3
_MIDDLE, _WIDTH = 0.42, 0.33
_ENOUGH_CONTRAST = 0.12
_BLACK, _WHITE = 0.02, 0.98
_STILL = 0.03
_FACE_SIDE, _LARGE_FACE = 128, 0.3
_CHROMA_WEIGHT = 2


@dataclass(frozen=True, slots=True, eq=False)
class FrameScore:
    """What one frame is worth.

    Attributes
    ----------
    index, time
        Which frame it is, and its time in seconds.
    sharpness
        Not less than 0; only comparable within a film.
    exposure
        In [0, 1]: neither dark nor bright as a whole, with contrast, and little that is clipped.
    stillness
        In [0, 1]: 1 where the frame before shows the same, so that nothing is blurred by motion.
    faces
        In [0, 1]: how large and sure the best face is; 0 where faces cannot be looked for.
    signature
        Numbers whose distance says how unlike two frames are.
    """

    index: int
    time: Fraction
    sharpness: float
    exposure: float
    stillness: float
    faces: float
    signature: Floats


def score_frames(
    frames: Iterable[PlanarFrame], *, seconds: Fraction | float = Fraction(1, 2), faces: bool | None = None
) -> Iterator[FrameScore]:
    """Score frames of a film in one pass, about one in so many seconds; the first always.

    Parameters
    ----------
    faces
        Whether to look for faces, which takes the extra `faces`. Default: where it is there.

    Raises
    ------
    MissingExtraError
        Faces are asked for, and cannot be looked for.
    """
    scorer = FrameScorer(seconds=seconds, faces=faces)
    for frame in frames:
        if score := scorer.add(frame):
            yield score


class FrameScorer:
    """`score_frames` for frames that arrive one by one."""

    def __init__(self, *, seconds: Fraction | float = Fraction(1, 2), faces: bool | None = None) -> None:
        self._step = Fraction(seconds)
        self._faces = faces_available() if faces is None else faces
        self._previous: ShotThumbnail | None = None
        self._due: Fraction | None = None

    def add(self, frame: PlanarFrame) -> FrameScore | None:
        """Take the next frame, and score it if it is time to."""
        previous, self._previous = self._previous, make_thumbnail(frame)
        if self._due is not None and frame.pts < self._due:
            return None
        self._due = frame.pts + self._step
        change = mean_change(previous, self._previous) if previous else 0.0
        return self._score(frame, self._previous, change)

    def _score(self, frame: PlanarFrame, thumbnail: ShotThumbnail, change: float) -> FrameScore:
        return FrameScore(
            frame.index,
            frame.pts,
            sharpness_of(frame.planes[0], frame.bit_depth),
            exposure_of(_levels(frame, thumbnail)),
            1 / (1 + (change / _STILL) ** 2),
            _face_score(frame) if self._faces else 0.0,
            _signature(thumbnail),
        )


def sharpness_of(luma: NDArray[Any], bit_depth: int = 8) -> float:
    """Return how strongly neighbouring pixels bend in the sharpest third of some tiles: the background may be soft.

    Tiles are cut out at full size, so that a picture is looked at as sharply as it was taken, at the same cost for all
    sizes.
    """
    tiles = [
        tile.astype(np.float32) / np.float32(2**bit_depth - 1)
        for rows in _tile_places(luma.shape[0], _TILES[0])
        for columns in _tile_places(luma.shape[1], _TILES[1])
        if min((tile := luma[rows, columns]).shape) >= 3
    ]
    bends = sorted((_bend(tile) for tile in tiles), reverse=True)
    best = bends[: max(1, round(len(bends) * _SHARPEST_SHARE))]
    return float(np.mean(best)) if best else 0.0


def exposure_of(levels: Floats) -> float:
    """Return how well levels in [0, 1] are spread, in [0, 1]."""
    clipped = float(((levels < _BLACK) | (levels > _WHITE)).mean())
    balance = np.exp(-(((float(levels.mean()) - _MIDDLE) / _WIDTH) ** 2))
    return float(balance * min(1.0, float(levels.std()) / _ENOUGH_CONTRAST) * (1 - clipped))


def _tile_places(length: int, number: int) -> list[slice]:
    side = min(_TILE_SIDE, length)
    number = max(1, min(number, length // side))
    starts = ((np.arange(number) + 0.5) * length / number - side / 2).astype(int)
    return [slice(int(start), int(start) + side) for start in starts.clip(0)]


def _bend(tile: Floats) -> float:
    """Return the root mean square of the Laplacian."""
    inner = 4 * tile[1:-1, 1:-1] - tile[:-2, 1:-1] - tile[2:, 1:-1] - tile[1:-1, :-2] - tile[1:-1, 2:]
    return float(np.sqrt((inner**2).mean()))


def _levels(frame: PlanarFrame, thumbnail: ShotThumbnail) -> Floats:
    """Return luma from black to white in [0, 1]."""
    if frame.color.full_range:
        return thumbnail.luma
    scale = np.float32((2**frame.bit_depth - 1) / 2 ** (frame.bit_depth - 8))
    levels: Floats = ((thumbnail.luma * scale - np.float32(16)) / np.float32(219)).clip(0, 1)
    return levels


def _face_score(frame: PlanarFrame) -> float:
    scale = min(1.0, _FACE_SIDE / max(frame.height, frame.width))
    size = (max(1, round(frame.height * scale)), max(1, round(frame.width * scale)))
    matrix, offset = codes_to_rgb(frame.color, frame.bit_depth)
    codes = np.stack([_enlarged(shrink(plane, _within(plane.shape, size)), size) for plane in frame.planes], axis=-1)
    pixels = np.rint((codes @ matrix.T + offset).clip(0, 1) * 255).astype(np.uint8)
    faces = detect_faces(pixels)
    return max((face.score * min(1.0, face.height / (_LARGE_FACE * size[0])) for face in faces), default=0.0)


def _within(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    return min(shape[0], size[0]), min(shape[1], size[1])


def _enlarged(plane: Floats, size: tuple[int, int]) -> Floats:
    rows, columns = (np.arange(wanted) * there // wanted for wanted, there in zip(size, plane.shape, strict=True))
    return plane[np.ix_(rows, columns)]


def _signature(thumbnail: ShotThumbnail) -> Floats:
    """Return 9×16 of luma, and the mean chroma of quarters, weighed to count together as much as some of that."""
    chroma = _CHROMA_WEIGHT * thumbnail.chroma.reshape(2, 2, 9, 2, 16).mean(axis=(2, 4))
    return np.concatenate([halved(halved(thumbnail.luma)).ravel(), chroma.ravel()])

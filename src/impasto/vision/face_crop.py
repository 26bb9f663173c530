"""Squares that hold a face, upright and of one size: what little data is needed to learn faces from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Pixels
from impasto.vision.faces import detect_faces
from impasto.vision.landmarks import FaceRegion, crop_region, detect_landmarks

# Against the distance from the eyes to the lips, which turning the head sideways does not change.
_SIDE = 3.3
_DOWN = 0.42
_LIPS = (13, 14)
_LEAST_SCORE = 0.5


def upright_face(pixels: Pixels) -> FaceRegion | None:
    """Return the square around the largest face of a picture in which its eyes are level; None where there is none.

    Eyes lie at one height in all such squares, and lips at another, whatever the size and tilt of the face.

    Raises
    ------
    MissingExtraError
        See `impasto.vision.faces.faces_available`.
    """
    faces = detect_faces(pixels)
    if not faces:
        return None
    found = detect_landmarks(pixels, max(faces, key=lambda face: face.width * face.height))
    if found.score < _LEAST_SCORE:
        return None
    left, right = found.eyes
    middle, lips = (left + right) / 2, found.points[list(_LIPS)].mean(axis=0)
    across = right - left
    down = lips - middle
    reach = max(float(np.hypot(*down)), float(np.hypot(*across)))
    x, y = middle + _DOWN * down
    return FaceRegion(float(x), float(y), _SIDE * reach, float(np.arctan2(across[1], across[0])))


def face_crop(pixels: Pixels, region: FaceRegion, side: int) -> NDArray[np.uint8]:
    """Cut a region out of H×W×3: side×side×3 uint8; beyond the picture its edges are mirrored."""
    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    levels = to_8bit(pixels)
    height, width = levels.shape[:2]
    reach = region.side * 0.75
    edges = [reach - region.y, region.y + reach - height, reach - region.x, region.x + reach - width]
    top, bottom, left, right = (max(0, int(np.ceil(edge))) for edge in edges)
    if any((top, bottom, left, right)):
        levels = np.pad(levels, ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    moved = FaceRegion(region.x + left, region.y + top, region.side, region.angle)
    result: NDArray[np.uint8] = (crop_region(levels, moved, side) * 255 + 0.5).astype(np.uint8)
    return result


def centre_square(pixels: Pixels, side: int) -> NDArray[np.uint8]:
    """Return the middle of H×W×3 as side×side×3 uint8."""
    from PIL import Image  # noqa: PLC0415

    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    levels = to_8bit(pixels)
    extent = min(levels.shape[:2])
    top, left = ((length - extent) // 2 for length in levels.shape[:2])
    square = Image.fromarray(levels[top : top + extent, left : left + extent])
    return np.asarray(square.resize((side, side), Image.Resampling.LANCZOS))

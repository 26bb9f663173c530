"""Where in a picture a style goes: on people, on what is behind them, softly over faces, or where a mask says."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.apply.masked import Mask, Region
from impasto.apply.native_space import foreign_profile, profile_luts
from impasto.apply.working_picture import working_picture, working_size
from impasto.errors import UnusablePixelsError, UsageError
from impasto.media.frame import Frame, pixel_maximum

Where: TypeAlias = str | os.PathLike[str] | NDArray[np.generic]
"""One of `REGIONS`, the path of a mask, or a mask."""
Floats = NDArray[np.float32]

REGIONS = ("subject", "background", "face-soft")

_LOOKED_AT_SIDE = 512
_FACE_SHARE = 0.5
# Around the box from brow to chin: half of its sides times these make an ellipse that holds forehead and jaw, within
# which the share is in force, and one beyond which nothing of it is left.
_FACE_WIDTH, _FACE_HEIGHT, _FACE_FADE = 1.0, 1.3, 1.5
_FACE_RISE = 0.1
_SAME_ASPECT = 0.01


def region_for(where: Where) -> Region:
    """Return what tells where in a frame the style goes.

    Parameters
    ----------
    where
        - "subject" or "background": people, or all but people.
        - "face-soft": everywhere, at half the strength on faces. Without a face that is the whole picture.
        - a mask, or the path of one: white where the style goes, black where the picture stays. It must have the size
          of the picture, as seen upright, or at least its aspect.

    Raises
    ------
    UsageError
        There is no region of this name.
    UnreadableMediaError, UnusablePixelsError
        The mask cannot be read, or is none.
    MissingExtraError
        A package is needed that is not installed.
    """
    if isinstance(where, np.ndarray):
        return partial(_fitting, _checked(where), "the mask")
    if where == "subject":
        return _subject_region()
    if where == "background":
        return _subject_region(behind=True)
    if where == "face-soft":
        return _face_region()
    path = Path(where)
    if not path.suffix and not path.exists():
        raise UsageError(f"There is no region or mask '{path}'. Regions are {', '.join(REGIONS)}; a mask is a picture.")
    return partial(_fitting, _read_mask(path), str(path))


def _fitting(mask: Mask, name: str, frame: Frame) -> Mask:
    (height, width), (mask_height, mask_width) = frame.pixels.shape[:2], mask.shape
    # Rounding to whole pixels, when one of both was made smaller, may change the aspect by as much.
    rounding = 1 / min(height, width, mask_height, mask_width)
    if abs(mask_width * height / (mask_height * width) - 1) > max(_SAME_ASPECT, rounding):
        raise UsageError(
            f"{frame.path or 'The picture'} has {width}×{height} pixels, {name} {mask_width}×{mask_height}: "
            "a mask must have the size of the picture, or its aspect."
        )
    return mask


def _checked(mask: NDArray[np.generic]) -> Mask:
    if mask.ndim != 2 or mask.size == 0:
        raise UnusablePixelsError(f"A mask must be H×W, one number for each pixel, not of shape {mask.shape}.")
    if mask.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(mask)
    values = mask.astype(np.float32)
    if not (mask.dtype == np.bool_ or np.issubdtype(mask.dtype, np.floating)) or not np.isfinite(values).all():
        raise UnusablePixelsError(f"A mask holds booleans, uint8, uint16, or finite floats, not {mask.dtype}.")
    if values.min() < 0 or values.max() > 1:
        raise UnusablePixelsError("A mask of floats must lie in [0, 1].")
    return np.ascontiguousarray(values)


def _read_mask(path: Path) -> Mask:
    from impasto.media.image_read import read_image  # noqa: PLC0415  imports Pillow

    frame = read_image(path)
    mask: Mask = np.ascontiguousarray(frame.pixels[..., 1])
    if frame.alpha is not None:
        maximum = pixel_maximum(mask.dtype)
        mask = (mask * (frame.alpha / np.float32(maximum))).astype(mask.dtype)
    return mask


def _subject_region(*, behind: bool = False) -> Region:
    from impasto.vision.matte import load_matte  # noqa: PLC0415  imports OpenCV

    matte = load_matte()

    def region(frame: Frame) -> Mask:
        share = matte(_look_at(frame))
        return 1 - share if behind else share

    return region


def _face_region() -> Region:
    from impasto.vision.faces import detect_faces, require_faces  # noqa: PLC0415  few need them

    require_faces()

    def region(frame: Frame) -> Mask | None:
        seen = _look_at(frame)
        faces = detect_faces(seen)
        if not faces:
            return None
        rows, columns = np.ogrid[: seen.shape[0], : seen.shape[1]]
        mask = np.ones(seen.shape[:2], np.float32)
        for face in faces:
            across = (columns - face.x - face.width / 2) / (face.width / 2 * _FACE_WIDTH)
            down = (rows - face.y - face.height * (0.5 - _FACE_RISE)) / (face.height / 2 * _FACE_HEIGHT)
            outside = ((np.hypot(across, down) - 1) / (_FACE_FADE - 1)).clip(0, 1)
            share = 1 - (1 - _FACE_SHARE) * (1 - outside * outside * (3 - 2 * outside))
            mask = np.minimum(mask, share.astype(np.float32))
        return mask

    return region


def _look_at(frame: Frame) -> Floats:
    """Return the frame in sRGB at a short side of at most 512 pixels: H×W×3 in [0, 1]."""
    side = min(_LOOKED_AT_SIDE, frame.height, frame.width)
    size = working_size(frame.height, frame.width, side)
    small = working_picture(frame.pixels, size, num_threads=1)[0][:, *size.inner]
    seen = np.ascontiguousarray(np.moveaxis(small, 0, -1))
    icc_profile = foreign_profile(frame)
    return seen if icc_profile is None else profile_luts(icc_profile)[0].apply(seen)

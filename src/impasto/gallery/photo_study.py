"""`PhotoStudy`: a photo, looked at once, so that many looks can be tried on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from impasto.gallery.traits import TRAITS_SIDE, Palette, PhotoTraits, palette, photo_traits
from impasto.media.image_read import read_thumbnail_srgb
from impasto.vision.lab import Floats, rgb_to_lab

SkinSource = Literal["faces", "colors", "none"]
_SAMPLE_SIDE = 96
_FACE_OVAL = 0.75
"""Of a face's box: hair and background are outside."""
_LEAST_SKIN_SHARE = 0.03
_SKIN_LIKE = 0.8


@dataclass(frozen=True, eq=False)
class PhotoStudy:
    """What looks are tried on.

    Attributes
    ----------
    colors, lab
        N×3: pixels spread evenly over the photo, in sRGB and in L*a*b*.
    traits, palette
        Of the whole thumbnail.
    skin
        N flags: which of `colors` are skin.
    skin_source
        `faces`: within faces that were found; `colors`: merely of a colour that skin has; `none`: there is none.
    num_faces
        How many were found; 0 also where faces cannot be looked for.
    """

    colors: Floats
    lab: Floats
    traits: PhotoTraits
    palette: Palette
    skin: NDArray[np.bool_]
    skin_source: SkinSource
    num_faces: int


def study_file(path: Path | str) -> PhotoStudy:
    """Look at a picture file.

    Raises
    ------
    UnreadableMediaError, MissingExtraError
        The picture cannot be read.
    """
    return study_photo(read_thumbnail_srgb(path, TRAITS_SIDE).astype(np.float32) / 255)


def study_photo(pixels: NDArray[Any]) -> PhotoStudy:
    """Look at a thumbnail: H×W×3 sRGB, float32 in [0, 1], with a long side of about `TRAITS_SIDE`.

    Raises
    ------
    UnusablePixelsError
        It is no picture.
    """
    traits = photo_traits(pixels)
    step = -(-max(pixels.shape[:2]) // _SAMPLE_SIDE)
    colors = pixels[::step, ::step].reshape(-1, 3)
    lab = rgb_to_lab(colors)
    in_faces, num_faces = _faces(pixels)
    skin, source = _skin(lab, in_faces[::step, ::step].reshape(-1))
    return PhotoStudy(colors, lab, traits, palette(pixels), skin, source, num_faces)


def skin_plausibility(lab: Floats) -> NDArray[np.float32]:
    """Tell how well skin may have colours, N×3 in L*a*b*: 1 for red to yellow of some chroma, falling to 0 beyond.

    Skin of every depth lies in one range of hue and chroma; what makes a tone of it implausible is leaving that.
    """
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    off_hue = np.maximum(np.maximum(25 - hue, hue - 80), 0) / 9
    off_chroma = np.maximum(np.maximum((7 - chroma) / 3, (chroma - 42) / 8), 0)
    plausible: NDArray[np.float32] = np.exp(-0.5 * (off_hue**2 + off_chroma**2)).astype(np.float32)
    return plausible


def _faces(pixels: NDArray[np.float32]) -> tuple[NDArray[np.bool_], int]:
    """Return where the ovals of faces are, H×W, and their number."""
    from impasto.vision.faces import detect_faces, faces_available  # noqa: PLC0415

    inside = np.zeros(pixels.shape[:2], np.bool_)
    found = detect_faces(pixels) if faces_available() else []
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    for face in found:
        across = (columns + 0.5 - face.x - face.width / 2) / (face.width / 2 * _FACE_OVAL)
        down = (rows + 0.5 - face.y - face.height / 2) / (face.height / 2 * _FACE_OVAL)
        inside |= across**2 + down**2 <= 1
    return inside, len(found)


def _skin(lab: Floats, in_faces: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], SkinSource]:
    exposed = (lab[:, 0] > 12) & (lab[:, 0] < 96)
    if (in_faces & exposed).any():
        return in_faces & exposed, "faces"
    skin_like = exposed & (skin_plausibility(lab) > _SKIN_LIKE) & (np.hypot(lab[:, 1], lab[:, 2]) > 10)
    if skin_like.mean() >= _LEAST_SKIN_SHARE:
        return skin_like, "colors"
    return np.zeros(len(lab), np.bool_), "none"

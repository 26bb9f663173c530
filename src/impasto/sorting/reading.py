"""Pictures as a classifier is shown them, and what tells copies of one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.gallery.reading import Failure
from impasto.media.image_read import read_thumbnail_srgb
from impasto.media.perceptual_hash import content_hash, luminance_square, perceptual_hash

MIN_SIDE = 16
"""Pictures with a shorter side show nothing that could be told."""
COMPARED_SIDE = 32
_BATCH_SIZE = 16
_NUM_THREADS = 2

Squares = NDArray[np.uint8]
"""B×S×S×3, sRGB."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture that was read.

    Attributes
    ----------
    square
        S×S×3, sRGB: the whole picture, squeezed.
    sha256
        Of the file.
    hash_bits, compared
        What it shows, as 64 bits and as small luminance, for finding copies.
    """

    path: Path
    square: NDArray[np.uint8]
    sha256: str
    hash_bits: int
    compared: NDArray[np.float32]


def read_pictures(paths: Sequence[Path], side: int) -> Iterator[list[Seen | Failure]]:
    """Read pictures some at a time and in order; one that cannot be used comes as the reason."""
    with ThreadPoolExecutor(_NUM_THREADS) as pool:
        for first in range(0, len(paths), _BATCH_SIZE):
            yield list(pool.map(partial(_read, side=side), paths[first : first + _BATCH_SIZE]))


def squeezed(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a picture H×W×3 at S×S×3, all of it, whatever its proportions."""
    if picture.shape[:2] == (side, side):
        return picture
    image = Image.fromarray(picture)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0))


def _read(path: Path, side: int) -> Seen | Failure:
    try:
        thumbnail = read_thumbnail_srgb(path, side, fit_short_side=True)
        height, width = thumbnail.shape[:2]
        if min(height, width) < MIN_SIDE:
            return Failure(path, f"{path} is too small to tell what it shows: {width}×{height}, under {MIN_SIDE}.")
        compared = luminance_square(thumbnail, COMPARED_SIDE).astype(np.float32)
        return Seen(path, squeezed(thumbnail, side), content_hash(path), perceptual_hash(thumbnail), compared)
    except (UnreadableMediaError, MissingExtraError) as error:
        return Failure(path, str(error))
    except OSError as error:
        return Failure(path, f"{path} cannot be read: {error.strerror or error}.")

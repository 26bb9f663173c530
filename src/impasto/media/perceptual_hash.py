"""Which pictures are the same: exactly, by their bytes, or nearly, by how their light is laid out."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.media.luma import LUMA

_HASH_SIDE = 32
_NUM_FREQUENCIES = 8
_LUMA = np.array(LUMA)


def perceptual_hash(pixels: NDArray[Any]) -> int:
    """Hash a picture to 64 bits that survive resizing, recompression and changes of exposure.

    Frequencies 1 to 8 on both axes of a cosine transform of the 32×32 luminance, each above or below their median
    (after C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).

    Parameters
    ----------
    pixels
        H×W×3 RGB on any scale; a thumbnail is enough.
    """
    basis = _cosines()
    coefficients = (basis @ luminance_square(pixels, _HASH_SIDE) @ basis.T).reshape(-1)
    bits = coefficients > np.median(coefficients)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def luminance_square(pixels: NDArray[Any], side: int) -> NDArray[np.float64]:
    """Average the luma of an H×W×3 picture over `side`×`side` equal fields, whatever its proportions."""
    height, width = pixels.shape[:2]
    result: NDArray[np.float64] = _area_weights(height, side) @ (pixels @ _LUMA) @ _area_weights(width, side).T
    return result


def hamming_distance(first: int, second: int) -> int:
    """Count the bits in which two hashes differ: 0 to 64."""
    return (first ^ second).bit_count()


def content_hash(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _area_weights(num_from: int, num_to: int) -> NDArray[np.float64]:
    edges = np.linspace(0, num_from, num_to + 1)
    pixel = np.arange(num_from)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    overlap = np.clip(overlap, 0, None)
    weights: NDArray[np.float64] = overlap / overlap.sum(axis=1, keepdims=True)
    return weights


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    frequency = np.arange(1, _NUM_FREQUENCIES + 1)[:, None]
    position: NDArray[np.float64] = np.cos(np.pi * frequency * (np.arange(_HASH_SIDE) + 0.5) / _HASH_SIDE)
    return position

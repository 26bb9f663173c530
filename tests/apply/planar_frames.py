"""Pictures of films for tests, and what a LUT should make of their code values."""

import numpy as np

from impasto.apply.lut import Lut3D
from impasto.media.chroma import chroma_shape
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame, codes_to_rgb

FILM = Color(transfer="bt709", full_range=False)


def noise_frame(
    size: tuple[int, int] = (30, 40), bits: int = 8, subsampling: tuple[int, int] = (2, 2), color: Color = FILM
) -> PlanarFrame:
    """Return code values of all sizes, inside the legal range and outside."""
    rng = np.random.default_rng(bits)
    dtype = np.uint8 if bits == 8 else np.uint16
    shapes = [size] + [chroma_shape(*size, subsampling)] * 2
    planes = tuple(rng.integers(0, 1 << bits, shape, dtype) for shape in shapes)
    return PlanarFrame(planes, bits, subsampling, color)


def codes_frame(codes: np.ndarray, bits: int, color: Color = FILM) -> PlanarFrame:
    """Return a 4:4:4 frame of one row, of K×3 code values."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return PlanarFrame(tuple(np.ascontiguousarray(codes[None, :, c], dtype) for c in range(3)), bits, (1, 1), color)


def codes_of(frame: PlanarFrame) -> np.ndarray:
    """Return the code values of a 4:4:4 frame, K×3."""
    return np.stack([plane.ravel() for plane in frame.planes], axis=-1).astype(float)


def codes_of_rgb(rgb: np.ndarray, bits: int, color: Color = FILM) -> np.ndarray:
    """Return the nearest codes of K×3 colours."""
    matrix, offset = codes_to_rgb(color, bits)
    return np.rint((rgb - offset) @ np.linalg.inv(matrix).T).clip(0, (1 << bits) - 1)


def exact_codes(lut: Lut3D, codes: np.ndarray, bits: int, color: Color = FILM) -> np.ndarray:
    """Return, unrounded, what a LUT makes of K×3 codes of colours that RGB can show."""
    matrix, offset = codes_to_rgb(color, bits)
    rgb = (codes @ matrix.T + offset).clip(0, 1)
    return (lut.apply(rgb.astype(np.float32)) - offset) @ np.linalg.inv(matrix).T

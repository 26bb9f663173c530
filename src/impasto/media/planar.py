"""`PlanarFrame`: a picture of a film as it is coded, and its conversion to RGB and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UnusablePixelsError
from impasto.media.chroma import Subsampling, chroma_axes, chroma_shape
from impasto.media.frame import Color, Frame, Pixels, pixel_maximum
from impasto.media.luma import LUMA_WEIGHTS

Plane: TypeAlias = NDArray[Any]
"""Code values of one component: uint8 for 8 bits, uint16 holding 9 to 16 bits in its low end."""
Planes: TypeAlias = tuple[Plane, Plane, Plane]

FILM_COLOR = Color(transfer="bt709", full_range=False)
"""BT.709 of limited range, as most films are."""
_PERMUTED = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])


@dataclass(frozen=True, slots=True, eq=False)
class PlanarFrame:
    """One upright picture of a film, as code values.

    Attributes
    ----------
    planes
        Y, U and V; green, blue and red where `color.matrix` is "identity".
    bit_depth
        8 to 16.
    subsampling
        Pixels for each sample of U and V, across and down: (2, 2) for 4:2:0, (2, 1) for 4:2:2, (1, 1) for 4:4:4.
    index, shot
        Position in the film, and the number of the shot it belongs to.
    pts
        Exact presentation time in seconds.
    alpha
        H×W code values of full range, or None.
    """

    planes: Planes
    bit_depth: int = 8
    subsampling: Subsampling = (2, 2)
    color: Color = FILM_COLOR
    index: int = 0
    pts: Fraction = Fraction(0)
    shot: int = 0
    alpha: Plane | None = None

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])

    def with_planes(self, planes: Planes) -> PlanarFrame:
        """Return the same frame showing other code values."""
        return replace(self, planes=planes)

    def with_shot(self, shot: int) -> PlanarFrame:
        """Return the same frame as part of another shot."""
        return replace(self, shot=shot)

    def to_rgb(self) -> Frame:
        """Convert to RGB of full range: uint8 for 8 bits, uint16 in [0, 65535] for more."""
        from impasto.media.planar_kernels import planes_to_rgb  # noqa: PLC0415 - imports numba

        kind = np.uint8 if self.bit_depth == 8 else np.uint16
        pixels = np.empty((self.height, self.width, 3), kind)
        matrix, offset = codes_to_rgb(self.color, self.bit_depth)
        white = pixel_maximum(pixels.dtype)
        affine = _affine(matrix * white, offset * white + 0.5, white)
        across, down = chroma_axes(self.subsampling, self.color.chroma_location)
        planes_to_rgb(*self.planes, pixels, affine, across.enlarging, down.enlarging)
        color = replace(self.color, full_range=True)
        return Frame(pixels, self._pixel_alpha(pixels), self.index, self.shot, self.pts, color)

    @staticmethod
    def from_rgb(frame: Frame, like: PlanarFrame) -> PlanarFrame:
        """Convert RGB of any dtype to code values, coded and placed as another frame is.

        Raises
        ------
        UnusablePixelsError
            The two differ in size.
        """
        if (frame.height, frame.width) != (like.height, like.width):
            raise UnusablePixelsError(
                f"A picture of {frame.width}×{frame.height} cannot take the place of one of {like.width}×{like.height}."
            )
        return like.with_planes(_planes_of(frame.pixels, like))

    def _pixel_alpha(self, pixels: Pixels) -> Plane | None:
        if self.alpha is None or self.bit_depth == 8:
            return self.alpha
        scaled = self.alpha.astype(np.float32) * np.float32(65535 / (2**self.bit_depth - 1))
        return np.asarray(np.rint(scaled), pixels.dtype)


def codes_to_rgb(color: Color, bit_depth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a 3×3 `matrix` and `offset` (3,) with rgb = matrix @ (y, u, v) + offset, rgb in [0, 1].

    Holds for RGB codecs as well, whose planes are green, blue and red.

    Raises
    ------
    UnusablePixelsError
        The matrix is unknown.
    """
    unit = 2.0 ** (bit_depth - 8)
    top = 2.0**bit_depth - 1
    black, luma, chroma = (0.0, top, top) if color.full_range else (16 * unit, 219 * unit, 224 * unit)
    if color.matrix == "identity":
        return _PERMUTED / luma, np.full(3, -black / luma)
    if color.matrix not in LUMA_WEIGHTS:
        known = ", ".join([*LUMA_WEIGHTS, "identity"])
        raise UnusablePixelsError(f"Colours with the matrix '{color.matrix}' cannot be converted. Known are {known}.")
    red, blue = LUMA_WEIGHTS[color.matrix]
    green = 1 - red - blue
    to_red, to_blue = 2 * (1 - red), 2 * (1 - blue)
    matrix = np.array([[1, 0, to_red], [1, -to_blue * blue / green, -to_red * red / green], [1, to_blue, 0]])
    matrix /= [luma, chroma, chroma]
    return matrix, -matrix @ np.array([black, 128 * unit, 128 * unit])


def rgb_to_codes(color: Color, bit_depth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inverse of `codes_to_rgb`: codes = matrix @ rgb + offset."""
    matrix, offset = codes_to_rgb(color, bit_depth)
    inverse = np.asarray(np.linalg.inv(matrix), np.float64)
    return inverse, -inverse @ offset


def _planes_of(pixels: Pixels, like: PlanarFrame) -> Planes:
    from impasto.media.planar_kernels import reduce_rows, rgb_to_planes  # noqa: PLC0415 - imports numba

    maximum = 2.0**like.bit_depth - 1
    matrix, offset = rgb_to_codes(like.color, like.bit_depth)
    affine = _affine(matrix / pixel_maximum(pixels.dtype), offset + np.array([0.5, 0, 0]), maximum)
    across, down = chroma_axes(like.subsampling, like.color.chroma_location)
    kind = np.uint8 if like.bit_depth == 8 else np.uint16
    shape = chroma_shape(like.height, like.width, like.subsampling)
    y, u, v = np.empty((like.height, like.width), kind), np.empty(shape, kind), np.empty(shape, kind)
    slope = down.slope_beyond(like.height)
    rows = np.empty((2, like.height + bool(slope), shape[1]), np.float32)
    place = (across.factor, across.first_tap)
    slope_across = np.float32(across.slope_beyond(like.width))
    rgb_to_planes(pixels, y, rows, affine, across.reducing, place, slope_across)
    if slope:
        rows[:, -1] = rows[:, -2] + np.float32(slope) * (rows[:, -2] - rows[:, -3])
    for reduced, plane in zip(rows, (u, v), strict=True):
        reduce_rows(reduced, plane, down.reducing, down.factor, down.first_tap, np.int32(maximum))
    return y, u, v


def _affine(matrix: NDArray[np.float64], offset: NDArray[np.float64], maximum: float) -> NDArray[np.float32]:
    """Return 4×4 for the kernels: matrix and offset, and the maximum in the last row."""
    affine = np.zeros((4, 4), np.float32)
    affine[:3, :3], affine[:3, 3], affine[3, 0] = matrix, offset, maximum
    return affine

"""`PlanarLut`: a LUT for the pictures of films, from code values of luma and chroma to code values."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import PIXELS_PER_BLOCK, available_cores, run_blocks
from impasto.apply.lut import Lut3D, check_strength
from impasto.errors import UnusablePixelsError
from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame, Plane, Planes, codes_to_rgb

_Numbers = NDArray[np.int32]
_BAKED_BITS = 8
_NODE_BITS = 7
"""A grid for more than 8 bits has 2⁷ cells per axis."""
_CELLS_PER_BLOCK = 64


class PlanarLut:
    """Applies a LUT to code values of luma and chroma, without a way through RGB.

    The map is exact for 8 bits at full chroma resolution, but for rounding. For more bits it is interpolated, in single
    precision, between nodes two 8-bit codes apart. Where chroma is stored at a lower resolution, luma takes the chroma
    that it shares, and chroma the mean of its luma. The identity changes no code value, be it inside the legal range or
    outside; beyond the colours that RGB can show, a LUT is continued as its mirror image.

    What the LUT does under a pair of chroma codes is baked when a picture first holds that pair. Frames depend on the
    LUT only, not on what was baked before. Threads may share one.

    Parameters
    ----------
    lut
        What to apply, to RGB as the film shows it (`Color.primaries` and `transfer` stay).
    color
        The matrix and range of the film.
    bit_depth
        8 to 16.

    Raises
    ------
    UnusablePixelsError
        The matrix is unknown, or the bit depth is out of range.
    """

    def __init__(self, lut: Lut3D, color: Color, bit_depth: int) -> None:
        if not 8 <= bit_depth <= 16:
            raise UnusablePixelsError(f"A film has 8 to 16 bits, not {bit_depth}.")
        self.lut = lut
        self.color = color
        self.bit_depth = bit_depth
        kernels = _kernels()
        is_deep = bit_depth > _BAKED_BITS
        shift, top = max(0, bit_depth - _NODE_BITS), (1 << bit_depth) - 1
        self._depth = np.uint64(shift), np.uint64(top), np.float32(1 / (1 << shift)), np.float32(top)
        self._matrices = _matrices(color, bit_depth, 1 << shift if is_deep else 1)
        num_cells = kernels.NODES**2 if is_deep else 1 << 2 * _BAKED_BITS
        self._numbers: _Numbers = np.full(num_cells, -1, np.int32)
        self._num_columns = 0
        # The system gives memory only to what is written: a few megabytes for most films.
        length = kernels.COLUMN_FLOATS if is_deep else kernels.COLUMN_BYTES
        self._columns: NDArray[Any] = np.empty(num_cells * length, np.float32 if is_deep else np.uint8)
        self._lock = Lock()

    @property
    def num_columns(self) -> int:
        """For how many pairs of chroma codes, or of nodes, the LUT is baked."""
        return self._num_columns

    def apply(self, frame: PlanarFrame, *, num_threads: int | None = None) -> PlanarFrame:
        """Return the frame with its code values mapped.

        Parameters
        ----------
        frame
            Of this LUT's bit depth, with a subsampling of 4:2:0, 4:2:2, 4:4:0 or 4:4:4.
        num_threads
            Default: every core this process may use.

        Raises
        ------
        UnusablePixelsError
            The frame has another bit depth or subsampling.
        """
        self._check(frame)
        threads = num_threads or available_cores()
        source: Planes = tuple(np.ascontiguousarray(plane) for plane in frame.planes)  # type: ignore[assignment]
        target: Planes = tuple(np.empty_like(plane) for plane in source)  # type: ignore[assignment]
        factors = np.uint64(frame.subsampling[0]), np.uint64(frame.subsampling[1])
        rows, row_pixels = len(source[1]), max(1, frame.width * frame.subsampling[1])
        if self._num_columns == 0:
            self._bake(source[1], source[2], threads)

        def run_block(first: int, last: int) -> None:
            while first < last:
                done = self._look_up(source, target, factors, (first, last))
                if done < last:
                    self._bake(source[1][done:last], source[2][done:last], 1)
                first = done

        run_blocks(run_block, rows, max(1, PIXELS_PER_BLOCK // row_pixels), threads)
        return frame.with_planes(target)

    __call__ = apply

    def eased(self, other: PlanarLut, share: float) -> PlanarLut:
        """Return the mix of this LUT (share 0) and another (share 1) for the same film."""
        return PlanarLut(mixed_lut([self.lut, other.lut], [1 - share, share]), self.color, self.bit_depth)

    def _check(self, frame: PlanarFrame) -> None:
        if frame.bit_depth != self.bit_depth:
            raise UnusablePixelsError(f"A LUT for {self.bit_depth} bits cannot map a frame of {frame.bit_depth}.")
        if not set(frame.subsampling) <= {1, 2}:
            across, down = frame.subsampling
            raise UnusablePixelsError(
                f"A LUT cannot map frames with chroma for {across}×{down} pixels. Convert the film to 4:2:0 first."
            )

    def _look_up(self, source: Planes, target: Planes, factors: Any, span: tuple[int, int]) -> int:
        """Map rows of chroma and their luma; return the first that lacks a column, or the end of the span."""
        kernels, table = _kernels(), (self._numbers, self._columns)
        if self.bit_depth > _BAKED_BITS:
            return int(kernels.look_up_deep(source, target, table, factors, span, self._depth))
        return int(kernels.look_up(source, target, table, factors, span))

    def _bake(self, u_rows: Plane, v_rows: Plane, num_threads: int) -> None:
        """Fill the columns that rows of chroma need."""
        with self._lock:
            numbers, start = self._numbers.copy(), self._num_columns
            cells = np.flatnonzero(self._missing(u_rows, v_rows, numbers))
            fill = _kernels().fill_deep_columns if self.bit_depth > _BAKED_BITS else _kernels().fill_columns
            table, size = self.lut._padded, self.lut.size

            def fill_block(first: int, last: int) -> None:
                fill(table, size, self._matrices, cells[first:last], self._columns, start + first)

            run_blocks(fill_block, len(cells), _CELLS_PER_BLOCK, num_threads)
            numbers[cells] = np.arange(start, start + len(cells))
            # Threads that are looking up go on with the numbers they have, all of whose columns are whole.
            self._numbers, self._num_columns = numbers, start + len(cells)

    def _missing(self, u_rows: Plane, v_rows: Plane, numbers: _Numbers) -> NDArray[np.uint8]:
        marks = np.zeros(numbers.size, np.uint8)
        if self.bit_depth > _BAKED_BITS:
            _kernels().mark_missing_deep(u_rows, v_rows, numbers, marks, self._depth)
        else:
            _kernels().mark_missing(u_rows, v_rows, numbers, marks)
        return marks


def mixed_lut(luts: Sequence[Lut3D], shares: Sequence[float]) -> Lut3D:
    """Return the weighted mean of LUTs, on the grid of the finest; shares must sum to one."""
    for share in shares:
        check_strength(share)
    size = max(lut.size for lut in luts)
    mean = np.zeros((size, size, size, 3))
    for lut, share in zip(luts, shares, strict=True):
        mean += share * lut.resampled(size).table.clip(0, 1)
    return Lut3D(mean.astype(np.float32))


def _matrices(color: Color, bit_depth: int, step: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return 3×4 numbers from multiples of `step` codes to RGB, and 3×3 from changes of RGB to changes of codes."""
    matrix, offset = codes_to_rgb(color, bit_depth)
    to_rgb = np.column_stack([matrix * step, offset])
    return tuple(to_rgb.ravel().tolist()), tuple(np.linalg.inv(matrix).ravel().tolist())


def _kernels() -> ModuleType:
    from impasto.apply import planar_kernels  # noqa: PLC0415  numba takes half a second to import

    return planar_kernels

"""3D look-up tables and their application to whole pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import PIXELS_PER_BLOCK, available_cores, run_blocks
from impasto.errors import UnusablePixelsError, UsageError
from impasto.media.frame import Pixels, padded_storage, pixel_maximum

Float32s = NDArray[np.float32]
_Steps = tuple[np.uint64, np.uint64]
_Run = Callable[[Pixels, Pixels, _Steps], None]
_Packed = tuple[NDArray[np.uint64], NDArray[np.uint64]]
MAX_SIZE = 129
# Below this the 8-bit position in a cell is too coarse; a finer table with the same interpolant is packed instead.
_MIN_PACKED_SIZE = 17


@dataclass(frozen=True, eq=False)
class Lut3D:
    """A map from RGB to RGB, sampled on a regular grid.

    Attributes
    ----------
    table
        float32 of shape (N, N, N, 3), indexed [red, green, blue, channel], 2 ≤ N ≤ 129. The domain is [0, 1]; values
        outside it are clamped when the table is applied.

    Raises
    ------
    UsageError
        The table has another shape, or holds values that are not finite.
    """

    table: Float32s

    def __post_init__(self) -> None:
        table = np.ascontiguousarray(self.table, np.float32)
        if table.ndim != 4 or table.shape != (*table.shape[:1] * 3, 3) or not 2 <= table.shape[0] <= MAX_SIZE:
            raise UsageError(f"A 3D LUT must have shape (N, N, N, 3) with N from 2 to {MAX_SIZE}, not {table.shape}.")
        if not np.isfinite(table).all():
            raise UsageError("The 3D LUT holds values that are not finite.")
        object.__setattr__(self, "table", table)

    @classmethod
    def identity(cls, size: int = 33) -> Lut3D:
        """Return the LUT of `size` steps per axis that changes nothing."""
        if not 2 <= size <= MAX_SIZE:
            raise UsageError(f"The size of a 3D LUT must be from 2 to {MAX_SIZE}, not {size}.")
        axis = np.linspace(0, 1, size, dtype=np.float32)
        return cls(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1))

    @property
    def size(self) -> int:
        """Steps per axis."""
        return int(self.table.shape[0])

    def blended(self, strength: float) -> Lut3D:
        """Return the mix of the identity (strength 0) and this LUT (strength 1).

        Raises
        ------
        UsageError
            `strength` is not in [0, 1].
        """
        check_strength(strength)
        if strength == 1:
            return self
        identity = Lut3D.identity(self.size).table
        return Lut3D(identity + np.float32(strength) * (self.table - identity))

    def resampled(self, size: int) -> Lut3D:
        """Return this map on a grid of another size."""
        return self if size == self.size else Lut3D(self.apply(Lut3D.identity(size).table))

    def apply(self, pixels: Pixels, *, out: Pixels | None = None, num_threads: int | None = None) -> Pixels:
        """Map every pixel, by tetrahedral interpolation.

        8-bit pictures use 13-bit table values and 8-bit positions, rounded to nearest; others are computed in float32.

        Parameters
        ----------
        pixels
            (..., 3) RGB of dtype uint8, uint16, or float32 in [0, 1] (clamped; NaN counts as 0).
        out
            Where to write: C-contiguous, of the same shape and dtype; may be `pixels` itself. It may have a fourth
            channel, which is left alone. By default a new array.
        num_threads
            Default: every core this process may use.

        Raises
        ------
        UnusablePixelsError
            `pixels` or `out` has an unsupported shape, dtype or memory layout.
        """
        out = _checked_target(pixels, out)
        run = self._run_8bit if pixels.dtype == np.uint8 else self._run_float
        _for_each_block(run, pixels, out, num_threads)
        return out

    __call__ = apply

    def baked(self, *, num_threads: int | None = None) -> BakedLut:
        """Return the table of this map's value for all 256³ 8-bit colours (64 MB)."""
        kernels, table, reds = _kernels(), np.empty(1 << 24, np.uint32), np.arange(256, dtype=np.uint8)
        spread = _interleaved_bits()

        def fill(first: int, last: int) -> None:
            kernels.fill_baked(reds[first:last], table, spread, *self._packed)

        run_blocks(fill, 256, 8, num_threads or available_cores())
        return BakedLut(table, spread)

    def _run_8bit(self, source: Pixels, target: Pixels, steps: _Steps) -> None:
        _kernels().interpolate_8bit(source, target, steps, *self._packed)

    def _run_float(self, source: Pixels, target: Pixels, steps: _Steps) -> None:
        is_integer = target.dtype == np.uint16
        white = np.array([pixel_maximum(target.dtype), 0.5 if is_integer else 0], np.float32)
        _kernels().interpolate_float(source, target, steps, self._padded, self.size, white)

    @cached_property
    def _padded(self) -> Float32s:
        padded = np.zeros((self.size**3, 4), np.float32)
        padded[:, :3] = self.table.reshape(-1, 3).clip(0, 1)
        return padded

    @cached_property
    def _packed(self) -> _Packed:
        if self.size < _MIN_PACKED_SIZE:
            factor = -(-(_MIN_PACKED_SIZE - 1) // (self.size - 1))
            return self.resampled((self.size - 1) * factor + 1)._packed
        return _pack(self.table)


@dataclass(frozen=True, eq=False)
class BakedLut:
    """A LUT's value for every 8-bit colour: four times as fast as interpolating, and bit for bit the same.

    Attributes
    ----------
    table
        uint32 of shape (256³,), red in the lowest byte.
    spread
        uint32 of shape (3, 256): OR-ing the entries of red, green and blue gives the index. The bits of the three are
        interleaved, so that similar colours share cache lines.
    """

    table: NDArray[np.uint32]
    spread: NDArray[np.uint32]

    def apply(self, pixels: Pixels, *, out: Pixels | None = None, num_threads: int | None = None) -> Pixels:
        """Map every pixel of a uint8 picture; see `Lut3D.apply`."""
        if pixels.dtype != np.uint8:
            raise UnusablePixelsError(f"A baked LUT maps 8-bit pixels, not {pixels.dtype}.")
        out = _checked_target(pixels, out)
        _for_each_block(self._run, pixels, out, num_threads)
        return out

    __call__ = apply

    def _run(self, source: Pixels, target: Pixels, steps: _Steps) -> None:
        num_in_words = 0
        # Words need packed pixels, an aligned target, and a byte order in which red comes first.
        if steps[0] == steps[1] == 3 and target.ctypes.data % 4 == 0 and sys.byteorder == "little":
            num_in_words = source.size // 12 * 12
            words = target[:num_in_words].view(np.uint32)
            _kernels().look_up_baked_words(source[:num_in_words], words, self.table, self.spread)
        rest = source[num_in_words:]
        _kernels().look_up_baked(rest, target[num_in_words:], steps, self.table, self.spread)


def check_strength(strength: float) -> None:
    """Raise UsageError unless `strength` is in [0, 1]."""
    if not 0 <= strength <= 1:
        raise UsageError(f"The strength must be from 0 to 1, not {strength}.")


def _kernels() -> ModuleType:
    from impasto.apply import lut_kernels  # noqa: PLC0415  numba takes half a second to import

    return lut_kernels


def _checked_target(pixels: Pixels, out: Pixels | None) -> Pixels:
    if pixels.dtype not in (np.uint8, np.uint16, np.float32) or pixels.ndim < 2 or pixels.shape[-1] != 3:
        raise UnusablePixelsError(
            f"A LUT maps (..., 3) arrays of uint8, uint16 or float32, not {pixels.shape} of {pixels.dtype}."
        )
    if out is None:
        return np.empty(pixels.shape, pixels.dtype)
    is_shaped = out.shape[:-1] == pixels.shape[:-1] and out.shape[-1] in (3, 4)
    if not is_shaped or out.dtype != pixels.dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise UnusablePixelsError("`out` must be writable, C-contiguous, and have the shape and dtype of the pixels.")
    return out


def _for_each_block(run: _Run, pixels: Pixels, out: Pixels, num_threads: int | None) -> None:
    """Run over flat blocks of pixels; only what is neither contiguous nor padded is copied, a block at a time."""
    if pixels.size == 0:
        return
    storage = padded_storage(pixels)
    source = pixels if storage is None else storage
    if source.flags.c_contiguous:
        source = source.reshape(-1, source.shape[-1])
    target = out.reshape(*source.shape[:-1], out.shape[-1])
    steps = np.uint64(source.shape[-1]), np.uint64(out.shape[-1])

    def run_block(first: int, last: int) -> None:
        run(np.ascontiguousarray(source[first:last]).reshape(-1), target[first:last].reshape(-1), steps)

    block = max(1, PIXELS_PER_BLOCK * source.shape[-1] // source[0].size)
    run_blocks(run_block, len(source), block, num_threads or available_cores())


def _pack(table: Float32s) -> _Packed:
    """Return what `interpolate_8bit` reads: packed entries, and for each axis what its 256 values stand for."""
    kernels, size = _kernels(), table.shape[0]
    values = np.rint(table.reshape(-1, 3).clip(0, 1) * kernels.VALUE_SCALE).astype(np.uint64)
    bits = np.uint64(kernels.FIELD_BITS)
    packed = values[:, 0] | values[:, 1] << bits | values[:, 2] << bits + bits
    positions = np.rint(np.arange(256) * ((size - 1) * kernels.WEIGHT_ONE / 255)).astype(np.int64)
    cells = np.minimum(positions // kernels.WEIGHT_ONE, size - 2)
    strides = np.array([[size * size], [size], [1]])
    axes = (cells * strides) << 32 | (positions - cells * kernels.WEIGHT_ONE) << 16 | strides
    return packed, axes.astype(np.uint64)


def _interleaved_bits() -> NDArray[np.uint32]:
    values = np.arange(256, dtype=np.uint32)
    spread = sum((values >> bit & 1) << 3 * bit for bit in range(8))
    return np.stack([spread << 2, spread << 1, spread]).astype(np.uint32)

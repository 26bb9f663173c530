"""A LUT that many frames share."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from impasto.apply.lut import BakedLut, Lut3D
from impasto.media.frame import Pixels

# Baking costs as much as interpolating about this many pixels (four 4K frames). Baking once that much has been spent
# is never worse than twice the better choice, however long the stream turns out to be.
BAKE_AFTER_PIXELS = 1 << 25
# A table of 64 MB is slower than interpolation where colours are as good as random (noise), since every look-up then
# waits for memory. The first frames warm the caches, so that one slow frame proves nothing.
_MAX_SLOW_FRAMES = 3


class HeldLut:
    """Applies one LUT to a stream of pictures, baking it when that pays.

    Whether it is baked changes only the speed: the pixels are the same bit for bit.

    Parameters
    ----------
    lut
        What to apply.
    num_threads
        Default: every core this process may use.
    clock
        Seconds that pass; replaceable for tests.
    """

    def __init__(
        self, lut: Lut3D, *, num_threads: int | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.lut = lut
        self._num_threads = num_threads
        self._clock = clock
        self._baked: BakedLut | None = None
        self._num_pixels = 0
        self._seconds = 0.0
        self._num_slow_frames = 0

    @property
    def is_baked(self) -> bool:
        """Whether 8-bit frames are at present looked up in a table of all 256³ colours."""
        return self._baked is not None

    def apply(self, pixels: Pixels, *, out: Pixels | None = None) -> Pixels:
        """Map every pixel; see `Lut3D.apply`."""
        if pixels.dtype != np.uint8:
            return self.lut.apply(pixels, out=out, num_threads=self._num_threads)
        if self._baked is None and self._num_pixels >= BAKE_AFTER_PIXELS and self._num_slow_frames < _MAX_SLOW_FRAMES:
            self._baked = self.lut.baked(num_threads=self._num_threads)
        baked, start = self._baked, self._clock()
        result = (baked or self.lut).apply(pixels, out=out, num_threads=self._num_threads)
        self._record(pixels.size // 3, self._clock() - start, baked is not None)
        return result

    def _record(self, num_pixels: int, seconds: float, was_baked: bool) -> None:
        if not was_baked:
            self._num_pixels += num_pixels
            self._seconds += seconds
            return
        is_slow = seconds * self._num_pixels > self._seconds * num_pixels
        self._num_slow_frames = self._num_slow_frames + 1 if is_slow else 0
        if self._num_slow_frames >= _MAX_SLOW_FRAMES:
            self._baked = None

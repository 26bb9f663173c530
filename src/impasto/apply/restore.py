"""`RestoreStylizer`: a damaged photo mended at its own size, tile by tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut import check_strength
from impasto.apply.native_space import foreign_profile, profile_luts
from impasto.apply.stylizer import State
from impasto.apply.tiling import cut_tiles
from impasto.errors import StyleFileError
from impasto.media.frame import Frame, Pixels, pixel_maximum
from impasto.style.runtime import Runtime

Floats = NDArray[np.float32]

MAX_TILE_PIXELS = 1_000_000


class RestoreStylizer:
    """Mends frames with a network that sees them at their own size, and only its surroundings.

    Pixels keep size, depth and colour profile; alpha is untouched. Threads may share one stylizer. Frames know nothing
    of each other.

    Parameters
    ----------
    runtime
        The generator: `content` to `restored`, as docs/style-file.md says.
    multiple
        What the sides of its input must be multiples of.
    strength
        In [0, 1]: how much of the change is made; at 0 frames pass unchanged.

    Raises
    ------
    UsageError
        `strength` is not in [0, 1].
    """

    def __init__(
        self, runtime: Runtime, multiple: int, strength: float = 1.0, *, max_tile_pixels: int = MAX_TILE_PIXELS
    ) -> None:
        check_strength(strength)
        self._runtime = runtime
        self._multiple = multiple
        self._strength = np.float32(strength)
        self._max_tile_pixels = max_tile_pixels

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the mended frame.

        Raises
        ------
        StyleFileError
            The network fails.
        """
        if self._strength == 0:
            return frame, state
        pixels, icc_profile = frame.pixels, foreign_profile(frame)
        result = np.empty(pixels.shape, pixels.dtype)
        rows, columns = cut_tiles(frame.height, frame.width, self._multiple, self._max_tile_pixels)
        for row in rows:
            for column in columns:
                seen = pixels[row.seen, column.seen]
                levels = seen.astype(np.float32) / np.float32(pixel_maximum(pixels.dtype))
                change = self._change(levels, icc_profile)[row.kept_within, column.kept_within]
                kept = levels[row.kept_within, column.kept_within] + self._strength * change
                result[row.kept, column.kept] = _to_depth(kept, pixels.dtype)
        return frame.with_pixels(result), state

    def _change(self, levels: Floats, icc_profile: bytes | None) -> Floats:
        """Return what is to be added to H×W×3 in [0, 1], in the frame's own colours."""
        if icc_profile is None:
            return self._mended(levels) - levels
        to_srgb, to_native = profile_luts(icc_profile)
        shown = to_srgb.apply(levels)
        # The tables are close, not exact: only what the network changes goes through them.
        change: Floats = to_native.apply(self._mended(shown)) - to_native.apply(shown)
        return change

    def _mended(self, levels: Floats) -> Floats:
        height, width = levels.shape[:2]
        lacking = [-length % self._multiple for length in (height, width)]
        padded = np.pad(levels, [(0, lacking[0]), (0, lacking[1]), (0, 0)], mode="edge")
        content = np.ascontiguousarray(padded.transpose(2, 0, 1)[None])
        restored = self._runtime.run({"content": content}).get("restored")
        if restored is None or restored.shape != content.shape or not np.isfinite(restored.sum()):
            raise StyleFileError("The style's network returned no usable picture. Learn or download the style again.")
        mended: Floats = restored[0].transpose(1, 2, 0)[:height, :width].astype(np.float32, copy=False)
        return mended


def _to_depth(levels: Floats, dtype: np.dtype[np.generic]) -> Pixels:
    limited = levels.clip(0, 1)
    if not np.issubdtype(dtype, np.integer):
        return limited
    scaled: Pixels = (limited * np.float32(pixel_maximum(dtype))).round().astype(dtype)
    return scaled

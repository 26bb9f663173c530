"""`PaintStylizer`: brush, line and print, painted at a working size and brought to the picture's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import available_cores
from impasto.apply.full_size import Painting
from impasto.apply.lut import check_strength
from impasto.apply.native_space import foreign_profile, profile_luts
from impasto.apply.noise_field import noise_field
from impasto.apply.simplification import simplify
from impasto.apply.steadying import steady
from impasto.apply.stylizer import State
from impasto.apply.tiling import paint_in_tiles
from impasto.apply.working_picture import working_picture, working_size
from impasto.errors import UsageError
from impasto.media.frame import Frame, Pixels, empty_padded
from impasto.style.runtime import Runtime

Floats = NDArray[np.float32]

MIN_TEXTURE_SCALE, MAX_TEXTURE_SCALE = 0.25, 8.0


@dataclass(frozen=True, slots=True)
class Brush:
    """How a paint style is laid on.

    Attributes
    ----------
    working_side
        The short side in pixels of a picture as the network sees it, at texture scale 1.
    simplification
        Radius in pixels, at working size, of the detail that the network does not see; see `simplify`.
    multiple
        What the sides of the network's input must be multiples of.
    texture_scale
        Size of strokes against the picture: 2 makes them twice as large, whatever the picture's size.
    keep_color
        Take lightness from the painting, hue and chroma from the photo.
    seed
        Of the noise that strokes are scattered by.
    is_steadied
        Let paint move along with what it shows, from frame to frame of a shot, where OpenCV (the extra `video`) is
        installed; see `steady`.

    Raises
    ------
    UsageError
        `texture_scale` is out of range.
    """

    working_side: int = 448
    multiple: int = 8
    texture_scale: float = 1.0
    keep_color: bool = False
    seed: int = 0
    simplification: int = 0
    is_steadied: bool = True

    def __post_init__(self) -> None:
        if not MIN_TEXTURE_SCALE <= self.texture_scale <= MAX_TEXTURE_SCALE:
            bounds = f"{MIN_TEXTURE_SCALE:g} to {MAX_TEXTURE_SCALE:g}"
            raise UsageError(f"The texture scale must be from {bounds}, not {self.texture_scale:g}.")


class PaintStylizer:
    """Paints frames with a network that sees them at working size.

    Pixels keep size, depth and colour profile; alpha is untouched. Threads may share one stylizer. Memory beyond the
    picture and its result is that of the working size, and of a block of rows for each thread.

    Parameters
    ----------
    runtime
        The generator: `content`, `state` and `noise` to `painted` and `next_state`, as docs/style-file.md says.
    brush
        How it is laid on.
    strength
        In [0, 1]; at 0 frames pass unchanged.
    num_threads
        Threads for one frame, outside the network; default: every core this process may use.
    padded
        As for `LookStylizer`.

    Raises
    ------
    UsageError
        `strength` is not in [0, 1].
    """

    def __init__(
        self,
        runtime: Runtime,
        brush: Brush | None = None,
        strength: float = 1.0,
        *,
        num_threads: int | None = None,
        padded: bool = False,
    ) -> None:
        check_strength(strength)
        self._runtime = runtime
        self._brush = brush or Brush()
        self._strength = strength
        self._num_threads = num_threads or available_cores()
        self._padded = padded

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the painted frame, and the state that steadies the next one of the same shot.

        Raises
        ------
        StyleFileError
            The network fails.
        """
        if self._strength == 0:
            return frame, state
        brush, icc_profile = self._brush, foreign_profile(frame)
        size = working_size(frame.height, frame.width, brush.working_side / brush.texture_scale, brush.multiple)
        content = working_picture(frame.pixels, size, num_threads=self._num_threads)
        if icc_profile is not None:
            to_srgb, _ = profile_luts(icc_profile)
            content = np.ascontiguousarray(to_srgb.apply(np.moveaxis(content[0], 0, -1)).transpose(2, 0, 1)[None])
        if (state.shot, state.icc_profile) != (frame.shot, icc_profile):
            state = State()
        simple = simplify(content, brush.simplification, num_threads=self._num_threads)
        held = state.canvas
        if held is None or held.shape != content.shape:
            held = simple
        noise = noise_field(size.padded_height, size.padded_width, brush.seed)
        inputs = {"content": simple, "state": held, "noise": noise}
        outputs = paint_in_tiles(self._runtime, inputs, multiple=brush.multiple)
        seen, painted = (array[0][:, *size.inner] for array in (content, outputs["painted"]))
        last = None
        if brush.is_steadied:
            painted, last = steady(seen, painted, state.painted)
        painting = Painting.of(seen, painted, num_threads=self._num_threads)
        pixels = self._render(painting, frame.pixels, icc_profile)
        return frame.with_pixels(pixels), State(frame.shot, icc_profile, canvas=outputs["next_state"], painted=last)

    def _render(self, painting: Painting, pixels: Pixels, icc_profile: bytes | None) -> Pixels:
        if self._padded and pixels.dtype == np.uint8:
            out = empty_padded(*pixels.shape[:2])
        else:
            out = np.empty(pixels.shape, pixels.dtype)
        keep_color, num_threads = self._brush.keep_color, self._num_threads
        if icc_profile is None:
            painting.render(pixels, self._strength, out=out, keep_color=keep_color, num_threads=num_threads)
        else:
            luts = profile_luts(icc_profile)
            painting.render_native(
                pixels, self._strength, luts, out=out, keep_color=keep_color, num_threads=num_threads
            )
        return out if out.shape == pixels.shape else out[..., :3]

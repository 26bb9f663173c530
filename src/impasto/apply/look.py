"""`LookStylizer`: a photographic look, as one 3D LUT per picture or shot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.apply.held_lut import HeldLut
from impasto.apply.lut import Lut3D, check_strength
from impasto.apply.native_space import foreign_profile, lut_in_native_space, lut_keeping_color
from impasto.apply.stylizer import State
from impasto.apply.thumbnail import area_thumbnail
from impasto.errors import StyleFileError
from impasto.media.frame import Frame, empty_padded
from impasto.style.runtime import Runtime

DEFAULT_THUMBNAIL_SIDE = 64


def predict_lut(runtime: Runtime, thumbnail: NDArray[np.float32]) -> Lut3D:
    """Return the LUT that a look's generator makes for a picture.

    Parameters
    ----------
    runtime
        The generator: `thumbnail` float32 (1, 3, S, S), sRGB in [0, 1], to `lut` float32 (1, N, N, N, 3).
    thumbnail
        S×S×3 float32, sRGB in [0, 1], as from `area_thumbnail`.

    Raises
    ------
    StyleFileError
        The generator fails, or its output is not a LUT.
    """
    batch = np.ascontiguousarray(thumbnail.transpose(2, 0, 1)[None], np.float32)
    table = runtime.run({"thumbnail": batch}).get("lut")
    if table is None or table.ndim != 5 or table.shape[0] != 1 or not np.isfinite(table).all():
        raise StyleFileError("The style's network returned no usable LUT. Learn or download the style again.")
    try:
        return Lut3D(table[0])
    except ValueError as error:
        raise StyleFileError(f"The style's network returned no usable LUT. {error}") from error


class LookStylizer:
    """Grades frames with the LUT that a network makes from a thumbnail, held within a shot.

    Pixels keep size, depth and colour profile; alpha is untouched. Threads may share one stylizer.

    Parameters
    ----------
    runtime
        The look's generator; see `predict_lut`.
    strength
        In [0, 1]; at 0 frames pass unchanged.
    thumbnail_side
        The side S that the generator takes.
    keep_color
        Take lightness from the look, hue and chroma from the photo.
    num_threads
        Threads for one frame; default: every core this process may use.
    padded
        Give 8-bit pixels as an H×W×3 view of an H×W×4 array. That is how Pillow stores RGB, so that it can encode them
        without copying; a 24-megapixel JPEG is written in half the time.

    Raises
    ------
    UsageError
        `strength` is not in [0, 1].
    """

    def __init__(
        self,
        runtime: Runtime,
        strength: float = 1.0,
        *,
        thumbnail_side: int = DEFAULT_THUMBNAIL_SIDE,
        keep_color: bool = False,
        num_threads: int | None = None,
        padded: bool = False,
    ) -> None:
        check_strength(strength)
        self._runtime = runtime
        self._strength = strength
        self._thumbnail_side = thumbnail_side
        self._keep_color = keep_color
        self._num_threads = num_threads
        self._padded = padded

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the graded frame, and the state that holds its LUT for the rest of the shot."""
        if self._strength == 0:
            return frame, state
        icc_profile = frame.color.icc_profile
        lut = state.lut
        if lut is None or state.shot != frame.shot or state.icc_profile != icc_profile:
            lut = HeldLut(self.lut_for(frame), num_threads=self._num_threads)
        if self._padded and frame.pixels.dtype == np.uint8:
            pixels = lut.apply(frame.pixels, out=empty_padded(frame.height, frame.width))[..., :3]
        else:
            pixels = lut.apply(frame.pixels)
        return frame.with_pixels(pixels), State(shot=frame.shot, icc_profile=icc_profile, lut=lut)

    def lut_for(self, frame: Frame) -> Lut3D:
        """Return the LUT that grades a frame, at this strength, for pixels in the frame's own colour space.

        Raises
        ------
        StyleFileError
            The generator fails, or its output is not a LUT.
        """
        thumbnail = area_thumbnail(frame.pixels, self._thumbnail_side, num_threads=self._num_threads)
        icc_profile = foreign_profile(frame)
        if icc_profile is None:
            return self._predicted(thumbnail)
        from impasto.media.color_profile import profile_transforms  # noqa: PLC0415  imports Pillow

        to_srgb, to_native = profile_transforms(icc_profile)
        srgb = to_srgb(thumbnail.reshape(-1, 3)).reshape(thumbnail.shape)
        return lut_in_native_space(self._predicted(srgb), to_srgb, to_native)

    def _predicted(self, thumbnail: NDArray[np.float32]) -> Lut3D:
        lut = predict_lut(self._runtime, thumbnail)
        return (lut_keeping_color(lut) if self._keep_color else lut).blended(self._strength)

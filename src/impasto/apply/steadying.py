"""What was painted moves along with what it shows: each frame of a shot keeps most of the paint of the one before.

A network that paints every frame anew scatters its strokes anew, and what should lie still boils. Here the last
painting is brought to where its subject has moved, and stays wherever the content there is still the same; so strokes
stick to things, and the new painting shows where things come into view or change. After W.-S. Lai et al., "Learning
Blind Video Temporal Consistency", 2018, with a rule in the place of their network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.vision.flow import Motion, follow_motion

Floats = NDArray[np.float32]

KEPT = 0.85
"""How much of the last painting stays where content is the same. After 32 frames less than a level of 255 is left."""
# 8-bit levels by which the content at both ends of a motion may differ before most of the paint is new.
_TOLERANCE = 12.0
# Pixels: such differences are averaged over a square of this size, so that the camera's noise is none.
_NEIGHBORHOOD = 5


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A painted frame, for the next one of its shot.

    Attributes
    ----------
    luma
        Of its content: H×W bytes.
    paint
        H×W×3, in any layout.
    """

    luma: NDArray[np.uint8]
    paint: Floats


def steady(content: Floats, paint: Floats, before: Painted | None) -> tuple[Floats, Painted | None]:
    """Return the paint for a frame of a shot, and what the next one needs.

    The first frame of a shot is as it is; without OpenCV (the extra `video`), so is each.

    Parameters
    ----------
    content, paint
        3×H×W in [0, 1], of the working size.
    before
        What the frame before returned; None for the first one of a shot, or of another size.
    """
    luma = _luma(content)
    if before is None or before.luma.shape != luma.shape:
        return paint, Painted(luma, np.moveaxis(paint, 0, -1))
    try:
        motion = follow_motion(luma, before.luma)
        kept = motion.fetch(np.ascontiguousarray(before.paint))
        shares = KEPT * _sameness(luma, before.luma, motion)
    except MissingExtraError:
        return paint, None
    from impasto.apply.layer_kernels import mix_paint  # noqa: PLC0415  numba takes half a second to import

    mixed = np.empty(paint.shape, np.float32)
    mix_paint(kept, paint, shares, mixed)
    return mixed, Painted(luma, kept)


def _luma(content: Floats) -> NDArray[np.uint8]:
    # NumPy's products of matrices wake threads that then spin for a while, and take a core from what comes next.
    from impasto.apply.layer_kernels import luma_rows  # noqa: PLC0415  numba takes half a second to import

    luma = np.empty(content.shape[1:], np.float32)
    luma_rows(content, luma, 0, len(luma))
    luma *= 255
    luma += 0.5
    return luma.clip(0, 255, out=luma).astype(np.uint8)


def _sameness(luma: NDArray[np.uint8], before: NDArray[np.uint8], motion: Motion) -> Floats:
    """Tell from 0 to 1 how far content is what it was where it came from: H×W."""
    gap = motion.difference(luma, before, _NEIGHBORHOOD) / _TOLERANCE
    same: Floats = np.exp(-gap * gap)
    same[~motion.is_inside] = 0
    return same

"""Where each pixel of a frame goes in another, by OpenCV's DIS (the extra `video`).

T. Kroeger et al., "Fast Optical Flow Using Dense Inverse Search", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.media.frame import Pixels

Flow = NDArray[np.float32]
"""H×W×2: how many pixels right and down."""
_SMALLEST_SIDE = 16
# Of N. Sundaram, T. Brox, K. Keutzer, "Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow",
# 2010: the squared gap that forward and backward flow may leave, and by how much it grows with the squared motion.
_GAP, _GAP_GROWTH = 0.5, 0.01


def estimate_flow(first: Pixels, second: Pixels) -> Flow:
    """Estimate the motion from one frame to another of the same size.

    Frames under 16 pixels a side are taken to stand still.

    Parameters
    ----------
    first, second
        H×W×3 sRGB: uint8, uint16, or float32 in [0, 1].

    Raises
    ------
    MissingExtraError
        OpenCV is not installed.
    """
    cv2 = _opencv()
    if min(first.shape[:2]) < _SMALLEST_SIDE:
        return np.zeros((*first.shape[:2], 2), np.float32)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow: Flow = search.calc(_grey(cv2, first), _grey(cv2, second), None)
    return flow


@dataclass(frozen=True, eq=False)
class Motion:
    """Where each pixel of a frame was in another one.

    Attributes
    ----------
    columns, rows
        H×W.
    """

    columns: NDArray[np.float32]
    rows: NDArray[np.float32]

    @cached_property
    def is_inside(self) -> NDArray[np.bool_]:
        """Whether that lies in the frame: H×W."""
        height, width = self.rows.shape
        inside: NDArray[np.bool_] = (self.columns >= 0) & (self.columns <= width - 1)
        inside &= (self.rows >= 0) & (self.rows <= height - 1)
        return inside

    def fetch(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring the other frame, H×W×C, to where the first one shows it; cubic, so that little sharpness is lost."""
        cv2 = _opencv()
        border = cv2.BORDER_REPLICATE
        moved: NDArray[np.float32] = cv2.remap(frame, self.columns, self.rows, cv2.INTER_CUBIC, borderMode=border)
        return moved

    def difference(self, luma: NDArray[np.uint8], other: NDArray[np.uint8], neighborhood: int) -> NDArray[np.float32]:
        """Tell by how many levels the frames differ along the motion, averaged over squares: H×W."""
        cv2 = _opencv()
        moved = cv2.remap(other, self.columns, self.rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference: NDArray[np.float32] = cv2.blur(
            cv2.absdiff(luma, moved).astype(np.float32), (neighborhood, neighborhood)
        )
        return difference


def follow_motion(luma: NDArray[np.uint8], other: NDArray[np.uint8]) -> Motion:
    """Tell where each pixel of a frame was in another, in a fraction of the time that `estimate_flow` takes.

    Parameters
    ----------
    luma, other
        H×W bytes.

    Raises
    ------
    MissingExtraError
        OpenCV is not installed.
    """
    cv2 = _opencv()
    if min(luma.shape) < _SMALLEST_SIDE:
        return Motion(*_targets(np.zeros((*luma.shape, 2), np.float32)))
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return Motion(*_targets(search.calc(luma, other, None)))


def warp_back(frame: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """Fetch each pixel from where the flow goes: a second frame H×W×C becomes the first one, as far as it shows it.

    Raises
    ------
    MissingExtraError
        OpenCV is not installed.
    """
    cv2 = _opencv()
    columns, rows = _targets(flow)
    warped: NDArray[np.float32] = cv2.remap(frame, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped


def visible_mask(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """Tell which pixels of the first frame can be seen in the second: H×W.

    Those are the ones that stay within the frame, and that the backward flow brings back to where they came from.

    Raises
    ------
    MissingExtraError
        OpenCV is not installed.
    """
    is_inside = Motion(*_targets(forward)).is_inside
    returning = warp_back(backward, forward)
    motion = _squared(forward) + _squared(returning)
    visible: NDArray[np.bool_] = is_inside & (_squared(forward + returning) <= _GAP_GROWTH * motion + _GAP)
    return visible


def _opencv() -> Any:
    try:
        import cv2  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError("Following motion needs OpenCV: pip install 'impasto[video]'") from error
    return cv2


def _grey(cv2: Any, pixels: Pixels) -> NDArray[np.uint8]:
    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    grey: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(to_8bit(pixels)), cv2.COLOR_RGB2GRAY)
    return grey


def _targets(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.indices(flow.shape[:2], dtype=np.float32)
    return columns + flow[..., 0], rows + flow[..., 1]


def _squared(flow: Flow) -> NDArray[np.float32]:
    result: NDArray[np.float32] = np.einsum("hwc,hwc->hw", flow, flow)
    return result

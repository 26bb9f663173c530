"""Metrics over time: whether what is still stays still, and what moves keeps its look."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, NamedTuple, Self, overload

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.quality.metric import Compared, Group, Image, MeanMetric, require_same_size
from impasto.vision.flow import Flow, estimate_flow, visible_mask, warp_back
from impasto.vision.lab import rgb_to_lab

_LEAST_LEVELS = 0.25  # 8-bit levels: what nobody sees, added to both sides of a ratio so that still clips have one


class Motion(NamedTuple):
    """Where each pixel of a frame goes in the next one, H×W×2, and whether it can be seen there, H×W."""

    flow: Flow
    visible: NDArray[np.bool_]


class FollowedClip(Sequence[Image]):
    """A clip whose motion is estimated once, however many metrics see it and outputs are held against it.

    Motion takes 9 bytes a pixel for as long as the clip is kept.

    Raises
    ------
    MissingExtraError
        OpenCV is not installed; when motion is first asked for.
    """

    def __init__(self, frames: Sequence[Image]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Image]: ...
    def __getitem__(self, index: int | slice) -> Image | Sequence[Image]:
        return self._frames[index]

    @cached_property
    def motions(self) -> list[Motion]:
        """From each frame to the next."""
        return [_estimate_motion(first, second) for first, second in pairwise(self._frames)]

    @cached_property
    def warping_levels(self) -> list[float]:
        """The clip's own warping error for each pair of frames; nan where nothing stays in view."""
        return _warping_levels(self._frames, self.motions)


class WarpingError(MeanMetric):
    """Mean difference between each output frame and the next one, brought back along the motion of the input.

    After W.-S. Lai et al., "Learning Blind Video Temporal Consistency", 2018, with differences as they are instead of
    squared. Pixels that come into view or go out of it are left out. The mean is over pairs of frames.
    """

    name: ClassVar[str] = "warping_error"
    title: ClassVar[str] = "Warping error"
    group: ClassVar[Group] = "video"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "How much things change while they move, in levels of 255; the ratio to the input says what the look added."
    )

    def update(self, input_frames: Sequence[Image], output_frames: Sequence[Image]) -> None:
        _require_same_clip(input_frames, output_frames)
        for level in _warping_levels(output_frames, _followed(input_frames).motions):
            self.add(level)


class WarpingErrorRatio:
    """Warping error of the outputs over that of their inputs."""

    name: ClassVar[str] = "warping_error_ratio"
    title: ClassVar[str] = "Warping error, output over input"
    group: ClassVar[Group] = "video"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "1 means as steady as the input, 2 that things change twice as much while they move."

    def __init__(self) -> None:
        self.inputs = MeanMetric()
        self.outputs = MeanMetric()

    def update(self, input_frames: Sequence[Image], output_frames: Sequence[Image]) -> None:
        _require_same_clip(input_frames, output_frames)
        clip = _followed(input_frames)
        for of_input, of_output in zip(clip.warping_levels, _warping_levels(output_frames, clip.motions), strict=True):
            self.inputs.add(of_input)
            self.outputs.add(of_output)

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.inputs.merge(other.inputs)
        self.outputs.merge(other.outputs)

    def compute(self) -> float:
        """Return the ratio, or nan without two frames in a row."""
        return (self.outputs.compute() + _LEAST_LEVELS) / (self.inputs.compute() + _LEAST_LEVELS)


class Flicker(MeanMetric):
    """How far the mean colour of the output jumps from frame to frame where that of the input does not, in ΔE76.

    A look may strengthen or weaken contrast, so the jumps of the input are first scaled, by one number for a whole
    clip, to fit those of the output best. The mean is over pairs of frames.
    """

    name: ClassVar[str] = "flicker"
    title: ClassVar[str] = "Flicker"
    group: ClassVar[Group] = "video"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = "Jumps of brightness or color that the input does not have, in ΔE a frame; 1 shows."

    def update(self, input_frames: Sequence[Image], output_frames: Sequence[Image]) -> None:
        _require_same_clip(input_frames, output_frames)
        if len(input_frames) < 2:
            return
        wanted, jumps = (np.diff(_mean_colors(frames), axis=0) for frames in (input_frames, output_frames))
        energy = float((wanted**2).sum())
        gain = max(0.0, float((wanted * jumps).sum()) / energy) if energy > 0 else 0.0
        for jump in np.linalg.norm(jumps - gain * wanted, axis=1):
            self.add(float(jump))


def _mean_colors(frames: Sequence[Image]) -> NDArray[np.float64]:
    """Return the mean L*a*b* of each frame."""
    return np.array([rgb_to_lab(frame).mean(axis=(0, 1), dtype=np.float64) for frame in frames])


def _followed(frames: Sequence[Image]) -> FollowedClip:
    return frames if isinstance(frames, FollowedClip) else FollowedClip(frames)


def _estimate_motion(first: Image, second: Image) -> Motion:
    forward, backward = estimate_flow(first, second), estimate_flow(second, first)
    return Motion(forward, visible_mask(forward, backward))


def _warping_levels(frames: Sequence[Image], motions: Sequence[Motion]) -> list[float]:
    """Return for each pair of frames how much changes along the motion; nan where nothing stays in view."""
    return [
        _warping_error(first, second, motion) for (first, second), motion in zip(pairwise(frames), motions, strict=True)
    ]


def _warping_error(first: Image, second: Image, motion: Motion) -> float:
    if not motion.visible.any():
        return float("nan")
    difference = np.abs(first - warp_back(second, motion.flow)).mean(axis=2)
    return 255 * float(difference.mean(where=motion.visible, dtype=np.float64))


def _require_same_clip(input_frames: Sequence[Image], output_frames: Sequence[Image]) -> None:
    if len(input_frames) != len(output_frames):
        lengths = f"{len(input_frames)} and {len(output_frames)}"
        raise UsageError(f"cannot compare clips of different lengths: {lengths} frames")
    for frame in (*input_frames, *output_frames):
        require_same_size(frame, input_frames[0])

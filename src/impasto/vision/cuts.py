"""Where one scene follows another from one frame to the next.

Differences of thumbnails name candidates, in the manner of adaptive thresholds (Y. Yusoff et al., "Video Shot Cut
Detection Using Adaptive Thresholding", 2000); motion search then rules out pans and fast action, and frames around a
candidate rule out flashes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from impasto.vision.picture_change import changed_area, mean_change, unexplained_change
from impasto.vision.shot_thumbnail import ShotThumbnail

_LEAST_CHANGE = 0.03
_LEAST_RATIO = 1.5
_LEAST_UNEXPLAINED = 0.5
_LEAST_MARGIN = 0.2
_LEAST_AREA = 0.5
_SAME_SCENE = 0.3
_MOST_CHANGE_OVER_FLASH = 0.7
_RANK = 2
"""How many of its neighbours may change as much as a cut does: where shots are very short, some are cuts."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The first frame of a scene, and how unlike the one before it is, in [0, 1]."""

    frame: ShotThumbnail
    unexplained: float


class CutFinder:
    """Finds cuts in thumbnails that arrive one by one; holds a few of them.

    Parameters
    ----------
    num_flash_frames
        How many frames a flash may last.
    """

    def __init__(self, num_flash_frames: int = 4) -> None:
        self._reach = max(2, num_flash_frames)
        self._window: deque[ShotThumbnail] = deque(maxlen=2 * self._reach + 2)
        self._changes: deque[float] = deque(maxlen=2 * self._reach + 1)

    def add(self, thumbnail: ShotThumbnail) -> Cut | None:
        """Take the next frame; return a cut some frames ago if it shows by now."""
        if self._window:
            self._changes.append(mean_change(self._window[-1], thumbnail))
        self._window.append(thumbnail)
        return self._judge(len(self._window) - 1 - self._reach)

    def finish(self) -> list[Cut]:
        """Return the cuts among the last frames."""
        first = max(1, len(self._window) - self._reach)
        return [cut for place in range(first, len(self._window)) if (cut := self._judge(place))]

    def _judge(self, place: int) -> Cut | None:
        """Return the cut before a place in the window, if there is one."""
        if place < 1 or not self._stands_out(place):
            return None
        frames = list(self._window)
        unexplained = unexplained_change(frames[place - 1], frames[place])
        if unexplained < _LEAST_UNEXPLAINED or changed_area(frames[place - 1], frames[place]) < _LEAST_AREA:
            return None
        if self._is_in_motion(frames, place, unexplained) or self._is_flash(frames, place):
            return None
        return Cut(frames[place], unexplained)

    def _stands_out(self, place: int) -> bool:
        change = self._changes[place - 1]
        around = [self._changes[other - 1] for other in self._neighbours(place)]
        return change >= _LEAST_CHANGE and change >= _LEAST_RATIO * _ranked(around)

    def _neighbours(self, place: int) -> list[int]:
        """Return the places around one at which there is a step from one frame to the next."""
        reach = range(place - self._reach, place + self._reach + 1)
        return [other for other in reach if other != place and 1 <= other < len(self._window)]

    def _is_in_motion(self, frames: Sequence[ShotThumbnail], place: int, unexplained: float) -> bool:
        """Tell whether neighbouring steps are much alike, as in a whip pan, too fast for the motion search."""
        around = [
            unexplained_change(frames[other - 1], frames[other])
            for other in self._neighbours(place)
            if self._changes[other - 1] >= _LEAST_CHANGE
        ]
        return unexplained < _ranked(around) + _LEAST_MARGIN

    def _is_flash(self, frames: Sequence[ShotThumbnail], place: int) -> bool:
        """Tell whether the scene before goes on after some frames."""
        before = frames[max(0, place - self._reach - 1) : place]
        after = frames[place : place + self._reach + 1]
        most = _MOST_CHANGE_OVER_FLASH * self._changes[place - 1]
        return any(
            mean_change(earlier, later) < most and unexplained_change(earlier, later) < _SAME_SCENE
            for earlier in reversed(before)
            for later in after
            if later.index - earlier.index > 1
        )


def _ranked(values: Sequence[float]) -> float:
    """Return the largest value but for `_RANK` that are larger; 0 where there are no more."""
    return sorted(values, reverse=True)[_RANK] if len(values) > _RANK else 0.0

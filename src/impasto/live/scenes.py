"""`SceneWatch`: numbers the scenes of a live picture, without waiting for what comes next."""

from __future__ import annotations

from impasto.media.frame import Color
from impasto.media.planar import PlanarFrame
from impasto.vision.picture_change import changed_area, mean_change, unexplained_change
from impasto.vision.shot_thumbnail import ShotThumbnail, make_thumbnail

_LEAST_CHANGE = 0.03
_LEAST_UNEXPLAINED = 0.6
_LEAST_AREA = 0.5


class SceneWatch:
    """Tells which scene a frame belongs to: another begins with a cut, another size, or other colours.

    A film is cut by what comes after as well (`impasto.vision.cuts`); here that would be too late.
    """

    def __init__(self) -> None:
        self._number = 0
        self._last: ShotThumbnail | None = None
        self._form: tuple[int, int, Color] | None = None

    def begin(self) -> None:
        """Let another scene begin with the next frame."""
        self._number += self._last is not None
        self._last = None

    def number(self, frame: PlanarFrame) -> int:
        """Return the number of the scene of the next frame."""
        thumbnail, form = make_thumbnail(frame), (frame.height, frame.width, frame.color)
        if self._last is not None and (form != self._form or _is_cut(self._last, thumbnail)):
            self._number += 1
        self._last, self._form = thumbnail, form
        return self._number


def _is_cut(before: ShotThumbnail, after: ShotThumbnail) -> bool:
    if mean_change(before, after) < _LEAST_CHANGE or changed_area(before, after) < _LEAST_AREA:
        return False
    return unexplained_change(before, after) >= _LEAST_UNEXPLAINED

"""Keeping pace: which frames are let through, and at which size paint is laid on."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence

_NUM_TIMES = 8
_NUM_UNSETTLED = 2
"""The first frames at a new size find cold caches."""
_NUM_TO_FALL = 5
_LANDING = 0.85
"""Which share of the time that there is a smaller size should take: a fall shall not need a second one."""
_COMFORT = 0.8
_PATIENCE, _MOST_PATIENCE = 4.0, 120.0
_REGRET = 10.0
_FORGIVEN = 60.0
_SIDE_STEPS = (1.0, 0.8, 0.64, 0.5, 0.4, 0.32)
"""At a quarter faces are blots; where not even a third is fast enough, frames are dropped."""


def working_sides(largest: int) -> tuple[int, ...]:
    """Return the working sides to choose among, from large to small: few, since a network is prepared for each."""
    return tuple(max(8, round(largest * step / 8) * 8) for step in _SIDE_STEPS)


class Thinning:
    """Lets through as many frames a second as are asked for, evenly.

    Parameters
    ----------
    rate
        Frames a second; None lets everything through.
    """

    def __init__(self, rate: float | None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._due: float | None = None

    def takes(self, now: float) -> bool:
        """Tell whether a frame that comes now is let through."""
        if not self._interval:
            return True
        if self._due is None or now > self._due + self._interval:
            self._due = now
        # Frames never come quite on time; what comes a little early is meant to be the one that is due.
        if now < self._due - self._interval / 4:
            return False
        self._due += self._interval
        return True


class WorkingPace:
    """Chooses a working size that holds a frame rate: falls at once, comes back up slowly, and does not go to and fro.

    Parameters
    ----------
    sides
        To choose among, from large to small.
    budget
        Seconds that one frame may take.
    start
        Where to begin, as an index of `sides`.
    """

    def __init__(self, sides: Sequence[int], budget: float, start: int = 0) -> None:
        self.budget = budget
        self._sides = tuple(sides)
        self._place = start
        self._times: deque[float] = deque(maxlen=_NUM_TIMES)
        self._num_unsettled = _NUM_UNSETTLED
        self._calm_since: float | None = None
        self._moved_at = 0.0
        self._rose = False
        self._patience = _PATIENCE

    @property
    def side(self) -> int:
        """The present working side."""
        return self._sides[self._place]

    def record(self, seconds: float, now: float) -> int:
        """Take note of how long a frame took; return the side that would be right, which may be the present one."""
        if self._num_unsettled:
            self._num_unsettled -= 1
            return self.side
        self._times.append(seconds)
        latest = list(self._times)[-_NUM_TO_FALL:]
        typical = statistics.median(latest)
        if len(latest) > _NUM_TO_FALL // 2 and typical > self.budget:
            self._calm_since = None
            return self._smaller(typical)
        return self._larger(now)

    def move(self, side: int, now: float) -> None:
        """Go to another side, which `record` has returned."""
        place = self._sides.index(side)
        is_fall = place > self._place
        if is_fall and self._rose and now - self._moved_at < _REGRET:
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
        elif self._rose and now - self._moved_at > _FORGIVEN:
            self._patience = _PATIENCE
        self._rose = not is_fall
        self._place, self._moved_at = place, now
        self._times.clear()
        self._num_unsettled, self._calm_since = _NUM_UNSETTLED, None

    def _smaller(self, seconds: float) -> int:
        """Return the largest side that should do, if time goes with the area."""
        for side in self._sides[self._place + 1 :]:
            if seconds * (side / self.side) ** 2 <= _LANDING * self.budget:
                return side
        return self._sides[-1]

    def _larger(self, now: float) -> int:
        """Return the next larger side once there has been time enough for it for long enough."""
        if not self._place or len(self._times) < _NUM_TIMES:
            return self.side
        above = self._sides[self._place - 1]
        if max(self._times) * (above / self.side) ** 2 > _COMFORT * self.budget:
            self._calm_since = None
            return self.side
        if self._calm_since is None:
            self._calm_since = now
        return above if now - self._calm_since >= self._patience else self.side

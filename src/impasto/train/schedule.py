"""How far a run has come, by steps or by time, and what learning rate goes with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_WARM_UP_STEPS = 20
_FINAL_RATE = 0.03
_CONSTANT_PART = 0.4


class Budget:
    """Progress in [0, 1] against a number of steps, or else against minutes.

    Parameters
    ----------
    spent_seconds
        What an earlier part of the same run has used.
    """

    def __init__(
        self,
        minutes: float,
        steps: int | None,
        spent_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = minutes * 60
        self._steps = steps
        self._clock = clock
        self._start = clock() - spent_seconds

    @property
    def spent_seconds(self) -> float:
        return self._clock() - self._start

    def progress(self, step: int) -> float:
        """Return the part done before `step`, in [0, 1]; 1 means finished."""
        done = step / self._steps if self._steps is not None else self.spent_seconds / self._seconds
        return min(1.0, done)

    def seconds_left(self, step: int) -> float:
        """Estimate the time that is left."""
        progress = self.progress(step)
        if self._steps is None:
            return max(0.0, self._seconds - self.spent_seconds)
        return self.spent_seconds * (1 - progress) / progress if progress > 0 else math.nan


def rate_factor(progress: float, step: int) -> float:
    """Return the factor on the learning rates: a short warm-up, a plateau, then a cosine down to 3 %."""
    falling = max(0.0, (progress - _CONSTANT_PART) / (1 - _CONSTANT_PART))
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, falling)))
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (_FINAL_RATE + (1 - _FINAL_RATE) * cosine)

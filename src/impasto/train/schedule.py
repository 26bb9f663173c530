"""How far a run has come, by steps or by time, and what learning rate goes with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_WARM_UP_STEPS = 20
_FINAL_RATE = 0.03
_HALVING_STEPS = 100


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
    """Return the factor on the learning rates: a short warm-up, then a fall with the steps and with the end in sight.

    Once outputs and references look alike, what the discriminator still tells is mostly which photos each set happens
    to hold, and at a steady rate the generator would wander after it. A rate that falls with the steps averages that
    out (Robbins & Monro 1951), however long the run.
    """
    warm_up = min(1.0, (step + 1) / _WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
    return warm_up * (_FINAL_RATE + (1 - _FINAL_RATE) * cosine) / (1 + step / _HALVING_STEPS)

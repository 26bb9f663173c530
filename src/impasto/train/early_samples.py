"""`EarlySamples`: when to show what has been learned so far, between validations."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

_FIRST_SECONDS = 3.0
_GROWTH = 1.6
_MOST_SHARE = 0.02
"""Of the time, for showing."""


class EarlySamples:
    """Shows soon after the start, then ever more seldom, and never so often that it slows learning noticeably.

    Parameters
    ----------
    wanted
        Whether anybody looks; otherwise nothing is ever due.
    """

    def __init__(self, wanted: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._wanted, self._clock = wanted, clock
        self._start = clock()
        self._due = _FIRST_SECONDS

    def show_when_due(self, show: Callable[[], None]) -> None:
        """Show, if it is time. What chance decides in the steps to come is left as it was."""
        began = self._clock() - self._start
        if not self._wanted or began < self._due:
            return
        with torch.random.fork_rng(devices=[]):
            show()
        ended = self._clock() - self._start
        self._due = max(_GROWTH * ended, ended + (ended - began) / _MOST_SHARE)

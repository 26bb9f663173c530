"""Time, as the live loop knows it: injected, so that what depends on it can be tried without waiting."""

from __future__ import annotations

import time
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Tells seconds, and waits."""

    def now(self) -> float:
        """Return seconds since some moment; never less than before."""

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event, at most so long; return whether it has come."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return seconds that nobody sets back."""
        return time.perf_counter()

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event; see `Clock.wait`."""
        return event.wait(max(0.0, seconds))

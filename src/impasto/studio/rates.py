"""`Rates`: how often a client may ask, as a bucket that empties at each request and fills with time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from impasto.studio.refusals import RefusedError

_MOST_CLIENTS: Final = 4096


class Rates:
    """Counts requests by client.

    Parameters
    ----------
    per_second
        In the long run.
    burst
        At once.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def spend(self, client: str) -> None:
        """Count a request.

        Raises
        ------
        RefusedError
            There were too many.
        """
        now = self._clock()
        with self._lock:
            left, since = self._left.get(client, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._per_second)
            if left < 1:
                wait = (1 - left) / self._per_second
                raise RefusedError("too_many", "You ask too often. Wait a moment.", retry_after=wait)
            self._left[client] = (left - 1, now)
            if len(self._left) > _MOST_CLIENTS:
                self._forget(now)

    def _forget(self, now: float) -> None:
        """Drop clients whose bucket is full again; where many are left, the oldest half, so that this is rare."""
        full = [
            client
            for client, (left, since) in self._left.items()
            if left + (now - since) * self._per_second >= self._burst
        ]
        for client in full:
            del self._left[client]
        while len(self._left) > _MOST_CLIENTS // 2:
            del self._left[next(iter(self._left))]

"""`Meter`: how many frames a second are shown, and how long after they were taken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

_WINDOW_SECONDS = 4.0
_MOST_IN_WINDOW = 1024
_NUM_BINS = 4000
_BIN_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Measured:
    """What a meter shows. Latencies are in seconds, 0 while there are none.

    Attributes
    ----------
    fps, p50, p95
        Of the last seconds.
    num_shown, mean_fps, all_p50, all_p95
        Of all the time; latencies to a millisecond.
    """

    fps: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    num_shown: int = 0
    mean_fps: float = 0.0
    all_p50: float = 0.0
    all_p95: float = 0.0


class Meter:
    """Counts frames that are shown. It takes no more memory after hours than after seconds."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=_MOST_IN_WINDOW)
        self._bins: NDArray[np.int64] = np.zeros(_NUM_BINS, np.int64)
        self._first = self._last = 0.0
        self._lock = Lock()

    def show(self, captured: float, shown: float) -> None:
        """Count a frame, by when it was taken and when it was shown."""
        latency = max(0.0, shown - captured)
        with self._lock:
            if not self._bins.any():
                self._first = shown
            self._last = shown
            self._recent.append((shown, latency))
            self._bins[min(_NUM_BINS - 1, round(latency / _BIN_SECONDS))] += 1

    def measured(self, now: float) -> Measured:
        """Return what there is to be seen now."""
        with self._lock:
            recent = [each for each in self._recent if now - each[0] <= _WINDOW_SECONDS]
            total, span = int(self._bins.sum()), self._last - self._first
            all_p50, all_p95 = (self._percentile(share, total) for share in (0.5, 0.95))
        p50, p95 = np.percentile([latency for _, latency in recent], [50, 95]).tolist() if recent else (0.0, 0.0)
        return Measured(
            fps=_rate(len(recent), now - recent[0][0]) if recent else 0.0,
            p50=p50,
            p95=p95,
            num_shown=total,
            mean_fps=_rate(total, span),
            all_p50=all_p50,
            all_p95=all_p95,
        )

    def _percentile(self, share: float, total: int) -> float:
        if not total:
            return 0.0
        rank = max(1, int(np.ceil(share * total)))
        return float(np.searchsorted(np.cumsum(self._bins), rank)) * _BIN_SECONDS


def _rate(number: int, seconds: float) -> float:
    """Return how many a second, of so many that stand at the beginning of a span and within it."""
    return (number - 1) / seconds if number > 1 and seconds > 0 else 0.0

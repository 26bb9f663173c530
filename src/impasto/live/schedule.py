"""`BurstSchedule`: when pictures are due that come in bursts, as those of HLS do."""

from __future__ import annotations

_MOST_LATE, _MOST_EARLY = 1.0, 5.0


class BurstSchedule:
    """Keeps the intervals that a stream states, however it comes.

    A stream that falls behind is shown later from then on, instead of in bursts for ever; so is one whose times jump,
    as they do where who sends it has begun anew.
    """

    def __init__(self) -> None:
        self._start: float | None = None

    def delay(self, time: float, now: float) -> float:
        """Return in how many seconds the picture of a stated time is due; not above 0 for at once."""
        ahead = None if self._start is None else self._start + time - now
        if ahead is None or not -_MOST_LATE <= ahead <= _MOST_EARLY:
            self._start, ahead = now - time, 0.0
        return ahead

"""`Capture`: takes frames from a source into a mailbox, and opens the source again when it is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from threading import Event

from impasto.errors import UnreadableMediaError
from impasto.live.clock import Clock
from impasto.live.mailbox import Mailbox
from impasto.live.pace import Thinning
from impasto.live.sources import LiveSource, Opener
from impasto.media.planar import PlanarFrame

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame, and when it was taken, in seconds of the clock."""

    frame: PlanarFrame
    at: float


class Capture:
    """Runs in a thread of its own.

    Parameters
    ----------
    opener
        Opens the source, again and again if need be.
    rate
        Frames a second that are let through at most; None for all.

    Attributes
    ----------
    problem
        Why there are no frames at present; "" while there are.
    error
        Why there never will be: the first attempt failed.
    rate
        Frames a second that come through, as far as the source says; 0 before it is open.
    num_thinned
        Frames that were not let through, since fewer were asked for.
    """

    def __init__(
        self, opener: Opener, mailbox: Mailbox[Captured], clock: Clock, stop: Event, *, rate: float | None = None
    ) -> None:
        self.problem = ""
        self.error: Exception | None = None
        self.rate = 0.0
        self.num_thinned = 0
        self.num_reconnects = 0
        self._opener, self._mailbox, self._clock, self._stop = opener, mailbox, clock, stop
        self._asked_rate = rate
        self._thinning = Thinning(rate)
        self._began: float | None = None
        self._is_endless = True

    def run(self) -> None:
        """Take frames until the source ends, or it is told to stop."""
        try:
            self._run()
        except Exception as error:  # whatever it is, the loop shall end with it, and not wait for ever
            self.error = error
        finally:
            self._mailbox.close()

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._stop.is_set():
            num_before = self._mailbox.num_put
            try:
                if not self._take_all():
                    return
                self.problem = "The source has ended."
            except UnreadableMediaError as error:
                if self._began is None or not self._is_endless:
                    raise
                self.problem = str(error)
            if self._mailbox.num_put > num_before:
                wait = FIRST_WAIT
            if self._clock.wait(self._stop, wait):
                return
            wait = min(2 * wait, LONGEST_WAIT)
            self.num_reconnects += 1

    def _take_all(self) -> bool:
        """Take the frames of the source once opened; return whether to open it again."""
        source = self._opener()
        try:
            self._is_endless = source.is_endless
            self.rate = min(source.rate, self._asked_rate or source.rate)
            for frame in source:
                if self._stop.is_set():
                    return False
                self._take(frame, source)
            return source.is_endless and not self._stop.is_set()
        finally:
            source.close()

    def _take(self, frame: PlanarFrame, source: LiveSource) -> None:
        now = self._clock.now()
        if self._began is None:
            self._began = now
        self.problem = ""
        if not self._thinning.takes(now):
            self.num_thinned += 1
            return
        if source.is_endless:
            frame = replace(frame, pts=Fraction(round((now - self._began) * 90000), 90000))
        self._mailbox.put(Captured(frame, now))

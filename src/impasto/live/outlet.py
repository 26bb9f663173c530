"""`Outlet`: shows frames on a sink, in a thread of its own, so that a slow one holds up nothing."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from impasto.errors import ImpastoError
from impasto.live.capture import Captured
from impasto.live.mailbox import Mailbox
from impasto.live.sinks import LiveSink

Shown = Callable[[Captured], None]


class Outlet:
    """The newest frame wins here, too: a sink that is too slow misses frames, which are counted.

    Parameters
    ----------
    sink
        Closed with the outlet.
    shown
        Called after each frame that was shown.

    Attributes
    ----------
    error
        Why it shows nothing any more.
    """

    def __init__(self, sink: LiveSink, shown: Shown | None = None) -> None:
        self.sink = sink
        self.error: Exception | None = None
        self.num_shown = 0
        self._shown = shown
        self._mailbox: Mailbox[Captured] = Mailbox()
        self._thread = Thread(target=self._run, name="impasto-outlet", daemon=True)
        self._has_started = False

    @property
    def num_dropped(self) -> int:
        """Frames that came faster than they could be shown."""
        return self._mailbox.num_dropped

    def start(self) -> Outlet:
        """Begin; return itself."""
        self._has_started = True
        self._thread.start()
        return self

    def put(self, captured: Captured) -> None:
        """Hand a frame over."""
        self._mailbox.put(captured)

    def close(self) -> None:
        """Show what is left, and close the sink."""
        self._mailbox.close()
        if self._has_started:
            self._thread.join()
        try:
            self.sink.close()
        except ImpastoError as error:
            self.error = self.error or error

    def drain(self) -> None:
        """Show what lies ready, in the calling thread."""
        captured = self._mailbox.take(0)
        if captured is not None:
            self._show(captured)

    def _run(self) -> None:
        while self.error is None and (captured := self._mailbox.take()) is not None:
            self._show(captured)

    def _show(self, captured: Captured) -> None:
        try:
            self.sink.write(captured.frame)
        except Exception as error:  # told by the loop, whose thread it is not
            self.error = error
            self._mailbox.close()
            return
        self.num_shown += 1
        if self._shown is not None:
            self._shown(captured)

"""`LiveLoop`: capture, restyle, show; late frames are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread

from impasto.errors import OutputError, UsageError
from impasto.live.capture import Capture, Captured
from impasto.live.clock import Clock, SystemClock
from impasto.live.mailbox import Mailbox
from impasto.live.meter import Measured, Meter
from impasto.live.outlet import Outlet
from impasto.live.sinks import EncodedSink, LiveSink
from impasto.live.sources import Opener
from impasto.live.stage import PAINT_RATE, LiveStage
from impasto.live.style import LiveStyle
from impasto.media.image_write import write_image
from impasto.media.planar import PlanarFrame

_LOOK_UP_EVERY = 0.25
STALLED_AFTER = 2.0
SLOW_TO_BEGIN = 10.0
"""Streams take seconds until their first picture: only after so long is that worth a word."""
ORDINARY_RATE = 30.0
"""What is expected of a source that says nothing of its rate."""

LoadStyle = Callable[[str], LiveStyle]


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How it goes.

    Attributes
    ----------
    state
        "starting", "running", "waiting" for the source, or "ended".
    problem
        Why it waits, or what else there is to be told; "" for nothing.
    size
        Width and height of frames; (0, 0) before the first.
    working_side
        The short side at which paint is laid on; None for what does not paint.
    num_dropped
        Frames that were not shown, since newer ones had come.
    clip
        Where a clip is being recorded; None for nowhere.
    """

    state: str
    problem: str
    style: str
    strength: float
    size: tuple[int, int]
    working_side: int | None
    num_dropped: int
    num_reconnects: int
    clip: Path | None
    measured: Measured


class LiveLoop:
    """Restyles a source as it comes, and shows it.

    `run` does it all; what else there is may be called from any thread meanwhile.

    Parameters
    ----------
    opener
        Opens the source; again when it is lost.
    stage
        What restyles.
    sinks
        Where it is shown; how long that takes is measured at the first.
    rate
        Frames a second to hold; None for as many as come, while paint grows as fine as it can at `PAINT_RATE`.
    load_style
        For `switch`.
    stop
        Ends everything when it is set.
    """

    def __init__(
        self,
        opener: Opener,
        stage: LiveStage,
        sinks: Sequence[LiveSink] = (),
        *,
        rate: float | None = None,
        load_style: LoadStyle | None = None,
        clock: Clock | None = None,
        stop: Event | None = None,
    ) -> None:
        self.stop_event = stop or Event()
        self.stage = stage
        self._clock = clock or SystemClock()
        self._load_style = load_style
        self._mailbox: Mailbox[Captured] = Mailbox()
        self._capture = Capture(opener, self._mailbox, self._clock, self.stop_event, rate=rate)
        self._asked_rate = rate
        self._meter = Meter()
        self._outlets = [Outlet(sink, None if number else self._shown) for number, sink in enumerate(sinks)]
        self._clip: tuple[Path, Outlet] | None = None
        self._latest: PlanarFrame | None = None
        self._latest_at = self._clock.now()
        self._rate = 0.0
        self._note = ""
        self._num_dropped_before = 0
        self._has_ended = False
        self._lock = Lock()

    def run(self, seconds: float | None = None) -> None:
        """Go on until the source ends, `stop` is called, or so much time has passed.

        Raises
        ------
        UnreadableMediaError
            The source cannot be opened at the first attempt.
        OutputError
            A sink fails.
        StyleFileError
            A network fails.
        """
        thread = Thread(target=self._capture.run, name="impasto-capture", daemon=True)
        self._latest_at = started = self._clock.now()
        for outlet in self._outlets:
            outlet.start()
        thread.start()
        try:
            while not self.stop_event.is_set() and self.step(_LOOK_UP_EVERY):
                if seconds is not None and self._clock.now() - started >= seconds:
                    break
        finally:
            self.stop()
            self._close()
            thread.join(timeout=STALLED_AFTER)
        self._raise_errors()

    def step(self, timeout: float = 0.0) -> bool:
        """Restyle and hand on the newest frame, if one comes in time; return whether there may be more."""
        captured = self._mailbox.take(timeout)
        if captured is None:
            self._raise_errors()
            return not self._mailbox.is_finished
        self._follow_rate()
        shown = replace(captured, frame=self.stage.stylize(captured.frame))
        self._latest, self._latest_at = shown.frame, self._clock.now()
        for outlet in self._outlets:
            outlet.put(shown)
        with self._lock:
            clip = self._clip
        if clip is not None:
            clip[1].put(shown)
        if not self._outlets:
            self._shown(shown)
        self._raise_errors()
        return True

    def begin_measuring(self) -> None:
        """Forget what was measured until now, such as while all was being prepared."""
        self._meter = Meter()
        self._num_dropped_before = self._num_dropped

    def stop(self) -> None:
        """End."""
        self.stop_event.set()

    def switch(self, name: str) -> Future[None]:
        """Load another style, by what a user may write, in the background; see `LiveStage.switch`.

        Raises
        ------
        UsageError
            This loop has one style only.
        """
        if self._load_style is None:
            raise UsageError("There is one style only.")
        load = self._load_style
        return self.stage.switch(lambda: load(name))

    def status(self) -> LiveStatus:
        """Return how it goes at this moment."""
        now = self._clock.now()
        latest = self._latest
        state, problem = self._state(now)
        return LiveStatus(
            state=state,
            problem=problem or self._note,
            style=self.stage.style_name,
            strength=self.stage.strength,
            size=(latest.width, latest.height) if latest else (0, 0),
            working_side=self.stage.working_side,
            num_dropped=self._num_dropped - self._num_dropped_before,
            num_reconnects=self._capture.num_reconnects,
            clip=self._clip[0] if self._clip else None,
            measured=self._meter.measured(now),
        )

    def snapshot(self, path: Path | str | None = None) -> PlanarFrame:
        """Return the frame that is shown, and write it to a picture if a path is given.

        Raises
        ------
        UsageError
            There is none yet.
        OutputError
            The picture cannot be written.
        """
        if self._latest is None:
            raise UsageError("There is no picture yet.")
        if path is not None:
            write_image(self._latest.to_rgb(), path)
        return self._latest

    def start_clip(self, path: Path | str) -> Path:
        """Record what is shown from now on.

        Raises
        ------
        UsageError
            A clip is being recorded, or no film can have this name.
        """
        path = Path(path)
        with self._lock:
            if self._clip is not None:
                raise UsageError(f"{self._clip[0]} is being recorded.")
            self._clip = path, Outlet(EncodedSink(str(path), self._capture.rate or ORDINARY_RATE)).start()
        return path

    def stop_clip(self) -> Path | None:
        """Finish the clip; return where it is, or None if none was being recorded.

        Raises
        ------
        OutputError
            It could not be written.
        """
        with self._lock:
            clip, self._clip = self._clip, None
        if clip is None:
            return None
        path, outlet = clip
        outlet.close()
        if outlet.error is not None:
            raise outlet.error
        if not outlet.num_shown:
            raise OutputError(f"{path} was not written: there was nothing to record.")
        return path

    @property
    def _num_dropped(self) -> int:
        return self._mailbox.num_dropped + (self._outlets[0].num_dropped if self._outlets else 0)

    def _shown(self, captured: Captured) -> None:
        self._meter.show(captured.at, self._clock.now())

    def _follow_rate(self) -> None:
        """Let paint keep up with what the source turns out to give."""
        rate = self._asked_rate or min(self._capture.rate, PAINT_RATE)
        if rate and rate != self._rate:
            self._rate = rate
            self.stage.set_rate(rate)

    def _state(self, now: float) -> tuple[str, str]:
        if self._has_ended:
            return "ended", ""
        if self._capture.problem:
            return "waiting", self._capture.problem
        if now - self._latest_at > (STALLED_AFTER if self._latest else SLOW_TO_BEGIN):
            return "waiting", f"No picture has come for {now - self._latest_at:.0f} seconds."
        problems = (getattr(outlet.sink, "problem", "") for outlet in self._outlets)
        return "running" if self._latest else "starting", next(filter(None, problems), "")

    def _raise_errors(self) -> None:
        if self._capture.error is not None:
            raise self._capture.error
        for outlet in self._outlets:
            if outlet.error is not None:
                raise outlet.error
        with self._lock:
            clip = self._clip
            if clip is not None and clip[1].error is not None:
                self._clip, self._note = None, str(clip[1].error)

    def _close(self) -> None:
        for outlet in self._outlets:
            outlet.close()
        try:
            self.stop_clip()
        except OutputError as error:
            self._note = str(error)
        self.stage.close()
        self._has_ended = True

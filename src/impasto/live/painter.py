"""`LivePainter`: whatever is no LUT over live pictures, paint above all, at a working size that keeps pace."""

from __future__ import annotations

from concurrent.futures import Executor

from impasto.apply.stylizer import State, Stylizer
from impasto.errors import ImpastoError
from impasto.live.clock import Clock
from impasto.live.pace import WorkingPace, working_sides
from impasto.live.style import LiveStyle
from impasto.media.planar import PlanarFrame

_FIRST_PLACE = 2
"""Where among the working sides to begin: what is too slow is seen at once, what is too coarse is mended unseen."""


class LivePainter:
    """Restyles frames with a stylizer, whose state it keeps.

    Another working size is used once the network is prepared for it, which happens in the background.

    Parameters
    ----------
    budget
        Seconds that one frame may take.
    background
        Runs what may take longer than a frame.
    """

    def __init__(self, style: LiveStyle, strength: float, budget: float, clock: Clock, background: Executor) -> None:
        self.strength = strength
        self._style = style
        self._clock = clock
        self._background = background
        self._state = State()
        self._made: tuple[float, int | None] | None = None
        self._stylizer: Stylizer | None = None
        self._pace: WorkingPace | None = None
        if style.working_side is not None:
            self._pace = WorkingPace(working_sides(style.working_side), budget, _FIRST_PLACE)
        self._ready: int | None = None
        self._is_busy = False

    @property
    def side(self) -> int | None:
        """The present working side; None for what does not paint."""
        return self._pace.side if self._pace else None

    def set_budget(self, seconds: float) -> None:
        """Ask for another time for each frame."""
        if self._pace:
            self._pace.budget = seconds

    def warm(self, frame: PlanarFrame) -> None:
        """Prepare for a frame: load the network, and compile it for its size."""
        restyled, _ = self._current()(frame.to_rgb(), State())
        PlanarFrame.from_rgb(restyled, frame)

    def __call__(self, frame: PlanarFrame) -> PlanarFrame:
        """Return the restyled frame."""
        if self._pace is not None and self._ready is not None:
            self._pace.move(self._ready, self._clock.now())
            self._ready = None
        start = self._clock.now()
        restyled, self._state = self._current()(frame.to_rgb(), self._state)
        result = PlanarFrame.from_rgb(restyled, frame)
        now = self._clock.now()
        if self._pace is not None:
            side = self._pace.record(now - start, now)
            if side != self._pace.side and not self._is_busy:
                self._is_busy = True
                self._background.submit(self._prepare, side, frame)
        return result

    def _current(self) -> Stylizer:
        key = self.strength, self.side
        if self._stylizer is None or self._made != key:
            self._stylizer, self._made = self._style.stylizer(*key), key
        return self._stylizer

    def _prepare(self, side: int, frame: PlanarFrame) -> None:
        try:
            self._style.stylizer(self.strength, side)(frame.to_rgb(), State())
            self._ready = side
        except ImpastoError:
            pass  # the present size works, and another is tried again after the next frames
        finally:
            self._is_busy = False

"""`LiveStage`: what restyles live pictures, one after another; style and strength change while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from impasto.apply.finish import finish_frame
from impasto.apply.lut import check_strength
from impasto.live.clock import Clock, SystemClock
from impasto.live.grader import LiveGrader
from impasto.live.painter import LivePainter
from impasto.live.scenes import SceneWatch
from impasto.live.style import LiveStyle
from impasto.media.planar import PlanarFrame
from impasto.style.finish import Finish

PAINT_RATE = 15.0
"""Frames a second that paint is to hold where none are asked for: finer strokes are worth more than more frames."""
_NO_SHOT = -1
_SHARE_OF_TIME = 0.9
"""Of the time between two frames that restyling may take: showing them takes some, too."""


class _Renderer(Protocol):
    strength: float

    @property
    def side(self) -> int | None: ...

    def warm(self, frame: PlanarFrame) -> None: ...

    def __call__(self, frame: PlanarFrame) -> PlanarFrame: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Worn:
    """A style that is in use, or ready to be."""

    style: LiveStyle
    renderer: _Renderer


class LiveStage:
    """Restyles frames in the order in which they come, from one thread; the rest may be called from any.

    Parameters
    ----------
    style
        To begin with.
    strength
        In [0, 1].
    rate
        Frames a second that paint is to keep up with.
    background
        Runs what may take longer than a frame: loading styles, making LUTs, preparing networks. One thread will do.

    Raises
    ------
    UsageError
        `strength` is not in [0, 1].
    """

    def __init__(
        self,
        style: LiveStyle,
        strength: float = 1.0,
        *,
        rate: float = PAINT_RATE,
        clock: Clock | None = None,
        background: Executor | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._own = None if background else ThreadPoolExecutor(1, thread_name_prefix="impasto-live")
        self._background: Executor = background or self._own  # type: ignore[assignment]
        self._rate = rate
        self._strength = check_strength_of(strength)
        self._worn = self._fitted(style)
        self._next: _Worn | None = None
        self._num_asked = 0
        self._scenes = SceneWatch()
        self._index = 0
        self._last: PlanarFrame | None = None
        self._finishes: tuple[tuple[LiveStyle, float], Sequence[Finish]] | None = None
        self._lock = Lock()

    @property
    def style_name(self) -> str:
        """The style in use."""
        return self._worn.style.name

    @property
    def working_side(self) -> int | None:
        """The short side at which paint is laid on at present; None for what does not paint."""
        return self._worn.renderer.side

    @property
    def strength(self) -> float:
        """In [0, 1]; may be set at any time, and holds from the next frame on."""
        return self._strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._strength = check_strength_of(strength)

    def set_rate(self, rate: float) -> None:
        """Ask paint to keep up with another number of frames a second."""
        self._rate = rate
        with self._lock:
            worn = [each for each in (self._worn, self._next) if each is not None]
        for each in worn:
            if isinstance(each.renderer, LivePainter):
                each.renderer.set_budget(self._budget)

    def warm(self, frame: PlanarFrame) -> None:
        """Load and prepare all that frames like this one take, before the first comes."""
        self._worn.renderer.warm(replace(frame, shot=_NO_SHOT))

    def begin_scene(self) -> None:
        """Let the next frame be the first of another scene."""
        self._scenes.begin()

    def switch(self, load: Callable[[], LiveStyle]) -> Future[None]:
        """Load another style in the background; the first frame after it is ready is the first that shows it.

        Of several that are asked for, the last one counts.

        Returns
        -------
        What is done once the style is ready; its exception says why it never will be, and the old one stays.
        """
        with self._lock:
            self._num_asked += 1
            ticket = self._num_asked
        return self._background.submit(self._make_ready, load, ticket)

    def stylize(self, frame: PlanarFrame) -> PlanarFrame:
        """Return the restyled frame.

        Raises
        ------
        StyleFileError
            A network fails.
        """
        with self._lock:
            if self._next is not None:
                self._worn, self._next = self._next, None
        worn, strength = self._worn, self._strength
        frame = replace(frame, index=self._index, shot=self._scenes.number(frame))
        self._index += 1
        self._last = frame
        if strength == 0:
            self._scenes.begin()  # what paint remembers is of long ago once it comes back
            return frame
        worn.renderer.strength = strength
        result = worn.renderer(frame)
        for finish in self._finishes_of(worn.style, strength):
            result = finish_frame(result, finish)
        return result

    def close(self) -> None:
        """Stop what runs in the background."""
        if self._own:
            self._own.shutdown(wait=True, cancel_futures=True)

    @property
    def _budget(self) -> float:
        return _SHARE_OF_TIME / self._rate

    def _make_ready(self, load: Callable[[], LiveStyle], ticket: int) -> None:
        if ticket != self._num_asked:
            return
        worn = self._fitted(load())
        if self._last is not None:
            worn.renderer.warm(self._last)
        with self._lock:
            if ticket == self._num_asked:
                self._next = worn

    def _fitted(self, style: LiveStyle) -> _Worn:
        strength = self._strength or 1.0
        renderer: _Renderer
        if style.looks(strength):
            renderer = LiveGrader(style, strength, self._clock, self._background)
        else:
            renderer = LivePainter(style, strength, self._budget, self._clock, self._background)
        return _Worn(style, renderer)

    def _finishes_of(self, style: LiveStyle, strength: float) -> Sequence[Finish]:
        if self._finishes is None or self._finishes[0] != (style, strength):
            self._finishes = (style, strength), style.finishes(strength)
        return self._finishes[1]


def check_strength_of(strength: float) -> float:
    """Return a strength.

    Raises
    ------
    UsageError
        It is not in [0, 1].
    """
    check_strength(strength)
    return strength

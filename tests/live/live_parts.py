"""What stands in for time, threads, styles, cameras and screens, so that no test waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from threading import Event
from typing import Any

import numpy as np

from impasto.apply.film_look import LookLink
from impasto.apply.stylizer import State
from impasto.errors import StyleFileError, UnreadableMediaError
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame
from impasto.style.finish import Finish

SIZE = (64, 48)


class FakeClock:
    """Time that passes only when somebody waits, or a test says so."""

    def __init__(self, start: float = 100.0) -> None:
        self.time = start
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def wait(self, event: Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.time += max(0.0, seconds)
        return event.is_set()


class Inline(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Later(Executor):
    """Does what it is given when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def do(self) -> None:
        """Do what has been given until now."""
        given, self.waiting = self.waiting, []
        for future, call in given:
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)


def plain_frame(luma: int = 100, size: tuple[int, int] = SIZE, **fields: Any) -> PlanarFrame:
    """Return a frame of one grey."""
    width, height = size
    half = ((height + 1) // 2, (width + 1) // 2)
    planes = np.full((height, width), luma, np.uint8), np.full(half, 128, np.uint8), np.full(half, 128, np.uint8)
    return replace(PlanarFrame(planes), **fields)


def drawn_frame(index: int = 0, scene: int = 0, size: tuple[int, int] = SIZE, **fields: Any) -> PlanarFrame:
    """Return a frame of a scene in motion."""
    from film_clips import draw_planes

    y, u, v = draw_planes(index, size, "yuv420p", scene)
    return replace(PlanarFrame((y, u, v)), index=index, **fields)


class BrighteningRuntime:
    """The network of a look that adds `amount` to every colour."""

    name = "fake"

    def __init__(self, amount: float = 0.2) -> None:
        self.amount = amount
        self.num_runs = 0
        self.fails = False

    def describe(self) -> str:
        return "fake"

    def run(self, inputs: Any) -> Any:
        if self.fails:
            raise StyleFileError("broken")
        self.num_runs += 1
        axis = np.linspace(0, 1, 5)
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
        return {"lut": (grid + self.amount)[None].clip(0, 1).astype(np.float32)}


@dataclass(eq=False)
class FakeLook:
    """A look, as the stage takes it."""

    name: str = "bright"
    runtime: BrighteningRuntime = field(default_factory=BrighteningRuntime)
    laid_over: Sequence[Finish] = ()
    working_side: int | None = None

    def looks(self, strength: float) -> Sequence[LookLink]:
        return [LookLink(self.runtime, 8, strength)]  # type: ignore[arg-type]

    def stylizer(self, strength: float, side: int | None) -> Any:
        raise AssertionError("looks are LUTs")

    def finishes(self, strength: float) -> Sequence[Finish]:
        return self.laid_over


@dataclass(eq=False)
class FakePaint:
    """A paint style that takes `cost(side)` seconds of a clock, and notes what it was asked."""

    clock: FakeClock
    name: str = "slow"
    working_side: int | None = 400
    cost: Callable[[int], float] = lambda side: 0.001
    asked: list[tuple[float, int | None, int]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def looks(self, strength: float) -> Sequence[LookLink]:
        return []

    def finishes(self, strength: float) -> Sequence[Finish]:
        return []

    def stylizer(self, strength: float, side: int | None) -> Any:
        def paint(frame: Frame, state: State) -> tuple[Frame, State]:
            self.clock.time += self.cost(side or 0)
            self.asked.append((strength, side, frame.shot))
            self.states.append(state)
            return frame.with_pixels(255 - frame.pixels), State(shot=frame.shot)

        return paint


class ListSource:
    """Gives frames, one every 1/rate seconds of a clock, and then ends or breaks."""

    def __init__(
        self,
        frames: Iterable[PlanarFrame],
        clock: FakeClock | None = None,
        *,
        rate: float = 25.0,
        is_endless: bool = False,
        breaks: str = "",
    ) -> None:
        self.rate, self.is_endless = rate, is_endless
        self.is_closed = False
        self._frames, self._clock, self._breaks = frames, clock, breaks

    def __iter__(self) -> Iterator[PlanarFrame]:
        for frame in self._frames:
            if self._clock is not None:
                self._clock.time += 1 / self.rate
            yield frame
        if self._breaks:
            raise UnreadableMediaError(self._breaks)

    def close(self) -> None:
        self.is_closed = True


class ListSink:
    """Keeps what it is shown."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.frames: list[PlanarFrame] = []
        self.is_closed = False
        self.fails = fails

    def write(self, frame: PlanarFrame) -> None:
        if self.fails:
            raise self.fails
        self.frames.append(frame)

    def close(self) -> None:
        self.is_closed = True


def timed_frames(number: int, rate: int = 25) -> list[PlanarFrame]:
    """Return drawn frames with their times."""
    return [drawn_frame(index, pts=Fraction(index, rate)) for index in range(number)]

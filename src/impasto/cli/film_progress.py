"""What is shown while a film is restyled: a live bar where somebody watches, now and then a plain line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from impasto.cli.ending import print_warning

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from impasto.film.job import JobListener

_PLAIN_SECONDS = 60.0


class PlainListener:
    """Prints a line a minute, so that a log of hours stays short and one of seconds empty."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._stage, self._total, self._done, self._begun_at = "", 0, 0, 0
        self._began = self._said = clock()

    def begin(self, stage: str, num_frames: int | None, num_done: int = 0) -> None:
        """Start counting."""
        self._stage, self._total = stage, num_frames or 0
        self._done = self._begun_at = num_done
        self._began = self._clock()

    def advance(self, num_frames: int) -> None:
        """Count, and print a line if one is due."""
        self._done += num_frames
        now = self._clock()
        if now - self._said >= _PLAIN_SECONDS:
            self._said = now
            typer.echo(f"{self._name}: {self._describe(now)}", err=True)

    def say(self, message: str) -> None:
        """Print a message."""
        print_warning(message)

    def _describe(self, now: float) -> str:
        rate = (self._done - self._begun_at) / max(now - self._began, 1e-9)
        counted = f"{self._done}/{self._total}" if self._total else str(self._done)
        left = f", {clock_time((self._total - self._done) / rate)} left" if self._total and rate > 0 else ""
        return f"{self._stage}, {counted} frames, {rate:.3g} a second{left}"


class LiveListener:
    """Draws a bar with frames, frames a second and the time left."""

    def __init__(self, bar: Bar, name: str) -> None:
        self._bar = bar
        self._name = name
        self._task: TaskID | None = None

    def begin(self, stage: str, num_frames: int | None, num_done: int = 0) -> None:
        """Draw a new bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(f"{self._name}: {stage}", total=num_frames, completed=num_done)

    def advance(self, num_frames: int) -> None:
        """Draw it anew."""
        if self._task is not None:
            self._bar.advance(self._task, num_frames)

    def say(self, message: str) -> None:
        """Print a message above the bar."""
        self._bar.console.print(message, markup=False, highlight=False)


def clock_time(seconds: float) -> str:
    """Write a time as 1:02:03."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def film_progress(name: str) -> Iterator[JobListener]:
    """Yield what a job over a film is to tell of itself to."""
    if not sys.stderr.isatty():
        yield PlainListener(name)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class FramesPerSecond(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:.3g} fps")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        FramesPerSecond(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield LiveListener(bar, name)

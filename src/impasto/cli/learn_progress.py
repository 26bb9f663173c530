"""What `impasto learn` shows as it goes: a live bar where somebody watches, now and then a plain line elsewhere."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PLAIN_PARTS = 10


class RunProgress(Protocol):
    """What a training run tells of itself; see `impasto.train.job.Progress`."""

    @property
    def step(self) -> int: ...
    @property
    def fraction(self) -> float: ...
    @property
    def seconds_left(self) -> float: ...
    @property
    def scalars(self) -> dict[str, float]: ...
    @property
    def distance(self) -> float: ...
    @property
    def untouched_distance(self) -> float: ...


class PlainListener:
    """Prints messages, and a line at every tenth of the run, so that a log stays short."""

    def __init__(self) -> None:
        self._next_part = 1

    def say(self, message: str) -> None:
        """Print a message."""
        typer.echo(message, err=True)

    def progress(self, progress: RunProgress) -> None:
        """Print a line if another tenth is done."""
        part = int(progress.fraction * _PLAIN_PARTS)
        if part >= self._next_part:
            self._next_part = part + 1
            self.say(f"{progress.fraction:4.0%}  {describe(progress)}")


class LiveListener:
    """Draws a bar with losses, time left and the validation figure; messages scroll by above it."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=1.0)

    def say(self, message: str) -> None:
        """Print a message above the bar."""
        self._bar.console.print(message, markup=False, highlight=False)

    def progress(self, progress: RunProgress) -> None:
        """Draw the bar anew."""
        self._bar.update(self._task, completed=progress.fraction, description=describe(progress))


def describe(progress: RunProgress) -> str:
    """Return a progress in one line."""
    parts = [f"step {progress.step}"]
    losses = {name.split("/")[0]: value for name, value in progress.scalars.items() if name.endswith("/loss")}
    parts += [f"{name} {value:.3f}" for name, value in losses.items()]
    if math.isfinite(progress.distance):
        parts.append(f"distance {progress.distance:.4f} (untouched {progress.untouched_distance:.4f})")
    if math.isfinite(progress.seconds_left):
        minutes, seconds = divmod(max(0, round(progress.seconds_left)), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join(parts)


@contextmanager
def watch() -> Iterator[PlainListener | LiveListener]:
    """Yield what a training run is to tell of itself to."""
    if not sys.stderr.isatty():
        yield PlainListener()
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(bar_width=24), TextColumn("{task.percentage:3.0f}%  {task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield LiveListener(bar)

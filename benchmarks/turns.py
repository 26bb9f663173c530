"""Calls timed in turns, so that all meet the same disturbances, and how much of those there was."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

Call = Callable[[], object]


class Times(NamedTuple):
    """Median milliseconds after other calls, and straight after the same call."""

    cold: float
    warm: float


def medians(calls: Mapping[str, Call], repetitions: int) -> dict[str, Times]:
    """Time calls that take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repetitions):
        for name, call in calls.items():
            times[name].append((milliseconds(call), milliseconds(call)))
    return {
        name: Times(*(statistics.median(column) for column in zip(*pairs, strict=True)))
        for name, pairs in times.items()
    }


def milliseconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


@contextmanager
def disturbance_told() -> Iterator[None]:
    """Print which share of the machine's time other processes took meanwhile (Linux)."""
    start, busy, own = time.perf_counter(), busy_seconds(), time.process_time()
    yield
    elapsed = (time.perf_counter() - start) * (os.cpu_count() or 1)
    others = max(0.0, busy_seconds() - busy - (time.process_time() - own))
    print(f"\nother processes took {others / elapsed:.0%} of the machine")


def busy_seconds() -> float:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    ticks = [int(field) for field in fields[:8]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

"""Spreading work over blocks of rows or items on a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

# Small enough that threads finish together, large enough that handing one over costs nothing beside it.
PIXELS_PER_BLOCK = 1 << 18


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(num_threads, thread_name_prefix="impasto-pixels")


# The threads of a pool do not survive a fork; a child that used it would wait for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def run_blocks(function: Callable[[int, int], None], num_items: int, block: int, num_threads: int) -> None:
    """Call `function(first, last)` over consecutive blocks of items, on `num_threads` threads."""
    starts = range(0, num_items, max(1, block))
    stops = [min(start + starts.step, num_items) for start in starts]
    if num_threads <= 1 or len(starts) <= 1:
        for start, stop in zip(starts, stops, strict=True):
            function(start, stop)
    else:
        list(_pool(num_threads).map(function, starts, stops))

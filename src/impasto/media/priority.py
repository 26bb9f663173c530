"""Threads of an encoder that would push all else on the machine aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_THREADS_DIR = Path("/proc/self/task")


@contextmanager
def usual_priority() -> Iterator[None]:
    """Give all threads of this process back the scheduling that they had, and new ones that of the calling thread.

    SVT-AV1, when root starts it, makes itself and whoever calls it real-time threads of the highest priority; so would
    be every program that is started from then on, and on a machine that is busy nothing else would run. Where the
    system has no such thing, nothing happens.
    """
    if not hasattr(os, "sched_getscheduler") or not _THREADS_DIR.is_dir():
        yield
        return
    before = _scheduling()
    own = (os.sched_getscheduler(0), os.sched_getparam(0))
    try:
        yield
    finally:
        for thread, found in _scheduling().items():
            policy, parameters = before.get(thread, own)
            if (found[0], found[1].sched_priority) != (policy, parameters.sched_priority):
                # It may have ended, or belong to somebody who may not be changed.
                with suppress(OSError):
                    os.sched_setscheduler(thread, policy, parameters)


def _scheduling() -> dict[int, tuple[int, os.sched_param]]:
    found = {}
    for thread in (int(entry.name) for entry in _THREADS_DIR.iterdir()):
        with suppress(OSError):
            found[thread] = (os.sched_getscheduler(thread), os.sched_getparam(thread))
    return found

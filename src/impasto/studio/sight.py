"""`SightProcess`: what pictures look like, in numbers, seen by a process of its own; the server needs no PyTorch."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from impasto.gallery.features import FeatureExtractor
    from impasto.gallery.records import Features

_POLITENESS: Final = 10
_SERVER_IS_GONE: Final = 3


class Sight(Protocol):
    """Looks at one picture after another, in the order they are given."""

    def look_at(self, path: Path) -> Future[Features]:
        """Return what will be the features of a picture."""
        ...

    def rest(self) -> None:
        """Let go of what looking needs; the next picture brings it back."""
        ...


class SightProcess:
    """Begins its process with the first picture. It yields to all that the server has to do."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = Lock()

    def look_at(self, path: Path) -> Future[Features]:
        """Return what will be the features of a picture."""
        with self._lock:
            if self._pool is None:
                self._pool = _begun()
            try:
                return self._pool.submit(features_of, path)
            except BrokenProcessPool:  # it has died since, perhaps for want of memory
                self._pool = _begun()
                return self._pool.submit(features_of, path)

    def rest(self) -> None:
        """End the process; what waits is dropped."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _begun() -> ProcessPoolExecutor:
    # A fork would take the server's threads' locks along.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_make_modest)


def _make_modest() -> None:
    """Take one core, and that when nobody else wants it; end with the server, and not before it."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if hasattr(os, "nice"):
        os.nice(_POLITENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_server, daemon=True).start()


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(_SERVER_IS_GONE)


def features_of(path: Path) -> Features:
    """Look at a picture, in the process that calls.

    Raises
    ------
    UnreadableMediaError
        It cannot be read.
    MissingExtraError
        The extra `library` is not installed.
    """
    from impasto.gallery.features import READ_SIDE  # noqa: PLC0415
    from impasto.media.image_read import read_thumbnail_srgb  # noqa: PLC0415

    return _extractor()([read_thumbnail_srgb(path, READ_SIDE, fit_short_side=True)])[0]


@cache
def _extractor() -> FeatureExtractor:
    from impasto.gallery.features import FeatureExtractor  # noqa: PLC0415

    return FeatureExtractor()

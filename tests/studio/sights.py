"""Sight for tests: in a thread, without a network, held back where a test wants it so."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

from gallery.seen import PlainExtractor

from impasto.gallery.features import READ_SIDE
from impasto.gallery.records import Features
from impasto.media.image_read import read_thumbnail_srgb


class PlainSight:
    """Sees how light is laid out (content), and which colours there are (style).

    Attributes
    ----------
    open
        Cleared, it looks at nothing.
    fails
        Raised in place of looking.
    """

    def __init__(self) -> None:
        self.open, self.num_rests = Event(), 0
        self.open.set()
        self.fails: Exception | None = None
        self.looked_at: list[Path] = []
        self._extract = PlainExtractor()
        self._pool = ThreadPoolExecutor(1)

    def look_at(self, path: Path) -> Future[Features]:
        return self._pool.submit(self._look_at, path)

    def rest(self) -> None:
        self.num_rests += 1
        self.open.set()
        self._pool.shutdown(cancel_futures=True)
        self._pool = ThreadPoolExecutor(1)

    def _look_at(self, path: Path) -> Features:
        assert self.open.wait(60)
        self.looked_at.append(path)
        if self.fails is not None:
            raise self.fails
        return self._extract([read_thumbnail_srgb(path, READ_SIDE, fit_short_side=True)])[0]

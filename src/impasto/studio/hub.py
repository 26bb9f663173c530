"""`Hub`: passes on to WebSockets what has changed, from whatever thread it changed in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

import anyio

from impasto.studio.refusals import RefusedError

STYLES: Final = "styles"
"""What stands for the library among the ids of jobs."""


class Subscription:
    """What has changed since it was last asked; however often, each thing once, so that a slow reader costs nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop, only: str | None) -> None:
        self._loop, self._only = loop, only
        self._changed: dict[str, None] = {}
        self._lock, self._event = Lock(), asyncio.Event()

    def note(self, changed: str) -> None:
        """Note a change; from any thread."""
        if self._only is not None and changed != self._only:
            return
        with self._lock:
            self._changed[changed] = None
        # The loop may have been closed by now, with nobody left to tell.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def changes(self, patience: float) -> list[str]:
        """Return what has changed, after waiting for it; nothing when it takes too long."""
        with anyio.move_on_after(patience):
            await self._event.wait()
        self._event.clear()
        with self._lock:
            changed = list(self._changed)
            self._changed.clear()
        return changed


class Hub:
    """Subscriptions, as many as there may be.

    Parameters
    ----------
    limit
        How many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._subscriptions: set[Subscription] = set()
        self._lock = Lock()

    def note(self, changed: str) -> None:
        """Tell all that a job, or `STYLES`, has changed; from any thread."""
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.note(changed)

    @contextmanager
    def subscribed(self, only: str | None = None) -> Iterator[Subscription]:
        """Yield a subscription to all, or to one thing only.

        Raises
        ------
        RefusedError
            There are too many.
        """
        subscription = Subscription(asyncio.get_running_loop(), only)
        with self._lock:
            if len(self._subscriptions) >= self._limit:
                raise RefusedError("too_many", "Too many pages are open.", retry_after=10)
            self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

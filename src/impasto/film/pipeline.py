"""Three stages at once: a source, work on each item, and a sink, joined by queues that never grow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_In = TypeVar("_In")
_Out = TypeVar("_Out")

QUEUE_LENGTH = 4


class AbandonedError(Exception):
    """Nobody takes the items any more."""


class BoundedQueue(Generic[_Item]):
    """Passes items from one thread to another: full, it makes the giver wait; empty, the taker.

    Parameters
    ----------
    length
        How many items wait in it at most.
    """

    def __init__(self, length: int = QUEUE_LENGTH) -> None:
        self._length = length
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._is_closed = False
        self._is_abandoned = False

    def put(self, item: _Item) -> None:
        """Add an item.

        Raises
        ------
        AbandonedError
            The taker has given up.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_abandoned or len(self._items) < self._length)
            if self._is_abandoned:
                raise AbandonedError
            self._items.append(item)
            self._changed.notify_all()

    def close(self, error: BaseException | None = None) -> None:
        """Say that nothing more will come; an error is raised where the items are taken, after the last of them."""
        with self._changed:
            self._is_closed, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nothing more will be taken, and drop what waits."""
        with self._changed:
            self._is_abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[_Item]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._is_closed)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def run_pipeline(source: Iterable[_In], work: Callable[[_In], _Out | None], sink: Callable[[_Out], None]) -> None:
    """Give each item of `source` to `work`, and what it returns, unless None, to `sink`; each in order.

    The source and the work each run on a thread of their own, the sink on the thread that calls. When any of them fails
    the others stop, both threads are joined, and the error is raised; so it is when the caller is interrupted.
    """
    read: BoundedQueue[_In] = BoundedQueue()
    worked: BoundedQueue[_Out] = BoundedQueue()

    def give() -> Iterator[_In]:
        yield from source

    def do_work() -> Iterator[_Out]:
        for item in read:
            result = work(item)
            if result is not None:
                yield result

    threads = [
        threading.Thread(target=_pump, args=(give(), read), name="impasto-read", daemon=True),
        threading.Thread(target=_pump, args=(do_work(), worked), name="impasto-work", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        for item in worked:
            sink(item)
    finally:
        read.abandon()
        worked.abandon()
        for thread in threads:
            thread.join()


def _pump(items: Iterator[_Item], queue: BoundedQueue[_Item]) -> None:
    try:
        for item in items:
            queue.put(item)
    except AbandonedError:
        queue.close()
    except BaseException as error:
        # Whatever it is, the one who waits for items must hear of it.
        queue.close(error)
    else:
        queue.close()

"""`Mailbox`: one slot between two threads, in which the newest wins."""

from __future__ import annotations

from threading import Condition
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Mailbox(Generic[_Item]):
    """Hands items from one thread to another. What was not taken is replaced by what comes next, and counted.

    Attributes
    ----------
    num_put, num_dropped
        Items that came, and those of them that were replaced.
    """

    def __init__(self) -> None:
        self.num_put = 0
        self.num_dropped = 0
        self._item: _Item | None = None
        self._is_closed = False
        self._changed = Condition()

    @property
    def is_finished(self) -> bool:
        """Whether it is closed and empty: nothing will come out of it any more."""
        with self._changed:
            return self._is_closed and self._item is None

    def put(self, item: _Item) -> None:
        """Leave an item, in the place of one that nobody has taken; nothing comes into a closed mailbox."""
        with self._changed:
            if self._is_closed:
                return
            self.num_put += 1
            self.num_dropped += self._item is not None
            self._item = item
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> _Item | None:
        """Return the item and empty the slot; None if there is none in time, or never will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._is_closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let nothing in any more; what lies there can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

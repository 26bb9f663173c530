"""What every origin and every destination of frames looks like: a still, a film, a camera."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from impasto.media.frame import Frame


@runtime_checkable
class FrameSource(Protocol):
    """Iterated for frames in order. One that knows how many there are has `__len__` as well."""

    def __iter__(self) -> Iterator[Frame]: ...


@runtime_checkable
class FrameSink(Protocol):
    """Given frames in order, then closed; the output is complete once `close` has returned."""

    def write(self, frame: Frame) -> None: ...

    def close(self) -> None: ...

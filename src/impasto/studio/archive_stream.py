"""Many files as one zip that is sent while it is made, so that it never lies on the disk or in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_PART: Final = 1 << 18


class _Outgoing(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def zip_parts(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield a zip of files, under their names; pictures are packed already, so nothing is packed again."""
    outgoing = _Outgoing()
    with zipfile.ZipFile(outgoing, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            info = zipfile.ZipInfo.from_file(path, path.name, strict_timestamps=False)
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while part := source.read(_PART):
                    target.write(part)
                    yield outgoing.take()
            yield outgoing.take()
    yield outgoing.take()

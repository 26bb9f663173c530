"""What a job sends to machines that do not see its files: objects whose paths are found anew, and files in parts."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from impasto.errors import OutputError, UnreadableMediaError
from impasto.film.folder import make_job_part
from impasto.media.files import describe_os_error, write_beside

PART_BYTES: Final = 32 << 20
"""Of a part of a file: small against an object store, and large against what a message costs."""

Parts: TypeAlias = tuple[tuple[str, Any], ...]
"""Names within a folder, `""` for what is no folder, each with a part of that file; in order."""


def pack(value: object, places: Mapping[str, Path]) -> bytes:
    """Pickle an object; paths at or below one of some places are noted as such.

    Parameters
    ----------
    places
        By name; of two that hold a path, the first counts.
    """
    stream = io.BytesIO()
    _Packer(stream, places).dump(value)
    return stream.getvalue()


def unpack(packed: bytes, places: Mapping[str, Path]) -> Any:
    """Return what was packed, with places that now are elsewhere."""
    return _Unpacker(io.BytesIO(packed), places).load()


class _Packer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, places: Mapping[str, Path]) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._places = places

    def persistent_id(self, obj: object) -> tuple[str, str] | None:
        if not isinstance(obj, Path):
            return None
        for name, place in self._places.items():
            if obj == place or place in obj.parents:
                return name, obj.relative_to(place).as_posix()
        return None


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, places: Mapping[str, Path]) -> None:
        super().__init__(stream)
        self._places = places

    def persistent_load(self, pid: tuple[str, str]) -> Path:
        name, inner = pid
        return self._places[name] / inner


def take_apart(path: Path, put: Callable[[bytes], Any], part_bytes: int = PART_BYTES) -> Parts:
    """Put a file, or all files of a folder, into a store, a part at a time.

    Parameters
    ----------
    put
        Stores a part, and returns what stands for it.

    Raises
    ------
    UnreadableMediaError
        It cannot be read.
    """
    names = sorted(each.name for each in path.iterdir()) if path.is_dir() else [""]
    return tuple((name, put(part)) for name in names for part in _parts_of(path / name, part_bytes))


def _parts_of(path: Path, part_bytes: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            part = stream.read(part_bytes)
            yield part  # an empty file has a part too
            while part := stream.read(part_bytes):
                yield part
    except OSError as error:
        raise UnreadableMediaError(f"{path} cannot be read: {describe_os_error(error)}.") from error


def put_together(path: Path, parts: Parts, get: Callable[[Any], bytes]) -> None:
    """Make a file, or a folder of files, of its parts; only one part is in memory at a time.

    Raises
    ------
    OutputError
        The disk is full, or the folder above is gone.
    """
    try:
        if any(name for name, _ in parts):
            path.mkdir()
        for name, part in parts:
            with (path / name).open("ab") as stream:
                stream.write(get(part))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {describe_os_error(error)}.") from error


def write_files(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Write small files into a folder, but for those that are there; whoever looks sees all of a file or none.

    Raises
    ------
    OutputError
        The disk is full, or the folder is gone.
    """
    for name, content in contents:
        path = folder / name
        if path.exists():
            continue
        make_job_part(path.parent)
        with write_beside(path) as beside:
            beside.write_bytes(content)

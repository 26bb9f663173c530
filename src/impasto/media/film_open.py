"""Opening films with PyAV, and saying in words what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impasto.errors import UnreadableMediaError
from impasto.media.video_library import av

_TRANSPORT_STREAMS = {".ts", ".m2ts", ".mts"}


@contextmanager
def open_film(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the container and its stream of pictures, and close them.

    Raises
    ------
    UnreadableMediaError
        It is missing, empty, no film, has no pictures, or they are of an unknown codec.
    """
    _check_file(path)
    with film_errors(path):
        container = _opened(path)
    with container:
        yield container, _picture_stream(path, container)


@contextmanager
def film_errors(path: Path) -> Iterator[None]:
    """Say with which film it was that PyAV could not go on."""
    try:
        yield
    except av.error.FFmpegError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise UnreadableMediaError(
            f"{path} cannot be read as a film: {reason}. Check that a player shows it."
        ) from error


def decoder_name(coded: Any) -> str:
    """Return the name of a codec, whichever library decodes it."""
    return str(coded.codec.canonical_name)


def _opened(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace")
    except av.error.FFmpegError:
        if path.suffix.lower() not in _TRANSPORT_STREAMS:
            raise
    # Of few packets, FFmpeg does not tell one by what is inside.
    return av.open(str(path), format="mpegts", metadata_errors="replace")


def _check_file(path: Path) -> None:
    if not path.exists():
        raise UnreadableMediaError(f"{path} does not exist.")
    if path.is_dir():
        raise UnreadableMediaError(f"{path} is a folder. Give the name of a film.")
    if path.is_file() and not path.stat().st_size:
        raise UnreadableMediaError(f"{path} is empty.")


def _picture_stream(path: Path, container: Any) -> Any:
    attached = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & attached]
    if not streams:
        raise UnreadableMediaError(f"{path} has no pictures, only {_kinds(container)}. Is it whole?")
    stream = max(streams, key=lambda each: bool(each.disposition & av.stream.Disposition.default))
    if stream.codec_context is None:
        raise UnreadableMediaError(f"{path} is of a codec that cannot be decoded. Convert it, to ProRes for instance.")
    return stream


def _kinds(container: Any) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return " and ".join(kinds) if kinds else "an empty container"

"""Bodies of requests, written to disk as they come, and cut off where they grow too large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from impasto.studio.content_type import HEAD_SIZE, tell_content_type
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Limits


async def receive_upload(request: Request, path: Path, limits: Limits) -> None:
    """Write a photo or film to a file; how large it may be depends on what its first bytes say that it is.

    Raises
    ------
    RefusedError
        It is too large, of no use, or does not come.
    """

    def limit_of(head: bytes) -> int:
        found = tell_content_type(head)
        if found is None:
            raise RefusedError("unsupported_type", "This is neither a photo nor a film that the studio can read.")
        return limits.photo_bytes if found.kind == "photo" else limits.film_bytes

    _refuse_stated(request, max(limits.photo_bytes, limits.film_bytes))
    await _receive(request, path, limit_of, limits.upload_seconds)


async def receive_style(request: Request, path: Path, limits: Limits) -> None:
    """Write a style file to a file.

    Raises
    ------
    RefusedError
        It is too large, or does not come.
    """
    _refuse_stated(request, limits.style_bytes)
    await _receive(request, path, lambda _: limits.style_bytes, limits.upload_seconds)


def _refuse_stated(request: Request, limit: int) -> None:
    stated = request.headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdigit()):
        raise RefusedError("invalid", "The length of the body is not a number.")
    if int(stated) > limit:
        raise _too_large(limit)


async def _receive(request: Request, path: Path, limit_of: Callable[[bytes], int], patience: float) -> None:
    parts, head, num_bytes, limit = request.stream().__aiter__(), b"", 0, None
    try:
        with path.open("wb") as stream:
            while True:
                async with asyncio.timeout(patience):
                    part = await anext(parts, None)
                if part is None:
                    break
                if len(head) < HEAD_SIZE:
                    head = (head + part)[:HEAD_SIZE]
                num_bytes += len(part)
                if limit is None and len(head) == HEAD_SIZE:
                    limit = limit_of(head)
                if limit is not None and num_bytes > limit:
                    raise _too_large(limit)
                stream.write(part)
    except TimeoutError as error:
        raise RefusedError("timeout", "The upload has stalled. Try again.") from error
    except ClientDisconnect as error:
        raise RefusedError("invalid", "The upload was broken off.") from error
    except OSError as error:
        raise RefusedError("storage_full", f"The upload cannot be kept: {error.strerror or error}.") from error


def _too_large(limit: int) -> RefusedError:
    return RefusedError("too_large", f"This is too large: at most {limit >> 20} MB are taken.")

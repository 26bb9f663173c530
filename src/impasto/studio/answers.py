"""What the answers of several routes share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, ParamSpec, TypeVar

from fastapi import Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from impasto.studio.file_names import attachment
from impasto.studio.refusals import RefusedError
from impasto.studio.rendering import MEDIA_TYPES, Rendered

_LOOK_EVERY: Final = 0.25
Given = ParamSpec("Given")
Made = TypeVar("Made")


class Problem(BaseModel):
    """What is wrong."""

    code: str
    message: str
    detail: Any = None


class Refused(BaseModel):
    """A request that was not done."""

    error: Problem


REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Refused, "description": "The request was refused; `code` and `message` say why."}
}
DELETED: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response, "response_model": None}
PICTURES: Final = ("image/jpeg", "image/png", "image/webp", "image/tiff")


def files(*media_types: str) -> dict[str, Any]:
    """Return how a route that answers with a file describes itself."""
    schema = {"type": "string", "format": "binary"}
    content = {media_type: {"schema": schema} for media_type in media_types}
    return {"response_class": Response, "responses": {200: {"description": "The file.", "content": content}}}


RAW_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""A body that is the file, as it is."""


async def offloaded(function: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made:
    """Run what takes time in a thread."""
    return await asyncio.to_thread(function, *args, **kwargs)


async def awaited(future: Future[Made], request: Request) -> Made:
    """Return what is being made; who goes away before it is begun takes it along.

    Raises
    ------
    RefusedError
        The client has gone.
    """
    waiting = asyncio.wrap_future(future)
    while not (await asyncio.wait({waiting}, timeout=_LOOK_EVERY))[0]:
        if await request.is_disconnected():
            future.cancel()
            raise RefusedError("timeout", "You have gone.")
    return waiting.result()


def picture_answer(rendered: Rendered, download_name: str | None = None) -> FileResponse:
    """Return a picture that was rendered."""
    headers = {
        "X-Impasto-Milliseconds": str(rendered.milliseconds),
        "X-Impasto-Cached": str(int(rendered.cached)),
        "Cache-Control": "private, max-age=300",
    }
    if download_name is not None:
        headers["Content-Disposition"] = attachment(download_name)
    return FileResponse(rendered.path, media_type=MEDIA_TYPES[rendered.path.suffix], headers=headers)

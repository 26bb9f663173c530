"""Uploads, and what is rendered of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, StreamingResponse

from impasto.studio.answers import DELETED, PICTURES, RAW_BODY, REFUSED, awaited, files, offloaded, picture_answer
from impasto.studio.bodies import receive_upload
from impasto.studio.refusals import RefusedError
from impasto.studio.rendering import FORMATS, Rendered, RenderRequest
from impasto.studio.requests import AlikeQuery, Side, Spec, StyleRenderQuery, WallQuery
from impasto.studio.state import Client, Studio, TheStudio
from impasto.studio.uploads import Upload
from impasto.studio.work_apply import style_word

router = APIRouter(prefix="/api/v1", tags=["uploads"], responses=REFUSED)
Limit = Annotated[int, Query(ge=1, le=1000)]
_LOOK_SECONDS = 10.0
"""How long an answer waits for photos that have to be looked at first."""
_LOOK_EVERY = 0.05


@router.post("/uploads", status_code=201, openapi_extra=RAW_BODY)
async def upload(
    request: Request, studio: TheStudio, name: Annotated[str, Query(max_length=500)] = ""
) -> dict[str, Any]:
    """Upload one photo or film, which is the body."""
    await offloaded(studio.refuse_when_full)
    incoming = studio.uploads.incoming_path()
    try:
        await receive_upload(request, incoming, studio.settings.limits)
        async with request.app.state.inspections:
            added = await offloaded(studio.uploads.add, incoming, name)
    finally:
        await asyncio.to_thread(incoming.unlink, missing_ok=True)
    return studio.uploads.shown(added)


@router.get("/uploads")
def list_uploads(studio: TheStudio, limit: Limit = 100) -> dict[str, Any]:
    """List uploads, the newest first."""
    return {"uploads": [studio.uploads.shown(each) for each in studio.uploads.newest(limit)]}


@router.delete("/uploads")
def delete_uploads(studio: TheStudio) -> dict[str, int]:
    """Delete all uploads; jobs keep what they work on until they are deleted themselves."""
    return {"deleted": studio.uploads.delete_all()}


@router.get("/uploads/{upload_id}")
def show_upload(studio: TheStudio, upload_id: str) -> dict[str, Any]:
    """Show one upload."""
    return studio.uploads.shown(studio.uploads.get(upload_id))


@router.delete("/uploads/{upload_id}", **DELETED)
def delete_upload(studio: TheStudio, upload_id: str) -> None:
    """Delete one upload, and what was rendered of it."""
    studio.uploads.delete(upload_id)


@router.get("/uploads/{upload_id}/preview", **files("image/jpeg"))
async def show_preview(
    request: Request, studio: TheStudio, client: Client, upload_id: str, side: Annotated[Side, Query()] = 512
) -> FileResponse:
    """Return an upload as it is, as a JPEG without metadata; `side=0` for its full size."""
    found = studio.uploads.get(upload_id)
    return picture_answer(await awaited(studio.renderer.submit(found, RenderRequest("", side=side), client), request))


@router.get("/uploads/{upload_id}/render", **files(*PICTURES))
async def render(
    request: Request, studio: TheStudio, client: Client, upload_id: str, query: Annotated[StyleRenderQuery, Query()]
) -> FileResponse:
    """Return an upload in a style; `side=0` for its full size."""
    found = studio.uploads.get(upload_id)
    studio.shelf.stamps(query.style)
    rendered = await awaited(studio.renderer.submit(found, query.request(), client), request)
    return picture_answer(rendered, download_name(found, query.style, query.format) if query.download else None)


def download_name(found: Upload, style: str, format_: str) -> str:
    """Return what a result is called."""
    return f"{Path(found.name).stem}-{style_word(style)}{FORMATS[format_]}"


@router.get("/uploads/{upload_id}/verdict")
def judge(studio: TheStudio, upload_id: str, style: Annotated[Spec, Query()]) -> dict[str, Any]:
    """Say what the gate of a style thinks of what it makes of a photo."""
    return studio.renderer.judge(studio.uploads.get(upload_id), style)


@router.get("/uploads/{upload_id}/alike")
async def find_alike(studio: TheStudio, upload_id: str, query: Annotated[AlikeQuery, Query()]) -> dict[str, Any]:
    """List the photos most like one, by what they show or by how they look, the most alike first.

    Photos are looked at when they are first compared; ask again while `num_waiting` is not 0.
    """
    found = studio.uploads.get(upload_id)
    looking = await offloaded(studio.alike.look, found)
    until = time.monotonic() + _LOOK_SECONDS
    while not all(future.done() for future in looking) and time.monotonic() < until:
        await asyncio.sleep(_LOOK_EVERY)
    alike = await offloaded(studio.alike.find, found, query.by, query.limit)
    listed = [{"upload": studio.uploads.shown(each), "likeness": likeness} for each, likeness in alike.found]
    return {"by": query.by, "alike": listed, "num_waiting": alike.num_waiting}


@router.get("/uploads/{upload_id}/wall", **files("application/x-ndjson"))
async def wall(
    studio: TheStudio, client: Client, upload_id: str, query: Annotated[WallQuery, Query()]
) -> StreamingResponse:
    """Render every style, or those listed, on a photo; stream a line of JSON for each as it is finished."""
    found = studio.uploads.get(upload_id)
    families = await offloaded(studio.shelf.families)
    styles = [name for name in query.styles.split(",") if name] or list(families)
    futures = _submitted(studio, found, styles, query, client)
    lines = _lines(found, futures, query)
    return StreamingResponse(_told(lines, families), media_type="application/x-ndjson")


async def _told(lines: AsyncGenerator[dict[str, Any]], families: Mapping[str, str]) -> AsyncIterator[str]:
    async with aclosing(lines):
        async for line in lines:
            family = {"family": families.get(line["style"], "")} if "style" in line else {}
            yield json.dumps({**line, **family}) + "\n"


def _submitted(
    studio: Studio, found: Upload, styles: list[str], query: WallQuery, client: str
) -> dict[str, Future[Rendered]]:
    futures: dict[str, Future[Rendered]] = {}
    try:
        for style in dict.fromkeys(styles):
            request = RenderRequest(style, query.strength, side=query.side)
            futures[style] = studio.renderer.submit(found, request, client)
    except RefusedError:
        _drop(futures)
        raise
    return futures


def _drop(futures: dict[str, Future[Rendered]]) -> None:
    for future in futures.values():
        future.cancel()


async def _lines(
    found: Upload, futures: dict[str, Future[Rendered]], query: WallQuery
) -> AsyncGenerator[dict[str, Any]]:
    began = time.perf_counter()
    names = {asyncio.wrap_future(future): style for style, future in futures.items()}
    waiting = set(names)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                yield _line(found, names[future], future, query)
        took = round(1000 * (time.perf_counter() - began))
        yield {"done": True, "count": len(futures), "milliseconds": took}
    finally:
        _drop(futures)


def _line(found: Upload, style: str, future: asyncio.Future[Rendered], query: WallQuery) -> dict[str, Any]:
    try:
        rendered = future.result()
    except RefusedError as refusal:
        return {"style": style, "ok": False, **refusal.body()}
    except Exception as error:  # one style that fails, however it does, must not take the others along
        return {"style": style, "ok": False, **RefusedError("internal", f"{style} has failed: {error}").body()}
    asked = urlencode({"style": style, "strength": query.strength, "side": query.side})
    url = f"/api/v1/uploads/{found.id}/render?{asked}"
    return {"style": style, "ok": True, "url": url, "milliseconds": rendered.milliseconds, "cached": rendered.cached}

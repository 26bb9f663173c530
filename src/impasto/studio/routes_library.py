"""The library of styles, and ratings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from impasto.errors import ImpastoError
from impasto.studio.answers import DELETED, RAW_BODY, REFUSED, files, offloaded
from impasto.studio.bodies import receive_style
from impasto.studio.file_names import attachment
from impasto.studio.hub import STYLES
from impasto.studio.refusals import RefusedError
from impasto.studio.requests import RatingRequest, Spec, StyleName
from impasto.studio.state import Studio, TheStudio
from impasto.studio.taste import forget_ratings, keep_rating, shown_ratings, suggestions
from impasto.style.names import STYLE_SUFFIX

router = APIRouter(prefix="/api/v1", tags=["library"], responses=REFUSED)


@router.get("/styles")
def list_styles(studio: TheStudio) -> dict[str, Any]:
    """List all installed styles."""
    return {"styles": studio.shelf.shown()}


@router.get("/styles/check")
def check_style(studio: TheStudio, style: Annotated[Spec, Query()]) -> dict[str, Any]:
    """Say whether a name, blend or chain stands for something that can be applied."""
    loaded = studio.shelf.load(style)
    return {"ok": True, "name": loaded.name, "family": loaded.family, "texture": loaded.family == "paint"}


@router.get("/styles/suggest")
def suggest_styles(studio: TheStudio, upload: Annotated[str, Query(max_length=64)]) -> dict[str, Any]:
    """Rank looks for a photo, by what suits it and what you have rated."""
    photo = studio.uploads.get(upload)
    return {"suggestions": suggestions(studio.shelf, studio.uploads.path_of(photo), photo)}


@router.post("/styles", status_code=201, openapi_extra=RAW_BODY)
async def add_style(
    request: Request,
    studio: TheStudio,
    name: Annotated[StyleName, Query()],
    overwrite: Annotated[bool, Query()] = False,
) -> dict[str, Any]:
    """Put a style file, which is the body, into the library, if it passes the same checks as `impasto styles add`."""
    incoming = studio.uploads.incoming_path().with_suffix(STYLE_SUFFIX)
    try:
        await receive_style(request, incoming, studio.settings.limits)
        return await offloaded(_add, studio, incoming, name, overwrite)
    finally:
        await asyncio.to_thread(incoming.unlink, missing_ok=True)


def _add(studio: Studio, incoming: Path, name: str, overwrite: bool) -> dict[str, Any]:
    try:
        added = studio.shelf.add(incoming, name, overwrite=overwrite)
    except ImpastoError as error:
        raise RefusedError.of(error, {str(incoming): "The file"}) from error
    studio.hub.note(STYLES)
    return studio.shelf.shown_one(added)


@router.get("/styles/{name}")
def show_style(studio: TheStudio, name: str) -> dict[str, Any]:
    """Show one style, with how it was learned."""
    return studio.shelf.shown_one(name)


@router.get("/styles/{name}/preview", **files("image/jpeg"))
def show_preview(studio: TheStudio, name: str) -> Response:
    """Return the picture that shows what a style does."""
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(studio.shelf.preview(name), media_type="image/jpeg", headers=headers)


@router.get("/styles/{name}/file", **files("application/octet-stream"))
def download_style(studio: TheStudio, name: str) -> FileResponse:
    """Return the style file."""
    path = studio.shelf.path_of(name)
    headers = {"Content-Disposition": attachment(path.name)}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@router.delete("/styles/{name}", **DELETED)
def delete_style(studio: TheStudio, name: str) -> None:
    """Delete a style of one's own."""
    studio.shelf.remove(name)
    studio.hub.note(STYLES)


@router.post("/ratings", status_code=201)
def rate(studio: TheStudio, asked: RatingRequest) -> dict[str, Any]:
    """Say how much one likes a look on a photo, so that suggestions follow one's taste."""
    photo = studio.uploads.get(asked.upload)
    style_path = studio.shelf.path_of(asked.style)
    return keep_rating(studio.uploads.path_of(photo), style_path, asked.stars, asked.strength)


@router.get("/ratings")
def list_ratings() -> dict[str, Any]:
    """List what one has rated."""
    return shown_ratings()


@router.delete("/ratings", **DELETED)
def delete_ratings() -> None:
    """Forget all ratings."""
    forget_ratings()

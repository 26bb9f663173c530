"""The page: files as they are, and nothing outside their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, RedirectResponse, Response

from impasto.studio.access import is_token
from impasto.studio.refusals import RefusedError
from impasto.studio.routes_data import set_cookie
from impasto.studio.state import TheStudio

router = APIRouter(include_in_schema=False)
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


@router.get("/", response_class=Response)
def show_page(studio: TheStudio, token: Annotated[str | None, Query(max_length=256)] = None) -> Response:
    """Show the page; with the token in the address, keep it and take it out of the address."""
    if token is None:
        return _file(studio.settings.page_dir, "index.html")
    response = RedirectResponse("/", status_code=303)
    if studio.settings.token is not None and is_token(studio.settings.token, [token]):
        set_cookie(response, studio.settings.token)
    return response


@router.get("/page/{path:path}", response_class=Response)
def show_file(studio: TheStudio, path: str) -> Response:
    """Return a file of the page."""
    return _file(studio.settings.page_dir, path)


def _file(folder: Path, name: str) -> Response:
    parts = name.split("/")
    is_plain = "\0" not in name and "\\" not in name and not any(part in ("", "..") or part[0] == "." for part in parts)
    path = folder.joinpath(*parts) if is_plain else folder
    media_type = _TYPES.get(path.suffix.lower())
    if media_type is None or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise RefusedError("not_found", "There is no such page.")
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})

"""What the studio is, whom it lets in, and how much it keeps."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from impasto.apply.regions import REGIONS
from impasto.studio.access import COOKIE, Access, is_token
from impasto.studio.answers import DELETED, REFUSED
from impasto.studio.extras import extras
from impasto.studio.refusals import RefusedError
from impasto.studio.requests import SessionRequest
from impasto.studio.settings import Settings
from impasto.studio.state import Studio, TheStudio
from impasto.version import __version__

router = APIRouter(prefix="/api/v1", tags=["studio"], responses=REFUSED)
_COOKIE_DAYS = 30


@router.get("/health")
def health(request: Request, studio: TheStudio) -> dict[str, Any]:
    """Say that the studio runs, and, to those it knows, what it can do."""
    settings = studio.settings
    brief = {"status": "ok", "version": __version__, "needs_token": settings.token is not None}
    access: Access = request.app.state.access
    if not access.knows_token(request):
        return brief
    return {
        **brief,
        "extras": extras(),
        "limits": _limits(settings),
        "retention_days": settings.retention_days,
        "regions": list(REGIONS),
        "families": ["look", "paint"],
        "signs_as": None if studio.credentials is None else studio.credentials.issued_to,
    }


def _limits(settings: Settings) -> dict[str, float]:
    names = (
        *("photo_bytes", "photo_pixels", "film_bytes", "film_seconds", "style_bytes"),
        *("stored_bytes", "jobs_per_client", "references"),
    )
    return {name: getattr(settings.limits, name) for name in names}


@router.post("/session", **DELETED)
def begin_session(studio: TheStudio, asked: SessionRequest) -> Response:
    """Show the token once; a cookie then holds it."""
    token = studio.settings.token
    if token is not None and not is_token(token, [asked.token]):
        raise RefusedError("unauthorized", "This is not the token. It was printed when the studio was started.")
    response = Response(status_code=204)
    if token is not None:
        set_cookie(response, token)
    return response


@router.delete("/session", **DELETED)
def end_session() -> Response:
    """Forget the token in this browser."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


def set_cookie(response: Response, token: str) -> None:
    """Let the browser keep the token where no script reads it and no other site makes it send it."""
    seconds = _COOKIE_DAYS * 86400
    response.set_cookie(COOKIE, token, max_age=seconds, httponly=True, samesite="strict", path="/")


@router.get("/data")
def show_data(studio: TheStudio) -> dict[str, Any]:
    """Say how much is kept."""
    return {
        "bytes": studio.stored_bytes(),
        "limit_bytes": studio.settings.limits.stored_bytes,
        "num_uploads": studio.uploads.count(),
        "num_jobs": studio.jobs.count(),
        "retention_days": studio.settings.retention_days,
        "folder_name": studio.settings.data_dir.name,
    }


@router.delete("/data")
def delete_data(studio: TheStudio) -> dict[str, int]:
    """Delete all uploads and jobs; styles in the library stay."""
    jobs = _delete_jobs(studio)
    return {"deleted_uploads": studio.uploads.delete_all(), "deleted_jobs": jobs}


def _delete_jobs(studio: Studio) -> int:
    jobs = studio.jobs.newest(-1)
    for job in jobs:
        studio.queue.delete(job.id)
    return len(jobs)

"""`create_app`: the studio as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from impasto.errors import ImpastoError
from impasto.studio import page_files, routes_data, routes_jobs, routes_library, routes_live, routes_uploads
from impasto.studio.access import Access
from impasto.studio.job_queue import Launch
from impasto.studio.rates import Rates
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings
from impasto.studio.state import Studio
from impasto.studio.work_process import WorkProcess
from impasto.version import __version__

_NUM_INSPECTIONS = 2
_DESCRIPTION = """\
Photos and films are uploaded, restyled, and deleted; styles are learned, kept and shared. What takes longer than a
request may is a job. A request that is not done is answered with a 4xx and `{"error": {"code", "message", "detail"}}`.

Where the studio was started with a token, show it as `Authorization: Bearer TOKEN`.

WebSockets, which this description cannot hold: `/api/v1/events` tells of every job and of the library as they change,
`/api/v1/jobs/ID/events` of one job until its end, and `/api/v1/live` restyles the frames of a camera.
"""
_CODES = {401: "unauthorized", 404: "not_found", 405: "method", 413: "too_large", 415: "unsupported_type"}


def create_app(settings: Settings, launch: Launch = WorkProcess) -> FastAPI:
    """Return the studio, ready to be served.

    Parameters
    ----------
    launch
        How jobs are run; default: a process for each.

    Raises
    ------
    OutputError
        The data folder cannot be used.
    """
    studio = Studio(settings, launch)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        app.state.inspections = asyncio.Semaphore(_NUM_INSPECTIONS)
        studio.start()
        try:
            yield
        finally:
            await asyncio.to_thread(studio.close)

    # Pages that describe the interface would load scripts from elsewhere.
    app = FastAPI(
        title="Impasto studio",
        version=__version__,
        description=_DESCRIPTION,
        summary="Styles on photos, films and live pictures; and styles learned.",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        separate_input_output_schemas=False,
    )
    app.state.studio = studio
    for module in (routes_data, routes_library, routes_uploads, routes_jobs, routes_live, page_files):
        app.include_router(module.router)
    _add_refusals(app)
    rates = Rates(settings.limits.requests_per_second, settings.limits.request_burst)

    def guarded(inner: ASGIApp) -> Access:
        access = Access(inner, settings, rates)
        app.state.access = access
        return access

    app.add_middleware(guarded)
    app.build_middleware_stack()
    return app


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refuse(_: Request, error: RefusedError) -> JSONResponse:
        return error.response()

    @app.exception_handler(ImpastoError)
    async def translate(_: Request, error: ImpastoError) -> JSONResponse:
        return RefusedError.of(error).response()

    @app.exception_handler(RequestValidationError)
    async def explain(_: Request, error: RequestValidationError) -> JSONResponse:
        return _invalid(error).response()

    @app.exception_handler(HTTPException)
    async def reword(_: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "invalid")
        response = RefusedError(code, str(error.detail)).response()
        response.status_code = error.status_code
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response


def _invalid(error: RequestValidationError) -> RefusedError:
    problems: list[dict[str, Any]] = [
        {"field": ".".join(map(str, each["loc"][1:])) or "body", "message": each["msg"]} for each in error.errors()[:10]
    ]
    first = problems[0]
    return RefusedError("invalid", f"{first['field']}: {first['message']}", detail=problems)

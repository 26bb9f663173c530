"""Jobs: what takes longer than a request may."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from impasto.studio.answers import DELETED, PICTURES, REFUSED, awaited, files, picture_answer
from impasto.studio.archive_stream import zip_parts
from impasto.studio.extras import extras
from impasto.studio.file_names import attachment
from impasto.studio.hub import STYLES
from impasto.studio.job import Job
from impasto.studio.job_store import SAMPLES, media_type_of
from impasto.studio.refusals import RefusedError
from impasto.studio.requests import (
    ApplyRequest,
    FilmRequest,
    JobRequest,
    KeepRequest,
    LearnedRenderQuery,
    LearnRequest,
    ReferencesRequest,
)
from impasto.studio.routes_uploads import download_name
from impasto.studio.shelf import preview_of
from impasto.studio.state import Client, Studio, TheStudio
from impasto.studio.telling import take_event
from impasto.studio.uploads import Upload
from impasto.studio.work_learn import check_references, learned_path

router = APIRouter(prefix="/api/v1", tags=["jobs"], responses=REFUSED)
Limit = Annotated[int, Query(ge=1, le=500)]


@router.post("/jobs", status_code=202)
def add_job(studio: TheStudio, client: Client, asked: JobRequest) -> dict[str, Any]:
    """Queue a job: a style on many photos or on a film, or a style to be learned."""
    studio.refuse_when_full()
    found = [studio.uploads.get(upload_id) for upload_id in dict.fromkeys(_uploads_of(asked))]
    _refuse_unfit(asked, found, studio.settings.limits.references)
    if isinstance(asked, LearnRequest):
        _refuse_without("learn")
    else:
        _check_options(studio, asked)
    inputs = {each.id: (studio.uploads.path_of(each), each.name) for each in found}
    request = asked.model_dump()
    request["title"] = asked.title or _title_of(asked, found)
    job = studio.jobs.add(asked.kind, request, client, inputs)
    if isinstance(asked, ApplyRequest):
        job = studio.jobs.change(job.id, _note_items)
    studio.queue.notice(job)
    return studio.jobs.shown(job)


def _note_items(job: Job) -> None:
    uploads = dict.fromkeys(job.request["uploads"])
    for upload_id in uploads:
        take_event(job, {"type": "item", "upload": upload_id, "name": job.inputs[upload_id], "status": "waiting"})


def _uploads_of(asked: JobRequest) -> list[str]:
    if isinstance(asked, LearnRequest):
        return [*asked.references, *asked.content]
    mask = [asked.where.removeprefix("mask:")] if asked.where.startswith("mask:") else []
    return [*asked.uploads, *mask] if isinstance(asked, ApplyRequest) else [asked.upload, *mask]


def _refuse_unfit(asked: JobRequest, found: list[Upload], most: int) -> None:
    if len(found) > most:
        raise RefusedError("too_large", f"A job takes up to {most} pictures, not {len(found)}.")
    kinds = {each.id: each.kind for each in found}
    if isinstance(asked, ApplyRequest) and any(kinds[each] != "photo" for each in asked.uploads):
        raise RefusedError("refused", "Films are jobs of their own: kind=film.")
    if isinstance(asked, FilmRequest) and kinds[asked.upload] != "film":
        raise RefusedError("refused", "This upload is a photo: kind=apply.")
    if "film" in kinds.values():
        _refuse_without("video")


def _refuse_without(extra: str) -> None:
    if not extras()[extra]:
        raise RefusedError("missing_extra", f"This needs more to be installed: pip install 'impasto[{extra}]'")


def _check_options(studio: Studio, asked: ApplyRequest | FilmRequest) -> None:
    """Say now what every picture would fail on."""
    style = studio.shelf.load(asked.style)
    style.stylizer(asked.strength, 1, keep_color=asked.keep_color, texture_scale=asked.texture_scale)
    if asked.gate != "off":
        style.gate()


def _title_of(asked: JobRequest, found: list[Upload]) -> str:
    if isinstance(asked, LearnRequest):
        return asked.name
    names = found[0].name if len(found) == 1 else f"{len(found)} photos"
    return f"{asked.style} · {names}"


@router.get("/jobs")
def list_jobs(studio: TheStudio, limit: Limit = 50) -> dict[str, Any]:
    """List jobs, the newest first."""
    return {"jobs": [studio.jobs.shown(job, briefly=True) for job in studio.jobs.newest(limit)]}


@router.get("/jobs/{job_id}")
def show_job(studio: TheStudio, job_id: str) -> dict[str, Any]:
    """Show one job."""
    return studio.jobs.shown(studio.jobs.get(job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(studio: TheStudio, job_id: str) -> dict[str, Any]:
    """End a job."""
    return studio.jobs.shown(studio.queue.cancel(job_id))


@router.post("/jobs/{job_id}/stop")
def stop_job(studio: TheStudio, job_id: str) -> dict[str, Any]:
    """Let a job that learns end early, and keep what it has learned."""
    return studio.jobs.shown(studio.queue.stop(job_id))


@router.post("/jobs/{job_id}/retry")
def retry_job(studio: TheStudio, job_id: str) -> dict[str, Any]:
    """Queue a job again that failed or was cancelled; what it had done counts."""
    return studio.jobs.shown(studio.queue.retry(job_id))


@router.delete("/jobs/{job_id}", **DELETED)
def delete_job(studio: TheStudio, job_id: str) -> None:
    """Delete a job with its results, after ending it."""
    studio.queue.delete(job_id)


@router.get("/jobs/{job_id}/files/{name}", **files("application/octet-stream", *PICTURES))
def download_result(
    studio: TheStudio, job_id: str, name: str, inline: Annotated[bool, Query()] = False
) -> FileResponse:
    """Return one result; `inline` for what a page shows."""
    paths = studio.jobs.result_paths(studio.jobs.get(job_id))
    path = next((path for path in paths if path.name == name), None)
    if path is None:
        raise RefusedError("not_found", "There is no such result.")
    media_type = media_type_of(path)
    # A page that came with a result would run with the rights of the studio.
    may_show = inline and media_type.startswith(("image/", "video/"))
    headers = {} if may_show else {"Content-Disposition": attachment(path.name)}
    return FileResponse(path, media_type=media_type, headers=headers)


@router.get("/jobs/{job_id}/zip", **files("application/zip"))
def download_zip(studio: TheStudio, job_id: str) -> StreamingResponse:
    """Return all results in one zip."""
    job = studio.jobs.get(job_id)
    paths = studio.jobs.result_paths(job)
    if not paths:
        raise RefusedError("not_ready", "There are no results yet.")
    headers = {"Content-Disposition": attachment(f"impasto-{job.id[:6]}.zip")}
    return StreamingResponse(zip_parts(paths), media_type="application/zip", headers=headers)


@router.get("/jobs/{job_id}/samples/{step}", **files("image/jpeg"))
def show_sample(studio: TheStudio, job_id: str, step: int) -> FileResponse:
    """Return the sheet of samples at a step of learning: above before, below after."""
    path = studio.jobs.folder(studio.jobs.get(job_id).id) / SAMPLES / f"{abs(step) % 10**9:06d}.jpg"
    if not path.is_file():
        raise RefusedError("not_found", "There is no such sample.")
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/jobs/{job_id}/preview", **files("image/jpeg"))
def show_learned_preview(studio: TheStudio, job_id: str) -> Response:
    """Return the picture that shows what a learned style does."""
    return Response(preview_of(_learned(studio, job_id)), media_type="image/jpeg")


@router.get("/jobs/{job_id}/render", **files(*PICTURES))
async def render_learned(
    request: Request, studio: TheStudio, client: Client, job_id: str, query: Annotated[LearnedRenderQuery, Query()]
) -> FileResponse:
    """Return an upload in the style that a job has learned."""
    name = studio.jobs.get(job_id).request["name"]
    path, found = _learned(studio, job_id), studio.uploads.get(query.upload)
    asked = query.model_copy(update={"style": name}).request(str(path))
    rendered = await awaited(studio.renderer.submit(found, asked, client), request)
    return picture_answer(rendered, download_name(found, name, query.format) if query.download else None)


@router.post("/jobs/{job_id}/keep", status_code=201)
def keep_learned(studio: TheStudio, job_id: str, asked: KeepRequest) -> dict[str, Any]:
    """Put the style that a job has learned into the library."""
    path = _learned(studio, job_id)
    description = studio.jobs.get(job_id).request["description"] if asked.description is None else asked.description
    name = studio.shelf.add(path, asked.name, description=description, overwrite=asked.overwrite)

    def note(job: Job) -> None:
        job.state["learn"]["style"] |= {"kept": True, "kept_as": name}

    studio.jobs.change(job_id, note)
    studio.hub.note(STYLES)
    return studio.shelf.shown_one(name)


def _learned(studio: Studio, job_id: str) -> Path:
    job = studio.jobs.get(job_id)
    path = learned_path(studio.jobs.folder(job.id))
    if job.kind != "learn" or job.status != "done" or not path.is_file():
        raise RefusedError("not_ready", "This job has learned no style yet.")
    return path


@router.post("/references/check")
def check_uploads(studio: TheStudio, asked: ReferencesRequest) -> dict[str, Any]:
    """Say which uploads can be learned from, and why the others cannot."""
    found = [studio.uploads.get(upload_id) for upload_id in dict.fromkeys(asked.uploads)]
    paths = {studio.uploads.path_of(each): each.id for each in found}
    return check_references(paths, {each.id: each.name for each in found})

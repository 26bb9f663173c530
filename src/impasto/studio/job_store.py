"""`JobStore`: every job, in the database and in a folder of its own, so that both outlive the server."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Final

from impasto.errors import OutputError
from impasto.studio.database import Database
from impasto.studio.fair_order import fair_order
from impasto.studio.file_names import distinct_name, new_id
from impasto.studio.job import MAX_STARTS, Job, JobKind
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings

INPUTS, RESULTS, SAMPLES, REQUEST_FILE = "inputs", "results", "samples", "request.json"
_DAY: Final = 86400.0
_SAVE_EVERY: Final = 1.0
_MEDIA_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".html": "text/html",
    ".style": "application/octet-stream",
}
_SHOWN_INLINE: Final = frozenset({"image/jpeg", "image/png", "image/webp"})


class JobStore:
    """Keeps jobs. Threads may share it.

    Parameters
    ----------
    changed
        Told the id of a job whenever something about it has changed, or it is gone.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        changed: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._database, self._changed, self._clock = settings, database, changed, clock
        self._dir = settings.data_dir / "jobs"
        self._dir.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._running: dict[str, tuple[Job, float]] = {}
        self._last_started: dict[str, float] = {}

    def recover(self) -> None:
        """Take up what the last server left: what ran is queued again, or has failed where it keeps taking it down."""
        for job in self._with_status("running"):
            if job.num_starts >= MAX_STARTS:
                job.status, job.finished = "failed", self._clock()
                job.error = f"The server stopped {job.num_starts} times while this job ran. Try again with less."
            else:
                job.status, job.message = "queued", "The server was started anew; this goes on."
            self._save(job)
        known = {job_id for (job_id,) in self._database.rows("SELECT id FROM jobs")}
        for folder in self._dir.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def add(self, kind: JobKind, request: dict[str, Any], client: str, inputs: Mapping[str, tuple[Path, str]]) -> Job:
        """Queue a job.

        Parameters
        ----------
        inputs
            Where each upload lies and what it is called, by id. The job keeps them even if the uploads are deleted.

        Raises
        ------
        RefusedError
            Too many wait already.
        OutputError
            The folder cannot be written.
        """
        with self._lock, self._database.together():
            self._refuse_too_many(client)
            job = Job(new_id(), kind, str(request.get("title") or ""), client, request, self._clock())
            job.inputs = self._link_inputs(self.folder(job.id), inputs)
            self._database.change(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, ?)",
                (job.id, job.created, job.status, client, json.dumps(job.record())),
            )
        self._changed(job.id)
        return job

    def _refuse_too_many(self, client: str) -> None:
        limits = self._settings.limits
        waiting = self._with_status("queued", "running")
        own = sum(job.client == client for job in waiting)
        if own >= limits.jobs_per_client:
            raise RefusedError("too_many", f"{own} of your jobs are waiting. Wait for one to end.", retry_after=10)
        if len(waiting) >= limits.jobs:
            raise RefusedError("too_many", f"{len(waiting)} jobs are waiting already. Try again later.", retry_after=30)

    def _link_inputs(self, folder: Path, inputs: Mapping[str, tuple[Path, str]]) -> dict[str, str]:
        names: dict[str, str] = {}
        taken: set[str] = set()
        try:
            (folder / INPUTS).mkdir(parents=True)
            (folder / RESULTS).mkdir()
            for upload_id, (path, name) in inputs.items():
                names[upload_id] = distinct_name(name, taken)
                taken.add(names[upload_id].lower())
                _link(path, folder / INPUTS / names[upload_id])
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise OutputError(f"The job cannot be kept: {error.strerror or error}.") from error
        return names

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job; only of ids that the store has given."""
        return self._dir / job_id

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        RefusedError
            There is none of this id.
        """
        with self._lock:
            if job_id in self._running:
                return self._running[job_id][0]
            rows = self._database.rows("SELECT record FROM jobs WHERE id = ?", (job_id,))
        if not rows:
            raise RefusedError("not_found", "There is no such job; it may have been deleted.")
        return Job(**json.loads(rows[0][0]))

    def newest(self, limit: int) -> list[Job]:
        """Return jobs, the newest first."""
        rows = self._database.rows("SELECT id FROM jobs ORDER BY created DESC, id LIMIT ?", (limit,))
        return [self.get(job_id) for (job_id,) in rows]

    def count(self) -> int:
        """Return how many there are."""
        return int(self._database.rows("SELECT count(*) FROM jobs")[0][0])

    def waiting(self, lane: str) -> list[Job]:
        """Return what waits in a lane, in the order in which it is to be done."""
        queued = [job for job in self._with_status("queued") if job.lane == lane]
        return fair_order(queued, self._last_started)

    def _with_status(self, *statuses: str) -> list[Job]:
        marks = ", ".join("?" * len(statuses))
        rows = self._database.rows(f"SELECT record FROM jobs WHERE status IN ({marks})", statuses)
        return [Job(**json.loads(record)) for (record,) in rows]

    def start_next(self, lane: str) -> Job | None:
        """Return the next job of a lane, which is now running; None where none waits."""
        with self._lock:
            waiting = self.waiting(lane)
            if not waiting:
                return None
            job = waiting[0]
            job.status, job.started, job.error, job.finished = "running", self._clock(), None, None
            job.num_starts += 1
            self._last_started[job.client] = self._clock()
            self._save(job)
            self._running[job.id] = (job, self._clock())
        self._changed(job.id)
        return job

    def update(self, job: Job, act: Callable[[Job], None]) -> None:
        """Change a running job; it is written to disk now and then."""
        with self._lock:
            if job.id not in self._running:
                return
            act(job)
            if self._clock() - self._running[job.id][1] >= _SAVE_EVERY:
                self._save(job)
                self._running[job.id] = (job, self._clock())
        self._changed(job.id)

    def end(self, job: Job, status: str, error: str | None = None) -> None:
        """Tell that a job is over: done, failed, cancelled, or queued again."""
        with self._lock:
            self._running.pop(job.id, None)
            job.status, job.error = status, error  # type: ignore[assignment]
            job.finished = self._clock() if job.has_ended else None
            if status == "done":
                job.progress = 1.0
            self._save(job)
        self._changed(job.id)

    def change(self, job_id: str, act: Callable[[Job], None]) -> Job:
        """Change a job for good, or refuse to by raising within `act`; no thread comes between."""
        with self._lock:
            job = self.get(job_id)
            act(job)
            self._save(job)
        self._changed(job_id)
        return job

    def _save(self, job: Job) -> None:
        values = (job.status, json.dumps(job.record()), job.id)
        self._database.change("UPDATE jobs SET status = ?, record = ? WHERE id = ?", values)

    def delete(self, job_id: str) -> None:
        """Delete a job that does not run, with all its files."""
        with self._lock:
            self._running.pop(job_id, None)
            self._database.change("DELETE FROM jobs WHERE id = ?", (job_id,))
        shutil.rmtree(self.folder(job_id), ignore_errors=True)
        self._changed(job_id)

    def delete_expired(self) -> int:
        """Delete jobs that ended long enough ago; return how many."""
        before = self._clock() - self._settings.retention_days * _DAY
        expired = [job for job in self._with_status("done", "failed", "cancelled") if (job.finished or 0) < before]
        for job in expired:
            self.delete(job.id)
        return len(expired)

    def shown(self, job: Job, *, briefly: bool = False) -> dict[str, Any]:
        """Return a job as clients see it."""
        with self._lock:
            # A copy, since the thread that runs a job goes on to change it.
            job = Job(**json.loads(json.dumps(job.record())))
        position = None
        if job.status == "queued":
            order = [each.id for each in self.waiting(job.lane)]
            position = order.index(job.id) + 1 if job.id in order else None
        expires = None if job.finished is None else job.finished + self._settings.retention_days * _DAY
        results = [] if briefly and not job.has_ended else self.results(job)
        # A learned style is taken by keeping it, and one file needs no zip.
        has_zip = job.kind == "apply" and job.has_ended and len(results) > 0
        return {
            **job.shown(position, expires, briefly=briefly),
            "results": results,
            "zip_url": f"/api/v1/jobs/{job.id}/zip" if has_zip else None,
        }

    def results(self, job: Job) -> list[dict[str, Any]]:
        """Return what a job has made, as clients see it."""
        return [_shown_result(job, path) for path in self.result_paths(job)]

    def result_paths(self, job: Job) -> Sequence[Path]:
        """Return the files that a job has made, by name; never one that is being written."""
        folder = self.folder(job.id) / RESULTS
        found = folder.iterdir() if folder.is_dir() else ()
        return sorted(path for path in found if path.suffix in _MEDIA_TYPES and path.name[0] != "." and path.is_file())


def media_type_of(path: Path) -> str:
    """Return what a result is served as."""
    return _MEDIA_TYPES.get(path.suffix, "application/octet-stream")


def _shown_result(job: Job, path: Path) -> dict[str, Any]:
    from urllib.parse import quote  # noqa: PLC0415

    url = f"/api/v1/jobs/{job.id}/files/{quote(path.name)}"
    inline = media_type_of(path) in _SHOWN_INLINE
    return {
        "name": path.name,
        "bytes": path.stat().st_size,
        "media_type": media_type_of(path),
        "url": url,
        "preview_url": f"{url}?inline=1" if inline else None,
    }


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)

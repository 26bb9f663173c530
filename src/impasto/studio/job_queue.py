"""`JobQueue`: runs jobs, one of each lane at a time, and lets them be cancelled, stopped and retried."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final

from impasto.errors import ImpastoError
from impasto.studio.job import LANES, Job
from impasto.studio.job_store import REQUEST_FILE, RESULTS, JobStore
from impasto.studio.refusals import RefusedError
from impasto.studio.telling import note_stopping, take_event
from impasto.studio.work_process import Work, WorkProcess

_logger = logging.getLogger(__name__)
_LOOK_EVERY: Final = 0.5
_CLOSING_SECONDS: Final = 10.0

Launch = Callable[[Path], Work]
"""Starts what works on the job in a folder."""


class JobQueue:
    """Threads that take jobs from the store, a thread a lane.

    Parameters
    ----------
    launch
        Default: a process for each job.
    sign_path
        The certificate that results are signed with, if any.
    """

    def __init__(self, store: JobStore, launch: Launch = WorkProcess, sign_path: Path | None = None) -> None:
        self._store, self._launch, self._sign_path = store, launch, sign_path
        self._stopping = Event()
        self._wake = {lane: Event() for lane in LANES.values()}
        self._threads: list[Thread] = []
        self._work: dict[str, Work] = {}
        self._cancelled: set[str] = set()
        self._lock = Lock()

    def start(self) -> None:
        """Begin to run jobs."""
        self._store.recover()
        for lane in self._wake:
            thread = Thread(target=self._run_lane, args=(lane,), name=f"impasto-{lane}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop; what runs is queued again, for the next start."""
        self._stopping.set()
        for event in self._wake.values():
            event.set()
        with self._lock:
            running = list(self._work.values())
        for work in running:
            work.kill()
        for thread in self._threads:
            thread.join(_CLOSING_SECONDS)

    def notice(self, job: Job) -> None:
        """Tell that a job waits."""
        self._wake[job.lane].set()

    def cancel(self, job_id: str) -> Job:
        """End a job without results.

        Raises
        ------
        RefusedError
            It has ended already.
        """

        def end(job: Job) -> None:
            if job.has_ended:
                raise RefusedError("refused", "This job has ended already.")
            if job.status == "queued":
                job.status, job.finished, job.message = "cancelled", time.time(), ""

        job = self._store.change(job_id, end)
        if job.status == "running":
            with self._lock:
                self._cancelled.add(job_id)
                work = self._work.get(job_id)
            if work is not None:
                work.kill()
        return job

    def stop(self, job_id: str) -> Job:
        """Let a learning job end now, and keep what it has learned.

        Raises
        ------
        RefusedError
            It is no such job, or does not run.
        """
        job = self._store.get(job_id)
        with self._lock:
            work = self._work.get(job_id)
        if job.kind != "learn" or work is None:
            raise RefusedError("refused", "Only a job that is learning can be stopped early.")
        work.send("stop")
        self._store.update(job, note_stopping)
        return job

    def retry(self, job_id: str) -> Job:
        """Queue a job again that failed or was cancelled.

        Raises
        ------
        RefusedError
            It did not.
        """

        def requeue(job: Job) -> None:
            if job.status not in ("failed", "cancelled"):
                raise RefusedError("refused", "Only a job that failed or was cancelled can be tried again.")
            job.status, job.error, job.progress, job.finished = "queued", None, None, None
            job.num_starts, job.message, job.state = 0, "", {}
            with self._lock:
                self._cancelled.discard(job.id)

        job = self._store.change(job_id, requeue)
        self.notice(job)
        return job

    def delete(self, job_id: str) -> None:
        """Delete a job, which is ended first where it runs.

        Raises
        ------
        RefusedError
            There is none.
        """
        job = self._store.get(job_id)
        if not job.has_ended:
            self.cancel(job_id)
            self._wait_for_end(job_id)
        self._store.delete(job_id)

    def _wait_for_end(self, job_id: str) -> None:
        pause = Event()
        for _ in range(round(_CLOSING_SECONDS / 0.05)):
            if self._store.get(job_id).has_ended:
                return
            pause.wait(0.05)
        raise RefusedError("not_ready", "The job has not ended yet. Try again in a moment.")

    def _run_lane(self, lane: str) -> None:
        while not self._stopping.is_set():
            job = self._next(lane)
            if job is None:
                self._wake[lane].wait(_LOOK_EVERY)
                self._wake[lane].clear()
            else:
                self._run(job)

    def _next(self, lane: str) -> Job | None:
        try:
            return self._store.start_next(lane)
        except sqlite3.Error as error:  # such as a full disk, which may have room again later
            _logger.warning("The studio's database cannot be used: %s", error)
            return None

    def _run(self, job: Job) -> None:
        try:
            work = self._begin(job)
        except (OSError, ImpastoError) as error:
            self._store.end(job, "failed", f"The job could not be begun: {error}")
            return
        try:
            for event in work.events():
                self._store.update(job, partial(take_event, event=event))
        except Exception as error:  # whatever a worker tells, the jobs after this one are to be done
            job.state["outcome"] = f"The job has failed: {type(error).__name__}: {error}"
        finally:
            work.kill()
            with self._lock:
                self._work.pop(job.id, None)
            self._end(job, work)

    def _begin(self, job: Job) -> Work:
        folder = self._store.folder(job.id)
        asked: dict[str, Any] = {"kind": job.kind, "request": job.request, "inputs": job.inputs}
        asked["sign"] = None if self._sign_path is None else str(self._sign_path.absolute())
        (folder / REQUEST_FILE).write_text(json.dumps(asked), encoding="utf-8")
        (folder / RESULTS).mkdir(exist_ok=True)
        with self._lock:
            work = self._work[job.id] = self._launch(folder)
            is_cancelled = job.id in self._cancelled
        if is_cancelled or self._stopping.is_set():
            work.kill()
        return work

    def _end(self, job: Job, work: Work) -> None:
        with self._lock:
            is_cancelled = job.id in self._cancelled
            self._cancelled.discard(job.id)
        outcome: Any = job.state.pop("outcome", None)
        if outcome == "done":
            self._store.end(job, "done")
        elif is_cancelled:
            self._store.end(job, "cancelled")
        elif self._stopping.is_set() and outcome is None:
            job.num_starts -= 1
            self._store.end(job, "queued")
        else:
            self._store.end(job, "failed", outcome or work.reason())

"""`Studio`: all that a running studio consists of."""

from __future__ import annotations

import os
import re
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from impasto.media.credentials import load_credentials
from impasto.studio.access import address_of
from impasto.studio.alike import AlikeSearch
from impasto.studio.database import Database
from impasto.studio.hub import Hub
from impasto.studio.job_queue import JobQueue, Launch
from impasto.studio.job_store import JobStore
from impasto.studio.refusals import RefusedError
from impasto.studio.rendering import Renderer
from impasto.studio.settings import Settings
from impasto.studio.shelf import Shelf
from impasto.studio.uploads import UploadStore
from impasto.studio.work_process import WorkProcess

_SWEEP_EVERY: Final = 600.0
_SWEEPER_PATIENCE = 10.0
_SIGHT_RESTS_AFTER: Final = 300.0
_MEASURE_EVERY: Final = 64
_CLIENT: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Studio:
    """Stores, queue, renderer and hub, put together by the settings.

    Parameters
    ----------
    launch
        How jobs are run.

    Raises
    ------
    OutputError
        The data folder cannot be used.
    UsageError
        The certificate cannot sign.
    """

    def __init__(self, settings: Settings, launch: Launch = WorkProcess) -> None:
        self.settings = settings
        self.database = Database(settings.data_dir)
        self.hub = Hub(settings.limits.event_sockets)
        self.uploads = UploadStore(settings, self.database)
        self.jobs = JobStore(settings, self.database, self.hub.note)
        self.credentials = None if settings.sign_path is None else load_credentials(settings.sign_path)
        self.queue = JobQueue(self.jobs, launch, settings.sign_path)
        self.shelf = Shelf()
        self.renderer = Renderer(settings, self.uploads, self.shelf, self.credentials)
        self.alike = AlikeSearch(self.uploads)
        self.live_sessions = Counted(settings.limits.live_sessions)
        self._stored = StoredBytes(settings.data_dir)
        self._stop = Event()
        self._sweeper = Thread(target=self._sweep, name="impasto-sweeper", daemon=True)

    def start(self) -> None:
        """Begin to run jobs, and to delete what was kept long enough."""
        self.queue.start()
        self._sweeper.start()

    def close(self) -> None:
        """Stop; jobs that run go on with the next start."""
        self._stop.set()
        if self._sweeper.is_alive():
            self._sweeper.join(_SWEEPER_PATIENCE)  # it reads the database
        self.queue.close()
        self.renderer.close()
        self.alike.close()
        self.database.close()

    def _sweep(self) -> None:
        while not self._stop.is_set():
            self.uploads.delete_expired()
            self.jobs.delete_expired()
            self._stored.measure()
            self.alike.rest(_SIGHT_RESTS_AFTER)
            self._stop.wait(_SWEEP_EVERY)

    def stored_bytes(self) -> int:
        """Return what lies in the data folder."""
        return self._stored.measure()

    def refuse_when_full(self) -> None:
        """Refuse to keep more where the limit is reached.

        Raises
        ------
        RefusedError
            It is.
        """
        if self._stored.roughly() >= self.settings.limits.stored_bytes:
            raise RefusedError("storage_full", "The studio's folder is full. Delete uploads or jobs first.")


class StoredBytes:
    """The size of a folder, measured anew now and then."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._bytes, self._num_asked, self._lock = folder, 0, 0, Lock()

    def roughly(self) -> int:
        """Return about how much there is."""
        with self._lock:
            self._num_asked += 1
            is_due = self._num_asked % _MEASURE_EVERY == 1
        return self.measure() if is_due else self._bytes

    def measure(self) -> int:
        """Return how much there is."""
        self._bytes = _bytes_in(self._folder)
        return self._bytes


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                status = (Path(place) / name).lstat()
            except OSError:
                continue
            # Jobs share files with uploads: each link counts its share.
            total += status.st_size // max(1, status.st_nlink)
    return total


class Counted:
    """So many at once, and no more."""

    def __init__(self, limit: int) -> None:
        self._limit, self._number, self._lock = limit, 0, Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._number >= self._limit:
                raise RefusedError("too_many", f"There are {self._number} already. Close one.", retry_after=10)
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._number -= 1


def studio_of(connection: HTTPConnection) -> Studio:
    """Return the studio that a request is for."""
    studio: Studio = connection.app.state.studio
    return studio


def client_of(connection: HTTPConnection) -> str:
    """Return who asks, for fair order: what the page calls itself, or else the address."""
    given = connection.headers.get("x-impasto-client", "")
    return given if _CLIENT.fullmatch(given) else address_of(connection)


TheStudio = Annotated[Studio, Depends(studio_of)]
Client = Annotated[str, Depends(client_of)]

"""`UploadStore`: the photos and films that were uploaded, on disk under names of our own, and in the database."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from impasto.studio.content_type import Kind
from impasto.studio.database import Database
from impasto.studio.file_names import fit_name, new_id
from impasto.studio.inspection import Looked, inspect, tell_type
from impasto.studio.moments import said
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings

_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Upload:
    """One photo or film.

    Attributes
    ----------
    file_name
        What it is called on this disk.
    name
        What it was called where it came from, made harmless.
    """

    id: str
    kind: Kind
    name: str
    file_name: str
    format: str
    bytes: int
    width: int
    height: int
    created: float
    seconds: float | None = None
    frames: int | None = None
    rate: float | None = None
    has_location: bool = False

    def shown(self, expires: float) -> dict[str, Any]:
        """Return it as clients see it."""
        fields = asdict(self)
        del fields["file_name"]
        times = {"created": said(self.created), "expires": said(expires)}
        return {**fields, **times, "preview_url": f"/api/v1/uploads/{self.id}/preview"}


class UploadStore:
    """Keeps uploads for as long as the settings say.

    Each lies in a folder of its own, with what was rendered and seen of it, so that all of it is deleted together.
    """

    def __init__(self, settings: Settings, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._database, self._clock = settings, database, clock
        self._dir = settings.data_dir / "uploads"
        self._incoming_dir = settings.data_dir / "incoming"
        self._dir.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._incoming_dir, ignore_errors=True)
        self._incoming_dir.mkdir()

    def incoming_path(self) -> Path:
        """Return where a body may be written before it is known to be of use."""
        return self._incoming_dir / new_id()

    def add(self, incoming: Path, name: str) -> Upload:
        """Look at a file that has come in, and keep it; it is moved, and deleted where it is of no use.

        Raises
        ------
        RefusedError
            It is of no use.
        """
        try:
            content_type = tell_type(incoming, fit_name(name, "", "The file"))
            shown_name = fit_name(name, content_type.suffix, content_type.kind)
            size = incoming.stat().st_size
            limits = self._settings.limits
            if content_type.kind == "photo" and size > limits.photo_bytes:
                most = limits.photo_bytes >> 20
                raise RefusedError("too_large", f"{shown_name} has {size >> 20} MB; the studio takes photos of {most}.")
            named = incoming.with_name(incoming.name + content_type.suffix)
            incoming.replace(named)
            incoming = named
            looked = inspect(incoming, shown_name, content_type, limits)
            return self._keep(incoming, shown_name, size, looked)
        finally:
            incoming.unlink(missing_ok=True)

    def _keep(self, incoming: Path, name: str, size: int, looked: Looked) -> Upload:
        kind = looked.content_type
        upload = Upload(
            new_id(),
            kind.kind,
            name,
            f"original{kind.suffix}",
            kind.format,
            size,
            looked.width,
            looked.height,
            self._clock(),
            looked.seconds,
            looked.frames,
            looked.rate,
            looked.has_location,
        )
        self.folder_of(upload).mkdir(parents=True)
        incoming.replace(self.path_of(upload))
        values = (upload.id, upload.created, json.dumps(asdict(upload)))
        self._database.change("INSERT INTO uploads VALUES (?, ?, ?)", values)
        return upload

    def folder_of(self, upload: Upload) -> Path:
        """Return the folder that holds an upload and what was rendered of it."""
        return self._dir / upload.id

    def path_of(self, upload: Upload) -> Path:
        """Return where an upload lies."""
        return self.folder_of(upload) / upload.file_name

    def get(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises
        ------
        RefusedError
            There is none of this id.
        """
        rows = self._database.rows("SELECT record FROM uploads WHERE id = ?", (upload_id,))
        if not rows:
            raise RefusedError("not_found", "There is no such upload; it may have been deleted. Upload it again.")
        return Upload(**json.loads(rows[0][0]))

    def newest(self, limit: int) -> list[Upload]:
        """Return uploads, the newest first."""
        rows = self._database.rows("SELECT record FROM uploads ORDER BY created DESC, id LIMIT ?", (limit,))
        return [Upload(**json.loads(record)) for (record,) in rows]

    def count(self) -> int:
        """Return how many there are."""
        return int(self._database.rows("SELECT count(*) FROM uploads")[0][0])

    def shown(self, upload: Upload) -> dict[str, Any]:
        """Return an upload as clients see it."""
        return upload.shown(upload.created + self._settings.retention_days * _DAY)

    def delete(self, upload_id: str) -> None:
        """Delete an upload and what was rendered of it.

        Raises
        ------
        RefusedError
            There is none of this id.
        """
        upload = self.get(upload_id)
        self._database.change("DELETE FROM uploads WHERE id = ?", (upload.id,))
        shutil.rmtree(self.folder_of(upload), ignore_errors=True)

    def clear_away(self, upload: Upload) -> None:
        """Remove what was written for an upload that had been deleted by then."""
        if not self._database.rows("SELECT 1 FROM uploads WHERE id = ?", (upload.id,)):
            shutil.rmtree(self.folder_of(upload), ignore_errors=True)

    def delete_all(self) -> int:
        """Delete every upload; return how many there were."""
        uploads = self.newest(-1)
        for upload in uploads:
            self.delete(upload.id)
        return len(uploads)

    def delete_expired(self) -> int:
        """Delete what was kept long enough; return how many uploads went."""
        before = self._clock() - self._settings.retention_days * _DAY
        expired = self._database.rows("SELECT id FROM uploads WHERE created < ?", (before,))
        for (upload_id,) in expired:
            self.delete(upload_id)
        return len(expired)

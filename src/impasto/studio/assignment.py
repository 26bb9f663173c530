"""What a worker of the studio is given: a job, and somebody to tell how it goes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import IO, Any

from impasto.studio.job_store import INPUTS, REQUEST_FILE, RESULTS, SAMPLES
from impasto.studio.refusals import reworded


class Teller:
    """Writes events; threads may share it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._lock = stream, Lock()

    def __call__(self, kind: str, **fields: Any) -> None:
        """Tell of an event."""
        line = json.dumps({"type": kind, **fields})
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job, as a worker sees it.

    Attributes
    ----------
    inputs
        File names by the id of the upload, in the order in which they were given.
    stop
        Set when it is to end early.
    sign_path
        The certificate that results are signed with, if any.
    """

    folder: Path
    kind: str
    request: Mapping[str, Any]
    inputs: Mapping[str, str]
    stop: Event = field(default_factory=Event)
    sign_path: Path | None = None

    @property
    def results_dir(self) -> Path:
        return self.folder / RESULTS

    @property
    def samples_dir(self) -> Path:
        return self.folder / SAMPLES

    def input_path(self, upload_id: str) -> Path:
        """Return where an upload lies."""
        return self.folder / INPUTS / self.inputs[upload_id]

    def worded(self, message: str) -> str:
        """Return a message without the paths of this machine, in which files have the names that the user knows."""
        folders = (self.folder / INPUTS, self.folder / RESULTS, self.folder)
        return reworded(message, {f"{folder}{os.sep}": "" for folder in folders})


def read_assignment(folder: Path) -> Assignment:
    """Return the job that lies in a folder."""
    asked = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8"))
    sign_path = Path(asked["sign"]) if asked.get("sign") else None
    return Assignment(folder, asked["kind"], asked["request"], asked["inputs"], sign_path=sign_path)

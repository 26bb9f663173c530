"""`python -m impasto.studio.worker FOLDER`: does the job whose request lies in a folder, and tells how it goes.

It tells in lines of JSON on standard output, see `impasto.studio.telling`, and listens on standard input: "stop" asks
it to end early with what it has; when the input ends, the server has gone, and so does the worker.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, Any, Final

from impasto.errors import ImpastoError
from impasto.studio.job_store import INPUTS, REQUEST_FILE, RESULTS, SAMPLES
from impasto.studio.refusals import reworded

_SERVER_IS_GONE: Final = 3


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
    """

    folder: Path
    kind: str
    request: Mapping[str, Any]
    inputs: Mapping[str, str]
    stop: Event = field(default_factory=Event)

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
    return Assignment(folder, asked["kind"], asked["request"], asked["inputs"])


def do(assignment: Assignment, tell: Teller) -> None:
    """Do a job, and tell how it ended."""
    try:
        tell("done", message=_work_of(assignment.kind)(assignment, tell))
    except KeyboardInterrupt:
        tell("failed", message="It was interrupted.")
    except ImpastoError as error:
        tell("failed", message=assignment.worded(str(error)))
    except MemoryError:
        tell("failed", message="There is not enough memory for this. Use smaller pictures.")


def _work_of(kind: str) -> Callable[[Assignment, Teller], str]:
    if kind == "apply":
        from impasto.studio.work_apply import apply  # noqa: PLC0415  each kind loads what it needs
    elif kind == "film":
        from impasto.studio.work_film import apply_to_film as apply  # noqa: PLC0415
    else:
        from impasto.studio.work_learn import learn as apply  # noqa: PLC0415
    return apply


def listen(words: IO[str], stop: Event) -> None:
    """Heed what the server says, until it is gone."""
    for word in words:
        if word.strip() == "stop":
            stop.set()
    os._exit(_SERVER_IS_GONE)


def main() -> None:
    """Do the job in the folder that the command line names."""
    tell = Teller(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    # What libraries print must not come between events.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    assignment = read_assignment(Path(sys.argv[1]))
    Thread(target=listen, args=(sys.stdin, assignment.stop), daemon=True).start()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if category.__module__.partition(".")[0] == "impasto":
            tell("say", text=assignment.worded(str(message)))

    warnings.showwarning = show
    do(assignment, tell)


if __name__ == "__main__":
    main()

"""`python -m impasto.studio.worker FOLDER`: does the job whose request lies in a folder, and tells how it goes.

It tells in lines of JSON on standard output, see `impasto.studio.telling`, and listens on standard input: "stop" asks
it to end early with what it has; when the input ends, the server has gone, and so does the worker.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, Final

from impasto.errors import ImpastoError
from impasto.studio.assignment import Assignment, Teller, read_assignment

_SERVER_IS_GONE: Final = 3


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

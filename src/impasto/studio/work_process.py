"""`WorkProcess`: a job at work in a process of its own, so that it can be stopped, and takes nothing down with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

LOG_FILE: Final = "worker.log"
_PATIENCE_SECONDS: Final = 5.0
_LAST_LINES: Final = 2000


class Work(Protocol):
    """A job at work."""

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what it tells until it ends."""
        ...

    def send(self, word: str) -> None:
        """Tell it something, such as "stop"."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    def reason(self) -> str:
        """Return why it ended, where it told no reason itself."""
        ...


class WorkProcess:
    """Runs `impasto.studio.worker` on the folder of a job, which holds the request."""

    def __init__(self, folder: Path) -> None:
        self._log_path = folder / LOG_FILE
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "impasto.studio.worker", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what it tells, a line of JSON each."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict):
                        yield event
        self._process.wait()

    def send(self, word: str) -> None:
        """Write a line to it; one that has ended hears nothing."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(word.encode() + b"\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """Ask it to end, and make it where it does not."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def reason(self) -> str:
        """Return the last line of its log."""
        code = self._process.poll()
        if code is not None and code < 0:
            return f"The worker was ended by signal {-code}, perhaps for want of memory."
        with suppress(OSError):
            lines = self._log_path.read_bytes()[-_LAST_LINES:].decode(errors="replace").split("\n")
            if said := [line.strip() for line in lines if line.strip()]:
                return f"The worker has failed: {said[-1][:300]}"
        return "The worker has failed and left no word."

"""Pictures made on the fly, jobs that are done by the test itself, and short ways to ask a studio."""

from __future__ import annotations

import io
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


BASE = "http://127.0.0.1:8000"
SOCKET_BASE = "ws://127.0.0.1:8000/api/v1"
API = "/api/v1"
Found = TypeVar("Found")
OpenStudio = Callable[..., TestClient]


def picture_bytes(format_: str = "JPEG", size: tuple[int, int] = (64, 48), seed: int = 0, **options: Any) -> bytes:
    """Return a small picture file; another seed gives another picture."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    channels = [columns * 2 + 20, rows * 3 + 10 + 5 * seed, 200 - rows - columns + 9 * seed]
    stream = io.BytesIO()
    Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)).save(stream, format_, **options)
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return a picture from its bytes, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


class FakeWork:
    """A job whose events the test tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: list[str] = []
        self.killed = threading.Event()
        self.why = "It just ended."
        self._told: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def tell(self, kind: str, **fields: Any) -> None:
        self._told.put({"type": kind, **fields})

    def finish(self, **fields: Any) -> None:
        """Tell that it is done, and end."""
        self.tell("done", **fields)
        self._told.put(None)

    def fail(self, message: str) -> None:
        self.tell("failed", message=message)
        self._told.put(None)

    def vanish(self) -> None:
        """End without a word."""
        self._told.put(None)

    def events(self) -> Iterator[dict[str, Any]]:
        while (event := self._told.get(timeout=600)) is not None:
            yield event

    def send(self, word: str) -> None:
        self.words.append(word)

    def kill(self) -> None:
        self.killed.set()
        self._told.put(None)

    def reason(self) -> str:
        return self.why


class FakeWorks:
    """Launches work that tests control; `next` waits for the next job to be begun."""

    def __init__(self) -> None:
        self.begun: list[FakeWork] = []
        self._new: queue.Queue[FakeWork] = queue.Queue()

    def __call__(self, folder: Path) -> FakeWork:
        work = FakeWork(folder)
        self.begun.append(work)
        self._new.put(work)
        return work

    def next(self) -> FakeWork:
        return self._new.get(timeout=300)

    def none_begins(self, seconds: float = 0.1) -> bool:
        try:
            self._new.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


def upload(client: TestClient, data: bytes | None = None, name: str = "portrait.jpg") -> str:
    """Upload a picture; return its id."""
    answer = client.post(f"{API}/uploads", params={"name": name}, content=data or picture_bytes())
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def wait_for(look: Callable[[], Found], holds: Callable[[Found], object] = bool) -> Found:
    """Look until what is seen is as it should be; fail when that takes very long."""
    pause, until = threading.Event(), time.monotonic() + 300
    while not holds(seen := look()):
        assert time.monotonic() < until, f"still {seen!r}"
        pause.wait(0.01)
    return seen


def post_apply(client: TestClient, style: str, uploads: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    """Ask for a style on photos, or on one that is uploaded for it; return the job."""
    headers = {"X-Impasto-Client": fields.pop("asking")} if "asking" in fields else {}
    asked = {"kind": "apply", "uploads": uploads or [upload(client)], "style": style, **fields}
    answer = client.post(f"{API}/jobs", json=asked, headers=headers)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def post_learn(client: TestClient, references: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    """Ask for a style to be learned; return the job."""
    references = references or [upload(client, picture_bytes(seed=seed), f"{seed}.jpg") for seed in range(2)]
    answer = client.post(
        f"{API}/jobs", json={"kind": "learn", "references": references, "name": "my-look", "minutes": 1, **fields}
    )
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def job_of(client: TestClient, job_id: str) -> dict[str, Any]:
    """Return a job as it stands."""
    answer = client.get(f"{API}/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def wait_for_status(client: TestClient, job_id: str, status: str) -> dict[str, Any]:
    """Return a job once it has a status."""
    return wait_for(lambda: job_of(client, job_id), lambda job: job["status"] == status)


def code_of(answer: Any) -> str:
    """Return the code of a refusal, which must look as all of them do."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "detail"}
    assert error["message"]
    assert "\n" not in error["message"]
    code: str = error["code"]
    return code

"""How fast the studio is, and what it does when twenty people upload at once.

    python benchmarks/studio.py                    # two minutes of uploads; run it on an idle machine
    python benchmarks/studio.py --seconds 5 --clients 4 --megapixels 2

It starts a studio of its own, on a free port and in a folder that it deletes, with the built-in styles alone.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

API = "/api/v1"
_ASPECT = 4 / 3
_PATIENCE = 120.0


@dataclass(frozen=True)
class Running:
    """A studio that is being served."""

    address: str
    pid: int
    started_seconds: float

    def rss(self) -> float:
        """Return its memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def processor_seconds(self) -> float:
        """Return how long it has kept processors busy."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(*options: str) -> Iterator[Running]:
    """Serve a studio until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="impasto-studio-") as folder:
        environment = {**os.environ, "IMPASTO_HOME": f"{folder}/home", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "impasto", "studio", "--port", "0", "--no-browser", "--data", f"{folder}/data"]
        began = time.perf_counter()
        process = subprocess.Popen([*command, *options], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise SystemExit("The studio did not start.")
            yield Running(found[0], process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(60)


def photo_bytes(megapixels: float, seed: int = 0) -> bytes:
    """Return a JPEG with the detail of a photo; another seed gives another one."""
    height = round((megapixels * 1e6 / _ASPECT) ** 0.5)
    width = round(height * _ASPECT)
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8))
    coarse = small.resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(coarse, np.int16) + random.integers(-6, 7, (height, width, 1), np.int16)
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def time_page(client: httpx.Client) -> tuple[float, float]:
    """Return the first and the median time of the page's document, in milliseconds."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        client.get("/").raise_for_status()
        times.append(1000 * (time.perf_counter() - began))
    return times[0], statistics.median(times)


@dataclass
class Wall:
    """How long a wall took, in seconds: the upload, the first style, half of them, all; and the processor's time."""

    upload: float
    first: float
    half: float
    whole: float
    processor: float
    num_styles: int


def time_wall(running: Running, client: httpx.Client, photo: bytes) -> Wall:
    """Upload a photo and render every style on it."""
    began, before = time.perf_counter(), running.processor_seconds()
    upload = client.post(f"{API}/uploads?name=photo.jpg", content=photo).raise_for_status().json()["id"]
    uploaded = time.perf_counter()
    times = []
    with client.stream("GET", f"{API}/uploads/{upload}/wall?side=512") as answer:
        for line in answer.iter_lines():
            told = json.loads(line)
            if not told.get("ok", True):
                raise SystemExit(f"A style has failed: {line}")
            times.append(time.perf_counter() - uploaded)
    num_styles = len(times) - 1
    processor = running.processor_seconds() - before
    return Wall(uploaded - began, times[0], times[num_styles // 2], times[-1], processor, num_styles)


@dataclass
class Tally:
    """What came of uploads by many at once."""

    kept: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, answer: httpx.Response | None, size: int, took: float) -> None:
        """Count an answer; None is an error of the connection."""
        with self.lock:
            if answer is None:
                self.answers["broken connection"] += 1
            elif answer.status_code == 201:
                self.answers["201 kept"] += 1
                self.kept[answer.json()["id"]] = size
                self.times.append(took)
            else:
                code = answer.json().get("error", {}).get("code", "no word")
                self.answers[f"{answer.status_code} {code}"] += 1


def upload_for(address: str, number: int, until: float, tally: Tally) -> None:
    """Upload one photo after another, as one client."""
    photos = [photo_bytes(1.0, seed=100 * number + each) for each in range(2)]
    headers = {"X-Impasto-Client": f"benchmark-{number:04d}"}
    with httpx.Client(base_url=address, timeout=_PATIENCE, headers=headers) as client:
        for turn in range(10**9):
            if time.monotonic() > until:
                return
            photo = photos[turn % len(photos)]
            began = time.perf_counter()
            try:
                answer = client.post(f"{API}/uploads?name=photo-{turn}.jpg", content=photo)
            except httpx.TransportError:
                tally.note(None, len(photo), 0.0)
                continue
            tally.note(answer, len(photo), time.perf_counter() - began)
            if answer.status_code == 429:
                time.sleep(float(answer.headers.get("Retry-After", 1)))


@dataclass(frozen=True)
class Load:
    """What became of a load."""

    tally: Tally
    num_lost: int
    before: float
    most: float
    after: float
    waits: list[float]


def load_studio(running: Running, num_clients: int, seconds: float) -> Load:
    """Let clients upload at once, look at the memory and at how long a page waits meanwhile, and count what is kept."""
    tally, before, most, waits = Tally(), running.rss(), 0.0, []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=upload_for, args=(running.address, number, until, tally))
        for number in range(num_clients)
    ]
    for thread in threads:
        thread.start()
    with httpx.Client(base_url=running.address, timeout=_PATIENCE) as client:
        while any(thread.is_alive() for thread in threads):
            began = time.perf_counter()
            client.get("/")
            waits.append(1000 * (time.perf_counter() - began))
            most = max(most, running.rss())
            time.sleep(0.5)
        num_lost = sum(not is_kept(client, upload, size) for upload, size in tally.kept.items())
    return Load(tally, num_lost, before, most, running.rss(), waits)


def is_kept(client: httpx.Client, upload: str, size: int) -> bool:
    """Tell whether an upload is there, whole."""
    while (answer := client.get(f"{API}/uploads/{upload}")).status_code == 429:
        time.sleep(float(answer.headers["Retry-After"]))
    return answer.status_code == 200 and answer.json()["bytes"] == size


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0, help="of uploads by many at once; 0 leaves them out")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--megapixels", type=float, default=12.0, help="of the photo on the wall")
    options = parser.parse_args()
    with served() as running, httpx.Client(base_url=running.address, timeout=_PATIENCE) as client:
        print(f"{'from start to the page':42}{running.started_seconds:8.2f} s")
        first, median = time_page(client)
        print(f"{'first response of the page':42}{first:8.1f} ms, then {median:.1f} ms")
        for word, seed in (("right after the start", 0), ("the next photo", 1), ("one more", 2)):
            wall = time_wall(running, client, photo_bytes(options.megapixels, seed))
            print(
                f"{f'wall of {wall.num_styles} styles, {word}':42}{wall.whole:8.2f} s "
                f"(upload {wall.upload:.2f}, first {wall.first:.2f}, half {wall.half:.2f}; "
                f"processor {wall.processor:.2f})"
            )
        if options.seconds > 0:
            show_load(load_studio(running, options.clients, options.seconds), options.clients, options.seconds)


def show_load(load: Load, num_clients: int, seconds: float) -> None:
    """Print what became of a load."""
    times = load.tally.times or [0.0]
    print(f"{num_clients} clients upload for {seconds:g} s")
    for answer, number in load.tally.answers.most_common():
        print(f"{'  ' + answer:42}{number:8d}")
    print(f"{'  kept uploads that are not there, or not whole':42}{load.num_lost:8d}")
    print(f"{'  an upload takes':42}{statistics.median(times):8.2f} s, at most {max(times):.2f} s")
    print(f"{'  the page meanwhile':42}{statistics.median(load.waits):8.1f} ms, at most {max(load.waits):.1f} ms")
    print(f"{'  memory before, at most, after':42}{load.before:8.0f} MB {load.most:.0f} MB {load.after:.0f} MB")


if __name__ == "__main__":
    main()

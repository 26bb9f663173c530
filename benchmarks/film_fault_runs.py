"""Runs of `impasto apply` that may be killed at any moment, and what is left of them: for `film_faults.py`."""

from __future__ import annotations

import hashlib
import importlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from film_fault_table import Row

from impasto.film.folder import RUN_BEGINS, job_folder_for

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
clips: Any = importlib.import_module("film_clips")
"""Films made on the fly, as tests make them."""

STYLE = "kodak"
SMALL_UNITS = 8
LOSSLESS = ("--crf", "0")
SECONDS_A_RUN = 300.0
# A film of two seconds would be one unit: nothing but the length of units differs from the command.
_SMALL_UNITS = """
from impasto.film import plan, planning
planning.cut_units = lambda shots, memory=None: plan.cut_units(shots, memory, {num_frames})
from impasto.cli.main import main
if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Facts:
    """What a film is: a hash of its decoded pictures, one of the packets of its sound, and its times."""

    pictures: str
    sound: str
    times: tuple[Fraction, ...]

    @classmethod
    def of(cls, path: Path) -> Facts:
        digest, times = hashlib.sha256(), []
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                times.append(Fraction(frame.pts or 0) * Fraction(frame.time_base or 1))
                for plane in clips.get_planes(frame):
                    digest.update(np.ascontiguousarray(plane).data)
        sound = hashlib.sha256(repr(clips.packet_bytes(path)).encode())
        return cls(digest.hexdigest(), sound.hexdigest(), tuple(times))


@dataclass(frozen=True)
class Ended:
    """An exit code, and what was said on standard error."""

    code: int
    said: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.said.splitlines() if line.strip()]


@dataclass
class Place:
    """A folder for one case: a film to read, a folder to write to, a folder for temporary files.

    Attributes
    ----------
    options
        Words behind the command.
    unit_frames
        The longest unit of its jobs; None leaves them as they are.
    """

    folder: Path
    name: str = "film.mp4"
    options: tuple[str, ...] = LOSSLESS
    unit_frames: int | None = None
    output_dir: Path = field(init=False)
    output: Path = field(init=False)

    def __post_init__(self) -> None:
        for name in ("in", "out", "tmp"):
            (self.folder / name).mkdir(parents=True)
        self.put_output(self.folder / "out")

    def put_output(self, folder: Path) -> None:
        self.output_dir, self.output = folder, folder / f"done{self.source.suffix}"

    @property
    def source(self) -> Path:
        return self.folder / "in" / self.name

    @property
    def job_dir(self) -> Path:
        return job_folder_for(self.output).path

    def make(self, **fields: Any) -> Place:
        clips.make_film(self.source, **({"frames": 48, "cuts": (14, 31), "audio": 1} | fields))
        return self

    def start(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "impasto"]
        if self.unit_frames is not None:
            launcher = self.folder / "impasto_with_small_units.py"
            launcher.write_text(_SMALL_UNITS.format(num_frames=self.unit_frames), encoding="utf-8")
            command = [sys.executable, str(launcher)]
        command += ["apply", str(self.source), "--style", STYLE, "-o", str(self.output), *self.options, *words]
        environment = os.environ | {"TMPDIR": str(self.folder / "tmp"), "NO_COLOR": "1", "COLUMNS": "200"}
        return subprocess.Popen(
            command,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=before,  # noqa: PLW1509  no threads here
        )

    def run(self, *words: str, before: Callable[[], None] | None = None) -> Ended:
        return ended(self.start(*words, before=before))

    def facts(self) -> Facts | None:
        return Facts.of(self.output) if self.output.exists() else None

    def left(self) -> list[str]:
        """What is there beside the output, but for a file that ONNX Runtime keeps for itself."""
        found = [path for part in (self.output_dir, self.folder / "tmp") if part.exists() for path in part.iterdir()]
        return sorted(path.name for path in found if path != self.output and path.name != ".ses")

    def forget(self) -> None:
        """Remove the output, for another job of the same film."""
        self.output.unlink()

    def num_units(self) -> int:
        return len(list((self.job_dir / "units").glob("[0-9]*.json")))

    def num_runs(self) -> int:
        """How many runs have been at work on the job."""
        with suppress(OSError):
            return (self.job_dir / "log.jsonl").read_text(encoding="utf-8").count(RUN_BEGINS)
        return 0

    def phase(self) -> str:
        """Say what a job is doing, by what it has written."""
        if (self.job_dir / "assembling").exists():
            return "muxing"
        if (self.job_dir / "plan.json").exists():
            return "restyling"
        return "looking" if self.job_dir.exists() else "starting or ending"


def ended(process: subprocess.Popen[str]) -> Ended:
    try:
        _, said = process.communicate(timeout=SECONDS_A_RUN)
    except subprocess.TimeoutExpired:
        process.kill()
        return Ended(124, f"still at it after {SECONDS_A_RUN:.0f} s")
    return Ended(process.returncode, said)


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> bool:
    """Wait until something is so, or a process has ended; return whether it is so."""
    while process.poll() is None:
        if condition():
            return True
        time.sleep(0.001)
    return bool(condition())


def children(process: int, having: bytes) -> list[int]:
    """Return the processes that another has started, of those with a word in their command."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == process and having in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


@dataclass
class Kills:
    """Kills one job again and again, each time at another moment, and goes on with it by `--resume`.

    Where a run comes to its end before it is killed, the output is compared, and the job begun anew.
    """

    place: Place
    expected: Facts
    rng: random.Random
    phases: Counter[str] = field(default_factory=Counter)
    num_jobs: int = 0
    wrong: list[str] = field(default_factory=list)

    def kill(self, number: int, window: float, begins: Callable[[], bool] = lambda: True) -> None:
        """Kill so many runs, each within a time in seconds from when it is at work and something is so."""
        while sum(self.phases.values()) < number:
            before = self.place.num_runs()
            process = self.place.start("--resume")
            wait_for(lambda before=before: self.place.num_runs() > before and begins(), process)  # type: ignore[misc]
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.rng.uniform(0, window))
            if process.poll() is None:
                process.send_signal(signal.SIGSTOP)
                self.phases[self.place.phase()] += 1
                process.kill()
                process.communicate()
                self._look()
            else:
                self._check_end(ended(process))

    def finish(self) -> Ended:
        """Let the job come to its end."""
        last = self.place.run("--resume")
        self._check_end(last, is_last=True)
        return last

    def _look(self) -> None:
        """After a kill, an output is whole or not there."""
        if self.place.output.exists() and self.place.facts() != self.expected:
            self.wrong.append("the output was there, and not whole")
        if self.place.output.exists() and not self.place.job_dir.exists():
            self._next_job()

    def _check_end(self, last: Ended, is_last: bool = False) -> None:
        if last.code or self.place.facts() != self.expected:
            self.wrong.append(last.said.strip() or "other frames")
        if self.place.left():
            self.wrong.append(f"left {', '.join(self.place.left())}")
        if not is_last:
            self._next_job()

    def _next_job(self) -> None:
        self.num_jobs += 1
        self.place.forget()
        shutil.rmtree(self.place.job_dir, ignore_errors=True)


def timed(place: Place) -> tuple[Ended, float, float]:
    """Run a job that nobody disturbs; return how long it and its last part, muxing, took in seconds."""
    process = place.start()
    wait_for(place.job_dir.exists, process)
    began = time.perf_counter()
    wait_for((place.job_dir / "assembling").exists, process)
    assembling = time.perf_counter()
    wait_for(lambda: not place.job_dir.exists(), process)
    now = time.perf_counter()
    return ended(process), now - began, now - assembling


def damage_packet(path: Path, number: int) -> None:
    """Fill a packet of the pictures with noise from its eighth byte on."""
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][number]
        assert packet.pos is not None
        position, size = packet.pos, packet.size
    with path.open("r+b") as file:
        file.seek(position + 8)
        file.write(np.random.default_rng(number).bytes(size - 8))


def copy_with_header_first(source: Path, target: Path) -> None:
    """Copy a film packet by packet, its list of packets first, as films for the web have it."""
    with av.open(str(source)) as given, av.open(str(target), "w", options={"movflags": "faststart"}) as written:
        copies = {stream.index: written.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                written.mux(packet)


def differences(
    found: Facts | None, expected: Facts, parts: Iterable[str] = ("pictures", "sound", "times")
) -> list[str]:
    """Return in what a film is not the expected one."""
    if found is None:
        return ["no output"]
    return [part for part in parts if getattr(found, part) != getattr(expected, part)]


def finished(
    fault: str, place: Place, last: Ended, expected: Facts, happened: str = "finished", codes: str = ""
) -> Row:
    """Judge a run that came to its end."""
    wrong = differences(place.facts(), expected)
    return Row(fault, happened, wrong, place.left(), codes or str(last.code), last.lines, bool(last.code))


def like_source(fault: str, place: Place, last: Ended, source: Facts) -> Row:
    """Judge a run whose film is not whole, or was not interrupted, by what is to be as in the source."""
    wrong = differences(place.facts(), source, ("sound", "times"))
    return Row(fault, "finished", wrong, place.left(), str(last.code), last.lines, bool(last.code), "source")


def refused(fault: str, place: Place, last: Ended, before: bytes | None = None, keeps_job: bool = False) -> Row:
    """Judge a run that is to refuse."""
    now = place.output.read_bytes() if place.output.exists() else None
    wrong = [] if now == before else ["output touched"]
    left = [name for name in place.left() if not (keeps_job and name == place.job_dir.name)]
    return Row(fault, "refused", wrong, left, str(last.code), last.lines, last.code != 2 or len(last.lines) > 2, None)


def gone_on_with(fault: str, place: Place, first: Ended, expected: Facts, happened: str) -> Row:
    """Judge a run that stopped with a message, and go on with it."""
    is_clear = first.code == 2 and len(first.lines) <= 2
    last = place.run("--resume")
    row = finished(fault, place, last, expected, happened, f"{first.code}, then {last.code}")
    return row.with_message(first.lines, is_bad=row.is_bad or not is_clear)


@dataclass
class Bench:
    """Where films lie, and how much is done to them."""

    folder: Path
    num_kills: int
    num_mux_kills: int
    rng: random.Random
    number: int = 0

    def place(
        self, name: str = "film.mp4", unit_frames: int | None = None, options: tuple[str, ...] = LOSSLESS
    ) -> Place:
        self.number += 1
        return Place(self.folder / f"{self.number:02}", name, options, unit_frames)

    def undisturbed(self, place: Place) -> tuple[Facts, float, float]:
        """Return what comes of a film if nothing happens, and how long it and its muxing take; and forget it."""
        last, seconds, muxing = timed(place)
        facts = place.facts()
        if last.code or facts is None:
            raise RuntimeError(f"undisturbed, it fails: {last.said}")
        place.forget()
        return facts, seconds, muxing

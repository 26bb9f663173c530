"""`JobFolder`: what a job over a film keeps on disk, so that it survives whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from impasto.errors import JobError, OutputError
from impasto.film.plan import FilmPlan, PlannedUnit, load_plan
from impasto.media.files import describe_os_error, write_beside

RUN_BEGINS = "run begins"
JOB_SUFFIX = ".impasto-job"


class UnitRecord(BaseModel):
    """A finished unit.

    Attributes
    ----------
    num_bytes
        The size of its segment.
    digests
        Of each frame's code values as they went to the encoder.
    seconds
        What each stage worked, by name.
    meter
        What `impasto.film.shot_meter.ShotMeter` measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    start: int
    stop: int
    num_bytes: int
    digests: tuple[str, ...]
    seconds: dict[str, float] = Field(default_factory=dict)
    meter: dict[str, Any] = Field(default_factory=dict)


class JobFolder:
    """A folder beside the output: `plan.json`, `units/` with a segment and a record of each, `log.jsonl`, and a lock.

    Parameters
    ----------
    path
        The folder; see `job_folder_for`.
    segment_suffix
        Of the films that units are written as.
    """

    def __init__(self, path: Path, segment_suffix: str) -> None:
        self.path = path
        self._segment_suffix = segment_suffix

    @property
    def plan_path(self) -> Path:
        return self.path / "plan.json"

    @property
    def units_dir(self) -> Path:
        return self.path / "units"

    @property
    def luts_dir(self) -> Path:
        return self.path / "luts"

    @property
    def styles_dir(self) -> Path:
        return self.path / "styles"

    @property
    def thumbnails_dir(self) -> Path:
        return self.path / "thumbnails"

    @property
    def _removed_path(self) -> Path:
        return self.path.with_name(f".{self.path.name}-removed")

    @property
    def _assembling_path(self) -> Path:
        return self.path / "assembling"

    def exists(self) -> bool:
        """Whether a job was begun here."""
        return self.plan_path.exists()

    def segment_path(self, unit: PlannedUnit) -> Path:
        return self.units_dir / f"{unit.index:06}{self._segment_suffix}"

    def record_path(self, unit: PlannedUnit) -> Path:
        return self.units_dir / f"{unit.index:06}.json"

    def unfinished_path(self, unit: PlannedUnit) -> Path:
        """Return a name of its own for a segment that is being written."""
        return self.units_dir / f".{unit.index:06}-{uuid.uuid4().hex[:12]}{self._segment_suffix}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep other runs out of it; the system lifts the lock however this one ends.

        Raises
        ------
        JobError
            Another run is at it.
        OutputError
            The folder cannot be made.
        """
        with _reporting(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            stream = (self.path / "lock").open("a+b")
        with stream:
            if not _lock(stream):
                raise JobError(f"Another run is at work in {self.path}. Wait for it, or stop it.")
            yield

    def begin(self, plan: FilmPlan) -> None:
        """Keep a plan; with it the job exists."""
        with _reporting(self.path):
            self.units_dir.mkdir(exist_ok=True)
            _write_whole(self.plan_path, plan.model_dump_json(indent=1).encode())

    def load_plan(self) -> FilmPlan:
        return load_plan(self.plan_path)

    def clear(self) -> None:
        """Forget the job, but for the lock."""
        with _reporting(self.path):
            # Without a plan there is no job, so that what is interrupted here leaves none behind.
            self.plan_path.unlink(missing_ok=True)
            for path in self.path.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != "lock":
                    path.unlink()

    def drop_unfinished(self) -> None:
        """Remove what a run that was killed has left half-written."""
        with _reporting(self.path):
            self.units_dir.mkdir(exist_ok=True)
            for path in [*self.path.glob(".*"), *self.units_dir.glob(".*")]:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the whole folder; what cannot be removed stays."""
        with suppress(OSError):
            self.path.replace(self._removed_path)  # at once: half a job is none to go on with
        self.sweep()
        shutil.rmtree(self.path, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what is left where `remove` was interrupted."""
        shutil.rmtree(self._removed_path, ignore_errors=True)

    def finish_unit(self, unit: PlannedUnit, unfinished: Path, record: UnitRecord) -> None:
        """Give a segment its name, and then it counts: a record is written last.

        Raises
        ------
        OutputError
            The disk is full, or the folder is gone.
        """
        with _reporting(self.path):
            for path in unfinished.iterdir() if unfinished.is_dir() else [unfinished]:
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
            segment = self.segment_path(unit)
            if segment.is_dir():  # of a unit that was lost before it counted
                shutil.rmtree(segment)
            unfinished.replace(segment)
            _write_whole(self.record_path(unit), record.model_dump_json().encode())

    def record_of(self, unit: PlannedUnit) -> UnitRecord | None:
        """Return the record of a unit that is finished and whole; None of any other."""
        try:
            record = UnitRecord.model_validate_json(self.record_path(unit).read_bytes())
            size = size_of(self.segment_path(unit))
        except (OSError, ValidationError):
            return None
        is_whole = (record.start, record.stop, record.num_bytes) == (unit.start, unit.stop, size)
        return record if is_whole and len(record.digests) == len(unit) else None

    def begin_assembling(self) -> None:
        """Note that from here on the output may be of this job's making."""
        with _reporting(self.path):
            self._assembling_path.touch()

    @property
    def may_have_assembled(self) -> bool:
        return self._assembling_path.exists()

    def seconds_worked(self) -> float:
        """Return how long runs before this one worked, as far as the log tells."""
        try:
            lines = (self.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
            entries = [(json.loads(line)["event"], float(json.loads(line)["time"])) for line in lines]
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0
        spans = pairwise(entries)
        return sum(max(0.0, later - earlier) for (_, earlier), (event, later) in spans if event != RUN_BEGINS)

    def log(self, event: str, **details: Any) -> None:
        """Add a line to the log; a log that cannot be written stops nothing."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **details}, ensure_ascii=False)
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except OSError:
            return


def make_job_part(folder: Path) -> None:
    """Make a folder within that of a job.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    with _reporting(folder):
        folder.mkdir(exist_ok=True)


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array within the folder of a job, as NumPy does, but that a full disk is called one.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    content = BytesIO()
    np.save(content, array, allow_pickle=False)
    with write_beside(path) as beside:
        beside.write_bytes(content.getbuffer())


def size_of(segment: Path) -> int:
    """Return the bytes of a segment, be it a file or a folder of pictures."""
    return sum(path.stat().st_size for path in (segment.iterdir() if segment.is_dir() else [segment]))


def job_folder_for(output: Path, segment_suffix: str | None = None) -> JobFolder:
    """Return the folder of the job that makes an output: beside it, `OUTPUT.impasto-job`."""
    # Of a sequence, the sign for numbers is not to stand in the name of a folder.
    name = output.name.replace("%", "#") + JOB_SUFFIX
    return JobFolder(output.with_name(name), segment_suffix or output.suffix.lower())


def _write_whole(path: Path, content: bytes) -> None:
    with write_beside(path) as beside, beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _reporting(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder} cannot be written: {describe_os_error(error)}.") from error


def _lock(stream: IO[bytes]) -> bool:
    """Lock an open file for this process; a system without locks lets everybody in."""
    try:
        import fcntl  # noqa: PLC0415  not on Windows
    except ImportError:
        return _lock_on_windows(stream)
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _lock_on_windows(stream: IO[bytes]) -> bool:
    import msvcrt  # noqa: PLC0415  only there

    try:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True

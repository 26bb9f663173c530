"""What a machine of a cluster does: a unit of a job, on the job's own files where it sees them, else on copies."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, cast

from impasto.errors import ImpastoError, JobError, OutputError, UnreadableMediaError
from impasto.film.folder import UnitRecord, make_job_part
from impasto.film.medium import Medium
from impasto.film.parcels import Parts, put_together, take_apart, unpack, write_files
from impasto.film.plan import PlannedUnit, SourceIdentity, changes
from impasto.film.unit import UnitRunner
from impasto.film.workers import WorkerTask
from impasto.media.files import describe_os_error
from impasto.version import __version__

TOKEN_NAME: Final = "cluster-token"
"""A file in a job's folder that tells a machine whether the folder it sees is that of this run."""
FOLDER: Final = "folder"
SOURCE: Final = "source"


class PartStore(Protocol):
    """Where machines leave bytes for each other."""

    @property
    def node(self) -> str:
        """A name of this machine that no other has."""

    def put(self, part: bytes) -> Any:
        """Keep bytes, and return what stands for them."""

    def get(self, reference: Any) -> Any:
        """Return what was kept."""


@dataclass(frozen=True, slots=True)
class JobNotice:
    """What every machine is told of a job.

    Attributes
    ----------
    key
        Names copies of the job's files: the same for a job that is resumed.
    token
        What the file `TOKEN_NAME` holds.
    folder, source
        Where the job's folder and the film are for who gives out units.
    packed_task
        A `WorkerTask`, from `parcels.pack` with the places `FOLDER` and `SOURCE`.
    """

    key: str
    token: str
    folder: Path
    source: Path
    identity: SourceIdentity
    packed_task: bytes
    version: str = __version__


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """A unit to be done.

    Attributes
    ----------
    files
        What stands for names and contents of files of the job's folder, for machines that do not see it; None until
        one has asked.
    source_parts
        The same of the film.
    """

    unit: PlannedUnit
    files: tuple[Any, ...] | None = None
    source_parts: Parts | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine needs more, `FOLDER` or `SOURCE`, to do a unit."""

    what: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A unit is done. Its segment is in the job's folder, or else in parts."""

    record: UnitRecord
    parts: Parts | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit cannot be done, on this machine or any other."""

    error: ImpastoError


@dataclass(frozen=True, slots=True)
class Lost:
    """What a unit takes, or what came of it, was lost with another machine."""

    reason: str


Outcome: TypeAlias = Wanted | Finished | Failed | Lost


def do_unit(notice: JobNotice, order: UnitOrder, store: PartStore) -> Outcome:
    """Do a unit on this machine."""
    try:
        site = _Site.of(notice, store.node)
        if wanted := site.missing(order):
            return Wanted(wanted)
        site.settle(order, store)
        return site.do(order.unit, store)
    except ImpastoError as error:
        return Failed(type(error)(f"On {platform.node()}: {error}"))
    except (OSError, MemoryError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        return Failed(JobError(f"On {platform.node()}: {type(error).__name__}: {error}"))


def forget_job(key: str, node: str) -> None:
    """Remove what this machine holds of a job."""
    shutil.rmtree(_copies_dir(key, node), ignore_errors=True)


def _copies_dir(key: str, node: str) -> Path:
    name = hashlib.sha256(f"{key} {node}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"impasto-cluster-{name}"


@dataclass(eq=False)
class _Site:
    """Where this process works at a job: on its folder and film, or on copies in a folder of this machine."""

    notice: JobNotice
    node: str
    sees_folder: bool
    source: Path | None = None
    records: list[UnitRecord] = field(default_factory=list)

    @classmethod
    def of(cls, notice: JobNotice, node: str) -> _Site:
        """Return the site of a job, as its last unit left it."""
        if not _sites or (_sites[0].notice.token, _sites[0].node) != (notice.token, node):
            if notice.version != __version__:
                raise JobError(f"Impasto {__version__} is installed here, the job is of {notice.version}.")
            _sites[:] = [cls(notice, node, _sees_folder(notice))]
        return _sites[0]

    def missing(self, order: UnitOrder) -> frozenset[str]:
        """Return what is neither seen from here nor part of the order."""
        if self.source is None and self._is_source(self.notice.source):
            self.source = self.notice.source
        elif self.source is None and self._is_source(self._copied_source):
            self.source = self._copied_source
        needs = {FOLDER: self.sees_folder or order.files, SOURCE: self.source or order.source_parts}
        return frozenset(name for name, is_there in needs.items() if not is_there)

    def settle(self, order: UnitOrder, store: PartStore) -> None:
        """Bring what the unit needs to this machine."""
        if not self.sees_folder:
            write_files(self._copies, (file for each in order.files or () for file in store.get(each)))
        if self.source is None:
            with _alone(self._copies):  # of several processes here, one fetches it
                if not self._is_source(self._copied_source):
                    self._fetch_source(order.source_parts or (), store)
            self.source = self._copied_source

    def do(self, unit: PlannedUnit, store: PartStore) -> Finished:
        """Do a unit, and hand over its segment."""
        self.records.clear()
        self._runner.run([unit])
        (record,) = self.records
        if self.sees_folder:
            return Finished(record)
        segment = self._task.folder.segment_path(unit)
        parts = take_apart(segment, store.put)
        shutil.rmtree(segment) if segment.is_dir() else segment.unlink()
        return Finished(record, parts)

    @cached_property
    def _runner(self) -> UnitRunner:
        task = self._task
        runner = task.make_runner(on_unit=self.records.append)
        planned, here = task.folder.load_plan().request, task.style.describe()
        if differing := changes({name: planned.get(name) for name in here}, here):
            what = ", ".join(f"{name} is {here[name]}, not {planned.get(name)}" for name in differing)
            raise JobError(f"A unit would not look as the plan says: {what}.")
        return runner

    @cached_property
    def _task(self) -> WorkerTask:
        assert self.source is not None, "the film is found first"
        return self._unpacked(self.source)

    def _unpacked(self, source: Path) -> WorkerTask:
        folder = self.notice.folder if self.sees_folder else self._copies
        return cast("WorkerTask", unpack(self.notice.packed_task, {FOLDER: folder, SOURCE: source}))

    def _is_source(self, path: Path) -> bool:
        """Tell whether a path is the film, by its size and hash."""
        medium: Medium = self._unpacked(path).medium
        try:
            identity = medium.identify()
        except ImpastoError:
            return False
        wanted = self.notice.identity
        return (identity.size, identity.digest) == (wanted.size, wanted.digest)

    def _fetch_source(self, parts: Parts, store: PartStore) -> None:
        path = self._copied_source
        make_job_part(path.parent)
        unfinished = path.with_name(f".{os.getpid()}{path.suffix}")
        unfinished.unlink(missing_ok=True)
        put_together(unfinished, parts, store.get)
        unfinished.replace(path)
        if not self._is_source(path):
            raise UnreadableMediaError(f"{self.notice.source} has changed while it was sent. Start anew.")

    @property
    def _copied_source(self) -> Path:
        return self._copies / "source" / self.notice.source.name

    @cached_property
    def _copies(self) -> Path:
        """A folder that nobody else may read, since not every film is for everybody."""
        path = _copies_dir(self.notice.key, self.node)
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            owner = path.stat().st_uid
        except OSError as error:
            raise OutputError(f"{path} cannot be made: {describe_os_error(error)}.") from error
        if hasattr(os, "getuid") and owner != os.getuid():
            raise OutputError(f"{path} belongs to another user. Remove it.")
        make_job_part(path / "units")
        return path


_sites: list[_Site] = []
"""The last site of this process."""


def _sees_folder(notice: JobNotice) -> bool:
    try:
        token = (notice.folder / TOKEN_NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return token == notice.token and os.access(notice.folder / "units", os.W_OK)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes of this machine out; a system without locks lets them in."""
    try:
        import fcntl  # noqa: PLC0415  not on Windows
    except ImportError:
        yield
        return
    with (folder / "lock").open("a+b") as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        yield

"""`ClusterPool`: the units of a job, done by machines of a cluster; what is lost with one of them, another does."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from impasto.errors import JobError
from impasto.film.cluster_node import (
    FOLDER,
    SOURCE,
    TOKEN_NAME,
    Failed,
    Finished,
    JobNotice,
    Outcome,
    UnitOrder,
    Wanted,
)
from impasto.film.folder import JobFolder
from impasto.film.medium import Medium
from impasto.film.parcels import Parts, pack, put_together, take_apart
from impasto.film.plan import FilmPlan, PlannedUnit
from impasto.film.workers import MAX_TRIES, WorkerTask
from impasto.media.files import write_beside
from impasto.media.frame import Frame

MAX_LOSSES: Final = 10
"""How often a unit may be lost with machines that went away, which says nothing about the unit."""
_PROCESS_BYTES = 400 << 20
_NUM_HELD_PICTURES = 90
"""What a process takes by itself, and how many pictures wait in it; `benchmarks/film_plan.py` measures both."""
_WAIT_SECONDS = 10.0
_SHOW_SECONDS = 90.0
"""How long a network drive may take to show what another machine has written."""


class LossError(Exception):
    """What did a unit is gone, and the unit with it.

    Parameters
    ----------
    reason
        What became of it.
    blames_unit
        Whether the unit may have killed it.
    """

    def __init__(self, reason: str, *, blames_unit: bool) -> None:
        super().__init__(reason)
        self.blames_unit = blames_unit


@dataclass(frozen=True, slots=True)
class Demand:
    """What doing a unit takes of a machine; `memory` is in bytes."""

    num_cpus: float = 1
    num_gpus: float = 0
    memory: int = 0

    def __str__(self) -> str:
        gpu = " and a GPU" if self.num_gpus else ""
        return f"a core, {self.memory / 1e9:.1f} GB of memory{gpu}" if self.memory else f"a core{gpu}"


def demand_of(plan: FilmPlan, medium: Medium) -> Demand:
    """Return what a unit of a plan takes: a GPU of its own where the plan was made with one, and memory by its size."""
    picture = next(iter(medium.frames(0, 1)))
    planes = [picture.pixels] if isinstance(picture, Frame) else picture.planes
    memory = _PROCESS_BYTES + _NUM_HELD_PICTURES * sum(plane.nbytes for plane in planes)
    needs_gpu = "cuda" in str(plan.request.get("runtime", ""))
    return Demand(num_gpus=1 if needs_gpu else 0, memory=memory)


class Cluster(Protocol):
    """Machines that do units."""

    def num_slots(self, demand: Demand) -> int:
        """Return how many units they have room for at once, now."""

    def put(self, value: Any) -> Any:
        """Keep a value for them, and return what stands for it."""

    def get(self, reference: Any) -> Any:
        """Return what one of them has kept."""

    def give(self, notice: Any, order: UnitOrder, demand: Demand) -> Hashable:
        """Have a unit done by any of them, and return what stands for its outcome."""

    def wait(self, given: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Return those whose outcome is there, at least one of them if that comes in time."""

    def outcome(self, given: Any) -> Outcome:
        """Return an outcome; raise `LossError` where that is lost."""

    def cancel(self, given: Sequence[Any]) -> None:
        """Stop doing units."""

    def forget(self, key: str) -> None:
        """Have all machines remove their copies of a job's files."""


class ClusterPool:
    """Does units with machines of a cluster.

    Parameters
    ----------
    on_frame
        Called with how many frames more are done.
    on_unit
        Called with the index of each unit that is kept.
    on_loss
        Called with a unit that was lost, and why.
    on_word
        Called with what the user should know.
    """

    def __init__(
        self,
        task: WorkerTask,
        cluster: Cluster,
        demand: Demand,
        on_frame: Callable[[int], None],
        on_unit: Callable[[int], None],
        on_loss: Callable[[PlannedUnit, str], None],
        on_word: Callable[[str], None],
    ) -> None:
        self._task = task
        self._cluster = cluster
        self._demand = demand
        self._on_frame = on_frame
        self._on_unit = on_unit
        self._on_loss = on_loss
        self._on_word = on_word
        self._losses: Counter[tuple[int, bool]] = Counter()
        self._running: dict[Any, PlannedUnit] = {}
        self._freight = _Freight(task, cluster)

    def run(self, units: Sequence[PlannedUnit]) -> None:
        """Do units, in any order.

        Raises
        ------
        ImpastoError
            One that a machine has met with, or a unit is lost each time.
        """
        waiting, in_place = deque(units), list[PlannedUnit]()
        notice = self._cluster.put(self._freight.notice)
        try:
            while waiting or self._running:
                self._fill(notice, waiting)
                for given in self._cluster.wait(list(self._running), _WAIT_SECONDS):
                    self._take(given, waiting, in_place)
            self._await_shown(in_place)
        finally:
            self._cluster.cancel(list(self._running))
            self._running.clear()
            self._freight.clear_away()

    def _fill(self, notice: Any, waiting: deque[PlannedUnit]) -> None:
        """Give out as many units as there is room for, and as many again, so that none waits for its next."""
        num_slots = self._cluster.num_slots(self._demand)
        if not num_slots and not self._running:
            self._on_word(f"No machine of the cluster has room for a unit ({self._demand}). Waiting for one.")
        # One is given out even so: it is what a cluster that grows by itself grows for.
        while waiting and len(self._running) < max(1, 2 * num_slots):
            unit = waiting.popleft()
            self._running[self._cluster.give(notice, self._freight.order(unit), self._demand)] = unit

    def _take(self, given: Any, waiting: deque[PlannedUnit], in_place: list[PlannedUnit]) -> None:
        unit = self._running.pop(given)
        try:
            outcome = self._cluster.outcome(given)
            if isinstance(outcome, Finished):
                self._keep(unit, outcome, in_place)
            elif isinstance(outcome, Wanted):
                self._freight.add(outcome.what)
                waiting.appendleft(unit)
            elif isinstance(outcome, Failed):
                raise outcome.error
            else:
                raise LossError(outcome.reason, blames_unit=False)
        except LossError as loss:
            self._count_loss(unit, loss)
            waiting.appendleft(unit)

    def _keep(self, unit: PlannedUnit, finished: Finished, in_place: list[PlannedUnit]) -> None:
        folder = self._task.folder
        if finished.parts is None:
            in_place.append(unit)
        else:
            path = folder.unfinished_path(unit)
            try:
                put_together(path, finished.parts, self._cluster.get)
            except LossError:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                raise
            folder.finish_unit(unit, path, finished.record)
        self._on_frame(len(unit))
        self._on_unit(unit.index)

    def _count_loss(self, unit: PlannedUnit, loss: LossError) -> None:
        self._losses[unit.index, loss.blames_unit] += 1
        number = self._losses[unit.index, loss.blames_unit]
        if number >= (MAX_TRIES if loss.blames_unit else MAX_LOSSES):
            raise JobError(
                f"Frames {unit.start} to {unit.stop - 1} were lost {number} times (the last: {loss}). "
                "See to the machines, and go on with --resume."
            ) from loss
        self._on_loss(unit, str(loss))

    def _await_shown(self, units: list[PlannedUnit]) -> None:
        """Wait until this machine sees what others have written."""
        deadline = time.monotonic() + _SHOW_SECONDS
        while any(self._task.folder.record_of(unit) is None for unit in units):
            if time.monotonic() > deadline:
                raise JobError(f"{self._task.folder.path} does not show what others wrote. Go on with --resume.")
            time.sleep(0.2)


class _Freight:
    """What machines are sent of a job; what all of them see is never sent."""

    def __init__(self, task: WorkerTask, cluster: Cluster) -> None:
        self._task = task
        self._cluster = cluster
        self._plan: FilmPlan = task.folder.load_plan()
        self._wanted: set[str] = set()
        self._source_parts: Parts | None = None
        self._files: Any = None
        self.notice = self._make_notice()

    def _make_notice(self) -> JobNotice:
        folder, source = self._task.folder.path, self._task.medium.source
        token = uuid.uuid4().hex
        with write_beside(folder / TOKEN_NAME) as beside:
            beside.write_text(token, encoding="utf-8")
        named = f"{platform.node()} {folder.absolute()} {self._plan.source.digest}"
        return JobNotice(
            key=hashlib.sha256(named.encode()).hexdigest(),
            token=token,
            folder=folder.absolute(),
            source=source.absolute(),
            identity=self._plan.source,
            packed_task=pack(self._task, {FOLDER: folder, SOURCE: source}),
        )

    def add(self, what: frozenset[str]) -> None:
        """Send this from now on.

        Raises
        ------
        JobError
            It cannot be sent.
        """
        source = self._task.medium.source
        if SOURCE in what and not source.is_file():
            raise JobError(f"{source.absolute()} is not seen by every machine. Put sequences where all see them.")
        self._wanted |= what

    def order(self, unit: PlannedUnit) -> UnitOrder:
        """Return a unit with what it takes to do it."""
        files = self._parts_of_folder(unit) if FOLDER in self._wanted else None
        if SOURCE in self._wanted and self._source_parts is None:
            self._source_parts = take_apart(self._task.medium.source, self._cluster.put)
        return UnitOrder(unit, files, self._source_parts)

    def _parts_of_folder(self, unit: PlannedUnit) -> tuple[Any, ...]:
        """Return the plan and all that it goes with, and the LUTs of the shots that a unit shows."""
        folder = self._task.folder
        if self._files is None:
            always = [folder.plan_path, *folder.path.glob("*.np[yz]"), *folder.styles_dir.glob("*")]
            self._files = self._cluster.put(_contents(folder, always))
        first, last = self._plan.shot_at(unit.first_seen).index, self._plan.shot_at(unit.stop - 1).index
        # The first shot's is read by whoever begins, and over a dissolve that of the next shot has its share.
        shots = {0, 1, *range(first, last + 2)}
        luts = [path for number, path in enumerate(sorted(folder.luts_dir.glob("*.npy"))) if number in shots]
        return self._files, self._cluster.put(_contents(folder, luts))

    def clear_away(self) -> None:
        """Let machines remove what they were sent."""
        if self._wanted:
            self._cluster.forget(self.notice.key)
        (self._task.folder.path / TOKEN_NAME).unlink(missing_ok=True)


def _contents(folder: JobFolder, paths: Sequence[Path]) -> list[tuple[str, bytes]]:
    return [(path.relative_to(folder.path).as_posix(), path.read_bytes()) for path in paths if path.is_file()]

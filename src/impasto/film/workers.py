"""Many processes at one job: each takes units, and the units of one that dies are done again by another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError, JobError
from impasto.film.folder import JobFolder, UnitRecord
from impasto.film.looks import KeptLuts, LookRenderer
from impasto.film.medium import Medium
from impasto.film.plan import PlannedShot, PlannedUnit
from impasto.film.rendering import FinishedRenderer, Renderer, StylizerRenderer
from impasto.film.style import FilmStyle
from impasto.film.unit import UnitRunner

MAX_TRIES = 3
"""How often a unit is begun before the job gives up: what kills a worker each time will kill the next."""
_BATCH = 4


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """All that a worker needs to do units of a job; it is pickled."""

    folder: JobFolder
    medium: Medium
    style: FilmStyle
    num_threads: int = 1

    def make_runner(
        self, on_frame: Callable[[int], None] | None = None, on_unit: Callable[[UnitRecord], None] | None = None
    ) -> UnitRunner:
        """Return what does units, from the plan in the folder."""
        plan = self.folder.load_plan()
        self.medium.use(self.folder.path)
        renderer = make_renderer(plan.shots, self.medium, self.style, self.folder.luts_dir, self.num_threads)
        return UnitRunner(plan, self.folder, self.medium, renderer, on_frame, on_unit)


def make_renderer(
    shots: Sequence[PlannedShot], medium: Medium, style: FilmStyle, luts_dir: Path, num_threads: int
) -> Renderer:
    """Return what restyles pictures of these shots: by the LUTs that are kept, where the style is nothing else."""
    renderer: Renderer
    if medium.takes_luts and style.looks():
        color, bit_depth = medium.coding
        renderer = LookRenderer(shots, KeptLuts(luts_dir, len(shots), color), color, bit_depth, num_threads)
    else:
        renderer = StylizerRenderer(shots, style, num_threads)
    return FinishedRenderer(renderer, style, num_threads) if style.finishes() else renderer


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection
    units: deque[PlannedUnit] = field(default_factory=deque)
    num_frames: int = 0


class WorkerPool:
    """Does units with several processes.

    Parameters
    ----------
    on_frame
        Called with how many frames more are done; less than none where a worker's unfinished unit is lost.
    on_unit
        Called with the index of each unit that is kept.
    on_loss
        Called with the unit that was lost with its worker.
    """

    def __init__(
        self,
        task: WorkerTask,
        num_workers: int,
        on_frame: Callable[[int], None],
        on_unit: Callable[[int], None],
        on_loss: Callable[[PlannedUnit], None],
    ) -> None:
        self._task = task
        self._num_workers = num_workers
        self._on_frame = on_frame
        self._on_unit = on_unit
        self._on_loss = on_loss
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._tries: Counter[int] = Counter()

    def run(self, units: Sequence[PlannedUnit]) -> None:
        """Do units, in any order.

        Raises
        ------
        ImpastoError
            One that a worker raised, or a unit has killed its worker three times.
        """
        waiting = deque(units)
        try:
            self._workers = [self._start() for _ in range(min(self._num_workers, len(units)))]
            for worker in self._workers:
                self._give(worker, waiting)
            while any(worker.units for worker in self._workers):
                self._await(waiting)
        finally:
            self._stop()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._task), name="impasto-worker", daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: _Worker, waiting: deque[PlannedUnit]) -> None:
        """Give some units that follow one another, fewer towards the end, so that all end together."""
        share = len(waiting) // (2 * self._num_workers)
        while waiting and len(worker.units) < min(_BATCH, max(1, share)):
            if worker.units and waiting[0].start != worker.units[-1].stop:
                break
            worker.units.append(waiting.popleft())
        if worker.units:
            # Whoever cannot be told any more has died, and is noticed by that.
            _send(worker.connection, tuple(unit.index for unit in worker.units))

    def _await(self, waiting: deque[PlannedUnit]) -> None:
        """Take what workers say until none has more to say, and replace those that are dead."""
        by_sign: dict[Any, _Worker] = {}
        for worker in self._workers:
            by_sign |= {worker.connection: worker, worker.process.sentinel: worker}
        for worker in {id(by_sign[sign]): by_sign[sign] for sign in wait(list(by_sign))}.values():
            if self._hear(worker):
                if not worker.units:
                    self._give(worker, waiting)
            else:
                self._replace(worker, waiting)

    def _hear(self, worker: _Worker) -> bool:
        """Take one message; return whether the worker lives."""
        try:
            if not worker.connection.poll():
                return worker.process.is_alive()
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            return False
        if kind == "frame":
            worker.num_frames += value
            self._on_frame(value)
        elif kind == "unit":
            unit = worker.units.popleft()
            worker.num_frames -= len(unit)
            self._on_unit(unit.index)
        else:
            raise value
        return True

    def _replace(self, worker: _Worker, waiting: deque[PlannedUnit]) -> None:
        """Put back what a dead worker had, and start another."""
        worker.process.join()
        self._workers.remove(worker)
        worker.connection.close()
        self._on_frame(-worker.num_frames)
        if worker.units:
            lost = worker.units[0]
            self._tries[lost.index] += 1
            if self._tries[lost.index] >= MAX_TRIES:
                raise JobError(
                    f"{MAX_TRIES} workers died of frames {lost.start} to {lost.stop - 1} "
                    f"(the last: {_cause(worker.process.exitcode)}). Try fewer --jobs, for want of memory."
                )
            self._on_loss(lost)
            waiting.extendleft(reversed(worker.units))
        if waiting:
            self._workers.append(self._start())
            self._give(self._workers[-1], waiting)

    def _stop(self) -> None:
        for worker in self._workers:
            _send(worker.connection, None)
            if worker.units:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(10)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self._workers = []


def _send(connection: Connection, message: Any) -> None:
    try:
        connection.send(message)
    except OSError:
        return


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _work(connection: Connection, task: WorkerTask) -> None:
    """Do units as they are asked for, until asked for none; end with the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        runner = task.make_runner(
            lambda number: connection.send(("frame", number)), lambda record: connection.send(("unit", record.index))
        )
        plan = task.folder.load_plan()
        while (indices := connection.recv()) is not None:
            runner.run([plan.units[index] for index in indices])
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:
        known = error if isinstance(error, ImpastoError) else JobError(f"{type(error).__name__}: {error}")
        _send(connection, ("error", known))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""Workers: how units are shared out, and what happens when one dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import JobError, OutputError
from impasto.film.folder import UnitRecord
from impasto.film.plan import FilmPlan, PlannedUnit
from impasto.film.workers import MAX_TRIES, WorkerPool, WorkerTask

from .test_plan import plan_of


@dataclass(frozen=True)
class FakeFolder:
    """Notes in a real folder what was tried and done, since workers are other processes."""

    path: Path
    plan: FilmPlan

    def load_plan(self) -> FilmPlan:
        return self.plan

    def note(self, kind: str, index: int) -> None:
        with (self.path / kind).open("a") as stream:
            stream.write(f"{index}\n")

    def noted(self, kind: str) -> list[int]:
        path = self.path / kind
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass
class FakeRunner:
    task: FakeTask
    on_frame: Callable[[int], None]
    on_unit: Callable[[UnitRecord], None]

    def run(self, units: Sequence[PlannedUnit]) -> None:
        task = self.task
        for unit in units:
            tries = task.folder.noted("tried").count(unit.index)
            task.folder.note("tried", unit.index)
            self.on_frame(1)
            if tries < task.deaths.get(unit.index, 0):
                os.kill(os.getpid(), signal.SIGKILL)
            if unit.index == task.fails_at:
                raise OutputError("the disk is full")
            if unit.index == task.breaks_at:
                raise ValueError("a fault of ours")
            self.on_frame(len(unit) - 1)
            task.folder.note("done", unit.index)
            record = UnitRecord(index=unit.index, start=unit.start, stop=unit.stop, num_bytes=1, digests=())
            self.on_unit(record)


@dataclass(frozen=True)
class FakeTask:
    folder: FakeFolder
    deaths: dict[int, int]
    fails_at: int = -1
    breaks_at: int = -1

    def make_runner(self, on_frame: Any = None, on_unit: Any = None) -> FakeRunner:
        return FakeRunner(self, on_frame, on_unit)


@dataclass
class Heard:
    num_frames: int
    units: list[int]
    lost: list[int]


def run_pool(task: Any, num_workers: int = 2) -> Heard:
    heard = Heard(0, [], [])

    def count(number: int) -> None:
        heard.num_frames += number

    pool = WorkerPool(task, num_workers, count, heard.units.append, lambda unit: heard.lost.append(unit.index))
    try:
        pool.run(task.folder.plan.units)
    finally:
        assert pool._workers == []
    return heard


@pytest.fixture
def folder(tmp_path: Path) -> FakeFolder:
    return FakeFolder(tmp_path, plan_of([100]))


@pytest.mark.parametrize("num_workers", [1, 3])
def test_each_unit_is_done_once(folder: FakeFolder, num_workers: int) -> None:
    heard = run_pool(FakeTask(folder, {}), num_workers)
    assert sorted(folder.noted("done")) == sorted(heard.units) == list(range(13))
    assert heard.num_frames == 100
    assert heard.lost == []


def test_no_more_workers_than_units(folder: FakeFolder) -> None:
    few = FakeFolder(folder.path, plan_of([6]))
    assert run_pool(FakeTask(few, {}), 8).units == [0]


def test_a_unit_whose_worker_dies_is_done_by_another(folder: FakeFolder) -> None:
    heard = run_pool(FakeTask(folder, {2: 1, 9: MAX_TRIES - 1}))
    assert sorted(heard.units) == list(range(13))
    assert sorted(heard.lost) == [2, 9, 9]
    assert heard.num_frames == 100
    assert folder.noted("tried").count(2) == 2
    assert folder.noted("tried").count(9) == MAX_TRIES


def test_what_kills_each_worker_ends_the_job(folder: FakeFolder) -> None:
    with pytest.raises(JobError, match=r"3 workers died of frames 30 to 37 .*SIGKILL.*--jobs"):
        run_pool(FakeTask(folder, {4: 99}))
    assert folder.noted("tried").count(4) == MAX_TRIES


def test_what_a_worker_raises_is_raised_at_once(folder: FakeFolder) -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        run_pool(FakeTask(folder, {}, fails_at=5))
    assert folder.noted("tried").count(5) == 1


def test_a_fault_of_ours_in_a_worker_is_named(folder: FakeFolder) -> None:
    with pytest.raises(JobError, match="ValueError: a fault of ours"):
        run_pool(FakeTask(folder, {}, breaks_at=5))


def test_a_task_can_be_sent(tmp_path: Path) -> None:
    """Nothing that a worker is given may hang on what only this process has."""
    import pickle

    from paint_styles import make_paint_style

    from impasto.api.film_style import AppliedStyle
    from impasto.api.loading import load
    from impasto.apply.stylizers import StylizerOptions
    from impasto.film.folder import job_folder_for
    from impasto.film.medium import FilmMedium
    from impasto.media.film_encoding import Encoding

    style = load(make_paint_style(tmp_path / "oil.style"))
    applied = AppliedStyle.of(style, StylizerOptions(0.5)).kept(tmp_path)
    medium = FilmMedium(tmp_path / "film.mp4", tmp_path / "out.mp4", Encoding())
    task = WorkerTask(job_folder_for(tmp_path / "out.mp4"), medium, applied, 2)
    received = pickle.loads(pickle.dumps(task))
    assert received.style.describe() == applied.describe()
    assert received.style.style.family == "paint"
    assert received.medium.source == medium.source
    assert received.num_threads == 2

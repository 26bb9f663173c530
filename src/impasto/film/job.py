"""`run_film_job`: a film in, a film out, however often it is interrupted in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from impasto.apply.blocks import available_cores
from impasto.errors import ImpastoError, JobError, OutputError
from impasto.film.folder import RUN_BEGINS, JobFolder, UnitRecord, job_folder_for
from impasto.film.job_report import write_job_report
from impasto.film.medium import Medium
from impasto.film.plan import FilmPlan, PlannedUnit, changes
from impasto.film.planning import PlanRequest, make_plan
from impasto.film.shot_verdict import ShotDecision
from impasto.film.style import FilmStyle
from impasto.film.workers import WorkerPool, WorkerTask
from impasto.media.files import describe_os_error

KEPT = "What is done is kept: go on with --resume."


class JobListener(Protocol):
    """What a job tells as it goes."""

    def begin(self, stage: str, num_frames: int | None, num_done: int = 0) -> None:
        """A stage begins, "looking" or "restyling", with so many frames, where that is known."""

    def advance(self, num_frames: int) -> None:
        """So many frames more are done; of a lost worker's, less than none."""

    def say(self, message: str) -> None:
        """Something that the user should know now."""


class SilentListener:
    """Says nothing."""

    def begin(self, stage: str, num_frames: int | None, num_done: int = 0) -> None:
        """Drop it."""

    def advance(self, num_frames: int) -> None:
        """Drop it."""

    def say(self, message: str) -> None:
        """Drop it."""


@dataclass(frozen=True, slots=True)
class FilmJob:
    """A user's request to restyle a film.

    Attributes
    ----------
    num_workers
        Processes; with one, this process does the work itself.
    cluster
        Where a cluster of Ray is that does it instead, as for `impasto.film.ray_cluster.check_cluster`; None for none.
    resume
        Go on with an unfinished job of the same output; where there is none, begin.
    overwrite
        Allow an output that exists to be replaced, and an unfinished job to be thrown away.
    gate_mode
        One of `impasto.apply.gating.GATE_MODES`.
    report_path
        Where a report goes, `.html` or `.json`; None for none.
    """

    medium: Medium
    style: FilmStyle
    num_workers: int = 1
    resume: bool = False
    overwrite: bool = False
    gate_mode: str = "off"
    report_path: Path | None = None
    cluster: str | None = None

    @property
    def source(self) -> Path:
        return self.medium.source

    @property
    def output(self) -> Path:
        return self.medium.output


@dataclass(frozen=True, slots=True)
class FilmResult:
    """What became of a film.

    Attributes
    ----------
    seconds
        From the first start to the end, without the time between runs.
    warnings
        What the gate has against shots, and what the output lacks of the source.
    """

    output: Path
    num_frames: int
    seconds: float
    warnings: tuple[str, ...] = ()


def run_film_job(job: FilmJob, listener: JobListener | None = None) -> FilmResult:
    """Restyle a film.

    The output appears when it is complete and verified. Until then, what is done lies in a folder beside it, from which
    `resume` goes on after any interruption; frames come out as if there had been none.

    Raises
    ------
    JobError
        There is an unfinished job, or what is resumed was begun with another source, style or option; another run is at
        it; or workers keep dying.
    UnreadableMediaError
        The source cannot be read.
    OutputError
        The output exists and may not be replaced, or something cannot be written.
    UsageError
        The gate refuses a shot, and is to refuse.
    """
    listener = listener or SilentListener()
    folder = job_folder_for(job.output, job.medium.segment_suffix)
    job.medium.check_target(job.overwrite)
    folder.sweep()
    _refuse_leftovers(job, folder)
    if not folder.exists():
        job.medium.check()
    _check_cluster(job)
    make_folder(job.output.parent)
    with folder.locked(), _keeping(folder, listener):
        if not (folder.exists() and job.resume):
            folder.clear()
        seconds_before = folder.seconds_worked()
        began = time.perf_counter()
        folder.log(RUN_BEGINS, workers=job.num_workers)
        plan = _planned(job, folder, listener)
        records = _do_units(job, folder, plan, listener)
        folder.begin_assembling()
        lost = job.medium.assemble([folder.segment_path(unit) for unit in plan.units], folder.path)
        folder.log("assembled", lost=lost)
        seconds = seconds_before + time.perf_counter() - began
        result = FilmResult(job.output, plan.num_frames, seconds, (*_warnings(job, plan), *lost))
        if job.report_path is not None:
            write_job_report(
                job.report_path,
                job.medium.reported(job.style.name, job.style.strength, job.gate_mode),
                plan,
                records,
                folder.thumbnails_dir,
                wall_seconds=seconds,
                num_workers=job.num_workers,
                notes=result.warnings,
            )
    folder.remove()
    return result


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {describe_os_error(error)}.") from error


@contextmanager
def _keeping(folder: JobFolder, listener: JobListener) -> Iterator[None]:
    """Say that what is done is kept where something goes wrong; where nothing is done, keep nothing."""
    try:
        yield
    except ImpastoError as error:
        folder.log("failed", error=str(error))
        if not folder.path.exists():
            gone = f"{folder.path} has vanished while the job ran. Is its drive gone?"
            raise OutputError(f"{gone} When it is back, go on with --resume.") from error
        if not folder.exists():
            folder.remove()
            raise
        if not isinstance(error, OutputError):
            raise
        separator = " " if "\n" in str(error) else "\n"
        raise OutputError(f"{error}{separator}{KEPT}") from error
    except BaseException as error:
        folder.log("failed", error=f"{type(error).__name__}: {error}")
        if not folder.exists():
            folder.remove()
        elif isinstance(error, KeyboardInterrupt):
            listener.say(KEPT)
        raise


def _refuse_leftovers(job: FilmJob, folder: JobFolder) -> None:
    """Refuse to replace what exists, before any work."""
    if folder.exists() and not (job.resume or job.overwrite):
        raise JobError(
            f"{job.output} has an unfinished job, in {folder.path.name}. "
            "Go on with it by --resume, or start anew with --overwrite."
        )
    is_ours = job.resume and folder.exists() and folder.may_have_assembled
    if job.medium.output_exists() and not (job.overwrite or is_ours):
        raise OutputError(f"{job.output} exists. {_advice(job, folder)}")


def _advice(job: FilmJob, folder: JobFolder) -> str:
    """Say what to do where an output is in the way."""
    if not job.resume:
        return "Give another name, or replace it with --overwrite."
    if folder.exists():
        return f"To go on with the job that is to replace it, in {folder.path.name}, add --overwrite."
    return "It has no unfinished job. Replace it with --overwrite, or give another name."


def _planned(job: FilmJob, folder: JobFolder, listener: JobListener) -> FilmPlan:
    """Return the plan of the job that is resumed, or make one."""
    request = PlanRequest(
        job.medium,
        job.style,
        job.gate_mode,
        job.report_path is not None,
        num_threads=available_cores(),
    )
    if folder.exists():
        folder.drop_unfinished()
        plan = folder.load_plan()
        _check_unchanged(job, plan, request)
        job.medium.use(folder.path)
        return plan
    listener.begin("looking", job.medium.num_frames)
    folder.log("planning", source=str(job.source), output=str(job.output))
    plan = make_plan(request, folder, listener.advance)
    folder.log("planned", frames=plan.num_frames, shots=len(plan.shots), units=len(plan.units))
    return plan


def _check_unchanged(job: FilmJob, plan: FilmPlan, request: PlanRequest) -> None:
    changed = changes(plan.request, request.describe())
    if not plan.source.is_same_film(job.medium.identify()):
        changed = ["source", *changed]
    if changed:
        verb = "has" if len(changed) == 1 else "have"
        raise JobError(
            f"{job.output} cannot be resumed: {', '.join(changed)} {verb} changed since the job was begun. "
            "Change that back, or start anew with --overwrite instead of --resume."
        )


def _do_units(job: FilmJob, folder: JobFolder, plan: FilmPlan, listener: JobListener) -> list[UnitRecord]:
    """Do what is not done yet; return the records of all units."""
    missing = [unit for unit in plan.units if folder.record_of(unit) is None]
    num_done = plan.num_frames - sum(map(len, missing))
    listener.begin("restyling", plan.num_frames, num_done)
    if missing:
        num_workers = min(job.num_workers, len(missing))
        style = job.style.kept(folder.styles_dir)
        task = WorkerTask(folder, job.medium, style, max(1, available_cores() // num_workers))
        if job.cluster is not None:
            _do_on_cluster(job.cluster, replace(task, num_threads=1), plan, missing, listener)
        elif num_workers == 1:
            task.make_runner(listener.advance, lambda record: folder.log("unit", unit=record.index)).run(missing)
        else:
            WorkerPool(
                task,
                num_workers,
                on_frame=listener.advance,
                on_unit=lambda index: folder.log("unit", unit=index),
                on_loss=_loss_teller(folder, listener),
            ).run(missing)
    records = [record for unit in plan.units if (record := folder.record_of(unit)) is not None]
    if len(records) != len(plan.units):
        raise JobError(f"{folder.path} has lost units while the job ran. Go on with --resume.")
    return records


def _check_cluster(job: FilmJob) -> None:
    if job.cluster is not None:
        from impasto.film.ray_cluster import check_cluster  # noqa: PLC0415  imports Ray, which is an extra

        check_cluster(job.cluster)


def _do_on_cluster(
    address: str, task: WorkerTask, plan: FilmPlan, units: list[PlannedUnit], listener: JobListener
) -> None:
    from impasto.film.cluster import ClusterPool, demand_of  # noqa: PLC0415  only where a cluster is asked for
    from impasto.film.ray_cluster import open_cluster  # noqa: PLC0415

    folder = task.folder
    with open_cluster(address) as cluster:
        demand = demand_of(plan, task.medium)
        folder.log("cluster", address=address, slots=cluster.num_slots(demand))
        ClusterPool(
            task,
            cluster,
            demand,
            on_frame=listener.advance,
            on_unit=lambda index: folder.log("unit", unit=index),
            on_loss=_loss_teller(folder, listener),
            on_word=listener.say,
        ).run(units)


def _loss_teller(folder: JobFolder, listener: JobListener) -> Callable[..., None]:
    def tell(unit: PlannedUnit, reason: str = "") -> None:
        folder.log("worker lost", unit=unit.index, reason=reason)
        listener.say(f"A worker has died; frames {unit.start} to {unit.stop - 1} are done again.")

    return tell


def _warnings(job: FilmJob, plan: FilmPlan) -> list[str]:
    decisions = [ShotDecision.from_json(shot.decision) for shot in plan.shots if shot.decision]
    messages = [f"{job.source.name}: {decision.message}" for decision in decisions if decision.message]
    if plan.num_damaged:
        messages.append(f"{job.source.name}: {plan.num_damaged} frames are damaged, and were patched up.")
    return messages

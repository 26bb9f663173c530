"""From what a job has kept of its units to its report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from impasto.film.folder import UnitRecord
from impasto.film.plan import FilmPlan
from impasto.film.shot_report import FilmReport, ReportedFilm, Totals, report_shots, write_film_report
from impasto.film.shot_verdict import ShotDecision


def write_job_report(
    path: Path,
    film: ReportedFilm,
    plan: FilmPlan,
    records: Sequence[UnitRecord],
    thumbnails_dir: Path,
    *,
    wall_seconds: float,
    num_workers: int,
    notes: Sequence[str],
) -> None:
    """Write the report of a finished job.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    decisions = [ShotDecision.from_json(shot.decision) for shot in plan.shots if shot.decision]
    shots = report_shots(plan.shots, decisions, [record.meter for record in records], seconds_by_shot(plan, records))
    totals = Totals(wall_seconds, plan.num_frames, seconds_by_stage(records), num_workers)
    write_film_report(path, FilmReport(film, shots, totals, tuple(notes), thumbnails_dir=thumbnails_dir))


def seconds_by_stage(records: Sequence[UnitRecord]) -> dict[str, float]:
    """Return the work of each stage, over all units."""
    found: dict[str, float] = defaultdict(float)
    for record in records:
        for stage, seconds in record.seconds.items():
            found[stage] += seconds
    return dict(found)


def seconds_by_shot(plan: FilmPlan, records: Sequence[UnitRecord]) -> dict[int, float]:
    """Return the work on each shot: that of its units, shared out by frames."""
    found: dict[int, float] = defaultdict(float)
    for record in records:
        each = sum(record.seconds.values()) / max(1, record.stop - record.start)
        for shot in plan.shots:
            shared = min(shot.stop, record.stop) - max(shot.start, record.start)
            if shared > 0:
                found[shot.index] += each * shared
    return dict(found)

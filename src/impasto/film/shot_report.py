"""What a film job tells when it is done: each shot, the whole, as JSON and as one HTML file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from impasto.film.reported import (
    FilmReport,
    KnowsItsPlace,
    ReportedFilm,
    ReportedShot,
    Totals,
    read_thumbnails,
    save_thumbnails,
)
from impasto.film.shot_meter import measure_flicker, merged_lumas
from impasto.film.shot_verdict import ShotDecision
from impasto.media.files import write_beside
from impasto.style.verdict import Judgement

__all__ = [
    "FilmReport",
    "ReportedFilm",
    "ReportedShot",
    "Totals",
    "film_report_as_json",
    "read_thumbnails",
    "report_shots",
    "save_thumbnails",
    "write_film_report",
]

SCHEMA = 1


def report_shots(
    shots: Sequence[KnowsItsPlace],
    decisions: Iterable[ShotDecision],
    records: Iterable[Mapping[str, Any]] = (),
    seconds: Mapping[int, float] | None = None,
) -> list[ReportedShot]:
    """Put together what is known of each shot.

    Parameters
    ----------
    decisions
        In any order; a shot without one is reported as not judged.
    records
        What `ShotMeter.record` gave for each unit.
    seconds
        Work by shot.
    """
    by_shot = {decision.shot: decision for decision in decisions}
    lumas = merged_lumas(records)
    return [
        ReportedShot(
            shot.index,
            shot.start,
            shot.stop,
            float(shot.start_time),
            float(shot.stop_time),
            shot.transition,
            by_shot.get(shot.index, ShotDecision(shot.index)),
            measure_flicker(lumas.get(shot.index, {})),
            (seconds or {}).get(shot.index),
        )
        for shot in shots
    ]


def write_film_report(path: Path, report: FilmReport) -> None:
    """Write a report: HTML with the JSON beside it, or only JSON where `path` ends so.

    Raises
    ------
    OutputError
        A file cannot be written; an older one stays as it was.
    """
    text = json.dumps(film_report_as_json(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with write_beside(path.with_suffix(".json")) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if path.suffix.lower() == ".json":
        return
    from impasto.film.report_page import film_page  # noqa: PLC0415  imports what JSON does without

    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(film_page(report))


def film_report_as_json(report: FilmReport) -> dict[str, Any]:
    """Return what `json.dump` writes as strict JSON: numbers and paths, no pictures.

    Numbers that JSON does not know, nan and infinity, become None.
    """
    film, totals = report.film, report.totals
    return {
        "schema": SCHEMA,
        "title": report.heading,
        "film": {
            "source": str(film.source),
            "output": None if film.output is None else str(film.output),
            "style": film.style,
            "strength": film.strength,
            "gate": film.gate_mode,
            "width": film.width,
            "height": film.height,
            "codec": film.codec,
            "frame_rate": _number(film.frame_rate),
            "duration": _number(film.duration),
        },
        "totals": {
            "frames": totals.num_frames,
            "wall_seconds": _number(totals.wall_seconds),
            "frames_per_second": _number(totals.frames_per_second),
            "network_share": _number(totals.network_share),
            "stage_seconds": {name: _number(value) for name, value in totals.stage_seconds.items()},
            "workers": totals.num_workers,
            "shots": len(report.shots),
            "verdicts": {
                kind.value: sum(shot.verdict.judgement is kind for shot in report.shots) for kind in Judgement
            },
        },
        "shots": [_shot_json(shot) for shot in report.shots],
        "notes": list(report.notes),
    }


def _shot_json(shot: ReportedShot) -> dict[str, Any]:
    verdict, setting = shot.verdict, shot.decision.setting
    return {
        "shot": shot.index,
        "start": shot.start,
        "stop": shot.stop,
        "start_time": _number(shot.start_time),
        "stop_time": _number(shot.stop_time),
        "transition": shot.transition,
        "verdict": verdict.judgement.value if verdict.judgement else None,
        "reason": verdict.reason,
        "samples": [
            {"frame": each.index, "verdict": each.judgement.value, "reason": each.reason} for each in verdict.samples
        ],
        "strength": setting.strength,
        "steadied": setting.is_steady,
        "refused": shot.decision.is_refused,
        "tries": [
            {
                "strength": each.setting.strength,
                "steadied": each.setting.is_steady,
                "verdict": each.verdict.judgement.value if each.verdict.judgement else None,
                "reason": each.verdict.reason,
            }
            for each in shot.decision.tries
        ],
        "flicker_in": _number(shot.flicker.content if shot.flicker else None),
        "flicker_out": _number(shot.flicker.output if shot.flicker else None),
        "flicker_added": _number(shot.flicker.added if shot.flicker else None),
        "warping_in": _number(verdict.warping_in),
        "warping_out": _number(verdict.warping_out),
        "seconds": _number(shot.seconds),
    }


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None

"""An evaluation as JSON: numbers and paths, no pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from impasto.quality.results import Evaluation, MetricValue, PictureResult
from impasto.style.verdict import Verdict


def evaluation_as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return what `json.dump` writes as strict JSON.

    Numbers that JSON does not know, nan and infinity, become None. Pictures keep their order; maps are left out.
    """
    return {
        "title": evaluation.title,
        "metrics": [_metric(metric) for metric in evaluation.metrics],
        "pictures": [_picture(picture) for picture in evaluation.pictures],
        "references": [str(path) for path in evaluation.reference_paths],
        "curves": {
            title: [[int(step), _number(value)] for step, value in curve] for title, curve in evaluation.curves.items()
        },
        "notes": list(evaluation.notes),
        "seconds_per_picture": _number(evaluation.seconds_per_picture),
    }


def _metric(metric: MetricValue) -> dict[str, Any]:
    return {
        "name": metric.name,
        "title": metric.title,
        "value": _number(metric.value),
        "untouched": _number(metric.untouched),
        "higher_is_better": bool(metric.higher_is_better),
        "explanation": metric.explanation,
        "group": metric.group,
    }


def _picture(picture: PictureResult) -> dict[str, Any]:
    return {
        "content": str(picture.content_path),
        "output": None if picture.output_path is None else str(picture.output_path),
        "metrics": _numbers(picture.metrics),
        "badness": _number(picture.badness),
        "verdict": None if picture.verdict is None else _verdict(picture.verdict),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "judgement": verdict.judgement.value,
        "reason": verdict.reason,
        "scores": None if verdict.scores is None else _numbers(verdict.scores),
    }


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None

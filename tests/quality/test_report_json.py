"""An evaluation as strict JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from impasto.quality.report_json import evaluation_as_json
from impasto.quality.results import PictureResult
from impasto.style.verdict import Judgement, Verdict

from .report_cases import evaluation, metric


def test_an_evaluation_comes_through_json_whole() -> None:
    verdict = Verdict(Judgement.REFUSE, "content lost", {"content": 0.25}, np.ones((3, 4), np.float32))
    pictures = [
        PictureResult(Path("in/a.png"), Path("out/a.png"), {"gram": 0.5}, 0.25, verdict),
        PictureResult(Path("in/b.png"), None, {}, 0.75),
    ]
    stated = evaluation(
        *pictures,
        metrics=[replace(metric("gram", 0.5, title="Gram"), untouched=0.75)],
        reference_paths=[Path("r.png")],
        curves={"Loss": [(0, 2.0), (10, 1.0)]},
        notes=["One."],
        seconds_per_picture=0.5,
    )
    assert json.loads(json.dumps(evaluation_as_json(stated), allow_nan=False)) == {
        "title": "Kodak",
        "metrics": [
            {
                "name": "gram",
                "title": "Gram",
                "value": 0.5,
                "untouched": 0.75,
                "higher_is_better": False,
                "explanation": "Read it so.",
                "group": "style",
            }
        ],
        "pictures": [
            {
                "content": "in/a.png",
                "output": "out/a.png",
                "metrics": {"gram": 0.5},
                "badness": 0.25,
                "verdict": {"judgement": "refuse", "reason": "content lost", "scores": {"content": 0.25}},
            },
            {"content": "in/b.png", "output": None, "metrics": {}, "badness": 0.75, "verdict": None},
        ],
        "references": ["r.png"],
        "curves": {"Loss": [[0, 2.0], [10, 1.0]]},
        "notes": ["One."],
        "seconds_per_picture": 0.5,
    }


def test_numbers_that_json_does_not_know_become_null() -> None:
    picture = PictureResult(Path("a"), None, {"a": math.nan, "b": np.float32("inf")}, math.nan, Verdict(Judgement.PASS))
    stated = evaluation(picture, metrics=[metric("a", math.nan), metric("b", None)], curves={"c": [(1, -math.inf)]})
    found = json.loads(json.dumps(evaluation_as_json(stated), allow_nan=False))
    assert [each["value"] for each in found["metrics"]] == [None, None]
    assert found["pictures"][0]["metrics"] == {"a": None, "b": None}
    assert found["pictures"][0]["badness"] is None
    assert found["pictures"][0]["verdict"]["scores"] is None
    assert found["curves"] == {"c": [[1, None]]}
    assert found["seconds_per_picture"] is None


def test_numpy_numbers_become_plain_ones() -> None:
    picture = PictureResult(Path("a"), None, {"a": np.float32(0.5)}, np.float64(1))
    found = evaluation_as_json(evaluation(picture, curves={"c": [(np.int64(3), np.float32(0.5))]}))
    assert type(found["pictures"][0]["metrics"]["a"]) is float
    assert json.loads(json.dumps(found))["curves"] == {"c": [[3, 0.5]]}

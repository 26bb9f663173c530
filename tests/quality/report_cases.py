"""Evaluations to write reports of, with pictures made on the fly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from html_page import Page
from PIL import Image

from impasto.quality.report import write_report
from impasto.quality.results import Evaluation, MetricValue, PictureResult
from impasto.style.verdict import Judgement, Verdict

REFUSED = Verdict(Judgement.REFUSE, "content lost", {"content": 0.2}, np.eye(6, 8, dtype=np.float32))


def metric(
    name: str, value: float | None = 0.5, group: str = "style", higher: bool = False, **words: str
) -> MetricValue:
    return MetricValue(name, words.get("title", name), value, higher, words.get("explanation", "Read it so."), group)


def save_picture(path: Path, size: tuple[int, int] = (90, 60), level: int = 120) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = np.linspace(0, 60, size[0], dtype=np.uint8) + np.zeros((size[1], 1), np.uint8)
    Image.fromarray(np.stack([ramp, ramp, np.full_like(ramp, level)], axis=-1)).save(path, "PNG")
    return path


def result(folder: Path, name: str = "a.png", badness: float = 0.5, **fields: Any) -> PictureResult:
    """Save a picture and what became of it."""
    content = save_picture(folder / "in" / name, fields.pop("content_size", (90, 60)))
    output = save_picture(folder / "out" / name, fields.pop("output_size", (90, 60)), level=30)
    metrics: Mapping[str, float] = fields.pop("metrics", {"gram": badness})
    return PictureResult(content, fields.pop("output_path", output), metrics, badness, **fields)


def evaluation(*pictures: PictureResult, **fields: Any) -> Evaluation:
    stated: dict[str, Any] = {"title": "Kodak", "metrics": [metric("gram", title="Gram distance")]}
    return Evaluation(**{**stated, "pictures": pictures, **fields})


def written(evaluated: Evaluation, folder: Path) -> Page:
    path = folder / "report.html"
    write_report(evaluated, path)
    return Page(path.read_text(encoding="utf-8"))

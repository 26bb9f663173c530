"""Evaluations to write reports of, with pictures made on the fly."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
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


class Page(HTMLParser):
    """What a browser would find: elements with attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "img", "circle", "path", "rect", "polyline", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self._texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return (
            [each for name, each in self.elements if name == tag and kind in each.get("class", "").split(" ")]
            if (kind)
            else [each for name, each in self.elements if name == tag]
        )

    @property
    def names(self) -> list[str]:
        return [html.unescape(name) for name in re.findall(r"<bdi>(.*?)</bdi>", self.source)]


def written(evaluated: Evaluation, folder: Path) -> Page:
    path = folder / "report.html"
    write_report(evaluated, path)
    return Page(path.read_text(encoding="utf-8"))

"""Films to report on, with pictures made on the fly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.film.shot_meter import ShotFlicker
from impasto.film.shot_report import FilmReport, ReportedFilm, ReportedShot, Totals
from impasto.film.shot_verdict import Setting, ShotDecision, ShotTry, ShotVerdict
from impasto.film.shot_view import jpeg_bytes
from impasto.media.frame import Frame
from impasto.style.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Shot:
    """As `impasto.vision.shots` finds it."""

    index: int
    start: int
    stop: int
    transition: str = "cut"
    rate: int = 24

    @property
    def start_time(self) -> Fraction:
        return Fraction(self.start, self.rate)

    @property
    def stop_time(self) -> Fraction:
        return Fraction(self.stop, self.rate)


def scene(seed: int = 0, size: tuple[int, int] = (160, 90)) -> NDArray[np.uint8]:
    """Return a hill under a sky, H×W×3, other ones for other seeds."""
    random = np.random.default_rng(seed)
    width, height = size
    down, across = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    hill = down > 0.6 + 0.15 * np.sin(2 * np.pi * (across * random.uniform(0.5, 2) + random.uniform()))
    sky, ground = random.integers(90, 255, 3), random.integers(20, 140, 3)
    shade = (1 - 0.4 * down)[..., None]
    return np.where(hill[..., None], ground, sky * shade).astype(np.uint8)


def frame(index: int = 0, level: int | None = None, **fields: Any) -> Frame:
    """Return a frame of a film: a scene, or all of one level."""
    pixels = scene(index) if level is None else np.full((90, 160, 3), level, np.uint8)
    return Frame(fields.pop("pixels", pixels), index=index, **fields)


def darker(runs: Any, setting: Setting) -> list[list[Frame]]:
    """A style for tests: at full strength, half as bright."""
    share = 1 - 0.5 * setting.strength
    return [[each.with_pixels((each.pixels * share).astype(np.uint8)) for each in run] for run in runs]


class Says:
    """A gate that says what it is told, by the brightness that it is shown, and remembers what it was asked."""

    def __init__(self, *answers: Verdict) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, float | None, bool]] = []

    def judge(self, output: Any, content: Any = None, *, is_full_strength: bool = True) -> Verdict:
        self.asked.append((float(output.mean()), None if content is None else float(content.mean()), is_full_strength))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


PASS, REVIEW, REFUSE = (Verdict(kind, reason, {"seen": 1.0}) for kind, reason in zip(
    Judgement, ("", "not in style: too dark", "artefacts: bands"), strict=True
))  # fmt: skip


def shot(index: int = 0, judgement: Judgement | None = Judgement.PASS, reason: str = "", **fields: Any) -> ReportedShot:
    """Return a shot of two seconds with pictures."""
    size, pictures = fields.pop("size", (160, 90)), fields.pop("pictures", None)
    if pictures is None:
        before = scene(index, size)
        pictures = {"before": jpeg_bytes(before), "after": jpeg_bytes((before * 0.6).astype(np.uint8))}
    verdict = ShotVerdict(judgement, reason, (), fields.pop("warping_in", 1.0), fields.pop("warping_out", 1.2))
    setting = fields.pop("setting", Setting())
    tries = fields.pop("tries", (ShotTry(setting, verdict),))
    start, stop = fields.pop("start", 48 * index), fields.pop("stop", 48 * index + 48)
    stated: dict[str, Any] = {"flicker": ShotFlicker(0.2, 0.25, 0.01), "seconds": 1.5 + index, **fields}
    decision = ShotDecision(index, setting, verdict, tries, **pictures)
    return ReportedShot(index, start, stop, start / 24, stop / 24, "cut", decision, **stated)


def report(*shots: ReportedShot, **fields: Any) -> FilmReport:
    """Return a report of shots."""
    film = ReportedFilm(Path("a film.mp4"), Path("out.mp4"), "kodak", 1.0, "retry", 1920, 1080, "h264", 24.0, 120.0)
    totals = Totals(30.0, 720, {"decode": 4.0, "network": 12.0, "encode": 8.0}, 2)
    return FilmReport(**{"film": film, "shots": shots, "totals": totals, **fields})

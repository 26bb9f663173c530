"""The words and numbers of a film report."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.film.reported import FilmReport, ReportedShot
from impasto.film.shot_verdict import Setting, ShotVerdict
from impasto.quality.report_numbers import NOTHING, finite_numbers, number_text
from impasto.quality.report_tables import JUDGEMENT_WORDS

ARROW = " → "


def time_text(seconds: float) -> str:
    """Write a place in a film, such as "0:07.5" or "1:02:03.0"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    end = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{end}" if hours else f"{minutes}:{end}"


def percent_text(share: float) -> str:
    """Write a share in percent."""
    return f"{number_text(round(100 * share, 1))}\u202f%"


def change_text(before: float | None, after: float | None) -> str:
    """Write what a number was in the content and is in the output."""
    return NOTHING if before is None or after is None else f"{_plain(before)}{ARROW}{_plain(after)}"


def _plain(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def strength_text(report: FilmReport, setting: Setting) -> str:
    """Write the strength that a shot was rendered with, of the whole style."""
    text = percent_text(report.film.strength * setting.strength)
    return f"{text}, steadied" if setting.is_steady else text


def verdict_text(verdict: ShotVerdict) -> str:
    """Write a verdict in one line."""
    if verdict.judgement is None:
        return "Not judged"
    word = JUDGEMENT_WORDS[verdict.judgement]
    return f"{word} ({verdict.reason})" if verdict.reason else word


def flicker_change(shots: Sequence[ReportedShot]) -> tuple[float, float] | None:
    """Return the mean flicker before and after, each frame counting alike; None where there is none."""
    known = [(shot.flicker, shot.num_frames) for shot in shots if shot.flicker is not None]
    total = sum(frames for _, frames in known)
    if not total:
        return None
    before = sum(flicker.content * frames for flicker, frames in known) / total
    return before, sum(flicker.output * frames for flicker, frames in known) / total


def warping_ratio(shots: Sequence[ReportedShot]) -> float | None:
    """Return the mean over shots of how many times as much the output changes along its motion; None without any."""
    ratios = finite_numbers([shot.verdict.warping_ratio for shot in shots if shot.verdict.warping_ratio is not None])
    return sum(ratios) / len(ratios) if ratios else None

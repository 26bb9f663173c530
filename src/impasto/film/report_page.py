"""A film report as one HTML file that loads nothing: the film at a glance, what to look at, and every shot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from impasto.film.report_numbers import (
    change_text,
    flicker_change,
    percent_text,
    strength_text,
    warping_ratio,
)
from impasto.film.report_pictures import ShotPictures, film_strip, pictures_section
from impasto.film.report_rows import shots_table, work_section
from impasto.film.reported import FilmReport
from impasto.film.shot_verdict import Setting
from impasto.quality.report_frame import ReportFrame, framed
from impasto.quality.report_markup import Markup, Piece, escaped, filled, markup, template_text
from impasto.quality.report_numbers import counted, number_text, seconds_text
from impasto.quality.report_tables import figure, judgement_counts


def film_page(report: FilmReport) -> Iterator[Markup]:
    """Yield the page piece by piece, so that it is never whole in memory."""
    pictures = ShotPictures(report)
    frame = ReportFrame(
        title=report.heading,
        heading=Markup(re.sub(r"([_.-])(?=\w)", r"\1<wbr>", escaped(report.heading))),
        lead=_lead(report),
        sections=["film", "pictures", "shots", "work", *(["notes"] if report.notes else [])],
        main_section="shots",
        figures=_figures(report),
        verdicts=judgement_counts(shot.verdict.judgement for shot in report.shots if shot.verdict.judgement),
        style=template_text("film.css", __package__),
        script=template_text("film.js", __package__),
    )
    content = filled(
        template_text("film.html", __package__),
        strip=film_strip(report, pictures),
        pictures=pictures_section(report, pictures),
        shots=shots_table(report, pictures),
        work=work_section(report.totals.stage_seconds),
        notes=_notes(report),
    )
    yield from framed(frame, content)


def _lead(report: FilmReport) -> str:
    film = report.film
    told = [counted(len(report.shots), "shot"), counted(report.totals.num_frames, "frame")]
    if film.duration:
        told.insert(0, seconds_text(film.duration))
    if film.width and film.height:
        told.append(f"{film.width}\u202f×\u202f{film.height}")
    if film.frame_rate:
        told.append(f"{number_text(round(film.frame_rate, 3))} frames a second")
    if film.codec:
        told.append(film.codec)
    asked = f"Strength {strength_text(report, Setting())}"
    return f"{', '.join(told)}. {asked}, gate {film.gate_mode}."


def _figures(report: FilmReport) -> Iterator[Piece]:
    totals = report.totals
    if totals.frames_per_second is not None:
        workers = counted(totals.num_workers, "worker")
        yield figure(number_text(totals.frames_per_second), "frames a second", f"{workers}, all included")
        yield figure(seconds_text(totals.wall_seconds), "from start to end", "")
    if totals.network_share is not None:
        yield figure(percent_text(totals.network_share), "of the work in the network", "")
    if flicker := flicker_change(report.shots):
        yield figure(change_text(*flicker), "flicker, before and after", "mean jump of brightness, levels of 255")
    if ratio := warping_ratio(report.shots):
        yield figure(f"{number_text(ratio)}\u202f×", "warping error", "output over input; 1 is as steady")


def _notes(report: FilmReport) -> Piece:
    items = [markup("<li>${note}</li>", note=note) for note in report.notes]
    return markup('<section id="notes"><h2>Notes</h2><ul>${items}</ul></section>', items=items) if items else ()

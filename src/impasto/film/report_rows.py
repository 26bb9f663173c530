"""The table of a film report: a row for each shot, and where the work went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impasto.film.report_numbers import change_text, percent_text, strength_text, time_text
from impasto.film.report_pictures import ShotPictures
from impasto.film.reported import FilmReport, ReportedShot
from impasto.quality.report_markup import Markup, Piece, filled, markup, template_text
from impasto.quality.report_numbers import NOTHING, seconds_text
from impasto.quality.report_pictures import verdict_badge

_COLUMNS = (
    # Kind, title, what it means, and whether the highest value is the worst and so comes first.
    ("number", "Shot", "", False),
    ("time", "Start", "Where it starts, and how long it lasts", False),
    ("gate", "Verdict", "What the gate says of a few frames", True),
    ("strength", "Strength", "What the whole shot was rendered with", False),
    ("flicker", "Flicker", "Jumps of brightness before → after, in levels of 255", True),
    ("warping", "Warping", "Change along the motion before → after, in levels of 255", True),
    ("work", "Work", "Seconds of work", True),
)
_STAGES = {"decode": "Decode", "network": "Network", "look": "Look", "encode": "Encode", "gate": "Gate"}


def shots_table(report: FilmReport, pictures: ShotPictures) -> Iterator[Piece]:
    """Yield a table that a script makes sortable; columns that nothing is known for are left out."""
    if not report.shots:
        yield markup('<p class="quiet">There are no shots.</p>')
        return
    absent = _absent(report)
    heads = [_head(*column) for column in _COLUMNS if column[0] not in absent]
    heads.insert(1, markup('<th scope="col" class="pair">Before, after</th>'))
    yield markup('<table class="shots"><thead><tr>${heads}</tr></thead><tbody>', heads=heads)
    for shot in report.shots:
        yield _row(report, shot, pictures, absent)
    yield Markup("</tbody></table>")
    if pictures.num_left_out:
        yield markup(
            '<p class="quiet">Pictures of ${count} shots are left out to keep this file small.</p>',
            count=str(pictures.num_left_out),
        )


def _absent(report: FilmReport) -> set[str]:
    known = {
        "gate": any(shot.verdict.judgement for shot in report.shots),
        "flicker": any(shot.flicker for shot in report.shots),
        "warping": any(shot.verdict.warping_ratio is not None for shot in report.shots),
        "work": any(shot.seconds is not None for shot in report.shots),
    }
    return {kind for kind, is_known in known.items() if not is_known}


def _head(kind: str, title: str, meaning: str, falls: bool) -> Markup:
    return markup(
        '<th scope="col" class="${kind}"><button type="button" data-sort="${kind}" data-falls="${falls}" '
        'title="${meaning}">${title}</button></th>',
        kind=kind,
        title=title,
        meaning=meaning,
        falls="yes" if falls else "no",
    )


def _row(report: FilmReport, shot: ReportedShot, pictures: ShotPictures, absent: set[str]) -> Markup:
    number = str(shot.index + 1)
    cells = {kind: cell for kind, cell in _cells(report, shot).items() if kind not in absent}
    return markup(
        '<tr id="shot-${number}"><th scope="row" class="number" data-value="${number}">${number}</th>'
        '<td class="pair">${pair}</td>${cells}</tr>',
        number=number,
        pair=pictures.pair(shot),
        cells=list(cells.values()),
    )


def _cells(report: FilmReport, shot: ReportedShot) -> dict[str, Markup]:
    verdict, flicker, setting = shot.verdict, shot.flicker, shot.decision.setting
    strength = strength_text(report, setting)
    badge: Piece = markup('<span class="quiet">Not judged</span>')
    if verdict.judgement:
        badge = verdict_badge(verdict.judgement, verdict.reason)
    length = markup(
        '<span class="length-of">${text}</span>', text=seconds_text(round(shot.stop_time - shot.start_time, 2))
    )
    change = change_text(flicker.content, flicker.output) if flicker else NOTHING
    return {
        "time": _cell("time", shot.start_time, [time_text(shot.start_time), " ", length]),
        "gate": _cell("gate", _badness(shot), badge),
        "strength": _cell(
            "strength",
            setting.strength,
            markup("<b>${text}</b>", text=strength) if shot.decision.is_changed else strength,
        ),
        "flicker": _cell("flicker", flicker.output if flicker else None, change),
        "warping": _cell("warping", verdict.warping_ratio, change_text(verdict.warping_in, verdict.warping_out)),
        "work": _cell("work", shot.seconds, NOTHING if shot.seconds is None else seconds_text(shot.seconds)),
    }


def _cell(kind: str, value: float | None, content: Piece) -> Markup:
    return markup(
        '<td class="${kind}" data-value="${value}">${content}</td>',
        kind=kind,
        value="" if value is None else f"{value:.6g}",
        content=content,
    )


def _badness(shot: ReportedShot) -> float:
    return shot.verdict.badness[0] + (0.5 if shot.decision.is_changed else 0.0)


def work_section(stage_seconds: Mapping[str, float]) -> Piece:
    """Show where the work went, most first; nothing where nobody measured it."""
    total = sum(stage_seconds.values())
    if total <= 0:
        return ()
    falling = sorted(stage_seconds.items(), key=lambda each: -each[1])
    rows = [
        markup(
            '<div><dt>${name}</dt><dd><svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
            '<rect width="100" height="4"/><rect class="share" width="${share}" height="4"/></svg></dd>'
            "<dd>${percent}</dd><dd>${seconds}</dd></div>",
            name=_STAGES.get(name, name.replace("_", " ").capitalize()),
            share=f"{100 * seconds / total:.2f}",
            percent=percent_text(seconds / total),
            seconds=seconds_text(seconds),
        )
        for name, seconds in falling
    ]
    return list(filled(template_text("work.html", __package__), rows=rows))

"""An evaluation as one HTML file that loads nothing: pictures first, the worst of them at the top."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from impasto.media.files import write_beside
from impasto.quality.report_curves import curve_chart
from impasto.quality.report_frame import ReportFrame, framed
from impasto.quality.report_markup import Markup, Piece, filled, markup, template_text
from impasto.quality.report_numbers import counted
from impasto.quality.report_pictures import NUM_WORST, Inliner, PictureWriter, references_strip, shown_names
from impasto.quality.report_tables import key_figures, lead_text, metrics_table, verdict_counts
from impasto.quality.results import Evaluation, PictureResult

MAX_PICTURES = 60
MAX_REFERENCES = 24
MAX_INLINE_BYTES = 40 << 20
"""A file that a mail or a phone still takes. What comes after it is left out, and the report says how much."""

_WORST_SIDE, _REST_SIDE, _REFERENCE_SIDE = 1000, 720, 400
_MANY = 12
"""More pictures than this after the worst are folded away."""

_Named = tuple[PictureResult, str]


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write a report that needs neither network nor other files.

    Pictures stand in falling order of badness, at most 1000 pixels long, and are read one at a time while writing. One
    that cannot be read is shown by the reason.

    Raises
    ------
    OutputError
        The file cannot be written; an older one stays as it was.
    """
    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_page(evaluation))


def _page(evaluation: Evaluation) -> Iterator[Markup]:
    inliner = Inliner(MAX_INLINE_BYTES)
    frame = ReportFrame(
        title=evaluation.title,
        lead=lead_text(evaluation),
        sections=_sections(evaluation),
        main_section="pictures",
        figures=key_figures(evaluation),
        verdicts=verdict_counts(evaluation),
    )
    content = filled(
        template_text("page.html"),
        references=_references(evaluation.reference_paths, inliner),
        pictures=_pictures(evaluation, inliner),
        metrics=metrics_table(evaluation.metrics),
        curves=_curves(evaluation),
        notes=_notes(evaluation.notes),
    )
    yield from framed(frame, content)


def _sections(evaluation: Evaluation) -> list[str]:
    there = {
        "style": evaluation.reference_paths,
        "pictures": evaluation.pictures,
        "metrics": evaluation.metrics,
        "training": evaluation.curves,
        "notes": evaluation.notes,
    }
    return [name for name, content in there.items() if content]


def _references(paths: Sequence[Path], inliner: Inliner) -> Iterator[Piece]:
    if not paths:
        return
    shown = _spread(paths, MAX_REFERENCES)
    said = f"{len(shown)} of {len(paths)}" if len(shown) < len(paths) else ""
    yield from filled(
        template_text("references.html"), said=said, strip=references_strip(shown, inliner, _REFERENCE_SIDE)
    )


def _spread(paths: Sequence[Path], number: int) -> list[Path]:
    """Choose evenly, so that a folder in order of time or name is shown whole."""
    if len(paths) <= number:
        return list(paths)
    return [paths[index * len(paths) // number] for index in range(number)]


def _pictures(evaluation: Evaluation, inliner: Inliner) -> Iterator[Piece]:
    names = shown_names([picture.content_path for picture in evaluation.pictures])
    named = sorted(zip(evaluation.pictures, names, strict=True), key=lambda each: _falling(each[0].badness))
    if not named:
        yield markup('<p class="quiet">There are no pictures.</p>')
        return
    writer = PictureWriter(evaluation, inliner)
    worst, rest = named[:NUM_WORST], named[NUM_WORST:]
    yield Markup('<div class="wall large">')
    for number, (picture, name) in enumerate(worst, 1):
        yield from writer.article(picture, name, number, _WORST_SIDE)
    yield Markup("</div>")
    if rest:
        yield from _rest(rest, writer, inliner)


def _rest(rest: Sequence[_Named], writer: PictureWriter, inliner: Inliner) -> Iterator[Piece]:
    yield markup(
        '<details class="rest"${open}><summary>The other ${said}</summary><div class="wall">',
        open=Markup(" open") if len(rest) <= _MANY else "",
        said=counted(len(rest), "picture"),
    )
    num_shown = 0
    for picture, name in rest[: MAX_PICTURES - NUM_WORST]:
        if inliner.is_full:
            break
        num_shown += 1
        yield from writer.article(picture, name, NUM_WORST + num_shown, _REST_SIDE)
    yield Markup("</div></details>")
    if left_out := len(rest) - num_shown:
        said = f"{counted(left_out, 'picture')} of less badness {'is' if left_out == 1 else 'are'}"
        yield markup('<p class="quiet">${said} left out to keep this file small.</p>', said=said)


def _falling(badness: float) -> float:
    """Sort the worst to the front, and what nobody could judge to the end."""
    return math.inf if math.isnan(badness) else -badness


def _curves(evaluation: Evaluation) -> Piece:
    charts = [curve_chart(title, curve) for title, curve in evaluation.curves.items()]
    if not charts:
        return ()
    return markup(
        '<section id="training"><h2>Training</h2><div class="curves">${charts}</div></section>', charts=charts
    )


def _notes(notes: Sequence[str]) -> Piece:
    if not notes:
        return ()
    items = [markup("<li>${note}</li>", note=note) for note in notes]
    return markup('<section id="notes"><h2>Notes</h2><ul>${items}</ul></section>', items=items)

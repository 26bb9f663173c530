"""How good a classifier is, as one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impasto.errors import ImpastoError
from impasto.media.files import write_beside
from impasto.quality.report_frame import ReportFrame, framed
from impasto.quality.report_markup import Markup, Piece, filled, markup, template_text
from impasto.quality.report_numbers import counted, is_number
from impasto.quality.report_pictures import Inliner, shown_names
from impasto.quality.report_tables import figure
from impasto.sorting.charts import confusion_chart, coverage_chart, mix_ups, reliability_chart
from impasto.sorting.scores import ClassScore, Outcome

MAX_MISTAKES = 24
MAX_INLINE_BYTES = 8 << 20
_MISTAKE_SIDE = 320
_MAX_MIX_UPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class SortReport:
    """What is reported.

    Attributes
    ----------
    plain
        Without the pictures that have no label; None where there were none.
    """

    title: str
    outcome: Outcome
    notes: tuple[str, ...]
    plain: Outcome | None = None


def write_sort_report(report: SortReport, path: Path) -> None:
    """Write a report that needs neither network nor other files.

    Raises
    ------
    OutputError
        The file cannot be written; an older one stays as it was.
    """
    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_page(report))


def percent(share: float) -> str:
    """Write a share as per cent with one decimal, or a dash."""
    return f"{100 * share:.1f}\u202f%" if is_number(share) else "–"


def _page(report: SortReport) -> Iterator[Markup]:
    outcome = report.outcome
    frame = ReportFrame(
        title=report.title,
        lead=_lead(outcome),
        sections=("confusion", "classes", "confidence", "mistakes"),
        main_section="classes",
        figures=_figures(report),
        style=template_text("sorting.css", __package__),
    )
    content = filled(
        template_text("sorting.html", __package__),
        confusion=confusion_chart(outcome.labels, outcome.confusion),
        mix_ups=_mix_ups(outcome),
        classes=[_class_row(score) for score in outcome.per_class()],
        reliability=reliability_chart(outcome.bins),
        coverage=coverage_chart(outcome.confidences, outcome.right),
        mistakes=_mistakes(outcome),
        notes=_notes(report.notes),
    )
    yield from framed(frame, content)


def _lead(outcome: Outcome) -> str:
    told = f"{counted(len(outcome.targets), 'picture')} of {counted(len(outcome.labels), 'class')}"
    told = told.replace("classs", "classes")
    folds = len(outcome.fold_accuracies)
    return f"{told}; each was told by a classifier that had not seen it, in {folds} folds." if folds else f"{told}."


def _figures(report: SortReport) -> Iterator[Markup]:
    outcome = report.outcome
    low, high = outcome.interval
    yield figure(percent(outcome.accuracy), "Accuracy", f"95 % interval {percent(low)} to {percent(high)}")
    yield figure(percent(outcome.balanced_accuracy), "Balanced accuracy", "mean recall of the classes")
    yield figure(percent(outcome.coverage), "Labelled", "the rest is “unsure”")
    yield figure(percent(outcome.sure_accuracy), "Of these right", "share of true labels")
    yield figure(percent(outcome.calibration_error), "Calibration error", "confidence against truth")
    if report.plain is not None:
        yield figure(percent(report.plain.accuracy), "Labels alone", "without the pictures that have no label")


def _mix_ups(outcome: Outcome) -> Iterator[Markup]:
    found = mix_ups(outcome.labels, outcome.confusion)
    if not found:
        yield markup('<p class="quiet">No class is taken for another.</p>')
        return
    yield Markup("<ul>")
    for true, guess, count in found[:_MAX_MIX_UPS]:
        yield markup(
            "<li><b>${count}</b> <bdi>${true}</bdi> taken for <bdi>${guess}</bdi></li>",
            count=str(count),
            true=true,
            guess=guess,
        )
    yield Markup("</ul>")
    if len(found) > _MAX_MIX_UPS:
        yield markup('<p class="quiet">And ${n} other pairs.</p>', n=str(len(found) - _MAX_MIX_UPS))


def _class_row(score: ClassScore) -> Markup:
    low, high = score.recall_interval
    return markup(
        '<tr><th scope="row"><bdi>${label}</bdi></th><td class="value">${n}</td><td class="value">${precision}</td>'
        '<td class="value">${recall}</td><td class="how">${low} to ${high}</td></tr>',
        label=score.label,
        n=str(score.num_true),
        precision=percent(score.precision),
        recall=percent(score.recall),
        low=percent(low),
        high=percent(high),
    )


def _mistakes(outcome: Outcome) -> Iterator[Piece]:
    wrong = np.flatnonzero(~outcome.right)
    wrong = wrong[np.argsort(-outcome.confidences[wrong], kind="stable")]
    if not wrong.size:
        yield markup('<p class="quiet">There are none.</p>')
        return
    inliner, names = Inliner(MAX_INLINE_BYTES), shown_names(outcome.paths)
    yield Markup('<ul class="mistakes">')
    for index in wrong[:MAX_MISTAKES].tolist():
        try:
            uri, _ = inliner.jpeg(outcome.paths[index], _MISTAKE_SIDE)
            image = markup('<img src="${uri}" alt="">', uri=uri)
        except ImpastoError:
            image = markup('<p class="quiet">It cannot be read any more.</p>')
        yield markup(
            '<li>${image}<p><b><bdi>${guess}</bdi></b> ${sure}, but <bdi>${true}</bdi><br><span class="quiet">'
            "<bdi>${name}</bdi></span></p></li>",
            image=image,
            guess=outcome.labels[int(outcome.guesses[index])],
            true=outcome.labels[int(outcome.targets[index])],
            sure=percent(float(outcome.confidences[index])),
            name=names[index],
        )
    yield Markup("</ul>")
    if left_out := len(wrong) - MAX_MISTAKES:
        said = counted(left_out, "picture")
        yield markup('<p class="quiet">${said} of less confidence left out.</p>', said=said) if left_out > 0 else ""


def _notes(notes: tuple[str, ...]) -> Iterator[Markup]:
    if not notes:
        return
    yield Markup('<section id="notes"><h2>Notes</h2><ul>')
    for note in notes:
        yield markup("<li>${note}</li>", note=note)
    yield Markup("</ul></section>")

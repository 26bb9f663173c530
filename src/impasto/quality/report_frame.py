"""What all reports have in common: one HTML file that loads nothing, its header, its links and its way of looking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from impasto.quality.report_markup import Markup, Piece, csp_hash, filled, markup, template_text
from impasto.version import __version__


@dataclass(frozen=True, slots=True, eq=False)
class ReportFrame:
    """What stands around the content of a report.

    Attributes
    ----------
    lead
        A sentence or two below the title.
    sections
        The ids of sections that the content has, in their order, which are their names, too.
    main_section
        The one that a keyboard can skip to.
    verdicts, figures
        What is seen first.
    heading
        The title as it is shown, where it is to break between lines as no plain text does.
    style, script
        Added to those of all reports.
    """

    title: str
    lead: str
    sections: Iterable[str]
    main_section: str
    figures: Piece
    verdicts: Piece = ()
    heading: Markup | None = None
    style: str = ""
    script: str = ""


def framed(frame: ReportFrame, content: Piece) -> Iterator[Markup]:
    """Yield a report piece by piece, so that it is never whole in memory."""
    style, script = template_text("report.css") + frame.style, template_text("report.js") + frame.script
    yield from filled(
        template_text("frame.html"),
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
        style=Markup(style),
        script=Markup(script),
        title=frame.title,
        heading=frame.heading or frame.title,
        lead=frame.lead,
        verdicts=frame.verdicts,
        figures=frame.figures,
        links=_links(frame.sections),
        main_section=frame.main_section,
        content=content,
        version=__version__,
    )


def _links(sections: Iterable[str]) -> Iterator[Markup]:
    for name in sections:
        yield markup('<a href="#${name}">${words}</a> ', name=name, words=name.capitalize())

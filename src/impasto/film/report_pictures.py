"""The pictures of a film report: the film as two strips, and shots large enough to look at."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from impasto.film.report_numbers import change_text, strength_text, time_text, verdict_text
from impasto.film.reported import FilmReport, ReportedShot, read_thumbnails
from impasto.film.shot_view import jpeg_bytes, picture_of
from impasto.gate.view import Image8, resized
from impasto.quality.report_markup import Markup, Piece, filled, markup, template_text
from impasto.quality.report_numbers import counted
from impasto.quality.report_pictures import verdict_badge

MAX_LARGE = 12
MAX_INLINE_BYTES = 40 << 20
"""A file that a mail or a phone still takes. Shots after that stand without pictures, and the report says so."""
_SPREAD = 6
"""Where there is nothing to look at, as many shots are shown, from all over the film."""
_LARGE_SIDE, _SMALL_SIDE = 640, 176
_STRIP_WIDTH, _STRIP_HEIGHT = 2400, 120
_MOST_FRAMED = 240
"""With more shots than this, lines between them would hide them."""
_MARKS = 4


class ShotPictures:
    """The pictures that were kept of shots, as data URIs, until there are enough of them."""

    def __init__(self, report: FilmReport) -> None:
        self._folder = report.thumbnails_dir
        self._bytes_left = MAX_INLINE_BYTES
        self.num_left_out = 0

    def read(self, shot: ReportedShot, side: int) -> tuple[Image8, Image8] | None:
        """Return both pictures of a shot, in the same size; None where there are none."""
        jpegs = read_thumbnails(self._folder, shot.decision)
        if jpegs is None:
            return None
        before, after = (picture_of(jpeg, side) for jpeg in jpegs)
        return before, after if after.shape == before.shape else resized(after, *before.shape[:2])

    def uri(self, picture: Image8) -> Markup:
        """Return a picture as a data URI."""
        encoded = base64.b64encode(jpeg_bytes(picture)).decode()
        self._bytes_left -= len(encoded)
        return Markup(f"data:image/jpeg;base64,{encoded}")

    def pair(self, shot: ReportedShot) -> Piece:
        """Return before and after, small, as one picture; nothing where there are none, or too many already."""
        if self._bytes_left <= 0:
            self.num_left_out += 1
            return ()
        pictures = self.read(shot, _SMALL_SIDE)
        if pictures is None:
            return ()
        picture = np.hstack(pictures)
        return markup(
            '<img src="${uri}" width="${width}" height="${height}" alt="Shot ${number}, before and after">',
            uri=self.uri(picture),
            width=str(picture.shape[1]),
            height=str(picture.shape[0]),
            number=str(shot.index + 1),
        )


def pictures_section(report: FilmReport, pictures: ShotPictures) -> Iterator[Piece]:
    """Yield the shots that somebody should look at, worst first; where there are none, some from all over the film."""
    doubtful = [shot for shot in report.shots if shot.decision.is_changed or _rank(shot)[0] > 0]
    chosen = sorted(doubtful, key=_rank, reverse=True)[:MAX_LARGE] or _spread(report.shots)
    articles = [piece for shot in chosen if (piece := _article(report, shot, pictures))]
    if not articles:
        return
    title = "To look at, worst first" if doubtful else f"{counted(len(articles), 'shot')} of {len(report.shots)}"
    left_out = len(doubtful) - len(chosen)
    remark = f"{left_out} more in the table below." if left_out > 0 else ""
    yield from filled(template_text("pictures.html", __package__), title=title, remark=remark, pictures=articles)


def _rank(shot: ReportedShot) -> tuple[int, float]:
    return shot.verdict.badness[0], shot.verdict.warping_ratio or 0.0


def _spread(shots: Sequence[ReportedShot]) -> list[ReportedShot]:
    count = min(_SPREAD, len(shots))
    return [shots[(2 * number + 1) * len(shots) // (2 * count)] for number in range(count)]


def _article(report: FilmReport, shot: ReportedShot, pictures: ShotPictures) -> Markup | None:
    """Return a shot with a divider between before and after, or None where no pictures of it were kept."""
    shown = pictures.read(shot, _LARGE_SIDE)
    if shown is None:
        return None
    ratio = shown[0].shape[1] / shown[0].shape[0]
    before, after = (pictures.uri(picture) for picture in shown)
    name = f"Shot {shot.index + 1}, {time_text(shot.start_time)}"
    stage = markup(template_text("divider.html"), before=before, after=after, name=name, map=(), remark=())
    verdict = shot.verdict
    return markup(
        template_text("picture.html"),
        number=str(shot.index + 1),
        ratio=f"{ratio:.4f}",
        stage=stage,
        name=name,
        verdict=verdict_badge(verdict.judgement, verdict.reason) if verdict.judgement else (),
        tools=(),
        numbers=_history(report, shot),
    )


def _history(report: FilmReport, shot: ReportedShot) -> Piece:
    """Say what was tried, where more than one thing was, and how much the shot moves."""
    rows = []
    if len(shot.decision.tries) > 1:
        for each in shot.decision.tries:
            rows.append((strength_text(report, each.setting), verdict_text(each.verdict)))
    if shot.flicker is not None:
        rows.append(("Flicker", change_text(shot.flicker.content, shot.flicker.output)))
    if shot.verdict.warping_ratio is not None:
        rows.append(("Warping error", change_text(shot.verdict.warping_in, shot.verdict.warping_out)))
    items = [markup("<div><dt>${name}</dt><dd>${value}</dd></div>", name=name, value=value) for name, value in rows]
    return markup('<dl class="history">${items}</dl>', items=items) if items else ()


def film_strip(report: FilmReport, pictures: ShotPictures) -> Iterator[Piece]:
    """Yield the film from its start to its end, before and after, each shot as long as it lasts."""
    shots = [shot for shot in report.shots if shot.num_frames > 0]
    if not shots:
        return
    edges = _edges(shots)
    blocks = [_blocks(pictures.read(shot, 2 * _STRIP_HEIGHT), edge) for shot, edge in zip(shots, edges, strict=True)]
    if not any(is_known for is_known, *_ in blocks):
        return
    rows = []
    for word, parts in zip(("Before", "After"), zip(*(both for _, *both in blocks), strict=True), strict=True):
        uri = pictures.uri(np.hstack(parts))
        rows.append(markup('<img src="${uri}" alt="${word}: the film at a glance">', uri=uri, word=word))
    yield from filled(
        template_text("strip.html", __package__),
        before=rows[0],
        after=rows[1],
        places=[_place(shot, edge, len(shots)) for shot, edge in zip(shots, edges, strict=True)],
        marks=[markup("<span>${time}</span>", time=time) for time in _marks(shots)],
        width=str(_STRIP_WIDTH),
    )


def _edges(shots: Sequence[ReportedShot]) -> list[tuple[int, int]]:
    """Share the strip out by frames, at least a column to each shot as far as there are columns."""
    lengths = np.cumsum([0, *(shot.num_frames for shot in shots)])
    columns = np.round(lengths * _STRIP_WIDTH / lengths[-1]).astype(int).tolist()
    return [(left, max(right, left)) for left, right in pairwise(columns)]


def _blocks(pictures: tuple[Image8, Image8] | None, edge: tuple[int, int]) -> tuple[bool, Image8, Image8]:
    """Return whether there is anything to show of a shot, and its parts of both strips."""
    width = edge[1] - edge[0]
    if pictures is None:
        unknown = np.full((_STRIP_HEIGHT, width, 3), 128, np.uint8)
        return False, unknown, unknown
    before, after = (_block(picture, width) for picture in pictures)
    return True, before, after


def _block(picture: Image8, width: int) -> Image8:
    """Repeat a picture over the length of its shot, as editors do; of a short shot, show the middle of it."""
    frame = resized(picture, _STRIP_HEIGHT, round(picture.shape[1] * _STRIP_HEIGHT / picture.shape[0]))
    if frame.shape[1] > width:
        left = (frame.shape[1] - width) // 2
        return frame[:, left : left + width]
    count = max(1, round(width / frame.shape[1]))
    tiles = np.linspace(0, width, count + 1).round().astype(int)
    cells = [resized(frame, _STRIP_HEIGHT, int(right - left)) for left, right in pairwise(tiles)]
    return np.hstack(cells)


def _place(shot: ReportedShot, edge: tuple[int, int], num_shots: int) -> Markup:
    """Return a link over the strip, and the verdict below it."""
    return markup(
        '<a href="#shot-${number}"><title>Shot ${number}, ${time}, ${said}</title>'
        '<rect class="place${framed}" x="${left}" width="${width}" y="0" height="100"/>'
        '<rect class="mark ${kind}" x="${left}" width="${width}" y="103" height="5"/></a>',
        number=str(shot.index + 1),
        time=time_text(shot.start_time),
        said=verdict_text(shot.verdict),
        framed=" framed" if num_shots <= _MOST_FRAMED else "",
        left=str(edge[0]),
        width=str(max(1, edge[1] - edge[0])),
        kind=shot.verdict.judgement or "unknown",
    )


def _marks(shots: Sequence[ReportedShot]) -> list[str]:
    start, stop = shots[0].start_time, shots[-1].stop_time
    return [time_text(start + (stop - start) * mark / _MARKS) for mark in range(_MARKS + 1)]

"""The most telling of a film without restyling all of it: seconds side by side with how they were, and stills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from impasto.apply.blocks import available_cores
from impasto.apply.film_look import chained_lut, film_thumbnail
from impasto.apply.stylizer import State
from impasto.errors import OutputError
from impasto.film.job import JobListener, SilentListener, make_folder
from impasto.film.looks import keep_lut, shot_thumbnails
from impasto.film.medium import FilmMedium
from impasto.film.rendering import Renderer
from impasto.film.shot_view import shown_pixels
from impasto.film.style import FilmStyle
from impasto.film.survey import Survey, Thumbnails
from impasto.film.workers import make_renderer
from impasto.media.files import check_output
from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame, Plane
from impasto.vision.frame_scores import FrameScore, FrameScorer
from impasto.vision.shot import Shot
from impasto.vision.telling import choose_seconds, choose_stills


def write_preview(
    medium: FilmMedium,
    style: FilmStyle,
    seconds: float,
    *,
    overwrite: bool = False,
    listener: JobListener | None = None,
) -> int:
    """Write the most telling seconds of a film, before on the left and after on the right, without sound.

    Returns
    -------
    How many frames it has.

    Raises
    ------
    UsageError
        `seconds` is not more than 0.
    UnreadableMediaError, OutputError
        The film cannot be read, or the preview not written.
    """
    listener = listener or SilentListener()
    _check_target(medium.output, medium.source, overwrite)
    with _scored(medium, style, listener) as (surveyed, scores, renderer):
        spans = choose_seconds(_shots(surveyed), scores, seconds)
        listener.begin("restyling", sum(span.stop - span.start for span in spans))
        make_folder(medium.output.parent)
        sink = medium.open_preview(medium.output)
        try:
            shown = Fraction(0)
            for span in spans:
                state = State()
                for picture in medium.frames(span.start, span.stop):
                    placed = picture.with_shot(span.shot)
                    after, state = renderer(placed, state)
                    assert isinstance(after, PlanarFrame)
                    sink.write(replace(side_by_side(placed, after), pts=shown + picture.pts - span.start_time))
                    listener.advance(1)
                shown += span.duration
            sink.close()
        except BaseException:
            sink.discard()
            raise
        return sum(span.stop - span.start for span in spans)


def write_stills(
    medium: FilmMedium, style: FilmStyle, number: int, *, overwrite: bool = False, listener: JobListener | None = None
) -> list[Path]:
    """Write the best stills of a film, restyled, into the folder that is the medium's output, as PNG.

    Returns
    -------
    The files, named by the number of their frame; fewer than asked for where a film has no more.

    Raises
    ------
    UsageError
        `number` is less than 1.
    UnreadableMediaError, OutputError
        The film cannot be read, or a still not written.
    """
    from impasto.media.image_write import write_image  # noqa: PLC0415  imports Pillow

    listener = listener or SilentListener()
    if medium.output.exists() and not medium.output.is_dir():
        raise OutputError(f"{medium.output} is a file. Stills need a folder to go to.")
    with _scored(medium, style, listener) as (surveyed, scores, renderer):
        chosen = choose_stills(_shots(surveyed), scores, number)
        paths = [medium.output / f"{medium.source.stem}-{score.index:06}.png" for score in chosen]
        for path in paths:
            _check_target(path, medium.source, overwrite)
        make_folder(medium.output)
        listener.begin("restyling", len(chosen))
        for path, picture in zip(paths, medium.pick([score.index for score in chosen]), strict=True):
            after, _ = renderer(_placed(surveyed, picture), State())
            write_image(Frame(shown_pixels(after)), path)
            listener.advance(1)
        return paths


def side_by_side(left: PlanarFrame, right: PlanarFrame) -> PlanarFrame:
    """Return two pictures as one, cut to a width that chroma divides."""
    width = left.width - left.width % left.subsampling[0]
    across = (width, width // left.subsampling[0], width // left.subsampling[0])
    planes: list[Plane] = [
        np.concatenate([a[:, :columns], b[:, :columns]], axis=1)
        for a, b, columns in zip(left.planes, right.planes, across, strict=True)
    ]
    alpha = None
    if left.alpha is not None and right.alpha is not None:
        alpha = np.concatenate([left.alpha[:, :width], right.alpha[:, :width]], axis=1)
    return replace(left, planes=(planes[0], planes[1], planes[2]), alpha=alpha)


@contextmanager
def _scored(
    medium: FilmMedium, style: FilmStyle, listener: JobListener
) -> Iterator[tuple[Survey, list[FrameScore], Renderer]]:
    """Look at all of a film; yield what it is like, what its frames are worth, and what restyles any of them."""
    links = style.looks() if medium.takes_luts else ()
    thumbnails = Thumbnails(lambda picture: film_thumbnail(picture, links)) if links else None
    listener.begin("looking", medium.num_frames)
    scores = _Scores(FrameScorer(), [])
    surveyed = medium.survey(thumbnails, listener.advance, scores.add)
    with TemporaryDirectory(prefix="impasto-") as folder:
        if thumbnails is not None:
            own = shot_thumbnails(medium, surveyed.shots, thumbnails, links)
            for shot, small in zip(surveyed.shots, own, strict=True):
                keep_lut(Path(folder), shot.index, chained_lut(links, small))
        yield (
            surveyed,
            scores.found,
            make_renderer(surveyed.shots, medium, style, Path(folder), available_cores()),
        )


@dataclass(frozen=True, slots=True)
class _Scores:
    scorer: FrameScorer
    found: list[FrameScore]

    def add(self, picture: PlanarFrame) -> None:
        score = self.scorer.add(picture)
        if score is not None:
            self.found.append(score)


def _shots(surveyed: Survey) -> Sequence[Shot]:
    """Return shots with exact times."""
    times = surveyed.times
    step = times[-1] - times[-2] if len(times) > 1 else Fraction(1, 24)
    ends = (*times, times[-1] + step)
    return [
        Shot(
            shot.index,
            shot.start,
            shot.stop,
            ends[shot.start],
            ends[shot.stop],
            shot.transition,
            shot.transition_start,
        )
        for shot in surveyed.shots
    ]


def _placed(surveyed: Survey, picture: PlanarFrame) -> PlanarFrame:
    return picture.with_shot(next(shot.index for shot in surveyed.shots if picture.index < shot.stop))


def _check_target(path: Path, source: Path, overwrite: bool) -> None:
    check_output(path, source, overwrite)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists. Give another name, or replace it with --overwrite.")

"""Restyling films from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from impasto.api.film_style import AppliedStyle
from impasto.api.style import PathLike, Style
from impasto.apply.stylizers import StylizerOptions
from impasto.film.files import default_output, medium_for
from impasto.film.job import FilmJob, FilmResult, JobListener, run_film_job
from impasto.media.film_encoding import Encoding


def apply_to_film(
    style: Style,
    source: PathLike,
    output: PathLike | None = None,
    options: StylizerOptions | None = None,
    *,
    encoding: Encoding | None = None,
    deinterlace: str | None = None,
    listener: JobListener | None = None,
    **job: Any,
) -> FilmResult:
    """Restyle a film, or a numbered sequence of pictures. Needs the extra `video` for films.

    Everything but the pictures is kept: sound, subtitles, chapters, times. What is done of a film that is interrupted
    lies beside the output, and `resume=True` goes on with it.

    Parameters
    ----------
    source
        A film, or a sequence as `shots/%06d.exr`.
    output
        By default beside it, `film.mp4` to `film-STYLE.mp4`.
    options
        How the style is applied.
    encoding
        What shall be otherwise than in the source.
    deinterlace
        As for `impasto.media.film_read.FilmSource`.
    listener
        Told of progress.
    **job
        Other fields of `impasto.film.job.FilmJob`: `num_workers`, `resume`, `overwrite`, `gate_mode`, `report_path`.

    Raises
    ------
    UnreadableMediaError
        The source cannot be read.
    OutputError
        The output exists and may not be replaced, or something cannot be written.
    JobError
        There is an unfinished job, or it cannot go on.
    UsageError
        An option is out of range, or the gate refuses a shot.
    MissingExtraError
        PyAV is not installed.
    """
    path = Path(source)
    target = Path(output) if output is not None else default_output(path, style.name)
    medium = medium_for(path, target, encoding or Encoding(), deinterlace)
    applied = AppliedStyle.of(style, options or StylizerOptions())
    applied.check_region(medium.frames(0, 1))
    return run_film_job(FilmJob(medium, applied, **job), listener)

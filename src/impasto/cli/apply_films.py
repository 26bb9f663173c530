"""The films and sequences among what `impasto apply` is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from impasto.cli.film_options import parse_seconds
from impasto.cli.film_progress import film_progress
from impasto.errors import ImpastoError, UsageError

if TYPE_CHECKING:
    from impasto.api import Style
    from impasto.api.film_style import AppliedStyle
    from impasto.apply.stylizers import StylizerOptions
    from impasto.cli.apply_summary import Summary
    from impasto.film.medium import FilmMedium
    from impasto.media.film_encoding import Encoding


class FilmCommand(Protocol):
    """What of the options of `impasto apply` concerns films."""

    @property
    def output(self) -> str | None: ...
    @property
    def jobs(self) -> int: ...
    @property
    def overwrite(self) -> bool: ...
    @property
    def skip_existing(self) -> bool: ...
    @property
    def gate(self) -> str: ...
    @property
    def resume(self) -> bool: ...
    @property
    def codec(self) -> str | None: ...
    @property
    def crf(self) -> float | None: ...
    @property
    def preset(self) -> str | None: ...
    @property
    def deinterlace(self) -> bool: ...
    @property
    def preview(self) -> str | None: ...
    @property
    def stills(self) -> int | None: ...
    @property
    def report(self) -> Path | None: ...
    @property
    def quality(self) -> int: ...
    @property
    def cluster(self) -> str | None: ...


def check_film_options(command: FilmCommand) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    UsageError
        Says which.
    """
    if command.preview is not None:
        parse_seconds(command.preview)
        if command.stills is not None:
            raise UsageError("A preview and stills are two things. Ask for one of them.")
    if command.cluster is not None and command.jobs > 1:
        raise UsageError("--jobs is for this machine. A cluster does as much at once as it has room for.")
    if command.cluster is not None and (command.preview or command.stills):
        raise UsageError("Previews and stills are made on this machine. Leave --cluster out.")
    if command.skip_existing and command.overwrite:
        raise UsageError("Existing outputs cannot be both skipped and overwritten. Choose one.")


def split_inputs(inputs: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return the pictures and folders among inputs, and the films and sequences."""
    from impasto.film.files import is_film, is_sequence  # noqa: PLC0415

    films = [path for path in inputs if not path.is_dir() and (is_film(path) or is_sequence(path))]
    return [path for path in inputs if path not in films], films


def apply_to_films(
    films: list[Path],
    style: Style,
    options: StylizerOptions,
    command: FilmCommand,
    summary: Summary,
    *,
    alone: bool,
) -> None:
    """Restyle films, one after another; of several, one that fails does not stop the rest.

    Parameters
    ----------
    alone
        Whether nothing else is restyled, so that an output may be the name of a file.
    """
    from impasto.api.film_style import AppliedStyle  # noqa: PLC0415

    targets = _targets(films, style.name, command, alone and len(films) == 1)
    if command.report is not None and len(films) > 1:
        raise UsageError("A report is of one film. Give one at a time.")
    applied = AppliedStyle.of(style, options)
    for source, target in zip(films, targets, strict=True):
        try:
            _apply_to_film(source, target, applied, command, summary)
        except ImpastoError as error:
            if alone and len(films) == 1:
                raise
            summary.failed.append(str(error))


def _targets(films: list[Path], style_name: str, command: FilmCommand, is_only: bool) -> list[Path]:
    from impasto.film.files import default_output, is_sequence  # noqa: PLC0415

    kind = "-stills" if command.stills else "-preview" if command.preview else ""
    if command.output is None:
        outputs = [default_output(film, style_name + kind) for film in films]
        return [path.with_suffix("") for path in outputs] if command.stills else outputs
    output = Path(command.output)
    if is_only and (command.stills or not (output.is_dir() or command.output.endswith(os.sep))):
        return [output]
    if any(is_sequence(film) for film in films) and len(films) > 1:
        raise UsageError("Each sequence needs an output of its own, as out/%06d.png. Give one at a time.")
    targets = [output / (film.stem if command.stills else film.name) for film in films]
    if len(set(targets)) < len(targets):
        raise UsageError(f"Two films of one name cannot both go to {output}. Give one at a time.")
    return targets


def _apply_to_film(source: Path, target: Path, style: AppliedStyle, command: FilmCommand, summary: Summary) -> None:
    from impasto.film.files import is_sequence, medium_for  # noqa: PLC0415
    from impasto.film.folder import job_folder_for  # noqa: PLC0415
    from impasto.film.job import FilmJob, run_film_job  # noqa: PLC0415
    from impasto.film.medium import FilmMedium  # noqa: PLC0415

    deinterlace = "bwdif" if command.deinterlace else None
    if command.preview or command.stills:
        if is_sequence(source):
            raise UsageError(f"{source} is one shot. Previews and stills are of films.")
        _show_highlights(FilmMedium(source, target, _encoding(command), deinterlace), style, command, summary)
        return
    medium = medium_for(source, target, _encoding(command), deinterlace, command.quality)
    if command.skip_existing and medium.output_exists() and not job_folder_for(target).exists():
        summary.num_skipped += 1
        return
    style.check_region(medium.frames(0, 1))
    summary.warned += _left_out(source, style)
    job = FilmJob(
        medium, style, command.jobs, command.resume, command.overwrite, command.gate, command.report, command.cluster
    )
    with film_progress(source.name) as listener:
        result = run_film_job(job, listener)
    rate = result.num_frames / result.seconds if result.seconds else 0
    summary.done.append(result.output)
    summary.notes.append(f"{result.num_frames} frames, {rate:.3g} a second")
    summary.warned += result.warnings


def _left_out(source: Path, style: AppliedStyle) -> list[str]:
    """Say what of a finish is for films alone."""
    from impasto.film.files import is_sequence  # noqa: PLC0415

    if is_sequence(source) and any(finish.weave or finish.flicker for finish in style.finishes()):
        return [f"{source} neither weaves nor flickers: that is for films."]
    return []


def _show_highlights(medium: FilmMedium, style: AppliedStyle, command: FilmCommand, summary: Summary) -> None:
    from impasto.film.highlights import write_preview, write_stills  # noqa: PLC0415

    with film_progress(medium.source.name) as listener:
        if command.stills:
            paths = write_stills(medium, style, command.stills, overwrite=command.overwrite, listener=listener)
            summary.done.append(medium.output)
            summary.notes.append(f"{len(paths)} stills")
        else:
            seconds = parse_seconds(command.preview or "")
            number = write_preview(medium, style, seconds, overwrite=command.overwrite, listener=listener)
            summary.done.append(medium.output)
            summary.notes.append(f"{number} frames")


def _encoding(command: FilmCommand) -> Encoding:
    from impasto.media.film_encoding import Encoding  # noqa: PLC0415

    return Encoding(command.codec, command.crf, command.preset)

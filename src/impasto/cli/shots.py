"""`impasto shots`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.options import Overwrite

if TYPE_CHECKING:
    from impasto.export.shot_list import ShotRow
    from impasto.media.planar import PlanarFrame

Film = Annotated[Path, typer.Argument(metavar="FILM", help="A film.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Edl = Annotated[
    Path | None,
    typer.Option("--edl", metavar="FILE", help="Write an edit decision list (CMX 3600) as well.", show_default=False),
]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write a table for spreadsheets as well.", show_default=False),
]
DetectorName = Annotated[
    str, typer.Option("--detector", metavar="NAME", help="thumbnails, or transnet for a network (slower).")
]


def shots(
    film: Film,
    as_json: AsJson = False,
    edl: Edl = None,
    csv: Csv = None,
    detector: DetectorName = "thumbnails",
    overwrite: Overwrite = False,
) -> None:
    """List the shots of a film: where each begins and ends, and whether by a cut, a dissolve or a fade."""
    from impasto.export.shot_list import shot_rows, shots_as_json, write_edl, write_shot_csv  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415
    from impasto.media.film_read import FilmSource  # noqa: PLC0415
    from impasto.media.timecode import Timecode, read_timecode  # noqa: PLC0415
    from impasto.vision.shots import checked_detector, find_shots  # noqa: PLC0415

    chosen = checked_detector(detector)
    for output in (edl, csv):
        if output is not None:
            check_output(output, film, overwrite)
    source = FilmSource(film)
    timecode = Timecode.of_rate(source.info.rate, read_timecode(film))
    frames = _watched(source, source.info.num_frames)
    found = find_shots(frames, detector=chosen, rate=source.info.rate)
    if edl is not None:
        write_edl(found, edl, timecode, film.name)
    if csv is not None:
        write_shot_csv(found, csv, timecode)
    if as_json:
        typer.echo(json.dumps({"film": str(film), **shots_as_json(found, timecode)}, indent=2))
        return
    _print_table(shot_rows(found, timecode))


def _print_table(rows: list[ShotRow]) -> None:
    width = max(11, *(len(row.timecode_out) for row in rows))
    typer.echo(f"shot  {'in':{width}}  {'out':{width}}  seconds  transition")
    for row in rows:
        length = f" ({row.transition_frames} frames)" if row.transition_frames else ""
        times = f"{row.timecode_in:{width}}  {row.timecode_out:{width}}"
        typer.echo(f"{row.number:4}  {times}  {row.duration:7.2f}  {row.transition}{length}")


def _watched(frames: Iterable[PlanarFrame], num_frames: int | None) -> Iterator[PlanarFrame]:
    """Show on standard error how far reading has come, where somebody watches."""
    if not sys.stderr.isatty():
        yield from frames
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import track  # noqa: PLC0415

    yield from track(frames, "", total=num_frames, console=Console(stderr=True), transient=True)

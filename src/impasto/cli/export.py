"""`impasto export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.options import Output, Overwrite, Strength, StyleArgument
from impasto.errors import UsageError


class ExportFormat(StrEnum):
    """What a style can be turned into."""

    CUBE = "cube"


Format = Annotated[ExportFormat, typer.Option("--to", help="cube: a 3D LUT for most grading programs.")]
Size = Annotated[int, typer.Option("--size", min=2, max=129, help="Steps per axis; programs expect 33 or 65.")]
ForPicture = Annotated[
    Path | None,
    typer.Option(
        "--for", metavar="PICTURE", help="The look for one picture. Default: at its mean.", show_default=False
    ),
]


def export(
    style: StyleArgument,
    output: Output,
    to: Format = ExportFormat.CUBE,
    size: Size = 33,
    picture: ForPicture = None,
    strength: Strength = 1.0,
    overwrite: Overwrite = False,
) -> None:
    """Turn a style into another program's format.

    A look adapts to each picture and a .cube file cannot: it holds the look at its mean, or for the picture given.
    """
    from impasto.api import load  # noqa: PLC0415
    from impasto.export.cube import write_cube  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415

    chosen = load(style)
    if chosen.family != "look":
        raise UsageError(
            f"{chosen.name} is a {chosen.family} style: it has no LUT, so only 'impasto apply' can use it."
        )
    for source in filter(None, (chosen.path, picture)):
        check_output(output, source, overwrite)
    write_cube(chosen.lut(picture, strength), output, title=f"Impasto {chosen.name}", size=size)
    typer.echo(f"Wrote {output} ({to.value}, {size} steps per axis).")

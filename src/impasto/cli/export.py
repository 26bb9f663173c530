"""`impasto export`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.options import Output, Overwrite, Strength, StyleArgument, command_of
from impasto.errors import UsageError

if TYPE_CHECKING:
    from impasto.api import Style


class ExportFormat(StrEnum):
    """What a style can be turned into."""

    CUBE = "cube"
    WEB = "web"


Format = Annotated[
    ExportFormat,
    typer.Option("--to", help="cube: a 3D LUT for most grading programs. web: a page that runs the style by itself."),
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        min=2,
        max=129,
        help="Of a cube: steps per axis. Programs expect 33, the default, or 65.",
        show_default=False,
    ),
]
ForPicture = Annotated[
    Path | None,
    typer.Option(
        "--for",
        metavar="PICTURE",
        help="Of a cube: the look for one picture. Default: at its mean.",
        show_default=False,
    ),
]
WebRuntime = Annotated[
    Path | None,
    typer.Option(
        "--web-runtime",
        metavar="TGZ",
        help="Of a page: onnxruntime-web as npm packs it. Default: fetched with npm, and kept.",
        show_default=False,
    ),
]
_DEFAULT_SIZE = 33


@dataclass(frozen=True)
class ExportOptions:
    """What the command takes."""

    style: StyleArgument
    output: Output
    to: Format = ExportFormat.CUBE
    size: Size = None
    picture: ForPicture = None
    strength: Strength = 1.0
    overwrite: Overwrite = False
    web_runtime: WebRuntime = None


@command_of(ExportOptions)
def export(options: ExportOptions) -> None:
    """Turn a style into another program's format, or into a page.

    A look adapts to each picture and a .cube file cannot: it holds the look at its mean, or for the picture given. A
    page is a folder of static files that runs the style in the visitor's browser, on camera and photos.
    """
    from impasto.api import load  # noqa: PLC0415

    _refuse_options_of_others(options)
    style = load(options.style)
    if options.to is ExportFormat.WEB:
        _export_page(style, options)
    else:
        _export_cube(style, options)


def _refuse_options_of_others(options: ExportOptions) -> None:
    is_page = options.to is ExportFormat.WEB
    others = {"--size": options.size, "--for": options.picture} if is_page else {"--web-runtime": options.web_runtime}
    for name, value in others.items():
        if value is not None:
            raise UsageError(f"{name} is not for '--to {options.to.value}': leave it out.")


def _export_cube(style: Style, options: ExportOptions) -> None:
    from impasto.export.cube import write_cube  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415

    if style.family != "look":
        raise UsageError(
            f"{style.name} is a {style.family} style: it has no LUT, so only 'impasto apply' and '--to web' can use it."
        )
    for source in filter(None, (style.path, options.picture)):
        check_output(options.output, source, options.overwrite)
    size = options.size or _DEFAULT_SIZE
    lut = style.lut(options.picture, options.strength)
    write_cube(lut, options.output, title=f"Impasto {style.name}", size=size)
    typer.echo(f"Wrote {options.output} ({options.to.value}, {size} steps per axis).")


def _export_page(style: Style, options: ExportOptions) -> None:
    from impasto.api.page import write_page  # noqa: PLC0415

    sizes = write_page(style, options.output, strength=options.strength, web_runtime=options.web_runtime)
    folder = Path(options.output)
    typer.echo(f"Wrote {folder} ({len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB). To try it on this machine:")
    served = shlex.quote(str(folder))
    typer.echo(f"  python3 -m http.server --bind 127.0.0.1 --directory {served} 8000   # http://localhost:8000")

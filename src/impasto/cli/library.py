"""`impasto library`: add, search, status, remove, split."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error, with_clean_ending
from impasto.cli.options import Overwrite
from impasto.cli.progress import count_progress

if TYPE_CHECKING:
    from impasto.gallery.gallery import Gallery, Hit
    from impasto.gallery.reading import Failure

library = typer.Typer(
    help="Find pictures by what they show or how they look: add, search, status, remove, split.", no_args_is_help=True
)


class By(StrEnum):
    """What a search compares."""

    CONTENT = "content"
    STYLE = "style"


Folders = Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders that are searched, or pictures.")]
Picture = Annotated[Path, typer.Argument(metavar="PICTURE", help="In the library or not.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many pictures to find.")]
SearchBy = Annotated[By, typer.Option("--by", help="What they show, or how they look.")]
Sheet = Annotated[
    Path | None,
    typer.Option("--sheet", metavar="PATH", help="Draw the pictures on a contact sheet.", show_default=False),
]
SplitOutput = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Gets a folder for each style.")]
Link = Annotated[bool, typer.Option("--link", help="Make symbolic links instead of copies.")]
Place = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="FOLDER",
        help="Where the library is kept. Default: $IMPASTO_LIBRARY, or among the user's data.",
        show_default=False,
    ),
]


@library.command("add")
@with_clean_ending
def add(folders: Folders, place: Place = None) -> None:
    """Add pictures. Those that have not changed are left alone, those that are gone are marked.

    Interrupted, it goes on from there when it is run again. One picture that fails does not stop the rest: it is named
    at the end, and the exit code is 1.
    """
    with count_progress() as progress:
        report = _gallery(place).add(folders, progress)
    parts = [
        f"{report.added} added",
        f"{report.copies} copies" if report.copies else "",
        f"{report.unchanged} unchanged" if report.unchanged else "",
        f"{report.missing} gone" if report.missing else "",
        f"{len(report.failures)} failed" if report.failures else "",
    ]
    _end(", ".join(filter(None, parts)) + ".", report.failures)


@library.command("search")
@with_clean_ending
def search(
    picture: Picture,
    count: Count = 12,
    by: SearchBy = By.CONTENT,
    sheet: Sheet = None,
    place: Place = None,
    overwrite: Overwrite = False,
) -> None:
    """List the pictures of the library that are most like one: rank, likeness from 0 to 1, path."""
    from impasto.gallery.records import Likeness  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix  # noqa: PLC0415

    if sheet is not None:
        check_picture_suffix(sheet)
        check_output(sheet, picture, overwrite)
    hits = _gallery(place).search(picture, count, Likeness(by.value))
    if not hits:
        typer.echo("Nothing found: the library holds no other picture.")
        return
    for rank, hit in enumerate(hits, start=1):
        more = f"  (and {len(hit.copies)} more)" if hit.copies else ""
        typer.echo(f"{rank:3}  {hit.likeness:.2f}  {hit.path}{more}")
    if sheet is not None:
        _draw(picture, hits, sheet, overwrite)


@library.command("status")
@with_clean_ending
def status(place: Place = None) -> None:
    """Show where the library is and what it holds."""
    found = _gallery(place).status()
    lines = {
        "library": f"{found.database_path} ({found.num_bytes / 1e6:.1f} MB)",
        "pictures": str(found.pictures),
        "files": f"{found.files}{f', of which {found.missing} are gone' if found.missing else ''}",
        "ratings": str(found.ratings),
        "outdated": f"{found.outdated}; add their folders again to find them" if found.outdated else "",
        **{f"folder {number}": str(path) for number, path in enumerate(found.folders, start=1)},
    }
    for key, value in lines.items():
        if value:
            typer.echo(f"{key:10} {value}")


@library.command("remove")
@with_clean_ending
def remove(folders: Folders, place: Place = None) -> None:
    """Forget pictures. The files themselves are not touched."""
    typer.echo(f"{_gallery(place).remove(folders)} file(s) forgotten.")


@library.command("split")
@with_clean_ending
def split(folders: Folders, output: SplitOutput, link: Link = False, place: Place = None) -> None:
    """Sort pictures of two styles into OUTPUT/style-1 and OUTPUT/style-2, the larger group first."""
    from impasto.gallery.splitting import split_styles  # noqa: PLC0415

    with count_progress() as progress:
        report = split_styles(folders, output, _gallery(place), link=link, progress=progress)
    if not report.folders:
        _end(f"One style in {report.num_pictures} picture(s): nothing to split.", report.failures)
        return
    parts = [f"{count} in {folder}" for folder, count in report.folders.items()]
    _end(f"{report.num_pictures} pictures: {', '.join(parts)}.", report.failures)


def _gallery(place: Path | None) -> Gallery:
    from impasto.gallery.gallery import Gallery  # noqa: PLC0415

    return Gallery(place, say=lambda message: typer.echo(message, err=True))


def _end(summary: str, failures: Sequence[Failure]) -> None:
    for failure in failures:
        print_error(failure.message)
    typer.echo(summary)
    if failures:
        raise typer.Exit(FAILED_IN_PART)


def _draw(picture: Path, hits: Sequence[Hit], sheet: Path, overwrite: bool) -> None:
    from impasto.export.contact_sheet import picture_sheet  # noqa: PLC0415
    from impasto.media.files import check_output  # noqa: PLC0415
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import write_image  # noqa: PLC0415

    for hit in hits:
        check_output(sheet, hit.path, overwrite)
    labels = [(picture, picture.name), *((hit.path, f"{hit.likeness:.2f}  {hit.path.name}") for hit in hits)]
    write_image(Frame(picture_sheet(labels)), sheet)
    typer.echo(f"Wrote {sheet}.")

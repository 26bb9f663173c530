"""`impasto apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error
from impasto.cli.options import Jobs, Overwrite, Pictures, Quality, SkipExisting, Strength, StyleChoice
from impasto.cli.progress import file_progress

if TYPE_CHECKING:
    from impasto.apply.run import ApplyReport

OptionalOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A file, or a folder for several. Default: beside, as portrait-STYLE.jpg and shoot-STYLE/.",
        show_default=False,
    ),
]


def apply(
    pictures: Pictures,
    style: StyleChoice,
    output: OptionalOutput = None,
    strength: Strength = 1.0,
    jobs: Jobs = 1,
    quality: Quality = 95,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
) -> None:
    """Restyle pictures at their full size and depth.

    Folders keep their tree. EXIF, colour profile and XMP stay. One picture that fails does not stop the rest: it is
    named at the end, and the exit code is 1. An input itself is replaced only with --overwrite.
    """
    from impasto.api import load  # noqa: PLC0415
    from impasto.apply.run import ApplyOptions  # noqa: PLC0415

    options = ApplyOptions(jobs=jobs, skip_existing=skip_existing, overwrite=overwrite, quality=quality)
    chosen = load(style)
    pairs = chosen.plan(pictures, output)
    with file_progress(len(pairs)) as progress:
        report = chosen.apply_to_files(pairs, strength, options, progress)
    _print_report(report, dict(pairs))


def _print_report(report: ApplyReport, outputs: dict[Path, Path]) -> None:
    for _, message in report.failed:
        print_error(message)
    parts = [f"{len(report.done)} done", f"{len(report.skipped)} skipped" if report.skipped else ""]
    parts.append(f"{len(report.failed)} failed" if report.failed else "")
    where = f": {_destination([outputs[path] for path in report.done])}" if report.done else ""
    typer.echo(", ".join(filter(None, parts)) + where)
    if report.failed:
        raise typer.Exit(FAILED_IN_PART)


def _destination(outputs: list[Path]) -> str:
    """Name the one file, or how many lie beneath which folder."""
    if len(outputs) == 1:
        return str(outputs[0])
    folders = {output.parent for output in outputs}
    shared = next((folder for folder in (*folders, *min(folders).parents) if _holds_all(folder, outputs)), Path())
    return f"in {shared}"


def _holds_all(folder: Path, outputs: list[Path]) -> bool:
    return all(folder in output.parents for output in outputs)

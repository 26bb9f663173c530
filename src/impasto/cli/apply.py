"""`impasto apply`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error, print_warning
from impasto.cli.options import (
    GateMode,
    Jobs,
    KeepColor,
    Overwrite,
    Pictures,
    Quality,
    RuntimeName,
    SkipExisting,
    Strength,
    StyleChoice,
    TextureScale,
    Where,
    command_of,
)
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


@dataclass(frozen=True)
class ApplyCommand:
    """The options of `impasto apply`."""

    pictures: Pictures
    style: StyleChoice
    output: OptionalOutput = None
    strength: Strength = 1.0
    keep_color: KeepColor = False
    texture_scale: TextureScale = 1.0
    where: Where = None
    runtime: RuntimeName = "auto"
    jobs: Jobs = 1
    quality: Quality = 95
    overwrite: Overwrite = False
    skip_existing: SkipExisting = False
    gate: GateMode = "off"


@command_of(ApplyCommand)
def apply(command: ApplyCommand) -> None:
    """Restyle pictures at their full size and depth.

    Folders keep their tree. EXIF, colour profile and XMP stay. One picture that fails does not stop the rest: it is
    named at the end, and the exit code is 1. An input itself is replaced only with --overwrite.

    --style also takes a blend, 'van-gogh:0.6,watercolour:0.4', and several styles in turn, 'kodak+van-gogh'.

    With --gate, the style judges each result: 'warn' names doubtful ones at the end, 'retry' renders them again with
    less strength, and 'refuse' leaves bad ones out as failed.
    """
    from impasto.api import load  # noqa: PLC0415
    from impasto.apply.run import ApplyOptions  # noqa: PLC0415

    options = ApplyOptions(
        jobs=command.jobs,
        skip_existing=command.skip_existing,
        overwrite=command.overwrite,
        quality=command.quality,
        gate=command.gate,
    )
    chosen = load(command.style)
    pairs = chosen.plan(command.pictures, command.output)
    with file_progress(len(pairs)) as progress:
        report = chosen.apply_to_files(
            pairs,
            command.strength,
            options,
            progress,
            keep_color=command.keep_color,
            texture_scale=command.texture_scale,
            where=command.where,
            runtime=command.runtime,
        )
    _print_report(report, dict(pairs), chosen.runtime_name(command.runtime) if chosen.family == "paint" else "")


def _print_report(report: ApplyReport, outputs: dict[Path, Path], runtime: str) -> None:
    for _, message in report.warned:
        print_warning(message)
    for _, message in report.failed:
        print_error(message)
    parts = [f"{len(report.done)} done", f"{len(report.skipped)} skipped" if report.skipped else ""]
    parts.append(f"{len(report.failed)} failed" if report.failed else "")
    parts.append(f"painted by {runtime}" if report.done and runtime else "")
    parts.append(f"{len(report.warned)} with a warning" if report.warned else "")
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

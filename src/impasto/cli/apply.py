"""`impasto apply`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.cli.apply_films import apply_to_films, check_film_options, split_inputs
from impasto.cli.apply_summary import Summary
from impasto.cli.film_options import (
    ClusterAddress,
    Codec,
    Crf,
    Deinterlace,
    FinishParts,
    Inputs,
    OptionalOutput,
    Preset,
    Preview,
    ReportPath,
    Resume,
    Stills,
    Workers,
)
from impasto.cli.options import (
    GateMode,
    KeepColor,
    Overwrite,
    Quality,
    RuntimeName,
    SignWith,
    SkipExisting,
    Strength,
    StyleChoice,
    TextureScale,
    Where,
    command_of,
)
from impasto.cli.progress import file_progress
from impasto.errors import UsageError

if TYPE_CHECKING:
    from impasto.api import Style
    from impasto.apply.stylizers import StylizerOptions


@dataclass(frozen=True)
class ApplyCommand:
    """The options of `impasto apply`."""

    pictures: Inputs
    style: StyleChoice
    output: OptionalOutput = None
    strength: Strength = 1.0
    keep_color: KeepColor = False
    texture_scale: TextureScale = 1.0
    where: Where = None
    finish: FinishParts = None
    runtime: RuntimeName = "auto"
    jobs: Workers = 1
    quality: Quality = 95
    overwrite: Overwrite = False
    skip_existing: SkipExisting = False
    gate: GateMode = "off"
    resume: Resume = False
    codec: Codec = None
    crf: Crf = None
    preset: Preset = None
    deinterlace: Deinterlace = False
    preview: Preview = None
    stills: Stills = None
    report: ReportPath = None
    sign: SignWith = None
    cluster: ClusterAddress = None


@command_of(ApplyCommand)
def apply(command: ApplyCommand) -> None:
    """Restyle pictures and films at their full size and depth.

    Folders keep their tree. EXIF, colour profile and XMP stay. One picture that fails does not stop the rest: it is
    named at the end, and the exit code is 1. An input itself is replaced only with --overwrite.

    A film keeps its sound, subtitles, chapters and times; the result appears when it is complete and verified. After
    an interruption, --resume goes on where it was.

    --style also takes a blend, 'van-gogh:0.6,watercolour:0.4', and several styles in turn, 'kodak+van-gogh'.

    With --gate, the style judges each result: 'warn' names doubtful ones at the end, 'retry' renders them again with
    less strength, and 'refuse' leaves bad ones out as failed.
    """
    from impasto.api import load  # noqa: PLC0415

    check_film_options(command)
    pictures, films = split_inputs(command.pictures)
    if films and command.sign is not None:
        raise UsageError("Only photos are signed: leave --sign out, or name no films.")
    chosen = load(command.style)
    summary = Summary()
    if pictures or not films:
        _apply_to_pictures(pictures, chosen, command, summary, is_folder=bool(films))
    if films:
        apply_to_films(films, chosen, _how(command), command, summary, alone=not pictures)
    painted = chosen.family == "paint" and summary.done
    summary.show(chosen.runtime_name(command.runtime) if painted else "")


def _how(command: ApplyCommand) -> StylizerOptions:
    from impasto.apply.stylizers import StylizerOptions  # noqa: PLC0415

    return StylizerOptions(
        command.strength, command.keep_color, command.texture_scale, command.where, command.runtime, command.finish
    )


def _signing(command: ApplyCommand) -> Callable[[Path, Path], None] | None:
    if command.sign is None:
        return None
    from impasto.media.credentials import load_credentials  # noqa: PLC0415

    return partial(load_credentials(command.sign).write, style=str(command.style))


def _apply_to_pictures(
    pictures: list[Path], chosen: Style, command: ApplyCommand, summary: Summary, *, is_folder: bool
) -> None:
    """Restyle pictures; beside films, their output is a folder."""
    from impasto.apply.run import ApplyOptions  # noqa: PLC0415

    options = ApplyOptions(
        jobs=command.jobs,
        skip_existing=command.skip_existing,
        overwrite=command.overwrite,
        quality=command.quality,
        gate=command.gate,
        sign=_signing(command),
    )
    output = command.output
    if output is not None and is_folder:
        output = f"{output.removesuffix(os.sep)}{os.sep}"
    pairs = chosen.plan(pictures, output)
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
            finish=command.finish,
        )
    outputs = dict(pairs)
    summary.done += [outputs[path] for path in report.done]
    summary.num_skipped += len(report.skipped)
    summary.failed += [message for _, message in report.failed]
    summary.warned += [message for _, message in report.warned]

"""`impasto evaluate`."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.options import Strength, command_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from impasto.api import Style
    from impasto.quality.evaluation import EvaluateJob, JudgeOutput, Progress, Restyle
    from impasto.quality.results import Evaluation

OptionalStyle = Annotated[
    str | None,
    typer.Argument(
        metavar="STYLE",
        help="An installed style, or the path of a .style file, that makes the outputs. Without, give --outputs.",
        show_default=False,
    ),
]
Content = Annotated[
    list[Path],
    typer.Option("--content", metavar="PICTURES", help="Pictures before; a folder, or several by giving it again."),
]
References = Annotated[
    list[Path],
    typer.Option("--references", metavar="PICTURES", help="Pictures that show the style, in the same way."),
]
Outputs = Annotated[
    Path | None,
    typer.Option(
        "--outputs",
        metavar="FOLDER",
        help="Pictures after, whoever made them: named as their content is, whatever the suffix.",
        show_default=False,
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option("--truth", metavar="FOLDER", help="What outputs should be, named likewise.", show_default=False),
]
EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="Whose features measure: efficientnet-lite0, mobilenet-v2, resnet50, vgg16 or inception; NAME:FILE reads "
        "its weights from a file (vgg16-caffe:FILE, those of VGG's authors).",
    ),
]
Side = Annotated[int, typer.Option("--side", help="Pictures are looked at with a short side of so many pixels.")]
ReportPath = Annotated[Path, typer.Option("--report", metavar="FILE", help="Where the report with pictures goes.")]
JsonPath = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write all numbers there too.", show_default=False),
]


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of `impasto evaluate`."""

    content: Content
    references: References
    style: OptionalStyle = None
    outputs: Outputs = None
    truth: Truth = None
    strength: Strength = 1.0
    encoder: EncoderName = "efficientnet-lite0"
    side: Side = 512
    report: ReportPath = Path("report.html")
    json_path: JsonPath = None


@command_of(EvaluateOptions)
def evaluate(options: EvaluateOptions) -> None:
    """Measure how well outputs take on a style and keep their content: a table, and a report with the worst first.

    Needs the extra 'learn'. Measures a style on your photos, or, with --outputs, what any other tool made of them.
    """
    from impasto.cli.evaluation_table import print_evaluation  # noqa: PLC0415
    from impasto.quality.evaluation import evaluate as evaluate_job  # noqa: PLC0415
    from impasto.quality.report import write_report  # noqa: PLC0415

    _check_targets(options)
    start = time.perf_counter()
    with _job_of(options) as job:
        with _progress() as progress:
            evaluation = evaluate_job(job, progress)
        seconds = time.perf_counter() - start
        write_report(evaluation, options.report)
    if options.json_path is not None:
        _write_json(evaluation, options)
    print_evaluation(evaluation)
    number = len(evaluation.pictures)
    typer.echo(f"Measured {number} picture(s) in {seconds:.1f} s. Wrote {options.report}.")


@contextmanager
def _job_of(options: EvaluateOptions) -> Iterator[EvaluateJob]:
    """Yield the job; what a style makes for it is there until the block ends."""
    from impasto.api import load  # noqa: PLC0415
    from impasto.quality.evaluation import EvaluateJob  # noqa: PLC0415

    given: dict[str, Any] = {
        "content": options.content,
        "references": options.references,
        "outputs": options.outputs,
        "truth": options.truth,
        "encoder": options.encoder,
        "side": options.side,
    }
    if options.style is None:
        yield EvaluateJob(**given, title=f"{options.outputs}")
        return
    with TemporaryDirectory(prefix="impasto-") as folder:
        title = options.style if options.strength == 1 else f"{options.style} at strength {options.strength:g}"
        style = load(options.style)
        yield EvaluateJob(
            **given,
            restyle=_restyle(style, options.strength),
            restyled_dir=Path(folder),
            judge=_judge(style),
            curves=style.curves,
            title=title,
        )


def _restyle(style: Style, strength: float) -> Restyle:
    from impasto.apply.stylizer import State  # noqa: PLC0415
    from impasto.media.frame import Frame  # noqa: PLC0415

    stylizer = style.stylizer(strength)
    return lambda pixels: stylizer(Frame(pixels), State())[0].pixels


def _judge(style: Style) -> JudgeOutput | None:
    """Return how the style's gate judges; None where it carries none."""
    from impasto.errors import StyleFileError  # noqa: PLC0415

    try:
        return style.gate().judge
    except StyleFileError:
        return None


def _check_targets(options: EvaluateOptions) -> None:
    """Refuse what could not be written, or would replace an input, before any work."""
    from impasto.media.files import check_output  # noqa: PLC0415

    targets = [path for path in (options.report, options.json_path) if path is not None]
    inputs = [*options.content, *options.references, *filter(None, (options.outputs, options.truth))]
    for target in targets:
        for path in inputs:
            check_output(target, path)


def _write_json(evaluation: Evaluation, options: EvaluateOptions) -> None:
    from impasto.media.files import write_beside  # noqa: PLC0415
    from impasto.quality.report_json import evaluation_as_json  # noqa: PLC0415

    assert options.json_path is not None
    if options.style is not None:  # outputs were in a folder that is gone by now
        pictures = [replace(picture, output_path=None) for picture in evaluation.pictures]
        evaluation = replace(evaluation, pictures=pictures)
    text = json.dumps(evaluation_as_json(evaluation), indent=2, ensure_ascii=False, allow_nan=False)
    with write_beside(options.json_path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


@contextmanager
def _progress() -> Iterator[Progress]:
    """Yield what is called with the number of steps done, that of all, and what is being worked on."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _name: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=name)

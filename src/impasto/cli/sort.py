"""`impasto sort`: train, apply, evaluate, explain, show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.ending import FAILED_IN_PART, print_error, print_warning, with_clean_ending
from impasto.cli.options import Overwrite, Pictures, Seed, command_of
from impasto.cli.progress import count_progress

if TYPE_CHECKING:
    from impasto.gallery.reading import Failure
    from impasto.sorting.backbones import Kind
    from impasto.sorting.classifier import Told
    from impasto.sorting.manifest import ClassifierManifest
    from impasto.sorting.scores import Outcome

sort = typer.Typer(
    help="Teach a classifier your own classes, and sort pictures by it: train, apply, evaluate, explain, show.",
    no_args_is_help=True,
)

Labelled = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder with a folder of pictures for each class; or see --labels.")
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="CSV",
        help="A table with the columns file and label, instead of folders. Missing labels are allowed.",
        show_default=False,
    ),
]
ClassifierArgument = Annotated[
    str, typer.Argument(metavar="CLASSIFIER", help="A .classifier file, or the name of one that came with Impasto.")
]
ClassifierOutput = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The .classifier to write.")]
ReportPath = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a report in HTML there.", show_default=False),
]
Finetune = Annotated[
    bool, typer.Option("--finetune", help="Learn the last blocks of the encoder as well: slower, for unusual pictures.")
]
Start = Annotated[
    str, typer.Option("--from", metavar="NAME", help="What to start from: encoder, or none for a small network.")
]
Folds = Annotated[int, typer.Option("--folds", min=2, max=20, help="Of the cross-validation.")]
Sure = Annotated[
    float, typer.Option("--sure", help="Share of labels that should be right; in doubt, it says 'unsure'.")
]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs", min=1, max=1000, help="How often a network that is learned sees the pictures.", show_default=False
    ),
]
Private = Annotated[
    float | None,
    typer.Option(
        "--private",
        metavar="EPSILON",
        help="Teach so that the file tells of no single picture: 1 tells little, 8 more. For hundreds of pictures.",
        show_default=False,
    ),
]
LicenseNote = Annotated[str, typer.Option("--licence", help="What to note on the rights to the pictures.")]
Description = Annotated[str, typer.Option("--describe", help="A line on what the classifier tells apart.")]
Move = Annotated[bool, typer.Option("--move", help="Move pictures into a folder for each class; those unsure stay.")]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="FOLDER",
        help="Where --move makes those folders. Default: the folder given.",
        show_default=False,
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write a table: file, label, confidence.", show_default=False),
]
Picture = Annotated[Path, typer.Argument(metavar="PICTURE", help="The picture to explain.")]
PictureOutput = Annotated[Path, typer.Option("--output", "-o", metavar="PICTURE", help="The picture to write.")]
Label = Annotated[
    str | None,
    typer.Option("--label", help="The class to explain. Default: the most probable.", show_default=False),
]


@dataclass(frozen=True)
class TrainOptions:
    """The options of `impasto sort train`."""

    folder: Labelled
    output: ClassifierOutput
    labels: Labels = None
    finetune: Finetune = False
    start: Start = "encoder"
    folds: Folds = 5
    sure: Sure = 0.95
    epochs: Epochs = None
    report: ReportPath = None
    description: Description = ""
    licence: LicenseNote = ""
    seed: Seed = 0
    private: Private = None


@command_of(TrainOptions)
def train(options: TrainOptions) -> None:
    """Teach a classifier from pictures whose class is known, and measure by cross-validation how good it is.

    Needs the extra 'learn'. Pictures without a label help where that is measured to be no loss. With --private, nothing
    is measured, as that would tell of the pictures: try it with 'sort evaluate' on others.
    """
    if options.private is not None:
        _train_privately(options, options.private)
        return
    from impasto.sorting.collection import collect_labelled  # noqa: PLC0415
    from impasto.sorting.file import save_classifier  # noqa: PLC0415
    from impasto.sorting.report import write_sort_report  # noqa: PLC0415
    from impasto.sorting.training import SortRecipe, classifier_name, train_classifier  # noqa: PLC0415

    kind = _kind(options)
    _check_target(options.output, options.report, options.labels)
    recipe = SortRecipe(
        kind, options.folds, options.sure, options.epochs, options.seed, True, options.licence, options.description
    )
    found = collect_labelled(options.folder, options.labels)
    with count_progress() as progress:
        trained = train_classifier(found, recipe, classifier_name(options.output), _counting(progress))
    save_classifier(trained.file, options.output)
    for note in trained.notes:
        print_warning(note)
    _print_outcome(trained.outcome)
    if options.report is not None:
        write_sort_report(trained.report(f"{options.output.stem}: cross-validation"), options.report)
        typer.echo(f"Wrote {options.report}.")
    _end(f"Wrote {options.output}: {len(trained.file.manifest.labels)} classes.", trained.failures)


def _counting(progress: Callable[[int, int], None] | None) -> Callable[[str, int, int], None] | None:
    return None if progress is None else lambda _what, done, total: progress(done, total)


def _train_privately(options: TrainOptions, epsilon: float) -> None:
    from impasto.sorting.collection import collect_labelled  # noqa: PLC0415
    from impasto.sorting.file import save_classifier  # noqa: PLC0415
    from impasto.sorting.private_training import PrivateRecipe, train_private_classifier  # noqa: PLC0415
    from impasto.sorting.training import classifier_name  # noqa: PLC0415

    _check_private(options)
    _check_target(options.output, options.labels)
    found = collect_labelled(options.folder, options.labels)
    recipe = PrivateRecipe(epsilon, options.licence, options.description)
    with count_progress() as progress:
        trained = train_private_classifier(found, recipe, classifier_name(options.output), _counting(progress))
    manifest = save_classifier(trained.file, options.output)
    for note in trained.notes:
        print_warning(note)
    _print_account(manifest)
    _end(f"Wrote {options.output}: {len(manifest.labels)} classes, taught privately.", trained.failures)


def _check_private(options: TrainOptions) -> None:
    from impasto.errors import UsageError  # noqa: PLC0415

    because = {
        "finetune": "only the linear classifier on the encoder as it is shipped is learned privately",
        "start": "only the linear classifier on the encoder as it is shipped is learned privately",
        "epochs": "a private classifier takes as many steps as its account says",
        "folds": "a cross-validation would tell of the pictures; keep some aside for 'sort evaluate'",
        "sure": "how sure it must be would have to be measured on the pictures",
        "report": "a report shows the pictures; keep some aside for 'sort evaluate --report'",
        "seed": "who knows the seed could take the noise away",
    }
    usual = {field.name: field.default for field in fields(options)}
    for name, why in because.items():
        if getattr(options, name) != usual[name]:
            raise UsageError(f"--{'from' if name == 'start' else name} cannot go with --private: {why}.")


def _print_account(manifest: ClassifierManifest) -> None:
    if manifest.privacy is not None:
        for key, value in manifest.privacy.lines().items():
            typer.echo(f"{key:14} {value}")


@sort.command("apply")
@with_clean_ending
def apply(
    classifier: ClassifierArgument,
    pictures: Pictures,
    csv: Csv = None,
    move: Move = False,
    into: Into = None,
    overwrite: Overwrite = False,
) -> None:
    """Say of each picture which class it is of: confidence, label, path; or "unsure"."""
    from impasto.errors import UsageError  # noqa: PLC0415
    from impasto.gallery.reading import Failure  # noqa: PLC0415
    from impasto.media.files import check_output, find_pictures  # noqa: PLC0415
    from impasto.sorting.classifier import Classifier  # noqa: PLC0415
    from impasto.sorting.moving import Moved, move_pictures  # noqa: PLC0415
    from impasto.sorting.table import write_table  # noqa: PLC0415

    if into is not None and not move:
        raise UsageError("--into says where --move puts pictures: give --move, too.")
    if move and into is None and (len(pictures) != 1 or not pictures[0].is_dir()):
        raise UsageError("Say with --into where --move should put the pictures, or give a single folder.")
    loaded = Classifier.load(classifier)
    found = find_pictures(pictures)
    if csv is not None:
        for path in found:
            check_output(csv, path, overwrite)
    with count_progress() as progress:
        said = list(loaded.tell(found, progress))
    told = [each for each in said if not isinstance(each, Failure)]
    failures = [each for each in said if isinstance(each, Failure)]
    moved = move_pictures(told, into or pictures[0]) if move else Moved()
    if csv is not None:
        write_table(told, csv, moved.places)
    else:
        _print_told(told, moved.places)
    counts = Counter(each.label for each in told)
    parts = [f"{count} {label}" for label, count in counts.most_common()]
    parts += [f"{len(moved.places)} moved"] if move else []
    _end(f"{len(told)} picture(s): {', '.join(parts) or 'none'}.", [*failures, *moved.failures])


@sort.command("evaluate")
@with_clean_ending
def evaluate(
    classifier: ClassifierArgument, folder: Labelled, labels: Labels = None, report: ReportPath = None
) -> None:
    """Compare what a classifier says with what is known, on pictures that it did not learn from."""
    from impasto.sorting.classifier import Classifier, evaluate_classifier  # noqa: PLC0415
    from impasto.sorting.collection import collect_labelled  # noqa: PLC0415
    from impasto.sorting.private_training import private_notes  # noqa: PLC0415
    from impasto.sorting.report import SortReport, write_sort_report  # noqa: PLC0415

    loaded = Classifier.load(classifier)
    if report is not None:
        _check_target(report, labels)
    with count_progress() as progress:
        evaluated = evaluate_classifier(loaded, collect_labelled(folder, labels), progress)
    for note in evaluated.notes:
        print_warning(note)
    _print_outcome(evaluated.outcome)
    _print_account(loaded.file.manifest)
    summary = f"Measured {len(evaluated.outcome.targets)} picture(s)."
    if report is not None:
        title = f"{loaded.file.manifest.name} on {folder.resolve().name}"
        notes = (*evaluated.notes, *private_notes(loaded.file.manifest))
        write_sort_report(SortReport(title, evaluated.outcome, notes), report)
        summary += f" Wrote {report}."
    _end(summary, evaluated.failures)


@sort.command("explain")
@with_clean_ending
def explain(
    classifier: ClassifierArgument,
    picture: Picture,
    output: PictureOutput,
    label: Label = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw which parts of a picture speak for its class: the photo, Grad-CAM, integrated gradients.

    Also says how like the maps of a network with shuffled weights are: near 1, a map shows edges, not what was learned.
    """
    from impasto.media.files import check_output  # noqa: PLC0415
    from impasto.media.frame import Frame  # noqa: PLC0415
    from impasto.media.image_write import check_picture_suffix, write_image  # noqa: PLC0415
    from impasto.sorting.classifier import Classifier  # noqa: PLC0415
    from impasto.sorting.explaining import draw_explanation, explain_picture  # noqa: PLC0415

    check_picture_suffix(output)
    check_output(output, picture, overwrite)
    explanation = explain_picture(Classifier.load(classifier), picture, label)
    write_image(Frame(draw_explanation(explanation, picture)), output)
    told = explanation.told
    typer.echo(f"{told.confidence:.2f}  {told.label}  {picture}")
    for method, likeness in explanation.chance.items():
        typer.echo(f"{method}: for {explanation.target}; likeness to chance {likeness:.2f}")
    typer.echo(f"Wrote {output}: the photo, {', '.join(explanation.maps)}.")


@sort.command("show")
@with_clean_ending
def show(classifier: ClassifierArgument) -> None:
    """Show what a classifier says about itself: its classes, what it was taught with, and how good it is."""
    from impasto.sorting.file import find_classifier, load_classifier_manifest  # noqa: PLC0415

    path = find_classifier(Path(classifier))
    manifest = load_classifier_manifest(path)
    counts = dict(zip(manifest.labels, manifest.counts, strict=False))
    measured = manifest.measured
    lines = {
        "name": manifest.name,
        "description": manifest.description,
        "file": f"{path} ({path.stat().st_size / 1e3:.0f} kB)",
        "created": f"{manifest.created}, with Impasto {manifest.impasto_version}",
        "classes": ", ".join(f"{label} ({counts[label]})" if label in counts else label for label in manifest.labels),
        "without label": str(manifest.num_unlabelled) if manifest.num_unlabelled else "",
        "sees with": manifest.backbone.value,
        "accuracy": f"{_percent(measured.accuracy)} ({_percent(measured.low)} to {_percent(measured.high)}), "
        f"in {measured.num_folds} folds"
        if measured
        else "",
        "unsure below": f"{manifest.threshold:.2f}",
        "licence note": manifest.license_note,
    }
    for key, value in lines.items():
        if value:
            typer.echo(f"{key:14} {value}")
    _print_account(manifest)


sort.command("train")(with_clean_ending(train))


def _kind(options: TrainOptions) -> Kind:
    from impasto.errors import UsageError  # noqa: PLC0415
    from impasto.sorting.backbones import Kind  # noqa: PLC0415

    if options.start not in ("encoder", "none"):
        raise UsageError(f"--from takes 'encoder' or 'none', not {options.start!r}.")
    if options.start == "none" and options.finetune:
        raise UsageError("--finetune goes on from the encoder; --from none starts without it. Give one of them.")
    if options.start == "none":
        return Kind.SMALL
    return Kind.FINETUNED if options.finetune else Kind.FROZEN


def _check_target(target: Path, *others: Path | None) -> None:
    from impasto.media.files import check_output  # noqa: PLC0415

    for other in others:
        if other is not None:
            check_output(target, other)
    check_output(target, target.with_name(target.name + "~"))


def _print_told(told: Sequence[Told], places: dict[Path, Path]) -> None:
    width = max((len(each.label) for each in told), default=0)
    for each in told:
        doubt = "" if each.label == each.guess else f"  ({each.guess}?)"
        typer.echo(f"{each.confidence:.2f}  {each.label:{width}}  {places.get(each.path, each.path)}{doubt}")


def _print_outcome(outcome: Outcome) -> None:
    low, high = outcome.interval
    width = max(map(len, (*outcome.labels, "class")))
    typer.echo(f"{'class':{width}}  pictures  precision  recall")
    for score in outcome.per_class():
        precision, recall = _percent(score.precision), _percent(score.recall)
        typer.echo(f"{score.label:{width}}  {score.num_true:8}  {precision:>9}  {recall:>6}")
    folds = len(outcome.fold_accuracies)
    where = f" in {folds} folds" if folds else ""
    typer.echo(f"Accuracy{where} {_percent(outcome.accuracy)} (95 % interval {_percent(low)} to {_percent(high)}).")
    said = f"Labels {_percent(outcome.coverage)} of them"
    typer.echo(f"{said}, {_percent(outcome.sure_accuracy)} of these rightly; 'unsure' of the rest.")


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _end(summary: str, failures: Sequence[Failure]) -> None:
    for failure in failures:
        print_error(failure.message)
    typer.echo(summary)
    if failures:
        raise typer.Exit(FAILED_IN_PART)

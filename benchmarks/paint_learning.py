"""How much of a style is in what a paint style makes of portraits, and whether the faces are whole.

    python benchmarks/paint_learning.py --references FOLDER --portraits FOLDER --style A.style [--style B.style ...]
    python benchmarks/paint_learning.py --references FOLDER --content FOLDER --portraits FOLDER \
        --minutes 10 --from trunk --from none [--keep DIR]

Portraits must be in nothing that was learned from. What is learned here takes `--num-references` of the references,
and is held against those that it did not see, where there are 30 of them; styles from files are held against all.
Portraits as they are count as 0 % and references as 100 % of the way down in patch-KID. The landmark shift is the
median over portraits, in distances between the eyes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import impasto
from impasto.media.files import find_pictures
from impasto.quality.evaluation import EvaluateJob, Levels, evaluate
from impasto.quality.results import Evaluation

LEAST_DOWN, LEAST_FACES, MOST_SHIFT = 60, 0.98, 0.03
FEWEST_UNSEEN = 30
WORST = ("checkerboard", "border_frame", "halo", "blotchiness")


@dataclass(frozen=True)
class Figures:
    """One row of the table.

    Attributes
    ----------
    worst
        The mean of each metric of artefacts, and of the worst tenth of portraits.
    """

    patch_kid: float
    untouched: float
    faces: float
    shift: float
    content_distance: float
    sharpness: float
    diversity_kept: float
    worst: dict[str, tuple[float, float]]
    seconds: float
    learning_seconds: float | None = None

    @property
    def down(self) -> float:
        """Percent of the way from untouched portraits to the references."""
        return 100 * (1 - self.patch_kid / self.untouched)

    @property
    def meets_bars(self) -> bool:
        return self.down >= LEAST_DOWN and self.faces >= LEAST_FACES and self.shift <= MOST_SHIFT


class Timed:
    """Applies a style, and remembers how long that took."""

    def __init__(self, style: impasto.Style) -> None:
        self.style = style
        self.seconds: list[float] = []

    def __call__(self, levels: Levels) -> Levels:
        start = time.perf_counter()
        output = self.style.apply(levels)
        self.seconds.append(time.perf_counter() - start)
        return output


def measure(
    style: impasto.Style, references: Sequence[Path], portraits: Sequence[Path], side: int, report: Path | None = None
) -> Figures:
    restyle = Timed(style)
    with TemporaryDirectory() as folder:
        job = EvaluateJob(portraits, references, restyle=restyle, restyled_dir=Path(folder), side=side)
        evaluation = evaluate(job)
        if report is not None:
            from impasto.quality.report import write_report  # noqa: PLC0415

            write_report(evaluation, report)
    return figures_of(evaluation, statistics.median(restyle.seconds))


def figures_of(evaluation: Evaluation, seconds: float) -> Figures:
    metrics = {metric.name: metric for metric in evaluation.metrics}

    def value(name: str) -> float:
        found = metrics[name].value if name in metrics else None
        return float("nan") if found is None else found

    def each(name: str) -> list[float]:
        return sorted(picture.metrics[name] for picture in evaluation.pictures if name in picture.metrics)

    def worst_tenth(name: str) -> float:
        numbers = each(name)
        return statistics.fmean(numbers[-max(1, len(numbers) // 10) :]) if numbers else float("nan")

    shifts = each("landmark_shift")
    return Figures(
        value("patch_kid"),
        metrics["patch_kid"].untouched or float("nan"),
        value("faces_kept"),
        statistics.median(shifts) if shifts else float("nan"),
        value("content_distance"),
        value("sharpness"),
        value("diversity_kept"),
        {name: (value(name), worst_tenth(name)) for name in WORST},
        seconds,
    )


def learn(options: argparse.Namespace, start: str, references: Sequence[Path]) -> tuple[impasto.Style, float]:
    """Learn a style from the trunk or from nothing, and tell how many seconds that took."""
    limits = {"steps": options.steps} if options.steps else {"minutes": options.minutes}
    output = None
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        output = options.keep / f"from-{start}.style"
    began = time.perf_counter()
    learned = impasto.learn(
        list(references), options.content, output=output, family="paint", from_trunk=start, seed=options.seed, **limits
    )
    return learned, time.perf_counter() - began


def print_header(num_portraits: int, num_references: int) -> None:
    print(f"{num_portraits} portraits against {num_references} references; artefacts: mean, and worst tenth")
    heads = ("patch-KID", "down %", "faces", "shift", "content", "sharp", "diverse", *WORST, "ms", "bars")
    print(f"{'':24}" + "".join(f"{head:>14}" if head in WORST else f"{head:>10}" for head in heads))


def print_row(name: str, row: Figures) -> None:
    cells = [
        f"{row.patch_kid:.4g}", f"{row.down:.0f}", f"{row.faces:.1%}", f"{row.shift:.2%}",
        f"{row.content_distance:.3f}", f"{row.sharpness:.2f}", f"{row.diversity_kept:.2f}",
    ]  # fmt: skip
    artefacts = [f"{mean:.1f} {tenth:.1f}" for mean, tenth in row.worst.values()]
    bars = "met" if row.meets_bars else "MISSED"
    print(
        f"{name[:23]:24}"
        + "".join(f"{cell:>10}" for cell in cells)
        + "".join(f"{cell:>14}" for cell in artefacts)
        + f"{1000 * row.seconds:10.0f}{bars:>10}",
        flush=True,
    )
    if row.learning_seconds is not None:
        print(f"{'':24}learned in {row.learning_seconds:.0f} s")


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """Take so many at even spacing; all where there are fewer."""
    return [paths[index * len(paths) // count] for index in range(count)] if len(paths) > count else list(paths)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--style", action="append", default=[])
    parser.add_argument("--content", type=Path, help="photos to learn with")
    parser.add_argument("--from", dest="starts", action="append", choices=["trunk", "none"], default=[])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-references", type=int, default=60)
    parser.add_argument("--count", type=int, default=60, help="portraits, taken evenly")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="for styles that were learned, and reports")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not options.style and not options.starts:
        parser.error("give --style or --from: what is to be measured?")
    if options.starts and options.content is None:
        parser.error("learning takes --content")
    return options


def report_of(options: argparse.Namespace, name: str) -> Path | None:
    if options.keep is None:
        return None
    options.keep.mkdir(parents=True, exist_ok=True)
    return Path(options.keep) / f"{name}.html"


def main() -> None:
    options = parsed()
    references = list(find_pictures([options.references]))
    portraits = evenly(list(find_pictures([options.portraits])), options.count)
    rows: dict[str, Figures] = {}
    if options.style:
        print_header(len(portraits), len(references))
    for style in map(impasto.load, options.style):
        rows[style.name] = measure(style, references, portraits, options.side, report_of(options, style.name))
        print_row(style.name, rows[style.name])
    learned_from = evenly(references, options.num_references)
    unseen = [path for path in references if path not in set(learned_from)]
    against = unseen if len(unseen) >= FEWEST_UNSEEN else references
    if options.starts:
        print_header(len(portraits), len(against))
    for start in options.starts:
        learned, seconds = learn(options, start, learned_from)
        name = f"from {start}"
        found = measure(learned, against, portraits, options.side, report_of(options, f"from-{start}"))
        rows[name] = Figures(**{**vars(found), "learning_seconds": seconds})
        print_row(name, rows[name])
    if options.json:
        plain = {name: {**asdict(row), "down": row.down} for name, row in rows.items()}
        options.json.write_text(json.dumps(plain, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

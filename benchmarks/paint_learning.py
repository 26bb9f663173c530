"""How much of a style is in what a paint style makes of portraits, and whether the faces are whole.

    python benchmarks/paint_learning.py --references FOLDER --portraits FOLDER --style A.style [--style B.style ...]
    python benchmarks/paint_learning.py --references FOLDER --content FOLDER --portraits FOLDER \
        --minutes 10 --from trunk --from none [--keep DIR]

Portraits must be in nothing that was learned from. What is learned here takes `--num-references` of the references,
and is held against those that it did not see, where there are 30 of them; styles from files are held against all.
Portraits as they are count as 0 % and references as 100 % of the way down in patch-KID; the landmark shift is the
median over portraits, in distances between the eyes. Style is seen at the size of the references, since in a picture
twice as large each stroke is twice as long. A row of portraits with mere grain says how far down noise
alone gets: a style has to beat that, too. After the bars stand artefacts that show on average.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image as PillowImage

import impasto
from impasto.media.files import find_pictures
from impasto.media.frame import Frame
from impasto.media.image_read import picture_size, read_thumbnail_srgb
from impasto.media.image_write import write_image
from impasto.quality.artefacts import Blotchiness, BorderFrame, Change, Halo
from impasto.quality.evaluation import SMALLEST_SIDE, EvaluateJob, Levels, Restyle, evaluate
from impasto.quality.faces import FacePair, FacesKept, LandmarkShift
from impasto.quality.health import CheckerboardEnergy, Sharpness
from impasto.quality.metric import Image, SharedPairMetric
from impasto.quality.report import write_report
from impasto.quality.results import Evaluation

LEAST_DOWN, LEAST_FACES, MOST_SHIFT = 60, 0.98, 0.03
FEWEST_UNSEEN = 30
LARGEST_SIDE = 512
WORKING_SIDE = 448
GRAIN = 18  # levels of 255
SHOWS_FROM = {"checkerboard": 10, "border_frame": 6, "halo": 3, "blotchiness": 3}
WORST = tuple(SHOWS_FROM)
PAIR_METRICS: tuple[type[SharedPairMetric[Any]], ...] = (FacesKept, LandmarkShift, BorderFrame, Halo, Blotchiness)


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


def with_grain(levels: Levels) -> Levels:
    """Add noise as strong as a painting's texture: what a network does that has learned no stroke."""
    noise = np.random.default_rng(0).normal(0, GRAIN, (*levels.shape[:2], 1))
    grainy: Levels = np.clip(levels + noise, 0, 255).round().astype(np.uint8)
    return grainy


def measure(
    paint: Restyle, references: Sequence[Path], portraits: Sequence[Path], side: int, report: Path | None = None
) -> Figures:
    """Paint portraits; see style and content at `side`, and faces and artefacts as painted."""
    seconds: list[float] = []
    numbers: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder:
        for path in portraits:
            content = at_working_size(path)
            start = time.perf_counter()
            output = paint(content)
            seconds.append(time.perf_counter() - start)
            write_image(Frame(output), Path(folder) / f"{path.stem}.png")
            for name, number in single_numbers(floats(output), floats(content)).items():
                numbers.setdefault(name, []).append(number)
        evaluation = evaluate(EvaluateJob(portraits, references, outputs=Path(folder), side=side))
        if report is not None:
            write_report(evaluation, report)
    return figures_of(evaluation, numbers, statistics.median(seconds))


def at_working_size(path: Path) -> Levels:
    """Read a portrait at the size that a network works at: resampling on the way back would hide its grids."""
    levels = read_thumbnail_srgb(path, WORKING_SIDE, fit_short_side=True)
    scale = WORKING_SIDE / min(levels.shape[:2])
    size = (round(levels.shape[1] * scale), round(levels.shape[0] * scale))
    return np.asarray(PillowImage.fromarray(levels).resize(size, PillowImage.Resampling.BICUBIC))


def single_numbers(output: Image, content: Image) -> dict[str, float]:
    """Return what one picture says of faces and artefacts, by metric; what has no meaning for it is left out."""
    pairs = {kind: kind(output, content) for kind in (FacePair, Change)}
    found: dict[str, float] = {}
    for pair_kind in PAIR_METRICS:
        metric = pair_kind()
        metric.update_pair(pairs[pair_kind.pair_class])
        found[pair_kind.name] = metric.compute()
    for image_kind in (CheckerboardEnergy, Sharpness):
        alone = image_kind()
        alone.update(output)
        found[image_kind.name] = alone.compute()
    return {name: number for name, number in found.items() if np.isfinite(number)}


def figures_of(evaluation: Evaluation, numbers: Mapping[str, Sequence[float]], seconds: float) -> Figures:
    metrics = {metric.name: metric for metric in evaluation.metrics}

    def of_all(name: str) -> float:
        found = metrics[name].value
        return float("nan") if found is None else found

    def summed_up(name: str, by: Callable[[Sequence[float]], float]) -> float:
        return by(sorted(numbers[name])) if numbers.get(name) else float("nan")

    return Figures(
        patch_kid=of_all("patch_kid"),
        untouched=metrics["patch_kid"].untouched or float("nan"),
        faces=summed_up("faces_kept", statistics.fmean),
        shift=summed_up("landmark_shift", statistics.median),
        content_distance=of_all("content_distance"),
        sharpness=summed_up("sharpness", statistics.fmean),
        diversity_kept=of_all("diversity_kept"),
        worst={name: (summed_up(name, statistics.fmean), summed_up(name, worst_tenth)) for name in WORST},
        seconds=seconds,
    )


def worst_tenth(numbers: Sequence[float]) -> float:
    """Average the last tenth of sorted numbers."""
    return statistics.fmean(numbers[-max(1, len(numbers) // 10) :])


def floats(levels: Levels) -> Image:
    return levels.astype(np.float32) / np.float32(255)


def learn(options: argparse.Namespace, start: str, references: Sequence[Path]) -> tuple[impasto.Style, float]:
    """Learn a style from the trunk or from nothing, and tell how many seconds that took."""
    limits = {"steps": options.steps} if options.steps else {"minutes": options.minutes}
    output = None
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        output = options.keep / f"from-{start}.style"
    began = time.perf_counter()
    learned = impasto.learn(
        list(references), options.content, output=output, family="paint", start=start, seed=options.seed, **limits
    )
    return learned, time.perf_counter() - began


def side_of(references: Sequence[Path]) -> int:
    """Return the median short side of references, within reason."""
    side = int(statistics.median(min(picture_size(path)) for path in references))
    return max(SMALLEST_SIDE, min(side, LARGEST_SIDE))


def print_header(num_portraits: int, num_references: int, side: int) -> None:
    print(
        f"{num_portraits} portraits against {num_references} references at {side} pixels; artefacts: mean, worst tenth"
    )
    heads = ("patch-KID", "down %", "faces", "shift", "content", "sharp", "diverse", *WORST, "ms", "  bars, artefacts")
    print(f"{'':24}" + "".join(f"{head:>14}" if head in WORST else f"{head:>10}" for head in heads))


def print_row(name: str, row: Figures) -> None:
    cells = [
        f"{row.patch_kid:.4g}", f"{row.down:.0f}", f"{row.faces:.1%}", f"{row.shift:.2%}",
        f"{row.content_distance:.3f}", f"{row.sharpness:.2f}", f"{row.diversity_kept:.2f}",
    ]  # fmt: skip
    artefacts = [f"{mean:.1f} {tenth:.1f}" for mean, tenth in row.worst.values()]
    showing = [artefact for artefact, (mean, _) in row.worst.items() if mean >= SHOWS_FROM[artefact]]
    bars = ", ".join(["met" if row.meets_bars else "MISSED", *showing])
    print(
        f"{name[:23]:24}"
        + "".join(f"{cell:>10}" for cell in cells)
        + "".join(f"{cell:>14}" for cell in artefacts)
        + f"{1000 * row.seconds:10.0f}  {bars}",
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
    parser.add_argument("--side", type=int, help="at which pictures are seen; by default that of the references")
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
    side = options.side or side_of(references)
    rows: dict[str, Figures] = {}

    def measured(name: str, paint: Restyle, against: Sequence[Path], seconds: float | None = None) -> None:
        found = measure(paint, against, portraits, side, report_of(options, name.replace(" ", "-")))
        rows[name] = Figures(**{**vars(found), "learning_seconds": seconds})
        print_row(name, rows[name])

    print_header(len(portraits), len(references), side)
    measured("photos with grain", with_grain, references)
    for style in map(impasto.load, options.style):
        measured(style.name, style.apply, references)
    learned_from = evenly(references, options.num_references)
    unseen = [path for path in references if path not in set(learned_from)]
    against = unseen if len(unseen) >= FEWEST_UNSEEN else references
    if options.starts:
        print_header(len(portraits), len(against), side)
    for start in options.starts:
        learned, seconds = learn(options, start, learned_from)
        measured(f"from {start}", learned.apply, against, seconds)
    if options.json:
        plain = {name: {**asdict(row), "down": row.down} for name, row in rows.items()}
        options.json.write_text(json.dumps(plain, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

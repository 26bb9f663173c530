"""How well pictures are sorted: accuracy, what pictures without labels add, confidence, strangers, explanations.

    python benchmarks/sorting.py [--data ../shared/data/classify/caltech101_10] [--per-class 60] [--repeats 3]
        [--strangers ../shared/data/content/kodak24] [--explained 10]

The data are a folder with a folder for each class. Every picture is looked at once by the shipped encoder; all tables
are of linear classifiers on what it saw. The gain of pictures without labels is measured on pictures that were neither
learned from nor seen without their label. The check of explanations compares the maps of a picture with those of a
network whose weights were shuffled: 1 is the same map, 0 nothing in common.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.media.files import find_pictures
from impasto.media.image_read import read_thumbnail_srgb
from impasto.sorting.classifier import Classifier, Told
from impasto.sorting.collection import LabelledPictures, collect_labelled
from impasto.sorting.explaining import METHODS, explain_picture
from impasto.sorting.folds import UNLABELLED, stratified_folds
from impasto.sorting.pseudo_labels import fit_with_guesses
from impasto.sorting.reading import squeezed
from impasto.sorting.regression import fit_head
from impasto.sorting.training import SortRecipe, Trained, train_classifier

LABELS_PER_CLASS = (1, 3, 10)


def part_of(pictures: LabelledPictures, per_class: int) -> LabelledPictures:
    """Keep the first pictures of each class."""
    kept: dict[Path, str | None] = {}
    counts: dict[str | None, int] = {}
    for path, label in zip(pictures.paths, pictures.labels, strict=True):
        counts[label] = counts.get(label, 0) + 1
        if counts[label] <= per_class:
            kept[path] = label
    return LabelledPictures(tuple(kept), tuple(kept.values()))


def print_accuracy(trained: Trained, seconds: float) -> None:
    """Print what cross-validation found."""
    outcome = trained.outcome
    low, high = outcome.interval
    folds = " ".join(f"{100 * each:.1f}" for each in outcome.fold_accuracies)
    print(f"{len(outcome.labels)} classes, {len(outcome.targets)} pictures, {seconds:.1f} s in all")
    print(f"accuracy             {100 * outcome.accuracy:6.2f} %  95 % interval {100 * low:.2f} to {100 * high:.2f}")
    print(f"  by fold            {folds}")
    print(f"labelled             {100 * outcome.coverage:6.2f} %  of these right {100 * outcome.sure_accuracy:.2f} %")
    print(f"calibration error    {100 * outcome.calibration_error:6.2f} %")
    for note in trained.notes:
        print(f"note: {note}")


def features_of(classifier: Classifier, paths: Sequence[Path]) -> NDArray[np.float32]:
    """Look at pictures."""
    side = classifier.backbone.side
    parts = []
    for first in range(0, len(paths), 16):
        batch = [read_thumbnail_srgb(path, side, fit_short_side=True) for path in paths[first : first + 16]]
        parts.append(classifier.backbone.features(np.stack([squeezed(each, side) for each in batch])))
    return np.concatenate(parts)


def print_gain(features: NDArray[np.float32], targets: NDArray[np.int64], repeats: int) -> None:
    """Print the accuracy with few labels, without and with the pictures that have none."""
    num_classes = int(targets.max()) + 1
    print("\nlabels a class   labels alone   with guesses     gain")
    for number in LABELS_PER_CLASS:
        alone: list[float] = []
        helped: list[float] = []
        for seed in range(repeats):
            random = np.random.default_rng(seed)
            folds = stratified_folds(targets, np.arange(len(targets)), 5, seed)
            for fold in range(5):
                outside, inside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
                few = np.full(len(outside), UNLABELLED, np.int64)
                for label in range(num_classes):
                    few[random.permutation(np.flatnonzero(targets[outside] == label))[:number]] = label
                heads = (
                    fit_head(features[outside], few, num_classes),
                    fit_with_guesses(features[outside], few, num_classes).head,
                )
                for found, head in zip((alone, helped), heads, strict=True):
                    found.append(float((head.logits(features[inside]).argmax(1) == targets[inside]).mean()))
        gains = np.array(helped) - np.array(alone)
        spread = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
        print(
            f"{number:14}   {100 * np.mean(alone):10.2f} %   {100 * np.mean(helped):10.2f} %   "
            f"{100 * gains.mean():+6.2f} ± {100 * spread:.2f}"
        )


def print_strangers(classifier: Classifier, folder: Path) -> None:
    """Print how many pictures of other things get a label."""
    said = [each for each in classifier.tell(find_pictures([folder])) if isinstance(each, Told)]
    unsure = sum(each.label not in classifier.labels for each in said)
    print(f"\n{folder.name}: unsure of {unsure} of {len(said)} pictures, most of which show none of the classes")


def print_explanations(classifier: Classifier, pictures: LabelledPictures, number: int) -> None:
    """Print how like maps of shuffled networks are to those of the classifier."""
    step = max(1, len(pictures.paths) // number)
    found = [explain_picture(classifier, path).chance for path in pictures.paths[::step][:number]]
    print("\nexplanation            likeness to chance: mean   highest")
    for method in METHODS:
        values = [each[method] for each in found]
        print(f"{method:22} {np.mean(values):26.2f}   {max(values):7.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/classify/caltech101_10"))
    parser.add_argument("--strangers", type=Path, default=Path("../shared/data/content/kodak24"))
    parser.add_argument("--per-class", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--explained", type=int, default=10)
    options = parser.parse_args()
    pictures = part_of(collect_labelled(options.data), options.per_class)
    start = time.perf_counter()
    trained = train_classifier(pictures, SortRecipe(), "benchmark")
    print_accuracy(trained, time.perf_counter() - start)
    classifier = Classifier(trained.file)
    paths = trained.outcome.paths
    if options.repeats:
        print_gain(features_of(classifier, paths), trained.outcome.targets, options.repeats)
    if options.strangers.exists():
        print_strangers(classifier, options.strangers)
    if options.explained:
        print_explanations(classifier, pictures, options.explained)


if __name__ == "__main__":
    main()

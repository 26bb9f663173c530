"""What `sort train --private EPSILON` buys and costs: accuracy, and how well somebody can tell what was learned from.

    python benchmarks/privacy.py --models 64 --epsilons 8 4 2 1
    python benchmarks/privacy.py ../shared/data/classify/caltech101_10 --pictures 480 --models 64 --epsilons 8 4 2 1

The pictures are those of a folder with a folder for each class, or scikit-learn's digits, enlarged. They are read and
looked at as the command does, and each classifier is what it would have written, saved and loaded again. The attacker
knows all pictures and their classes, and trains as many classifiers of the same kind on random halves of them as there
are, to learn how sure a classifier is of each picture that it has learned, and of each that it has not (the
likelihood-ratio attack of Carlini et al. 2022). Half of all pictures were learned, so an area of 0.5 under the
attacker's curve is blind guessing.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score, roc_curve

from impasto.errors import UsageError
from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.collection import collect_labelled
from impasto.sorting.file import load_classifier, save_classifier
from impasto.sorting.private_training import FEATURE_BOUND, PrivateRecipe, private_file, public_directions
from impasto.sorting.regression import fit_head
from impasto.sorting.training import read_material
from impasto.train.private_linear import NUM_DIRECTIONS, NUM_STEPS, PrivacyAccount, fit_with

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Scores = Callable[[NDArray[np.float32]], Floats]
Learn = Callable[[NDArray[np.float32], Indices, int], Scores]

DIGIT_SIDE = 64


@dataclass(frozen=True, eq=False)
class Seen:
    """Features N×F of the shipped encoder, and classes N, in an order drawn by chance."""

    features: NDArray[np.float32]
    targets: Indices
    labels: tuple[str, ...]
    directions: Floats


def write_digits(folder: Path, number: int) -> None:
    """Save the digits as pictures that are large enough to be looked at."""
    pixels, targets = load_digits(return_X_y=True)
    for index, (digit, target) in enumerate(zip(pixels[:number], targets[:number], strict=True)):
        place = folder / f"digit {target}"
        place.mkdir(exist_ok=True)
        image = Image.fromarray((digit.reshape(8, 8) * (255 / 16)).astype(np.uint8))
        image.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC).convert("RGB").save(place / f"{index}.png")


def seen_in(folder: Path) -> Seen:
    found = collect_labelled(folder)
    backbone = Backbone(Kind.FROZEN)
    reading = read_material(found, backbone, None)
    labels = tuple(sorted(found.counts))
    targets = np.array([labels.index(str(label)) for label in reading.labels], np.int64)
    order = np.random.default_rng(0).permutation(len(targets))
    return Seen(np.concatenate(reading.parts)[order], targets[order], labels, public_directions(backbone))


def plain(seen: Seen) -> Learn:
    def learn(features: NDArray[np.float32], targets: Indices, _seed: int) -> Scores:
        head = fit_head(features, targets, len(seen.labels))
        return lambda tested: head.logits(tested).astype(np.float64)

    return learn


def private(seen: Seen, epsilon: float, folder: Path) -> Learn:
    path = folder / "private.classifier"

    def learn(features: NDArray[np.float32], targets: Indices, _seed: int) -> Scores:
        file = private_file(features, targets, seen.labels, PrivateRecipe(epsilon), "private", seen.directions)
        save_classifier(file, path)
        loaded = load_classifier(path)
        return lambda tested: loaded.head.logits(tested).astype(np.float64) / loaded.manifest.temperature

    return learn


def without_noise(seen: Seen) -> Learn:
    def learn(features: NDArray[np.float32], targets: Indices, seed: int) -> Scores:
        account = PrivacyAccount(math.inf, 0.0, 0.0, 0.0, NUM_STEPS, len(features))
        random = np.random.default_rng(seed)
        rows = features @ seen.directions.T
        learned = fit_with(account, rows, targets, len(seen.labels), FEATURE_BOUND, random)
        return lambda tested: learned.logits(tested @ seen.directions.T)

    return learn


def sureness(logits: Floats, targets: Indices) -> Floats:
    """Return the log-odds of the true class."""
    lifted = logits - logits.max(axis=1, keepdims=True)
    chosen = lifted[np.arange(len(targets)), targets]
    others = np.where(np.arange(logits.shape[1]) == targets[:, None], -np.inf, lifted)
    highest = others.max(axis=1)
    return np.asarray(chosen - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))


def suspicion(sure: Floats, learned: NDArray[np.bool_]) -> Floats:
    """Return, of each classifier M and picture N, the log of how much likelier it is that the picture was learned."""
    result = np.zeros_like(sure)
    for target in range(len(sure)):
        rest = np.arange(len(sure)) != target
        inside, outside = learned[rest], ~learned[rest]
        means = [(sure[rest] * each).sum(axis=0) / np.maximum(each.sum(axis=0), 1) for each in (inside, outside)]
        errors = (sure[rest] - np.where(inside, *means)) ** 2
        variance = errors.mean() + errors.mean(axis=0)
        result[target] = ((sure[target] - means[1]) ** 2 - (sure[target] - means[0]) ** 2) / variance
    return result


def attack(seen: Seen, learn: Learn, given: argparse.Namespace) -> dict[str, float]:
    """Train on random halves, attack every classifier with the help of the others, and test on other pictures."""
    number, features, targets = given.pictures, seen.features, seen.targets
    random = np.random.default_rng(1)
    learned = np.array([random.permutation(number) < number // 2 for _ in range(given.models)])
    held, truth = features[:number], targets[:number]
    sure, right = [], []
    for seed, chosen in enumerate(learned):
        scores = learn(held[chosen], truth[chosen], seed)
        sure.append(sureness(scores(held), truth))
        right.append(float((scores(features[number:]).argmax(axis=1) == targets[number:]).mean()))
    suspected = suspicion(np.array(sure), learned)
    false, true, _ = roc_curve(learned.ravel(), suspected.ravel())
    return {
        "accuracy": float(np.mean(right)),
        "deviation": float(np.std(right)),
        "area": float(roc_auc_score(learned.ravel(), suspected.ravel())),
        "found": float(np.interp(0.01, false, true)),
    }


def table(seen: Seen, given: argparse.Namespace, folder: Path) -> None:
    tested = len(seen.targets) - given.pictures
    print(f"{given.pictures // 2} pictures of {len(seen.labels)} classes, {given.models} classifiers each, ", end="")
    print(f"tested on {tested} others\n")
    print(f"{'':38} {'accuracy':>15} {'attack: area':>13} {'found at 1 % false':>19} {'at most':>8}  seconds")
    rows: list[tuple[str, Learn, float]] = [
        ("plain", plain(seen), math.inf),
        (f"{NUM_DIRECTIONS} directions, cut, no noise", without_noise(seen), math.inf),
    ]
    rows += [(f"--private {epsilon:g}", private(seen, epsilon, folder), epsilon) for epsilon in given.epsilons]
    for title, learn, epsilon in rows:
        began = time.perf_counter()
        try:
            result: dict[str, Any] = attack(seen, learn, given)
        except UsageError as error:
            print(f"{title:38} refused: {error}", flush=True)
            continue
        accuracy = f"{result['accuracy']:.1%} ± {result['deviation']:.1%}"
        most = "" if math.isinf(epsilon) else f"{min(1.0, math.exp(epsilon) * 0.01 + 1e-5):.1%}"
        seconds = time.perf_counter() - began
        shown = f"{accuracy:>15} {result['area']:13.3f} {result['found']:19.1%} {most:>8}"
        print(f"{title:38} {shown}  {seconds:7.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="a folder for each class; digits where none is given")
    parser.add_argument("--epsilons", type=float, nargs="*", default=[8.0, 4.0, 2.0, 1.0, 0.1])
    parser.add_argument("--models", type=int, default=32)
    parser.add_argument("--pictures", type=int, default=1200, help="half of which each classifier learns from")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        digits = Path(temporary) / "digits"
        digits.mkdir()
        if given.folder is None:
            write_digits(digits, given.pictures + 600)
        seen = seen_in(given.folder or digits)
        if len(seen.targets) <= given.pictures:
            parser.error(f"there are {len(seen.targets)} pictures: give fewer with --pictures, as some are tested with")
        table(seen, given, Path(temporary))


if __name__ == "__main__":
    main()

"""What `--private EPSILON` buys and costs: accuracy, and how well somebody can tell which pictures were learned from.

    python benchmarks/privacy.py --models 64 --epsilons 8 4 2 1

The pictures are scikit-learn's digits, seen through random features that were never learned. The attacker knows all
pictures and their classes, and trains as many classifiers of the same kind on random halves of them as there are, to
learn how sure a classifier is of each picture that it has learned, and of each that it has not (the likelihood-ratio
attack of Carlini et al. 2022). Half of all pictures were learned, so an area of 0.5 under the attacker's curve is blind
guessing.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

from impasto.errors import UsageError
from impasto.train.private_linear import NUM_DIRECTIONS, NUM_STEPS, PrivacyAccount, fit_private, fit_with

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Scores = Callable[[Floats], Floats]
Learn = Callable[[Floats, Indices, int], Scores]

NUM_CLASSES = 10


def digits(num_features: int) -> tuple[Floats, Indices]:
    """Return features N×F and classes N, in an order drawn by chance."""
    pixels, targets = load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    order = random.permutation(len(pixels))
    features = np.maximum(0, (pixels / 16 - 0.3) @ random.standard_normal((64, num_features)))
    return features[order] / math.sqrt(num_features), targets[order].astype(np.int64)


def plain(features: Floats, targets: Indices, _seed: int) -> Scores:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=1000.0, max_iter=150).fit(features, targets)
    return lambda seen: np.asarray(model.decision_function(seen))


def private(epsilon: float, bound: float) -> Learn:
    def learn(features: Floats, targets: Indices, seed: int) -> Scores:
        random = np.random.default_rng(seed)
        return fit_private(features, targets, NUM_CLASSES, epsilon, bound, random).logits

    return learn


def without_noise(bound: float) -> Learn:
    def learn(features: Floats, targets: Indices, seed: int) -> Scores:
        account = PrivacyAccount(math.inf, 0.0, 0.0, 0.0, NUM_STEPS, len(features))
        return fit_with(account, features, targets, NUM_CLASSES, bound, np.random.default_rng(seed)).logits

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


def attack(features: Floats, targets: Indices, learn: Learn, given: argparse.Namespace) -> dict[str, float]:
    """Train on random halves, attack every classifier with the help of the others, and test on other pictures."""
    number = given.pictures
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epsilons", type=float, nargs="*", default=[8.0, 4.0, 2.0, 1.0, 0.1])
    parser.add_argument("--models", type=int, default=32)
    parser.add_argument("--pictures", type=int, default=1200, help="half of which each classifier learns from")
    parser.add_argument("--features", type=int, default=512)
    given = parser.parse_args()
    features, targets = digits(given.features)
    bound = 1.0  # what random features of pixels in [0, 1] come to, known before any digit is seen
    print(f"{given.pictures // 2} pictures of {NUM_CLASSES} classes, {given.models} classifiers each\n")
    print(f"{'':38} {'accuracy':>15} {'attack: area':>13} {'found at 1 % false':>19} {'at most':>8}  seconds")
    rows: list[tuple[str, Learn, float]] = [
        ("plain, all features", plain, math.inf),
        (f"{NUM_DIRECTIONS} directions, cut, no noise", without_noise(bound), math.inf),
    ]
    rows += [(f"--private {epsilon:g}", private(epsilon, bound), epsilon) for epsilon in given.epsilons]
    for title, learn, epsilon in rows:
        began = time.perf_counter()
        try:
            result: dict[str, Any] = attack(features, targets, learn, given)
        except UsageError as error:
            print(f"{title:38} refused: {error}", flush=True)
            continue
        accuracy = f"{result['accuracy']:.1%} ± {result['deviation']:.1%}"
        most = "" if math.isinf(epsilon) else f"{min(1.0, math.exp(epsilon) * 0.01 + 1e-5):.1%}"
        seconds = time.perf_counter() - began
        shown = f"{accuracy:>15} {result['area']:13.3f} {result['found']:19.1%} {most:>8}"
        print(f"{title:38} {shown}  {seconds:7.1f}", flush=True)


if __name__ == "__main__":
    main()

"""Do dreams of scikit-learn's digits hold all ten classes? A classifier that knows real ones counts.

    python benchmarks/dream_digits.py                  # a minute; --steps 200 for a quick try
    python benchmarks/dream_digits.py --style digits.style    # counts what a style dreams
    python benchmarks/dream_digits.py --write digits/   # only writes the digits as pictures, to learn from

Prints how often each class occurs among 1,000 dreams, how sure the classifier is, and how well it knows real digits.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import impasto
from impasto.api.dreaming import Dream, load_dream

SIDE = 16
NUM_DREAMS = 1000
MOST_OF_ONE = 0.25
DIGITS_OPTIONS: dict[str, Any] = {
    "side": SIDE,
    "architecture": "dcgan",
    "judge": "convolutional",
    "latent_size": 16,
    "batch_size": 64,
    "mirror": False,
    "faces": "whole",
    "augmentation": 0.0,
    "precision": "float32",
    "validate_every": 500,
    "loss": "non-saturating",
    "r1_weight": 0.5,
    "generator_rate": 1e-3,
    "discriminator_rate": 1e-3,
    "ema_decay": 0.98,
}
"""A recipe for pictures of 16 pixels: plain networks on pixels, since encoders see nothing in so few."""


def digit_pictures() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return scikit-learn's 1,797 digits N×16×16×3, light on dark, and what they are."""
    digits = load_digits()
    small = (digits.images * (255 / 16)).round().astype(np.uint8)
    large = [np.asarray(Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for each in small]
    return np.stack(large)[..., None].repeat(3, axis=-1), digits.target


def write_digits(folder: Path) -> None:
    """Write each digit as a PNG file."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, classes = digit_pictures()
    for index, (picture, kind) in enumerate(zip(pictures, classes, strict=True)):
        Image.fromarray(picture).save(folder / f"{kind}-{index:04}.png")


class DigitReader:
    """A support vector machine on 8×8 grey pixels; `accuracy` is that on a third of the digits, kept apart."""

    def __init__(self) -> None:
        pictures, classes = digit_pictures()
        rows = _rows(pictures)
        is_kept = np.arange(len(rows)) % 3 == 0
        self._machine = SVC(C=5, gamma=0.001).fit(rows[~is_kept], classes[~is_kept])
        self.accuracy = float(self._machine.score(rows[is_kept], classes[is_kept]))

    def read(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the class of each of N×16×16×3."""
        classes: NDArray[np.int64] = self._machine.predict(_rows(pictures))
        return classes


def _rows(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey = pictures.mean(axis=-1)
    small = grey.reshape(len(grey), 8, 2, 8, 2).mean(axis=(2, 4))
    rows: NDArray[np.float64] = small.reshape(len(small), -1) / 16
    return rows


def shares(classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much of all each of ten classes is."""
    return np.bincount(classes, minlength=10) / len(classes)


def learn_digits(folder: Path, **options: Any) -> Dream:
    """Learn a dream of digits."""
    digits, style = folder / "digits", folder / "digits.style"
    write_digits(digits)
    impasto.learn(digits, family="dream", output=style, **{**DIGITS_OPTIONS, **options})
    return load_dream(style)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    if options.write:
        write_digits(options.write)
        return
    start = time.process_time()
    with TemporaryDirectory() as folder:
        if options.style:
            dream = load_dream(options.style)
        else:
            dream = learn_digits(Path(folder), steps=options.steps, seed=options.seed)
            print(f"learned {options.steps} steps in {time.process_time() - start:.0f} s of processor time")
        reader = DigitReader()
        found = shares(reader.read(dream.pictures(NUM_DREAMS, seed=1)))
    print(f"the classifier is right on {reader.accuracy:.1%} of real digits that it never saw")
    print("class  " + "".join(f"{kind:>7}" for kind in range(10)))
    print("share  " + "".join(f"{share:7.1%}" for share in found))
    verdict = "yes" if found.min() > 0 and found.max() <= MOST_OF_ONE else "no"
    print(f"all ten classes there, none above {MOST_OF_ONE:.0%}: {verdict}")


if __name__ == "__main__":
    main()

"""Mode collapse on scikit-learn's digits, on purpose, and what each remedy does about it.

    python benchmarks/dream_collapse.py                          # all, some minutes each
    python benchmarks/dream_collapse.py --steps 60 --only collapsed feedback     # a quick try

The collapsed run has a generator that is narrow and hasty, a discriminator that is slow, and one number of noise. Each
remedy changes one of these, or adds an objective; the last two rows change several.
A classifier that knows real digits counts how many of the ten classes 1,000 dreams show (at least 1 % each), how large
the largest is, and how even they are (entropy, in classes); diversity is the mean distance of dreams over that of
digits.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from dream_digits import NUM_DREAMS, DigitReader, digit_pictures, learn_digits, shares
from numpy.typing import NDArray

from impasto.export.dream_sheet import dream_sheet
from impasto.media.frame import Frame
from impasto.media.image_write import write_image

COLLAPSED: dict[str, Any] = {
    "r1_weight": 0.0,
    "judge_width": 0.5,
    "discriminator_rate": 5e-4,
    "generator_rate": 1e-2,
    "width": 0.125,
    "latent_size": 1,
    "batch_size": 16,
    "ema_decay": 0.5,
}
REMEDIES: dict[str, dict[str, Any]] = {
    "collapsed": {},
    "stronger discriminator": {"judge_width": 2.0, "discriminator_rate": 4e-3},
    "other noise": {"noise": "mixture:10"},
    "wider noise": {"latent_size": 16, "noise": "uniform"},
    "wider generator": {"width": 1.0},
    "auxiliary task": {"auxiliary_weight": 5.0},
    "feedback": {"feedback_weight": 20.0},
    "wider noise and generator": {"latent_size": 16, "noise": "uniform", "width": 1.0},
    "all together": {
        "judge_width": 2.0,
        "discriminator_rate": 4e-3,
        "latent_size": 16,
        "noise": "uniform",
        "width": 1.0,
        "auxiliary_weight": 1.0,
        "feedback_weight": 5.0,
    },
}
LEAST_SHARE = 0.01


def diversity(pictures: NDArray[np.uint8]) -> float:
    """Return the mean distance of two of the pictures."""
    rows = pictures[:300, ..., 0].reshape(min(300, len(pictures)), -1).astype(np.float64)
    squared = (rows**2).sum(axis=1)
    apart = np.sqrt(np.maximum(0, squared[:, None] + squared - 2 * rows @ rows.T))
    return float(apart.sum() / (len(rows) * (len(rows) - 1)))


def row(found: NDArray[np.float64], spread: float) -> dict[str, float]:
    positive = found[found > 0]
    return {
        "classes": float((found >= LEAST_SHARE).sum()),
        "largest": float(found.max()),
        "even": float(np.exp(-(positive * np.log(positive)).sum())),
        "diversity": spread,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", default=list(REMEDIES), metavar="NAME")
    parser.add_argument("--sheets", type=Path, help="where a sheet of each run's dreams goes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    reader, real = DigitReader(), digit_pictures()[0]
    usual = diversity(np.random.default_rng(0).permutation(real))
    print(f"{options.steps} steps, seeds {options.seeds}; the classifier knows {reader.accuracy:.1%} of real digits")
    print(f"{'':26}{'classes':>9}{'largest':>9}{'even':>7}{'diversity':>11}{'seconds':>9}", flush=True)
    results = {}
    for name in [each for each in REMEDIES if each in options.only]:
        rows, start = [], time.process_time()
        for seed in options.seeds:
            with TemporaryDirectory() as folder:
                changes = {**COLLAPSED, **REMEDIES[name]}
                dream = learn_digits(Path(folder), steps=options.steps, seed=seed, **changes)
                pictures = dream.pictures(NUM_DREAMS, seed=1)
            rows.append(row(shares(reader.read(pictures)), diversity(pictures) / usual))
            if options.sheets:
                options.sheets.mkdir(parents=True, exist_ok=True)
                place = options.sheets / f"{name.replace(' ', '-')}-{seed}.png"
                write_image(Frame(dream_sheet(pictures[:40], 10, 32)), place)
        mean = {key: float(np.mean([each[key] for each in rows])) for key in rows[0]}
        results[name] = {**mean, "runs": rows}
        numbers = f"{mean['classes']:9.1f}{mean['largest']:9.0%}{mean['even']:7.1f}{mean['diversity']:11.2f}"
        print(f"{name:26}{numbers}{(time.process_time() - start) / len(rows):9.0f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How well are damaged photos mended? PSNR, SSIM and a distance of features, on photos kept out of training.

    python benchmarks/restore.py photos/ held-out/ --minutes 12 --encoder vgg16-caffe:vgg16.pth
    python benchmarks/restore.py photos/ held-out/ --minutes 0.2 --count 4      # a quick try
    python benchmarks/restore.py --styles plain.style restore.style -- held-out/

The first row of each table is the damaged photo itself; what was made smaller comes back by bicubic interpolation, so
that it is the bicubic baseline, too. Two networks of one size are learned: one by pixels alone, one by features and a
discriminator as well. Features are seen by an encoder that neither of them learned with.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.apply.restore import RestoreStylizer
from impasto.apply.stylizer import State
from impasto.media.frame import Frame
from impasto.quality.feature_metrics import FeatureDistance
from impasto.quality.features import FeatureReader
from impasto.quality.paired import PeakSignalToNoise, StructuralSimilarity
from impasto.style.file import load_style
from impasto.style.runtime import OnnxRuntime
from impasto.train.collection import collect, load_thumbnails
from impasto.train.damage import MARGIN, Damage
from impasto.train.families import recipe_of
from impasto.train.job import LearnJob, learn_style
from impasto.train.restore_batches import middle
from impasto.train.restore_recipe import RestoreRecipe
from impasto.vision.feature_maps import FeatureMaps

ENCODER = "mobilenet-v2"
SIDE = 256
NAMES = ("plain", "restore")
KINDS: dict[str, Damage | None] = {
    "all of it": None,
    "blur of 1.5 pixels": Damage(blur=1.5),
    "half the size": Damage(shrinking=2.0),
    "a third of the size": Damage(shrinking=3.0),
    "noise of 10 levels": Damage(noise=10.0),
    "JPEG of quality 30": Damage(quality=30),
}

Levels = NDArray[np.uint8]


def learned(photos: Path, minutes: float, folder: Path) -> dict[str, Path]:
    """Learn both networks, each for so many minutes."""
    paths = {}
    for name in NAMES:
        recipe = recipe_of("restore", {"recipe": name, "minutes": minutes})
        paths[name] = folder / f"{name}.style"
        learn_style(LearnJob([photos], paths[name], recipe=recipe, overwrite=True))
    return paths


def mender(path: Path) -> RestoreStylizer:
    style = load_style(path)
    multiple = style.manifest.needs.multiple
    assert multiple is not None, f"{path} restores nothing"
    return RestoreStylizer(OnnxRuntime(style.generator), multiple)


def measure(
    pictures: list[Levels], damage: Damage | None, menders: Mapping[str, RestoreStylizer], encoder: str
) -> None:
    """Print the table of one kind of damage; None is any, as drawn while learning."""
    maps = FeatureMaps(encoder)
    reader = FeatureReader(maps, maps.strides)
    metrics = {name: (PeakSignalToNoise(), StructuralSimilarity(), FeatureDistance()) for name in ("damaged", *menders)}
    inner = (slice(MARGIN, -MARGIN),) * 2
    for number, picture in enumerate(pictures):
        random = np.random.default_rng((1, number))
        damaged = (damage or Damage.draw(RestoreRecipe(), random)).apply(picture, random)
        wanted = _levels(picture[inner])
        seen = reader(wanted)
        for name, (noise, structure, features) in metrics.items():
            shown = damaged if name == "damaged" else menders[name](Frame(damaged), State())[0].pixels
            found = _levels(shown[inner])
            noise.update(found, wanted)
            structure.update(found, wanted)
            features.update(reader(found), seen)
    for name, held in metrics.items():
        numbers = [metric.compute() for metric in held]
        print(f"  {name:10}{numbers[0]:8.2f}{numbers[1]:8.3f}{numbers[2]:10.4f}")


def _levels(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels).astype(np.float32) / np.float32(255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", help="to learn from, and to measure on; only these with styles")
    parser.add_argument("--styles", type=Path, nargs="+", help="measure these, and learn nothing")
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--encoder", default=ENCODER)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the two styles are written")
    options = parser.parse_args()
    paths = (
        {path.stem: path for path in options.styles}
        if options.styles
        else learned(options.photos[0], options.minutes, options.folder)
    )
    menders = {name: mender(path) for name, path in paths.items()}
    examples = collect(options.photos[-1:], role="held out").accepted[: options.count]
    pictures = [middle(each, SIDE + 2 * MARGIN) for each in load_thumbnails(examples, RestoreRecipe().picture_side)]
    print(f"{len(pictures)} photos, the middle {SIDE} pixels; features of {options.encoder.partition(':')[0]}")
    for kind, damage in KINDS.items():
        print(f"{kind}\n  {'':10}{'PSNR':>8}{'SSIM':>8}{'features':>10}")
        measure(pictures, damage, menders, options.encoder)


if __name__ == "__main__":
    main()

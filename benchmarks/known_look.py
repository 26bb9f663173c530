"""How close an unpaired look comes to the true one, where the true one is a function.

    python benchmarks/known_look.py --photos FOLDER_OF_PORTRAITS --minutes 5

Photos are shuffled with a seed and divided: 40 held out, 60 (or `--references`) graded as references, 200 as content.
The learner sees the graded references and the content, and never the same photo in both. Beside it stand Reinhard's and
the Monge-Kantorovitch linear (MKL) colour transfer, to the whole set of references and to one of them per picture.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

import impasto

Floats = NDArray[np.float64]
Transfer = Callable[[Floats], Floats]

NUM_HELD_OUT, NUM_CONTENT, MOST_REFERENCES = 40, 200, 60
SIDE = 480


def luminance(image: Floats) -> Floats:
    return np.asarray((image * np.array([0.2126, 0.7152, 0.0722])).sum(-1, keepdims=True))


def smoothstep(x: Floats) -> Floats:
    return x * x * (3 - 2 * x)


def soft_film_print(image: Floats) -> Floats:
    """Lifted blacks, softened contrast, less saturation, warm lights and cool shadows."""
    y = luminance(image)
    faded = 0.10 + 0.80 * np.clip(y + (image - y) * 0.7, 0, 1) ** 0.8
    graded: Floats = faded + (1 - y) * np.array([-0.02, 0.015, 0.06]) + y * np.array([0.07, 0.02, -0.08])
    return graded


def teal_and_orange(image: Floats) -> Floats:
    """Crushed blacks, contrast, teal shadows and orange lights."""
    crushed = np.clip((image - 0.09) / 0.91, 0, 1)
    contrasted = crushed * 0.4 + smoothstep(crushed) * 0.6
    y = luminance(contrasted)
    saturated = y + (contrasted - y) * 1.2
    graded: Floats = (
        saturated + (1 - y) * np.array([-0.06, 0.015, 0.05]) + smoothstep(y) * np.array([0.07, 0.01, -0.08])
    )
    return graded


def warm_black_and_white(image: Floats) -> Floats:
    """A panchromatic mix that favours red, contrast, and a sepia tone."""
    y = (image * np.array([0.4, 0.45, 0.15])).sum(-1, keepdims=True)
    graded: Floats = 0.02 + 0.95 * (y * 0.5 + smoothstep(y) * 0.5) ** np.array([0.9, 1.0, 1.16])
    return graded


def exposure_dependent(image: Floats) -> Floats:
    """Dark pictures are lifted, warmed and muted; bright ones are cooled a little."""
    strength = np.clip((0.62 - luminance(image).mean()) / 0.4, 0, 1)
    lifted = image ** (1 - 0.45 * strength)
    y = luminance(lifted)
    muted = y + (lifted - y) * (1 - 0.5 * strength)
    graded: Floats = muted + strength * np.array([0.05, 0.0, -0.06]) + (1 - strength) * np.array([-0.02, 0.0, 0.03])
    return graded


LOOKS: dict[str, Transfer] = {
    "soft-film-print": soft_film_print,
    "teal-and-orange": teal_and_orange,
    "warm-black-and-white": warm_black_and_white,
    "exposure-dependent": exposure_dependent,
}


def grade(look: Transfer, image: Floats) -> Floats:
    return np.clip(look(image), 0, 1)


def load_photo(path: Path) -> Floats:
    with Image.open(path) as picture:
        picture.thumbnail((SIDE, SIDE))
        return np.asarray(picture.convert("RGB"), np.float64) / 255


def save_photo(image: Floats, path: Path) -> None:
    Image.fromarray((image * 255).round().astype(np.uint8)).save(path)


def pixel_sample(images: Sequence[Floats], transform: Transfer) -> Floats:
    return np.concatenate([transform(image.reshape(-1, 3)[::37]) for image in images])


def mkl_matrix(source: Floats, target: Floats) -> Floats:
    """Return the linear map between two covariances that moves least (Pitié & Kokaram 2007)."""
    values, vectors = np.linalg.eigh(source)
    root = (vectors * np.sqrt(np.maximum(values, 1e-10))) @ vectors.T
    inverse = np.linalg.inv(root)
    middle_values, middle_vectors = np.linalg.eigh(root @ target @ root)
    middle = (middle_vectors * np.sqrt(np.maximum(middle_values, 0))) @ middle_vectors.T
    return np.asarray(inverse @ middle @ inverse)


def fit_reinhard(source: Sequence[Floats], target: Sequence[Floats]) -> Transfer:
    """Match mean and deviation per channel of Lab (after Reinhard et al. 2001)."""
    ours, theirs = (pixel_sample(images, rgb2lab) for images in (source, target))
    scale = theirs.std(0) / np.maximum(ours.std(0), 1e-6)
    return lambda image: np.asarray(lab2rgb((rgb2lab(image) - ours.mean(0)) * scale + theirs.mean(0)))


def fit_mkl(source: Sequence[Floats], target: Sequence[Floats]) -> Transfer:
    ours, theirs = (pixel_sample(images, np.asarray) for images in (source, target))
    matrix = mkl_matrix(np.cov(ours.T), np.cov(theirs.T))
    return lambda image: np.asarray((image - ours.mean(0)) @ matrix.T + theirs.mean(0))


def baselines(content: Sequence[Floats], references: Sequence[Floats]) -> dict[str, Transfer]:
    chosen = random.Random(0)
    return {
        "untouched": lambda image: image,
        "Reinhard, whole set": fit_reinhard(content, references),
        "MKL, whole set": fit_mkl(content, references),
        "Reinhard, per picture": lambda image: fit_reinhard([image], [chosen.choice(references)])(image),
        "MKL, per picture": lambda image: fit_mkl([image], [chosen.choice(references)])(image),
    }


def score(transfer: Transfer, photos: Sequence[Floats], truth: Sequence[Floats]) -> tuple[float, float]:
    """Return mean PSNR in dB and mean ΔE2000."""
    psnrs, differences = [], []
    for photo, true in zip(photos, truth, strict=True):
        output = np.clip(transfer(photo), 0, 1)
        psnrs.append(-10 * np.log10(max(float(((output - true) ** 2).mean()), 1e-10)))
        differences.append(float(deltaE_ciede2000(rgb2lab(output[::3, ::3]), rgb2lab(true[::3, ::3])).mean()))
    return float(np.mean(psnrs)), float(np.mean(differences))


def learn(references: Sequence[Floats], content: Sequence[Floats], options: argparse.Namespace) -> impasto.Style:
    with tempfile.TemporaryDirectory() as folder:
        folders = {"references": references, "content": content}
        for name, images in folders.items():
            (Path(folder) / name).mkdir()
            for index, image in enumerate(images):
                save_photo(image, Path(folder) / name / f"{index:03}.png")
        given = None if options.no_content else Path(folder) / "content"
        budget = {"steps": options.steps} if options.steps else {"minutes": options.minutes}
        if options.private is not None:
            budget = {"private": options.private, **({"steps": options.steps} if options.steps else {})}
        return impasto.learn(Path(folder) / "references", content=given, seed=options.seed, **budget)


def run(name: str, photos: Sequence[Floats], options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    held_out = photos[:NUM_HELD_OUT]
    graded = [grade(LOOKS[name], photo) for photo in photos[NUM_HELD_OUT : NUM_HELD_OUT + options.references]]
    content = photos[NUM_HELD_OUT + max(MOST_REFERENCES, options.references) :]
    truth = [grade(LOOKS[name], photo) for photo in held_out]
    beside = baselines(content, graded) if options.private is None else {"untouched": lambda image: image}
    scores = {label: score(transfer, held_out, truth) for label, transfer in beside.items()}
    style = learn(graded, content, options)
    scores["Impasto"] = score(lambda image: style.apply(image.astype(np.float32)).astype(np.float64), held_out, truth)
    scores["(steps)"] = (style.metrics["steps"], 0.0)
    return scores


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with at least 300 photos")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--references", type=int, default=MOST_REFERENCES)
    parser.add_argument("--private", type=float, metavar="EPSILON", help="learn privately, without transfers beside it")
    parser.add_argument("--no-content", action="store_true", help="make content from the references alone")
    parser.add_argument("--seed", type=int, default=0, help="of both the division of photos and the training")
    parser.add_argument("--json", type=Path, help="also write the table here")
    return parser.parse_args()


def load_photos(folder: Path, seed: int, num_references: int) -> list[Floats]:
    paths = sorted(folder.rglob("*.jpg"))
    random.Random(seed).shuffle(paths)
    return [load_photo(path) for path in paths[: NUM_HELD_OUT + max(MOST_REFERENCES, num_references) + NUM_CONTENT]]


def main() -> None:
    options = parse_options()
    photos = load_photos(options.photos, options.seed, options.references)
    results = {}
    for name in options.looks:
        results[name] = run(name, photos, options)
        print(f"\n{name}: PSNR in dB, ΔE2000")
        for label, (psnr, difference) in results[name].items():
            print(f"  {label:22} {psnr:6.2f} {difference:6.2f}", flush=True)
    mean = np.mean([scores["Impasto"][0] for scores in results.values()])
    print(f"\nmean PSNR of Impasto over {len(results)} looks: {mean:.2f} dB")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

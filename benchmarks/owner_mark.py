"""What an owner's mark costs, and what it survives.

    python benchmarks/owner_mark.py --style monet --steps 25 100 400 --references monet/ --content photos/

It marks a style, fine-tunes the marked copy as `impasto learn --from` does, and looks for the mark again; it damages
the weights in other ways; and it looks for marks of many keys where there is none.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import data

import impasto
from impasto.style.blend import blend_styles
from impasto.style.file import StyleFile, load_style, save_style
from impasto.style.library import default_library
from impasto.style.onnx_graph import initializers
from impasto.style.owner_mark import FOUND, find_mark, mark_generator

SECRET = hashlib.sha256(b"the owner of this benchmark").digest()
Damage = Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]


def noisy(share: float) -> Damage:
    return lambda weights, random: weights + share * weights.std() * random.standard_normal(weights.shape)


def pruned(share: float) -> Damage:
    return lambda weights, _: np.where(np.abs(weights) < np.quantile(np.abs(weights), share), 0.0, weights)


def quantised(bits: int) -> Damage:
    def round_off(weights: NDArray[np.float64], _: np.random.Generator) -> NDArray[np.float64]:
        step = max(np.abs(weights).max(), 1e-12) / (2 ** (bits - 1) - 1)
        return np.asarray((weights / step).round() * step)

    return round_off


def shuffled(weights: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Put the output channels of a layer in another order, which the next layer could undo."""
    return weights[random.permutation(len(weights))] if weights.ndim == 4 else weights


def damaged(model: bytes, damage: Damage) -> bytes:
    random, changed = np.random.default_rng(0), bytearray(model)
    for dtype, shape, where in initializers(model).values():
        if dtype.kind == "f" and math.prod(shape) >= 64:
            weights = np.frombuffer(model[where], dtype).astype(np.float64).reshape(shape)
            changed[where] = damage(weights, random).astype(dtype).tobytes()
    return bytes(changed)


def decibels(first: NDArray[Any], second: NDArray[Any]) -> float:
    error = float(np.square(first.astype(np.float64) - second.astype(np.float64)).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def save_samples(folder: Path) -> list[Path]:
    from PIL import Image  # noqa: PLC0415

    paths = []
    for name in ("astronaut", "coffee", "cat", "rocket"):
        paths.append(folder / f"{name}.png")
        Image.fromarray(getattr(data, name)()).save(paths[-1])
    return paths


def row(what: str, score: float, more: str = "") -> None:
    print(f"{what:44} {score:8.1f} {'found' if score >= FOUND else 'lost':>6}  {more}", flush=True)


def fine_tune(start: Path, given: argparse.Namespace, steps: int, folder: Path) -> StyleFile:
    style = load_style(start)
    family = style.manifest.family
    options: dict[str, Any] = {"steps": steps, "output": folder / f"after-{steps}.style", "validate_every": 10**6}
    options |= {"batch_size": given.batch, "crop_side": given.crop, "start": str(start), "warm_up": given.warm_up}
    impasto.learn(given.references, given.content or None, family=family, **options)
    return load_style(folder / f"after-{steps}.style")


def weights_moved(before: bytes, after: bytes) -> str:
    """Return how far fine-tuning took the weights, in spreads of their layers."""
    old, new = initializers(before), initializers(after)
    moves = []
    for name, (dtype, shape, where) in old.items():
        if dtype.kind == "f" and math.prod(shape) >= 64 and name in new and new[name].shape == shape:
            first = np.frombuffer(before[where], dtype).astype(np.float64)
            second = np.frombuffer(after[new[name].where], new[name].dtype).astype(np.float64)
            moves.append((len(first), float((second - first).std() / max(first.std(), 1e-12))))
    total = sum(count for count, _ in moves)
    return f"weights moved by {sum(count * move for count, move in moves) / max(1, total):.3f} of their spread"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--style", default="monet")
    parser.add_argument("--blend-with", default="van-gogh", help="a style of the same trunk")
    parser.add_argument("--steps", type=int, nargs="*", default=[25], help="of fine-tuning; none leaves it out")
    parser.add_argument("--references", type=Path, nargs="*", help="default: a few pictures of scikit-image")
    parser.add_argument("--content", type=Path, nargs="*")
    parser.add_argument("--keys", type=int, default=200, help="strangers' keys to look for")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--warm-up", type=float, default=0.0, help="part of a run that trains the style's vector alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        samples = save_samples(folder)
        given.references = given.references or samples
        plain = load_style(default_library().resolve(given.style))
        marked_path = folder / "marked.style"
        marked = StyleFile(plain.manifest, mark_generator(plain.generator, SECRET), weights=plain.weights)
        save_style(marked, marked_path)
        evidence = find_mark(marked.generator, SECRET)
        print(f"{given.style}: a mark in {evidence.num_weights:,} weights; found from {FOUND:g} deviations on\n")
        print(f"{'what became of it':44} {'score':>8} {'mark':>6}")
        styles = [impasto.load(default_library().resolve(given.style)), impasto.load(marked_path)]
        pictures = [getattr(data, path.stem)()[:256, :256] for path in samples]
        changes = [decibels(*(style.apply(picture) for style in styles)) for picture in pictures]
        row("not marked", find_mark(plain.generator, SECRET).score)
        row("marked", evidence.score, f"pictures change by {min(changes):.1f} to {max(changes):.1f} dB PSNR")
        for title, damage in {
            "weights rounded to 8 bits": quantised(8),
            "weights rounded to 4 bits": quantised(4),
            "a third of the weights set to nought": pruned(1 / 3),
            "two thirds set to nought": pruned(2 / 3),
            "noise of a tenth of the weights' spread": noisy(0.1),
            "noise as large as the weights": noisy(1.0),
            "channels put in another order": shuffled,
        }.items():
            row(title, find_mark(damaged(marked.generator, damage), SECRET).score)
        if plain.manifest.family == "paint":
            other = load_style(default_library().resolve(given.blend_with))
            for share in (0.5, 0.2):
                blend = blend_styles([(marked, share), (other, 1 - share)])
                row(f"{share:.0%} of it blended with {given.blend_with}", find_mark(blend.generator, SECRET).score)
        for steps in given.steps:
            after = fine_tune(marked_path, given, steps, folder)
            score = find_mark(after.generator, SECRET).score
            row(f"fine-tuned for {steps} steps", score, weights_moved(marked.generator, after.generator))
        strangers = [hashlib.sha256(f"stranger {number}".encode()).digest() for number in range(given.keys)]
        for title, model in (("not marked", plain.generator), ("marked", marked.generator)):
            scores = np.array([find_mark(model, secret).score for secret in strangers])
            found = int((scores >= FOUND).sum())
            print(
                f"\n{given.keys} strangers' keys, {title}: mean {scores.mean():+.2f}, deviation {scores.std():.2f}, "
                f"highest {scores.max():.2f}; {found} false alarms",
                flush=True,
            )


if __name__ == "__main__":
    main()

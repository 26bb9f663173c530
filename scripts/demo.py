"""Learn a look that is known exactly, from pictures that installed packages carry, and see how close it comes.

    python scripts/demo.py [--output demo-output] [--minutes 1]

Four photos are cut into tiles like a chessboard. The black squares are graded by a recipe that the learner is not told;
the white ones stay as they are; no part of a photo is on both sides. A look is learned from the two unpaired sets, and
applied to two other photos, of which the learner has seen nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.export.contact_sheet import Tile, compare_styles, lay_out
from impasto.media.frame import Frame
from impasto.media.image_write import write_image
from impasto.style.library import default_library

Pixels = NDArray[np.uint8]

NUM_ROWS, NUM_COLUMNS = 3, 4
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_SHADOW_TINT, _LIGHT_TINT = np.array([-0.06, 0.01, 0.09]), np.array([0.04, 0.01, -0.1])


def photos_to_learn_from() -> dict[str, Pixels]:
    return {
        "china": read_photo("sklearn.datasets.images", "china.jpg"),
        "coffee": read_photo("skimage.data", "coffee.png"),
        "flower": read_photo("sklearn.datasets.images", "flower.jpg"),
        "rocket": read_photo("skimage.data", "rocket.jpg"),
    }


def photos_held_out() -> dict[str, Pixels]:
    return {
        "astronaut": read_photo("skimage.data", "astronaut.png"),
        "cat": read_photo("skimage.data", "chelsea.png"),
    }


def read_photo(package: str, name: str) -> Pixels:
    with files(package).joinpath(name).open("rb") as stream, Image.open(stream) as photo:
        return np.asarray(photo.convert("RGB"))


def hidden_recipe(pixels: Pixels) -> Pixels:
    """Grade H×W×3: an S-curve on faded blacks, muted colour, blue shadows and warm lights."""
    colors = pixels / 255
    curved = 0.1 + 0.9 * colors * colors * (3 - 2 * colors)
    luminance = (curved @ _LUMA)[..., None]
    muted = luminance + 0.7 * (curved - luminance)
    toned = muted + _SHADOW_TINT * (1 - luminance) ** 2 + _LIGHT_TINT * luminance**2
    return np.asarray(np.round(toned.clip(0, 1) * 255), np.uint8)


def squares(photo: Pixels, parity: int) -> Iterator[Pixels]:
    """Cut a photo into tiles and yield those of one colour of the chessboard: 0 or 1."""
    height, width = photo.shape[0] // NUM_ROWS, photo.shape[1] // NUM_COLUMNS
    for row in range(NUM_ROWS):
        for column in range((row + parity) % 2, NUM_COLUMNS, 2):
            yield photo[row * height : (row + 1) * height, column * width : (column + 1) * width]


def write_tiles(photos: Mapping[str, Pixels], folder: Path) -> tuple[Path, Path]:
    """Write graded black squares and untouched white ones; return their folders."""
    references_dir, content_dir = folder / "references", folder / "content"
    for made in (references_dir, content_dir):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    for name, photo in photos.items():
        for index, square in enumerate(squares(photo, 0)):
            save(hidden_recipe(square), references_dir / f"{name}-{index}.png")
        for index, square in enumerate(squares(photo, 1)):
            save(square, content_dir / f"{name}-{index}.png")
    return references_dir, content_dir


def save(pixels: Pixels, path: Path) -> None:
    write_image(Frame(np.ascontiguousarray(pixels)), path)


def psnr(pixels: Pixels, truth: Pixels) -> float:
    """Return the peak signal-to-noise ratio in dB; higher is closer."""
    error = np.square(pixels.astype(np.float64) - truth).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-12)))


def show_closeness(style: impasto.Style, sheet_path: Path) -> None:
    """Print how close the style comes to the recipe on the photos held out, and draw them."""
    rows = []
    print(f"\n{'closeness to the true look':28} {'untouched':>10} {'learned':>10}")
    figures = []
    for name, photo in photos_held_out().items():
        learned, truth = style.apply(photo), hidden_recipe(photo)
        figures.append((psnr(photo, truth), psnr(learned, truth)))
        print(f"{name:28} {figures[-1][0]:7.1f} dB {figures[-1][1]:7.1f} dB")
        rows.append([Tile(photo, f"{name}: before"), Tile(learned, "learned"), Tile(truth, "truth")])
    before, after = np.mean(figures, axis=0)
    print(f"{'mean':28} {before:7.1f} dB {after:7.1f} dB\n")
    save(lay_out(rows), sheet_path)


def show_builtin_styles(folder: Path) -> None:
    """Draw the portrait in each style that came with Impasto, but for dreams, which restyle nothing."""
    library = default_library()
    names = [name for name, family, _ in library.overview() if library.is_builtin(name) and family != "dream"]
    if not names:
        print("This copy of Impasto has no built-in styles, so there is no sheet of them.")
        return
    portrait_path, sheet_path = folder / "astronaut.png", folder / "styles.jpg"
    Image.fromarray(photos_held_out()["astronaut"]).save(portrait_path)
    save(compare_styles([portrait_path], {name: impasto.load(name).stylizer() for name in names}), sheet_path)
    print(f"{sheet_path}: the portrait in {len(names)} built-in styles")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder to write to")
    parser.add_argument("--minutes", type=float, default=1.0, help="time to learn for")
    parser.add_argument("--steps", type=int, help="number of training steps, instead of a time")
    options = parser.parse_args(arguments)
    folder: Path = options.output

    references_dir, content_dir = write_tiles(photos_to_learn_from(), folder)
    print(f"{references_dir}: pictures graded by a recipe that the learner is not told")
    print(f"{content_dir}: other pictures, ungraded")
    amount = f"{options.minutes:g} min" if options.steps is None else f"{options.steps} steps"
    print(f"Learning the look from the two, unpaired, for {amount} ...", flush=True)
    start = time.monotonic()
    style = impasto.learn(
        references_dir,
        content_dir,
        options.minutes,
        steps=options.steps,
        description="The look that 'make demo' learns: faded blacks, blue shadows, warm lights.",
        license_note="photos that scikit-image and scikit-learn carry: public domain, CC0 and CC BY 2.0",
    )
    print(f"Done after {time.monotonic() - start:.0f} s in all.")

    style_path = style.save(folder / "demo.style")
    sheet_path = folder / "before-after-truth.jpg"
    show_closeness(style, sheet_path)
    print(f"{style_path}: the learned style, {style_path.stat().st_size / 1e6:.1f} MB")
    print(f"{sheet_path}: two photos of which the learner saw nothing: before, learned, truth")
    show_builtin_styles(folder)
    print(f"\nTry it on a picture of yours:  impasto apply PICTURE --style {style_path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

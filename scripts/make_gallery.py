"""Show every built-in paint style on the same six portraits and four scenes: docs/gallery.md and its pictures.

    python scripts/make_gallery.py DATA [--style NAME ...] [--docs FOLDER]

DATA is the folder with `portraits/pixabay/`. All other pictures come with scikit-image and scikit-learn. Each style
fills one sheet of at most 200 kB, in full strength and as it comes out: nothing is picked by hand. Open every sheet,
and take out of the package what should not be shown.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data
from sklearn.datasets import load_sample_image

import impasto
from impasto.errors import UsageError
from impasto.media.image_read import read_thumbnail_srgb
from impasto.style.library import default_library

DOCS = Path(__file__).parents[1] / "docs"
MOST_BYTES = 200_000
SIDE = 640
HEIGHT, GAP = 280, 8
PORTRAIT_WIDTH = 280
FACE = (0.5, 0.35)  # where a portrait is cropped around
QUALITIES = range(92, 58, -2)

PIXABAY = (
    "chota-7270312_1280.jpg",
    "woman-7995914_1280.jpg",
    "men-4438905_1280.jpg",
    "portrait-3622823_1280.jpg",
    "people-875597_1280.jpg",
)
CREDITS = """\
Portraits: Eileen Collins by NASA (public domain), as in scikit-image; the others from Pixabay (Pixabay licence).
Scenes: a temple in China by danielbuechele ([CC BY 2.0](https://creativecommons.org/licenses/by/2.0/)), as in
scikit-learn; coffee by Rachel Michetti (CC0), the cat Chelsea by Stefan van der Walt (CC0) and a rocket by SpaceX
(public domain), as in scikit-image. All are cropped and restyled.
"""

Levels = NDArray[np.uint8]


class Shown(NamedTuple):
    """What every style is shown on."""

    portraits: Sequence[Levels]
    scenes: Sequence[Levels]


def pictures(data_dir: Path) -> Shown:
    folder = data_dir / "portraits" / "pixabay"
    missing = [name for name in PIXABAY if not (folder / name).is_file()]
    if missing:
        raise SystemExit(f"{folder} lacks {', '.join(missing)}.")
    portraits = [data.astronaut(), *(read_thumbnail_srgb(folder / name, SIDE) for name in PIXABAY)]
    scenes = [load_sample_image("china.jpg"), data.coffee(), data.chelsea(), data.rocket()]
    return Shown(portraits, [np.asarray(scene) for scene in scenes])


def sheet_of(shown: Shown) -> Image.Image:
    """Lay out a row of portraits above a row of scenes, as wide as each other."""
    num_gaps = len(shown.portraits) - 1
    width = len(shown.portraits) * PORTRAIT_WIDTH + num_gaps * GAP
    sheet = Image.new("RGB", (width, 2 * HEIGHT + GAP), "white")
    for row, tiles in enumerate(shown):
        edges = np.linspace(0, width + GAP, len(tiles) + 1).round().astype(int).tolist()
        for tile, left, right in zip(tiles, edges, edges[1:], strict=False):
            size = (right - left - GAP, HEIGHT)
            fitted = ImageOps.fit(Image.fromarray(tile), size, Image.Resampling.LANCZOS, centering=FACE)
            sheet.paste(fitted, (left, row * (HEIGHT + GAP)))
    return sheet


def compact_jpeg(sheet: Image.Image) -> bytes:
    """Encode a sheet as well as fits into 200 kB, smaller if it must be."""
    while True:
        for quality in QUALITIES:
            stream = io.BytesIO()
            sheet.save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
            if stream.tell() <= MOST_BYTES:
                return stream.getvalue()
        sheet = sheet.resize((sheet.width * 7 // 8, sheet.height * 7 // 8), Image.Resampling.LANCZOS)


def painted(style: impasto.Style, shown: Shown) -> Shown:
    return Shown(*([style.apply(picture) for picture in row] for row in shown))


def paint_styles(names: Sequence[str]) -> list[impasto.Style]:
    """Return the styles of these names; without any, the built-in ones of the family `paint`."""
    library = default_library()
    painting = [name for name, family, _ in library.overview() if library.is_builtin(name) and family == "paint"]
    return [impasto.load(name) for name in names or painting]


def section(style: impasto.Style, image: str) -> str:
    sources = style.sources
    num = sources["num_references"]
    learned = f"Learned from {num} picture{'s' * (num != 1)}"
    note = f": {sources['license_note'].rstrip('.')}" if sources["license_note"] else ""
    return (
        f"## {style.name}\n\n{style.description}\n\n![Six portraits and four scenes in {style.name}]({image})\n\n"
        f"{learned}{note}.\n"
    )


def page(sections: Sequence[str], originals: str) -> str:
    return (
        "# Gallery\n\n"
        "Every built-in paint style on the same six portraits and four scenes, in full strength, as it comes out:\n"
        "`impasto apply photo.jpg --style NAME`. How to change strength, colour and the size of the brush stands in\n"
        "[Applying](applying.md). `python scripts/make_gallery.py DATA` made this page.\n\n"
        f"![The pictures as they are]({originals})\n\n" + "\n".join(sections) + f"\n## Pictures\n\n{CREDITS}"
    )


def write_gallery(docs_dir: Path, styles: Sequence[impasto.Style], shown: Shown) -> Path:
    folder = docs_dir / "images" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    sheets = {"originals": shown} | {style.name: painted(style, shown) for style in styles}
    for old in folder.glob("*.jpg"):
        if old.stem not in sheets:
            old.unlink()
    for name, sheet in sheets.items():
        encoded = compact_jpeg(sheet_of(sheet))
        (folder / f"{name}.jpg").write_bytes(encoded)
        print(f"{name}: {len(encoded) / 1000:.0f} kB", flush=True)
    sections = [section(style, f"images/gallery/{style.name}.jpg") for style in styles]
    path = docs_dir / "gallery.md"
    path.write_text(page(sections, "images/gallery/originals.jpg"), encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--style", nargs="+", default=[], help="these instead of all built-in paint styles")
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args(arguments)
    styles = paint_styles(options.style)
    if not styles:
        raise UsageError("no paint style is built in: name some with --style.")
    print(write_gallery(options.docs, styles, pictures(options.data_dir)))


if __name__ == "__main__":
    main()

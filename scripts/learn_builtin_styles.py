"""Learn the styles that the package carries.

    python scripts/learn_builtin_styles.py DATA [--only NAME ...]

DATA is a folder with `styles/` and `portraits/`, as described by the SOURCES.md files in it. Only sources whose licence
allows it are used: public-domain paintings and prints, Pixabay portraits and portraits of US officials. Of the
`look_*` sets only the first 50 pictures are used, which are Pixabay portraits; the others are of a research data set.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps
from skimage import data

import impasto
from impasto.gate.calibration import calibrate
from impasto.media.image_read import read_thumbnail_srgb
from impasto.style.file import load_style, save_style
from impasto.train.job import LearnJob, Listener, Progress, learn_style
from impasto.train.recipe import Recipe

BUILTIN_DIR = Path(__file__).parents[1] / "src" / "impasto" / "style" / "builtin"
NUM_PORTRAITS = 50
PORTRAITS = ("pixabay", "us_officials")
PREVIEW_SIDE = 240
NUM_GATE_PORTRAITS, GATE_SIDE = 40, 512

FILM = "references: Pixabay portraits (Pixabay licence) through G'MIC's LUT {} (MIT)"
CONTENT = "; content: Pixabay portraits (Pixabay licence), portraits of US officials (public domain, MIT)"
PAINTINGS = "references: works by {}, in the public domain"


@dataclass(frozen=True)
class BuiltinStyle:
    """One style of the package and what it is learned from."""

    name: str
    folder: str
    description: str
    license_note: str

    @property
    def is_photographic(self) -> bool:
        """Portraits are the content of looks; paintings show other things, and make their own."""
        return self.folder.startswith("look_")

    @property
    def num_steps(self) -> int:
        """Palettes are softer when they stop early, and on faces soft is right."""
        return 600 if self.is_photographic else 400


STYLES = (
    BuiltinStyle(
        "kodak", "look_cinema_kodak2383", "Cinema print after Kodak 2383: contrast, dense colour, warm lights.",
        FILM.format("kodak_2383_constlclip"),
    ),
    BuiltinStyle(
        "polaroid-cold", "look_polaroid669_cold", "Cold instant film after Polaroid 669: blue shadows, soft blacks.",
        FILM.format("polaroid_669_cold"),
    ),
    BuiltinStyle(
        "time-zero", "look_timezero_expired", "Expired instant film after Polaroid Time Zero: orange, low contrast.",
        FILM.format("polaroid_time_zero_expired"),
    ),
    BuiltinStyle(
        "noir", "look_trix400_bw_grain", "Black and white after Kodak Tri-X 400: tones only, its grain is not added.",
        FILM.format("kodak_tri-x_400"),
    ),
    BuiltinStyle(
        "old-masters-palette", "oil_classic_figures", "The palette of old oil paintings of people: dark, warm, muted.",
        PAINTINGS.format("painters dead for over 70 years"),
    ),
    BuiltinStyle(
        "watercolour-palette",
        "watercolor_turner_sargent_alt",
        "The palette of Turner's and Sargent's watercolours: light, soft, earthy. Colour only, no wash.",
        PAINTINGS.format("Turner, Sargent and von Alt, of an MIT-licensed collection"),
    ),
    BuiltinStyle(
        "ukiyo-e-palette",
        "ukiyoe",
        "The palette of Japanese woodblock prints: paper whites, indigo, faded ink. No lines.",
        PAINTINGS.format("Hiroshige, Hokusai, Kuniyoshi, Toyokuni and others"),
    ),
)  # fmt: skip


class PrintingListener(Listener):
    """Prints what a run says, and where it stands every 100 steps."""

    def say(self, message: str) -> None:
        print(message, flush=True)

    def progress(self, progress: Progress) -> None:
        if progress.step % 100 == 0:
            print(f"step {progress.step}: distance {progress.distance:.4f}", flush=True)


def usable(folder: Path) -> list[Path]:
    """Return the pictures whose licence allows what is learned from them to be given away."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    return paths[:NUM_PORTRAITS] if folder.name.startswith("look_") else paths


def learn(style: BuiltinStyle, data_dir: Path, recipe: Recipe) -> None:
    job = LearnJob(
        references=usable(data_dir / "styles" / style.folder),
        content=[data_dir / "portraits" / folder for folder in PORTRAITS] if style.is_photographic else [],
        output=BUILTIN_DIR / f"{style.name}.style",
        recipe=recipe,
        description=style.description,
        license_note=style.license_note + (CONTENT if style.is_photographic else ""),
        overwrite=True,
    )
    print(f"{style.name}: {learn_style(job, PrintingListener()).metrics}", flush=True)


def calibrate_on_portraits(path: Path, data_dir: Path) -> None:
    """Calibrate the gate on photos: what a palette made of content that was itself made of paintings tells little."""
    portraits = sorted(path for folder in PORTRAITS for path in (data_dir / "portraits" / folder).glob("*.jpg"))
    chosen = portraits[:: len(portraits) // NUM_GATE_PORTRAITS][:NUM_GATE_PORTRAITS]
    contents = [read_thumbnail_srgb(portrait, GATE_SIDE) for portrait in chosen]
    style, look = load_style(path), impasto.load(path)
    outputs = [look.apply(content) for content in contents]
    gate = calibrate(style.discriminator or b"", [], contents, outputs)
    save_style(style.in_memory(manifest=style.manifest.model_copy(update={"gate": gate})), path)


def replace_preview(path: Path) -> None:
    """Show the style on photos that anybody may pass on, instead of on those that it was learned with."""
    photos = [Image.fromarray(photo) for photo in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())]
    photos = [ImageOps.fit(photo, (PREVIEW_SIDE, PREVIEW_SIDE)) for photo in photos]
    look = impasto.load(path)
    sheet = Image.new("RGB", (PREVIEW_SIDE * len(photos), PREVIEW_SIDE * 2))
    for column, photo in enumerate(photos):
        sheet.paste(photo, (column * PREVIEW_SIDE, 0))
        sheet.paste(look.apply(photo), (column * PREVIEW_SIDE, PREVIEW_SIDE))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=88)
    save_style(load_style(path).in_memory(preview=stream.getvalue()), path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--only", nargs="+", choices=[style.name for style in STYLES])
    options = parser.parse_args(arguments)
    for style in STYLES:
        if options.only is None or style.name in options.only:
            learn(style, options.data_dir, Recipe(steps=style.num_steps))
            path = BUILTIN_DIR / f"{style.name}.style"
            replace_preview(path)
            if not style.is_photographic:
                calibrate_on_portraits(path, options.data_dir)


if __name__ == "__main__":
    main()

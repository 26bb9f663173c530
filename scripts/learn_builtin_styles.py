"""Learn the styles that the package carries.

    python scripts/learn_builtin_styles.py DATA [--only NAME ...] [--steps 800]

DATA is a folder with `styles/` and `portraits/`, as described by the SOURCES.md files in it. Only sources whose licence
allows it are used: public-domain paintings and prints, Pixabay portraits and portraits of US officials. The `look_*` sets
also hold photos of a research data set, told by their size of 481×321; those are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from impasto.train.job import LearnJob, Listener, Progress, learn_look
from impasto.train.recipe import Recipe

BUILTIN_DIR = Path(__file__).parents[1] / "src" / "impasto" / "style" / "builtin"
RESEARCH_SIZE = {481, 321}

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
        "old-masters", "oil_classic_figures", "The palette of old oil paintings of people: dark, warm, muted.",
        PAINTINGS.format("painters dead for over 70 years"),
    ),
    BuiltinStyle(
        "monet", "monet", "The palette of Claude Monet's landscapes: light, cool, low contrast. Colour only, no brush.",
        PAINTINGS.format("Claude Monet"),
    ),
    BuiltinStyle(
        "ukiyo-e", "ukiyoe", "The palette of Japanese woodblock prints: paper whites, indigo, faded ink. No lines.",
        PAINTINGS.format("Hiroshige, Hokusai, Kuniyoshi, Toyokuni and others"),
    ),
)  # fmt: skip


class PrintingListener(Listener):
    """Prints what a run says, and where it stands every 100 steps."""

    def say(self, message: str) -> None:
        print(message, flush=True)

    def progress(self, progress: Progress) -> None:
        if progress.step % 100 == 0:
            print(f"step {progress.step}: distance {progress.color_distance:.4f}", flush=True)


def usable(folder: Path) -> list[Path]:
    kept = []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as picture:
            if set(picture.size) != RESEARCH_SIZE:
                kept.append(path)
    return kept


def learn(style: BuiltinStyle, data_dir: Path, recipe: Recipe) -> None:
    job = LearnJob(
        references=usable(data_dir / "styles" / style.folder),
        content=[data_dir / "portraits" / "pixabay", data_dir / "portraits" / "us_officials"],
        output=BUILTIN_DIR / f"{style.name}.style",
        recipe=recipe,
        description=style.description,
        license_note=style.license_note + CONTENT,
        overwrite=True,
    )
    print(f"{style.name}: {learn_look(job, PrintingListener()).metrics}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=[style.name for style in STYLES])
    parser.add_argument("--steps", type=int, default=800)
    options = parser.parse_args(arguments)
    for style in STYLES:
        if options.only is None or style.name in options.only:
            learn(style, options.data, Recipe(steps=options.steps))


if __name__ == "__main__":
    sys.exit(main())

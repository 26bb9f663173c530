"""Learn the paint styles that the package carries, from its trunk.

    python scripts/learn_builtin_paints.py DATA [--only NAME ...]

DATA is a folder with `styles/`, `portraits/` and `content/`, as described by the SOURCES.md files in it. Only sources
whose licence allows it are used: public-domain paintings and prints, drawings under CC BY and CC0, Pixabay portraits,
and scenes under CC0. Of the `look_*` set only the first 50 pictures are used; the others are of a research data set.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from learn_builtin_styles import BUILTIN_DIR, PrintingListener, replace_preview, usable
from learn_trunk import PORTRAITS, SCENES, UNSEEN_EVERY
from PIL import Image

from impasto.media.image_read import read_thumbnail_srgb
from impasto.train.job import LearnJob, learn_style
from impasto.train.paint_recipe import PaintRecipe

NUM_PORTRAITS, CUTS_PER_SCENE = 300, 24
SCENE_SIDES, CUT_SIDE = (520, 1500), 512

CONTENT = "; content: Pixabay portraits (Pixabay licence), scenes of Buddies of Budgie's backgrounds (CC0)"


@dataclass(frozen=True)
class BuiltinPaint:
    """One paint style of the package, what it is learned from, and what its recipe has of its own."""

    name: str
    folders: tuple[str, ...]
    steps: int
    description: str
    license_note: str
    options: dict[str, Any] = field(default_factory=dict)


STYLES = (
    BuiltinPaint(
        "monet", ("monet",), 300, "After Monet's landscapes: broken colour in small dabs.",
        "references: paintings by Claude Monet, in the public domain",
        {"closest": 100, "farthest": 170, "content_weight": 0.8, "simplification": 4},
    ),
    BuiltinPaint(
        "van-gogh", ("vangogh",), 625, "After Van Gogh: short, thick, separate strokes.",
        "references: paintings by Vincent van Gogh, in the public domain",
        {"closest": 96, "farthest": 160, "content_weight": 0.8, "simplification": 4},
    ),
    BuiltinPaint(
        "ukiyo-e", ("ukiyoe",), 480, "After Japanese woodblock prints: outlines, flat areas, the grain of paper.",
        "references: prints by Hiroshige, Hokusai, Kuniyoshi, Toyokuni and others, in the public domain",
        {"content_weight": 1.0, "simplification": 4},
    ),
    BuiltinPaint(
        "watercolour", ("watercolor_turner_sargent_alt",), 148,
        "After Turner's and Sargent's watercolours: wash and paper.",
        "references: works by Turner, Sargent, von Alt and Dürer, in the public domain, of an MIT-licensed collection",
        {"content_weight": 0.8, "simplification": 5},
    ),
    BuiltinPaint(
        "old-masters", ("oil_classic_figures", "oil_classic_landscape"), 208,
        "After old oil paintings: glaze and canvas.",
        "references: oil paintings by painters dead for over 70 years, in the public domain",
        {"content_weight": 0.8},
    ),
    BuiltinPaint(
        "cartoon", ("cartoon_adventurer",), 90, "A drawn cartoon: dark outlines and flat areas.",
        "references: Adventurer by Lisa Wischofsky (CC BY 4.0), rendered by DiceBear (MIT)",
        {"content_weight": 2.0, "simplification": 5},
    ),
    BuiltinPaint(
        "ink", ("lineart_lorelei",), 43, "Black ink with a broad brush on white paper.",
        "references: Lorelei by Lisa Wischofsky (CC0), rendered by DiceBear (MIT)",
        # The trunk knows these drawings: more than a touch, and faces break up.
        {"content_weight": 5.0, "generator_rate": 1e-4},
    ),
    BuiltinPaint(
        "film-grain", ("look_trix400_bw_grain",), 84, "Black-and-white film after Kodak Tri-X 400, with its grain.",
        "references: Pixabay portraits (Pixabay licence) through G'MIC's LUT kodak_tri-x_400 (MIT), grain added",
        {"closest": 192, "farthest": 256, "noise": "normal", "noise_strength": 1.0, "content_weight": 3.0,
         "steadiness_weight": 0.0, "simplification": 0},
    ),
)  # fmt: skip


def content(data_dir: Path, scenes_dir: Path) -> list[Path]:
    """Return portraits, and cuts of scenes near and far that this writes into a folder."""
    portraits = sorted((data_dir / "portraits" / PORTRAITS).glob("*.jpg"))
    seen = [portrait for index, portrait in enumerate(portraits) if index % UNSEEN_EVERY]
    random = np.random.default_rng(0)
    for name in SCENES:
        for cut in range(CUTS_PER_SCENE):
            side = int(random.integers(*SCENE_SIDES))
            path = data_dir / "content" / "highres" / f"{name}.jpg"
            scene = read_thumbnail_srgb(path, side, fit_short_side=True)
            top, left = (int(random.integers(0, length - CUT_SIDE + 1)) for length in scene.shape[:2])
            square = scene[top : top + CUT_SIDE, left : left + CUT_SIDE]
            Image.fromarray(square).save(scenes_dir / f"{name}-{cut}.png", compress_level=1)
    return [*seen[:: max(1, len(seen) // NUM_PORTRAITS)][:NUM_PORTRAITS], scenes_dir]


def learn(style: BuiltinPaint, data_dir: Path) -> None:
    path = BUILTIN_DIR / f"{style.name}.style"
    with tempfile.TemporaryDirectory() as scenes_dir:
        job = LearnJob(
            references=[path for folder in style.folders for path in usable(data_dir / "styles" / folder)],
            content=content(data_dir, Path(scenes_dir)),
            output=path,
            recipe=PaintRecipe(steps=style.steps, **style.options),
            description=style.description,
            license_note=style.license_note + CONTENT,
            overwrite=True,
        )
        print(f"{style.name}: {learn_style(job, PrintingListener()).metrics}", flush=True)
    replace_preview(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--only", nargs="+", choices=[style.name for style in STYLES])
    options = parser.parse_args(arguments)
    for style in STYLES:
        if options.only is None or style.name in options.only:
            learn(style, options.data_dir)


if __name__ == "__main__":
    main()

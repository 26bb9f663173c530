"""A look from whose file nobody can tell whether any one reference was learned from.

The discriminator is linear in fixed random features of colour. The best one points from the mean of the features of the
outputs to that of the references, so that all it needs of the references is this mean, which is released once, with
noise (F. Harder et al., "DP-MERF: Differentially Private Mean Embeddings with Random Features", 2021). What a generator
learns against such a discriminator tells no more than the noisy mean does, whatever it does with it.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from impasto.errors import UsageError
from impasto.media.film_files import find_films
from impasto.media.frame import every_nth
from impasto.style.file import StyleFile
from impasto.style.finish import Finish
from impasto.style.lut_member import pack_lut
from impasto.style.manifest import Manifest, Needs, Privacy, Sources
from impasto.train.batches import Pool
from impasto.train.collection import MINIMUM_SIDE, Collection, Example, collect, load_thumbnails
from impasto.train.look_generator import LookGenerator, apply_lut, tone_reversal
from impasto.train.packaging import export_generator, make_preview
from impasto.train.private_linear import MAX_EPSILON, epsilon_of, shift_of
from impasto.train.recipe import Recipe
from impasto.train.validation import mean_lut
from impasto.version import __version__

NUM_FEATURES: Final = 128
_LOWEST, _HIGHEST = 0.5, 4.0
"""Of the frequencies of the features: coarse ones pull from afar, and fine ones would drown in noise."""
_MOST_NOISE: Final = 0.4
"""Length of the noise on the mean, which itself is no longer than 1; beyond this, a look is made of noise."""
NUM_STEPS: Final = 400
_RATE = 8e-3
_WARM_UP = 20
_PICTURES_AT_ONCE, _COLORS_AT_ONCE, _COLORS_HELD = 64, 64, 1024
_RANGE_WEIGHT, _RANGE_MARGIN, _REVERSAL_WEIGHT = 10.0, 0.05, 0.3
_BEND_WEIGHT = 0.08
"""What bends cost, times the square of the noise's length: noise bends a look more than most looks are bent."""
_READ_AT = 4
_READ_TOGETHER = 32
_NUM_SHOWN, _SHOWN_SIDE = 4, 240
_OPEN_FIELDS = {"steps", "seed", "lut_size", "thumbnail_side", "picture_side"}
"""Of the recipe; what else it says is of the usual discriminator."""

ACCOUNTANT: Final = "exact, of one Gaussian mechanism (Balle & Wang 2018): the mean of features of colour"
NEIGHBOURS: Final = "one reference more or less, whatever it shows"
KNOWN: Final = "the number of references, the content, and what was typed"
NOT_COVERED: Final = (
    "content, of which the preview shows some; copies of a reference and several of one person, each of which counts "
    "epsilon again; other files made from the same references; what the command printed"
)

Floats = NDArray[np.float64]


class ColorFeatures:
    """Cosines of random directions of colour (Rahimi & Recht 2007), the same for everybody: N×3 in [0, 1] → N×D.

    No row is longer than 1.
    """

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(NUM_FEATURES)
        scales = _LOWEST * torch.exp(torch.rand(NUM_FEATURES, 1, generator=generator) * math.log(_HIGHEST / _LOWEST))
        self._directions = (torch.randn(NUM_FEATURES, 3, generator=generator) * scales).T
        self._phases = torch.rand(NUM_FEATURES, generator=generator) * 2 * math.pi

    def __call__(self, colors: Tensor) -> Tensor:
        cosines: Tensor = torch.cos((colors * 2 - 1) @ self._directions + self._phases)
        return cosines / math.sqrt(NUM_FEATURES)

    def of_picture(self, picture: NDArray[np.uint8]) -> Floats:
        """Return the mean over all colours of H×W×3, of a length of at most 1."""
        mean = self(torch.from_numpy(picture.reshape(-1, 3)).float() / 255).mean(dim=0).numpy().astype(np.float64)
        result: Floats = mean / max(1.0, float(np.linalg.norm(mean)))
        return result


def plan_look_account(epsilon: float, num_references: int) -> Privacy:
    """Return how much noise an epsilon asks for.

    Raises
    ------
    UsageError
        Epsilon is not a number above 0, or so small that the look would be made of noise.
    """
    if not 0 < epsilon <= MAX_EPSILON:
        raise UsageError(f"epsilon must be above 0 and at most {MAX_EPSILON:g}, not {epsilon:g}; 1 to 8 are usual.")
    delta = min(1e-5, 0.1 / max(1, num_references))
    shift = shift_of(epsilon, delta)
    noise = math.sqrt(NUM_FEATURES) / (shift * max(1, num_references))
    if noise > _MOST_NOISE:
        least = math.ceil(10 * epsilon_of(shift * noise / _MOST_NOISE, delta)) / 10
        enough = math.ceil(num_references * noise / _MOST_NOISE)
        would_do = f"{least:g} or more, or {enough} references" if least <= MAX_EPSILON else f"{enough} references"
        raise UsageError(
            f"epsilon {epsilon:g} is too small to learn a look from {num_references} references: the noise would "
            f"outweigh them. Give {would_do}."
        )
    return Privacy(
        epsilon=epsilon,
        delta=delta,
        noise_multiplier=1 / shift,
        clipping_norm=1.0,
        sampling_rate=1.0,
        num_steps=1,
        num_pictures=num_references,
        accountant=ACCOUNTANT,
        neighbours=NEIGHBOURS,
        known=KNOWN,
        not_covered=NOT_COVERED,
    )


def noisy_mean(rows: Floats, noise_multiplier: float, random: np.random.Generator | None = None) -> Floats:
    """Return the mean of rows N×D, none longer than 1, with noise on their sum.

    Parameters
    ----------
    random
        Only for experiments: who knows the noise can take it away again.
    """
    random = random or np.random.default_rng(secrets.randbits(128))
    result: Floats = (rows.sum(axis=0) + noise_multiplier * random.standard_normal(rows.shape[1])) / len(rows)
    return result


def check_private(recipe: object, references: Sequence[Path | str], content: Sequence[Path | str]) -> Recipe:
    """Return the recipe, or refuse what cannot be learned privately.

    Raises
    ------
    UsageError
        It is no look, there is no content, references are films, or the recipe is of the usual discriminator.
    """
    if not isinstance(recipe, Recipe):
        raise UsageError("--private learns looks only: in other families too much is made of the references.")
    if not content:
        raise UsageError("--private needs --content: content that is made of the references would tell of them.")
    if find_films([path for path in references if Path(path).exists()]):
        raise UsageError("--private takes pictures as references: a film is many pictures of one thing.")
    usual = Recipe()
    for name in sorted(field.name for field in fields(Recipe)):
        if name not in _OPEN_FIELDS and getattr(recipe, name) != getattr(usual, name):
            raise UsageError(
                f"--{name.replace('_', '-')} cannot go with --private, whose discriminator is another one."
            )
    if recipe.minutes != usual.minutes:
        raise UsageError(f"--minutes cannot go with --private, which takes seconds; --steps is {NUM_STEPS} by default.")
    return recipe


@dataclass(eq=False)
class PrivateLookRun:
    """One run, ready to walk.

    Attributes
    ----------
    target
        The noisy mean: all that is known of the references from here on.
    colors
        M×K×3 in [0, 1], of content.
    """

    recipe: Recipe
    privacy: Privacy
    target: Tensor
    content: Collection
    colors: Tensor
    generator: LookGenerator

    @classmethod
    def prepare(
        cls,
        recipe: Recipe,
        references: Sequence[Path | str],
        content: Sequence[Path | str],
        epsilon: float,
        say: Callable[[str], None],
    ) -> Self:
        """Load pictures, and look at the references once.

        Copies are not sought among references, as what is left out would depend on the others.
        """
        found = collect(references, role="references", minimum_side=MINIMUM_SIDE, deduplicate=False)
        others = collect(content, role="content", minimum_side=MINIMUM_SIDE)
        for collection in (found, others):
            for line in (collection.summary(), *collection.warnings()):
                say(line)
        privacy = plan_look_account(epsilon, len(found.accepted))
        features = ColorFeatures()
        rows = np.stack([features.of_picture(picture) for picture in _read(found.accepted, recipe)])
        target = torch.from_numpy(noisy_mean(rows, privacy.noise_multiplier)).float()
        random = np.random.default_rng(recipe.seed)
        colors = torch.stack([_some_colors(picture, random) for picture in _read(others.accepted, recipe)])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            generator = LookGenerator(recipe.lut_size, recipe.num_adaptive)
        return cls(recipe, privacy, target, others, colors, generator)

    @property
    def num_steps(self) -> int:
        return self.recipe.steps or NUM_STEPS

    def walk(self, progressed: Callable[[int, float], None]) -> None:
        """Learn what all pictures share; `progressed` is told each step and its loss.

        What depends on the picture stays as it began, at nothing: a mean of colours does not tell it.
        """
        features, random = ColorFeatures(), torch.Generator().manual_seed(self.recipe.seed)
        optimiser = torch.optim.Adam(self.generator.shared.parameters(), lr=_RATE, betas=(0.5, 0.99))
        for step in range(self.num_steps):
            for group in optimiser.param_groups:
                group["lr"] = _RATE * min(1.0, (step + 1) / _WARM_UP) * (1 - step / self.num_steps)
            loss = self._loss(features, random)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            progressed(step + 1, float(loss.detach()))

    def _loss(self, features: ColorFeatures, random: torch.Generator) -> Tensor:
        pictures = torch.randint(len(self.colors), (_PICTURES_AT_ONCE, 1), generator=random)
        places = torch.randint(_COLORS_HELD, (_PICTURES_AT_ONCE, _COLORS_AT_ONCE), generator=random)
        lut = self.generator.shared_lut()
        raw = apply_lut(self.colors[pictures, places].permute(2, 0, 1)[None], lut)[0].permute(1, 2, 0)
        graded = raw + (raw.clamp(0, 1) - raw).detach()
        means = features(graded).mean(dim=1)
        # Of two halves, so that what differs between few pictures does not count as a distance.
        first, second = (part.mean(dim=0) - self.target for part in means.chunk(2))
        excess = functional.relu((raw - 0.5).abs() - 0.5 - _RANGE_MARGIN).square().mean()
        loss = first @ second + _RANGE_WEIGHT * excess + _REVERSAL_WEIGHT * tone_reversal(lut)
        return loss + _BEND_WEIGHT * _noise_length(self.privacy) ** 2 * _bend(lut[0])

    def describe(self, name: str, description: str, license_note: str, finish: Finish | None = None) -> Manifest:
        """Return the manifest: no hashes of references, no distances to them, no gate."""
        recipe = replace(self.recipe, steps=self.num_steps)
        return Manifest(
            name=name,
            family="look",
            description=description,
            created=date.today(),
            impasto_version=__version__,
            needs=Needs(thumbnail_side=recipe.thumbnail_side, lut_size=recipe.lut_size),
            recipe={field: value for field, value in recipe.as_json().items() if field in _OPEN_FIELDS},
            sources=Sources(
                num_references=self.privacy.num_pictures,
                num_content=len(self.content.accepted),
                license_note=license_note,
            ),
            metrics={"steps": float(self.num_steps)},
            finish=finish,
            privacy=self.privacy,
        )

    def pack(self, manifest: Manifest) -> StyleFile:
        """Make a style that holds nothing but the look: no discriminator, and content alone in its preview."""
        side = self.recipe.thumbnail_side
        shown = Pool(load_thumbnails(self.content.accepted[:_NUM_SHOWN], _SHOWN_SIDE), side)
        pictures = [shown.picture(index) for index in range(len(shown))]
        return StyleFile(
            manifest,
            generator=export_generator(self.generator, side),
            preview=make_preview(self.generator, pictures, shown.thumbnails),
            mean_lut=pack_lut(mean_lut(self.generator, shown.thumbnails[:1]).numpy()),
        )


def _noise_length(privacy: Privacy) -> float:
    return math.sqrt(NUM_FEATURES) * privacy.noise_multiplier / privacy.num_pictures


def _bend(lut: Tensor) -> Tensor:
    """Return the mean square of the second derivatives of a LUT N×N×N×3 along its axes."""
    steps = len(lut) - 1
    return torch.stack([(lut.diff(n=2, dim=axis) * steps**2).square().mean() for axis in range(3)]).sum()


def _read(examples: Sequence[Example], recipe: Recipe) -> list[NDArray[np.uint8]]:
    parts = [examples[first : first + _READ_TOGETHER] for first in range(0, len(examples), _READ_TOGETHER)]
    side = _READ_AT * recipe.picture_side
    return [every_nth(picture, recipe.picture_side) for part in parts for picture in load_thumbnails(part, side)]


def _some_colors(picture: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    pixels = picture.reshape(-1, 3)
    return torch.from_numpy(pixels[random.integers(0, len(pixels), _COLORS_HELD)]).float() / 255

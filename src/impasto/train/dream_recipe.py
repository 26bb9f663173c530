"""`DreamRecipe`: how pictures from noise are learned, checked once and saved resolved in the style file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from impasto.errors import UsageError
from impasto.style.latents import parse_noise
from impasto.train.recipe import (
    TRAINING_CHOICES,
    check_choices,
    check_ranges,
    check_stages,
    fastest_precision,
    read_recipe,
    recipe_values,
)

ARCHITECTURES = ("light", "dcgan")
JUDGES = ("projected", "convolutional")
FACES = ("auto", "crop", "whole")
SIDES = (16, 32, 48, 64, 96, 128, 192, 256, 512)
SEEN_SIDE = 96


@dataclass(frozen=True)
class DreamRecipe:
    """How a dream is learned.

    Attributes
    ----------
    minutes, steps, loss, r1_weight, ema_decay, precision, validation_fraction, validate_every, seed
        As for a look.
    side
        Of the square pictures, in pixels; one of `SIDES`.
    architecture
        The generator: `light` (after Liu et al. 2021) or `dcgan` (Radford et al. 2016).
    judge
        The discriminator: `projected` on frozen features (Sauer et al. 2021), or `convolutional` on pixels.
    encoder, stages
        Of a projected judge: the frozen network, and which of its four stages are judged.
    latent_size, noise
        How many numbers a picture is made of, and how they are drawn, as `impasto.style.latents.parse_noise` takes it.
    width, judge_width
        Channels of generator and discriminator against the usual.
    augmentation
        Probability of each change that pictures undergo before they are judged; None adapts it, so that the
        discriminator does not learn a small set by heart (Karras et al. 2020).
    mirror
        Whether a picture may be seen mirrored.
    faces
        `crop`: upright faces are cut out, and pictures without one are left out; `whole`: the middle square; `auto`:
        faces where most pictures have one.
    auxiliary_weight
        Of the auxiliary task: telling from a picture what it was made of.
    feedback_weight
        Of what the generator pays for outputs that differ less than references do.
    """

    minutes: float = 30.0
    steps: int | None = None
    architecture: str = "light"
    judge: str = "projected"
    loss: str = "hinge"
    encoder: str = "efficientnet-lite0"
    stages: tuple[int, ...] = (0, 1, 2, 3)
    r1_weight: float = 0.0
    side: int = 64
    latent_size: int = 64
    noise: str = "normal"
    width: float = 1.0
    judge_width: float = 1.0
    batch_size: int = 16
    augmentation: float | None = None
    mirror: bool = True
    faces: str = "auto"
    auxiliary_weight: float = 0.0
    feedback_weight: float = 0.0
    generator_rate: float = 1e-3
    discriminator_rate: float = 4e-4
    ema_decay: float = 0.999
    precision: str = "auto"
    validation_fraction: float = 0.1
    validate_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_ranges(self, _RANGES)
        check_stages(self.stages)
        parse_noise(self.noise)

    @property
    def seen_side(self) -> int:
        """Side at which a projected judge looks: encoders see little in pictures that are smaller."""
        return max(self.side, SEEN_SIDE)

    def resolved(self, has_content: bool) -> DreamRecipe:
        """Return the recipe with everything that was left open decided.

        Raises
        ------
        UsageError
            Content was given, which dreams have none of.
        """
        if has_content:
            raise UsageError("a dream is made of noise, and takes no --content; give all pictures as references")
        if self.precision != "auto":
            return self
        return replace(self, precision=fastest_precision())

    def as_json(self) -> dict[str, Any]:
        return {"family": "dream", **recipe_values(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DreamRecipe:
        """Rebuild a recipe from `as_json`.

        Raises
        ------
        UsageError
            If a value is of the wrong type or out of range.
        """
        return read_recipe(cls, values)


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "light": {},
        "dcgan": {
            "architecture": "dcgan",
            "judge": "convolutional",
            "loss": "non-saturating",
            "augmentation": 0.0,
            "generator_rate": 2e-4,
            "discriminator_rate": 2e-4,
            "latent_size": 100,
            "batch_size": 64,
        },
    }
)
"""What a recipe that is asked for by name changes of the defaults."""


_CHOICES: Mapping[str, tuple[Any, ...]] = {
    **TRAINING_CHOICES,
    "architecture": ARCHITECTURES,
    "judge": JUDGES,
    "faces": FACES,
    "side": SIDES,
}

_RANGES = (
    ("minutes", 0.01, 10_000),
    ("steps", 1, 10_000_000),
    ("r1_weight", 0, 1_000),
    ("latent_size", 1, 1024),
    ("width", 0.1, 16),
    ("judge_width", 0.1, 16),
    ("batch_size", 2, 1024),
    ("augmentation", 0, 1),
    ("auxiliary_weight", 0, 1_000),
    ("feedback_weight", 0, 1_000),
    ("generator_rate", 1e-7, 1),
    ("discriminator_rate", 1e-7, 1),
    ("ema_decay", 0, 0.99999),
    ("validation_fraction", 0, 0.5),
    ("validate_every", 1, 1_000_000),
    ("seed", 0, 2**63 - 1),
)

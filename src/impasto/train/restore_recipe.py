"""`RestoreRecipe`: how the mending of damaged photos is learned, checked once and saved resolved in the style file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from impasto.errors import UsageError
from impasto.train.recipe import TRAINING_CHOICES, check_choices, check_ranges, check_stages, read_recipe, recipe_values


@dataclass(frozen=True)
class RestoreRecipe:
    """How restoring is learned: from photos, and from what damage makes of them.

    Attributes
    ----------
    minutes, steps, loss, encoder, stages, r1_weight, batch_size, precision
        As for a look.
    crop_side, picture_side
        Side of the crops that are mended, and the short side at which photos are held in memory.
    width, num_blocks
        Channels of the generator against the usual, and how many residual blocks it has.
    most_blur, most_shrinking, most_noise, least_quality
        The worst damage: σ of a Gaussian in pixels, how many times smaller, deviation in levels of 255, JPEG quality.
    damage_share
        How probable each of the four is.
    pixel_weight, perceptual_weight, adversarial_weight
        Of differences of pixels, differences of features, and of what the discriminator says. Without the last there is
        no discriminator at all.
    generator_rate, discriminator_rate, ema_decay, validation_fraction, validate_every, seed
        As for a look.
    """

    minutes: float = 20.0
    steps: int | None = None
    loss: str = "hinge"
    encoder: str = "efficientnet-lite0"
    stages: tuple[int, ...] = (0, 1, 2)
    r1_weight: float = 0.0
    batch_size: int = 8
    crop_side: int = 64
    picture_side: int = 512
    width: float = 1.0
    num_blocks: int = 6
    most_blur: float = 2.0
    most_shrinking: float = 3.0
    most_noise: float = 12.0
    least_quality: int = 30
    damage_share: float = 0.7
    pixel_weight: float = 10.0
    perceptual_weight: float = 1.0
    adversarial_weight: float = 0.1
    generator_rate: float = 1e-3
    discriminator_rate: float = 5e-4
    ema_decay: float = 0.998
    precision: str = "float32"
    validation_fraction: float = 0.1
    validate_every: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, TRAINING_CHOICES)
        check_ranges(self, _RANGES)
        if self.crop_side % 2 or self.crop_side > self.picture_side:
            raise UsageError(f"crop-side must be even and at most picture-side, {self.picture_side}")
        check_stages(self.stages)
        if not self.pixel_weight + self.perceptual_weight + self.adversarial_weight:
            raise UsageError("one of pixel-weight, perceptual-weight and adversarial-weight must be more than 0")

    def resolved(self, has_content: bool) -> RestoreRecipe:
        """Return the recipe with everything that was left open decided.

        Raises
        ------
        UsageError
            Content was given, which is made of the references here.
        """
        if has_content:
            raise UsageError("restoring learns from good photos, which it damages itself: leave out --content")
        return replace(self, precision="float32" if self.precision == "auto" else self.precision)

    def as_json(self) -> dict[str, Any]:
        return {"family": "restore", **recipe_values(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RestoreRecipe:
        """Rebuild a recipe from `as_json`.

        Raises
        ------
        UsageError
            If a value is of the wrong type or out of range.
        """
        return read_recipe(cls, values)


RESTORE_PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"restore": {}, "plain": {"adversarial_weight": 0.0, "perceptual_weight": 0.0}}
)
"""What a recipe that is asked for by name changes of the defaults; `plain` goes by pixels alone."""

_RANGES = (
    ("minutes", 0.01, 10_000),
    ("steps", 1, 10_000_000),
    ("r1_weight", 0, 1_000),
    ("batch_size", 1, 1024),
    ("crop_side", 16, 512),
    ("picture_side", 32, 4096),
    ("width", 0.1, 8),
    ("num_blocks", 1, 24),
    ("most_blur", 0, 8),
    ("most_shrinking", 1, 8),
    ("most_noise", 0, 64),
    ("least_quality", 1, 95),
    ("damage_share", 0, 1),
    ("pixel_weight", 0, 1_000),
    ("perceptual_weight", 0, 1_000),
    ("adversarial_weight", 0, 1_000),
    ("generator_rate", 1e-7, 1),
    ("discriminator_rate", 1e-7, 1),
    ("ema_decay", 0, 0.99999),
    ("validation_fraction", 0, 0.5),
    ("validate_every", 1, 1_000_000),
    ("seed", 0, 2**63 - 1),
)

"""`PaintRecipe`: the options of learning a paint style, checked once and saved in the style file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impasto.errors import UsageError
from impasto.style.names import STYLE_SUFFIX
from impasto.train.paint_generator import MULTIPLE
from impasto.train.recipe import (
    TRAINING_CHOICES,
    check_choices,
    check_ranges,
    check_stages,
    fastest_precision,
    read_recipe,
    recipe_values,
)

NOISES = ("normal", "uniform", "laplace", "none")
FROM_TRUNK, FROM_NOTHING = "trunk", "none"


@dataclass(frozen=True)
class PaintRecipe:
    """How a paint style is learned.

    Attributes
    ----------
    minutes, steps, loss, encoder, r1_weight, precision, ema_decay, validation_fraction, validate_every, seed
        As for a look. `precision` `auto` takes bfloat16 where the processor computes in it.
    start
        What to start from: `trunk`, `none` for a network that knows nothing, or the path of a paint style.
    width
        Channels of the network against the usual number; other than 1 only where `start` is `none`.
    noise, noise_strength
        Distribution of the noise that the network is fed while it learns, and its deviation; it is applied with normal
        noise of this deviation. `none` feeds nought.
    batch_size, crop_side
        Crops per step, and their side in pixels.
    working_side
        Short side in pixels of content as the network sees it.
    simplification
        Radius in pixels of what a painter would leave out of the content: the network never sees it. 0 for none.
    reference_side, closest, farthest
        Short side in pixels at which references are held, and the sides of what is cut out of them and enlarged to
        `crop_side`: the smaller, the larger the brush.
    stages
        Stages of the encoder that the discriminator sees, 0 being the earliest.
    freeze_at
        Part of the run after which the statistics of the network's layers stay as they are.
    warm_up
        Part of the run in which, from a trunk or a style, only the vector and what it modulates are learned.
    palette
        How far, in [0, 1], the chroma of the references is taken on.
    adversarial_weight, content_weight, style_weight, gram_weight, chroma_weight, steadiness_weight, grid_weight
        Weights of the generator's objectives.
    """

    minutes: float = 10.0
    steps: int | None = None
    start: str = FROM_TRUNK
    loss: str = "hinge"
    encoder: str = "efficientnet-lite0"
    stages: tuple[int, ...] = (0, 1, 2)
    r1_weight: float = 0.0
    width: float = 1.0
    noise: str = "normal"
    noise_strength: float = 0.2
    batch_size: int = 6
    crop_side: int = 192
    working_side: int = 448
    simplification: int = 3
    reference_side: int = 256
    closest: int = 110
    farthest: int = 190
    adversarial_weight: float = 1.0
    content_weight: float = 1.5
    style_weight: float = 2.0
    gram_weight: float = 2.0
    chroma_weight: float = 40.0
    palette: float = 0.6
    steadiness_weight: float = 8.0
    grid_weight: float = 8.0
    generator_rate: float = 1e-3
    discriminator_rate: float = 4e-4
    warm_up: float = 0.15
    freeze_at: float = 0.8
    ema_decay: float = 0.997
    precision: str = "auto"
    validation_fraction: float = 0.1
    validate_every: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, {**TRAINING_CHOICES, "noise": NOISES})
        self._check_ranges()
        self._check_start()

    def _check_ranges(self) -> None:
        check_ranges(self, _RANGES)
        for name in ("crop_side", "working_side"):
            if getattr(self, name) % MULTIPLE:
                option = name.replace("_", "-")
                raise UsageError(f"{option} must be a multiple of {MULTIPLE}, not {getattr(self, name)}")
        if self.crop_side > self.working_side:
            raise UsageError(f"crop-side {self.crop_side} is larger than working-side {self.working_side}")
        if not self.closest <= self.farthest <= self.reference_side:
            raise UsageError(
                f"closest {self.closest}, farthest {self.farthest} and reference-side {self.reference_side} must rise"
            )
        check_stages(self.stages)

    def _check_start(self) -> None:
        if self.start not in (FROM_TRUNK, FROM_NOTHING) and Path(self.start).suffix != STYLE_SUFFIX:
            raise UsageError(f"learning starts from 'trunk', 'none' or a {STYLE_SUFFIX} file, not '{self.start}'")
        if self.width != 1 and self.start != FROM_NOTHING:
            raise UsageError("what learning starts from has a width of its own; for another width say --from none")

    @property
    def effective_noise(self) -> float:
        """Deviation of the noise that the network is fed."""
        return 0.0 if self.noise == "none" else self.noise_strength

    def resolved(self, has_content: bool) -> PaintRecipe:  # noqa: ARG002 - of the one interface of recipes
        """Return the recipe with everything that was left open decided."""
        if self.precision != "auto":
            return self
        return replace(self, precision=fastest_precision())

    def as_json(self) -> dict[str, Any]:
        return {"family": "paint", **recipe_values(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> PaintRecipe:
        """Rebuild a recipe from `as_json`.

        Raises
        ------
        UsageError
            If a value is of the wrong type or out of range.
        """
        return read_recipe(cls, values)


_RANGES = (
    ("minutes", 0.01, 10_000),
    ("steps", 1, 10_000_000),
    ("r1_weight", 0, 1_000),
    ("width", 0.1, 16),
    ("noise_strength", 0, 10),
    ("batch_size", 1, 1024),
    ("crop_side", 64, 1024),
    ("working_side", 64, 4096),
    ("simplification", 0, 32),
    ("reference_side", 32, 2048),
    ("closest", 16, 2048),
    ("adversarial_weight", 0, 1_000),
    ("content_weight", 0, 1_000),
    ("style_weight", 0, 1_000),
    ("gram_weight", 0, 1_000),
    ("chroma_weight", 0, 1_000),
    ("palette", 0, 1),
    ("steadiness_weight", 0, 1_000),
    ("grid_weight", 0, 1_000),
    ("generator_rate", 1e-7, 1),
    ("discriminator_rate", 1e-7, 1),
    ("warm_up", 0, 1),
    ("freeze_at", 0, 1),
    ("ema_decay", 0, 0.99999),
    ("validation_fraction", 0, 0.5),
    ("validate_every", 1, 1_000_000),
    ("seed", 0, 2**63 - 1),
)

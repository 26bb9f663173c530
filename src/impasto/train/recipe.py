"""`Recipe`: the training options, checked once and saved resolved in the style file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from impasto.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LOSS_NAMES = ("hinge", "non-saturating", "bce", "lsgan", "wgan-gp")
PRECISIONS = ("auto", "float32", "bfloat16")
TRAINING_CHOICES: Mapping[str, tuple[Any, ...]] = MappingProxyType({"loss": LOSS_NAMES, "precision": PRECISIONS})
"""The fields that every recipe has, and what they may be."""

Ranges = tuple[tuple[str, float, float], ...]
"""Names of fields, with the least and the largest that each may be."""

_AnyRecipe = TypeVar("_AnyRecipe", bound="DataclassInstance")


@dataclass(frozen=True)
class Recipe:
    """How a look is learned.

    Attributes
    ----------
    minutes
        Time to train for; the schedule adapts to it. Ignored where `steps` is given.
    steps
        Number of training steps, or None to train by time.
    loss
        One of `LOSS_NAMES`.
    stages
        Stages of the encoder that the discriminator sees, 0 being the earliest.
    r1_weight
        Weight of the R1 penalty on real pictures; 0 leaves it out.
    crop_side
        Side in pixels of the crops that the discriminator sees.
    picture_side
        Short side in pixels at which pictures are held in memory.
    content_jitter
        Strength, in [0, 1], of the random exposure, white balance, contrast and saturation of content; None chooses by
        whether there is content other than the references.
    num_adaptive, adaptation_weight
        Residual LUTs that depend on the picture, and what their use costs.
    generator_rate, discriminator_rate
        Adam's learning rates.
    ema_decay
        Decay per step of the generator's moving average, which is what the style file keeps.
    validation_fraction
        Part of the pictures that is kept out of training.
    seed
        Two runs on one machine with one seed and a number of steps agree.
    """

    minutes: float = 5.0
    steps: int | None = None
    loss: str = "hinge"
    encoder: str = "efficientnet-lite0"
    stages: tuple[int, ...] = (0, 1)
    r1_weight: float = 0.0
    batch_size: int = 24
    crop_side: int = 64
    picture_side: int = 96
    thumbnail_side: int = 64
    lut_size: int = 33
    content_jitter: float | None = None
    num_adaptive: int = 2
    adaptation_weight: float = 30.0
    generator_rate: float = 2e-3
    discriminator_rate: float = 1e-3
    ema_decay: float = 0.998
    precision: str = "auto"
    validation_fraction: float = 0.1
    validate_every: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, TRAINING_CHOICES)
        self._check_ranges()

    def _check_ranges(self) -> None:
        check_ranges(self, _RANGES)
        if self.crop_side > self.picture_side:
            raise UsageError(f"crop-side {self.crop_side} is larger than picture-side {self.picture_side}")
        check_stages(self.stages)

    def resolved(self, has_content: bool) -> Recipe:
        """Return the recipe with everything that was left open decided."""
        jitter = self.content_jitter
        if jitter is None:
            jitter = CONTENT_JITTER if has_content else REFERENCE_JITTER
        return replace(self, content_jitter=jitter)

    def as_json(self) -> dict[str, Any]:
        return recipe_values(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """Rebuild a recipe from `as_json`.

        Raises
        ------
        UsageError
            If a value is of the wrong type or out of range.
        """
        return read_recipe(cls, values)


def check_choices(recipe: object, choices: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuse fields that are none of what they may be.

    Raises
    ------
    UsageError
        One is not; it is named with its choices.
    """
    for name, known in choices.items():
        if getattr(recipe, name) not in known:
            listed = ", ".join(map(str, known))
            raise UsageError(f"no {name} named '{getattr(recipe, name)}'; choose one of: {listed}")


def check_ranges(recipe: object, ranges: Ranges) -> None:
    """Refuse fields that are out of range; what is left open (None) is not.

    Raises
    ------
    UsageError
        One is; it is named as the option is.
    """
    for name, low, high in ranges:
        value = getattr(recipe, name)
        if value is not None and not low <= value <= high:
            raise UsageError(f"{name.replace('_', '-')} must be from {low:g} to {high:g}, not {value:g}")


def check_stages(stages: Sequence[int]) -> None:
    """Refuse what are no stages of an encoder.

    Raises
    ------
    UsageError
        There is none, or one that encoders do not have.
    """
    if not stages or not set(stages) <= set(range(4)):
        raise UsageError(f"stages must be some of 0, 1, 2, 3, not {list(stages)}")


def recipe_values(recipe: DataclassInstance) -> dict[str, Any]:
    """Return the fields of a recipe as JSON."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(recipe).items()}


def read_recipe(kind: type[_AnyRecipe], values: Mapping[str, Any]) -> _AnyRecipe:
    """Rebuild a recipe from its fields; a `family` among them is passed over.

    Raises
    ------
    UsageError
        If a value is of the wrong type or out of range.
    """
    own = {name: value for name, value in values.items() if name != "family"}
    try:
        return TypeAdapter(kind).validate_python(own)
    except ValidationError as error:
        raise UsageError(f"the saved recipe cannot be used: {error.errors()[0]['msg']}") from error


def fastest_precision() -> str:
    """Return bfloat16 where the processor has instructions for it; without them it is slower than float32."""
    import torch  # noqa: PLC0415  what is wrong with a recipe is said before this is loaded

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    has_bfloat16 = any(bool(getattr(torch.cpu, name, lambda: False)()) for name in names)
    return "bfloat16" if has_bfloat16 else "float32"


CONTENT_JITTER = 0.1
REFERENCE_JITTER = 0.15

_RANGES = (
    ("minutes", 0.01, 10_000),
    ("steps", 1, 10_000_000),
    ("r1_weight", 0, 1_000),
    ("batch_size", 1, 1024),
    ("crop_side", 32, 1024),
    ("picture_side", 32, 2048),
    ("thumbnail_side", 8, 512),
    ("lut_size", 5, 65),
    ("content_jitter", 0, 1),
    ("num_adaptive", 0, 16),
    ("adaptation_weight", 0, 10_000),
    ("generator_rate", 1e-7, 1),
    ("discriminator_rate", 1e-7, 1),
    ("ema_decay", 0, 0.99999),
    ("validation_fraction", 0, 0.5),
    ("validate_every", 1, 1_000_000),
    ("seed", 0, 2**63 - 1),
)

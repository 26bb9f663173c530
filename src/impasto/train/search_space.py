"""What a search over recipes may change: how training goes, and never what is asked of the style.

Weights that trade likeness against the content, sizes, and how pictures are split are left alone. They change what the
validation figure means, so that a search would find its loopholes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from impasto.errors import UsageError
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.families import AnyRecipe
from impasto.train.paint_recipe import FROM_NOTHING, PaintRecipe

_RATE_SPAN: Final = 4.0
_WGAN: Final = "wgan-gp"


class Suggests(Protocol):
    """What chooses values, such as a trial of optuna's."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...

    def suggest_categorical(self, name: str, choices: Any) -> Any: ...


@dataclass(frozen=True)
class Span:
    """A number from `low` to `high`; all orders of magnitude count alike."""

    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: tuple[Any, ...]


Dimension = Span | Choice
SearchSpace = Mapping[str, Dimension]


def space_of(recipe: AnyRecipe) -> SearchSpace:
    """Return what a search that starts from a recipe may change, by the name of the field.

    The recipe itself lies within: rates reach from a quarter to four times its own, and its own choices are among those
    that are tried.
    """
    space: dict[str, Dimension] = {
        "generator_rate": _around(recipe.generator_rate),
        "discriminator_rate": _around(recipe.discriminator_rate),
        "loss": _choices(recipe.loss, "hinge", "non-saturating", "lsgan"),
        "r1_weight": _choices(recipe.r1_weight, 0.0, 0.1, 1.0),
        "ema_decay": _choices(recipe.ema_decay, 0.99, 0.997, 0.999),
    }
    if recipe.loss == _WGAN:  # its penalty takes the place of R1, and its rates fit no other loss
        del space["loss"], space["r1_weight"]
    half, twice = max(1, recipe.batch_size // 2), min(1024, 2 * recipe.batch_size)
    space["batch_size"] = _choices(recipe.batch_size, half, twice)
    if isinstance(recipe, PaintRecipe):
        space["noise"] = _choices(recipe.noise, "normal", "uniform", "laplace", "none")
        if recipe.start != FROM_NOTHING:
            space["warm_up"] = _choices(recipe.warm_up, 0.0, 0.15, 0.4)
    if isinstance(recipe, DreamRecipe):
        space["noise"] = _choices(recipe.noise, "normal", "uniform", "truncated:1.5")
        space["augmentation"] = _choices(recipe.augmentation, None, 0.2, 0.5)
    return space


def _around(rate: float) -> Span:
    return Span(max(1e-7, rate / _RATE_SPAN), min(1.0, rate * _RATE_SPAN))


def _choices(own: Any, *others: Any) -> Choice:
    return Choice((own, *(each for each in others if each != own)))


def suggest(space: SearchSpace, recipe: AnyRecipe, chooser: Suggests) -> AnyRecipe:
    """Return the recipe with what the chooser suggests."""
    chosen = {
        name: chooser.suggest_float(name, each.low, each.high, log=True)
        if isinstance(each, Span)
        else chooser.suggest_categorical(name, list(each.options))
        for name, each in space.items()
    }
    return with_values(recipe, chosen)


def start_of(space: SearchSpace, recipe: AnyRecipe) -> dict[str, Any]:
    """Return the recipe's own values of what is searched."""
    return {name: getattr(recipe, name) for name in space}


def with_values(recipe: AnyRecipe, values: Mapping[str, Any]) -> AnyRecipe:
    """Return the recipe with other values, rounded to what a person would write.

    Raises
    ------
    UsageError
        A value is out of range.
    """
    rounded: dict[str, Any] = {
        name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in values.items()
    }
    try:
        return replace(recipe, **rounded)
    except TypeError as error:
        raise UsageError(f"no recipe has {', '.join(values)}: {error}.") from error


def differences(start: AnyRecipe, found: AnyRecipe) -> dict[str, tuple[Any, Any]]:
    """Return what two recipes of one kind differ in: before and after, by field."""
    before, after = start.as_json(), found.as_json()
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}

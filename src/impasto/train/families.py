"""The families of styles that can be learned, and what a user may say about each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from impasto.errors import UsageError
from impasto.train.dream_recipe import PRESETS, DreamRecipe
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe
from impasto.train.restore_recipe import RESTORE_PRESETS, RestoreRecipe

AnyRecipe = Recipe | PaintRecipe | DreamRecipe | RestoreRecipe

RECIPES: dict[str, type[Recipe] | type[PaintRecipe] | type[DreamRecipe] | type[RestoreRecipe]] = {
    "look": Recipe,
    "paint": PaintRecipe,
    "dream": DreamRecipe,
    "restore": RestoreRecipe,
}

NAMED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {"dream": PRESETS, "restore": RESTORE_PRESETS}
"""Recipes by family and name: what each changes of the defaults."""


def recipe_of(family: str, options: Mapping[str, Any]) -> AnyRecipe:
    """Return the recipe of a family with the fields that are given.

    The option `recipe` is what the others change: the name of a recipe, or a JSON file of options, such as what a style
    file says under `recipe`.

    Raises
    ------
    UsageError
        There is no such family, or it has no such option, or a value is out of range.
    """
    if family not in RECIPES:
        raise UsageError(f"no family named '{family}' can be learned; choose one of: {', '.join(RECIPES)}")
    kind = RECIPES[family]
    if start := options.get("recipe"):
        options = {**_start(family, str(start)), **options}
    options = {name: value for name, value in options.items() if name != "recipe"}
    if unknown := sorted(set(options) - {field.name for field in fields(kind)}):
        raise UsageError(f"learning a style of the family '{family}' has no option {', '.join(unknown)}.")
    try:
        return kind(**options)
    except TypeError as error:  # an option from a file, of another type than its range
        raise UsageError(f"an option of the recipe is not of the right kind: {error}.") from error


def _start(family: str, text: str) -> dict[str, Any]:
    named = NAMED.get(family, {})
    if text in named:
        return dict(named[text])
    if not text.endswith(".json"):
        known = f"; choose one of: {', '.join(named)}, or a .json file" if named else "; give a .json file"
        raise UsageError(f"learning a style of the family '{family}' has no recipe '{text}'{known}.")
    try:
        held = json.loads(Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{text} cannot be read as a recipe: {error}") from error
    if not isinstance(held, dict) or held.get("family", family) != family:
        raise UsageError(f"{text} is no recipe of the family '{family}'.")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in held.items() if name != "family"
    }

"""The families of styles that can be learned, and what a user may say about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from impasto.errors import UsageError
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe

RECIPES: dict[str, type[Recipe] | type[PaintRecipe]] = {"look": Recipe, "paint": PaintRecipe}


def recipe_of(family: str, options: Mapping[str, Any]) -> Recipe | PaintRecipe:
    """Return the recipe of a family with the fields that are given.

    Raises
    ------
    UsageError
        There is no such family, or it has no such option, or a value is out of range.
    """
    if family not in RECIPES:
        raise UsageError(f"no family named '{family}' can be learned; choose one of: {', '.join(RECIPES)}")
    kind = RECIPES[family]
    if unknown := sorted(set(options) - {field.name for field in fields(kind)}):
        raise UsageError(f"learning a style of the family '{family}' has no option {', '.join(unknown)}.")
    return kind(**options)

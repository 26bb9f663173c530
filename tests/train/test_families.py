"""Which recipe a family has, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import UsageError
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.families import RECIPES, recipe_of
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe


@pytest.mark.parametrize(
    ("family", "kind", "minutes"), [("look", Recipe, 5.0), ("paint", PaintRecipe, 10.0), ("dream", DreamRecipe, 30.0)]
)
def test_what_is_not_said_is_as_the_family_has_it(family: str, kind: type, minutes: float) -> None:
    recipe = recipe_of(family, {})
    assert type(recipe) is kind
    assert recipe.minutes == minutes
    assert recipe_of(family, {"minutes": 3.0, "seed": 4}) == kind(minutes=3.0, seed=4)


@pytest.mark.parametrize("family", list(RECIPES))
def test_what_a_style_file_keeps_is_the_recipe(family: str) -> None:
    recipe = recipe_of(family, {"steps": 7, "loss": "lsgan"})
    assert RECIPES[family].from_json(recipe.as_json()) == recipe
    others = [recipe_of(other, {"steps": 7, "loss": "lsgan"}) for other in RECIPES if other != family]
    assert all(other.as_json() != recipe.as_json() for other in others)


@pytest.mark.parametrize(
    ("family", "options", "message"),
    [
        ("sketch", {}, "'sketch'.*look, paint, dream"),
        ("look", {"recipe": "dcgan"}, "'look' has no recipe 'dcgan'"),
        ("dream", {"recipe": "biggan"}, "light, dcgan"),
        ("look", {"palette": 0.5, "gram_weight": 1.0}, "'look' has no option gram_weight, palette"),
        ("paint", {"lut_size": 17}, "'paint' has no option lut_size"),
        ("paint", {"palette": 2.0}, "palette must be from 0 to 1"),
        ("look", {"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_learned_is_said(family: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipe_of(family, options)


def test_a_recipe_by_name_changes_what_is_not_said() -> None:
    recipe = recipe_of("dream", {"recipe": "dcgan", "batch_size": 8})
    assert isinstance(recipe, DreamRecipe)
    assert (recipe.architecture, recipe.judge, recipe.loss) == ("dcgan", "convolutional", "non-saturating")
    assert recipe.batch_size == 8


def test_a_recipe_is_read_from_a_file(tmp_path: Path) -> None:
    kept = DreamRecipe(side=32, stages=(0, 2), seed=9)
    path = tmp_path / "found.json"
    path.write_text(json.dumps(kept.as_json()), encoding="utf-8")
    assert recipe_of("dream", {"recipe": str(path)}) == kept
    assert recipe_of("dream", {"recipe": str(path), "seed": 1}) == replace(kept, seed=1)
    with pytest.raises(UsageError, match="no recipe of the family 'paint'"):
        recipe_of("paint", {"recipe": str(path)})


@pytest.mark.parametrize(
    ("text", "message"), [("[1]", "is no recipe"), ("{", "cannot be read"), ('{"side": "x"}', "no side named 'x'")]
)
def test_a_file_that_is_no_recipe_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        recipe_of("dream", {"recipe": str(path)})
    with pytest.raises(UsageError, match="cannot be read"):
        recipe_of("dream", {"recipe": str(tmp_path / "missing.json")})

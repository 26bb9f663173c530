from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import UsageError
from impasto.train.families import RECIPES, recipe_of
from impasto.train.restore_recipe import RestoreRecipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "none"}, "no loss named"),
        ({"precision": "half"}, "no precision named"),
        ({"stages": (4,)}, "stages"),
        ({"stages": ()}, "stages"),
        ({"crop_side": 97}, "even"),
        ({"crop_side": 128, "picture_side": 64}, "crop-side"),
        ({"most_shrinking": 0.5}, "most-shrinking"),
        ({"least_quality": 0}, "least-quality"),
        ({"damage_share": 1.1}, "damage-share"),
        ({"minutes": 0}, "minutes"),
        ({"pixel_weight": 0, "perceptual_weight": 0, "adversarial_weight": 0}, "must be more than 0"),
    ],
)
def test_what_cannot_be_learned_by_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RestoreRecipe(**change)


def test_it_survives_json() -> None:
    recipe = RestoreRecipe(width=0.5, stages=(0, 3), steps=7)
    assert RestoreRecipe.from_json(recipe.as_json()) == recipe
    assert recipe.as_json()["family"] == "restore"
    with pytest.raises(UsageError, match="cannot be used"):
        RestoreRecipe.from_json({**recipe.as_json(), "width": "wide"})


def test_it_damages_photos_itself_and_takes_no_content() -> None:
    with pytest.raises(UsageError, match="--content"):
        RestoreRecipe().resolved(has_content=True)
    assert replace(RestoreRecipe(), precision="auto").resolved(has_content=False).precision == "float32"


def test_the_plain_recipe_goes_by_pixels_alone() -> None:
    plain = recipe_of("restore", {"recipe": "plain", "steps": 3})
    assert isinstance(plain, RestoreRecipe)
    assert (plain.adversarial_weight, plain.perceptual_weight, plain.steps) == (0, 0, 3)
    assert recipe_of("restore", {"recipe": "restore"}) == RestoreRecipe()
    with pytest.raises(UsageError, match="plain"):
        recipe_of("restore", {"recipe": "dcgan"})


def test_a_file_may_say_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"most_noise": 25, "least_quality": 15}', encoding="utf-8")
    recipe = recipe_of("restore", {"recipe": str(path), "steps": 2})
    assert recipe == RestoreRecipe(most_noise=25, least_quality=15, steps=2)
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(recipe.as_json()), encoding="utf-8")
    assert recipe_of("restore", {"recipe": str(saved)}) == recipe
    with pytest.raises(UsageError, match="no recipe of the family"):
        recipe_of("dream", {"recipe": str(saved)})


def test_a_search_writes_recipes_of_every_family() -> None:
    pytest.importorskip("optuna")
    from impasto.train.tuning import _FAMILIES

    assert {kind.__name__: family for family, kind in RECIPES.items()} == _FAMILIES

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from impasto.errors import UsageError
from impasto.train.families import recipe_of
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe

from .painting import TINY_PAINT


def test_a_recipe_survives_json() -> None:
    for recipe in (PaintRecipe(), TINY_PAINT):
        assert PaintRecipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe
    assert PaintRecipe().as_json()["family"] == "paint"


@pytest.mark.parametrize("values", [{"minutes": "long"}, {"stages": [7]}, {"noise": "pink"}, {"loss": 3}])
def test_a_saved_recipe_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PaintRecipe.from_json(PaintRecipe().as_json() | values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"minutes": 0}, "minutes must be from 0.01 to 10000, not 0"),
        ({"steps": 0}, "steps must be"),
        ({"loss": "hing"}, "no loss named 'hing'; choose one of: hinge, "),
        ({"noise": "pink"}, "no noise named 'pink'; choose one of: normal, uniform, laplace, none"),
        ({"precision": "half"}, "no precision named 'half'"),
        ({"crop_side": 100}, "crop-side must be a multiple of 8, not 100"),
        ({"working_side": 450}, "working-side must be a multiple of 8"),
        ({"crop_side": 512}, "crop-side 512 is larger than working-side 448"),
        ({"closest": 200}, "closest 200, farthest 190 and reference-side 256 must rise"),
        ({"farthest": 300}, "must rise"),
        ({"stages": ()}, "stages must be some of"),
        ({"stages": (4,)}, "stages must be some of"),
        ({"palette": 1.5}, "palette must be from 0 to 1"),
        ({"width": 0.01, "start": "none"}, "width must be from 0.1 to 16"),
        ({"start": "monet"}, "learning starts from 'trunk', 'none' or a .style file, not 'monet'"),
        ({"width": 2.0}, "for another width say --from none"),
        ({"width": 2.0, "start": "a.style"}, "for another width say --from none"),
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        PaintRecipe(**change)


def test_what_may_be_started_from() -> None:
    assert PaintRecipe(start="none", width=2.0).width == 2
    assert PaintRecipe(start="folder/monet.style").start == "folder/monet.style"


def test_precision_is_decided_once() -> None:
    assert PaintRecipe().resolved(True).precision in {"float32", "bfloat16"}
    assert PaintRecipe(precision="float32").resolved(False).precision == "float32"


def test_no_noise_is_noise_of_no_strength() -> None:
    assert replace(TINY_PAINT, noise="none", noise_strength=0.7).effective_noise == 0
    assert replace(TINY_PAINT, noise="laplace", noise_strength=0.7).effective_noise == 0.7


def test_a_family_has_its_recipe() -> None:
    assert recipe_of("look", {"minutes": 2.0}) == Recipe(minutes=2.0)
    assert recipe_of("paint", {"noise": "laplace", "steps": 3}) == PaintRecipe(noise="laplace", steps=3)


@pytest.mark.parametrize(
    ("family", "options", "said"),
    [
        ("verse", {}, "no family named 'verse' can be learned; choose one of: look, paint"),
        ("look", {"width": 2.0}, "learning a style of the family 'look' has no option width"),
        ("paint", {"lut_size": 9, "minuts": 3}, "the family 'paint' has no option lut_size, minuts"),
    ],
)
def test_options_of_another_family_are_refused(family: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        recipe_of(family, options)


def test_what_is_checked_for_range_is_a_field() -> None:
    from impasto.train import paint_recipe

    names = {field.name for field in fields(PaintRecipe)}
    assert {name for name, _, _ in paint_recipe._RANGES} <= names

"""What a search may change, and that the recipe that it starts from lies within."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.families import AnyRecipe
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import LOSS_NAMES, Recipe
from impasto.train.search_space import Choice, Span, differences, space_of, start_of, suggest, with_values

RECIPES = [Recipe(), PaintRecipe(), DreamRecipe()]


class Last:
    """Chooses the last of what is offered, or a part of a span."""

    def __init__(self, part: float = 1.0) -> None:
        self.part = part
        self.asked: list[str] = []

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        assert log, "rates are searched by orders of magnitude"
        self.asked.append(name)
        return low * (high / low) ** self.part

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        self.asked.append(name)
        return choices[-1]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda each: type(each).__name__)
def test_the_start_lies_within(recipe: AnyRecipe) -> None:
    space = space_of(recipe)
    for name, value in start_of(space, recipe).items():
        dimension = space[name]
        if isinstance(dimension, Span):
            assert dimension.low < value < dimension.high
        else:
            assert value == dimension.options[0]
            assert len(set(dimension.options)) == len(dimension.options) > 1
    assert with_values(recipe, start_of(space, recipe)) == recipe


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda each: type(each).__name__)
def test_nothing_is_searched_that_changes_what_the_figure_means(recipe: AnyRecipe) -> None:
    kept = {"content_weight", "style_weight", "palette", "picture_side", "crop_side", "seed", "validation_fraction"}
    kept |= {"minutes", "steps", "validate_every", "encoder", "side", "adaptation_weight", "faces"}
    assert not kept & space_of(recipe).keys()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_every_corner_is_a_recipe(recipe: AnyRecipe, part: float) -> None:
    chooser = Last(part)
    found = suggest(space_of(recipe), recipe, chooser)
    assert type(found) is type(recipe)
    assert sorted(chooser.asked) == sorted(space_of(recipe))
    assert set(differences(recipe, found)) <= set(chooser.asked)
    assert ("generator_rate" in differences(recipe, found)) == (part != 0.5)


@given(rate=st.floats(1e-7, 1), batch=st.integers(1, 1024), loss=st.sampled_from(LOSS_NAMES))
def test_the_space_stays_within_the_ranges_of_recipes(rate: float, batch: int, loss: str) -> None:
    recipe = Recipe(generator_rate=rate, discriminator_rate=rate, batch_size=batch, loss=loss)
    for chooser in (Last(0.0), Last(1.0)):
        suggest(space_of(recipe), recipe, chooser)  # raises where a value is out of range


def test_a_loss_with_a_penalty_of_its_own_is_left_alone() -> None:
    space = space_of(Recipe(loss="wgan-gp"))
    assert not {"loss", "r1_weight"} & space.keys()


def test_paint_that_starts_from_nothing_has_no_warm_up_to_search() -> None:
    assert "warm_up" in space_of(PaintRecipe())
    assert "warm_up" not in space_of(PaintRecipe(start="none"))


def test_an_unusual_start_is_among_the_choices() -> None:
    options = space_of(Recipe(r1_weight=7.0, batch_size=3))
    assert options["r1_weight"] == Choice((7.0, 0.0, 0.1, 1.0))
    assert options["batch_size"] == Choice((3, 1, 6))


def test_values_are_rounded_to_what_a_person_would_write() -> None:
    assert with_values(Recipe(), {"generator_rate": 0.00123456789}) == replace(Recipe(), generator_rate=0.00123)


def test_a_field_that_no_recipe_has_is_named() -> None:
    with pytest.raises(UsageError, match="warmth"):
        with_values(Recipe(), {"warmth": 1.0})


def test_differences_are_before_and_after() -> None:
    assert differences(Recipe(), Recipe(loss="bce", stages=(0,))) == {
        "loss": ("hinge", "bce"),
        "stages": ([0, 1], [0]),
    }
    assert differences(Recipe(), Recipe()) == {}

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UsageError
from impasto.train.recipe import LOSS_NAMES, Recipe

recipes = st.builds(
    Recipe,
    minutes=st.floats(0.01, 1000),
    steps=st.none() | st.integers(1, 10**6),
    loss=st.sampled_from(LOSS_NAMES),
    stages=st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).map(tuple),
    r1_weight=st.floats(0, 100),
    batch_size=st.integers(1, 64),
    content_jitter=st.none() | st.floats(0, 1),
    num_adaptive=st.integers(0, 8),
    generator_rate=st.floats(1e-6, 0.1),
    precision=st.sampled_from(["auto", "float32", "bfloat16"]),
    seed=st.integers(0, 2**31),
)


def test_the_defaults_are_allowed() -> None:
    recipe = Recipe()
    assert recipe.loss == "hinge"
    assert recipe.steps is None
    assert recipe.crop_side <= recipe.picture_side


@given(recipes)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"minutes": 0}, r"minutes must be from 0\.01 to"),
        ({"minutes": math.nan}, "minutes must be"),
        ({"minutes": math.inf}, "minutes must be"),
        ({"steps": 0}, "steps must be from 1"),
        ({"loss": "wgan"}, "no loss named 'wgan'; choose one of: hinge, .*wgan-gp"),
        ({"precision": "half"}, "no precision named 'half'; choose one of: auto"),
        ({"stages": ()}, r"stages must be some of 0, 1, 2, 3, not \[\]"),
        ({"stages": (0, 4)}, r"not \[0, 4\]"),
        ({"r1_weight": -1}, "r1-weight must be from 0 to 1000, not -1"),
        ({"batch_size": 0}, "batch-size must be"),
        ({"crop_side": 64, "picture_side": 40}, "crop-side 64 is larger than picture-side 40"),
        ({"crop_side": 16}, "crop-side must be from 32"),
        ({"lut_size": 2}, "lut-size must be from 5 to 65"),
        ({"content_jitter": 1.5}, "content-jitter must be from 0 to 1, not 1.5"),
        ({"num_adaptive": -1}, "num-adaptive must be"),
        ({"generator_rate": 0}, "generator-rate must be"),
        ({"discriminator_rate": 2}, "discriminator-rate must be"),
        ({"ema_decay": 1}, "ema-decay must be"),
        ({"validation_fraction": 0.9}, "validation-fraction must be from 0 to 0.5"),
        ({"seed": -1}, "seed must be from 0"),
    ],
)
def test_values_out_of_range_are_refused_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refusal:
        Recipe(**values)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    "values", [{"minutes": "long"}, {"steps": 1.5}, {"stages": "all"}, {"loss": None}, {"lut_size": 1000}]
)
def test_a_saved_recipe_that_cannot_be_used_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="the saved recipe cannot be used: "):
        Recipe.from_json(Recipe().as_json() | values)


def test_what_is_left_open_is_decided_once() -> None:
    """Content made from the references needs more jitter than pictures that are there already."""
    with_content, without = (Recipe().resolved(has_content) for has_content in (True, False))
    assert with_content.content_jitter is not None
    assert without.content_jitter is not None
    assert 0 < with_content.content_jitter < without.content_jitter <= 1
    assert None not in [getattr(with_content, field.name) for field in fields(Recipe) if field.name != "steps"]
    chosen = replace(Recipe(), content_jitter=0.0)
    assert chosen.resolved(False) == chosen

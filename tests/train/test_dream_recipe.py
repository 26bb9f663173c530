"""What a recipe of dreams may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from impasto.errors import UsageError
from impasto.train.dream_recipe import PRESETS, DreamRecipe


def test_what_is_saved_is_read_again() -> None:
    recipe = DreamRecipe(side=96, stages=(1, 3), noise="mixture:4", augmentation=None, steps=5)
    saved = recipe.as_json()
    assert saved["family"] == "dream"
    assert saved["stages"] == [1, 3]
    assert DreamRecipe.from_json(saved) == recipe
    with pytest.raises(UsageError, match="saved recipe"):
        DreamRecipe.from_json({**saved, "side": "large"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 50}, "no side named '50'; choose one of: 16, 32"),
        ({"architecture": "biggan"}, "light, dcgan"),
        ({"judge": "nobody"}, "projected, convolutional"),
        ({"faces": "some"}, "auto, crop, whole"),
        ({"loss": "vague"}, "hinge"),
        ({"noise": "pink"}, "no noise 'pink'"),
        ({"batch_size": 1}, "batch-size must be from 2"),
        ({"augmentation": 1.5}, "augmentation must be from 0 to 1"),
        ({"stages": ()}, "stages"),
        ({"stages": (4,)}, "stages"),
        ({"feedback_weight": -1}, "feedback-weight"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DreamRecipe(**options)


def test_a_dream_takes_no_content() -> None:
    with pytest.raises(UsageError, match="no --content"):
        DreamRecipe().resolved(has_content=True)


def test_what_is_resolved_is_no_longer_open() -> None:
    recipe = DreamRecipe().resolved(has_content=False)
    assert recipe.precision in ("float32", "bfloat16")
    assert replace(recipe, precision="auto") == DreamRecipe()
    assert recipe.resolved(has_content=False) == recipe


def test_encoders_look_at_pictures_that_are_large_enough() -> None:
    assert DreamRecipe(side=64).seen_side == 96
    assert DreamRecipe(side=256).seen_side == 256


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_recipe_by_name_can_be_built(name: str) -> None:
    assert DreamRecipe(**PRESETS[name]).minutes == 30

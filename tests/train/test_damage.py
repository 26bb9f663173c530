"""Damage of known kinds and amounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from impasto.train.damage import Damage
from impasto.train.restore_recipe import RestoreRecipe

from .restoring import scene

RECIPE = RestoreRecipe()


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def error(damage: Damage, seed: int = 1) -> float:
    picture = scene(seed)
    return float(np.abs(damage.apply(picture, random()).astype(int) - picture).mean())


def test_none_changes_nothing() -> None:
    np.testing.assert_array_equal(Damage().apply(scene(0), random()), scene(0))


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (Damage(blur=0.7), Damage(blur=2)),
        (Damage(shrinking=1.5), Damage(shrinking=3)),
        (Damage(noise=3), Damage(noise=12)),
        (Damage(quality=90), Damage(quality=20)),
    ],
)
def test_each_kind_does_more_the_more_of_it_there_is(less: Damage, more: Damage) -> None:
    assert 0 < error(less) < error(more)
    assert more.apply(scene(1), random()).shape == scene(1).shape


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    plain = np.full((80, 80, 3), 128, np.uint8)
    noisy = Damage(noise=8).apply(plain, random())
    assert noisy.astype(float).std() == pytest.approx(8, rel=0.05)


def test_noise_before_enlarging_is_coarse() -> None:
    plain = np.full((90, 90, 3), 128, np.uint8)
    noisy = Damage(noise=8, shrinking=3).apply(plain, random()).astype(float)
    neighbours = np.corrcoef(noisy[:, :-1].ravel(), noisy[:, 1:].ravel())[0, 1]
    assert neighbours > 0.6


def test_blur_spreads_a_step_by_its_deviation() -> None:
    step = np.zeros((40, 80, 3), np.uint8)
    step[:, 40:] = 200
    slope = np.diff(Damage(blur=2).apply(step, random())[20, :, 0].astype(float))
    places = np.arange(79) - 39
    assert np.sqrt((slope * places**2).sum() / slope.sum()) == pytest.approx(2, rel=0.12)


def test_colour_may_be_kept_at_its_size_by_jpeg() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255, 0, 0
    stripes[:, 1::2] = 0, 0, 255
    kept, halved = (Damage(quality=95, halves_color=halves).apply(stripes, random()) for halves in (False, True))
    assert np.abs(kept.astype(int) - stripes).mean() < 0.5 * np.abs(halved.astype(int) - stripes).mean()


def test_what_is_drawn_keeps_to_the_recipe() -> None:
    generator = np.random.default_rng(3)
    drawn = [Damage.draw(RECIPE, generator) for _ in range(400)]
    assert max(each.blur for each in drawn) <= RECIPE.most_blur
    assert max(each.shrinking for each in drawn) <= RECIPE.most_shrinking
    assert max(each.noise for each in drawn) <= RECIPE.most_noise
    qualities = [each.quality for each in drawn if each.quality is not None]
    assert RECIPE.least_quality <= min(qualities) < 45
    for is_there in (
        [each.blur > 0 for each in drawn],
        [each.shrinking > 1 for each in drawn],
        [each.noise > 0 for each in drawn],
        [each.quality is not None for each in drawn],
    ):
        assert np.mean(is_there) == pytest.approx(RECIPE.damage_share, abs=0.08)


def test_a_recipe_without_damage_draws_none() -> None:
    drawn = Damage.draw(replace(RECIPE, damage_share=0), random())
    assert (drawn.blur, drawn.shrinking, drawn.noise, drawn.quality) == (0, 1, 0, None)


def test_tiny_pictures_survive_all_of_it() -> None:
    worst = Damage(blur=3, shrinking=8, noise=10, quality=10)
    assert worst.apply(scene(0)[:6, :9], random()).shape == (6, 9, 3)

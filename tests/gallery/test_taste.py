"""Somebody with a known taste rates; what is learned is tried on photos and styles never rated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.look_table import CHANGED_TRAITS
from impasto.gallery.photo_study import study_photo
from impasto.gallery.recommend import STRENGTHS, recommend
from impasto.gallery.suitability import Effect, effect_of, expected_stars
from impasto.gallery.taste import Rated, Taste

from .synthetic import colorful, random_look, random_photo, toned
from .synthetic import look as look_of

Likes = Callable[[Effect], float]
NUM_SEEDS = 8


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.vision.faces.faces_available", lambda: False)


def likes_warm_and_soft(effect: Effect) -> float:
    change = dict(zip(CHANGED_TRAITS, effect.change, strict=True))
    return 3 + 0.7 * change["color_temperature"] - 0.7 * change["contrast"]


class World:
    """Photos and styles, half of which are for rating, and half held out."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        looks = [random_look(f"style {number}", random) for number in range(20)]
        studies = [study_photo(random_photo(random)[::2, ::2]) for _ in range(12)]
        self.seed = seed
        self.looks, self.new_looks = looks[:10], looks[10:]
        self.studies, self.new_studies = studies[:5], studies[5:]

    @cached_property
    def known(self) -> list[tuple[str, Effect]]:
        return [(look.name, effect_of(study, look)) for study in self.studies for look in self.looks]

    @cached_property
    def held_out(self) -> list[list[Effect]]:
        """Effects by photo and look."""
        return [[effect_of(study, look) for look in self.new_looks] for study in self.new_studies]

    def ratings(self, likes: Likes, count: int) -> list[Rated]:
        """Rate at random, in whole stars, and not always the same."""
        random = np.random.default_rng(1000 + self.seed)
        rated = []
        for place in random.integers(len(self.known), size=count):
            name, effect = self.known[place]
            rated.append(Rated(name, float(np.clip(round(likes(effect) + random.normal(0, 0.4)), 1, 5)), effect))
        return rated

    def judge(self, likes: Likes, taste: Taste) -> tuple[float, float]:
        """Return the rank correlation over held-out styles on held-out photos, and the stars lost by the first."""
        correlations, regrets = [], []
        for effects in self.held_out:
            liked = np.array([likes(effect) for effect in effects])
            scores = np.array([taste.score(effect, "new") for effect in effects])
            correlations.append(np.corrcoef(liked.argsort().argsort(), scores.argsort().argsort())[0, 1])
            regrets.append(np.ptp(liked.clip(1, 5)[[liked.argmax(), scores.argmax()]]))
        return float(np.mean(correlations)), float(np.mean(regrets))


@lru_cache(maxsize=NUM_SEEDS)
def world(seed: int) -> World:
    return World(seed)


def results(likes: Likes, count: int) -> NDArray[np.float64]:
    worlds = [world(seed) for seed in range(NUM_SEEDS)]
    return np.array([each.judge(likes, Taste(each.ratings(likes, count))) for each in worlds])


def test_ten_ratings_teach_a_taste_for_warm_and_soft_looks() -> None:
    correlations, regrets = results(likes_warm_and_soft, 10).T
    assert correlations.mean() > 0.7
    assert correlations.min() > 0.3
    assert regrets.mean() < 0.5
    unlearned, at_first = results(likes_warm_and_soft, 0).T
    assert abs(unlearned.mean()) < 0.4
    assert at_first.mean() > 2 * regrets.mean()


def test_more_ratings_teach_more() -> None:
    correlations = [results(likes_warm_and_soft, count)[:, 0].mean() for count in (0, 5, 30)]
    assert correlations == sorted(correlations)
    assert correlations[-1] > 0.8


def test_the_opposite_taste_is_learned_as_well() -> None:
    correlations, regrets = results(lambda effect: 6 - likes_warm_and_soft(effect), 10).T
    assert correlations.mean() > 0.6
    assert regrets.mean() < 0.6


def test_a_liking_for_black_and_white_is_learned() -> None:
    """Nothing in the numbers of light and colour says it as plainly as that it is monochrome."""
    noir, rest = toned("noir", saturation=0), [random_look(str(seed), np.random.default_rng(seed)) for seed in range(6)]
    studies = [study_photo(random_photo(np.random.default_rng(seed))) for seed in range(6)]
    rated = [
        Rated(look.name, 5.0 if look is noir else 2.0, effect_of(study, look))
        for study in studies[:2]
        for look in (noir, *rest[:3])
    ]
    sepia = look_of("sepia", lambda lab: lab * (1, 0, 0) + (0, 3, 9))
    for study in studies[2:]:
        assert recommend(study, [*rest[3:], noir], rated)[0].style == "noir"
        effects = [effect_of(study, look) for look in (sepia, *rest[3:])]
        gains = [Taste(rated).score(effect, "new") - Taste().score(effect, "new") for effect in effects]
        assert gains[0] > np.mean(gains[1:]) + 0.2


def test_without_ratings_suitability_alone_counts() -> None:
    effect = effect_of(study_photo(colorful()), toned("warm", warmer=7))
    assert Taste().expect(effect, "warm").stars == pytest.approx(expected_stars(effect))
    assert Taste().score(effect, "warm") == pytest.approx(expected_stars(effect))


def test_the_order_of_ratings_does_not_matter() -> None:
    here = world(3)
    rated = here.ratings(likes_warm_and_soft, 12)
    effect = effect_of(here.new_studies[0], here.new_looks[0])
    assert Taste(rated).score(effect, "new") == pytest.approx(Taste(rated[::-1]).score(effect, "new"))


def test_ratings_make_surer_above_all_of_what_was_rated() -> None:
    here = world(4)
    rated = here.ratings(likes_warm_and_soft, 6)
    taste, first = Taste(rated), rated[0]
    fresh = effect_of(here.new_studies[0], here.new_looks[0])
    assert taste.expect(first.effect, first.style).deviation < Taste().expect(first.effect, first.style).deviation / 1.5
    assert taste.expect(fresh, "new").deviation < Taste().expect(fresh, "new").deviation
    assert taste.expect(first.effect, first.style).deviation < taste.expect(first.effect, "new").deviation


def test_the_uncertainty_is_about_right() -> None:
    """Of what is liked within one to five stars, about two thirds lie within one deviation, and few beyond two."""
    errors = []
    for seed in range(NUM_SEEDS):
        here = world(seed)
        taste = Taste(here.ratings(likes_warm_and_soft, 10))
        for effects in here.held_out:
            for effect in effects:
                if 1.2 < (liked := likes_warm_and_soft(effect)) < 4.8:
                    expected = taste.expect(effect, "new")
                    errors.append((expected.stars - liked) / expected.deviation)
    within = np.abs(errors)
    assert 0.5 < (within < 1).mean() < 0.95
    assert (within < 2).mean() > 0.85


def test_a_style_can_be_disliked_for_itself() -> None:
    """Two styles that do the same: one is rated low, and only that one falls far."""
    study = study_photo(colorful())
    effect = effect_of(study, toned("one", warmer=7))
    taste = Taste([Rated("one", 1, effect)] * 3 + [Rated("other", 5, effect)] * 3)
    assert taste.score(effect, "other") - taste.score(effect, "one") > 1


@pytest.mark.parametrize("liked", [0.4, 0.7, 1.0])
def test_the_best_strength_is_learned(liked: float) -> None:
    study, looks = study_photo(colorful()), [toned("warm", warmer=9), toned("pale", saturation=0.6)]
    rated = [
        Rated(
            look.name, float(np.clip(round(5 - 12 * (strength - liked) ** 2), 1, 5)), effect_of(study, look, strength)
        )
        for look in looks
        for strength in (0.3, 0.5, 0.7, 0.85, 1.0)
    ]
    for suggestion in recommend(study, looks, rated):
        assert suggestion.strength == pytest.approx(liked, abs=0.15)
    other = recommend(study_photo(random_photo(np.random.default_rng(5))), [toned("new", lighter=8)], rated)
    assert other[0].strength == pytest.approx(liked, abs=0.25)


@pytest.mark.parametrize("stars", [0, 0.9, 5.5, float("nan"), float("inf"), -3])
def test_stars_out_of_range_are_refused(stars: float) -> None:
    with pytest.raises(UsageError, match="from 1 to 5"):
        Rated("warm", stars, effect_of(study_photo(colorful()), toned("warm", warmer=7)))


@pytest.mark.parametrize("strength", [0.0, 1.5, float("nan")])
def test_a_rating_has_a_strength(strength: float) -> None:
    with pytest.raises(UsageError, match="strength"):
        Rated("warm", 4, effect_of(study_photo(colorful()), toned("warm", warmer=7), strength))


def test_suggestions_are_ranked_and_always_the_same() -> None:
    here = world(6)
    rated = here.ratings(likes_warm_and_soft, 8)
    first, second = (recommend(here.new_studies[0], here.new_looks, rated) for _ in range(2))
    assert first == second
    assert {suggestion.style for suggestion in first} == {look.name for look in here.new_looks}
    scores = [suggestion.score for suggestion in first]
    assert scores == sorted(scores, reverse=True)
    assert all(1 <= each.stars <= 5 and each.strength in STRENGTHS and each.reason for each in first)


def test_equal_looks_are_in_the_order_of_their_names() -> None:
    names = [each.style for each in recommend(study_photo(colorful()), [toned(name, warmer=7) for name in "cab"])]
    assert names == ["a", "b", "c"]


def test_black_and_white_is_suggested_whole() -> None:
    [suggestion] = recommend(study_photo(colorful()), [toned("noir", saturation=0)])
    assert suggestion.strength == 1
    assert "black and white" in suggestion.reason


def test_no_looks_give_no_suggestions() -> None:
    assert recommend(study_photo(colorful()), []) == []

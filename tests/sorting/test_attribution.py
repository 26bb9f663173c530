from __future__ import annotations

import numpy as np
import pytest

from impasto.sorting.attribution import Explainer, likeness
from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.effort import Effort
from impasto.sorting.explaining import overlay
from impasto.sorting.regression import LinearHead, class_weights, fit_head

from .shapes import noise_texture, spot

SIDE = 64


@pytest.fixture(scope="module")
def finder() -> tuple[Backbone, LinearHead]:
    """A small network that learned whether a picture has a red square, wherever that is."""
    random = np.random.default_rng(0)
    with_spot = [spot(*random.integers(0, 48, 2), seed=seed) for seed in range(30)]
    plain = [
        np.random.default_rng(1000 + seed).integers(90, 140, (SIDE, SIDE, 3), dtype=np.uint8) for seed in range(30)
    ]
    squares, targets = np.stack([*plain, *with_spot]), np.repeat([0, 1], 30)
    weights = class_weights(targets, 2)
    backbone = Backbone(Kind.SMALL).fitted(squares, targets, weights, Effort(15))
    return backbone, fit_head(backbone.features(squares), targets, 2)


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
@pytest.mark.parametrize(("top", "left"), [(4, 4), (4, 44), (44, 4), (44, 44), (24, 24)])
def test_what_decides_glows(finder: tuple[Backbone, LinearHead], method: str, top: int, left: int) -> None:
    values = getattr(Explainer(*finder), method)(spot(top, left, 777), 1)
    assert values.shape == (SIDE, SIDE)
    assert values.min() >= 0
    assert values.max() == pytest.approx(1)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[top : top + 16, left : left + 16] = True
    assert values[inside].mean() > 2.5 * values[~inside].mean()


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
def test_a_shuffled_network_gives_another_map(finder: tuple[Backbone, LinearHead], method: str) -> None:
    picture = spot(30, 12, 5)
    true = getattr(Explainer(*finder), method)(picture, 1)
    again = getattr(Explainer(*finder), method)(picture, 1)
    assert likeness(true, again) == pytest.approx(1)
    others = [likeness(true, getattr(Explainer(*finder, seed), method)(picture, 1)) for seed in range(4)]
    assert np.mean(others) < 0.7


def test_shuffling_leaves_the_network_itself_alone(finder: tuple[Backbone, LinearHead]) -> None:
    backbone, _ = finder
    before = backbone.features(spot(0, 0, 0)[None])
    Explainer(*finder, seed=1)
    np.testing.assert_array_equal(backbone.features(spot(0, 0, 0)[None]), before)


def test_integrated_gradients_add_up_to_the_change_of_the_score(finder: tuple[Backbone, LinearHead]) -> None:
    explainer, picture = Explainer(*finder), spot(20, 30, 9)
    change = explainer.score(picture, 1) - explainer.score(None, 1, SIDE)
    added = float(explainer.pixel_attribution(picture, 1, 128).sum())
    assert added == pytest.approx(change, rel=0.05, abs=0.05)


def test_the_score_is_that_of_the_classifier(finder: tuple[Backbone, LinearHead]) -> None:
    backbone, head = finder
    picture = spot(20, 30, 9)
    expected = head.logits(backbone.features(picture[None]))[0]
    for target in (0, 1):
        assert Explainer(backbone, head).score(picture, target) == pytest.approx(float(expected[target]), rel=1e-3)


def test_the_shipped_encoder_can_be_explained(frozen: object) -> None:
    file = frozen.file  # type: ignore[attr-defined]
    explainer = Explainer(Backbone(Kind.FROZEN), file.head)
    picture = noise_texture("lying", 3, (96, 96))
    assert explainer.grad_cam(picture, 0).shape == (96, 96)
    assert np.isfinite(explainer.pixel_attribution(picture, 0, 2)).all()


def test_a_flat_picture_speaks_for_nothing_and_breaks_nothing(finder: tuple[Backbone, LinearHead]) -> None:
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
    for method in ("grad_cam", "integrated_gradients"):
        assert np.isfinite(getattr(Explainer(*finder), method)(grey, 0)).all()


def test_likeness_is_of_ranks() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert likeness(ramp, ramp**3) == pytest.approx(1)
    assert likeness(ramp, 1 - ramp) == pytest.approx(-1)
    assert likeness(ramp, np.zeros_like(ramp)) == 0
    random = np.random.default_rng(0)
    assert abs(likeness(ramp.repeat(8, 0), random.random((64, 8)).astype(np.float32))) < 0.2


def test_the_overlay_glows_where_the_map_does() -> None:
    photo = np.full((40, 80, 3), (200, 100, 50), np.uint8)
    values = np.zeros((20, 20), np.float32)
    values[:, 10:] = 1
    drawn = overlay(photo, values)
    assert drawn.shape == photo.shape
    np.testing.assert_array_equal(drawn[20, 5], 117)
    red, green, blue = drawn[20, 75].astype(int)
    assert red > 200
    assert green > 180
    assert blue < 100

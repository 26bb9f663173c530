from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from impasto.train.batches import Pool
from impasto.train.ungrade import (
    ORDINARY,
    ToneStatistics,
    Ungrade,
    opponent_to_rgb,
    rgb_to_opponent,
    sample_pixels,
    tone_statistics,
    ungraded,
)

from .pictures import graded, scene, scenes

colours = arrays(np.float64, (5, 7, 3), elements=st.floats(0, 1))


def pool(pictures: list[NDArray[np.uint8]]) -> Pool:
    return Pool(pictures, 8)


def statistics_of(pictures: Pool) -> ToneStatistics:
    return tone_statistics(sample_pixels(pictures))


@given(colours)
def test_opponent_colours_and_back(rgb: NDArray[np.float64]) -> None:
    luminance, chroma = rgb_to_opponent(rgb)
    assert np.allclose(opponent_to_rgb(luminance, chroma), rgb, atol=1e-12)


@given(st.floats(0, 1))
def test_grey_has_no_chroma(level: float) -> None:
    luminance, chroma = rgb_to_opponent(np.full((2, 3), level))
    assert luminance == pytest.approx(level)
    assert chroma == pytest.approx(0, abs=1e-12)


def test_statistics_are_quantiles_and_moments_around_them() -> None:
    random = np.random.default_rng(1)
    luminance = random.uniform(0.2, 0.8, 20_000)
    chroma = np.stack((0.1 * luminance, -0.05 + 0 * luminance), axis=-1) + random.normal(0, [0.02, 0.01], (20_000, 2))
    found = tone_statistics(opponent_to_rgb(luminance, chroma))
    assert (np.diff(found.luminance) > 0).all()
    assert found.luminance[4] == pytest.approx(0.5, abs=0.01)
    middle = slice(2, -2)
    assert found.chroma_mean[middle, 0] == pytest.approx(0.1 * found.luminance[middle], abs=0.005)
    assert found.chroma_mean[middle, 1] == pytest.approx(-0.05, abs=0.005)
    assert found.chroma_covariance[middle, 0, 0] == pytest.approx(0.02**2, rel=0.15)
    assert found.chroma_covariance[middle, 0, 1] == pytest.approx(0, abs=5e-5)


def test_ordinary_statistics_are_plausible() -> None:
    assert (np.diff(ORDINARY.luminance) > 0).all()
    assert 0 <= ORDINARY.luminance[0] < ORDINARY.luminance[-1] <= 1
    assert (np.linalg.eigvalsh(ORDINARY.chroma_covariance) >= 0).all()
    assert np.array_equal(ORDINARY.chroma_covariance, ORDINARY.chroma_covariance.transpose(0, 2, 1))


@pytest.mark.parametrize("look", ["faded", "dark", "grey"])
def test_graded_pictures_get_ordinary_statistics(look: str) -> None:
    pictures = scenes(8, width=64, height=64)
    if look == "faded":
        pictures = [graded(picture) for picture in pictures]
    elif look == "dark":
        pictures = [picture // 3 for picture in pictures]
    else:
        pictures = [picture.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8) for picture in pictures]
    before, after = statistics_of(pool(pictures)), statistics_of(ungraded(pool(pictures)))

    def distance(found: ToneStatistics) -> float:
        return float(np.abs(found.luminance - ORDINARY.luminance).mean())

    assert distance(after) < 0.04 < distance(before)

    def middle_spread(found: ToneStatistics) -> float:
        return float(np.sqrt(np.trace(found.chroma_covariance[4])))

    if look == "grey":
        assert middle_spread(before) < 0.01, "there is no colour left"
        assert middle_spread(after) > 0.4 * middle_spread(ORDINARY), "so some is made up"


def test_tones_stay_in_order() -> None:
    """One map for all: what was darker stays darker, so that learning the way back can succeed."""
    ungrade = Ungrade(statistics_of(pool([graded(one) for one in scenes(6)])))
    ramp = np.repeat(np.linspace(0, 1, 200)[None, :, None], 3, axis=-1)
    luminance, _ = rgb_to_opponent(ungrade(ramp, np.random.default_rng(1)))
    # Colours pushed out of the gamut are clipped, which bends tones a little.
    assert (np.diff(luminance[0]) > -0.02).all()
    assert luminance[0, -1] > luminance[0, 0] + 0.5


@settings(max_examples=20, deadline=None)
@given(colours, st.integers(0, 99))
def test_results_are_pictures_whatever_is_given(rgb: NDArray[np.float64], seed: int) -> None:
    result = Ungrade(tone_statistics(rgb.reshape(-1, 3)))(rgb, np.random.default_rng(seed))
    assert result.shape == rgb.shape
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_does_no_harm(level: int) -> None:
    result = ungraded(pool([np.full((40, 40, 3), level, np.uint8)]))
    assert len(result) == 1
    assert result.picture(0).isfinite().all()


def test_a_pool_keeps_its_shapes_faces_and_thumbnails() -> None:
    face = (0.1, 0.2, 0.3, 0.4)
    references = Pool([scene(1), scene(2, width=41, height=60)], 8, [face, None])
    result = ungraded(references)
    assert [result.picture(index).shape for index in range(2)] == [(1, 3, 40, 48), (1, 3, 60, 41)]
    assert result.faces == [face, None]
    assert result.thumbnails.shape == (2, 3, 8, 8)
    assert not (result.thumbnails - references.thumbnails).abs().max() < 0.01


def test_a_seed_gives_the_same_pictures() -> None:
    references = pool([graded(one) for one in scenes(2)])
    first, second, other = (ungraded(references, seed).picture(0) for seed in (1, 1, 2))
    assert first.equal(second)
    assert not first.equal(other)

"""Looking for the latent of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.apply.dream_search import evolve, find_latent

from .dreams import SIDE, PlainRuntime, dreamer


def test_the_latent_of_a_dream_is_found_again() -> None:
    source = dreamer()
    wanted = np.float32([[0.6, -1.1, 0.9]])
    shares: list[float] = []
    found = find_latent(source, source.pictures(wanted)[0], 1200, shares.append)
    np.testing.assert_allclose(found.latent, wanted, atol=0.05)
    assert found.distance < 0.005
    assert found.distance < found.at_random < found.typical
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_no_more_pictures_are_made_than_allowed() -> None:
    runtime = PlainRuntime()
    source = dreamer(runtime)
    picture = source.pictures(source.draw(1, 3))[0]
    runtime.num_pictures = 0
    find_latent(source, picture, 300)
    assert runtime.num_pictures <= 301


def test_a_handful_of_tries_gives_the_best_of_them() -> None:
    source = dreamer()
    picture = source.pictures(source.draw(1, 3))[0]
    found = find_latent(source, picture, 10)
    assert found.latent.shape == (1, 3)
    assert found.distance <= found.at_random


def test_what_no_dream_shows_does_not_lead_beyond_usual_latents() -> None:
    source = dreamer()
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    found = find_latent(source, white, 1500)
    assert found.distance < found.at_random
    assert np.linalg.norm(found.latent) < 8


@pytest.mark.parametrize("size", [2, 12])
def test_evolution_finds_the_bottom_of_a_narrow_valley(size: int) -> None:
    scales = np.logspace(0, 2, size)
    target = np.linspace(-1, 2, size)
    best = evolve(lambda points: (((points - target) * scales) ** 2).sum(axis=1), np.zeros(size), 400 * size)
    np.testing.assert_allclose(best, target, atol=0.05)


def test_evolution_with_no_points_stays_where_it_is() -> None:
    start = np.ones(3)
    np.testing.assert_array_equal(evolve(lambda points: points.sum(axis=1), start, 0), start)

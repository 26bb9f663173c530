"""How latents are drawn, and what lies between them."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import UsageError
from impasto.style.latents import LatentNoise, between, parse_noise


def drawn(text: str, count: int = 4000, size: int = 8, seed: int = 1) -> np.ndarray:
    return parse_noise(text).draw(np.random.default_rng(seed), count, size)


@pytest.mark.parametrize("text", ["normal", "uniform", "truncated", "truncated:0.5", "mixture", "mixture:3"])
def test_latents_are_float32_and_the_same_for_a_seed(text: str) -> None:
    latents = drawn(text)
    assert latents.shape == (4000, 8)
    assert latents.dtype == np.float32
    np.testing.assert_array_equal(latents, drawn(text))
    assert not np.array_equal(latents, drawn(text, seed=2))


@pytest.mark.parametrize("text", ["normal", "uniform", "mixture:200"])
def test_latents_have_mean_zero_and_deviation_one(text: str) -> None:
    latents = drawn(text, size=40)
    assert abs(latents.mean()) < 0.05
    assert latents.std() == pytest.approx(1, abs=0.05)


def test_uniform_and_truncated_keep_their_bounds() -> None:
    assert np.abs(drawn("uniform")).max() <= 3**0.5
    assert np.abs(drawn("truncated:0.5")).max() <= 0.5
    assert np.abs(drawn("truncated")).max() <= 1.0
    assert np.abs(drawn("normal")).max() > 2.5


def test_a_mixture_has_as_many_parts_as_asked_for_and_the_same_in_every_draw() -> None:
    first, second = drawn("mixture:3", size=64), drawn("mixture:3", size=64, seed=5)
    leaders: list[np.ndarray] = []
    for latent in np.concatenate([first[:200], second[:200]]):
        if all(np.linalg.norm(latent - leader) > 8 for leader in leaders):
            leaders.append(latent)
    assert len(leaders) == 3


@pytest.mark.parametrize("text", ["normal", "uniform", "truncated:0.7", "mixture:5"])
def test_noise_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_noise(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pink", "no noise 'pink'"),
        ("normal:2", "no noise 'normal:2'"),
        ("truncated:x", "does not end in a number"),
        ("truncated:0", "from 0.05 to 10"),
        ("truncated:nan", "from 0.05 to 10"),
        ("mixture:0", "whole number"),
        ("mixture:2.5", "whole number"),
        ("mixture:1e9", "whole number"),
        ("", "no noise"),
    ],
)
def test_what_is_no_noise_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_noise(text)


def test_between_two_latents_directions_turn_and_lengths_go_straight() -> None:
    first, second = np.float32([[2, 0]]), np.float32([[0, 4]])
    np.testing.assert_allclose(between(first, second, 0), first, atol=1e-6)
    np.testing.assert_allclose(between(first, second, 1), second, atol=1e-6)
    middle = between(first, second, 0.5)
    np.testing.assert_allclose(middle, np.float32([[3, 3]]) / 2**0.5, rtol=1e-5)


def test_between_equal_or_empty_latents_nothing_breaks() -> None:
    same = np.float32([[1, 1], [0, 0]])
    np.testing.assert_allclose(between(same, same, 0.3), same, atol=1e-6)
    np.testing.assert_allclose(between(same, np.zeros_like(same), 0.5)[1], 0)
    assert LatentNoise().draw(np.random.default_rng(0), 1, 1).shape == (1, 1)

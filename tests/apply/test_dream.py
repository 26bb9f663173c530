"""Pictures of latents: drawn, mixed, and on the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.apply.dream import Dreamer, mixed, walk
from impasto.errors import StyleFileError, UsageError
from impasto.style.latents import parse_noise
from impasto.style.manifest import Manifest, Needs

from .dreams import SIDE, PlainRuntime, dream_manifest, dreamer


def test_a_seed_gives_the_same_dreams_and_more_begin_with_fewer() -> None:
    source = dreamer()
    few, many = source.draw(3, 7), source.draw(8, 7)
    assert few.shape == (3, 3)
    np.testing.assert_array_equal(many[:3], few)
    assert not np.array_equal(source.draw(3, 8), few)


def test_latents_are_drawn_as_they_were_learned_or_as_asked() -> None:
    source = dreamer(noise="truncated:0.1")
    assert np.abs(source.draw(50, 0)).max() <= 0.1
    assert np.abs(source.draw(50, 0, parse_noise("uniform"))).max() > 1


def test_pictures_are_bytes_in_batches_that_fit() -> None:
    runtime = PlainRuntime()
    source = dreamer(runtime)
    latents = source.draw(40, 1)
    pictures = source.pictures(latents)
    assert pictures.shape == (40, SIDE, SIDE, 3)
    assert pictures.dtype == np.uint8
    assert runtime.largest_batch <= 16
    expected = ((0.5 + latents / 6).clip(0, 1) * 255).round()
    assert np.abs(pictures[:, 0, 0].astype(float) - expected).max() <= 1
    np.testing.assert_array_equal(source.pictures(latents[:5]), pictures[:5])


def test_the_appearance_is_taken_from_other_latents() -> None:
    source = dreamer()
    layout, appearance = source.draw(1, 1), source.draw(1, 2)
    picture = source.pictures(layout, appearance)[0]
    np.testing.assert_array_equal(picture[0], source.pictures(layout)[0][0])
    np.testing.assert_array_equal(picture[-1], source.pictures(appearance)[0][-1])


def test_a_table_of_mixtures_goes_row_by_row() -> None:
    source = dreamer()
    layouts, appearances = source.draw(2, 1), source.draw(3, 2)
    table = mixed(source, layouts, appearances)
    assert len(table) == 6
    for index, picture in enumerate(table):
        row, column = divmod(index, 3)
        np.testing.assert_array_equal(picture, source.pictures(layouts[[row]], appearances[[column]])[0])


def test_what_has_one_latent_a_picture_cannot_mix() -> None:
    source = dreamer(num_latents=1)
    assert not source.can_mix
    assert dreamer().can_mix
    with pytest.raises(UsageError, match="cannot mix"):
        mixed(source, source.draw(1, 1), source.draw(1, 2))


def test_a_walk_is_as_long_as_asked_smooth_and_closed() -> None:
    source = dreamer()
    latents = np.concatenate(list(walk(source, 4, 12, 3)))
    assert latents.shape == (48, 3)
    steps = np.linalg.norm(np.diff(latents, axis=0, append=latents[:1]), axis=1)
    stops = source.draw(2, 3)
    assert steps.max() < np.linalg.norm(stops[0] - stops[1])
    assert steps[-1] < steps.max()  # it comes to rest where it began
    np.testing.assert_allclose(latents[0], stops[0], atol=1e-5)
    np.testing.assert_allclose(latents[24], stops[1], atol=1e-5)


@pytest.mark.parametrize(("seconds", "rate"), [(0.001, 24), (1e9, 24)])
def test_a_walk_of_no_or_countless_pictures_is_refused(seconds: float, rate: float) -> None:
    with pytest.raises(UsageError, match="pictures"):
        next(walk(dreamer(), seconds, rate, 0))


def test_a_look_has_no_dreams() -> None:
    look = Manifest(
        name="kodak",
        family="look",
        created=date(2026, 1, 1),
        impasto_version="0.1.0",
        needs=Needs(thumbnail_side=32, lut_size=9),
    )
    with pytest.raises(StyleFileError, match="'kodak' is a look style, which has no dreams: 'impasto apply'"):
        Dreamer(look, PlainRuntime())


class _Strange(PlainRuntime):
    def __init__(self, returned: dict[str, NDArray[Any]]) -> None:
        super().__init__()
        self.returned = returned

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return self.returned


@pytest.mark.parametrize("returned", [{}, {"images": np.zeros((1, 3, 4, 4), np.float32)}])
def test_a_network_that_returns_something_else_is_said(returned: dict[str, NDArray[Any]]) -> None:
    source = Dreamer(dream_manifest(), _Strange(returned))
    with pytest.raises(StyleFileError, match="returns no pictures of 16×16"):
        source.pictures(source.draw(1, 0))


def test_numbers_that_are_none_become_black_and_too_bright_ones_white() -> None:
    images = np.full((1, 3, SIDE, SIDE), np.nan, np.float32)
    images[0, 0] = 7
    source = Dreamer(dream_manifest(), _Strange({"images": images}))
    picture = source.pictures(source.draw(1, 0))[0]
    np.testing.assert_array_equal(np.unique(picture.reshape(-1, 3), axis=0), [[255, 0, 0]])


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"picture_side": None}, "picture_side"),
        ({"latent_size": None}, "latent_size"),
        ({"noise": "pink"}, "no noise"),
        ({"num_latents": 0}, "num_latents"),
    ],
)
def test_a_manifest_must_say_what_a_dream_needs(needs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dream_manifest(**needs)

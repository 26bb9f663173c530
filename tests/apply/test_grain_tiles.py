from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.apply.grain_tiles import GrainTiles, grain_tiles
from impasto.style.finish import BAND_FREQUENCIES, NUM_LIGHTNESSES, USUAL_GRAIN, Grain

Floats = NDArray[np.float64]


def summed(tiles: GrainTiles) -> Floats:
    """Return one period of the first tile with what lies on it of the second."""
    side = len(tiles.first)
    places = np.arange(side) % len(tiles.second)
    return (tiles.first.astype(float) + tiles.second[np.ix_(places, places)]) * tiles.unit


def density_near(tile: NDArray[np.int8], unit: float, rate: float, frequency: float) -> float:
    """Return the measured power density about a frequency, per square cycle in a picture height."""
    side = len(tile)
    waves = np.fft.fftfreq(side) * rate
    distance = np.hypot(waves[:, None], waves)
    power = np.square(np.abs(np.fft.fft2(tile * unit))) / side**4 * (side / rate) ** 2
    return float(power[np.abs(distance / frequency - 1) < 0.15].mean())


def test_tiles_have_the_amount_and_the_spectrum_that_are_asked_for() -> None:
    tiles = grain_tiles(USUAL_GRAIN, 1080, 1920)
    assert summed(tiles).std() == pytest.approx(1, abs=0.12)
    for frequency in (60.0, 150.0, 300.0, 450.0):
        both = [density_near(tile, tiles.unit, 1080, frequency) for tile in tiles.pair]
        assert sum(both) == pytest.approx(USUAL_GRAIN.density(np.array(frequency)), rel=0.15)


def test_a_smaller_picture_shows_what_is_left_of_grain_when_details_are_averaged_away() -> None:
    deviations = [summed(grain_tiles(USUAL_GRAIN, height, 2 * height)).std() for height in (180, 540, 2160)]
    assert deviations[0] < 0.5 * deviations[2]
    assert deviations[0] < deviations[1] < deviations[2] <= 1.05
    wanted = USUAL_GRAIN.density(np.array(60.0))
    for height in (270, 1080, 2160):
        tiles = grain_tiles(USUAL_GRAIN, height, 2 * height)
        both = sum(density_near(tile, tiles.unit, height, 60.0) for tile in tiles.pair)
        assert both == pytest.approx(wanted, rel=0.2)


def test_upright_pictures_have_grain_of_the_same_size_as_lying_ones() -> None:
    lying, upright = grain_tiles(USUAL_GRAIN, 300, 500), grain_tiles(USUAL_GRAIN, 500, 300)
    assert np.array_equal(lying.first, upright.first)


def test_where_samples_are_wider_than_high_grain_is_as_round_as_elsewhere() -> None:
    coarse = (1.0,) * 6 + (0.0,) * (len(BAND_FREQUENCIES) - 6)
    grain = Grain(amounts=(0.02,) * NUM_LIGHTNESSES, spectrum=coarse)
    tile = grain_tiles(grain, 512, 900, (2, 1)).first.astype(float)
    down, across = (np.abs(np.diff(tile, axis=axis)).mean() for axis in (0, 1))
    assert across == pytest.approx(2 * down, rel=0.25)


def test_a_seed_and_a_purpose_make_other_tiles() -> None:
    first = grain_tiles(USUAL_GRAIN, 200, 300).first
    assert np.array_equal(first, grain_tiles(USUAL_GRAIN, 200, 300).first)
    assert not np.array_equal(first, grain_tiles(USUAL_GRAIN, 200, 300, seed=1).first)
    assert not np.array_equal(first, grain_tiles(USUAL_GRAIN, 200, 300, of_chroma=True).first)


def test_tiles_end_in_no_seam() -> None:
    tile = grain_tiles(USUAL_GRAIN, 200, 300).first.astype(float)
    across_the_end = np.abs(tile[0] - tile[-1]).mean()
    assert across_the_end == pytest.approx(np.abs(np.diff(tile, axis=0)).mean(), rel=0.25)


def test_where_tiles_lie_is_known_by_keys() -> None:
    tiles = grain_tiles(USUAL_GRAIN, 200, 300)
    places = {tiles.offsets(0, index) for index in range(50)}
    assert len(places) == 50
    assert tiles.offsets(0, 3) == tiles.offsets(0, 3)
    for a, b, c, d in places:
        assert max(a, b) < len(tiles.first)
        assert max(c, d) < len(tiles.second)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (33, 17)])
def test_the_smallest_pictures_have_tiles(size: tuple[int, int]) -> None:
    tiles = grain_tiles(USUAL_GRAIN, *size)
    assert np.isfinite(tiles.unit)
    assert 0 <= tiles.unit < 1

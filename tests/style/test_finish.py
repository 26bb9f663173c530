from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from impasto.errors import StyleFileError, UsageError
from impasto.style.file import load_style, save_style
from impasto.style.finish import (
    BAND_FREQUENCIES,
    LIGHTNESSES,
    NUM_BANDS,
    NUM_LIGHTNESSES,
    USUAL_GRAIN,
    WEAR,
    Finish,
    Grain,
    mix_finishes,
    parse_finish,
    spectrum_at,
)
from impasto.style.manifest import Manifest

from .conftest import hand_made, make_manifest, make_style

FLAT = (1.0,) * NUM_BANDS
EVEN = (0.02,) * NUM_LIGHTNESSES
WORN = Finish(grain=USUAL_GRAIN, weave=0.5, flicker=0.25, scratches=1.0, dust=2.0)


def test_a_style_file_carries_its_finish(tmp_path: Path) -> None:
    save_style(make_style(manifest=make_manifest(finish=WORN)), tmp_path / "worn.style")
    assert load_style(tmp_path / "worn.style").manifest.finish == WORN


def test_files_from_before_there_was_a_finish_stay_valid(tmp_path: Path) -> None:
    text = json.loads(make_manifest().model_dump_json())
    del text["finish"]
    assert Manifest.model_validate_json(json.dumps(text)).finish is None


def test_what_a_later_version_adds_is_ignored(tmp_path: Path) -> None:
    finish = {**json.loads(WORN.model_dump_json()), "halation": 0.4}
    assert load_style(hand_made(tmp_path / "a.style", finish=finish)).manifest.finish == WORN


@pytest.mark.parametrize(
    "finish",
    [
        {"dust": -1},
        {"dust": 1e9},
        {"weave": "much"},
        {"grain": {"amounts": [0.1] * (NUM_LIGHTNESSES - 1), "spectrum": FLAT}},
        {"grain": {"amounts": [0.9] * NUM_LIGHTNESSES, "spectrum": FLAT}},
        {"grain": {"amounts": EVEN, "spectrum": [0.0] * NUM_BANDS}},
        {"grain": {"amounts": EVEN, "spectrum": [-1.0] * NUM_BANDS}},
        {"grain": {"amounts": EVEN, "spectrum": [1e300] * NUM_BANDS}},
        {"grain": {"amounts": EVEN, "spectrum": FLAT, "chroma": 3.0}},
    ],
)
def test_a_strangers_file_with_a_senseless_finish_is_refused(tmp_path: Path, finish: Any) -> None:
    with pytest.raises(StyleFileError, match="finish"):
        load_style(hand_made(tmp_path / "a.style", finish=finish))


def test_not_a_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        Finish(dust=math.nan)
    with pytest.raises(ValidationError):
        Grain(amounts=(math.nan,) * NUM_LIGHTNESSES, spectrum=FLAT)


def test_a_density_integrates_to_one_whatever_its_factor() -> None:
    frequency = np.linspace(0.5, 5999.5, 6000)
    for spectrum in (FLAT, USUAL_GRAIN.spectrum, tuple(7 * value for value in USUAL_GRAIN.spectrum)):
        grain = Grain(amounts=EVEN, spectrum=spectrum)
        assert (grain.density(frequency) * 2 * math.pi * frequency).sum() == pytest.approx(1, rel=0.01)
        assert (grain.chroma_density(frequency) * 2 * math.pi * frequency).sum() == pytest.approx(1, rel=0.01)


def test_chroma_is_coarser_than_luma() -> None:
    low, high = USUAL_GRAIN.chroma_density(np.array([50.0, 800.0])) / USUAL_GRAIN.density(np.array([50.0, 800.0]))
    assert low > 1 > high


def test_spectra_and_amounts_go_through_what_is_given() -> None:
    given_spectrum = tuple(float(value) for value in np.random.default_rng(0).random(NUM_BANDS))
    assert spectrum_at(given_spectrum, BAND_FREQUENCIES) == pytest.approx(given_spectrum)
    assert spectrum_at(given_spectrum, np.array([0.0, 1.0])) == pytest.approx([given_spectrum[0]] * 2)
    assert spectrum_at(given_spectrum, np.array([4000.0])) == 0
    assert USUAL_GRAIN.amount_at(LIGHTNESSES) == pytest.approx(USUAL_GRAIN.amounts)


def test_a_finish_is_true_where_it_changes_something() -> None:
    assert not Finish()
    assert not Finish(grain=USUAL_GRAIN.scaled(0))
    assert Finish(grain=USUAL_GRAIN)
    for name in WEAR:
        assert Finish(**{name: 0.1})


@given(st.floats(0, 4))
def test_scaling_scales_all(amount: float) -> None:
    scaled = WORN.scaled(amount)
    assert scaled.weave == pytest.approx(min(4, 0.5 * amount))
    assert scaled.dust == pytest.approx(min(4, 2 * amount))
    if amount == 0:
        assert not scaled
    else:
        assert scaled.grain is not None
        assert scaled.grain.amounts == pytest.approx([amount * value for value in USUAL_GRAIN.amounts])
    Finish.model_validate_json(scaled.model_dump_json())


def test_one_number_scales_what_is_carried() -> None:
    assert parse_finish("1", WORN) == WORN
    assert parse_finish("0.5", WORN) == WORN.scaled(0.5)
    assert not parse_finish("0", WORN)
    assert not parse_finish("0", None)
    assert not parse_finish("off", WORN)
    assert not parse_finish(" Off ", None)


def test_parts_are_all_that_there_is_to_be() -> None:
    assert parse_finish("dust:0.5, weave", WORN) == Finish(dust=0.5, weave=1.0)
    assert parse_finish("grain:2", None) == Finish(grain=USUAL_GRAIN.scaled(2))
    assert not parse_finish("grain:0", WORN)
    own = USUAL_GRAIN.model_copy(update={"chroma": 0.0})
    assert parse_finish("grain", Finish(grain=own)) == Finish(grain=own)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5", "carries no finish"),
        ("rain", "its parts are grain, weave, flicker, scratches, dust"),
        ("dust:much", "its parts are"),
        ("dust,dust", "each once"),
        ("", "its parts are"),
        ("dust:-1", "from 0 to 4"),
        ("dust:nan", "from 0 to 4"),
        ("5", "from 0 to 4"),
    ],
)
def test_what_cannot_be_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_finish(text, None)


def test_a_mix_lies_between() -> None:
    assert mix_finishes([(None, 0.5), (Finish(), 0.5)]) is None
    mixed = mix_finishes([(WORN, 0.25), (None, 0.75)])
    assert mixed is not None
    assert mixed.dust == pytest.approx(0.5)
    assert mixed.grain is not None
    assert mixed.grain.amounts == pytest.approx([0.25 * value for value in USUAL_GRAIN.amounts])
    assert mixed.grain.density(BAND_FREQUENCIES) == pytest.approx(USUAL_GRAIN.density(BAND_FREQUENCIES))
    assert mixed.grain.chroma == pytest.approx(USUAL_GRAIN.chroma)


def test_a_mix_of_two_grains_has_the_size_of_either() -> None:
    coarse = Grain(amounts=EVEN, spectrum=(1.0,) * 5 + (0.0,) * (NUM_BANDS - 5))
    fine = Grain(amounts=EVEN, spectrum=(0.0,) * 12 + (1.0,) * (NUM_BANDS - 12), chroma=0.5)
    mixed = mix_finishes([(Finish(grain=coarse), 0.5), (Finish(grain=fine), 0.5)])
    assert mixed is not None
    assert mixed.grain is not None
    assert mixed.grain.amounts == pytest.approx(EVEN)
    assert mixed.grain.chroma == pytest.approx(0.25)
    # A spectrum that ends suddenly falls off over half an octave, so that what lies between adds a little.
    both = (coarse.density(BAND_FREQUENCIES) + fine.density(BAND_FREQUENCIES)) / 2
    assert mixed.grain.density(BAND_FREQUENCIES) == pytest.approx(both, rel=0.02)

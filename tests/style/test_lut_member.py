from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.errors import StyleFileError
from impasto.style.file import load_style, save_style
from impasto.style.lut_member import pack_lut, unpack_lut

from .conftest import make_style


@pytest.mark.parametrize("size", [2, 17, 33, 65])
def test_a_table_comes_back_to_within_a_sixteenth_of_a_level(size: int) -> None:
    table = np.random.default_rng(size).random((size, size, size, 3)).astype(np.float32)
    unpacked = unpack_lut(pack_lut(table))
    assert unpacked.dtype == np.float32
    assert unpacked.shape == table.shape
    assert np.abs(unpacked - table).max() * 255 <= 1 / 16


def test_it_travels_in_a_style_file(tmp_path: Path) -> None:
    table = np.linspace(0, 1, 81).reshape(3, 3, 3, 3)
    save_style(make_style(mean_lut=pack_lut(table)), tmp_path / "a.style")
    packed = load_style(tmp_path / "a.style").mean_lut
    assert packed is not None
    np.testing.assert_allclose(unpack_lut(packed), table, atol=1e-3)


def test_a_style_can_do_without(tmp_path: Path) -> None:
    save_style(make_style(), tmp_path / "a.style")
    assert load_style(tmp_path / "a.style").mean_lut is None


@pytest.mark.parametrize("packed", [b"", b"x", bytes(6), bytes(47), bytes(49), bytes(3 * 2 * 30)])
def test_what_is_no_cube(packed: bytes) -> None:
    with pytest.raises(StyleFileError, match="not a cube"):
        unpack_lut(packed)


def test_what_is_not_finite() -> None:
    with pytest.raises(StyleFileError, match="not finite"):
        unpack_lut(pack_lut(np.full((2, 2, 2, 3), np.nan)))

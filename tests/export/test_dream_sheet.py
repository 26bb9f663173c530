"""Sheets of dreams."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import UsageError
from impasto.export.dream_sheet import default_tile, dream_sheet, enlarged

PICTURES = np.stack([np.full((16, 16, 3), 10 * index, np.uint8) for index in range(5)])


def test_pictures_lie_in_rows_with_paper_between() -> None:
    sheet = dream_sheet(PICTURES, columns=3, tile=16)
    assert sheet.shape == (34, 52, 3)
    assert [int(sheet[8, 8 + 18 * column, 0]) for column in range(3)] == [0, 10, 20]
    assert [int(sheet[26, 8 + 18 * column, 0]) for column in range(2)] == [30, 40]
    assert sheet[17].min() == sheet[26, 50].min() == 250


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3)])
def test_a_sheet_is_about_as_wide_as_high(count: int, columns: int) -> None:
    assert dream_sheet(PICTURES[:count], tile=16).shape[1] == 18 * columns - 2


@pytest.mark.parametrize(("side", "tile"), [(16, 128), (64, 128), (96, 192), (128, 128), (256, 256)])
def test_small_pictures_are_enlarged_by_whole_numbers(side: int, tile: int) -> None:
    assert default_tile(side) == tile
    picture = np.full((side, side, 3), 77, np.uint8)
    shown = enlarged(picture, default_tile(side))
    assert shown.shape == (tile, tile, 3)
    assert (shown == 77).all()


def test_a_sheet_that_no_file_could_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="too large"):
        dream_sheet(PICTURES, columns=5, tile=20_000)
    with pytest.raises(UsageError, match="no picture"):
        dream_sheet(PICTURES[:0])

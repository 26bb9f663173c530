from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.apply.stylizer import State
from impasto.errors import UnreadableMediaError, UsageError
from impasto.export.contact_sheet import Tile, compare_styles, lay_out, picture_sheet
from impasto.media.frame import Frame

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


def flat(color: tuple[int, int, int], height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    return np.full((height, width, 3), color, np.uint8)


class Painted:
    """A stylizer that makes everything one colour, and counts its frames."""

    def __init__(self, color: tuple[int, int, int]) -> None:
        self.color = color
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        self.shapes.append(frame.pixels.shape)
        return frame.with_pixels(np.full_like(frame.pixels, self.color)), state


def box(sheet: NDArray[Any], color: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Return the top, left, height and width of a colour, which must be one filled rectangle."""
    rows, columns = np.nonzero((sheet == color).all(axis=2))
    assert len(rows), f"{color} is not on the sheet"
    top, left, height, width = rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1
    assert height * width == len(rows)
    return int(top), int(left), int(height), int(width)


def ink_between(sheet: NDArray[Any], top: int, bottom: int, left: int, right: int) -> int:
    """Count dark grey pixels, which only labels have."""
    return int((sheet[top:bottom, left:right].max(axis=2) < 120).sum())


def save(path: Path, color: tuple[int, int, int], size: tuple[int, int] = (80, 60)) -> Path:
    Image.new("RGB", size, color).save(path)
    return path


def test_tiles_keep_their_pixels_and_stand_in_order() -> None:
    sheet = lay_out([[Tile(flat(RED), "original"), Tile(flat(GREEN), "kodak")], [Tile(flat(BLUE), "noir")]])
    assert sheet.dtype == np.uint8
    red, green, blue = (box(sheet, color) for color in (RED, GREEN, BLUE))
    assert red[2:] == green[2:] == blue[2:] == (60, 80)
    assert red[0] == green[0] < blue[0]
    assert red[1] == blue[1] < green[1]


def test_each_label_stands_below_its_tile() -> None:
    sheet = lay_out([[Tile(flat(RED), "one"), Tile(flat(GREEN), ""), Tile(flat(BLUE), "three")]])
    bottom = box(sheet, RED)[0] + 60
    inked = []
    for color in (RED, GREEN, BLUE):
        _, left, _, width = box(sheet, color)
        inked.append(ink_between(sheet, bottom, len(sheet), left, left + width) > 0)
    assert inked == [True, False, True]
    assert ink_between(sheet, 0, bottom, 0, sheet.shape[1]) == 0


def test_tiles_of_different_sizes_stand_on_one_line() -> None:
    sheet = lay_out([[Tile(flat(RED, 60, 80), "a"), Tile(flat(GREEN, 80, 60), "b"), Tile(flat(BLUE, 1, 1), "c")]])
    bottoms = {box(sheet, color)[0] + box(sheet, color)[2] for color in (RED, GREEN, BLUE)}
    assert len(bottoms) == 1


@pytest.mark.parametrize("label", ["a very long name " * 20, "胶片 été", "", "x\ny"])
def test_a_label_stays_in_its_column(label: str) -> None:
    plain = lay_out([[Tile(flat(RED), "a"), Tile(flat(GREEN), "")]])
    sheet = lay_out([[Tile(flat(RED), label), Tile(flat(GREEN), "")]])
    assert sheet.shape == plain.shape
    right = box(sheet, RED)[1] + 80
    assert ink_between(sheet, 0, len(sheet), right + 3, sheet.shape[1]) == 0


def test_the_original_comes_first_then_each_style(tmp_path: Path) -> None:
    sheet = compare_styles([save(tmp_path / "a.png", RED)], {"kodak": Painted(GREEN), "noir": Painted(BLUE)})
    lefts = [box(sheet, color)[1] for color in (RED, GREEN, BLUE)]
    assert lefts == sorted(lefts)
    assert len({box(sheet, color)[0] for color in (RED, GREEN, BLUE)}) == 1


def test_several_pictures_get_a_row_each(tmp_path: Path) -> None:
    paths = [save(tmp_path / "a.png", RED), save(tmp_path / "b.png", BLUE)]
    sheet = compare_styles(paths, {"x": Painted(GREEN)})
    red, blue = box(sheet, RED), box(sheet, BLUE)
    assert red[1] == blue[1]
    assert red[0] < blue[0]
    assert ((sheet == GREEN).all(axis=2)).sum() == 2 * 60 * 80


@pytest.mark.parametrize(("num_styles", "num_columns"), [(1, 2), (3, 4), (4, 3), (7, 4), (8, 3)])
def test_one_picture_in_many_styles_fills_rows_evenly(tmp_path: Path, num_styles: int, num_columns: int) -> None:
    stylizers = {f"style {index}": Painted((0, 200, index)) for index in range(num_styles)}
    sheet = compare_styles([save(tmp_path / "a.png", RED)], stylizers)
    boxes = [box(sheet, RED), *(box(sheet, (0, 200, index)) for index in range(num_styles))]
    assert len({left for _, left, _, _ in boxes}) == num_columns
    assert boxes == sorted(boxes)


def test_large_pictures_are_shown_small_and_small_ones_as_they_are(tmp_path: Path) -> None:
    stylizer = Painted(GREEN)
    paths = [save(tmp_path / "a.png", RED, (900, 300)), save(tmp_path / "b.png", BLUE, (40, 30))]
    compare_styles(paths, {"x": stylizer}, tile_side=300)
    assert stylizer.shapes == [(100, 300, 3), (30, 40, 3)]


def test_without_a_picture_there_is_no_sheet() -> None:
    with pytest.raises(UnreadableMediaError, match="no picture"):
        compare_styles([], {"x": Painted(GREEN)})


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(UnreadableMediaError, match=r"a\.jpg"):
        compare_styles([tmp_path / "a.jpg"], {"x": Painted(GREEN)})


def test_a_sheet_beyond_what_formats_hold_is_refused() -> None:
    column = [[Tile(flat(RED, 1000, 8), "")]] * 40
    with pytest.raises(UsageError, match="too large"):
        lay_out(column)


def test_the_original_can_be_called_otherwise(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RED)
    sheets = [compare_styles([path], {"x": Painted(GREEN)}, original=label) for label in ("original", "")]
    bottom, left = box(sheets[0], RED)[0] + 60, box(sheets[0], RED)[1]
    inked = [ink_between(sheet, bottom, len(sheet), left, left + 80) for sheet in sheets]
    assert inked[0] > 0
    assert inked[1] == 0


def test_pictures_stand_in_rows_in_order_with_labels(tmp_path: Path) -> None:
    colors = [RED, GREEN, BLUE, (200, 200, 0), (0, 200, 200)]
    paths = [save(tmp_path / f"{number}.png", color) for number, color in enumerate(colors)]
    sheet = picture_sheet([(path, f"label {number}") for number, path in enumerate(paths)], tile_side=40)
    places = [box(sheet, color) for color in colors]
    assert all(place[2:] == (30, 40) for place in places), "shrunk to the side"
    assert [place[:2] for place in places] == sorted(place[:2] for place in places)
    assert len({place[0] for place in places}) == 2
    top, left = places[0][:2]
    assert ink_between(sheet, top + 30, places[3][0], left, left + 40) > 0


def test_a_picture_of_a_sheet_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match=r"gone\.png does not exist"):
        picture_sheet([(tmp_path / "gone.png", "gone")])

"""What is drawn, and where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.critique import overlay
from impasto.critique.finding import Critique, Finding, Level, Line, unknown
from impasto.critique.overlay import draw_overlay
from impasto.media.frame import Frame

GREY = 90


def drawn(width: int = 800, height: int = 600, **marks: object) -> NDArray[np.uint8]:
    findings = (Finding("noise", Level.LOOK, "strong"), unknown("horizon", "no line"))
    seen = Critique(width, height, findings, **marks)  # type: ignore[arg-type]
    return draw_overlay(seen, Frame(np.full((height, width, 3), GREY, np.uint8)))


def changed(sheet: NDArray[np.uint8], height: int = 600) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (sheet[:height].astype(int) != GREY).any(axis=2)
    return result


def test_without_marks_the_picture_is_as_it_was_and_words_are_below() -> None:
    sheet = drawn()
    assert sheet.shape[1] == 800
    assert sheet.shape[0] > 640
    assert not changed(sheet).any()
    assert sheet[600:].max() > 200


def test_more_words_take_more_room() -> None:
    few = Critique(800, 600, (Finding("a", Level.FINE, "short"),))
    many = Critique(800, 600, (Finding("a", Level.FINE, "many words " * 60),))
    frame = Frame(np.full((600, 800, 3), GREY, np.uint8))
    assert draw_overlay(many, frame).shape[0] > draw_overlay(few, frame).shape[0] + 60


@pytest.mark.parametrize(("name", "channel"), [("highlights", 0), ("shadows", 2)])
def test_clipped_fields_are_tinted_red_or_blue(name: str, channel: int) -> None:
    grid = np.zeros((6, 8), np.float32)
    grid[2, 3] = 1
    sheet = drawn(**{name: grid})
    where = changed(sheet)
    assert where[200:300, 300:400].all()
    assert where.sum() == 100 * 100
    assert sheet[250, 350].argmax() == channel


def test_a_field_that_is_clipped_in_part_is_tinted_less() -> None:
    grid = np.zeros((1, 2), np.float32)
    grid[0] = 0.2, 1
    sheet = drawn(highlights=grid)
    assert GREY < sheet[300, 100, 0] < sheet[300, 700, 0]


def test_faces_are_framed() -> None:
    where = changed(drawn(faces=((0.25, 0.5, 0.5, 0.75),)))
    rows, columns = np.nonzero(where)
    assert (rows.min(), rows.max()) == pytest.approx((300, 450), abs=2)
    assert (columns.min(), columns.max()) == pytest.approx((200, 400), abs=2)
    assert not where[310:440, 210:390].any()


def test_the_horizon_runs_from_side_to_side() -> None:
    where = changed(drawn(horizon=Line((0.0, 0.25), (1.0, 0.5))))
    assert where.any(axis=0).all()
    assert np.nonzero(where[:, 1])[0].mean() == pytest.approx(150, abs=3)
    assert np.nonzero(where[:, 798])[0].mean() == pytest.approx(300, abs=3)


def test_only_the_sharpest_fields_are_marked() -> None:
    focus = np.full((3, 4), 5, np.float32)
    focus[:, 3] = 1
    focus[2, 0] = np.nan
    where = changed(drawn(focus=focus))
    assert not where[:, :600].any()
    assert all(where[top : top + 200, 600:].any() for top in (0, 200, 400))


def test_where_no_field_has_edges_none_is_marked() -> None:
    assert not changed(drawn(focus=np.full((3, 4), np.nan, np.float32))).any()


@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (40, 60), (3000, 100), (100, 3000)])
def test_any_size_gives_a_sheet_that_can_be_read(width: int, height: int) -> None:
    sheet = drawn(width, height)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] <= 1280
    assert sheet.shape[0] <= 1280 + 1500


def test_deep_pictures_are_drawn_too() -> None:
    seen = Critique(100, 80, (Finding("noise", Level.FINE, "none"),))
    pixels = np.full((80, 100, 3), GREY * 257, np.uint16)
    sheet = draw_overlay(seen, Frame(pixels))
    assert (sheet[:400] == GREY).all()


def test_long_words_are_wrapped_and_none_is_lost() -> None:
    font = overlay._font(14)
    text = "one two three four five six seven eight nine ten"
    lines = overlay._wrapped(text, font, 120)
    assert len(lines) > 2
    assert " ".join(line.strip() for line in lines) == text
    assert max(font.getlength(line) for line in lines) <= 140

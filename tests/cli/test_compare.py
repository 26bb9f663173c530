from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Run

pytestmark = pytest.mark.usefixtures("style")


def size(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_a_sheet_of_one_picture_in_two_styles(run: Run, shoot: Path, save_look: Callable[..., Path]) -> None:
    save_look(Path("other.style"))
    result = run("compare", shoot / "a.png", "--style", "pale", "--style", "other", "-o", "sheet.png")
    assert size("sheet.png")[0] > 3 * 64
    assert "1 picture(s) in 2 style(s)" in result.stdout
    run("compare", shoot / "a.png", "-s", "pale", "-o", "narrower.png")
    assert size("narrower.png")[0] < size("sheet.png")[0]


def test_a_folder_gives_a_row_for_each_picture(run: Run, shoot: Path) -> None:
    run("compare", shoot / "a.png", "-s", "pale", "-o", "one.png")
    run("compare", shoot, "-s", "pale", "-o", "two.png")
    assert size("two.png")[0] == size("one.png")[0]
    assert size("two.png")[1] > size("one.png")[1] + 48


def test_the_original_and_the_style_are_both_there(run: Run, shoot: Path) -> None:
    run("compare", shoot / "a.png", "-s", "pale", "-o", "sheet.png", "--strength", "0")
    run("compare", shoot / "a.png", "-s", "pale", "-o", "styled.png")
    with Image.open("sheet.png") as same, Image.open("styled.png") as styled:
        same_pixels, styled_pixels = np.asarray(same), np.asarray(styled)
    differs = (same_pixels != styled_pixels).any(axis=(0, 2))
    columns = np.nonzero(differs)[0]
    assert columns.min() > 64, "the original must not change with the strength"
    assert len(columns) == 64


def test_two_files_of_one_name_are_both_shown(
    run: Run, shoot: Path, style: Path, save_look: Callable[..., Path]
) -> None:
    save_look(Path("elsewhere/pale.style"))
    result = run("compare", shoot / "a.png", "-s", "pale", "-s", "elsewhere/pale.style", "-o", "sheet.jpg")
    assert "2 style(s)" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shoot/a.png", "-o", "sheet.jpg"], "--style"),
        (["shoot/a.png", "-s", "pale"], "--output"),
        (["shoot/a.png", "-s", "pale", "-s", "pael", "-o", "sheet.jpg"], "did you mean 'pale'"),
        (["shoot/none.png", "-s", "pale", "-o", "sheet.jpg"], "none.png does not exist"),
        (["empty", "-s", "pale", "-o", "sheet.jpg"], "no picture"),
        (["shoot/a.png", "-s", "pale", "-o", "shoot/a.png"], "--overwrite"),
        (["shoot/a.png", "-s", "pale", "-o", "sheet.doc"], "sheet.doc"),
        (["shoot/a.png", "-s", "pale", "-o", "empty"], "empty"),
    ],
)
def test_what_is_refused_leaves_nothing(run: Run, shoot: Path, words: list[str], message: str) -> None:
    Path("empty").mkdir()
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert message in run("compare", *words, code=2).stderr
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from .conftest import Run

pytestmark = pytest.mark.usefixtures("style")


def pixels(path: str | Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def files(folder: str | Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def test_one_picture_to_a_named_file(
    run: Run, shoot: Path, picture: NDArray[np.uint8], assert_graded: Callable[..., None]
) -> None:
    result = run("apply", shoot / "a.png", "--style", "pale", "-o", "out.png")
    assert_graded(pixels("out.png"), picture)
    assert result.stdout.strip() == "1 done: out.png"
    assert result.stderr == ""


def test_the_default_output_stands_beside(run: Run, shoot: Path) -> None:
    run("apply", shoot / "a.png", "-s", "pale")
    assert "a-pale.png" in files(shoot)
    result = run("apply", shoot, "-s", "pale")
    assert files("shoot-pale") == {"a.png", "a-pale.png", "day 2/b.png"}
    assert result.stdout.strip() == "3 done: in shoot-pale"


def test_the_folder_that_one_stands_in(run: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shoot)
    run("apply", ".", "-s", "pale")
    assert files("../shoot-pale") == {"a.png", "day 2/b.png"}


def test_several_inputs_without_an_output_each_get_theirs_beside(run: Run, shoot: Path) -> None:
    run("apply", shoot / "a.png", shoot / "day 2", "-s", "pale")
    assert {"a-pale.png", "day 2-pale/b.png"} <= files(shoot)


def test_a_format_that_cannot_be_written_becomes_jpeg(run: Run, shoot: Path, picture: NDArray[np.uint8]) -> None:
    Image.fromarray(picture).save("old.bmp")
    run("apply", "old.bmp", "-s", "pale")
    assert Path("old-pale.jpg").exists()


def test_a_folder_keeps_its_tree(
    run: Run, shoot: Path, picture: NDArray[np.uint8], assert_graded: Callable[..., None]
) -> None:
    run("apply", shoot, "-s", "pale", "-o", "graded", "--strength", "0.5", "--jobs", "2")
    assert files("graded") == {"a.png", "day 2/b.png"}
    assert_graded(pixels("graded/day 2/b.png"), picture[::-1], 0.5)


def test_a_separator_at_the_end_means_a_folder(run: Run, shoot: Path) -> None:
    run("apply", shoot / "a.png", "-s", "pale", "-o", f"new{os.sep}")
    assert files("new") == {"a.png"}


def test_a_style_by_path_or_in_the_working_directory(run: Run, shoot: Path, save_look: Callable[..., Path]) -> None:
    save_look(Path("wedding.style"))
    for given in ("wedding", "wedding.style", "./wedding.style"):
        run("apply", shoot / "a.png", "-s", given, "--overwrite")
    assert "a-wedding.png" in files(shoot)


def test_a_second_run_gives_the_same_files(run: Run, shoot: Path) -> None:
    run("apply", shoot, "-s", "pale", "-o", "graded")
    before = {name: (Path("graded") / name).read_bytes() for name in files("graded")}
    run("apply", shoot, "-s", "pale", "-o", "graded")
    assert {name: (Path("graded") / name).read_bytes() for name in files("graded")} == before


def test_existing_outputs_can_be_skipped(run: Run, shoot: Path) -> None:
    Path("graded").mkdir()
    Path("graded/a.png").write_bytes(b"mine")
    result = run("apply", shoot, "-s", "pale", "-o", "graded", "--skip-existing")
    assert Path("graded/a.png").read_bytes() == b"mine"
    assert "1 done, 1 skipped" in result.stdout


def test_quality_reaches_the_writer(run: Run, shoot: Path) -> None:
    for quality in (30, 95):
        run("apply", shoot / "a.png", "-s", "pale", "-o", f"{quality}.jpg", "--quality", quality)
    assert Path("30.jpg").stat().st_size < Path("95.jpg").stat().st_size


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_one_bad_file_does_not_stop_the_rest(run: Run, shoot: Path) -> None:
    (shoot / "empty.jpg").write_bytes(b"")
    (shoot / "cut.png").write_bytes((shoot / "a.png").read_bytes()[:60])
    result = run("apply", shoot, "-s", "pale", "-o", "graded", "-j", "2", code=1)
    assert files("graded") == {"a.png", "day 2/b.png"}
    assert "2 done, 2 failed" in result.stdout
    for name in ("empty.jpg", "cut.png"):
        assert sum(name in line for line in result.stderr.splitlines()) == 1


def test_when_all_fail_nothing_is_left(run: Run) -> None:
    Path("a.jpg").write_bytes(b"")
    result = run("apply", "a.jpg", "-s", "pale", "-o", "b.jpg", code=1)
    assert result.stdout.strip() == "0 done, 1 failed"
    assert "a.jpg is empty" in result.stderr
    assert files(".") == {"a.jpg"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.jpg", "-s", "pale"], "nothing.jpg does not exist"),
        (["shoot/a.png", "-s", "pael"], "no style named 'pael'; did you mean 'pale'?"),
        (["shoot/a.png", "-s", "no.style"], "there is no style file no.style"),
        (["shoot/a.png", "-s", "shoot/notes.style"], "notes.style is not a style file"),
        (["shoot/a.png", "-s", "pale", "-o", "shoot/a.png"], "--overwrite"),
        (["shoot/a.png", "-s", "pale", "-o", "out.doc"], "out.doc"),
        (["shoot", "-s", "pale", "-o", "shoot/a.png"], "folder"),
        (["empty", "-s", "pale"], "There is no picture in empty"),
        (["shoot", "-s", "pale", "-o", "x", "--skip-existing", "--overwrite"], "Choose one"),
        (["shoot/a.png", "shoot/day 2/../a.png", "-s", "pale", "-o", "shoot/"], "--overwrite"),
    ],
)
def test_what_is_refused_gets_one_message_and_leaves_nothing(
    run: Run, shoot: Path, words: list[str], message: str
) -> None:
    Path("empty").mkdir()
    (shoot / "notes.style").write_bytes(b"nothing")
    before = {name: Path(name).read_bytes() for name in files(".")}
    result = run("apply", *words, code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert result.stdout == ""
    assert {name: Path(name).read_bytes() for name in files(".")} == before


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["shoot/a.png"],
        ["-s", "pale"],
        ["shoot/a.png", "-s", "pale", "--strength", "1.5"],
        ["shoot/a.png", "-s", "pale", "--strength", "much"],
        ["shoot/a.png", "-s", "pale", "--jobs", "0"],
        ["shoot/a.png", "-s", "pale", "--quality", "101"],
        ["shoot/a.png", "-s", "pale", "--stregth", "1"],
    ],
)
def test_wrong_options_are_refused(run: Run, shoot: Path, words: list[str]) -> None:
    run("apply", *words, code=2)
    assert files(".") == {"shoot/a.png", "shoot/day 2/b.png", "shoot/notes.txt"}


def test_the_input_is_replaced_when_allowed(run: Run, shoot: Path, picture: NDArray[np.uint8]) -> None:
    run("apply", shoot / "a.png", "-s", "pale", "-o", shoot / "a.png", "--overwrite")
    assert np.abs(pixels(shoot / "a.png").astype(int) - picture).mean() > 5


def test_a_broken_network_is_reported_once(run: Run, shoot: Path, save_look: Callable[..., Path]) -> None:
    save_look(Path("broken.style"), generator=b"not ONNX")
    result = run("apply", shoot, "-s", "broken", code=2)
    assert "broken.style" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not Path("shoot-broken").exists()

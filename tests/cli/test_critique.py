"""`impasto critique` on real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Run, RunProcess


@pytest.fixture
def photos(home: Path) -> Path:
    """Two photos, one of them half white, and what is none."""
    folder = Path("photos")
    (folder / "more").mkdir(parents=True)
    rows, columns = np.mgrid[:120, :160]
    plain = np.stack([60 + rows, 200 - columns, 90 + columns // 2], axis=-1).astype(np.uint8)
    Image.fromarray(plain).save(folder / "a.png")
    half = plain.copy()
    half[:60] = 255
    Image.fromarray(half).save(folder / "more" / "b.png")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


def test_each_measure_is_a_line_with_its_mark(run: Run, photos: Path) -> None:
    shown = run("critique", photos).stdout
    assert f"{photos / 'a.png'} (160×120)" in shown
    white = next(line for line in shown.splitlines() if "50.0 % is white" in line)
    assert white.split()[:2] == ["!", "highlights"]
    assert any(line.startswith("  ? ") for line in shown.splitlines())


def test_json_holds_all_numbers(run: Run, photos: Path) -> None:
    first, second = json.loads(run("critique", photos, "--json").stdout)
    assert [Path(each["path"]).name for each in (first, second)] == ["a.png", "b.png"]
    assert (first["width"], first["height"]) == (160, 120)
    by_name = {finding["name"]: finding for finding in second["findings"]}
    assert by_name["highlights"]["value"] == 50
    assert by_name["highlights"]["level"] == "look"
    assert by_name["highlights"]["unit"] == "%"


def test_an_overlay_of_one_is_a_file(run: Run, photos: Path) -> None:
    run("critique", photos / "more" / "b.png", "-o", "seen.jpg")
    pixels = np.asarray(Image.open("seen.jpg")).astype(int)
    assert pixels.shape[1] == 640
    assert pixels[100, 320, 0] > pixels[100, 320, 2] + 100
    assert pixels.shape[0] > 480


def test_overlays_of_several_go_to_a_folder_by_whole_name(run: Run, photos: Path) -> None:
    run("critique", photos, "-o", "seen")
    found = sorted(path.relative_to("seen").as_posix() for path in Path("seen").rglob("*") if path.is_file())
    assert found == ["a.png.critique.jpg", "more/b.png.critique.jpg"]
    run("critique", photos / "a.png", "-o", "alone/")
    assert Path("alone/a.png.critique.jpg").is_file()


def test_one_that_cannot_be_read_does_not_stop_the_rest(run: Run, photos: Path) -> None:
    (photos / "broken.jpg").write_bytes(b"none")
    Image.new("RGB", (10, 10)).save(photos / "tiny.png")
    result = run("critique", photos, code=1)
    assert "broken.jpg" in result.stderr
    assert "tiny.png is 10×10" in result.stderr
    assert "b.png (160×120)" in result.stdout
    reports = json.loads(run("critique", photos, "--json", code=1).stdout)
    assert {Path(each["path"]).name for each in reports if "error" in each} == {"broken.jpg", "tiny.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("photos", "-o", "taken.jpg"), "need a folder"),
        (("photos/a.png", "-o", "photos/a.png"), "the input itself"),
        (("photos/a.png", "-o", "a.xyz"), "a.xyz"),
        (("empty",), "no picture"),
        (("missing.jpg",), "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    run: Run, photos: Path, words: tuple[str, ...], message: str
) -> None:
    Path("taken.jpg").write_bytes(b"x")
    Path("empty").mkdir()
    before = (photos / "a.png").read_bytes()
    result = run("critique", *words, code=2)
    assert message in result.stderr
    assert result.stdout == ""
    assert (photos / "a.png").read_bytes() == before
    assert Path("taken.jpg").read_bytes() == b"x"


def test_it_runs_without_what_learning_needs(run_process: RunProcess, photos: Path) -> None:
    assert "highlights" in run_process("critique", photos / "a.png", "-o", "a.jpg").stdout
    assert Path("a.jpg").is_file()

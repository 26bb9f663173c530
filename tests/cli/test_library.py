"""`impasto library` on real files; what pictures look like is told without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gallery.seen import BLUE, GREEN, RED, PlainExtractor, save, save_scenes, scene
from PIL import Image

from impasto.gallery.features import FeatureExtractor

from .conftest import Run, RunProcess


@pytest.fixture(autouse=True)
def _plain_eyes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(FeatureExtractor, "_network_features", PlainExtractor._network_features)
    monkeypatch.setattr(FeatureExtractor, "num_seen", 0, raising=False)
    monkeypatch.setenv("IMPASTO_LIBRARY", str(tmp_path / "library"))


@pytest.fixture
def pictures(home: Path) -> dict[str, Path]:
    """Nine pictures below the working directory, and nothing else."""
    return save_scenes(Path("pictures"), ("left", "top", "middle"), {"red": RED, "green": GREEN, "blue": BLUE})


def test_add_search_status_remove(run: Run, pictures: dict[str, Path], tmp_path: Path) -> None:
    assert run("library", "add", "pictures").stdout == "9 added.\n"
    assert run("library", "add", "pictures").stdout == "0 added, 9 unchanged.\n"
    rows = [line.split(maxsplit=2) for line in run("library", "search", pictures["left-red"]).stdout.splitlines()]
    assert [int(rank) for rank, _, _ in rows] == list(range(1, 9))
    assert {Path(path).name for _, _, path in rows[:2]} == {"left-green.png", "left-blue.png"}
    assert all(Path(path).is_file() and 0 <= float(alike) <= 1 for _, alike, path in rows)
    shown = run("library", "status").stdout
    assert f"library    {tmp_path / 'library' / 'library.sqlite'} (" in shown
    assert "pictures   9\nfiles      9\n" in shown
    assert f"folder 1   {Path('pictures').absolute()}" in shown
    assert run("library", "remove", "pictures").stdout == "9 file(s) forgotten.\n"
    assert run("library", "search", pictures["left-red"]).stdout.startswith("Nothing found")


def test_by_style_and_how_many(run: Run, pictures: dict[str, Path]) -> None:
    run("library", "add", "pictures")
    lines = run("library", "search", pictures["left-red"], "-n", 2, "--by", "style").stdout.splitlines()
    assert sorted(Path(line.split(maxsplit=2)[2]).stem for line in lines) == ["middle-red", "top-red"]
    assert "mood" in run("library", "search", pictures["left-red"], "--by", "mood", code=2).stderr


def test_copies_are_counted(run: Run, pictures: dict[str, Path]) -> None:
    for folder in ("one", "two"):
        save(Path("pictures", folder, "left-green.png"), np.asarray(Image.open(pictures["left-green"])))
    assert run("library", "add", "pictures").stdout == "9 added, 2 copies.\n"
    assert "left-green.png  (and 2 more)" in run("library", "search", pictures["left-red"], "-n", 2).stdout


def test_a_contact_sheet(run: Run, pictures: dict[str, Path]) -> None:
    run("library", "add", "pictures")
    output = run("library", "search", pictures["left-red"], "-n", 5, "--sheet", "sheet.png").stdout
    assert output.endswith("Wrote sheet.png.\n")
    sheet = np.asarray(Image.open("sheet.png").convert("RGB"))
    assert sheet.shape[1] > 3 * 64
    assert run("library", "search", pictures["left-red"], "--sheet", "sheet.txt", code=2).stderr
    refused = run("library", "search", pictures["left-red"], "--sheet", pictures["left-green"], code=2).stderr
    assert "--overwrite" in refused
    assert np.array_equal(np.asarray(Image.open(pictures["left-green"])), scene("left", GREEN, 1))


def test_bad_pictures_are_named_at_the_end(run: Run, pictures: dict[str, Path]) -> None:
    Path("pictures/a.jpg").write_bytes(b"no picture")
    result = run("library", "add", "pictures", code=1)
    assert result.stdout == "9 added, 1 failed.\n"
    assert result.stderr.count("impasto: ") == 1
    assert "a.jpg is not a picture" in result.stderr


def test_what_is_gone_is_said(run: Run, pictures: dict[str, Path]) -> None:
    run("library", "add", "pictures")
    pictures["top-red"].unlink()
    assert run("library", "add", "pictures").stdout == "0 added, 8 unchanged, 1 gone.\n"
    assert "files      9, of which 1 are gone" in run("library", "status").stdout


def test_without_a_library_it_says_how_to_make_one(run: Run, pictures: dict[str, Path]) -> None:
    for words in (["status"], ["search", pictures["left-red"]], ["remove", "pictures"]):
        message = run("library", *words, code=2).stderr
        assert message.count("\n") == 1
        assert "impasto library add FOLDER" in message


def test_another_place(run: Run, pictures: dict[str, Path], tmp_path: Path) -> None:
    run("library", "add", "pictures", "--library", "elsewhere")
    assert Path("elsewhere/library.sqlite").is_file()
    assert not (tmp_path / "library").exists()
    assert run("library", "search", pictures["left-red"], "-n", 1, "--library", "elsewhere").stdout


def test_damage_is_said_in_words(run: Run, pictures: dict[str, Path], tmp_path: Path) -> None:
    run("library", "add", "pictures")
    (tmp_path / "library" / "library.sqlite").write_bytes(b"rubbish" * 99)
    result = run("library", "search", pictures["left-red"], "-n", 2)
    assert "is damaged" in result.stderr
    assert "made anew from" in result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_splitting(run: Run, home: Path) -> None:
    for number in range(14):
        save(Path("mixed", f"red {number}.png"), scene("left", RED, number))
        save(Path("mixed", f"blue {number}.png"), scene("left", BLUE, number))
    save(Path("mixed", "red 14.png"), scene("left", RED, 14))
    output = run("library", "split", "mixed", "-o", "sorted").stdout
    assert output == "29 pictures: 15 in sorted/style-1, 14 in sorted/style-2.\n"
    assert {path.name.split()[0] for path in Path("sorted/style-1").iterdir()} == {"red"}
    assert run("library", "split", "sorted/style-1", "-o", "again").stdout.startswith("One style in 15 picture(s)")


def test_help_is_instant_and_adding_without_the_extra_is_one_line(run_process: RunProcess, home: Path) -> None:
    save(Path("pictures/a.png"), scene("left", RED))
    assert "search" in run_process("library", "--help").stdout
    message = run_process("library", "add", "pictures", code=2, may_try=True).stderr
    assert message.strip() == "impasto: Looking at pictures needs PyTorch: pip install 'impasto[library]'"

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.style.library import StyleLibrary, default_library

from .conftest import Run


def test_lists_names_and_descriptions(run: Run, style: Path, save_look: Callable[..., Path]) -> None:
    save_look(style.with_name("a-longer-name.style"), description="Another.")
    lines = run("styles").stdout.splitlines()
    assert [line.split()[0] for line in lines] == default_library().names()
    width = max(map(len, default_library().names()))
    assert f"{'pale':{width}}  look   A pale mix.  (yours)" in lines


def test_paint_styles_are_listed_and_shown(run: Run, style: Path, save_paint: Callable[..., Path]) -> None:
    save_paint(style.with_name("van-gogh.style"), "invert")
    shown = run("styles").stdout
    assert any(line.split()[:3] == ["van-gogh", "paint", "A"] for line in shown.splitlines())
    details = run("styles", "show", "vangogh").stdout
    for words in ("van-gogh\n", "paint\n", "a short side of 64 pixels", "7" * 64, "1 references, 3 other pictures"):
        assert words in details
    assert "works at" not in run("styles", "show", "pale").stdout


def test_without_styles_says_how_to_get_some(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.style.library.StyleLibrary.paths", lambda self: {})
    assert "impasto learn" in run("styles").stdout


def test_added_shown_and_removed(run: Run, home: Path, save_look: Callable[..., Path]) -> None:
    source = save_look(Path("wedding.style"))
    assert run("styles", "add", source).stdout == "Installed wedding.\n"
    assert "wedding" in run("styles").stdout
    assert run("styles", "remove", "wedding").stdout == "Removed wedding.\n"
    assert "wedding" not in run("styles").stdout
    assert source.exists()


def test_added_under_another_name_and_over_another(run: Run, style: Path, save_look: Callable[..., Path]) -> None:
    source = save_look(Path("new.style"), description="New.")
    assert "--overwrite" in run("styles", "add", source, "--name", "pale", code=2).stderr
    assert "A pale mix." in run("styles").stdout
    run("styles", "add", source, "--name", "pale", "--overwrite")
    assert "New." in run("styles").stdout


def test_shows_where_a_style_comes_from(run: Run, style: Path) -> None:
    shown = run("styles", "show", "pale").stdout
    for words in ("look", "A pale mix.", "2 references, 3 other pictures", "my own pictures", "2026-11-21"):
        assert words in shown
    assert "validation = 0.25" in shown
    assert "minutes = 5.0" in shown
    assert "loss = hinge" in shown
    assert str(style) in shown


def test_shows_a_style_by_path_and_one_that_was_renamed(run: Run, home: Path, save_look: Callable[..., Path]) -> None:
    save_look(Path("new.style"), name="old")
    assert "new (learned as old)" in run("styles", "show", "new.style").stdout


def test_shows_the_manifest_as_json(run: Run, style: Path) -> None:
    manifest = json.loads(run("styles", "show", "pale", "--json").stdout)
    assert manifest["name"] == "pale"
    assert set(manifest["members"]) == {"generator.onnx"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "no.style"], "no.style cannot be read"),
        (["add", "photo.jpg"], "photo.jpg is not a style file"),
        (["add", "pale.style", "--name", "../up"], "cannot name a style"),
        (["remove", "pael"], "did you mean 'pale'"),
        (["show", "pael"], "did you mean 'pale'"),
    ],
)
def test_what_is_refused(run: Run, style: Path, words: list[str], message: str) -> None:
    Path("photo.jpg").write_bytes(b"\xff\xd8")
    Path("pale.style").write_bytes(style.read_bytes())
    result = run("styles", *words, code=2)
    assert message in result.stderr
    assert result.stdout == ""
    assert style.exists()


def test_what_came_with_impasto_is_told_apart_and_stays(
    run: Run, style: Path, save_look: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    builtin = save_look(tmp_path / "builtin" / "noir.style", description="Black and white.")
    library = StyleLibrary(builtin.parent, style.parent)
    monkeypatch.setattr("impasto.style.library.default_library", lambda: library)
    assert run("styles").stdout.splitlines() == ["noir  look   Black and white.", "pale  look   A pale mix.  (yours)"]
    assert "came with Impasto" in run("styles", "remove", "noir", code=2).stderr
    assert builtin.exists()


def test_a_broken_file_in_the_library_does_not_hide_the_others(run: Run, style: Path) -> None:
    style.with_name("broken.style").write_bytes(b"x")
    shown = run("styles").stdout
    assert "A pale mix." in shown
    assert "broken.style is not a style file" in shown


def test_an_unknown_subcommand(run: Run, style: Path) -> None:
    run("styles", "delete", "pale", code=2)
    assert style.exists()

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import impasto
from impasto.export.cube import read_cube
from impasto.style.lut_member import pack_lut

from .conftest import Run

pytestmark = pytest.mark.usefixtures("style")


@pytest.mark.parametrize("size", [33, 65])
def test_a_look_for_one_picture(run: Run, shoot: Path, size: int) -> None:
    result = run("export", "pale", "--to", "cube", "-o", "a.cube", "--size", size, "--for", shoot / "a.png")
    cube = read_cube("a.cube")
    assert cube.size == size
    expected = impasto.load("pale").lut(shoot / "a.png").resampled(size).table
    np.testing.assert_allclose(cube.table, expected, atol=1e-6)
    assert "a.cube" in result.stdout


def test_a_look_at_its_mean(run: Run, save_look: Callable[..., Path]) -> None:
    table = np.random.default_rng(0).random((33, 33, 33, 3)).astype(np.float32)
    save_look(Path("random.style"), mean_lut=pack_lut(table))
    run("export", "random.style", "-o", "a.cube")
    np.testing.assert_allclose(read_cube("a.cube").table, table, atol=1e-3)


def test_the_strength_is_heeded(run: Run) -> None:
    run("export", "pale", "-o", "a.cube", "--strength", "0")
    axis = np.linspace(0, 1, 33)
    identity = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    np.testing.assert_allclose(read_cube("a.cube").table, identity, atol=1e-6)


def test_the_title_names_the_style(run: Run) -> None:
    run("export", "pale", "-o", "a.cube")
    assert Path("a.cube").read_text(encoding="utf-8").startswith('TITLE "Impasto pale"')


def test_a_paint_style_has_no_lut(run: Run, shoot: Path, save_paint: Callable[..., Path]) -> None:
    save_paint(Path("oil.style"))
    for words in ((), ("--for", shoot / "a.png")):
        message = run("export", "oil", "--to", "cube", "-o", "a.cube", *words, code=2).stderr
        assert "oil is a paint style: it has no LUT" in message
    assert not Path("a.cube").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pael", "-o", "a.cube"], "did you mean 'pale'"),
        (["pale", "-o", "folder"], "folder"),
        (["pale", "-o", "missing/a.cube"], "missing/a.cube"),
        (["pale", "-o", "a.cube", "--for", "none.jpg"], "none.jpg"),
        (["pale", "-o", "shoot/a.png", "--for", "shoot/a.png"], "--overwrite"),
        (["./copy.style", "-o", "copy.style"], "--overwrite"),
        (["pale", "-o", "a.cube", "--to", "lutz"], "lutz"),
        (["pale", "-o", "a.cube", "--size", "1"], "--size"),
        (["pale"], "--output"),
    ],
)
def test_what_is_refused_leaves_nothing(run: Run, shoot: Path, style: Path, words: list[str], message: str) -> None:
    Path("folder").mkdir()
    Path("copy.style").write_bytes(style.read_bytes())
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = run("export", *words, code=2)
    assert message in result.stderr
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before

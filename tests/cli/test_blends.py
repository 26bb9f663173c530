"""Blends and chains on the command line, of looks and of paint styles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from paint_styles import OTHER_TRUNK
from PIL import Image

from .conftest import Run, RunProcess


@pytest.fixture(autouse=True)
def styles(style: Path, save_look: Callable[..., Path], save_paint: Callable[..., Path]) -> None:
    save_look(style.with_name("other.style"))
    for name, kind in (("same", "identity"), ("re-versed", "invert")):
        save_paint(style.with_name(f"{name}.style"), kind)
    save_paint(style.with_name("foreign.style"), "invert", trunk=OTHER_TRUNK)


def pixels(path: str | Path) -> NDArray[np.float64]:
    with Image.open(path) as image:
        return np.asarray(image).astype(float)


def test_a_blend_of_paint_lies_between_its_styles(run: Run, shoot: Path) -> None:
    content = pixels(shoot / "a.png")
    result = run("apply", shoot / "a.png", "-s", "same:0.75,reversed:0.25", "-o", "out.png")
    assert result.stderr == ""
    np.testing.assert_allclose(pixels("out.png").mean(), (0.75 * content + 0.25 * (255 - content)).mean(), atol=3)


def test_a_blend_of_looks_that_are_alike_is_either(run: Run, shoot: Path) -> None:
    run("apply", shoot / "a.png", "-s", "pale", "-o", "one.png")
    run("apply", shoot / "a.png", "-s", "pale:0.5,other:0.5", "-o", "both.png")
    np.testing.assert_allclose(pixels("both.png"), pixels("one.png"), atol=1)


def test_weights_that_do_not_sum_to_one_are_said_in_one_line(run: Run, shoot: Path) -> None:
    result = run("apply", shoot / "a.png", "-s", "pale:3,other:1", "-o", "out.png")
    assert result.stderr == "impasto: The weights of the blend sum to 4, not 1: pale 75%, other 25%.\n"


def test_a_chain_applies_one_after_another(run: Run, shoot: Path) -> None:
    run("apply", shoot / "a.png", "-s", "pale", "-o", "pale.png")
    run("apply", "pale.png", "-s", "reversed", "-o", "by-hand.png")
    run("apply", shoot / "a.png", "-s", "pale+reversed", "-o", "chain.png")
    np.testing.assert_allclose(pixels("chain.png"), pixels("by-hand.png"), atol=3)


def test_paint_looks_blends_and_chains_are_compared(run: Run, shoot: Path) -> None:
    words = [word for spec in ("pale", "same", "pale,other", "pale+re versed") for word in ("-s", spec)]
    assert "in 4 style(s)" in run("compare", shoot, *words, "-o", "sheet.png").stdout
    assert pixels("sheet.png").shape[1] > 5 * 64


def test_a_blend_of_looks_is_exported(run: Run, shoot: Path) -> None:
    run("export", "pale:0.5,other:0.5", "--to", "cube", "-o", "a.cube", "--for", shoot / "a.png")
    assert 'TITLE "Impasto pale-50-other-50"' in Path("a.cube").read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", ["pale+other", "pale+same", "same:0.5,reversed:0.5"])
def test_what_has_no_lut_is_not_exported(run: Run, spec: str) -> None:
    assert "LUT" in run("export", spec, "-o", "a.cube", code=2).stderr
    assert not Path("a.cube").exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("same,foreign", "different trunks. same blends with re-versed."),
        ("pale,same", "One after another: 'pale+same'"),
        ("same:0.5,reversed:-1", "weight of reversed"),
        ("same:0.5,same:0.5", "twice"),
        ("same,revresed", "did you mean 're-versed'"),
        ("same+", "A style is missing"),
    ],
)
def test_what_is_refused_leaves_nothing(run: Run, shoot: Path, spec: str, message: str) -> None:
    assert message in run("apply", shoot / "a.png", "-s", spec, "-o", "out.png", code=2).stderr
    assert not Path("out.png").exists()


def test_it_needs_nothing_that_only_learning_installs(run_process: RunProcess, shoot: Path) -> None:
    run_process("apply", shoot / "a.png", "-s", "pale:0.5,other:0.5+same:0.5,reversed:0.5", "-o", "out.png")

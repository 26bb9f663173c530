from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from impasto.errors import UsageError
from impasto.train import paint_memory
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_memory import free_memory, needed_memory, refuse_what_does_not_fit
from impasto.train.paint_recipe import PaintRecipe


def test_more_of_anything_takes_more() -> None:
    recipe, generator = PaintRecipe(), PaintGenerator()
    usual = needed_memory(generator, recipe)
    assert 0.2e9 < usual < 3e9
    assert needed_memory(generator, replace(recipe, batch_size=12)) > 1.5 * usual
    assert needed_memory(generator, replace(recipe, crop_side=256)) > 1.5 * usual
    assert needed_memory(PaintGenerator(1, (128, 192, 384)), recipe) > 2 * usual


def test_what_fits_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_memory, "free_memory", lambda: 64_000_000_000)
    refuse_what_does_not_fit(PaintGenerator(), PaintRecipe())
    monkeypatch.setattr(paint_memory, "free_memory", lambda: None)
    refuse_what_does_not_fit(PaintGenerator(), PaintRecipe())


def test_what_does_not_fit_is_refused_with_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_memory, "free_memory", lambda: 100_000_000)
    with pytest.raises(UsageError, match=r"about \d+\.\d GB of memory, and 0\.1 GB are free; lower --width \(1\)"):
        refuse_what_does_not_fit(PaintGenerator(), PaintRecipe())


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def test_free_memory_is_the_least_that_anybody_grants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "meminfo"
    monkeypatch.setattr(paint_memory, "_MEMORY_INFO", info)
    monkeypatch.setattr(paint_memory, "_CGROUP", tmp_path)
    info.write_text("MemTotal: 16000 kB\nMemAvailable:    8000 kB\n")
    assert free_memory() == 8000 * 1024
    write(tmp_path, memory_max="5000000\n", memory_current="1000000\n")
    assert free_memory() == 4_000_000
    write(tmp_path, memory_max="max\n")
    assert free_memory() == 8000 * 1024


def test_systems_that_do_not_say_are_believed_to_have_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_memory, "_MEMORY_INFO", tmp_path / "none")
    monkeypatch.setattr(paint_memory, "_CGROUP", tmp_path)
    monkeypatch.setattr(paint_memory.os, "sysconf", lambda _: (_ for _ in ()).throw(ValueError))
    assert free_memory() is None

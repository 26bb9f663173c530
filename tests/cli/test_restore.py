"""Restoring from the command line: learned, shown in the list, applied."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Run, RunProcess


@pytest.fixture
def mend(home: Path, run: Run) -> Path:
    """A style that was learned in two steps from a few pictures."""
    folder = Path("photos")
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        coarse = random.integers(0, 256, (16, 20, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((160, 128), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    recipe = {"width": 0.2, "num_blocks": 1, "batch_size": 2, "crop_side": 32, "perceptual_weight": 0}
    Path("small.json").write_text(json.dumps({**recipe, "adversarial_weight": 0}), encoding="utf-8")
    words = ("learn", folder, "--family", "restore", "--recipe", "small.json", "--steps", 2, "-o", "mend.style")
    assert "decibels" in run(*words).stdout
    return Path("mend.style")


def test_it_is_applied_without_what_learning_needs(mend: Path, run_process: RunProcess) -> None:
    shown = run_process("apply", "photos/0.png", "-s", mend, "-o", "out.png").stdout
    assert shown == "1 done: out.png\n"
    before, after = (np.asarray(Image.open(path)).astype(int) for path in ("photos/0.png", "out.png"))
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < 20


def test_what_it_cannot_do_is_said(mend: Path, run: Run) -> None:
    assert "restores" in run("apply", "photos/0.png", "-s", mend, "--keep-colour", "-o", "a.png", code=2).stderr
    assert not Path("a.png").exists()


def test_content_and_strangers_options_are_refused(mend: Path, run: Run) -> None:
    words = ("learn", "photos", "--family", "restore", "--steps", 1, "-o", "b.style")
    assert "--content" in run(*words, "--content", "photos", code=2).stderr
    assert "no option noise" in run(*words, "--noise", "uniform", code=2).stderr
    assert "no recipe 'dcgan'" in run(*words, "--recipe", "dcgan", code=2).stderr
    assert not Path("b.style").exists()

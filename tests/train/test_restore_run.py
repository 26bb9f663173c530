"""One run in memory: what it loads, keeps apart, shows and packs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import UsageError
from impasto.style.manifest import Manifest, Sources
from impasto.style.runtime import OnnxRuntime
from impasto.train.logbook import Logbook
from impasto.train.processes import ProcessGroup
from impasto.train.restore_recipe import RestoreRecipe
from impasto.train.restore_run import RestoreRun
from impasto.vision import encoders

from .restoring import TINY, save_scenes
from .tiny_encoder import TinyEncoder


@pytest.fixture(autouse=True)
def _tiny_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)


def prepared(folder: Path, recipe: RestoreRecipe = TINY) -> tuple[RestoreRun, list[str]]:
    said: list[str] = []
    return RestoreRun.prepare(recipe, [folder], None, ProcessGroup(), said.append), said


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return save_scenes(tmp_path / "photos", 10)


def described(run: RestoreRun) -> Manifest:
    return run.describe("mend", "one line", Sources(num_references=10), {"steps": 3.0})


def test_some_photos_are_kept_out_of_training(photos: Path) -> None:
    run, said = prepared(photos, replace(TINY, validation_fraction=0.3))
    assert len(run.validation.batch.real) == 3
    assert len(run.trainer.source.pictures) == 7  # type: ignore[attr-defined]
    assert said[0].startswith("references: 10 of 10")
    assert run.content is None


def test_with_none_kept_out_those_that_train_validate(photos: Path) -> None:
    run, _ = prepared(photos, replace(TINY, validation_fraction=0))
    assert len(run.validation.batch.real) == 10


def test_photos_are_held_at_the_size_that_the_recipe_says(photos: Path) -> None:
    run, _ = prepared(photos, replace(TINY, picture_side=60))
    assert {min(each.shape[:2]) for each in run.trainer.source.pictures} == {60}  # type: ignore[attr-defined]


def test_an_untrained_network_is_as_far_as_the_damaged_photos(photos: Path) -> None:
    run, _ = prepared(photos)
    assert run.distance() == pytest.approx(run.untouched, rel=1e-5)
    metrics = described(run).metrics
    assert metrics["decibels"] == pytest.approx(metrics["decibels_untouched"], rel=1e-5)
    assert metrics["steps"] == 3


def test_what_is_packed_does_what_was_learned(photos: Path) -> None:
    run, _ = prepared(photos)
    torch.nn.init.normal_(run.trainer.averaged_generator.last.weight, std=0.05)
    style = run.pack(described(run))
    damaged = run.validation.batch.content[:1]
    found = OnnxRuntime(style.generator).run({"content": damaged.numpy()})["restored"]
    expected = run.trainer.averaged_generator(damaged).clamp(0, 1).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(found - damaged.numpy()).mean() > 1e-3
    assert style.discriminator is None


def test_samples_are_shown_before_and_after(photos: Path, tmp_path: Path) -> None:
    run, _ = prepared(photos, replace(TINY, validation_fraction=0.3))
    folder = tmp_path / "samples"
    folder.mkdir()
    with Logbook(None, folder) as logbook:
        run.show_samples(logbook)
    [sheet] = folder.iterdir()
    assert Image.open(sheet).size == (3 * 32, 2 * 32)


def test_picking_is_refused(photos: Path) -> None:
    with pytest.raises(UsageError, match="--pick"):
        RestoreRun.prepare(TINY, [photos], 3, ProcessGroup(), print)

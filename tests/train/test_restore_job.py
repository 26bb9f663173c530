"""From a folder of photos to a style file that mends others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.errors import NoReferencesError, StyleFileError, UsageError
from impasto.style.file import load_style
from impasto.train.job import LearnJob, learn_style
from impasto.train.restore_recipe import RestoreRecipe
from impasto.vision import encoders

from .restoring import TINY, save_scenes, scene
from .tiny_encoder import TinyEncoder


@pytest.fixture(autouse=True)
def _tiny_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("impasto.train.collection.MINIMUM_SIDE", 32)
    return save_scenes(tmp_path / "photos")


@pytest.fixture
def style_path(photos: Path, tmp_path: Path) -> Path:
    path = tmp_path / "mend.style"
    learn_style(LearnJob([photos], path, recipe=TINY, license_note="ours"))
    return path


def test_the_style_says_what_it_is(style_path: Path) -> None:
    style = load_style(style_path)
    manifest = style.manifest
    assert manifest.family == "restore"
    assert manifest.needs.multiple == 2
    assert manifest.sources.num_references == 8
    assert RestoreRecipe.from_json(manifest.recipe) == TINY
    assert {"feature_distance", "feature_distance_untouched", "decibels", "decibels_untouched"} <= set(manifest.metrics)
    assert style.preview is not None


def test_it_is_applied_like_any_style(style_path: Path) -> None:
    style = impasto.load(style_path)
    pixels = scene(30, 51, 67)
    mended = style.apply(pixels)
    assert mended.shape == pixels.shape
    assert mended.dtype == np.uint8
    np.testing.assert_array_equal(style.apply(pixels, strength=0), pixels)


@pytest.mark.parametrize("wish", [{"texture_scale": 2.0}, {"keep_color": True}])
def test_wishes_that_are_for_paint_are_refused(style_path: Path, wish: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="restores"):
        impasto.load(style_path).apply(scene(0), **wish)


def copy_of(style_path: Path, folder: Path) -> Path:
    other = folder / "other.style"
    other.write_bytes(style_path.read_bytes())
    return other


def test_it_neither_blends_nor_judges_nor_becomes_a_table(style_path: Path, tmp_path: Path) -> None:
    style = impasto.load(style_path)
    with pytest.raises(StyleFileError, match="verdict"):
        style.gate()
    with pytest.raises(UsageError, match="only looks are"):
        style.lut()
    with pytest.raises(UsageError, match="only looks and paint styles do"):
        impasto.load(f"{style_path}:0.5,{copy_of(style_path, tmp_path)}:0.5")


def test_an_interrupted_run_goes_on(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.style"
    job = LearnJob([photos], path, recipe=replace(TINY, minutes=9, steps=2))
    learn_style(job)
    assert not job.checkpoint_path.exists()
    assert load_style(path).manifest.metrics["steps"] == 2
    with pytest.raises(UsageError, match="--content"):
        learn_style(replace(job, content=[photos], overwrite=True))
    with pytest.raises(UsageError, match="--pick"):
        learn_style(replace(job, pick=2, overwrite=True))


def test_photos_smaller_than_a_crop_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    Image.fromarray(scene(0)[:20, :20]).save(folder / "a.png")
    with pytest.raises(NoReferencesError):
        learn_style(LearnJob([folder], tmp_path / "a.style", recipe=TINY))


def test_one_photo_is_enough_to_begin_with(tmp_path: Path) -> None:
    folder = save_scenes(tmp_path / "one", 1)
    assert learn_style(LearnJob([folder], tmp_path / "a.style", recipe=TINY)).sources.num_references == 1

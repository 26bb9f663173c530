"""From a folder of pictures to a style file that dreams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.api.dreaming import load_dream
from impasto.errors import NoReferencesError, UsageError
from impasto.style.file import load_style
from impasto.train import dream_material
from impasto.train.checkpoint import load_checkpoint
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.job import LearnJob, learn_style
from impasto.vision import encoders
from impasto.vision.landmarks import FaceRegion

from .dreaming import SIDE, TINY_DREAM, save_discs
from .tiny_encoder import TinyEncoder


class Listener:
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.distances: list[float] = []

    def say(self, message: str) -> None:
        self.messages.append(message)

    def progress(self, progress: Any) -> None:
        self.distances.append(progress.distance)


@pytest.fixture(autouse=True)
def _tiny_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)


@pytest.fixture(scope="module")
def style_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dream")
    path = folder / "discs.style"
    learn_style(LearnJob([save_discs(folder / "discs")], path, recipe=TINY_DREAM, license_note="ours"))
    return path


def test_the_style_says_what_it_is(style_path: Path) -> None:
    manifest = load_style(style_path).manifest
    assert manifest.family == "dream"
    assert (manifest.needs.picture_side, manifest.needs.latent_size, manifest.needs.num_latents) == (SIDE, 4, 2)
    assert manifest.needs.noise == "normal"
    assert not manifest.needs.shows_faces
    assert manifest.sources.num_references == 12
    assert DreamRecipe.from_json(manifest.recipe) == TINY_DREAM
    assert {"kernel_distance", "kernel_distance_untouched", "steps"} <= set(manifest.metrics)
    assert "Distance to references in an encoder's features (KID)" in manifest.curves


def test_the_style_dreams_without_torch_as_it_did_with(style_path: Path) -> None:
    dream = load_dream(style_path)
    pictures = dream.pictures(5, seed=1)
    assert pictures.shape == (5, SIDE, SIDE, 3)
    assert dream.can_mix
    assert dream.mix(2, 3).shape == (6, SIDE, SIDE, 3)
    assert load_style(style_path).preview is not None


def test_weights_are_kept_in_half_precision(tmp_path: Path) -> None:
    path = tmp_path / "wide.style"
    learn_style(LearnJob([save_discs(tmp_path / "discs")], path, recipe=replace(TINY_DREAM, width=0.5, steps=1)))
    num_weights = sum(p.numel() for p in dream_generator_parameters(0.5))
    assert len(load_style(path).generator) < 2.6 * num_weights + 60_000


def dream_generator_parameters(width: float) -> Any:
    from impasto.train.dream_generator import make_generator

    return make_generator(replace(TINY_DREAM, width=width)).parameters()


def test_the_classical_recipe_is_learned_by_the_same_job(tmp_path: Path) -> None:
    style = impasto.learn(
        save_discs(tmp_path / "discs"),
        family="dream",
        output=tmp_path / "classical.style",
        recipe="dcgan",
        **{"steps": 2, "side": 16, "width": 0.1, "batch_size": 4, "latent_size": 4, "faces": "whole"},
    )
    assert style.family == "dream"
    dream = load_dream(tmp_path / "classical.style")
    assert not dream.can_mix
    assert dream.pictures(2).shape == (2, 16, 16, 3)


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    references, output = save_discs(tmp_path / "discs"), tmp_path / "discs.style"
    job = LearnJob([references], output, recipe=replace(TINY_DREAM, steps=None, minutes=1000.0))
    listener = Listener()

    class StopError(Exception):
        pass

    def stop(_: object) -> None:
        if len(listener.distances) == 2:
            raise StopError
        listener.distances.append(0.0)

    listener.progress = stop  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(StopError):
        patch.setattr("impasto.train.job.CHECKPOINT_SECONDS", -1)
        learn_style(job, listener)
    _, state = load_checkpoint(job.checkpoint_path)
    assert state["step"] == 3
    resumed = Listener()
    learn_style(replace(job, resume=True, recipe=replace(job.recipe, steps=5)), resumed)
    assert "resumed at step 3" in resumed.messages
    assert not job.checkpoint_path.exists()
    assert load_style(output).manifest.metrics["steps"] == 5


def test_sheets_of_samples_are_written(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    job = LearnJob(
        [save_discs(tmp_path / "discs", 20)], tmp_path / "discs.style", recipe=TINY_DREAM, samples_dir=samples
    )
    learn_style(job)
    assert {"000003.jpg", "000006.jpg"} <= {path.name for path in samples.iterdir()}
    with Image.open(samples / "000003.jpg") as sheet:
        assert sheet.height == 2 * SIDE


@pytest.mark.parametrize(
    ("change", "message"), [({"content": ["."]}, "no --content"), ({"pick": 3}, "leave out --pick")]
)
def test_what_dreams_have_no_use_for_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    job = LearnJob([save_discs(tmp_path / "discs")], tmp_path / "discs.style", recipe=TINY_DREAM)
    if "content" in change:
        change = {"content": [tmp_path / "discs"]}
    with pytest.raises(UsageError, match=message):
        learn_style(replace(job, **change))


def test_pictures_that_are_too_small_are_named(tmp_path: Path) -> None:
    listener = Listener()
    folder = save_discs(tmp_path / "discs", 3)
    Image.new("RGB", (9, 40)).save(folder / "thin.png")
    material = dream_material.prepare_dream_material([folder], TINY_DREAM, listener.say)
    assert len(material.references.accepted) == 3
    assert any("thin.png is too small" in line for line in listener.messages)


class TestFaces:
    """With a detector that sees a face in every picture that is bright in its corner."""

    @pytest.fixture(autouse=True)
    def detector(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def find(pixels: NDArray[np.uint8]) -> FaceRegion | None:
            return FaceRegion(20, 20, 24) if pixels[0, 0, 0] > 128 else None

        monkeypatch.setattr(dream_material, "faces_available", lambda: True)
        monkeypatch.setattr(dream_material, "require_faces", lambda: None)
        monkeypatch.setattr(dream_material, "upright_face", find)

    @staticmethod
    def save(folder: Path, num_faces: int, num_others: int) -> Path:
        folder.mkdir()
        for index in range(num_faces + num_others):
            pixels = np.full((40, 40, 3), 200 if index < num_faces else 90, np.uint8)
            pixels[10:30, 10:30] = 5 * index
            Image.fromarray(pixels).save(folder / f"{index}.png")
        return folder

    def prepare(
        self, folder: Path, faces: str = "auto", side: int = 16
    ) -> tuple[dream_material.DreamMaterial, list[str]]:
        listener = Listener()
        recipe = replace(TINY_DREAM, faces=faces, side=side)
        return dream_material.prepare_dream_material([folder], recipe, listener.say), listener.messages

    def test_faces_are_cut_out_where_most_pictures_have_one(self, tmp_path: Path) -> None:
        material, messages = self.prepare(self.save(tmp_path / "people", 8, 2))
        assert material.shows_faces
        assert len(material.references.accepted) == 8
        assert "8 of 10 show a face" in messages[-1]
        assert material.source.pictures.shape[1:] == (3, 16, 16)
        assert len(material.validation) == 8

    def test_the_middle_is_taken_where_few_have_one_or_it_is_said(self, tmp_path: Path) -> None:
        material, _ = self.prepare(self.save(tmp_path / "few", 4, 6))
        assert not material.shows_faces
        assert len(material.references.accepted) == 10
        material, _ = self.prepare(self.save(tmp_path / "all", 10, 0), "whole")
        assert not material.shows_faces

    def test_faces_can_be_insisted_on(self, tmp_path: Path) -> None:
        material, _ = self.prepare(self.save(tmp_path / "few", 2, 6), "crop")
        assert len(material.references.accepted) == 2
        with pytest.raises(NoReferencesError, match="no face"):
            self.prepare(self.save(tmp_path / "none", 0, 3), "crop")

    def test_faces_that_are_far_too_small_are_left_out(self, tmp_path: Path) -> None:
        with pytest.raises(NoReferencesError, match="no face"):
            self.prepare(self.save(tmp_path / "people", 3, 0), "crop", side=32)

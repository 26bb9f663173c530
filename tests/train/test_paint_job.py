"""Learning paint from folders to a style file that can be applied, blended and gone on from."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load

import impasto
from impasto.errors import MissingExtraError, TrainingError, UsageError
from impasto.style.blend import blend_styles
from impasto.style.file import StyleFile, load_style
from impasto.style.manifest import Manifest
from impasto.style.runtime import OnnxRuntime
from impasto.train import paint_memory, paint_run, trunk
from impasto.train.checkpoint import load_checkpoint
from impasto.train.job import LearnJob, Progress, learn_style
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.trunk import load_start, save_trunk
from impasto.vision import encoders

from .conftest import TINY
from .painting import TINY_PAINT, paint_with, save_strokes, small_generator, strokes
from .pictures import save_scenes
from .tiny_encoder import TinyEncoder

FROM_TRUNK = replace(TINY_PAINT, start="trunk", width=1.0, steps=2)


@pytest.fixture(scope="module", autouse=True)
def _small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Put a small encoder and a small trunk in place of the large ones."""
    path = tmp_path_factory.mktemp("trunk") / "trunk.safetensors"
    save_trunk(small_generator(num_styles=3), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)
        patch.setattr(trunk, "TRUNK_PATH", path)
        yield


@dataclass
class Heard:
    """A listener that keeps what it is told, and may act on a step."""

    messages: list[str] = field(default_factory=list)
    steps: list[Progress] = field(default_factory=list)
    at_step: dict[int, Callable[[], object]] = field(default_factory=dict)

    def say(self, message: str) -> None:
        self.messages.append(message)

    def progress(self, progress: Progress) -> None:
        self.steps.append(progress)
        self.at_step.get(progress.step, lambda: None)()


@dataclass(frozen=True)
class Folders:
    references: Path
    content: Path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    root = tmp_path_factory.mktemp("pictures")
    return Folders(save_strokes(root / "hatched", 4), save_scenes(root / "photos", 4))


MakeJob = Callable[..., LearnJob]


@pytest.fixture
def make_job(folders: Folders, tmp_path: Path) -> MakeJob:
    def make(**options: Any) -> LearnJob:
        usual = {"references": [folders.references], "content": [folders.content], "output": tmp_path / "hatch.style"}
        return LearnJob(**({"recipe": TINY_PAINT} | usual | options))

    return make


@pytest.fixture
def quick_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the export and the gate out, which take longer than all else."""
    monkeypatch.setattr(paint_run, "pack_paint", lambda manifest, *_: StyleFile(manifest, b"a network"))


@pytest.fixture
def no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the gate out, which takes seconds."""
    pack = paint_run.pack_paint
    monkeypatch.setattr(paint_run, "pack_paint", lambda *arguments: pack(*arguments[:4]))


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


# --- a whole run ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    job: LearnJob
    heard: Heard
    manifest: Manifest


@pytest.fixture(scope="module")
def whole(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("whole")
    job = LearnJob(
        [folders.references],
        folder / "hatch.style",
        [folders.content],
        replace(TINY_PAINT, steps=4, validate_every=2),
        description="Hatched.",
        license_note="my own",
        log_dir=folder / "logs",
    )
    heard = Heard()
    return Run(job, heard, learn_style(job, heard))


def test_a_run_leaves_a_style_and_its_log_only(whole: Run) -> None:
    assert sorted(path.name for path in whole.job.output.parent.iterdir()) == ["hatch.style", "logs"]
    style = load_style(whole.job.output)
    assert style.manifest == whole.manifest
    assert None not in (style.generator, style.discriminator, style.weights, style.preview)
    assert style.mean_lut is None
    assert whole.job.output.stat().st_size < 4_000_000


def test_the_manifest_says_what_was_learned(whole: Run) -> None:
    manifest = whole.manifest
    assert (manifest.family, manifest.name, manifest.description) == ("paint", "hatch", "Hatched.")
    assert (manifest.needs.multiple, manifest.needs.working_side, manifest.needs.trunk) == (8, 96, None)
    assert PaintRecipe.from_json(manifest.recipe) == whole.job.recipe
    assert (manifest.sources.num_references, manifest.sources.num_content) == (4, 4)
    assert manifest.metrics["steps"] == 4
    assert 0 < manifest.metrics["texture_distance"] < 10
    assert manifest.metrics["texture_distance_untouched"] > 0
    assert "Distance of texture to references kept out of training" in manifest.curves
    assert manifest.gate is not None
    assert manifest.gate.num_pictures == 4


def test_a_run_tells_how_it_goes(whole: Run) -> None:
    assert whole.heard.messages[:2] == ["references: 4 of 4 pictures", "content: 4 of 4 pictures"]
    assert [progress.step for progress in whole.heard.steps] == [1, 2, 3, 4]
    assert all(math.isfinite(progress.distance) for progress in whole.heard.steps)
    assert whole.heard.steps[-1].distance == pytest.approx(whole.manifest.metrics["texture_distance"], abs=1e-3)


def test_the_style_paints(whole: Run) -> None:
    picture = strokes(9, 150, 120)
    painted = impasto.load(whole.job.output).apply(picture)
    assert painted.shape == picture.shape
    assert np.abs(painted.astype(float) - picture).mean() > 1


def test_the_discriminator_is_one_that_the_gate_takes(whole: Run) -> None:
    model = load_style(whole.job.output).discriminator
    assert model is not None
    side = TINY_PAINT.crop_side
    logits = OnnxRuntime(model).run({"images": np.random.default_rng(0).random((2, 3, side, side), np.float32)})
    assert set(logits) == {f"logits_{part}{stage}" for part in ("", "half_") for stage in (0, 1, 2)}
    assert all(len(each) == 2 and each.shape[1] == 1 for each in logits.values())


def test_the_preview_shows_before_and_after(whole: Run, tmp_path: Path) -> None:
    (tmp_path / "preview.jpg").write_bytes(load_style(whole.job.output).preview or b"")
    sheet = np.asarray(Image.open(tmp_path / "preview.jpg")).astype(float)
    assert sheet.shape[0] == 480
    assert np.abs(sheet[:240] - sheet[240:]).mean() > 1


# --- what is started from -------------------------------------------------------------------------------------------


def test_styles_of_one_trunk_blend(make_job: MakeJob, tmp_path: Path, no_gate: None) -> None:
    styles = []
    for name, seed in (("first", 1), ("second", 2)):
        output, recipe = tmp_path / f"{name}.style", replace(FROM_TRUNK, seed=seed, validation_fraction=0.0)
        assert learn_style(make_job(output=output, recipe=recipe)).needs.trunk is not None
        styles.append(load_style(output))
    assert styles[0].manifest.needs.trunk == styles[1].manifest.needs.trunk
    blended = blend_styles([(styles[0], 0.5), (styles[1], 0.5)])
    random = np.random.default_rng(0)
    content = random.random((1, 3, 64, 64), np.float32)
    inputs = {"content": content, "state": content, "noise": random.standard_normal((1, 1, 64, 64), np.float32)}
    first, second, mean = (OnnxRuntime(style.generator).run(inputs)["painted"] for style in (*styles, blended))
    assert not np.array_equal(first, second)
    assert np.abs(mean - (first + second) / 2).mean() < np.abs(first - second).mean() + 0.01


def test_a_style_starts_from_the_nearest_that_the_trunk_knows() -> None:
    class Judged:
        """Finds the style in question the nearest; the last is the mean of all."""

        def __init__(self, nearest: int) -> None:
            self.nearest = nearest

        def distance(self, generator: Any, style: int) -> float:
            return abs(style - self.nearest)

    for nearest in range(3):
        known = load_start(FROM_TRUNK).generator
        expected = paint_with(known, nearest)
        chosen = paint_run._nearest(known, Judged(nearest))  # type: ignore[arg-type]
        assert chosen.vectors.shape[0] == 1
        assert torch.equal(paint_with(chosen), expected)
    known = load_start(FROM_TRUNK).generator
    mean = known.vectors.detach().mean(dim=0)
    assert torch.allclose(paint_run._nearest(known, Judged(3)).vectors[0], mean)  # type: ignore[arg-type]


def test_learning_goes_on_from_a_style(whole: Run, make_job: MakeJob, quick_packing: None) -> None:
    recipe = replace(TINY_PAINT, start=str(whole.job.output), width=1.0, steps=1)
    start = load_start(recipe)
    assert start.trunk is None
    heard = Heard()
    assert learn_style(make_job(recipe=recipe), heard).metrics["steps"] == 1
    fresh = Heard()
    learn_style(make_job(recipe=replace(TINY_PAINT, steps=1), overwrite=True), fresh)
    assert not torch.equal(paint_with(start.generator), paint_with(load_start(TINY_PAINT).generator))
    assert heard.steps[0].distance == pytest.approx(whole.manifest.metrics["texture_distance"], rel=0.1)


def test_a_blend_is_nothing_to_go_on_from(whole: Run, make_job: MakeJob, tmp_path: Path) -> None:
    from impasto.style.file import save_style

    style = load_style(whole.job.output)
    save_style(StyleFile(style.manifest, style.generator), tmp_path / "bare.style")
    recipe = replace(TINY_PAINT, start=str(tmp_path / "bare.style"), width=1.0)
    with pytest.raises(UsageError, match=r"bare\.style holds nothing to go on from"):
        learn_style(make_job(recipe=recipe))


def test_without_a_trunk_the_message_says_what_to_do(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk, "TRUNK_PATH", Path("nowhere.safetensors"))
    with pytest.raises(MissingExtraError, match="learn with --from none"):
        learn_style(make_job(recipe=FROM_TRUNK))


# --- little to learn from -------------------------------------------------------------------------------------------


def test_one_reference_and_nothing_else_is_enough(make_job: MakeJob, folders: Folders) -> None:
    heard = Heard()
    job = make_job(references=[folders.references / "0.png"], content=(), recipe=replace(TINY_PAINT, steps=2))
    manifest = learn_style(job, heard)
    assert (manifest.sources.num_references, manifest.sources.num_content, manifest.metrics["steps"]) == (1, 0, 2)
    assert any("one picture only" in message for message in heard.messages)
    assert any("references without their brushwork take its place" in message for message in heard.messages)
    assert manifest.gate is None, "one picture is too little to tell"


def test_pictures_of_mixed_sizes_are_learned_from(make_job: MakeJob, tmp_path: Path, quick_packing: None) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for index, (width, height) in enumerate([(130, 400), (512, 128), (201, 199)]):
        Image.fromarray(strokes(index, width, height)).save(folder / f"{index}.png")
    manifest = learn_style(make_job(references=[folder], content=[folder], recipe=replace(TINY_PAINT, steps=2)))
    assert manifest.metrics["steps"] == 2


def test_no_part_need_be_kept_out(make_job: MakeJob, quick_packing: None) -> None:
    assert learn_style(make_job(recipe=replace(TINY_PAINT, steps=1, validation_fraction=0.0))).metrics["steps"] == 1


# --- interruption and resume ----------------------------------------------------------------------------------------


def test_an_interrupted_run_resumes_to_the_same_end(make_job: MakeJob, whole: Run, no_gate: None) -> None:
    job = make_job(recipe=whole.job.recipe, description="Hatched.", license_note="my own")
    early = learn_style(job, Heard(at_step={2: press_ctrl_c}))
    assert early.metrics["steps"] == 2
    assert load_checkpoint(job.checkpoint_path)[1]["step"] == 2
    again = Heard()
    resumed = learn_style(replace(job, resume=True), again)
    assert "resumed at step 2" in again.messages
    assert resumed.metrics == pytest.approx(whole.manifest.metrics, rel=1e-3)
    straight, continued = (load(load_style(path).weights or b"") for path in (whole.job.output, job.output))
    gaps = {name: float((straight[name] - continued[name]).abs().mean()) for name in straight}
    assert max(gaps.values()) < 1e-4, gaps
    assert not job.checkpoint_path.exists()


@pytest.mark.parametrize("recipe", [replace(TINY_PAINT, content_weight=9.0), replace(TINY, encoder="tiny")])
def test_a_checkpoint_of_other_options_or_another_family_is_refused(
    make_job: MakeJob, quick_packing: None, recipe: Any
) -> None:
    job = make_job()
    learn_style(job, Heard(at_step={1: press_ctrl_c}))
    with pytest.raises(TrainingError, match="is of a run with other options"):
        learn_style(replace(job, recipe=recipe, resume=True))


def test_a_network_wider_than_memory_is_refused_at_once(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_memory, "free_memory", lambda: 1000)
    heard = Heard()
    with pytest.raises(UsageError, match="lower --width"):
        learn_style(make_job(), heard)
    assert heard.messages == []

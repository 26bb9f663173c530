"""`learn_style` from folders to a style file, with a small encoder."""

from __future__ import annotations

import json
import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from impasto.errors import (
    ImpastoError,
    NoReferencesError,
    OutputError,
    TrainingError,
    UnreadableMediaError,
    UsageError,
)
from impasto.style.file import StyleFile, load_style
from impasto.style.manifest import Manifest
from impasto.train import job as job_module
from impasto.train import look_run
from impasto.train import material as material_module
from impasto.train.batches import Batch, BatchSource
from impasto.train.checkpoint import load_checkpoint
from impasto.train.job import LearnJob, Progress, learn_style
from impasto.train.processes import ProcessGroup
from impasto.train.recipe import Recipe
from impasto.vision import encoders

from .conftest import TINY
from .pictures import save_scenes
from .tiny_encoder import TinyEncoder


@pytest.fixture(scope="module", autouse=True)
def _tiny_encoder() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoders.ENCODERS, "tiny", TinyEncoder)
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
    return Folders(
        save_scenes(root / "favourites", 5, first_seed=50, look=True), save_scenes(root / "shoots", 6, first_seed=10)
    )


MakeJob = Callable[..., LearnJob]


@pytest.fixture
def make_job(folders: Folders, tmp_path: Path) -> MakeJob:
    def make(**options: Any) -> LearnJob:
        recipe = options.pop("recipe", TINY)
        usual = {"references": [folders.references], "content": [folders.content], "output": tmp_path / "wedding.style"}
        return LearnJob(**(usual | options), recipe=recipe)

    return make


@pytest.fixture
def quick_packing(monkeypatch: pytest.MonkeyPatch) -> list[StyleFile]:
    """Leave the export out, which takes longer than all else; return what would have been packed."""
    packed: list[StyleFile] = []

    def pack(manifest: Manifest, *_: object) -> StyleFile:
        packed.append(StyleFile(manifest, b"a network"))
        return packed[-1]

    monkeypatch.setattr(look_run, "pack_style", pack)
    return packed


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
        references=[folders.references],
        content=[folders.content],
        output=folder / "wedding.style",
        recipe=TINY,
        description="Warm and faded.",
        license_note="my own",
        log_dir=folder / "logs",
    )
    heard = Heard()
    return Run(job, heard, learn_style(job, heard))


def test_a_run_leaves_a_style_and_its_log_only(whole: Run) -> None:
    left = sorted(path.name for path in whole.job.output.parent.iterdir())
    assert left == ["logs", "wedding.style"]
    style = load_style(whole.job.output)
    assert style.manifest == whole.manifest
    assert None not in (style.generator, style.discriminator, style.weights, style.preview, style.mean_lut)


def test_the_manifest_says_how_it_was_learned(whole: Run) -> None:
    manifest = whole.manifest
    assert (manifest.name, manifest.description) == ("wedding", "Warm and faded.")
    assert Recipe.from_json(manifest.recipe) == TINY
    assert (manifest.sources.num_references, manifest.sources.num_content) == (5, 6)
    assert len(set(manifest.sources.reference_sha256)) == 5
    assert manifest.sources.license_note == "my own"
    assert manifest.metrics["steps"] == TINY.steps
    assert 0 < manifest.metrics["color_distance"] < 1
    assert 0 < manifest.metrics["color_distance_untouched"] < 1
    assert all(math.isfinite(value) for value in manifest.metrics.values())


def test_a_run_tells_how_it_goes(whole: Run) -> None:
    assert whole.heard.messages[:2] == ["references: 5 of 5 pictures", "content: 6 of 6 pictures"]
    assert "references" in whole.heard.messages[-1]
    assert [progress.step for progress in whole.heard.steps] == list(range(1, 9))
    fractions = [progress.fraction for progress in whole.heard.steps]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert all(progress.seconds_left >= 0 for progress in whole.heard.steps)
    assert {"generator/loss", "discriminator/loss"} <= set(whole.heard.steps[0].scalars)
    last = whole.heard.steps[-1]
    assert last.untouched_distance == whole.manifest.metrics["color_distance_untouched"]
    assert last.distance == pytest.approx(whole.manifest.metrics["color_distance"], abs=1e-4)


def test_a_run_is_logged(whole: Run) -> None:
    events = EventAccumulator(str(whole.job.log_dir))
    events.Reload()
    tags = events.Tags()
    assert {
        "generator/loss",
        "discriminator/loss",
        "generator/gradient",
        "discriminator/gradient",
        "discriminator/accuracy_on_real",
        "discriminator/accuracy_on_fake",
        "generator/diversity",
        "validation/color_distance",
    } <= set(tags["scalars"])
    assert [event.step for event in events.Scalars("generator/loss")] == list(range(1, 9))
    assert [event.step for event in events.Scalars("validation/color_distance")] == [4, 8]
    assert tags["images"] == ["samples"]


def test_without_content_it_is_made_from_the_references(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    job = make_job(content=(), recipe=replace(TINY, content_jitter=None, steps=2))
    heard = Heard()
    manifest = learn_style(job, heard)
    assert manifest.sources.num_content == 0
    assert manifest.recipe["content_jitter"] > 0.1
    assert not any(message.startswith("content") for message in heard.messages)


def test_a_style_keeps_how_it_was_learned(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    curves = learn_style(make_job(recipe=replace(TINY, steps=4, validate_every=2))).curves
    assert [step for step, _ in curves["Discriminator's loss"]] == [1, 2, 3, 4]
    assert [step for step, _ in curves["Distance of colours to references kept out of training"]] == [2, 4]


def test_one_reference_is_allowed_with_a_warning(
    make_job: MakeJob, folders: Folders, quick_packing: list[StyleFile]
) -> None:
    heard = Heard()
    manifest = learn_style(make_job(references=[folders.references / "00.png"], recipe=replace(TINY, steps=2)), heard)
    assert manifest.sources.num_references == 1
    assert any("one picture only" in message and message.startswith("references") for message in heard.messages)


def test_one_reference_and_nothing_else_is_enough(
    make_job: MakeJob, folders: Folders, quick_packing: list[StyleFile]
) -> None:
    job = make_job(references=[folders.references / "00.png"], content=(), recipe=replace(TINY, steps=2))
    assert learn_style(job).metrics["steps"] == 2


def test_no_part_need_be_kept_out(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    assert learn_style(make_job(recipe=replace(TINY, steps=1, validation_fraction=0.0))).metrics["color_distance"] > 0


def test_a_run_by_time_ends(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    heard = Heard()
    learn_style(make_job(recipe=replace(TINY, steps=None, minutes=0.01)), heard)
    assert heard.steps
    assert heard.steps[-1].seconds_left < 1


def test_a_run_works_beside_the_main_thread(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    """Signals belong to the main thread; a service may learn in another one."""
    done: list[Manifest] = []
    thread = threading.Thread(target=lambda: done.append(learn_style(make_job(recipe=replace(TINY, steps=1)))))
    thread.start()
    thread.join()
    assert done[0].metrics["steps"] == 1


# --- interruption and resume ----------------------------------------------------------------------------------------


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load(load_style(path).weights or b"")


def test_an_interrupted_run_is_usable_and_resumes_to_the_same_end(make_job: MakeJob, whole: Run) -> None:
    before = signal.getsignal(signal.SIGINT)
    heard = Heard(at_step={3: press_ctrl_c})
    job = make_job(description=whole.job.description, license_note=whole.job.license_note)
    early = learn_style(job, heard)
    assert signal.getsignal(signal.SIGINT) == before
    assert early.metrics["steps"] == 3
    assert any("stopping: what has been learned will be kept" in message for message in heard.messages)
    assert load_style(job.output).manifest == early
    assert load_checkpoint(job.checkpoint_path)[1]["step"] == 3

    again = Heard()
    resumed = learn_style(replace(job, resume=True), again)
    assert "resumed at step 3" in again.messages
    assert [progress.step for progress in again.steps] == [4, 5, 6, 7, 8]
    assert resumed.metrics == whole.manifest.metrics
    straight, continued = weights(whole.job.output), weights(job.output)
    assert straight.keys() == continued.keys()
    # Not to the bit: the numerics library may split a sum otherwise when the machine is busy. A lost optimiser state
    # would move the mean by a thousandth.
    gaps = {name: float((straight[name].float() - continued[name].float()).abs().mean()) for name in straight}
    assert max(gaps.values()) < 2e-5, gaps
    assert not job.checkpoint_path.exists()


def test_a_second_ctrl_c_ends_at_once(make_job: MakeJob) -> None:
    def twice() -> None:
        press_ctrl_c()
        press_ctrl_c()

    job, before = make_job(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        learn_style(job, Heard(at_step={2: twice}))
    assert not job.output.exists()
    assert signal.getsignal(signal.SIGINT) == before


def test_an_interrupt_is_forgotten_by_the_next_run(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    learn_style(make_job(), Heard(at_step={1: press_ctrl_c}))
    assert learn_style(make_job(overwrite=True, recipe=replace(TINY, steps=2))).metrics["steps"] == 2


def test_nothing_to_resume_is_said(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    heard = Heard()
    assert learn_style(make_job(resume=True, recipe=replace(TINY, steps=1)), heard).metrics["steps"] == 1
    assert "nothing to resume: starting anew" in heard.messages


@pytest.fixture
def interrupted(make_job: MakeJob, quick_packing: list[StyleFile]) -> LearnJob:
    job = make_job()
    learn_style(job, Heard(at_step={2: press_ctrl_c}))
    return replace(job, resume=True)


@pytest.mark.parametrize("change", [{"loss": "lsgan"}, {"seed": 5}, {"batch_size": 2}, {"lut_size": 9}])
def test_a_checkpoint_of_other_options_is_refused(interrupted: LearnJob, change: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match=r"wedding\.style\.checkpoint is of a run with other options"):
        learn_style(replace(interrupted, recipe=replace(interrupted.recipe, **change)))
    assert interrupted.checkpoint_path.exists()


def test_a_resumed_run_may_be_longer(interrupted: LearnJob) -> None:
    manifest = learn_style(replace(interrupted, recipe=replace(interrupted.recipe, steps=10)))
    assert manifest.metrics["steps"] == 10


def test_a_damaged_checkpoint_is_refused(interrupted: LearnJob) -> None:
    interrupted.checkpoint_path.write_bytes(interrupted.checkpoint_path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="is not a usable checkpoint"):
        learn_style(interrupted)


def test_checkpoints_are_written_as_time_goes_by(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "CHECKPOINT_SECONDS", 0.0)
    job = make_job()

    def crash() -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        learn_style(job, Heard(at_step={5: crash}))
    assert not job.output.exists()
    _, state = load_checkpoint(job.checkpoint_path)
    assert state["step"] == 5
    assert state["spent_seconds"] > 0
    assert json.dumps(state)


# --- losses that are no numbers -------------------------------------------------------------------------------------


def spoil(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    draw = BatchSource.batch

    def batch(source: BatchSource, step: int) -> Batch:
        drawn = draw(source, step)
        if step in steps:
            drawn.content[:] = math.nan
        return drawn

    monkeypatch.setattr(BatchSource, "batch", batch)


def test_a_rollback_is_told_and_the_run_goes_on(
    make_job: MakeJob, quick_packing: list[StyleFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {2})
    heard = Heard()
    manifest = learn_style(make_job(), heard)
    assert [message for message in heard.messages if "a loss was not finite. Went back to step 0" in message]
    assert manifest.metrics["steps"] == TINY.steps
    assert all(math.isfinite(value) for value in manifest.metrics.values())


def test_a_run_that_stays_broken_ends_with_an_error_and_without_a_file(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, set(range(100)))
    job = make_job(recipe=replace(TINY, steps=50))
    with pytest.raises(TrainingError, match="losses stay non-finite"):
        learn_style(job)
    assert not job.output.exists()


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail if it gets as far as a training step: the user would have waited in vain."""

    def refuse(*_: object) -> None:
        raise AssertionError("training began")

    monkeypatch.setattr(look_run, "LookTrainer", refuse)


def refused(job: LearnJob, kind: type[ImpastoError], said: str) -> None:
    before = sorted(job.output.parent.iterdir()) if job.output.parent.is_dir() else None
    with pytest.raises(kind, match=said) as refusal:
        learn_style(job)
    assert len(str(refusal.value).splitlines()) <= 2
    assert (sorted(job.output.parent.iterdir()) if job.output.parent.is_dir() else None) == before


@pytest.mark.usefixtures("no_training")
class TestRefusals:
    def test_no_references(self, make_job: MakeJob) -> None:
        refused(make_job(references=[]), NoReferencesError, "references: no pictures in an empty list")

    def test_a_folder_that_does_not_exist(self, make_job: MakeJob, tmp_path: Path) -> None:
        refused(make_job(references=[tmp_path / "no"]), NoReferencesError, r"references: .*no does not exist")

    def test_a_folder_without_pictures(self, make_job: MakeJob, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "empty" / "notes.txt").write_text("none")
        refused(make_job(references=[tmp_path / "empty"]), NoReferencesError, r"references: no pictures in .*empty")

    @pytest.mark.parametrize("role", ["references", "content"])
    def test_nothing_readable(self, make_job: MakeJob, tmp_path: Path, role: str) -> None:
        (tmp_path / "bad").mkdir()
        for index in range(3):
            (tmp_path / "bad" / f"{index}.jpg").write_bytes(b"not a picture")
        said = rf"{role}: 0 of 3 pictures \(3 unreadable\): none can be used. The first, .*0\.jpg"
        refused(make_job(**{role: [tmp_path / "bad"]}), NoReferencesError, said)

    def test_pictures_smaller_than_a_crop(self, make_job: MakeJob) -> None:
        recipe = replace(TINY, crop_side=144, picture_side=160)
        refused(make_job(recipe=recipe), NoReferencesError, "too small: 150×140, under 144")

    def test_an_output_that_exists(self, make_job: MakeJob) -> None:
        job = make_job()
        job.output.write_bytes(b"precious")
        refused(job, OutputError, r"wedding\.style exists\. Give another name, or replace it with --overwrite")
        assert job.output.read_bytes() == b"precious"

    def test_an_output_that_is_a_folder(self, make_job: MakeJob) -> None:
        job = make_job(overwrite=True)
        job.output.mkdir()
        refused(job, OutputError, "is a folder")

    def test_an_output_in_a_folder_that_does_not_exist(self, make_job: MakeJob, tmp_path: Path) -> None:
        refused(make_job(output=tmp_path / "no" / "a.style"), OutputError, "its folder does not exist")

    @pytest.mark.parametrize("name", ["two words!.style", ".style", "con.style"])
    def test_a_name_that_is_none(self, make_job: MakeJob, tmp_path: Path, name: str) -> None:
        refused(make_job(output=tmp_path / name), UsageError, "cannot name a style")

    def test_an_unknown_encoder(self, make_job: MakeJob) -> None:
        refused(
            make_job(recipe=replace(TINY, encoder="resnet")), UsageError, "no encoder named 'resnet'; known: .*tiny"
        )

    def test_a_batch_that_processes_cannot_share(self, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
        class Three(ProcessGroup):
            def close(self) -> None:
                pass

        monkeypatch.setattr(job_module, "join_process_group", lambda: Three(0, 3))
        refused(make_job(), UsageError, "a batch of 4 cannot be shared by 3 processes")

    def test_a_file_that_disappears(self, make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = save_scenes(tmp_path / "going", 3)
        load = material_module.load_thumbnails

        def load_late(*arguments: Any) -> list[np.ndarray]:
            (folder / "01.png").unlink(missing_ok=True)
            return load(*arguments)

        monkeypatch.setattr(material_module, "load_thumbnails", load_late)
        with pytest.raises(UnreadableMediaError, match=r"01\.png does not exist"):
            learn_style(make_job(references=[folder]))


def test_an_output_that_exists_is_replaced_when_asked(make_job: MakeJob, quick_packing: list[StyleFile]) -> None:
    job = make_job(overwrite=True, recipe=replace(TINY, steps=1))
    job.output.write_bytes(b"old")
    learn_style(job)
    assert load_style(job.output).generator == b"a network"


def test_an_older_output_survives_a_run_that_fails(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, set(range(100)))
    job = make_job(overwrite=True, recipe=replace(TINY, steps=50))
    job.output.write_bytes(b"old")
    with pytest.raises(TrainingError):
        learn_style(job)
    assert job.output.read_bytes() == b"old"


def test_unusable_pictures_among_others_are_named(
    make_job: MakeJob, folders: Folders, tmp_path: Path, quick_packing: list[StyleFile]
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"")
    heard = Heard()
    job = make_job(references=[folders.references, tmp_path / "broken.jpg"], recipe=replace(TINY, steps=1))
    assert learn_style(job, heard).sources.num_references == 5
    assert "references: 5 of 6 pictures (1 unreadable)" in heard.messages
    assert any(message.startswith("left out: ") and "broken.jpg" in message for message in heard.messages)

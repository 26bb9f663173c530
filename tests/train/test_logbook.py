from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from impasto.errors import OutputError
from impasto.train.logbook import Logbook
from impasto.train.look_generator import LookGenerator, apply_lut


def read(log_dir: Path) -> EventAccumulator:
    events = EventAccumulator(str(log_dir))
    events.Reload()
    return events


def test_scalars_are_logged_under_their_names(tmp_path: Path) -> None:
    with Logbook(tmp_path / "logs") as logbook:
        for step in (1, 2, 3):
            logbook.record(step, {"generator/loss": step * 0.5, "validation/color_distance": 0.1})
        logbook.record(4, {})
    events = read(tmp_path / "logs")
    assert set(events.Tags()["scalars"]) == {"generator/loss", "validation/color_distance"}
    assert [(event.step, event.value) for event in events.Scalars("generator/loss")] == [(1, 0.5), (2, 1.0), (3, 1.5)]


def test_what_the_monitor_says_is_logged(tmp_path: Path) -> None:
    with Logbook(tmp_path) as logbook:
        logbook.say(7, "step 7: the outputs have collapsed")
    [tag] = read(tmp_path).Tags()["tensors"]
    [event] = read(tmp_path).Tensors(tag)
    assert tag.startswith("monitor")
    assert event.step == 7
    assert b"the outputs have collapsed" in event.tensor_proto.string_val[0]


def test_a_sample_sheet_shows_before_above_after(tmp_path: Path) -> None:
    generator = LookGenerator(5, num_adaptive=0)
    with torch.no_grad():
        generator.shared.lattices[0].fill_(0.25)
    crops = torch.tensor([0.2, 0.6])[:, None, None, None].expand(2, 3, 16, 16)
    with Logbook(tmp_path) as logbook:
        logbook.show_samples(5, crops, lambda: apply_lut(crops, generator(crops)))
    [event] = read(tmp_path).Images("samples")
    assert event.step == 5
    sheet = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
    assert sheet.shape == (32, 32, 3)
    assert sheet[8::16, 8::16, 0] / 255 == pytest.approx(np.array([[0.2, 0.6], [0.45, 0.85]]), abs=0.01)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Logbook(None) as logbook:
        logbook.record(1, {"a": 1.0})
        logbook.say(1, "something")
        logbook.show_samples(1, torch.rand(1, 3, 8, 8), lambda: pytest.fail("nobody looks"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match=r"cannot write the log to .*taken"):
        Logbook(tmp_path / "taken" / "logs")


def test_curves_are_kept_thinned_and_by_their_titles() -> None:
    with Logbook(None) as logbook:
        for step in range(1, 1001):
            logbook.record(step, {"discriminator/loss": float(step), "generator/gradient": 1.0})
        logbook.record(250, {"validation/color_distance": 0.25})
        logbook.record(251, {"validation/color_distance": math.nan})
    curves = logbook.curves.points()
    assert set(curves) == {"Discriminator's loss", "Distance of colours to references kept out of training"}
    assert curves["Distance of colours to references kept out of training"] == ((250, 0.25),)
    losses = curves["Discriminator's loss"]
    assert len(losses) == 100
    assert losses[0] == (10, 5.5), "the mean of the first ten steps, at the last of them"
    assert losses[-1] == (1000, 995.5)


def test_a_run_that_recorded_nothing_has_no_curves() -> None:
    assert Logbook(None).curves.points() == {}

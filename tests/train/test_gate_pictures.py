from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.train import gate_pictures as module
from impasto.train.batches import Pool
from impasto.train.collection import Example, collect
from impasto.train.gate_pictures import GatePictures, ungraded_pictures

from .pictures import scene


def darker(picture: np.ndarray) -> np.ndarray:
    return (picture * 0.5 + 25.5).astype(np.uint8)


class Called:
    """Stands in for the calibration, and keeps what it is given."""

    def __call__(self, discriminator: bytes, references: list, contents: list, outputs: list) -> str:
        self.discriminator, self.references, self.contents, self.outputs = discriminator, references, contents, outputs
        return "a gate"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    calibrate = Called()
    monkeypatch.setattr(module, "calibrate", calibrate)
    return calibrate


def examples(folder: Path, count: int, first_seed: int = 0) -> tuple[Example, ...]:
    folder.mkdir()
    for index in range(count):
        Image.fromarray(scene(first_seed + index, width=120, height=100)).save(folder / f"{index:03}.png")
    return collect([folder], role="references", minimum_side=32).accepted


def test_outputs_are_what_the_look_makes_of_the_content(tmp_path: Path, called: Called) -> None:
    references, content = examples(tmp_path / "references", 3), examples(tmp_path / "content", 2, 50)
    assert GatePictures(references, content).calibrate(b"judge", darker) == "a gate"
    assert called.discriminator == b"judge"
    assert (len(called.references), len(called.contents), len(called.outputs)) == (3, 2, 2)
    for before, after in zip(called.contents, called.outputs, strict=True):
        assert before.shape == after.shape == (100, 120, 3)
        assert np.array_equal(after, darker(before))


def test_only_so_many_are_read(tmp_path: Path, called: Called) -> None:
    content = examples(tmp_path / "content", 4)
    GatePictures(content, content, most=2).calibrate(b"", darker)
    assert len(called.references) == len(called.contents) == 2
    assert np.array_equal(called.contents[0], np.asarray(Image.open(content[0].path))), "in the order given"


def test_content_is_made_from_the_references_where_there_is_no_other(tmp_path: Path, called: Called) -> None:
    references = examples(tmp_path / "references", 3)
    graded = Pool([np.asarray(Image.open(example.path)) // 2 for example in references], 8)
    GatePictures(references, (), partial(ungraded_pictures, graded=graded)).calibrate(b"", darker)
    assert len(called.contents) == 3
    assert not any(np.array_equal(a, b) for a, b in zip(called.references, called.contents, strict=True))


def test_one_picture_calibrates_nothing(tmp_path: Path, called: Called) -> None:
    content = examples(tmp_path / "content", 1)
    assert GatePictures(content, content).calibrate(b"", darker) is None

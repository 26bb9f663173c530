"""`impasto learn` with the real encoder on real files, then `impasto apply` with what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import impasto
from impasto.cli.main import app
from impasto.style.file import load_style

from .painting import save_strokes
from .pictures import save_scenes


@dataclass(frozen=True)
class Learned:
    folder: Path
    style: Path
    messages: list[str]
    output: str


def impasto_command(*words: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    folder = tmp_path_factory.mktemp("learned")
    references = save_scenes(folder / "favourites", 4, first_seed=50, look=True)
    content = save_scenes(folder / "shoots", 4)
    (content / "broken.jpg").write_bytes(b"no picture")
    style = folder / "warm.style"
    words = ["learn", references, "--content", content, "-o", style, "--steps", 30, "--batch-size", 2, "--seed", 1]
    output, messages = impasto_command(*words, "--description", "Warm.", "--log-dir", folder / "logs")
    return Learned(folder, style, messages.splitlines(), output)


def test_the_command_says_what_it_does(learned: Learned) -> None:
    assert learned.messages[:2] == ["references: 4 of 4 pictures", "content: 4 of 5 pictures (1 unreadable)"]
    assert "broken.jpg" in learned.messages[2]
    shown = [line for line in learned.messages if "%  step " in line]
    assert len(shown) >= 8
    assert all("generator" in line and "distance" in line and "left" in line for line in shown)
    assert learned.output.startswith(f"Wrote {learned.style} (")
    assert "color_distance" in learned.output
    assert any((learned.folder / "logs").iterdir())


def test_the_style_is_complete_and_small(learned: Learned) -> None:
    style = load_style(learned.style)
    assert style.manifest.description == "Warm."
    assert style.manifest.recipe["encoder"] == "efficientnet-lite0"
    assert (style.manifest.recipe["steps"], style.manifest.recipe["seed"]) == (30, 1)
    assert None not in (style.discriminator, style.weights, style.preview, style.mean_lut)
    assert learned.style.stat().st_size <= 2_000_000


def test_the_style_can_be_applied(learned: Learned) -> None:
    picture, graded = learned.folder / "shoots" / "00.png", learned.folder / "graded.png"
    impasto_command("apply", picture, "--style", learned.style, "-o", graded)
    before, after = (np.asarray(Image.open(path)).astype(float) for path in (picture, graded))
    assert after.shape == before.shape
    assert not np.array_equal(after, before)
    assert np.abs(after - before).mean() < 20, "thirty steps do not change much"
    in_python = impasto.load(learned.style).apply(np.asarray(Image.open(picture)))
    assert np.array_equal(in_python, after.astype(np.uint8))


def test_learning_does_not_replace_a_style_unasked(learned: Learned) -> None:
    before = learned.style.read_bytes()
    words = ["learn", learned.folder / "favourites", "-o", learned.style, "--steps", 1]
    _, messages = impasto_command(*words, code=2)
    assert messages == f"impasto: {learned.style} exists. Give another name, or replace it with --overwrite.\n"
    assert learned.style.read_bytes() == before


def test_a_folder_without_pictures_is_one_line(learned: Learned) -> None:
    empty = learned.folder / "empty"
    empty.mkdir()
    _, messages = impasto_command("learn", empty, "-o", learned.folder / "none.style", code=2)
    assert messages == f"impasto: references: no pictures in {empty}.\n"
    assert not list(learned.folder.glob("none*"))


def test_paint_is_learned_and_applied_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.train.gate_pictures.GatePictures.calibrate", lambda *_: None)  # takes long
    folder = save_strokes(tmp_path / "hatched", 2)
    photos = save_scenes(tmp_path / "photos", 2)
    style = tmp_path / "hatch.style"
    words = ["--family", "paint", "--from", "none", "--steps", 2, "--batch-size", 2, "--width", 0.4]
    output, messages = impasto_command("learn", folder, "--content", photos, *words, "-o", style)
    assert "references: 2 of 2 pictures" in messages
    assert "distance" in messages
    assert "texture_distance" in output
    manifest = load_style(style).manifest
    assert (manifest.family, manifest.recipe["family"], manifest.recipe["width"]) == ("paint", "paint", 0.4)
    picture, painted = photos / "00.png", tmp_path / "painted.png"
    impasto_command("apply", picture, "--style", style, "-o", painted)
    before, after = (np.asarray(Image.open(path)).astype(float) for path in (picture, painted))
    assert after.shape == before.shape
    assert np.abs(after - before).mean() > 0.5

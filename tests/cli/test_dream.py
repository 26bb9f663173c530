"""`impasto dream` on a real file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dream_styles import SIDE, save_colors
from PIL import Image

from .conftest import Run


@pytest.fixture
def dream_path(home: Path, tmp_path: Path) -> Path:
    return save_colors(tmp_path / "colours.style")


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_sheet_holds_as_many_as_asked_for(run: Run, dream_path: Path, tmp_path: Path) -> None:
    result = run("dream", dream_path, "-n", 4, "--seed", 7, "-o", tmp_path / "sheet.png")
    assert "4 picture(s) of 8×8 pixels" in result.output
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape == (258, 258, 3)
    run("dream", dream_path, "-n", 4, "--seed", 7, "-o", tmp_path / "again.png")
    np.testing.assert_array_equal(pixels(tmp_path / "again.png"), sheet)
    run("dream", dream_path, "-n", 4, "--seed", 8, "-o", tmp_path / "other.png")
    assert not np.array_equal(pixels(tmp_path / "other.png"), sheet)


def test_a_folder_gets_single_pictures(run: Run, dream_path: Path, tmp_path: Path) -> None:
    run("dream", dream_path, "-n", 3, "-o", f"{tmp_path / 'out'}/")
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
        f"dream-0-{index:05}.png" for index in range(3)
    ]
    assert pixels(tmp_path / "out" / "dream-0-00000.png").shape == (SIDE, SIDE, 3)


def test_a_table_of_mixtures_is_square(run: Run, dream_path: Path, tmp_path: Path) -> None:
    run("dream", dream_path, "-n", 9, "--mix", "--tile", 16, "-o", tmp_path / "mix.png")
    assert pixels(tmp_path / "mix.png").shape == (52, 52, 3)


def test_a_walk_is_a_film(run: Run, dream_path: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    run("dream", dream_path, "--walk", "1.5s", "--rate", 8, "--tile", 32, "-o", tmp_path / "walk.mp4")
    with av.open(str(tmp_path / "walk.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 12


def test_near_shows_the_photo_beside_the_dream(
    run: Run, dream_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.vision import face_crop
    from impasto.vision.landmarks import FaceRegion

    monkeypatch.setattr(face_crop, "upright_face", lambda _: FaceRegion(20, 20, 20))
    Image.new("RGB", (40, 40), (100, 150, 130)).save(tmp_path / "photo.png")
    result = run("dream", dream_path, "--near", tmp_path / "photo.png", "--effort", 400, "-o", tmp_path / "near.png")
    assert "the nearest dream" in result.output
    sheet = pixels(tmp_path / "near.png").astype(int)
    assert np.abs(sheet[64, 64] - sheet[64, -64]).max() < 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--walk", "8s", "--mix", "-o", "x.mp4"], "exclude each other"),
        (["--walk", "soon", "-o", "x.mp4"], "'soon' is no length of time"),
        (["--walk", "0s", "-o", "x.mp4"], "from a moment to an hour"),
        (["--walk", "8s", "-o", "x.gif"], "cannot hold a walk"),
        (["-o", "x.mp4"], "x.mp4"),
        (["--noise", "pink", "-o", "x.png"], "no noise 'pink'"),
        (["--near", "missing.jpg", "-o", "x.png"], "missing.jpg"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, dream_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in run("dream", dream_path, *words, code=2).output
    assert not list(tmp_path.glob("x.*"))


def test_a_look_is_refused(run: Run, save_look: Callable[..., Path], tmp_path: Path) -> None:
    path = save_look(tmp_path / "kodak.style")
    assert "has no dreams" in run("dream", path, "-o", tmp_path / "x.png", code=2).output


def test_a_dream_is_refused_where_a_photo_is_to_be_restyled(run: Run, dream_path: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (100, 150, 130)).save(tmp_path / "photo.png")
    said = run("apply", tmp_path / "photo.png", "--style", dream_path, "-o", tmp_path / "x.png", code=2).output
    assert "'impasto dream'" in said
    assert not (tmp_path / "x.png").exists()

"""The demo's split is honest: what it is judged on was in nothing that it learned from."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import impasto

SaveLook = Callable[..., Path]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    for package in ("skimage", "sklearn"):
        pytest.importorskip(package)
    spec = importlib.util.spec_from_file_location("demo", ROOT / "scripts" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_pixel_is_on_both_sides_of_the_chessboard(demo: ModuleType) -> None:
    height, width = 30, 41
    places = np.arange(height * width).reshape(height, width)
    black, white = (np.concatenate([tile.ravel() for tile in demo.squares(places, parity)]) for parity in (0, 1))
    assert not set(black) & set(white)
    assert len({*black, *white}) == len(black) + len(white) == 30 * 40


def test_photos_held_out_are_not_among_those_to_learn_from(demo: ModuleType) -> None:
    learned, held_out = demo.photos_to_learn_from(), demo.photos_held_out()
    assert len(learned) == 4
    for photo in held_out.values():
        assert not any(np.array_equal(photo, other) for other in learned.values())


def test_only_references_are_graded_and_they_are_large_enough(demo: ModuleType, tmp_path: Path) -> None:
    from impasto.train.collection import MINIMUM_SIDE

    photos = {"coffee": demo.photos_to_learn_from()["coffee"]}
    folders = demo.write_tiles(photos, tmp_path)
    for folder, parity, grade in zip(folders, (0, 1), (demo.hidden_recipe, lambda tile: tile), strict=True):
        written = [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]
        assert len(written) == demo.NUM_ROWS * demo.NUM_COLUMNS / 2
        for tile, expected in zip(written, demo.squares(photos["coffee"], parity), strict=True):
            assert np.array_equal(tile, grade(expected))
            assert min(tile.shape[:2]) >= MINIMUM_SIDE


def test_tiles_of_an_earlier_run_are_removed(demo: ModuleType, tmp_path: Path) -> None:
    photo = np.zeros((12, 16, 3), np.uint8)
    demo.write_tiles({"old": photo}, tmp_path)
    references_dir, content_dir = demo.write_tiles({"new": photo}, tmp_path)
    assert {path.name.split("-")[0] for path in (*references_dir.iterdir(), *content_dir.iterdir())} == {"new"}


def test_the_recipe_moves_pictures_far_and_keeps_the_order_of_tones(demo: ModuleType) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert (np.diff(demo.hidden_recipe(ramp).astype(int).sum(axis=2)) >= 0).all()
    for photo in demo.photos_held_out().values():
        assert 15 < demo.psnr(photo, demo.hidden_recipe(photo)) < 26


def test_decibels_are_those_of_the_mean_squared_error(demo: ModuleType) -> None:
    black, dark = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert demo.psnr(dark, black) == pytest.approx(10 * np.log10(25))
    assert demo.psnr(dark, black) == demo.psnr(black, dark)


def test_the_demo_reports_and_draws(
    demo: ModuleType,
    save_look: SaveLook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = save_look(tmp_path / "known.style")
    monkeypatch.setattr(impasto, "learn", lambda *_args, **_options: impasto.load(known))
    output = tmp_path / "out"
    assert demo.main(["--output", str(output), "--steps", "1"]) == 0
    printed = capsys.readouterr().out
    learned = impasto.load(known).apply(demo.photos_held_out()["cat"])
    expected = demo.psnr(learned, demo.hidden_recipe(demo.photos_held_out()["cat"]))
    [line] = [line for line in printed.splitlines() if line.startswith("cat ")]
    assert line.split()[3] == f"{expected:.1f}"
    assert str(output / "demo.style") in printed
    with Image.open(output / "before-after-truth.jpg") as sheet:
        assert sheet.width > 3 * 451
        assert sheet.height > 512 + 300


@pytest.mark.slow
def test_the_demo_learns_something(demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo.main(["--output", str(tmp_path), "--steps", "150"])
    [mean] = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("mean ")]
    assert float(mean[3]) > float(mean[1]) + 2

"""`impasto apply` with paint styles, blends, chains, masks and kept colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.vision.lab import rgb_to_lab

from .conftest import Run, RunProcess


@pytest.fixture
def oil(home: Path, save_paint: Callable[..., Path]) -> Path:
    return save_paint(home / "oil.style", "invert")


@pytest.fixture
def photo(picture: NDArray[np.uint8], home: Path) -> Path:
    Image.fromarray(picture).save("photo.png")
    return Path("photo.png")


def pixels_of(path: str | Path) -> NDArray[np.int64]:
    return np.asarray(Image.open(path)).astype(np.int64)


def test_a_picture_is_painted_without_anything_that_only_learning_needs(
    run_process: RunProcess, oil: Path, photo: Path, picture: NDArray[np.uint8]
) -> None:
    shown = run_process("apply", photo, "--style", "oil", "--runtime", "onnx", "-o", "out.png")
    assert "1 done, painted by onnx: out.png" in shown.stdout
    assert np.abs(pixels_of("out.png") - (255 - picture.astype(int))).mean() < 6


def test_a_folder_is_painted(run: Run, oil: Path, shoot: Path) -> None:
    run("apply", shoot, "--style", "oil", "--jobs", 2, "-o", "out")
    assert pixels_of("out/a.png").shape == pixels_of("out/day 2/b.png").shape == (48, 64, 3)


@pytest.mark.parametrize("option", ["--keep-colour", "--keep-color"])
def test_kept_colour(run: Run, oil: Path, photo: Path, option: str) -> None:
    Image.new("RGB", (64, 64), (150, 120, 100)).save(photo)
    run("apply", photo, "--style", "oil", option, "-o", "out.png")
    kept = rgb_to_lab(pixels_of("out.png")[32, 32] / 255)
    photo_lab, painted = rgb_to_lab(np.array([[150, 120, 100], [105, 135, 155]]) / 255)
    assert kept[0] == pytest.approx(painted[0], abs=0.5)
    assert kept[1:] == pytest.approx(photo_lab[1:], abs=1)


def test_texture_scale(run: Run, home: Path, save_paint: Callable[..., Path], style: Path) -> None:
    save_paint(home / "grain.style", "grain")
    Image.new("RGB", (300, 200), (120, 120, 120)).save("grey.png")
    for scale in (1, 2):
        run("apply", "grey.png", "--style", "grain", "--texture-scale", scale, "-o", f"{scale}.png")

    def roughness(path: str) -> float:
        return float(np.abs(np.diff(pixels_of(path)[..., 0], axis=1)).mean())

    assert roughness("2.png") < 0.8 * roughness("1.png")
    result = run("apply", "grey.png", "--style", "pale", "--texture-scale", 2, code=2)
    assert "has no texture" in result.output
    run("apply", "grey.png", "--style", "grain", "--texture-scale", 9, code=2)


def test_a_mask(run: Run, oil: Path, photo: Path, picture: NDArray[np.uint8]) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :20] = 255
    Image.fromarray(mask).save("mask.png")
    run("apply", photo, "--style", "oil", "--where", "mask.png", "-o", "out.png")
    np.testing.assert_array_equal(pixels_of("out.png")[:, 20:], picture[:, 20:])
    assert np.abs(pixels_of("out.png")[:, :20] - picture[:, :20]).mean() > 20


def test_a_mask_of_a_wrong_size_fails_the_picture_with_both_sizes(run: Run, oil: Path, photo: Path) -> None:
    Image.new("L", (48, 64), 255).save("mask.png")
    result = run("apply", photo, "--style", "oil", "--where", "mask.png", "-o", "out.png", code=1)
    assert "photo.png has 64×48 pixels, mask.png 48×64" in result.output
    assert not Path("out.png").exists()


def test_a_mask_that_is_not_there(run: Run, oil: Path, photo: Path) -> None:
    assert "subjct" in run("apply", photo, "--style", "oil", "--where", "subjct", code=2).output
    assert "mask.png" in run("apply", photo, "--style", "oil", "--where", "mask.png", code=2).output


def test_packages_that_are_missing_are_named(run: Run, oil: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.vision import faces, matte

    monkeypatch.setattr(faces, "faces_available", lambda: False)
    monkeypatch.setattr(matte, "_model_path", lambda: None)
    assert "impasto[faces]" in run("apply", photo, "--style", "oil", "--where", "face-soft", code=2).output
    assert "mediapipe" in run("apply", photo, "--style", "oil", "--where", "subject", code=2).output


def test_blends_and_chains(
    run: Run, oil: Path, home: Path, save_paint: Callable[..., Path], style: Path, photo: Path
) -> None:
    save_paint(home / "same.style", "identity")
    run("apply", photo, "--style", "oil:0.5,same:0.5", "-o", "half.png")
    assert pixels_of("half.png").std() < 5
    run("apply", photo, "--style", "oil", "-o", "a.png")
    run("apply", "a.png", "--style", "pale", "-o", "b.png")
    run("apply", photo, "--style", "oil+pale", "-o", "c.png")
    np.testing.assert_array_equal(pixels_of("c.png"), pixels_of("b.png"))


def test_an_unknown_runtime(run: Run, oil: Path, photo: Path) -> None:
    assert "no runtime 'tpu'" in run("apply", photo, "--style", "oil", "--runtime", "tpu", code=2).output


def test_a_style_without_a_verdict_cannot_be_gated(run: Run, oil: Path, photo: Path) -> None:
    assert "verdict" in run("apply", photo, "--style", "oil", "--gate", "warn", code=2).output

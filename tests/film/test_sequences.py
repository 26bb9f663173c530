"""Numbered pictures as jobs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from .conftest import Run
from .films import job_folder
from .test_jobs import stop_after

NUMBER = 12


@pytest.fixture
def shots(home: Path) -> Path:
    """Twelve pictures that grow brighter, numbered from 1001."""
    Path("shots").mkdir()
    for number in range(NUMBER):
        pixels = np.full((30, 40, 3), (80 + 5 * number, 60, 40), np.uint8)
        pixels[:10, :10] = 200
        Image.fromarray(pixels).save(f"shots/{1001 + number:06}.png")
    return Path("shots/%06d.png")


def pixels(number: int, folder: str = "out", suffix: str = "png") -> NDArray[np.int64]:
    return np.asarray(Image.open(f"{folder}/{1001 + number:06}.{suffix}")).astype(np.int64)


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_look_holds_one_lut_over_a_sequence(run: Run, pale: str, shots: Path) -> None:
    result = run("apply", shots, "-s", pale, "-o", "out/%06d.png")
    assert names("out") == names("shots")
    assert "12 frames" in result.stdout
    corner = {tuple(pixels(number)[5, 5]) for number in range(NUMBER)}
    assert len(corner) == 1, "the same colour comes out the same, though pictures grow brighter"
    assert np.abs(pixels(0) - pixels(0, "shots")).mean() > 8


def test_the_default_output_stands_beside(run: Run, pale: str, shots: Path) -> None:
    run("apply", shots, "-s", pale)
    assert names("shots-pale") == names("shots")


def test_paint_remembers_over_a_sequence(run: Run, brush: str, shots: Path) -> None:
    run("apply", shots, "-s", brush, "-o", "out/%06d.png")
    Path("alone").mkdir()
    os.link("shots/001006.png", "alone/001006.png")
    run("apply", "alone/%06d.png", "-s", brush, "-o", "out-alone/%06d.png")
    assert np.abs(pixels(5) - pixels(5, "out-alone")).max() > 0
    assert names("out") == names("shots")


@pytest.mark.parametrize("style", ["pale", "brush"])
@pytest.mark.parametrize("words", [[], ["--jobs", "2"]], ids=["one", "two"])
def test_an_interrupted_sequence_goes_on(
    run: Run, pale: str, brush: str, shots: Path, small_units: None, monkeypatch: Any, style: str, words: list[str]
) -> None:
    run("apply", shots, "-s", style, "-o", "whole/%06d.png")
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", shots, "-s", style, "-o", "out/%06d.png", code=130)
    assert names("out") == ["#06d.png.impasto-job"]
    assert "--resume" in run("apply", shots, "-s", style, "-o", "out/%06d.png", code=2).stderr
    run("apply", shots, "-s", style, "-o", "out/%06d.png", "--resume", *words)
    assert names("out") == names("shots")
    for number in range(NUMBER):
        np.testing.assert_array_equal(pixels(number), pixels(number, "whole"))


def test_a_picture_that_changes_meanwhile_is_noticed(
    run: Run, pale: str, shots: Path, small_units: None, monkeypatch: Any
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", shots, "-s", pale, "-o", "out/%06d.png", code=130)
    Image.new("RGB", (40, 30)).save("shots/001003.png")
    assert "source" in run("apply", shots, "-s", pale, "-o", "out/%06d.png", "--resume", code=2).stderr


def test_other_formats_and_depths(run: Run, pale: str, shots: Path) -> None:
    run("apply", shots, "-s", pale, "-o", "out/%06d.jpg", "--quality", "90")
    assert Image.open("out/001001.jpg").format == "JPEG"
    run("apply", shots, "-s", pale, "-o", "out/%06d.tif")
    assert Image.open("out/001001.tif").format == "TIFF"


def test_openexr(run: Run, pale: str, home: Path) -> None:
    pytest.importorskip("OpenImageIO")
    from impasto.media.exr import read_exr, write_exr
    from impasto.media.frame import Frame

    Path("shots").mkdir()
    for number in range(3):
        write_exr(Frame(np.full((20, 30, 3), 0.2 + 0.1 * number, np.float32)), f"shots/{number:04}.exr")
    run("apply", "shots/%04d.exr", "-s", pale, "-o", "out/%04d.exr")
    values = [float(read_exr(f"out/{number:04}.exr").pixels[5, 5, 1]) for number in range(3)]
    assert np.diff(values) == pytest.approx([0.08, 0.08], abs=0.005)
    assert values[0] > 0.22


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("shots/%06d.png", "out.mp4", "sequence"),
        ("shots/%06d.png", "shots/%06d.png", "--overwrite"),
        ("shots/%06d.png", "there/%06d.png", "--overwrite"),
        ("shots/%06d.png", "out/%06d.xyz", "out"),
        ("shots/%04d.png", "out/%04d.png", "matches no picture"),
        ("gaps/%06d.png", "out/%06d.png", "000002.png"),
    ],
)
def test_what_is_refused(run: Run, pale: str, shots: Path, source: str, output: str, message: str) -> None:
    for folder, number in (("there", 1003), ("gaps", 1), ("gaps", 3)):
        Path(folder).mkdir(exist_ok=True)
        Image.new("RGB", (40, 30)).save(f"{folder}/{number:06}.png")
    result = run("apply", source, "-s", pale, "-o", output, code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not Path("out").exists()


def test_one_shot_has_no_preview(run: Run, pale: str, shots: Path) -> None:
    assert "one shot" in run("apply", shots, "-s", pale, "--preview", "2s", code=2).stderr


def test_no_job_is_left(run: Run, pale: str, shots: Path, save_look: Callable[..., Path]) -> None:
    run("apply", shots, "-s", pale, "-o", "out/%06d.png")
    assert not job_folder("out/#06d.png").exists()
    run("apply", shots, "-s", pale, "-o", "out/%06d.png", "--overwrite")
    assert "1 skipped" in run("apply", shots, "-s", pale, "-o", "out/%06d.png", "--skip-existing").stdout


def test_a_report_of_a_sequence(run: Run, pale: str, shots: Path) -> None:
    run("apply", shots, "-s", pale, "-o", "out/%06d.png", "--report", "report.json")
    assert '"frames": 12' in Path("report.json").read_text()

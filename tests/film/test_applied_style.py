"""Styles as jobs over films take them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paint_styles import make_paint_style
from PIL import Image

from impasto.api.film_style import AppliedStyle
from impasto.api.loading import load
from impasto.apply.stylizer import State
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import StyleFileError, UsageError
from impasto.film.plan import WARM_UP_FRAMES, Memory
from impasto.media.frame import Frame
from impasto.style.finish import Finish


@pytest.fixture
def styles(home: Path, save_look: Callable[..., Path]) -> None:
    save_look(home / "pale.style")
    save_look(home / "dusty.style", finish=Finish(dust=1.0))
    make_paint_style(home / "oil.style", "brush")
    make_paint_style(home / "ink.style", "invert")


def applied(name: str, **options: Any) -> AppliedStyle:
    return AppliedStyle.of(load(name), StylizerOptions(**options))


@pytest.mark.usefixtures("styles")
@pytest.mark.parametrize(
    ("name", "options", "num_looks", "memory"),
    [
        ("pale", {}, 1, Memory(True, 0)),
        ("pale+dusty", {}, 2, Memory(True, 0)),
        ("oil", {}, 0, Memory(False, WARM_UP_FRAMES)),
        ("oil:0.5,ink:0.5", {}, 0, Memory(False, WARM_UP_FRAMES)),
        ("pale+oil", {}, 0, Memory(True, WARM_UP_FRAMES)),
        ("pale", {"where": "mask.png"}, 0, Memory(True, 0)),
    ],
)
def test_what_is_a_lut_for_each_shot_and_what_remembers(
    name: str, options: dict[str, Any], num_looks: int, memory: Memory
) -> None:
    Image.new("L", (8, 8), 255).save("mask.png")
    style = applied(name, **options)
    assert len(style.looks()) == num_looks
    assert style.memory == memory


@pytest.mark.usefixtures("styles")
@pytest.mark.parametrize("name", ["pale", "oil", "pale+oil", "oil:0.6,ink:0.4", "dusty"])
def test_a_kept_style_does_what_the_style_does(tmp_path: Path, home: Path, name: str) -> None:
    style = applied(name, strength=0.8, runtime="onnx")
    kept = pickle.loads(pickle.dumps(style.kept(tmp_path / "styles")))
    for path in home.glob("*.style"):
        path.unlink()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 64, 3), np.uint8)
    results = [each.stylizer(0.5, 1)(Frame(pixels), State())[0].pixels for each in (style, kept)]
    np.testing.assert_array_equal(results[0], results[1])
    assert kept.describe() == style.describe()
    assert kept.name == style.name
    assert kept.finishes() == style.finishes()


@pytest.mark.usefixtures("styles")
def test_a_style_is_described_by_what_it_does() -> None:
    described = applied("pale", strength=0.5).describe()
    assert described == applied("pale", strength=0.5).describe()
    assert described["strength"] == 0.5
    for other in (
        applied("pale"),
        applied("dusty", strength=0.5),
        applied("pale", strength=0.5, keep_color=True),
        applied("oil", strength=0.5),
        applied("pale+pale", strength=0.5),
        applied("pale", strength=0.5, finish="dust:1"),
    ):
        assert other.describe() != described


@pytest.mark.usefixtures("styles")
def test_a_blend_that_is_made_on_another_day_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = applied("oil:0.6,ink:0.4").describe()
    assert applied("oil:0.6,ink:0.4").describe() == first
    assert applied("oil:0.5,ink:0.5").describe() != first


@pytest.mark.usefixtures("styles")
def test_a_mask_is_described_by_its_pixels() -> None:
    described = []
    for value in (255, 255, 100):
        Image.new("L", (8, 8), value).save("mask.png")
        described.append(applied("pale", where="mask.png").describe()["where"])
    assert described[0] == described[1] != described[2]
    array = np.ones((8, 8), np.float32)
    assert applied("pale", where=array).describe()["where"] != applied("pale", where=array / 2).describe()["where"]


@pytest.mark.usefixtures("styles")
def test_a_kept_style_has_its_mask_with_it(tmp_path: Path) -> None:
    pixels = np.zeros((40, 64), np.uint8)
    pixels[:, :30] = 255
    Image.fromarray(pixels).save("mask.png")
    kept = applied("pale", where="mask.png").kept(tmp_path / "styles")
    described = applied("pale", where="mask.png").describe()
    Path("mask.png").unlink()
    assert pickle.loads(pickle.dumps(kept)).describe() == described
    grey = Frame(np.full((40, 64, 3), 40, np.uint8))
    result = kept.stylizer(1.0, 1)(grey, State())[0].pixels
    assert (result[:, :28] != 40).all()
    assert (result[:, 32:] == 40).all()
    with pytest.raises(UsageError, match=r"mask\.png cannot be read"):
        AppliedStyle("pale", StylizerOptions(where="mask.png"), kept.paths).describe()


@pytest.mark.usefixtures("styles")
def test_a_fraction_of_the_strength_is_one_of_what_was_asked_for() -> None:
    style = applied("pale", strength=0.8)
    assert style.looks(0.5)[0].strength == pytest.approx(0.4)
    grey = Frame(np.full((8, 8, 3), 40, np.uint8))
    changes = [int(style.stylizer(share, 1)(grey, State())[0].pixels[0, 0, 0]) - 40 for share in (1.0, 0.5)]
    assert changes[1] == pytest.approx(changes[0] / 2, abs=1)


@pytest.mark.usefixtures("styles")
def test_a_finish_is_laid_on_afterwards_and_not_by_the_stylizer() -> None:
    style = applied("dusty", strength=0.5)
    [finish] = style.finishes()
    assert finish.dust == pytest.approx(0.5)
    assert applied("dusty", finish=0).finishes() == ()
    assert applied("pale").finishes() == ()
    flat = Frame(np.full((64, 64, 3), 128, np.uint8))
    assert np.ptp(style.stylizer(1.0, 1)(flat, State())[0].pixels) == 0


@pytest.mark.usefixtures("styles")
def test_what_cannot_be_applied_is_said_before_work_begins() -> None:
    with pytest.raises(UsageError, match="no texture"):
        applied("pale", texture_scale=2.0)
    with pytest.raises(UsageError, match="no runtime"):
        applied("oil", runtime="tpu")
    with pytest.raises(UsageError, match="finish"):
        applied("pale", finish="2")
    with pytest.raises(StyleFileError, match="verdict"):
        applied("pale").gate()


@pytest.mark.usefixtures("styles")
def test_whether_the_whole_style_is_shown() -> None:
    assert applied("pale").is_full_strength
    assert not applied("pale", strength=0.5).is_full_strength
    assert applied("pale", strength=0.5).strength == 0.5

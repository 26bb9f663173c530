"""`impasto check` and `impasto apply --gate`, on real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from impasto.style.file import StyleFile, save_style

from .pictures import to_8bit

pytestmark = pytest.mark.usefixtures("shoot")


@pytest.fixture
def run() -> Callable[..., Result]:
    from impasto.cli.main import app

    def run_command(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run_command


def spoil(path: str, seed: int = 0) -> None:
    """Add noise to a picture."""
    with Image.open(path) as image:
        picture = np.asarray(image) / 255
    noise = np.random.default_rng(seed).normal(0, 0.15, picture.shape)
    Image.fromarray(to_8bit(picture + noise)).save(path)


@pytest.fixture
def out(run: Callable[..., Result]) -> Path:
    run("apply", "shoot", "-s", "warm.style", "-o", "out")
    return Path("out")


def test_good_results_pass(run, out):
    result = run("check", out, "--style", "warm.style", "--content", "shoot")
    assert result.stdout.splitlines() == [f"pass    out/{n}.png" for n in range(3)] + ["3 passed."]


def test_bad_ones_come_first_with_the_reason_and_an_exit_code(run, out):
    spoil("out/1.png")
    (out / "2.png").write_bytes(Path("shoot/2.png").read_bytes())
    lines = run("check", out, "-s", "warm.style", "--content", "shoot", code=1).stdout.splitlines()
    assert lines[0].startswith("refuse  out/1.png: ")
    assert lines[1].startswith("refuse  out/2.png: not in style")
    assert lines[2:] == ["pass    out/0.png", "1 passed, 2 refused."]


def test_without_content_noise_is_still_seen(run, out):
    spoil("out/1.png")
    result = run("check", "out/0.png", "out/1.png", "-s", "warm.style", code=1)
    assert "pass    out/0.png" in result.stdout
    assert "out/1.png: " in result.stdout


def test_results_beside_their_content_are_found_by_name(run):
    run("apply", "shoot/0.png", "-s", "warm.style")
    result = run("check", "shoot/0-warm.png", "-s", "warm.style", "--content", "shoot")
    assert "had no content" not in result.stdout


def test_results_without_content_are_counted(run, out):
    result = run("check", out, "-s", "warm.style", "--content", "shoot/1.png")
    assert "2 had no content of the same name, and were judged by themselves." in result.stdout


def test_all_numbers_as_json(run, out):
    spoil("out/1.png")
    run("check", out, "-s", "warm.style", "--content", "shoot", "--json", "check.json", code=1)
    report = json.loads(Path("check.json").read_text(encoding="utf-8"))
    assert report["style"] == "warm"
    first = report["pictures"][0]
    assert (first["path"], first["content"], first["judgement"]) == ("out/1.png", "shoot/1.png", "refuse")
    assert first["reason"]
    assert {"suspicion of artefacts", "suspicion of style"} <= set(first["scores"])


def test_maps_of_what_does_not_pass(run, out):
    spoil("out/1.png")
    run("check", out, "-s", "warm.style", "--content", "shoot", "--map", "maps/new", code=1)
    assert [path.as_posix() for path in Path("maps").rglob("*.png")] == ["maps/new/1.png.png"]
    with Image.open("maps/new/1.png.png") as drawn:
        assert drawn.size == (192, 144)


def test_one_that_cannot_be_read_is_named(run, out):
    (out / "0.png").write_bytes(b"")
    result = run("check", out, "-s", "warm.style", code=1)
    assert "out/0.png" in result.stderr
    assert "2 passed, 1 unreadable." in result.stdout


def test_few_pictures_are_a_caution(run, out, make_style, gate_model):
    few = gate_model.model_copy(update={"num_pictures": 4})
    save_style(make_style(gate=few), "few.style")
    assert "only 4 pictures" in run("check", out, "-s", "few.style").stdout


def without_verdict(make_style: Callable[..., StyleFile]) -> None:
    save_style(make_style(gate=None), "mute.style")


def test_a_style_without_a_verdict_is_a_usage_error(run, out, make_style):
    without_verdict(make_style)
    for words in (("check", out), ("apply", "shoot", "-o", "new", "--gate", "warn")):
        result = run(*words, "-s", "mute.style", code=2)
        assert "mute.style: This style carries no verdict" in result.stderr
        assert "Learn it again." in result.stderr
    assert not Path("new").exists()
    run("apply", "shoot", "-o", "new", "-s", "mute.style")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "none"),
        ("check", "shoot", "--content", "none"),
        ("check", "shoot", "--json", "shoot/0.png"),
        ("check", "shoot", "--map", "shoot/0.png"),
        ("apply", "shoot", "--gate", "strict"),
    ],
)
def test_what_cannot_be_done_as_asked(run, words):
    before = Path("shoot/0.png").read_bytes()
    assert run(*words, "-s", "warm.style", code=2).stderr
    assert Path("shoot/0.png").read_bytes() == before


@pytest.mark.parametrize("mode", ["warn", "retry", "refuse"])
def test_good_pictures_pass_every_gate(run, mode):
    result = run("apply", "shoot", "-s", "warm.style", "-o", "new", "--gate", mode)
    assert result.stdout.strip() == "3 done: in new"
    assert result.stderr == ""


@pytest.fixture
def strict_style(shoot, make_style, gate_model) -> None:
    """A gate to which nothing is good enough."""
    scale = gate_model.beside.model_copy(update={"review": -1e6, "refuse": -1e5})
    save_style(make_style(gate=gate_model.model_copy(update={"beside": scale})), "strict.style")


@pytest.mark.usefixtures("strict_style")
def test_a_strict_gate_warns(run):
    result = run("apply", "shoot", "-s", "strict.style", "-o", "new", "--gate", "warn", "-j", "2")
    assert result.stdout.strip() == "3 done, 3 with a warning: in new"
    assert result.stderr.count("the result looks bad") == 3


@pytest.mark.usefixtures("strict_style")
def test_a_strict_gate_refuses(run):
    result = run("apply", "shoot", "-s", "strict.style", "-o", "new", "--gate", "refuse", code=1)
    assert result.stdout.strip() == "0 done, 3 failed"
    assert result.stderr.count("the gate refused the result") == 3
    assert not Path("new").exists()


@pytest.mark.usefixtures("strict_style")
def test_a_strict_gate_is_tried_with_less_strength(run):
    result = run("apply", "shoot", "-s", "strict.style", "-o", "new", "--gate", "retry")
    assert result.stderr.count("at any strength") == 3
    run("apply", "shoot", "-s", "strict.style", "-o", "plain")
    for number in range(3):
        assert Path(f"new/{number}.png").read_bytes() == Path(f"plain/{number}.png").read_bytes()


def test_less_strength_is_no_fault(run):
    result = run("apply", "shoot", "-s", "warm.style", "-o", "new", "--strength", "0.3", "--gate", "warn")
    assert "not in style" not in result.stderr


def test_help_names_the_modes(run):
    assert "refuse" in run("apply", "--help").stdout

"""`impasto learn --private`: the promise, what lies in the file, what comes of it, and what is refused."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

import impasto
from impasto.cli.main import app
from impasto.errors import StyleFileError, UsageError
from impasto.gate.gate import Gate
from impasto.media.perceptual_hash import content_hash
from impasto.style.file import StyleFile, load_style
from impasto.style.manifest import Privacy
from impasto.train import private_look
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.private_linear import MAX_EPSILON, epsilon_of
from impasto.train.private_look import (
    NUM_FEATURES,
    ColorFeatures,
    check_private,
    noisy_mean,
    plan_look_account,
)
from impasto.train.recipe import Recipe

from .pictures import decibels, graded, save_scenes, scene

NUM_REFERENCES = 16
EPSILON = 90.0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("private-look")
    save_scenes(folder / "graded", NUM_REFERENCES, first_seed=100, look=True)
    save_scenes(folder / "content", 16, first_seed=300)
    return folder


@pytest.fixture(scope="module")
def command(folder: Path) -> Result:
    return run(
        *("learn", folder / "graded", "--content", folder / "content", "-o", folder / "private.style"),
        *("--private", EPSILON, "--steps", 100),
    )


@pytest.fixture(scope="module")
def path(folder: Path, command: Result) -> Path:
    assert command.exit_code == 0, command.output
    return folder / "private.style"


@pytest.fixture(scope="module")
def style(path: Path) -> StyleFile:
    return load_style(path)


@pytest.fixture
def privacy(style: StyleFile) -> Privacy:
    assert style.manifest.privacy is not None
    return style.manifest.privacy


# --- the promise ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", [np.zeros, np.ones], ids=["black", "white"])
def test_no_picture_weighs_more_than_one(picture: object) -> None:
    features = ColorFeatures()
    flat = np.full((9, 7, 3), 0 if picture is np.zeros else 255, np.uint8)
    for seen in (flat, scene(3)):
        assert np.linalg.norm(features.of_picture(seen)) <= 1
    colors = torch.rand(500, 3, generator=torch.Generator().manual_seed(0))
    assert float(features(colors).norm(dim=1).max()) <= 1 + 1e-6


def test_features_are_the_same_for_everybody() -> None:
    torch.manual_seed(7)
    first = ColorFeatures().of_picture(scene(1))
    torch.manual_seed(8)
    assert np.array_equal(first, ColorFeatures().of_picture(scene(1)))
    assert not np.allclose(first, ColorFeatures().of_picture(graded(scene(1))), atol=0.01)


def test_the_noise_on_the_mean_is_as_large_as_the_account_says() -> None:
    account = plan_look_account(4.0, 200)
    rows = np.full((200, NUM_FEATURES), 0.05)
    drawn = [noisy_mean(rows, account.noise_multiplier) - 0.05 for _ in range(100)]
    assert np.std(drawn) == pytest.approx(account.noise_multiplier / 200, rel=0.05)
    assert abs(np.mean(drawn)) < 0.1 * account.noise_multiplier / 200
    assert not np.array_equal(drawn[0], drawn[1])


@pytest.mark.parametrize("epsilon", [1.0, 8.0])
def test_the_account_is_spent_whole(epsilon: float) -> None:
    account = plan_look_account(epsilon, 2000)
    assert epsilon_of(1 / account.noise_multiplier, account.delta) == pytest.approx(epsilon, rel=1e-6)
    assert account.delta == 1e-5
    assert plan_look_account(epsilon, 50_000).delta == pytest.approx(2e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_opacus_says_the_same_of_the_file(privacy: Privacy) -> None:
    accountants = pytest.importorskip("opacus.accountants")
    accountant = accountants.PRVAccountant()
    accountant.history = [(privacy.noise_multiplier, privacy.sampling_rate, privacy.num_steps)]
    assert accountant.get_epsilon(privacy.delta) == pytest.approx(EPSILON + 0.01, abs=0.01)


# --- what lies in the file ------------------------------------------------------------------------------------------


def test_the_file_holds_nothing_else_of_the_references(style: StyleFile, path: Path, folder: Path) -> None:
    manifest = style.manifest
    assert set(manifest.members) == {"generator.onnx", "preview.jpg", "mean_lut.bin"}
    assert manifest.sources.reference_sha256 == ()
    assert manifest.sources.references_digest is None
    assert manifest.sources.num_references == NUM_REFERENCES
    assert (manifest.gate, manifest.finish, manifest.curves, manifest.thresholds) == (None, None, {}, {})
    assert manifest.metrics == {"steps": 100.0}
    said = manifest.model_dump_json()
    for picture in (folder / "graded").iterdir():
        assert content_hash(picture) not in said


def test_after_the_mean_no_reference_is_looked_at(folder: Path, tmp_path: Path) -> None:
    """With the references gone, the same noisy mean gives the same file."""
    references = Path(shutil.copytree(folder / "graded", tmp_path / "graded"))
    recipe = Recipe(steps=3)
    learned = private_look.PrivateLookRun.prepare(recipe, [references], [folder / "content"], EPSILON, lambda _: None)
    shutil.rmtree(references)
    other = replace(learned, generator=private_look.LookGenerator(recipe.lut_size, recipe.num_adaptive))
    for each in (learned, other):
        each.walk(lambda step, loss: None)
    assert torch.equal(learned.generator.shared_lut(), other.generator.shared_lut())
    assert learned.describe("mine", "", "").privacy == learned.privacy


def test_one_reference_more_changes_only_the_number_of_them(folder: Path, tmp_path: Path) -> None:
    """A copy is not sought, either: what is left out would tell of the others."""
    more = Path(shutil.copytree(folder / "graded", tmp_path / "more"))
    shutil.copy(more / "00.png", more / "again.png")
    runs = [
        private_look.PrivateLookRun.prepare(
            Recipe(steps=1), [references], [folder / "content"], EPSILON, lambda _: None
        )
        for references in (folder / "graded", more)
    ]
    said = [each.describe("mine", "", "") for each in runs]
    assert said[1].sources.num_references == NUM_REFERENCES + 1
    left_out = {"members": True, "sources": {"num_references"}, "privacy": {"num_pictures"}}
    assert said[0].model_dump(exclude=left_out) == said[1].model_dump(exclude=left_out)
    assert torch.equal(runs[0].colors, runs[1].colors)
    assert not torch.equal(runs[0].target, runs[1].target)


# --- what comes of it -----------------------------------------------------------------------------------------------


def test_the_command_ends_with_the_account_and_show_repeats_it(command: Result, path: Path) -> None:
    shown = run("styles", "show", path)
    for result in (command, shown):
        assert result.exit_code == 0, result.output
        said = " ".join(result.output.split())
        assert f"epsilon {EPSILON:g}, delta 1e-05: one reference more or less" in said
        assert f"100 % of {NUM_REFERENCES} pictures" in said
        assert "not covered content, of which the preview shows some" in said


def test_a_look_is_learned(path: Path) -> None:
    before = scene(900, width=64, height=64)
    out = np.asarray(impasto.load(path).apply(Image.fromarray(before)), np.float64) / 255
    wanted = graded(before) / 255
    assert decibels(out, wanted) > decibels(before / 255, wanted) + 4


def test_what_bends_is_measured_and_a_straight_look_is_not_bent() -> None:
    generator = private_look.LookGenerator(9, 0)
    straight = generator.shared_lut()[0].detach()
    assert float(private_look._bend(straight)) == pytest.approx(0, abs=1e-6)
    assert float(private_look._bend(straight**2)) == pytest.approx(
        4, rel=1e-4
    )  # (x²)″ is 2, in one channel of three on each axis
    assert float(private_look._bend(0.3 * straight + 0.2)) == pytest.approx(0, abs=1e-6)


def test_there_is_no_judge_and_that_is_said(style: StyleFile) -> None:
    with pytest.raises(StyleFileError, match="learned with --private carries no verdict"):
        Gate(style)


def test_python_takes_an_epsilon(folder: Path) -> None:
    with pytest.raises(UsageError, match="epsilon 1 is too small to learn a look"):
        impasto.learn(folder / "graded", folder / "content", private=1)


def test_the_recipe_says_what_was_followed_and_no_more(style: StyleFile) -> None:
    said = style.manifest.recipe
    assert said == {"steps": 100, "lut_size": 33, "picture_side": 96, "thumbnail_side": 64, "seed": 0}
    assert Recipe.from_json(said).steps == 100


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--family", "paint"), "--private learns looks only"),
        (("--family", "dream"), "--private learns looks only"),
        (("--pick", 3), "--pick cannot go with --private"),
        (("--grain",), "--grain cannot go with --private"),
        (("--resume",), "--resume cannot go with --private"),
        (("--log-dir", "logs"), "--log-dir cannot go with --private"),
        (("--loss", "lsgan"), "--loss cannot go with --private"),
        (("--batch-size", 4), "--batch-size cannot go with --private"),
        (("--minutes", 2), "--minutes cannot go with --private"),
    ],
)
def test_what_cannot_be_private_is_refused(options: tuple[object, ...], why: str, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "private.style"
    given = ("learn", folder / "graded", "--content", folder / "content", "-o", output, "--private", EPSILON)
    result = run(*given, *options)
    assert result.exit_code == 2
    assert why in result.output
    assert not output.exists()


def test_content_must_be_given(folder: Path, tmp_path: Path) -> None:
    result = run("learn", folder / "graded", "-o", tmp_path / "private.style", "--private", EPSILON)
    assert result.exit_code == 2
    assert "--private needs --content" in result.output


def test_films_are_many_pictures_of_one_thing(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"whatever it holds")
    with pytest.raises(UsageError, match="takes pictures as references"):
        check_private(Recipe(), [film], ["content"])
    with pytest.raises(UsageError, match="looks only"):
        check_private(DreamRecipe(), ["references"], ["content"])


def test_shared_runs_are_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    given = ("learn", folder / "graded", "--content", folder / "content", "-o", tmp_path / "a.style", "--private", 90)
    result = run(*given)
    assert result.exit_code == 2
    assert "one process" in result.output


def test_too_small_an_epsilon_is_refused_with_what_would_do(folder: Path, tmp_path: Path) -> None:
    given = ("learn", folder / "graded", "--content", folder / "content", "-o", tmp_path / "a.style", "--private", 1)
    result = run(*given)
    assert result.exit_code == 2
    assert f"epsilon 1 is too small to learn a look from {NUM_REFERENCES} references" in result.output
    said = result.output.split()
    least, enough = float(said[said.index("Give") + 1]), int(said[said.index("more,") + 2])
    assert plan_look_account(least, NUM_REFERENCES).epsilon == least
    assert plan_look_account(1.0, enough + 1).num_pictures == enough + 1
    with pytest.raises(UsageError, match=r"Give \d+ references\.$"):
        plan_look_account(1.0, 1)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan, MAX_EPSILON + 1])
def test_what_is_no_epsilon(epsilon: float) -> None:
    with pytest.raises(UsageError, match="epsilon must be above 0"):
        plan_look_account(epsilon, 1000)

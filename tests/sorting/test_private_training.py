"""`impasto sort train --private`: what lies in the file, what its account says, what is refused."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from impasto.cli.main import app
from impasto.errors import UsageError
from impasto.media.perceptual_hash import content_hash
from impasto.sorting import private_training
from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.collection import LabelledPictures, collect_labelled
from impasto.sorting.file import ClassifierFile, find_classifier, load_classifier
from impasto.sorting.private_training import (
    FEATURE_BOUND,
    PrivateRecipe,
    fit_private_head,
    plan,
    private_notes,
    public_directions,
    train_private_classifier,
)
from impasto.train.private_linear import NUM_DIRECTIONS, epsilon_of

from .shapes import fill_folder, noise_texture, save

EPSILON = 30.0
PER_CLASS = 12


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["sort", *map(str, arguments)])


def words(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_folder(tmp_path_factory.mktemp("private") / "photos", PER_CLASS, ("lying", "board"))


@pytest.fixture(scope="module")
def command(photos: Path) -> Result:
    return run("train", photos, "-o", photos.parent / "mine.classifier", "--private", EPSILON)


@pytest.fixture(scope="module")
def path(photos: Path, command: Result) -> Path:
    assert command.exit_code == 0, command.output
    return photos.parent / "mine.classifier"


@pytest.fixture(scope="module")
def file(path: Path) -> ClassifierFile:
    return load_classifier(path)


# --- the account ----------------------------------------------------------------------------------------------------


def test_the_account_in_the_file_holds_and_is_spent_whole(file: ClassifierFile) -> None:
    privacy = file.manifest.privacy
    assert privacy is not None
    assert (privacy.epsilon, privacy.num_pictures, privacy.sampling_rate) == (EPSILON, 2 * PER_CLASS, 1.0)
    assert privacy.delta <= 0.1 / privacy.num_pictures
    loss = privacy.num_steps / privacy.noise_multiplier**2 + 1 / privacy.mean_noise_multiplier**2
    assert epsilon_of(math.sqrt(loss), privacy.delta) == pytest.approx(EPSILON, rel=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_opacus_says_the_same_of_the_file(file: ClassifierFile) -> None:
    """Its accountant of privacy random variables adds an error of 0.01, to be sure; that of Rényi divergences more."""
    accountants = pytest.importorskip("opacus.accountants")
    privacy = file.manifest.privacy
    assert privacy is not None
    history = [
        (privacy.noise_multiplier, privacy.sampling_rate, privacy.num_steps),
        (privacy.mean_noise_multiplier, privacy.sampling_rate, 1),
    ]
    exact, loose = accountants.PRVAccountant(), accountants.RDPAccountant()
    exact.history = loose.history = history
    assert exact.get_epsilon(privacy.delta) == pytest.approx(EPSILON + 0.01, abs=0.005)
    assert EPSILON <= loose.get_epsilon(privacy.delta) <= 1.3 * EPSILON


def test_the_account_is_shown_wherever_the_classifier_is(command: Result, path: Path, photos: Path) -> None:
    report = photos.parent / "report.html"
    shown = run("show", path)
    evaluated = run("evaluate", path, photos, "--report", report)
    for result in (command, shown, evaluated):
        assert result.exit_code == 0, result.output
        assert f"epsilon {EPSILON:g}, delta 1e-05" in result.output
        for said in ("60 steps", "100 % of 24 pictures", "Gaussian", "names of the classes", "copies of a picture"):
            assert said in words(result), said
    assert "taught privately" in command.output.splitlines()[-1]
    assert f"Private: epsilon {EPSILON:g}" in report.read_text(encoding="utf-8")


def test_other_classifiers_have_no_account() -> None:
    """`photo-kind` was made before there were accounts."""
    shown = run("show", "photo-kind")
    assert shown.exit_code == 0
    assert "epsilon" not in shown.output
    assert private_notes(load_classifier(find_classifier(Path("photo-kind"))).manifest) == ()


# --- what lies in the file ------------------------------------------------------------------------------------------


def test_nothing_in_the_file_is_measured_on_the_pictures(file: ClassifierFile) -> None:
    manifest, head = file.manifest, file.head
    assert manifest.counts == ()
    assert manifest.num_unlabelled == 0
    assert manifest.measured is None
    assert (manifest.temperature, manifest.threshold, manifest.strange) == (1.0, 0.5, -1.0)
    assert set(manifest.members) == {"head.safetensors"}
    assert not head.mean.any()
    assert not head.centers.any()
    assert (head.deviation == 1).all()
    assert file.backbone is None


def test_the_file_names_no_picture(path: Path, file: ClassifierFile, photos: Path) -> None:
    said = file.manifest.model_dump_json().encode() + path.read_bytes()
    for picture in photos.rglob("*.png"):
        assert picture.stem.encode() not in said
        assert content_hash(picture).encode() not in said


def test_what_is_learned_lies_along_public_directions(file: ClassifierFile) -> None:
    directions = public_directions(Backbone(Kind.FROZEN))
    assert np.allclose(directions @ directions.T, np.eye(NUM_DIRECTIONS), atol=1e-6)
    weights = file.head.weights.astype(np.float64)
    assert np.allclose(weights @ directions.T @ directions, weights, atol=1e-5 * np.abs(weights).max())


Public = dict[str, object]


def public(file: ClassifierFile) -> Public:
    """All but what was learned, and the number of pictures, which counts as known."""
    said = file.manifest.model_dump(exclude={"members": True, "privacy": {"num_pictures"}})
    return {**said, **{name: getattr(file.head, name).tobytes() for name in ("mean", "deviation", "centers")}}


@pytest.fixture
def few(photos: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(photos, tmp_path / "few"))


def trained(folder: Path, epsilon: float = EPSILON) -> ClassifierFile:
    return train_private_classifier(collect_labelled(folder), PrivateRecipe(epsilon), "mine").file


@pytest.mark.parametrize("addition", ["odd", "contradiction"])
def test_one_picture_more_leaves_the_rest_of_the_file_as_it_was(addition: str, file: ClassifierFile, few: Path) -> None:
    """Neither what it shows, nor that it repeats and contradicts another, changes what is not noisy."""
    if addition == "odd":
        save(np.full((40, 90, 3), (255, 0, 255), np.uint8), few / "lying" / "odd.png")
    else:
        shutil.copy(few / "board" / "board-0.png", few / "lying" / "again.png")
    more = trained(few)
    assert public(more) == public(file)
    assert more.manifest.privacy is not None
    assert more.manifest.privacy.num_pictures == 2 * PER_CLASS + 1
    assert not np.array_equal(more.head.weights, file.head.weights)


def test_the_same_pictures_never_give_the_same_file() -> None:
    first, second = (fit_private_head(*features(60, 0), 3, EPSILON, np.eye(NUM_DIRECTIONS)) for _ in range(2))
    assert not np.array_equal(first[0].weights, second[0].weights)
    assert first[1] == second[1]


def test_pictures_without_a_label_are_not_looked_at(few: Path) -> None:
    """Classes of different sizes are named, since those of few pictures weigh less."""
    (few / "unlabelled").mkdir()
    (few / "unlabelled" / "broken.png").write_bytes(b"no picture")
    for number in range(3, PER_CLASS):
        (few / "board" / f"board-{number}.png").unlink()
    found = train_private_classifier(collect_labelled(few), PrivateRecipe(60.0), "mine")
    assert found.failures == ()
    assert any("board is told badly" in note for note in found.notes)
    assert any("1 picture(s) have no label and are not used" in note for note in found.notes)
    privacy = found.file.manifest.privacy
    assert privacy is not None
    assert privacy.num_pictures == PER_CLASS + 3


def test_a_broken_picture_is_named_and_the_rest_learned(few: Path, tmp_path: Path) -> None:
    (few / "board" / "broken.png").write_bytes(b"no picture")
    result = run("train", few, "-o", tmp_path / "mine.classifier", "--private", EPSILON)
    assert result.exit_code == 1
    assert "broken.png" in result.output
    assert load_classifier(tmp_path / "mine.classifier").manifest.privacy is not None


# --- what it can do -------------------------------------------------------------------------------------------------


def features(number: int, seed: int, num_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return what an encoder might see of pictures of classes that differ, about as long as the bound."""
    centers = np.random.default_rng(5).standard_normal((num_classes, NUM_DIRECTIONS))
    random = np.random.default_rng(seed)
    targets = random.integers(0, num_classes, number)
    rows = centers[targets] + random.standard_normal((number, NUM_DIRECTIONS))
    return (rows * FEATURE_BOUND / 12).astype(np.float32), targets


def test_it_tells_classes_apart_and_noise_costs_some_of_it() -> None:
    tested, truth = features(600, 99)

    def accuracy(epsilon: float) -> float:
        heads = (fit_private_head(*features(60, seed), 3, epsilon, np.eye(NUM_DIRECTIONS))[0] for seed in range(6))
        return float(np.mean([(head.logits(tested).argmax(axis=1) == truth).mean() for head in heads]))

    little, much = accuracy(3.0), accuracy(90.0)
    assert 0.5 < little < much - 0.01
    assert much > 0.95


def test_a_private_classifier_sorts(path: Path, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    save(noise_texture("lying", 900), shoot / "lying.png")
    result = run("apply", path, shoot)
    assert result.exit_code == 0, result.output
    assert "1 picture(s)" in result.output


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (("--finetune",), "only the linear classifier"),
        (("--from", "none"), "only the linear classifier"),
        (("--epochs", "3"), "as many steps"),
        (("--folds", "3"), "cross-validation"),
        (("--sure", "0.9"), "measured on the pictures"),
        (("--report", "r.html"), "shows the pictures"),
        (("--seed", "1"), "take the noise away"),
    ],
)
def test_what_cannot_be_private_is_refused(option: tuple[str, ...], why: str, photos: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.classifier"
    result = run("train", photos, "-o", output, "--private", EPSILON, *option)
    assert result.exit_code == 2
    assert f"{option[0]} cannot go with --private" in result.output
    assert why in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not output.exists()


def test_too_small_an_epsilon_is_refused_before_anything_is_read(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_training, "read_material", None)
    result = run("train", photos, "-o", tmp_path / "mine.classifier", "--private", "0.5")
    assert result.exit_code == 2
    assert "epsilon 0.5 is too small to learn 2 classes from 24 pictures" in result.output
    said = result.output.split()
    least = float(said[said.index("Give") + 1])
    enough = int(said[said.index("more,") + 2])
    assert plan(least, 24, 2).epsilon == least
    assert plan(0.5, enough + 1, 2).num_pictures == enough + 1


@pytest.mark.parametrize("epsilon", ["0", "-1", "nan", "1000"])
def test_what_is_no_epsilon_is_refused(epsilon: str, photos: Path, tmp_path: Path) -> None:
    result = run("train", photos, "-o", tmp_path / "mine.classifier", "--private", epsilon)
    assert result.exit_code == 2
    assert "epsilon must be above 0 and at most 100" in result.output


def test_where_no_epsilon_would_do_only_pictures_are_asked_for() -> None:
    with pytest.raises(UsageError, match=r"outweigh them\. Give \d+ pictures\.$"):
        plan(1.0, 2, 100)


def test_one_class_and_no_usable_picture_are_refused(tmp_path: Path, few: Path) -> None:
    shutil.rmtree(few / "board")
    with pytest.raises(UsageError, match="two or more classes"):
        trained(few)
    broken = [tmp_path / f"{number}.png" for number in range(40)]
    for each in broken:
        each.write_bytes(b"no picture")
    pictures = LabelledPictures(tuple(broken), tuple("ab"[number % 2] for number in range(40)))
    with pytest.raises(UsageError, match="None of the pictures can be used"):
        train_private_classifier(pictures, PrivateRecipe(50.0), "mine")


def test_every_line_of_the_account_says_something(file: ClassifierFile) -> None:
    assert file.manifest.privacy is not None
    lines = file.manifest.privacy.lines()
    assert all(lines.values())
    assert lines["noise"].startswith(f"{file.manifest.privacy.noise_multiplier:.4g} times")

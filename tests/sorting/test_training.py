from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import UsageError
from impasto.gallery.reading import Failure
from impasto.sorting.backbones import Kind
from impasto.sorting.classifier import Classifier, Told
from impasto.sorting.collection import LabelledPictures, collect_labelled
from impasto.sorting.training import SortRecipe, Trained, classifier_name, train_classifier

from .shapes import fill_folder, noise_texture, save

KINDS = ("board", "lying", "standing")


def told(classifier: Classifier, folder: Path) -> list[Told]:
    said = list(classifier.tell(sorted(folder.rglob("*.png"))))
    assert not any(isinstance(each, Failure) for each in said)
    return [each for each in said if isinstance(each, Told)]


@pytest.mark.parametrize("name", ["small", "frozen"])
def test_it_tells_pictures_that_it_has_not_seen(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    trained: Trained = request.getfixturevalue(name)
    for kind in KINDS:
        for seed in range(100, 106):
            save(noise_texture(kind, seed), tmp_path / kind / f"{seed}.png")
    guesses = [(each.path.parent.name, each.guess) for each in told(Classifier(trained.file), tmp_path)]
    assert np.mean([true == guess for true, guess in guesses]) > 0.85, guesses


def test_cross_validation_tests_each_picture_once(frozen: Trained, textures: Path) -> None:
    outcome = frozen.outcome
    assert sorted(outcome.paths) == sorted(textures.rglob("*.png"))
    assert [outcome.labels[index] for index in outcome.targets] == [path.parent.name for path in outcome.paths]
    assert outcome.accuracy > 0.85
    assert len(outcome.fold_accuracies) == 3
    assert frozen.plain_outcome is None


def test_the_manifest_says_what_was_measured(frozen: Trained, small: Trained) -> None:
    manifest = frozen.file.manifest
    assert manifest.labels == KINDS
    assert manifest.counts == (12, 12, 12)
    assert manifest.backbone is Kind.FROZEN
    assert manifest.measured is not None
    assert manifest.measured.accuracy == frozen.outcome.accuracy
    assert manifest.measured.low <= manifest.measured.accuracy <= manifest.measured.high
    assert manifest.measured.gain is None
    assert 0.5 <= manifest.threshold <= 1
    assert frozen.file.backbone is None
    assert small.file.backbone
    assert small.file.manifest.backbone is Kind.SMALL


def test_the_same_pictures_and_seed_give_the_same_classifier(textures: Path) -> None:
    recipe = SortRecipe(Kind.SMALL, num_folds=2, num_epochs=2, seed=3)
    first, again = (train_classifier(collect_labelled(textures), recipe, "x").file for _ in range(2))
    assert first.manifest == again.manifest
    np.testing.assert_array_equal(first.head.weights, again.head.weights)
    assert first.backbone is not None
    assert again.backbone is not None
    for name, value in first.backbone.items():
        np.testing.assert_array_equal(value, again.backbone[name])


def test_labels_that_say_nothing_are_told_no_better_than_by_chance(textures: Path) -> None:
    """What cross-validation measures must not leak: here there is nothing to learn."""
    found = collect_labelled(textures)
    random = np.random.default_rng(0)
    shuffled = tuple(random.permutation(np.array(found.labels)).tolist())
    trained = train_classifier(LabelledPictures(found.paths, shuffled), SortRecipe(num_folds=3), "x")
    assert trained.outcome.accuracy < 0.6


def test_copies_do_not_make_it_look_better_than_it_is(tmp_path: Path) -> None:
    """Each picture lies there three times, and the labels are noise: apart, copies would be recognised."""
    random = np.random.default_rng(1)
    for number in range(14):
        folder = tmp_path / ("a" if random.random() < 0.5 or number < 2 else "b")
        folder = tmp_path / "b" if number in (2, 3) else folder
        path = save(noise_texture("board", number, (90, 90)), folder / f"{number}.png")
        shutil.copyfile(path, folder / f"{number}-copy.png")
        Image.open(path).resize((70, 70)).save(folder / f"{number}-small.jpg")
    trained = train_classifier(collect_labelled(tmp_path), SortRecipe(num_folds=3), "x")
    assert trained.outcome.folds is not None
    folds: dict[str, set[int]] = {}
    for path, fold in zip(trained.outcome.paths, trained.outcome.folds.tolist(), strict=True):
        folds.setdefault(path.stem.partition("-")[0], set()).add(fold)
    assert all(len(each) == 1 for each in folds.values()), folds
    assert trained.outcome.accuracy < 0.85
    assert any("28 picture(s) repeat others" in note for note in trained.notes)


def test_pictures_without_labels_are_measured(textures: Path) -> None:
    found = collect_labelled(textures)
    labels = tuple(label if index % 12 < 3 else None for index, label in enumerate(found.labels))
    trained = train_classifier(LabelledPictures(found.paths, labels), SortRecipe(num_folds=3), "x")
    assert trained.plain_outcome is not None
    assert trained.file.manifest.measured is not None
    gain = trained.file.manifest.measured.gain
    assert gain is not None
    used = trained.file.manifest.num_unlabelled
    assert used == (27 if gain >= 0 else 0)
    best = max(trained.plain_outcome.accuracy, trained.plain_outcome.accuracy + gain)
    assert trained.outcome.accuracy == pytest.approx(best)
    assert len(trained.outcome.targets) == 9
    assert any("27 picture(s) have no label" in note for note in trained.notes)


def test_pictures_without_labels_may_be_left_aside(textures: Path) -> None:
    found = collect_labelled(textures)
    labels = tuple(label if index % 12 < 4 else None for index, label in enumerate(found.labels))
    recipe = SortRecipe(num_folds=2, use_unlabelled=False)
    trained = train_classifier(LabelledPictures(found.paths, labels), recipe, "x")
    assert trained.plain_outcome is None
    assert trained.file.manifest.num_unlabelled == 0
    assert any("not used" in note for note in trained.notes)


def test_one_class_is_refused(tmp_path: Path) -> None:
    fill_folder(tmp_path, 3, ("lying",))
    with pytest.raises(UsageError, match=r"two or more classes.*only one: lying"):
        train_classifier(collect_labelled(tmp_path), SortRecipe(), "x")


def test_no_class_is_refused(tmp_path: Path) -> None:
    save(noise_texture("lying", 0), tmp_path / "a.png")
    with pytest.raises(UsageError, match="there is none"):
        train_classifier(collect_labelled(tmp_path), SortRecipe(), "x")


def test_one_picture_in_a_class_is_refused_even_if_it_lies_there_twice(tmp_path: Path) -> None:
    fill_folder(tmp_path, 3, ("lying", "standing"))
    lonely = save(noise_texture("board", 0), tmp_path / "board" / "a.png")
    shutil.copyfile(lonely, tmp_path / "board" / "b.png")
    with pytest.raises(UsageError, match="board: a class needs two pictures that differ"):
        train_classifier(collect_labelled(tmp_path), SortRecipe(), "x")


def test_a_class_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    fill_folder(tmp_path, 3, ("lying",))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="only one: lying"):
        train_classifier(collect_labelled(tmp_path), SortRecipe(), "x")


def test_classes_that_differ_in_capitals_only_are_refused(tmp_path: Path) -> None:
    fill_folder(tmp_path, 2, ("lying", "standing"))
    found = collect_labelled(tmp_path)
    labels = tuple("Cat" if label == "lying" else "cat" for label in found.labels)
    with pytest.raises(UsageError, match="capitals"):
        train_classifier(LabelledPictures(found.paths, labels), SortRecipe(), "x")


def test_odd_pictures_are_named_and_the_rest_is_learned(tmp_path: Path) -> None:
    fill_folder(tmp_path, 4, ("lying", "standing"))
    save(noise_texture("lying", 50, (9, 9)), tmp_path / "lying" / "tiny.png")
    (tmp_path / "standing" / "corrupt.jpg").write_bytes(b"\xff\xd8\xffnothing")
    save(noise_texture("lying", 51, (40, 300)), tmp_path / "lying" / "wide.png")
    Image.fromarray(noise_texture("lying", 52)).convert("L").save(tmp_path / "lying" / "grey.png")
    torn = (tmp_path / "lying" / "lying-0.png").read_bytes()
    (tmp_path / "standing" / "torn.png").write_bytes(torn)
    trained = train_classifier(collect_labelled(tmp_path), SortRecipe(num_folds=2, use_unlabelled=False), "x")
    assert {each.path.name for each in trained.failures} == {"tiny.png", "corrupt.jpg"}
    assert {"wide.png", "grey.png"} <= {path.name for path in trained.outcome.paths}
    assert not {"torn.png", "lying-0.png"} & {path.name for path in trained.outcome.paths}
    assert any("two classes" in note and "torn.png" in note for note in trained.notes)
    assert any("Few pictures" in note for note in trained.notes)


def test_folds_are_as_many_as_the_smallest_class_allows(tmp_path: Path) -> None:
    fill_folder(tmp_path, 2, ("standing",))
    fill_folder(tmp_path, 9, ("lying",))
    trained = train_classifier(collect_labelled(tmp_path), SortRecipe(), "x")
    assert len(trained.outcome.fold_accuracies) == 2
    assert any("differ much in size" in note for note in trained.notes)


def test_progress_tells_of_every_step(textures: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    train_classifier(collect_labelled(textures), SortRecipe(num_folds=2), "x", lambda *step: steps.append(step))
    assert ("pictures", 36, 36) in steps
    assert ("cross-validation", 2, 2) in steps


def test_fine_tuning_changes_the_last_blocks_alone(tmp_path: Path) -> None:
    fill_folder(tmp_path, 2, ("lying", "standing"))
    recipe = SortRecipe(Kind.FINETUNED, num_folds=2, num_epochs=1)
    backbone = train_classifier(collect_labelled(tmp_path), recipe, "x").file.backbone
    assert backbone is not None
    assert {name.split(".")[1] for name in backbone} == {"blocks", "head"}
    assert not any(name.startswith(("encoder.stem", "encoder.blocks.10.", "encoder.classifier")) for name in backbone)


@pytest.mark.parametrize("wrong", [{"num_folds": 1}, {"num_folds": 21}, {"sure": 0.4}, {"sure": 1.0}])
def test_recipes_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SortRecipe(**wrong)  # type: ignore[arg-type]


def test_a_classifier_is_called_as_its_file() -> None:
    assert classifier_name(Path("a/my sorter.classifier")) == "my sorter"

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import ClassifierFileError, OutputError, UsageError
from impasto.gallery.reading import Failure
from impasto.sorting.classifier import Classifier, Told, evaluate_classifier
from impasto.sorting.collection import collect_labelled
from impasto.sorting.file import ClassifierFile
from impasto.sorting.labels import UNSURE
from impasto.sorting.table import write_table

from .shapes import fill_folder, noise_texture, save


def with_manifest(file: ClassifierFile, **changes: object) -> Classifier:
    return Classifier(replace(file, manifest=file.manifest.model_copy(update=changes)))


def test_probabilities_are_of_all_classes(file: ClassifierFile) -> None:
    squares = np.stack([noise_texture("lying", seed) for seed in range(20)])
    probabilities, likeness = Classifier(file).probabilities(squares)
    assert probabilities.shape == (20, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert likeness.shape == (20,)


def test_a_picture_is_told_the_same_alone_and_among_others(file: ClassifierFile, textures: Path) -> None:
    classifier = Classifier(file)
    paths = sorted(textures.rglob("*.png"))[:20]
    together = [each for each in classifier.tell(paths) if isinstance(each, Told)]
    alone = [next(iter(classifier.tell([path]))) for path in paths]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(other, Told)
        assert (one.path, one.label) == (other.path, other.label)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_below_the_threshold_it_is_unsure(file: ClassifierFile, textures: Path) -> None:
    paths = sorted(textures.rglob("*.png"))
    for threshold, expected in ((0.0, False), (1.0, True)):
        classifier = with_manifest(file, threshold=threshold, strange=-1.0)
        said = [each for each in classifier.tell(paths) if isinstance(each, Told)]
        doubted = [each.label == UNSURE for each in said if each.confidence < 1]
        assert doubted
        assert all(each is expected for each in doubted)
        assert all(each.guess in classifier.labels for each in said)


def test_what_is_unlike_all_that_was_learned_is_unsure(file: ClassifierFile, textures: Path) -> None:
    classifier = with_manifest(file, threshold=0.0, strange=1.0)
    (said,) = list(classifier.tell([next(textures.rglob("*.png"))]))
    assert isinstance(said, Told)
    assert said.is_strange
    assert said.label == UNSURE


def test_the_temperature_cools_and_heats(file: ClassifierFile) -> None:
    squares = noise_texture("lying", 7)[None]
    cold, mild, hot = (
        with_manifest(file, temperature=degree).probabilities(squares)[0].max() for degree in (0.05, 1.0, 500.0)
    )
    assert cold >= mild >= hot
    assert hot == pytest.approx(1 / 3, abs=0.02)


def test_failures_keep_their_place(file: ClassifierFile, tmp_path: Path) -> None:
    good = save(noise_texture("lying", 0), tmp_path / "a.png")
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no picture")
    progress: list[tuple[int, int]] = []
    said = list(Classifier(file).tell([bad, good, bad], lambda *step: progress.append(step)))
    assert [type(each) for each in said] == [Failure, Told, Failure]
    assert progress == [(3, 3)]
    assert list(Classifier(file).tell([])) == []


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA"])
def test_grey_and_other_pictures_are_told(file: ClassifierFile, tmp_path: Path, mode: str) -> None:
    Image.fromarray(noise_texture("standing", 3, (50, 170))).convert(mode).save(tmp_path / "a.tif")
    (said,) = list(Classifier(file).tell([tmp_path / "a.tif"]))
    assert isinstance(said, Told)


def test_evaluation_counts_what_is_known(file: ClassifierFile, tmp_path: Path) -> None:
    fill_folder(tmp_path / "test", 4, ("lying", "standing"))
    save(noise_texture("board", 50), tmp_path / "test" / "spiral" / "a.png")
    save(noise_texture("board", 51), tmp_path / "test" / "unlabelled" / "b.png")
    (tmp_path / "test" / "lying" / "broken.png").write_bytes(b"nothing")
    progress: list[tuple[int, int]] = []
    evaluated = evaluate_classifier(
        Classifier(file), collect_labelled(tmp_path / "test"), lambda *step: progress.append(step)
    )
    outcome = evaluated.outcome
    assert sorted(outcome.labels[index] for index in outcome.targets) == ["lying"] * 4 + ["standing"] * 4
    assert outcome.accuracy > 0.8
    assert outcome.folds is None
    assert [each.path.name for each in evaluated.failures] == ["broken.png"]
    assert any("never shown: spiral" in note for note in evaluated.notes)
    assert any("1 picture(s) have no label" in note for note in evaluated.notes)
    assert progress[-1] == (9, 9)


def test_evaluation_does_not_mind_capitals(file: ClassifierFile, tmp_path: Path) -> None:
    save(noise_texture("lying", 0), tmp_path / "LYING" / "a.png")
    assert len(evaluate_classifier(Classifier(file), collect_labelled(tmp_path)).outcome.targets) == 1


def test_evaluation_of_other_classes_is_refused(file: ClassifierFile, tmp_path: Path) -> None:
    save(noise_texture("lying", 0), tmp_path / "cat" / "a.png")
    with pytest.raises(UsageError, match="board, lying, standing"):
        evaluate_classifier(Classifier(file), collect_labelled(tmp_path))


def test_a_classifier_for_another_network_is_refused(frozen: object, file: ClassifierFile) -> None:
    mixed = Classifier(replace(frozen.file, backbone=file.backbone, manifest=file.manifest))  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="does not fit"):
        mixed.probabilities(np.zeros((1, 64, 64, 3), np.uint8))


def test_loading_by_name_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ClassifierFileError, match="There is no classifier"):
        Classifier.load("nothing-like-it")


def told(path: Path, label: str, confidence: float = 0.9) -> Told:
    return Told(path, label, label, confidence, False)


def test_the_table_has_the_columns_that_are_promised(tmp_path: Path) -> None:
    said = [told(Path("a,b.jpg"), "cat", 0.98765), told(Path('c"d.jpg'), UNSURE, 0.1), told(Path("e.jpg"), "dog")]
    write_table(said, tmp_path / "out.csv", {Path("e.jpg"): Path("dog/e.jpg")})
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["file", "label", "confidence"],
        ["a,b.jpg", "cat", "0.988"],
        ['c"d.jpg', "unsure", "0.100"],
        [str(Path("dog/e.jpg")), "dog", "0.900"],
    ]


def test_a_table_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_table([], tmp_path / "none" / "out.csv")


def test_the_table_can_be_read_back_as_labels(file: ClassifierFile, textures: Path, tmp_path: Path) -> None:
    classifier = with_manifest(file, threshold=0.6, strange=-1.0)
    said = [each for each in classifier.tell(sorted(textures.rglob("*.png"))) if isinstance(each, Told)]
    write_table(said, tmp_path / "out.csv")
    found = collect_labelled(textures, tmp_path / "out.csv")
    expected = {each.path: None if each.label == UNSURE else each.label for each in said}
    assert dict(zip(found.paths, found.labels, strict=True)) == expected

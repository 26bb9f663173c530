from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import ClassifierFileError, ImpastoError, OutputError, StyleFileError
from impasto.sorting.file import (
    ClassifierFile,
    find_classifier,
    load_classifier,
    load_classifier_manifest,
    save_classifier,
)
from impasto.sorting.regression import LinearHead
from impasto.style.archive import CLASSIFIER, HEAD_MEMBER, sha256, write_archive
from impasto.style.file import load_manifest, load_style


def test_it_comes_back_as_it_was(file: ClassifierFile, saved: Path) -> None:
    loaded = load_classifier(saved)
    assert loaded.manifest.model_copy(update={"members": {}}) == file.manifest
    for name in ("weights", "bias", "mean", "deviation", "centers"):
        np.testing.assert_array_equal(getattr(loaded.head, name), getattr(file.head, name))
    assert loaded.backbone is not None
    assert file.backbone is not None
    for name, value in file.backbone.items():
        np.testing.assert_array_equal(loaded.backbone[name], value)


def test_the_same_classifier_gives_the_same_bytes(file: ClassifierFile, saved: Path, tmp_path: Path) -> None:
    save_classifier(file, tmp_path / "again.classifier")
    assert (tmp_path / "again.classifier").read_bytes() == saved.read_bytes()


def test_it_holds_json_and_tensors_and_no_pickle(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert set(archive.namelist()) == {"classifier.json", "head.safetensors", "backbone.safetensors"}
        assert json.loads(archive.read("classifier.json"))["labels"] == ["board", "lying", "standing"]
        for name in archive.namelist():
            with pytest.raises((pickle.UnpicklingError, ValueError, EOFError, KeyError, AttributeError, IndexError)):
                pickle.loads(archive.read(name))


@pytest.mark.parametrize("position", [0.2, 0.5, 0.8, 0.99])
def test_a_changed_byte_is_noticed(saved: Path, position: float) -> None:
    content = bytearray(saved.read_bytes())
    content[int(position * len(content))] ^= 0x10
    saved.write_bytes(content)
    with pytest.raises(ClassifierFileError, match=saved.name):
        load_classifier(saved)


@pytest.mark.parametrize("size", [0, 1, 100, -1])
def test_a_cut_file_is_noticed(saved: Path, size: int) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ClassifierFileError, match=saved.name):
        load_classifier(saved)


def test_what_is_no_zip_is_no_classifier(tmp_path: Path) -> None:
    other = tmp_path / "a.classifier"
    other.write_bytes(pickle.dumps({"labels": ["a", "b"]}))
    with pytest.raises(ClassifierFileError, match="not a classifier file"):
        load_classifier(other)
    with pytest.raises(ClassifierFileError, match="folder"):
        load_classifier(tmp_path)


def test_a_style_is_no_classifier_and_the_other_way_round(
    saved: Path, save_look: Callable[..., Path], tmp_path: Path
) -> None:
    style = save_look(tmp_path / "a.style")
    with pytest.raises(ClassifierFileError, match="is a style, not a classifier: 'impasto apply' takes it"):
        load_classifier(style)
    for load in (load_style, load_manifest):
        with pytest.raises(StyleFileError, match="is a classifier, not a style: 'impasto sort apply' takes it"):
            load(saved)


def rewritten(saved: Path, change: Callable[[dict[str, object]], object], **members: bytes) -> Path:
    """Save a classifier whose JSON or members were changed by somebody who knows the format."""
    with zipfile.ZipFile(saved) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held |= {f"{name}.safetensors": content for name, content in members.items()}
    manifest = json.loads(held.pop("classifier.json"))
    manifest["members"] = {name: sha256(content) for name, content in held.items()}
    change(manifest)
    with saved.open("wb") as stream:
        write_archive(stream, {"classifier.json": json.dumps(manifest).encode(), **held}, CLASSIFIER)
    return saved


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["../../home", "b", "c"]}, "cannot name a class"),
        ({"labels": ["a\x1b[2J", "b", "c"]}, "cannot name a class"),
        ({"labels": ["a", "A", "c"]}, "two classes have one name"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": ["a", "b"]}, "do not fit its classes"),
        ({"labels": ["unsure", "b", "c"]}, "cannot name a class"),
        ({"temperature": 0}, "temperature"),
        ({"threshold": 7}, "threshold"),
        ({"backbone": "torch.load"}, "backbone"),
        ({"backbone": "frozen"}, "does not hold what a classifier does"),
        ({"schema_version": 2}, "newer Impasto"),
        ({"schema_version": "1"}, "schema_version"),
        ({"members": {}}, "does not hold what a classifier does"),
    ],
)
def test_a_strangers_json_is_read_strictly(saved: Path, change: dict[str, object], message: str) -> None:
    rewritten(saved, lambda manifest: manifest.update(change))
    with pytest.raises(ClassifierFileError, match=message):
        load_classifier(saved)


def test_unknown_keys_are_passed_over(saved: Path) -> None:
    rewritten(saved, lambda manifest: manifest.update({"from_the_future": 1}))
    assert load_classifier_manifest(saved).name == "textures"


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"junk" * 100])
def test_a_strangers_tensors_are_read_strictly(saved: Path, content: bytes) -> None:
    rewritten(saved, lambda _: None, head=content)
    with pytest.raises(ClassifierFileError, match=saved.name):
        load_classifier(saved)


@pytest.mark.parametrize(
    ("part", "value"),
    [("bias", np.nan), ("weights", np.inf), ("deviation", 0.0), ("mean", None), ("centers", None)],
)
def test_numbers_that_could_not_be_reckoned_with_are_refused(
    file: ClassifierFile, tmp_path: Path, part: str, value: float | None
) -> None:
    good = getattr(file.head, part)
    bad = good[..., :-1] if value is None else np.full_like(good, value)
    parts = {name: getattr(file.head, name) for name in ("weights", "bias", "mean", "deviation", "centers")}
    save_classifier(replace(file, head=LinearHead(**{**parts, part: bad})), tmp_path / "bad.classifier")
    with pytest.raises(ClassifierFileError, match="do not fit"):
        load_classifier(tmp_path / "bad.classifier")


def test_a_backbone_of_another_network_is_refused(file: ClassifierFile, tmp_path: Path) -> None:
    from impasto.sorting.classifier import Classifier

    assert file.backbone is not None
    fewer = dict(list(file.backbone.items())[1:])
    save_classifier(replace(file, backbone=fewer), tmp_path / "bad.classifier")
    classifier = Classifier.load(tmp_path / "bad.classifier")
    with pytest.raises(ClassifierFileError, match="another one"):
        classifier.probabilities(np.zeros((1, 64, 64, 3), np.uint8))


def test_members_have_limits() -> None:
    assert HEAD_MEMBER in CLASSIFIER.limits
    with pytest.raises(ClassifierFileError, match="a classifier holds"):
        write_archive(_Nowhere(), {"classifier.json": b" " * ((1 << 20) + 1)}, CLASSIFIER)  # type: ignore[arg-type]


class _Nowhere:
    def write(self, content: bytes) -> int:
        return len(content)

    def tell(self) -> int:
        return 0

    def flush(self) -> None: ...

    def seek(self, *_: int) -> int:
        return 0

    def seekable(self) -> bool:
        return False


def test_it_is_not_written_where_it_cannot(file: ClassifierFile, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_classifier(file, tmp_path / "none" / "a.classifier")
    with pytest.raises(OutputError):
        save_classifier(file, tmp_path)


def test_classifiers_are_found_by_path_or_name(saved: Path) -> None:
    assert find_classifier(saved) == saved
    with pytest.raises(ImpastoError, match="There is no classifier"):
        find_classifier(Path("no-such-thing"))

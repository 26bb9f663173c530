"""A classifier is read as if a stranger had made it: what is held against style files is held against these as well."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.errors import ClassifierFileError, ImpastoError, StyleFileError
from impasto.sorting.file import load_classifier, load_classifier_manifest
from impasto.style.archive import (
    CLASSIFIER,
    CLASSIFIER_MANIFEST_MEMBER,
    HEAD_MEMBER,
    STYLE,
    list_archive,
    read_manifest_member,
    read_member,
    sha256,
    write_archive,
)

MANIFEST = b'{"schema_version": 1}'


def zipped(path: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]], noun: str = "classifier") -> Path:
    """Write any zip at all, with the comment that a file of ours has."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = f"impasto {noun} sha256 {sha256(MANIFEST)}".encode()
    return path


def linked(name: str) -> zipfile.ZipInfo:
    """A member that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def packed_by(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    return info


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.classifier"
    with path.open("wb") as stream:
        write_archive(stream, {CLASSIFIER_MANIFEST_MEMBER: MANIFEST, HEAD_MEMBER: b"numbers"}, CLASSIFIER)
    return path


def test_what_was_written_is_read(plain: Path) -> None:
    assert list_archive(plain, CLASSIFIER) == (CLASSIFIER_MANIFEST_MEMBER, HEAD_MEMBER)
    assert read_manifest_member(plain, CLASSIFIER) == MANIFEST
    assert read_member(plain, HEAD_MEMBER, sha256(b"numbers"), CLASSIFIER) == b"numbers"


def test_a_member_of_another_hash_is_refused(plain: Path) -> None:
    with pytest.raises(ClassifierFileError, match="changed after it was saved"):
        read_member(plain, HEAD_MEMBER, sha256(b"others"), CLASSIFIER)


def test_a_member_that_is_not_there_is_missed(plain: Path) -> None:
    with pytest.raises(ClassifierFileError, match="holds no backbone"):
        read_member(plain, "backbone.safetensors", sha256(b""), CLASSIFIER)


@pytest.mark.parametrize("name", ["../up.json", "/etc/passwd", "a\\b", "a/b", ".hidden", "C:x", "a\nb"])
def test_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.classifier", [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), (name, b"x")])
    with pytest.raises(ClassifierFileError, match="unsafe path"):
        load_classifier(path)


def test_links_are_refused(tmp_path: Path) -> None:
    members = [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), (linked(HEAD_MEMBER), b"/etc/passwd")]
    with pytest.raises(ClassifierFileError, match="as a link"):
        load_classifier(zipped(tmp_path / "a.classifier", members))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packings_are_refused(tmp_path: Path, method: int) -> None:
    members = [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), (packed_by(HEAD_MEMBER, method), b"x" * 100)]
    with pytest.raises(ClassifierFileError, match="unknown packing"):
        load_classifier(zipped(tmp_path / "a.classifier", members))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    members = [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), (HEAD_MEMBER, bytes(30 << 20))]
    with pytest.raises(ClassifierFileError, match=r"would unpack head\.safetensors"):
        load_classifier(zipped(tmp_path / "a.classifier", members))


def test_a_manifest_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    padded = b"{" + bytes(range(33, 127)) * 12_000 + b"}"
    path = zipped(tmp_path / "a.classifier", [(CLASSIFIER_MANIFEST_MEMBER, padded)])
    with pytest.raises(ClassifierFileError, match="more than a classifier holds"):
        load_classifier_manifest(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_member_twice_is_refused(tmp_path: Path) -> None:
    members = [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), (HEAD_MEMBER, b"a"), (HEAD_MEMBER, b"b")]
    with pytest.raises(ClassifierFileError, match="twice"):
        load_classifier(zipped(tmp_path / "a.classifier", members))


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    members = [(CLASSIFIER_MANIFEST_MEMBER, MANIFEST), *((f"m{number}", b"x") for number in range(20))]
    with pytest.raises(ClassifierFileError, match="a classifier file has at most 3"):
        load_classifier(zipped(tmp_path / "a.classifier", list(members)))


def test_data_before_or_behind_the_zip_are_refused(plain: Path) -> None:
    content = plain.read_bytes()
    for changed in (content + b"more", b"PK" + content, content[:-1]):
        plain.write_bytes(changed)
        with pytest.raises(ClassifierFileError, match=plain.name):
            read_manifest_member(plain, CLASSIFIER)


def test_a_zip_of_somebody_else_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.classifier"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CLASSIFIER_MANIFEST_MEMBER, MANIFEST)
    with pytest.raises(ClassifierFileError, match="not a classifier file"):
        load_classifier(path)


@pytest.mark.parametrize(
    ("noun", "read_as", "error", "message"),
    [
        ("style", CLASSIFIER, ClassifierFileError, "is a style, not a classifier: 'impasto apply'"),
        ("classifier", STYLE, StyleFileError, "is a classifier, not a style: 'impasto sort apply'"),
    ],
)
def test_the_comment_tells_which_kind_it_is(
    tmp_path: Path, noun: str, read_as: object, error: type[ImpastoError], message: str
) -> None:
    path = zipped(tmp_path / "a.file", [("style.json", MANIFEST), (CLASSIFIER_MANIFEST_MEMBER, MANIFEST)], noun)
    with pytest.raises(error, match=message):
        read_manifest_member(path, read_as)  # type: ignore[arg-type]


def test_a_comment_that_claims_another_hash_is_noticed(plain: Path) -> None:
    content = plain.read_bytes()
    plain.write_bytes(content.replace(sha256(MANIFEST).encode(), sha256(b"other").encode()))
    with pytest.raises(ClassifierFileError, match=r"classifier\.json differs"):
        read_manifest_member(plain, CLASSIFIER)


def test_the_same_members_give_the_same_bytes(save_look: Callable[..., Path], plain: Path) -> None:
    again = io.BytesIO()
    write_archive(again, {CLASSIFIER_MANIFEST_MEMBER: MANIFEST, HEAD_MEMBER: b"numbers"}, CLASSIFIER)
    assert again.getvalue() == plain.read_bytes()


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ClassifierFileError, match="it is a folder"):
        read_manifest_member(tmp_path, CLASSIFIER)
    with pytest.raises(ClassifierFileError, match="cannot be read"):
        read_manifest_member(tmp_path / "none.classifier", CLASSIFIER)

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from impasto.errors import OutputError, UnreadableMediaError
from impasto.media.files import check_output, find_pictures, write_beside


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_folders_are_searched_recursively_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    for name in ["b/2.JPG", "a/9.png", "a/10.tiff", "1.webp", "c.NEF"]:
        touch(tmp_path / name)
    for name in [".hidden.jpg", ".thumbnails/1.jpg", "a/._1.jpg", "notes.txt", "jpg"]:
        touch(tmp_path / name)
    found = [path.relative_to(tmp_path).as_posix() for path in find_pictures([tmp_path])]
    assert found == ["1.webp", "a/10.tiff", "a/9.png", "b/2.JPG", "c.NEF"]


def test_a_file_named_directly_is_taken_whatever_its_suffix_and_only_once(tmp_path: Path) -> None:
    first, odd = touch(tmp_path / "z.jpg"), touch(tmp_path / "scan.dat")
    assert find_pictures([str(odd), first, tmp_path]) == [odd, first]


def test_an_empty_folder_has_no_pictures_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert find_pictures([tmp_path]) == []
    with pytest.raises(UnreadableMediaError, match=r"nowhere does not exist"):
        find_pictures([tmp_path, tmp_path / "nowhere"])


def test_write_beside_replaces_only_once_complete(tmp_path: Path) -> None:
    target = touch(tmp_path / "out.jpg", b"old")
    with write_beside(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".jpg"
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jpg"]


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()])
def test_write_beside_leaves_nothing_when_the_block_fails(tmp_path: Path, error: BaseException) -> None:
    target = touch(tmp_path / "out.jpg", b"old")
    with pytest.raises(type(error)), write_beside(target) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jpg"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "no permission"), (errno.EIO, "Input")],
)
def test_write_beside_says_what_the_system_refused(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught, write_beside(tmp_path / "out.jpg") as temporary:
        temporary.write_bytes(b"half")
        raise OSError(number, os.strerror(number))
    assert "out.jpg" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_write_beside_refuses_folders_devices_and_missing_folders(tmp_path: Path) -> None:
    targets = {
        "is a folder": tmp_path,
        "regular file": Path("/dev/null"),
        "folder does not exist": tmp_path / "no/a.jpg",
    }
    for words, target in targets.items():
        with pytest.raises(OutputError, match=words), write_beside(target) as temporary:
            temporary.write_bytes(b"x")


def test_write_beside_keeps_links_and_permissions(tmp_path: Path) -> None:
    target = touch(tmp_path / "real.jpg", b"old")
    target.chmod(0o640)
    link = tmp_path / "link.jpg"
    link.symlink_to(target)
    with write_beside(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    target = touch(tmp_path / "out.jpg")
    target.chmod(0o400)
    with pytest.raises(OutputError, match="write-protected"):
        check_output(target, tmp_path / "in.jpg")


def test_the_input_is_refused_under_every_name_unless_overwriting(tmp_path: Path) -> None:
    source = touch(tmp_path / "in.jpg")
    (tmp_path / "soft.jpg").symlink_to(source)
    os.link(source, tmp_path / "hard.jpg")
    for name in ["in.jpg", "soft.jpg", "hard.jpg", "../" + tmp_path.name + "/in.jpg"]:
        with pytest.raises(OutputError, match=r"is the input itself.*--overwrite"):
            check_output(tmp_path / name, source)
        check_output(tmp_path / name, source, overwrite=True)


def test_another_file_may_be_replaced_but_never_a_folder(tmp_path: Path) -> None:
    source, other = touch(tmp_path / "in.jpg"), touch(tmp_path / "out.jpg")
    check_output(other, source)
    check_output(tmp_path / "new.jpg", source)
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="is a folder"):
            check_output(tmp_path, source, overwrite=overwrite)


def test_write_beside_may_write_in_another_folder_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    with write_beside(tmp_path / "out.txt", tmp_path / "job") as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path / "job"
    assert (tmp_path / "out.txt").read_text() == "new"
    assert list((tmp_path / "job").iterdir()) == []


def test_write_beside_stays_beside_where_the_other_folder_is_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.media.files._are_on_one_disk", lambda *_: False)
    with write_beside(tmp_path / "out.txt", tmp_path / "job") as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
    assert (tmp_path / "out.txt").read_text() == "new"


def test_disks_are_told_apart(tmp_path: Path) -> None:
    from impasto.media.files import _are_on_one_disk

    assert _are_on_one_disk(tmp_path, tmp_path.parent)
    if Path("/proc").is_dir():
        assert not _are_on_one_disk(tmp_path, Path("/proc"))

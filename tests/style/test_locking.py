"""Locking: what opens a locked file, what does not, and that nothing is ever written in the clear."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impasto.errors import MissingExtraError, StyleFileError, UsageError
from impasto.style import locking
from impasto.style.archive import list_archive
from impasto.style.blend import blend_styles
from impasto.style.file import load_manifest, load_style, save_style, verify_style
from impasto.style.library import StyleLibrary
from impasto.style.locking import MAGIC, is_locked, lock, unlock
from impasto.style.passphrase import VARIABLE, ask_with, check_passphrase
from impasto.style.protection import lock_style, unlock_style

from .conftest import make_manifest, make_style

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make keys with little work, and leave no passphrase behind."""
    monkeypatch.setattr(locking, "_LOG_N", 14)
    monkeypatch.delenv(VARIABLE, raising=False)
    yield
    ask_with(None)


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "soft-print.style"
    save_style(make_style(), path)
    lock_style(path, PASSPHRASE)
    return path


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE)


# --- bytes ----------------------------------------------------------------------------------------------------------


@given(plain=st.binary(max_size=200))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_locked_comes_back(plain: bytes) -> None:
    ask_with(lambda path: PASSPHRASE)
    assert unlock(lock(plain, PASSPHRASE), Path("x")) == (plain, PASSPHRASE)


def test_no_two_are_the_same_and_none_shows_what_it_holds() -> None:
    plain = b"the same again and again " * 40
    first, second = lock(plain, PASSPHRASE), lock(plain, PASSPHRASE)
    assert first != second
    assert first[:16] == second[:16] == MAGIC
    for data in (first, second):
        assert plain[:12] not in data
        assert PASSPHRASE.encode() not in data
    assert len(first) == len(plain) + 63 + 16


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("place", ["magic", "work", "salt", "nonce", "check", "content", "tag"])
def test_every_change_is_found(place: str, locked: Path) -> None:
    data = bytearray(locked.read_bytes())
    where = {"magic": 3, "work": 16, "salt": 20, "nonce": 36, "check": 50, "content": 200, "tag": len(data) - 1}[place]
    data[where] ^= 1
    locked.write_bytes(data)
    with pytest.raises(StyleFileError) as caught:
        load_style(locked)
    expected = {"nonce": "changed after it was locked", "content": "changed after", "tag": "changed after"}
    expected |= {"magic": "not a style file", "work": "", "salt": "not its passphrase", "check": "not its passphrase"}
    assert expected[place] in str(caught.value)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("length", [16, 40, 70])
def test_a_truncated_file_is_said(locked: Path, length: int) -> None:
    locked.write_bytes(locked.read_bytes()[:length])
    with pytest.raises(StyleFileError, match="truncated"):
        load_style(locked)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("log_n", [0, 13, 21, 63, 255])
def test_a_stranger_cannot_make_it_work_for_ever(locked: Path, log_n: int) -> None:
    data = bytearray(locked.read_bytes())
    data[16] = log_n
    locked.write_bytes(data)
    with pytest.raises(StyleFileError, match="does not know"):
        load_style(locked)


# --- style files ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("known")
def test_a_locked_style_loads_as_before(locked: Path) -> None:
    plain, style = make_style(), verify_style(locked)
    assert style.passphrase == PASSPHRASE
    assert load_manifest(locked).name == "soft-print"
    assert list_archive(locked)[0] == "style.json"
    for name in plain.member_names:
        assert style.read(name) == plain.read(name)


def test_nothing_of_it_can_be_read_without_the_passphrase(locked: Path) -> None:
    data = locked.read_bytes()
    assert is_locked(locked)
    for shown in (b"style.json", b"generator", b"soft-print", b"PK\x03\x04", b"film print"):
        assert shown not in data
    with pytest.raises(StyleFileError, match=f"locked.*{VARIABLE}"):
        load_manifest(locked)


def test_the_wrong_passphrase_is_said(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE + "!")
    with pytest.raises(StyleFileError, match="not its passphrase"):
        load_style(locked)


def test_whoever_can_be_asked_has_three_tries(locked: Path) -> None:
    answers = ["first", "second", PASSPHRASE]
    asked: list[Path] = []

    def ask(path: Path) -> str | None:
        asked.append(path)
        return answers[len(asked) - 1] if len(asked) <= 3 else pytest.fail("asked a fourth time")

    ask_with(ask)
    assert load_style(locked).manifest.name == "soft-print"
    assert asked == [locked] * 3
    load_style(locked)
    assert asked == [locked] * 3, "what was answered is remembered"
    answers[2] = "third"
    asked.clear()
    ask_with(ask)
    with pytest.raises(StyleFileError, match="not its passphrase"):
        load_style(locked)


def test_where_nobody_answers_it_stays_shut(locked: Path) -> None:
    ask_with(lambda path: None)
    with pytest.raises(StyleFileError, match="is locked: give its passphrase"):
        load_style(locked)


@pytest.mark.usefixtures("known")
def test_saving_again_keeps_the_lock(locked: Path, tmp_path: Path) -> None:
    for number, style in enumerate((load_style(locked), load_style(locked).in_memory(preview=b"\xff\xd8 other"))):
        copy = tmp_path / f"copy-{number}.style"
        save_style(style, copy)
        assert is_locked(copy)
        assert verify_style(copy).generator == make_style().generator
    assert {path.name for path in tmp_path.iterdir()} == {"soft-print.style", "copy-0.style", "copy-1.style"}


@pytest.mark.usefixtures("known")
def test_a_blend_of_one_locked_style_keeps_the_lock(locked: Path, look_onnx: bytes) -> None:
    secret = make_style(generator=look_onnx)
    save_style(secret, locked)
    lock_style(locked, PASSPHRASE)
    other = make_style(manifest=make_manifest(name="other"), generator=look_onnx)
    assert blend_styles([(other, 0.5), (load_style(locked), 0.5)]).passphrase == PASSPHRASE
    assert blend_styles([(other, 0.5), (secret, 0.5)]).passphrase is None


@pytest.mark.usefixtures("known")
def test_unlocked_for_good(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tmp_path / "plain.style"
    save_style(make_style(), plain)
    unlock_style(locked)
    monkeypatch.delenv(VARIABLE)
    assert locked.read_bytes() == plain.read_bytes()
    assert load_style(locked).passphrase is None


def test_locking_leaves_no_plain_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written while a style is locked, or loaded and saved, is never the plain zip."""
    path = tmp_path / "a.style"
    save_style(make_style(), path)
    written: list[bytes] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        written.append(self.read_bytes())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    lock_style(path, PASSPHRASE)
    save_style(load_style(path), tmp_path / "b.style")
    assert len(written) == 2
    assert all(data.startswith(MAGIC) for data in written)


def test_what_cannot_be_locked_or_unlocked(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="locked already"):
        lock_style(locked, PASSPHRASE)
    before = locked.read_bytes()
    with pytest.raises(UsageError, match="8 characters"):
        lock_style(locked, "short")
    with pytest.raises(StyleFileError):
        unlock_style(locked)
    assert locked.read_bytes() == before
    plain = tmp_path / "plain.style"
    save_style(make_style(), plain)
    with pytest.raises(UsageError, match="not locked"):
        unlock_style(plain)
    broken = tmp_path / "broken.style"
    broken.write_bytes(b"PK broken")
    with pytest.raises(StyleFileError):
        lock_style(broken, PASSPHRASE)
    assert broken.read_bytes() == b"PK broken"
    with pytest.raises(StyleFileError, match="cannot be read"):
        unlock_style(tmp_path / "none.style")


def test_a_passphrase_must_be_worth_guessing() -> None:
    assert check_passphrase("eight ch") == "eight ch"
    with pytest.raises(UsageError):
        check_passphrase("seven c")


def test_a_library_lists_locked_styles_and_asks_nobody(locked: Path, tmp_path: Path) -> None:
    ask_with(lambda path: pytest.fail("asked"))
    library = StyleLibrary(tmp_path / "builtin", locked.parent)
    [(name, family, description)] = library.overview()
    assert (name, family) == ("soft-print", "")
    assert "locked" in description
    assert library.manifests() == {}


@pytest.mark.usefixtures("known")
def test_a_locked_style_is_installed_as_it_is(locked: Path, tmp_path: Path) -> None:
    library = StyleLibrary(tmp_path / "builtin", tmp_path / "own")
    assert library.add(locked) == "soft-print"
    assert (tmp_path / "own" / "soft-print.style").read_bytes() == locked.read_bytes()


@pytest.mark.usefixtures("known")
def test_a_file_that_is_too_large_is_not_read(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.style.archive.TOTAL_LIMIT", 1000)
    with pytest.raises(StyleFileError, match="larger than"):
        load_style(locked)


@pytest.mark.usefixtures("known")
def test_the_extra_is_named_where_it_is_missing(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking._derive.cache_clear()
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[protect\]"):
        load_style(locked)


def test_missing_files_are_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "none.style")
    assert not is_locked(tmp_path)

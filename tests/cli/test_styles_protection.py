"""`impasto styles` lock, unlock, key, sign, mark, verify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.style import locking
from impasto.style.locking import is_locked
from impasto.style.passphrase import VARIABLE

from .conftest import Run

PASSPHRASE = "correct horse"


@pytest.fixture
def own(home: Path, save_look: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A style of the user's in the working directory."""
    monkeypatch.setattr(locking, "_LOG_N", 14)
    monkeypatch.delenv(VARIABLE, raising=False)
    return save_look(Path("pale.style"))


def test_locked_used_and_unlocked(run: Run, own: Path, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = own.read_bytes()
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    assert run("styles", "lock", own).stdout == "Locked pale.style.\n"
    assert is_locked(own)
    run("apply", shoot / "a.png", "--style", own, "-o", "out.png")
    assert Path("out.png").is_file()
    assert "A pale mix." in run("styles", "show", own).stdout
    run("styles", "unlock", own)
    assert own.read_bytes() == plain


def test_without_the_passphrase(run: Run, own: Path, shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert VARIABLE in run("styles", "lock", own, code=2).stderr
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    run("styles", "lock", own)
    monkeypatch.setenv(VARIABLE, "another one")
    for words in (["styles", "show", own], ["styles", "unlock", own], ["styles", "verify", own]):
        assert "not its passphrase" in run(*words, code=2).stderr
    monkeypatch.delenv(VARIABLE)
    assert VARIABLE in run("apply", shoot / "a.png", "--style", own, "-o", "out.png", code=2).stderr
    assert not Path("out.png").exists()


def test_a_short_passphrase_is_refused(run: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "short")
    assert "8 characters" in run("styles", "lock", own, code=2).stderr
    assert not is_locked(own)


def test_whoever_sits_at_the_terminal_is_asked(run: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from impasto.cli import styles_protection

    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    run("styles", "lock", own)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(styles_protection.sys, "stdin", Terminal())
    asked: list[str] = []

    def prompt(text: str, **options: object) -> str:
        assert options["hide_input"]
        asked.append(text)
        return PASSPHRASE

    monkeypatch.setattr(styles_protection.typer, "prompt", prompt)
    assert styles_protection.ask_passphrase(own) == PASSPHRASE
    assert asked == ["Passphrase of pale.style"]
    assert os.environ[VARIABLE] == PASSPHRASE, "for processes that help"
    monkeypatch.delenv(VARIABLE)
    assert styles_protection._new_passphrase(own) == PASSPHRASE


class Terminal:
    def isatty(self) -> bool:
        return True


def test_a_server_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from impasto.cli.main import impasto
    from impasto.cli.styles_protection import ask_passphrase
    from impasto.style import passphrase

    for command, asks in (("studio", []), ("apply", [ask_passphrase])):
        impasto(SimpleNamespace(invoked_subcommand=command))  # type: ignore[arg-type]
        assert passphrase._asker == asks
    passphrase.ask_with(None)


def test_signed_and_verified(run: Run, own: Path) -> None:
    made = run("styles", "key", "me.key").stdout
    assert "me.key.pub" in made
    fingerprint = made.strip().splitlines()[-1].removeprefix("Fingerprint: ")
    assert "not signed" in run("styles", "verify", own).stdout
    assert "not signed" in run("styles", "verify", own, "--key", "me.key.pub", code=2).stderr
    assert fingerprint in run("styles", "sign", own, "--key", "me.key").stdout
    assert fingerprint in run("styles", "verify", own).stdout
    assert "signed with this key" in run("styles", "verify", own, "--key", "me.key.pub").stdout
    run("styles", "key", "other.key")
    assert "not by" in run("styles", "verify", own, "--key", "other.key.pub", code=2).stderr
    assert "never replaced" in run("styles", "key", "me.key", code=2).stderr
    assert "public part" in run("styles", "sign", own, "--key", "me.key.pub", code=2).stderr


def test_marked_and_found(run: Run, home: Path) -> None:
    run("styles", "key", "me.key")
    marked = run("styles", "mark", _builtin("noir"), "-o", "marked.style", "--key", "me.key").stdout
    assert "Wrote marked.style" in marked
    assert "carries the mark of this key" in run("styles", "verify", "marked.style", "--key", "me.key").stdout
    assert "No mark of this key" in run("styles", "verify", _builtin("noir"), "--key", "me.key").stdout
    run("styles", "key", "thief.key")
    run("styles", "sign", "marked.style", "--key", "thief.key")
    shown = run("styles", "verify", "marked.style", "--key", "me.key").stdout
    assert "signed by another" in shown
    assert "carries the mark of this key" in shown
    assert "exists" in run("styles", "mark", _builtin("noir"), "-o", "marked.style", "--key", "me.key", code=2).stderr


def _builtin(name: str) -> Path:
    from impasto.style.library import default_library

    return default_library().builtin_dir / f"{name}.style"


def test_a_style_without_weights_cannot_be_marked(run: Run, own: Path) -> None:
    run("styles", "key", "me.key")
    result = run("styles", "mark", own, "-o", "marked.style", "--key", "me.key", code=2)
    assert "too few to carry a mark" in result.stderr
    assert not Path("marked.style").exists()


def test_a_locked_style_is_listed(run: Run, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_LOG_N", 14)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    run("styles", "lock", style)
    monkeypatch.delenv(VARIABLE)
    assert any(line.startswith("pale") and "locked" in line for line in run("styles").stdout.splitlines())

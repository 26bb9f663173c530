"""`impasto studio`, up to the point where it serves."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import impasto
import impasto.studio
from impasto.studio import server
from impasto.studio.settings import Settings

from .conftest import Run


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a browser was opened at."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    return addresses


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, home: Path) -> list[Settings]:
    """Settings of studios that were asked for; none is really served."""
    asked: list[Settings] = []

    def serve(settings: Settings, ready: Callable[[str], None]) -> None:
        asked.append(settings)
        ready(server.page_address(settings, settings.port))

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.delenv("IMPASTO_TOKEN", raising=False)
    return asked


def test_it_opens_the_page_on_this_machine_alone(run: Run, served: list[Settings], opened: list[str]) -> None:
    output = run("studio").stdout
    [settings] = served
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8000, None)
    assert settings.sign_path is None
    assert opened == ["http://127.0.0.1:8000/"]
    assert "http://127.0.0.1:8000/" in output
    assert "token" not in output


def test_or_opens_none(run: Run, served: list[Settings], opened: list[str]) -> None:
    assert "http://127.0.0.1:9123/" in run("studio", "--port", 9123, "--no-browser").stdout
    assert opened == []


def test_for_others_there_is_a_token_and_it_is_printed(run: Run, served: list[Settings], opened: list[str]) -> None:
    output = run("studio", "--host", "0.0.0.0", "--no-browser").stdout
    token = served[0].token
    assert token is not None
    assert len(token) >= 32
    assert f"http://127.0.0.1:8000/?token={token}" in output
    assert f"token: {token}" in output
    run("studio", "--host", "0.0.0.0", "--no-browser")
    assert served[1].token != token


def test_ones_own_token(run: Run, served: list[Settings], opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run("studio", "--token", "a-token-of-my-own-choice")
    monkeypatch.setenv("IMPASTO_TOKEN", "one-from-the-environment")
    run("studio", "--host", "0.0.0.0")
    assert [each.token for each in served] == ["a-token-of-my-own-choice", "one-from-the-environment"]


def test_where_things_are_kept_and_for_how_long(run: Run, served: list[Settings], opened: list[str]) -> None:
    run("studio", "--data", "here", "--keep-days", 1.5, "--allow-host", "Studio.Local", "--allow-host", "other")
    [settings] = served
    assert settings.data_dir == Path.cwd() / "here"
    assert settings.retention_days == 1.5
    assert settings.allowed_hosts == {"studio.local", "other"}


def test_a_certificate(run: Run, served: list[Settings], opened: list[str]) -> None:
    run("studio", "--sign", "cert.pem")
    assert served[0].sign_path == Path("cert.pem")


@pytest.mark.parametrize(
    "words", [("--port", -1), ("--port", 70_000), ("--keep-days", 0), ("--nonsense",), ("--port", "x")]
)
def test_options_that_cannot_be(run: Run, served: list[Settings], opened: list[str], words: tuple[Any, ...]) -> None:
    run("studio", *words, code=2)
    assert served == []


def test_without_the_extra_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is imported meanwhile must not stay in place of the package that all other tests know.
    monkeypatch.setattr(impasto, "studio", impasto.studio)
    for name in [name for name in sys.modules if name.startswith("impasto.studio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'impasto[studio]'" in run("studio", "--no-browser", code=2).output

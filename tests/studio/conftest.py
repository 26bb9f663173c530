"""A studio through a test client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from impasto.studio.app import create_app
from impasto.studio.settings import Limits, Settings

from .sights import PlainSight
from .studio_parts import BASE, FakeWorks, OpenStudio, TestClient


@pytest.fixture
def works() -> FakeWorks:
    return FakeWorks()


@pytest.fixture
def sight(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainSight]:
    """What a studio sees with that is opened after this."""
    plain = PlainSight()
    monkeypatch.setattr("impasto.studio.alike.SightProcess", lambda: plain)
    yield plain
    plain.rest()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Studio</title>", encoding="utf-8")
    (folder / "js" / "app.js").write_text("export {};", encoding="utf-8")
    (folder / ".hidden.js").write_text("secret", encoding="utf-8")
    (folder / "notes.py").write_text("secret", encoding="utf-8")
    (tmp_path / "outside.js").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
def open_studio(home: Path, data_dir: Path, page_dir: Path, works: FakeWorks) -> Iterator[OpenStudio]:
    """Return a function that starts a studio: `open_studio(limits=Limits(...), token=..., host=..., real=True)`."""
    with ExitStack() as stack:

        def open_one(*, limits: Limits | None = None, real: bool = False, **fields: Any) -> TestClient:
            settings = Settings(data_dir, page_dir=page_dir, limits=limits or Limits(), **fields)
            app = create_app(settings) if real else create_app(settings, works)
            return stack.enter_context(TestClient(app, base_url=BASE, follow_redirects=False))

        yield open_one


@pytest.fixture
def client(open_studio: OpenStudio) -> TestClient:
    return open_studio()


@pytest.fixture
def pale(home: Path, save_look: Callable[..., Path]) -> str:
    """An installed look, whose effect is known."""
    return save_look(home / "pale.style").stem

"""A studio with its page, served on a port of this machine, and a browser to open it with."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from chromium import open_chromium

from impasto.studio.app import create_app
from impasto.studio.settings import PAGE_DIR, Settings
from impasto.style.lut_member import pack_lut

from ..studio_parts import FakeWorks
from .visits import Visit

_SWITCHES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture
def page_dir() -> Path:
    """The page itself, not one made for a test."""
    return PAGE_DIR


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with open_chromium(*_SWITCHES) as opened:
        yield opened


@dataclass
class Site:
    """A studio that is served: where, and the works whose events a test tells; with `real` jobs, none come."""

    browser: Any
    url: str
    works: FakeWorks

    def visit(self, path: str = "#/photos", **options: Any) -> Visit:
        return Visit(self.browser, self.url, **options).open(path)


class Server(uvicorn.Server):
    """Ends when it is told to, not on signals."""

    def install_signal_handlers(self) -> None:
        pass


Serve = Callable[..., Site]


@pytest.fixture
def serve(
    browser: Any,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    save_look: Callable[..., Path],
    save_paint: Callable[..., Path],
) -> Iterator[Serve]:
    """Return a function that serves a studio with two looks and two paints: `serve(real=False, **settings)`."""
    (tmp_path / "builtin").mkdir()
    monkeypatch.setattr("impasto.style.library.__file__", str(tmp_path / "library.py"))  # no built-in styles: fast
    identity = np.stack(np.meshgrid(*[np.linspace(0, 1, 17)] * 3, indexing="ij"), axis=-1)
    save_look(home / "pale.style", mean_lut=pack_lut(identity * 0.8 + 0.1))
    save_look(home / "paler.style", description="A paler mix.")
    save_paint(home / "negative.style", "invert")
    save_paint(home / "sharp.style", "sharpen")
    with ExitStack() as stack:

        def serve_one(*, real: bool = False, **fields: Any) -> Site:
            works = FakeWorks()
            settings = Settings(tmp_path / "data", **fields)
            app = create_app(settings) if real else create_app(settings, works)
            bound = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            config = uvicorn.Config(
                app, log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1, lifespan="on"
            )
            server = Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(30)

            stack.callback(stop)
            while not server.started:
                assert thread.is_alive()
                thread.join(0.05)
            return Site(browser, f"http://127.0.0.1:{bound.getsockname()[1]}/", works)

        yield serve_one


@pytest.fixture
def site(serve: Serve) -> Site:
    return serve()

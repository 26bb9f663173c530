"""Chromium, for tests in a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str | None:
    """Return where Chromium is: what the variable CHROMIUM says, else what is on the path, as `make browser` looks."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def open_chromium(*switches: str) -> Iterator[Any]:
    """Open a browser, or skip what asks for one, and say what it takes.

    Only one can be open in a process: while it is, an event loop counts as running there, and neither another browser
    nor `asyncio.run` will start. So fixtures of it last for a module, or for a folder all of whose tests share it, and
    never for a session.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    executable = chromium_path()
    if executable is None:
        pytest.skip("Chromium is not installed here: make browser")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=executable, args=["--no-sandbox", *switches])
        yield launched
        launched.close()

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import run

from impasto.export.web import write_site
from impasto.style.file import load_style

from .web_sites import SUB_PATH

__all__ = ["run"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SWITCHES = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Whatever a page might ask of another machine fails, and is a complaint.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
WriteSite = Callable[..., Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=executable, args=[*_SWITCHES])
        yield launched
        launched.close()


@pytest.fixture
def write_page(tmp_path: Path) -> WriteSite:
    """Return a function that writes the page of a style file below a folder, which it returns."""

    def write(style_path: Path, name: str = "", **options: Any) -> Path:
        given = {"load_runtime": dict} | options
        site = tmp_path / "served" / SUB_PATH
        site.parent.mkdir(parents=True, exist_ok=True)
        write_site(load_style(style_path), name or style_path.stem, site, **given)
        return tmp_path / "served"

    return write

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import open_chromium
from cli.conftest import run

from impasto.export.web import write_site
from impasto.style.file import load_style

from .web_sites import SUB_PATH

__all__ = ["run"]

_SWITCHES = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Whatever a page might ask of another machine fails, and is a complaint.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
WriteSite = Callable[..., Path]


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with open_chromium(*_SWITCHES) as opened:
        yield opened


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

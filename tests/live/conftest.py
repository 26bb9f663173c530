"""The command line, and styles whose effect is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("av")

from cli.conftest import Run, RunProcess, run, run_process

__all__ = ["Run", "RunProcess", "run", "run_process"]


@pytest.fixture
def pale(home: Path, save_look: Callable[..., Path]) -> str:
    """A look: 0.1 + 0.6·rgb + 0.2·bgr + 0.1·mean."""
    save_look(home / "pale.style")
    return "pale"


@pytest.fixture
def negative(home: Path, save_paint: Callable[..., Path]) -> str:
    """A paint style that inverts."""
    save_paint(home / "negative.style", "invert")
    return "negative"

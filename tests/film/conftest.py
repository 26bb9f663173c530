"""The command line, styles whose effect is known, and films."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")

from cli.conftest import Run, RunProcess, run, run_process

from .films import short_film

__all__ = ["Run", "RunProcess", "run", "run_process"]


@pytest.fixture
def pale(home: Path, save_look: Callable[..., Path]) -> str:
    """A look: 0.1 + 0.6·rgb + 0.2·bgr + 0.1·mean."""
    save_look(home / "pale.style")
    return "pale"


@pytest.fixture
def brush(home: Path, save_paint: Callable[..., Path]) -> str:
    """A paint style that remembers."""
    save_paint(home / "brush.style", "brush")
    return "brush"


@pytest.fixture
def film(home: Path) -> Path:
    return short_film("film.mp4")


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make units short, so that a short film has several."""
    from impasto.film import plan, planning

    def cut(shots: Any, memory: Any = None, max_frames: int = 8) -> Any:
        return plan.cut_units(shots, memory, max_frames)

    monkeypatch.setattr(planning, "cut_units", cut)

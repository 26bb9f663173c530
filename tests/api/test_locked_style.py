"""A locked style through the public doors: it works as before, and no copy of it is plain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import impasto
from impasto.api.film_style import AppliedStyle
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import StyleFileError
from impasto.style import locking
from impasto.style.locking import is_locked
from impasto.style.passphrase import VARIABLE
from impasto.style.protection import lock_style

PASSPHRASE = "correct horse"


@pytest.fixture
def locked(home: Path, save_look: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(locking, "_LOG_N", 14)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    path = save_look(Path("pale.style"))
    lock_style(path, PASSPHRASE)
    return path


def test_it_is_applied_as_before(locked: Path, picture: NDArray[np.uint8], assert_graded: Callable[..., Any]) -> None:
    assert_graded(impasto.load(locked).apply(picture), picture)


def test_it_is_saved_locked(locked: Path) -> None:
    assert is_locked(impasto.load(locked).save("copy.style"))
    assert impasto.load("copy.style").description == "A pale mix."


def test_the_copy_that_a_job_over_a_film_works_from_is_locked(locked: Path, tmp_path: Path) -> None:
    applied = AppliedStyle.of(impasto.load(locked), StylizerOptions())
    folder = tmp_path / "job"
    folder.mkdir()
    kept = applied.kept(folder)
    assert [path.name for path in kept.paths] == ["0.style"]
    assert all(is_locked(path) for path in kept.paths)
    assert kept.describe() == applied.describe()


def test_without_its_passphrase_it_stays_shut(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(StyleFileError, match=VARIABLE):
        impasto.load(locked)

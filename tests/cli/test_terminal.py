"""What shows where somebody watches: bars on standard error, gone at the end, and never where nobody does."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.cli.evaluate import _progress as evaluation_progress
from impasto.cli.learn_progress import describe, watch
from impasto.cli.progress import count_progress, file_progress

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen(io.StringIO):
    """A terminal that remembers what was drawn on it."""

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        return CONTROL.sub("", self.getvalue())


@contextmanager
def written_to(stream: io.StringIO) -> Iterator[None]:
    """Put a stream in the place of standard error; pytest puts its own there before each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "stderr", stream)
        yield


def run_progress(**changes: Any) -> Any:
    given = {
        "step": 40,
        "fraction": 0.25,
        "seconds_left": 95.4,
        "scalars": {"generator/loss": 1.5, "discriminator/loss": 0.25, "generator/rate": 0.002},
        "distance": 0.0321,
        "untouched_distance": 0.2,
    }
    return SimpleNamespace(**(given | changes))


def test_files_are_counted_with_their_names() -> None:
    with written_to(screen := Screen()), file_progress(3) as progress:
        progress(Path("shoot/day 2/[bold]b.png"), range(2))  # type: ignore[arg-type]
    assert "2/3" in screen.text
    assert "[bold]b.png" in screen.text, "a name is no markup"
    assert "day 2" not in screen.text


def test_one_file_is_not_worth_a_bar() -> None:
    with written_to(screen := Screen()), file_progress(1) as progress:
        progress(Path("a.png"), range(1))  # type: ignore[arg-type]
    assert screen.text == ""


def test_pictures_for_the_library_are_counted() -> None:
    with written_to(screen := Screen()), count_progress() as progress:
        assert progress is not None
        progress(16, 40)
    assert "16/40" in screen.text


def test_an_evaluation_counts_its_steps() -> None:
    with written_to(screen := Screen()), evaluation_progress() as progress:
        progress(3, 12, "face.jpg")
    assert "3/12" in screen.text
    assert "face.jpg" in screen.text


def test_a_training_run_shows_its_state_and_messages_above_it() -> None:
    with written_to(screen := Screen()), watch() as listener:
        listener.say("references: 20 of 21 [used]")
        listener.progress(run_progress())
    assert "references: 20 of 21 [used]\n" in screen.text
    assert " 25%" in screen.text
    assert "step 40, generator 1.500, discriminator 0.250" in screen.text


def test_nothing_moves_where_nobody_watches() -> None:
    with (
        written_to(log := io.StringIO()),
        file_progress(3) as on_file,
        count_progress() as on_count,
        evaluation_progress() as on_step,
    ):
        on_file(Path("a.png"), range(1))  # type: ignore[arg-type]
        on_step(1, 2, "a.png")
        assert on_count is None
    assert log.getvalue() == ""


def test_a_log_of_a_training_run_has_a_line_for_each_tenth() -> None:
    with written_to(log := io.StringIO()), watch() as listener:
        listener.say("begins")
        for step in range(1, 101):
            listener.progress(run_progress(step=step, fraction=step / 100))
    lines = log.getvalue().splitlines()
    assert lines[0] == "begins"
    assert [line[:4].strip() for line in lines[1:]] == [f"{tenth}0%" for tenth in range(1, 11)]
    assert "step 10," in lines[1]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(95.4, "1:35 left"), (59.6, "1:00 left"), (3725, "62:05 left"), (-3, "0:00 left")]
)
def test_the_time_left(seconds: float, shown: str) -> None:
    assert describe(run_progress(seconds_left=seconds)).endswith(f", {shown}")


def test_what_is_not_known_yet_is_left_out() -> None:
    unknown = run_progress(seconds_left=float("nan"), distance=float("nan"), scalars={})
    assert describe(unknown) == "step 40"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_real_terminal_is_left_clean(shoot: Path, style: Path, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "impasto", "apply", str(shoot), "--style", str(style), "-o", str(tmp_path / "out")]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment)
    os.close(theirs)
    stdout, _ = process.communicate(timeout=60)
    drawn = b""
    while part := _read(ours):
        drawn += part
    os.close(ours)
    assert process.returncode == 0
    assert stdout == f"2 done: in {tmp_path / 'out'}\n", "what a script reads has no bar in it"
    assert b"2/2" in drawn
    assert drawn.count(b"\x1b[?25l") == drawn.count(b"\x1b[?25h") > 0, "the cursor is shown again"
    assert drawn.rstrip().endswith(b"\x1b[2K"), "the bar is wiped away"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end was closed
        return b""

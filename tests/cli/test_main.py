"""The command line as a process: exit codes, what it loads, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import impasto
from impasto.cli import ending
from impasto.cli.main import app, command_options

from .conftest import Run, RunProcess

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_project(run: Run) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert run("--version").stdout == f"impasto {stated}\n"
    assert impasto.__version__ == stated


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help").stdout
    for command in ("learn", "apply", "styles", "export", "compare"):
        assert command in shown
        assert "--help" in run(command, "-h").stdout


def test_without_words_it_shows_help(run: Run) -> None:
    assert "Usage" in run(code=2).output


def test_options_keep_one_name_everywhere() -> None:
    """A long option always goes with the same letter, and a letter with the same option."""
    pairs: dict[str, set[str]] = {}
    command = typer.main.get_command(app)
    commands = [*command.commands.values(), *command.commands["styles"].commands.values()]  # type: ignore[attr-defined]
    for each in commands:
        for parameter in each.params:
            long, short = (
                sorted(o for o in parameter.opts if o.startswith("--") == wanted) for wanted in (True, False)
            )
            if long and parameter.name != "help":
                pairs.setdefault(long[0], set()).update(short or {""})
    assert {long: letters for long, letters in pairs.items() if len(letters) > 1} == {}
    assert pairs["--style"] == {"-s"}
    assert pairs["--output"] == {"-o"}
    assert pairs["--jobs"] == {"-j"}


def test_the_options_of_each_command_are_known_to_the_guard_of_the_readme() -> None:
    known = command_options()
    assert {"--style", "-s", "--strength", "--skip-existing"} <= known["apply"]
    assert {"--overwrite", "--name"} <= known["styles add"]
    assert "--version" in known[""]


# --- as a process ---------------------------------------------------------------------------------------------------


def test_applying_never_reaches_torch(run_process: RunProcess, shoot: Path, style: Path) -> None:
    result = run_process("apply", shoot, "-s", "pale", "-o", "graded", "--jobs", "2")
    assert result.stdout == "2 done: in graded\n"
    assert result.stderr == ""
    assert Path("graded/day 2/b.png").exists()


def test_comparing_and_exporting_never_reach_torch(run_process: RunProcess, shoot: Path, style: Path) -> None:
    run_process("compare", shoot, "-s", "pale", "-o", "sheet.jpg")
    run_process("export", "pale", "-o", "a.cube", "--for", shoot / "a.png")
    assert Path("sheet.jpg").exists()
    assert Path("a.cube").exists()


def test_failures_in_part_end_with_1_and_wrong_use_with_2(run_process: RunProcess, shoot: Path, style: Path) -> None:
    (shoot / "c.jpg").write_bytes(b"")
    assert "c.jpg" in run_process("apply", shoot, "-s", "pale", code=1).stderr
    refused = run_process("apply", shoot, "-s", "pael", code=2)
    assert refused.stderr == "impasto: no style named 'pael'; did you mean 'pale'?\n"
    assert refused.stdout == ""


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom impasto.cli.main import app\n"
        "try:\n    app(['apply', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('torch', 'numba', 'onnxruntime', 'impasto.style.manifest', 'PIL', 'onnx', 'numpy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_listing_styles_needs_no_network_and_no_pictures(style: Path) -> None:
    code = (
        "import sys\nfrom impasto.cli.main import app\n"
        "try:\n    app(['styles'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('torch', 'numba', 'onnxruntime', 'PIL') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "A pale mix." in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_stops_reading_is_no_fault(style: Path, save_look: Callable[..., Path]) -> None:
    for number in range(30):
        save_look(style.with_name(f"style-{number}.style"), description="x" * 900)
    process = subprocess.Popen(
        [sys.executable, "-m", "impasto", "styles"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _, shown = process.communicate(timeout=60)
    assert shown == ""
    assert process.returncode == ending.PIPE_CLOSED


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_control_c_ends_with_130_and_leaves_no_half_file(shoot: Path, style: Path) -> None:
    os.mkfifo("slow.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "impasto", "apply", "slow.png", "-s", "pale", "-o", "out/"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that was started in the background hands down that Ctrl-C is to be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    writer = open_when_read("slow.png")
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == ending.INTERRUPTED, shown
    assert shown == "impasto: Interrupted.\n"
    assert not Path("out").exists()


def open_when_read(pipe: str) -> int:
    """Open a named pipe for writing as soon as somebody has opened it for reading."""
    for _ in range(3000):
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(pipe)


# --- endings --------------------------------------------------------------------------------------------------------


def end_with(error: BaseException) -> tuple[int, str]:
    def fail() -> None:
        raise error

    small = typer.Typer()
    small.command()(ending.with_clean_ending(fail))
    result = CliRunner().invoke(small, [])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stderr


@pytest.mark.parametrize("name", [name for name in impasto.__all__ if name.endswith("Error")])
def test_every_error_of_ours_is_a_message(name: str) -> None:
    error: Exception = getattr(impasto, name)("a.jpg is empty.")
    assert end_with(error) == (2, "impasto: a.jpg is empty.\n")


def test_an_interruption_is_one() -> None:
    assert end_with(KeyboardInterrupt()) == (130, "impasto: Interrupted.\n")


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        end_with(ZeroDivisionError("a bug"))

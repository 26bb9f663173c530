"""What `impasto apply` takes for films, where it puts them, and what it shows meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.cli.apply_films import _targets, check_film_options, split_inputs
from impasto.cli.apply_summary import Summary
from impasto.cli.film_options import parse_seconds
from impasto.cli.film_progress import LiveListener, PlainListener, clock_time, film_progress
from impasto.errors import UsageError
from impasto.film.files import FILM_SUFFIXES, default_output, is_film, is_sequence


def command(**fields: Any) -> Any:
    stated = {
        "output": None,
        "jobs": 1,
        "overwrite": False,
        "skip_existing": False,
        "preview": None,
        "stills": None,
        "cluster": None,
        "report": None,
    }
    return SimpleNamespace(**(stated | fields))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("film.mp4", "film"),
        ("FILM.MOV", "film"),
        ("a/b.mkv", "film"),
        ("tape.mxf", "film"),
        ("shots/%06d.exr", "sequence"),
        ("shots/%d.png", "sequence"),
        ("100%.png", ""),
        ("photo.jpg", ""),
        ("mp4", ""),
    ],
)
def test_films_are_told_by_their_names(name: str, kind: str) -> None:
    assert is_film(Path(name)) == (kind == "film")
    assert is_sequence(Path(name)) == (kind == "sequence")


def test_no_picture_counts_as_a_film() -> None:
    from impasto.media.files import PICTURE_SUFFIXES

    assert not FILM_SUFFIXES & PICTURE_SUFFIXES


def test_inputs_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clips.mp4").mkdir()
    given = [Path(name) for name in ("a.jpg", "b.mp4", "shoot", "c/%04d.png", "clips.mp4")]
    pictures, films = split_inputs(given)
    assert [path.as_posix() for path in pictures] == ["a.jpg", "shoot", "clips.mp4"]
    assert [path.as_posix() for path in films] == ["b.mp4", "c/%04d.png"]


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("film.mp4", "film-noir.mp4"),
        ("a/film.x.mov", "a/film.x-noir.mov"),
        ("a/shots/%04d.png", "a/shots-noir/%04d.png"),
    ],
)
def test_the_default_output(source: str, output: str) -> None:
    assert default_output(Path(source), "noir").as_posix() == output


@pytest.mark.parametrize(
    ("films", "fields", "is_only", "targets"),
    [
        (["a.mp4"], {}, True, ["a-noir.mp4"]),
        (["a.mp4"], {"output": "b.mkv"}, True, ["b.mkv"]),
        (["a.mp4"], {"output": "out/"}, True, ["out/a.mp4"]),
        (["a.mp4"], {"output": "there"}, True, ["there/a.mp4"]),
        (["a.mp4"], {"output": "out"}, False, ["out/a.mp4"]),
        (["a.mp4", "x/b.mov"], {"output": "out"}, False, ["out/a.mp4", "out/b.mov"]),
        (["a.mp4"], {"preview": "2s"}, True, ["a-noir-preview.mp4"]),
        (["a.mp4"], {"stills": 3}, True, ["a-noir-stills"]),
        (["a.mp4"], {"stills": 3, "output": "s/"}, True, ["s"]),
        (["a.mp4", "b.mp4"], {"stills": 3, "output": "s"}, False, ["s/a", "s/b"]),
    ],
)
def test_where_films_go(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    films: list[str],
    fields: dict[str, Any],
    is_only: bool,
    targets: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    found = _targets([Path(film) for film in films], "noir", command(**fields), is_only)
    assert [path.as_posix() for path in found] == targets


def test_two_films_do_not_go_to_one_place() -> None:
    with pytest.raises(UsageError, match="one name"):
        _targets([Path("a/x.mp4"), Path("b/x.mp4")], "noir", command(output="out"), False)
    with pytest.raises(UsageError, match="sequence"):
        _targets([Path("a/%d.png"), Path("x.mp4")], "noir", command(output="out"), False)


@pytest.mark.parametrize(
    "fields",
    [
        {"preview": "2s", "stills": 2},
        {"preview": "long"},
        {"skip_existing": True, "overwrite": True},
    ],
)
def test_options_that_contradict_each_other(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        check_film_options(command(**fields))
    check_film_options(command())


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10), ("10s", 10), (" 2.5 S", 2.5), ("1m", 60), ("1.5 min", 90), ("3 seconds", 3)]
)
def test_lengths(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0", "0s", "-2s", "1:30", "ten", "10 frames"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(UsageError, match="10s"):
        parse_seconds(text)


# --- what is shown --------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    listener = PlainListener("film.mp4", clock)
    listener.begin("restyling", 7200, 1200)
    for _ in range(300):
        clock.now += 1
        listener.advance(10)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[0] == "film.mp4: restyling, 1800/7200 frames, 10 a second, 9:00 left"


def test_a_film_of_unknown_length_has_no_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    listener = PlainListener("film.mp4", clock)
    listener.begin("looking", None)
    clock.now = 61
    listener.advance(122)
    assert capsys.readouterr().err == "film.mp4: looking, 122 frames, 2 a second\n"
    listener.say("A worker has died.")
    assert "A worker has died." in capsys.readouterr().err


def test_a_bar_counts_frames_that_are_lost_again() -> None:
    from rich.progress import Progress

    bar = Progress(disable=True)
    listener = LiveListener(bar, "film.mp4")
    listener.advance(3)
    listener.begin("looking", 40)
    listener.begin("restyling", 40, 8)
    listener.advance(10)
    listener.advance(-4)
    [task] = bar.tasks
    assert (task.completed, task.total) == (14, 40)
    assert "restyling" in task.description


def test_where_nobody_watches_there_is_no_bar() -> None:
    with film_progress("film.mp4") as listener:
        assert isinstance(listener, PlainListener)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (605, "10:05"), (7325, "2:02:05"), (-3, "0:00")]
)
def test_times(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text


def test_the_end_says_what_became_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    Summary([Path("a/x.mp4")], ["40 frames"]).show("onnx")
    assert capsys.readouterr().out == "1 done, painted by onnx: a/x.mp4 (40 frames)\n"
    Summary([Path("a/x.mp4"), Path("a/b/y.png")], ["40 frames"], 1, [], ["x.mp4: shot 2 looks bad"]).show("")
    captured = capsys.readouterr()
    assert captured.out == "2 done, 1 skipped, 1 with a warning: in a\n"
    assert "shot 2" in captured.err


def test_help_reaches_nothing_that_films_need() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from impasto.cli.main import app\n"
        "result = CliRunner().invoke(app, ['apply', '--help'])\n"
        "assert '--resume' in result.output\n"
        "print([name for name in ('av', 'cv2', 'numpy', 'numba', 'PIL') if name in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_without_pyav_the_extra_is_named(home: Path, save_look: Any) -> None:
    save_look(Path("pale.style"))
    Path("film.mp4").write_bytes(b"film")
    code = (
        "import sys\n"
        "sys.modules['av'] = None\n"
        "from typer.testing import CliRunner\n"
        "from impasto.cli.main import app\n"
        "result = CliRunner().invoke(app, ['apply', 'film.mp4', '-s', 'pale.style'])\n"
        "print(result.exit_code, result.output)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("2 ")
    assert "impasto[video]" in shown.stdout

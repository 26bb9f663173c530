"""`impasto live` from file to file, through the real loop; and what it refuses."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from film_clips import get_planes, make_film

from impasto.api.live import LiveJob, PageControls, open_live
from impasto.cli import live as live_command
from impasto.errors import UnknownStyleError
from impasto.live.clock import SystemClock
from impasto.live.loop import LiveStatus
from impasto.live.meter import Measured

from .conftest import Run, RunProcess
from .live_parts import FakeClock, plain_frame


@pytest.fixture
def film(home: Path) -> Path:
    return make_film("film.mp4", frames=30, rate=30, size=(128, 72), audio=1)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Let films pass at once."""
    clock = FakeClock()
    monkeypatch.setattr("impasto.api.live.SystemClock", lambda: clock)
    return clock


def lumas(path: Path | str) -> list[float]:
    with av.open(str(path)) as container:
        return [float(get_planes(frame)[0].mean()) for frame in container.decode(video=0)]


def told(output: str) -> dict[str, float]:
    """Read the line that is printed at the end."""
    found = re.search(r"(\d+) frames, ([\d.]+) fps, latency p50 (\d+) ms, p95 (\d+) ms, dropped (\d+)", output)
    assert found, output
    return dict(zip(("frames", "fps", "p50", "p95", "dropped"), map(float, found.groups()), strict=True))


def test_a_film_becomes_a_film_in_the_style(film: Path, pale: str, run: Run, no_waiting: FakeClock) -> None:
    numbers = told(run("live", "--style", pale, "--from", film, "--to", "out.mp4").output)
    seen = lumas("out.mp4")
    assert numbers["frames"] == len(seen)
    assert numbers["frames"] + numbers["dropped"] == 30
    assert abs(np.mean(seen) - np.mean(lumas(film))) > 5


def test_at_strength_zero_it_is_the_film(film: Path, pale: str, run: Run, no_waiting: FakeClock) -> None:
    run("live", "--style", pale, "--from", film, "--to", "out.mp4", "--strength", "0")
    assert np.mean(lumas("out.mp4")) == pytest.approx(np.mean(lumas(film)), abs=1.5)


def test_paint_is_laid_on(film: Path, negative: str, run: Run, no_waiting: FakeClock) -> None:
    run("live", "--style", negative, "--from", film, "--to", "out.mkv", "--fps", "15")
    assert np.mean(lumas("out.mkv")) == pytest.approx(251 - np.mean(lumas(film)), abs=12)


def test_the_real_command_at_real_time(film: Path, pale: str, run_process: RunProcess) -> None:
    result = run_process("live", "--style", pale, "--from", film, "--to", "out.mp4")
    numbers = told(result.stdout)
    assert numbers["frames"] + numbers["dropped"] == 30
    assert len(lumas("out.mp4")) == numbers["frames"]
    assert result.stderr == ""


def test_a_film_that_repeats_ends_when_told(film: Path, pale: str, run: Run, no_waiting: FakeClock) -> None:
    numbers = told(run("live", "-s", pale, "--from", film, "--to", "out.mp4", "--repeat", "--for", "5").output)
    assert numbers["frames"] + numbers["dropped"] > 60
    assert len(lumas("out.mp4")) == numbers["frames"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "camera:97", "--to", "out.mp4"], "/dev/video97"),
        (["--from", "none.mp4", "--to", "out.mp4"], "none.mp4 does not exist"),
        (["--from", "ftp://host/a", "--to", "out.mp4"], "ftp"),
        (["--from", "film.mp4", "--to", "out.jpg"], "out.jpg"),
        (["--from", "film.mp4", "--to", "film.mp4"], "is the film that is played"),
        (["--from", "film.mp4", "--to", "http://host/a"], "http"),
        (["--from", "film.mp4", "--to", "none/out.mp4"], "none/out.mp4 cannot be written"),
        (["--from", "film.mp4", "--to", "out.mp4", "--size", "large"], "1280x720"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(film: Path, pale: str, run: Run, words: list[str], message: str) -> None:
    result = run("live", "--style", pale, *words, code=2)
    assert message in result.output
    assert len(result.output.strip().splitlines()) <= 2
    assert not Path("out.mp4").exists()


def test_a_style_that_does_not_exist_is_refused(film: Path, run: Run) -> None:
    assert "no style" in run("live", "--style", "none-such", "--from", film, "--to", "out.mp4", code=2).output


def test_ctrl_c_ends_it_with_a_whole_film(
    film: Path, pale: str, run: Run, no_waiting: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.live.loop import LiveLoop

    real, num = LiveLoop.step, 0

    def interrupted(self: Any, timeout: float) -> bool:
        nonlocal num
        num += 1
        if num == 4:
            raise KeyboardInterrupt
        return real(self, timeout)

    monkeypatch.setattr(LiveLoop, "step", interrupted)
    result = run("live", "--style", pale, "--from", film, "--to", "out.mp4", "--repeat")
    assert len(lumas("out.mp4")) == told(result.output)["frames"] > 0


def test_the_page_is_told_and_opened(
    film: Path, pale: str, run: Run, no_waiting: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    output = run("live", "--style", pale, "--from", film).output
    assert opened
    assert opened[0] in output
    run("live", "--style", pale, "--from", film, "--no-browser")
    assert len(opened) == 1


def test_the_page_controls_the_loop(film: Path, pale: str, negative: str) -> None:
    run = open_live(LiveJob(pale, str(film), repeat=True))
    assert run.page is not None
    controls = run.page.controls
    assert isinstance(controls, PageControls)
    thread = threading.Thread(target=run.loop.run)
    thread.start()
    try:
        assert {pale, negative} <= set(controls.styles())
        controls.choose(negative)
        controls.set_strength(0.5)
        clock, never = SystemClock(), threading.Event()
        for _ in range(400):
            if controls.status().style == negative and controls.status().size[0]:
                break
            clock.wait(never, 0.02)
        assert controls.status().style == negative
        assert controls.status().strength == 0.5
        assert controls.snapshot().startswith(b"\x89PNG")
        name = controls.record(True)
        for _ in range(400):
            if run.loop._clip is not None and run.loop._clip[1].num_shown:
                break
            clock.wait(never, 0.02)
        assert controls.record(False) == name
        assert name is not None
        assert len(lumas(name)) > 0
        with pytest.raises(UnknownStyleError):
            controls.choose(str(film))
    finally:
        run.loop.stop()
        thread.join(30)


def test_a_path_is_among_the_styles_of_the_page_but_no_other_path(
    film: Path, home: Path, pale: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.style"
    path.write_bytes((home / "pale.style").read_bytes())
    run = open_live(LiveJob(str(path), str(film)))
    assert run.page is not None
    controls = run.page.controls
    assert controls is not None
    assert "mine" in controls.styles()
    run.loop.stage.stylize(plain_frame())
    controls.choose("mine")
    with pytest.raises(UnknownStyleError):
        controls.choose(str(path))
    run.page.close()
    run.loop.stage.close()


def status(**fields: Any) -> LiveStatus:
    given: dict[str, Any] = {
        "state": "running",
        "problem": "",
        "style": "kodak",
        "strength": 1.0,
        "size": (1280, 720),
        "working_side": None,
        "num_dropped": 3,
        "num_reconnects": 0,
        "clip": None,
        "measured": Measured(29.97, 0.010, 0.0312, 100, 29.9, 0.01, 0.03),
    }
    return LiveStatus(**(given | fields))


def test_the_line_of_numbers() -> None:
    assert live_command._line(status()) == "kodak · 1280×720 ·  30.0 fps · latency p50 10 ms, p95 31 ms · dropped 3"
    assert live_command._line(status(working_side=224)).endswith("dropped 3 · painted at 224 px")
    assert live_command._line(status(size=(0, 0))).startswith("Waiting")
    assert live_command._line(status(problem="camera 0 is away.\nMore.")) == "camera 0 is away."


def test_changes_are_told_where_nobody_watches(
    film: Path, pale: str, no_waiting: FakeClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_live(LiveJob(pale, str(film), "out.mp4"))
    problems = [
        "",
        "camera 0 is away.",
        "camera 0 is away.",
        *(f"No picture has come for {n} seconds." for n in (2, 3)),
        "",
    ]
    states = iter([status(problem=problem) for problem in problems])

    class Over:
        def wait(self, seconds: float) -> bool:
            return not remaining

    remaining = list(problems)

    def next_status() -> LiveStatus:
        remaining.pop()
        return next(states)

    monkeypatch.setattr(run.loop, "status", next_status)
    live_command._tell(run, Over())  # type: ignore[arg-type]
    lines = capsys.readouterr().err.splitlines()
    assert [line[9:] for line in lines] == [
        "camera 0 is away.",
        "No picture has come for 2 seconds.",
        "Pictures come again.",
    ]
    run.loop.stage.close()


def test_the_film_is_not_written_over_by_another_name(film: Path, pale: str, run: Run) -> None:
    Path("other.mp4").symlink_to(film.resolve())
    before = film.read_bytes()
    assert (
        "is the film that is played"
        in run("live", "--style", pale, "--from", str(film), "--to", "other.mp4", code=2).output
    )
    assert film.read_bytes() == before

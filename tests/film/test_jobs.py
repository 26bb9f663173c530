"""Jobs that are interrupted, disturbed and shared, and still end as if nothing had happened."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from film_clips import decoded_pts

from .conftest import Run
from .films import assert_all_else_is_kept, digests, job_folder, keep_digests, lumas, mean_difference, short_film

FRAMES = 40


def start(*words: object, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Run `impasto` in a process of its own, with units of 8 frames."""
    code = (
        "from impasto.film import plan, planning\n"
        "planning.cut_units = lambda shots, memory=None: plan.cut_units(shots, memory, 8)\n"
        "from impasto.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    )
    Path("start.py").write_text(code)
    command = [sys.executable, "start.py", *map(str, words)]
    return subprocess.Popen(command, env=os.environ | (environment or {}), stderr=subprocess.PIPE)


def finished_units(output: str) -> list[Path]:
    return sorted((job_folder(output) / "units").glob("[0-9]*.json"))


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def uninterrupted(run: Run, small_units: None, film: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return the digests and pictures of a run that nothing disturbs."""

    def of(style: str) -> tuple[list[str], list[Any]]:
        with monkeypatch.context() as patch:
            kept = keep_digests(patch)
            run("apply", film, "-s", style, "-o", "undisturbed.mp4")
        return kept[0], lumas("undisturbed.mp4")

    return of


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_a_killed_job_goes_on_to_the_same_frames(
    run: Run,
    pale: str,
    brush: str,
    film: Path,
    uninterrupted: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    style: str,
) -> None:
    expected, pictures = uninterrupted(style)
    process = start("apply", film, "-s", style, "-o", "out.mp4")
    wait_for(lambda: finished_units("out.mp4"), process)
    process.kill()
    process.wait()
    assert not Path("out.mp4").exists()
    done = {path.name: path.stat().st_mtime_ns for path in finished_units("out.mp4")}
    assert 0 < len(done) < len(json.loads((job_folder("out.mp4") / "plan.json").read_text())["units"])
    kept = keep_digests(monkeypatch)
    run("apply", film, "-s", style, "-o", "out.mp4", "--resume")
    assert kept == [expected]
    assert_all_else_is_kept(film, "out.mp4")
    # Encoders with assembler code do not promise the same bits, so that what they were given is compared, or nearly.
    assert mean_difference(pictures, lumas("out.mp4")) < 0.5
    assert not job_folder("out.mp4").exists()


def test_what_is_done_is_not_done_again(run: Run, pale: str, film: Path, small_units: None, monkeypatch: Any) -> None:
    from impasto.film.unit import UnitRunner

    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        assert "--resume" in run("apply", film, "-s", pale, "-o", "out.mp4", code=130).stderr
    done = {path.name: path.stat().st_mtime_ns for path in finished_units("out.mp4")}
    assert len(done) == 2
    ran: list[int] = []
    run_units = UnitRunner.run
    monkeypatch.setattr(
        UnitRunner, "run", lambda self, units: [ran.extend(unit.index for unit in units), run_units(self, units)]
    )
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert min(ran) == 2
    assert len(lumas("out.mp4")) == FRAMES


def stop_after(monkeypatch: Any, num_units: int, error: BaseException | None = None) -> None:
    """Let a job be interrupted, or fail, when it has kept so many units."""
    from impasto.film.folder import JobFolder

    finish, count = JobFolder.finish_unit, 0

    def finish_or_stop(self: Any, *arguments: Any) -> None:
        nonlocal count
        if count == num_units:
            raise error or KeyboardInterrupt
        finish(self, *arguments)
        count += 1

    monkeypatch.setattr(JobFolder, "finish_unit", finish_or_stop)


def test_a_kill_while_it_is_looked_at_leaves_a_job_that_begins_anew(run: Run, pale: str, film: Path) -> None:
    folder = job_folder("out.mp4")
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "times.npy").write_bytes(b"half")
    run("apply", film, "-s", pale, "-o", "out.mp4")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_first_run_may_say_resume(run: Run, pale: str, film: Path) -> None:
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")
    assert "out.mp4 exists" in run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", code=2).stderr


@pytest.fixture
def interrupted(run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a job that was interrupted after one unit."""
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("apply", film, "-s", pale, "-o", "out.mp4", code=130)
    return job_folder("out.mp4")


def test_an_unfinished_job_is_mentioned_in_one_line_with_what_to_do(run: Run, pale: str, interrupted: Path) -> None:
    result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", code=2)
    assert len(result.stderr.splitlines()) == 1
    assert "unfinished" in result.stderr
    assert "--resume" in result.stderr
    assert "--overwrite" in result.stderr


def test_overwrite_throws_an_unfinished_job_away(run: Run, pale: str, interrupted: Path) -> None:
    stale = interrupted / "units" / ".000000-stale.mp4"
    stale.touch()
    run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--overwrite")
    assert_all_else_is_kept("film.mp4", "out.mp4")
    assert not interrupted.exists()


def change_source(home: Path) -> list[object]:
    short_film("film.mp4", seed=5)
    return []


def change_style(home: Path) -> list[object]:
    from paint_styles import make_paint_style

    make_paint_style(home / "pale.style")
    return []


@pytest.mark.parametrize(
    ("words", "change", "named"),
    [
        (["--strength", "0.5"], None, "strength"),
        (["--keep-colour"], None, "keep-colour"),
        (["--crf", "30"], None, "encoding"),
        (["--codec", "hevc"], None, "encoding"),
        ([], change_source, "source"),
        ([], change_style, "style"),
    ],
    ids=["strength", "colour", "crf", "codec", "source", "style"],
)
def test_a_job_is_not_gone_on_with_when_something_has_changed(
    run: Run, pale: str, home: Path, interrupted: Path, words: list[str], change: Any, named: str
) -> None:
    if change:
        change(home)
    result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume", *words, code=2)
    assert named in result.stderr
    assert "--overwrite" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not Path("out.mp4").exists()
    assert interrupted.exists()


def test_a_source_that_was_moved_is_the_same_film(run: Run, pale: str, interrupted: Path) -> None:
    shutil.move("film.mp4", "moved.mp4")
    run("apply", "moved.mp4", "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept("moved.mp4", "out.mp4")


def test_two_runs_at_once_are_one_too_many(run: Run, pale: str, interrupted: Path) -> None:
    from impasto.film.folder import JobFolder

    with JobFolder(interrupted, ".mp4").locked():
        result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume", code=2)
    assert "Another run" in result.stderr
    run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume")


def test_the_lock_of_a_killed_run_holds_nobody_back(run: Run, pale: str, film: Path, small_units: None) -> None:
    process = start("apply", film, "-s", pale, "-o", "out.mp4")
    wait_for(lambda: finished_units("out.mp4"), process)
    process.send_signal(signal.SIGSTOP)
    assert "Another run" in run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", code=2).stderr
    process.kill()
    process.wait()
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


@pytest.mark.parametrize("damage", ["cut", "gone", "record"])
def test_a_unit_that_was_damaged_meanwhile_is_done_again(run: Run, pale: str, interrupted: Path, damage: str) -> None:
    segment, record = interrupted / "units" / "000000.mp4", interrupted / "units" / "000000.json"
    if damage == "cut":
        segment.write_bytes(segment.read_bytes()[:-100])
    elif damage == "gone":
        segment.unlink()
    else:
        record.write_text("{")
    run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept("film.mp4", "out.mp4")


def test_a_damaged_plan_is_refused_with_what_to_do(run: Run, pale: str, interrupted: Path) -> None:
    (interrupted / "plan.json").write_text("{")
    result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume", code=2)
    assert "plan.json" in result.stderr
    assert "--overwrite" in result.stderr


# --- the disk -------------------------------------------------------------------------------------------------------


def full_disk(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_stops_the_job_and_it_goes_on_when_there_is_room(
    run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.film import folder

    with monkeypatch.context() as patch:
        finish = folder.JobFolder.finish_unit

        def fail_later(self: Any, unit: Any, *arguments: Any) -> None:
            if unit.index == 2:
                patch.setattr(folder.os, "fsync", full_disk)
            finish(self, unit, *arguments)

        patch.setattr(folder.JobFolder, "finish_unit", fail_later)
        result = run("apply", film, "-s", pale, "-o", "out.mp4", code=2)
    assert "the disk is full" in result.stderr
    assert "--resume" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert len(finished_units("out.mp4")) == 2
    assert not Path("out.mp4").exists()
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_disk_that_is_full_while_encoding(
    run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.errors import OutputError
    from impasto.media.film_write import FilmSink

    write = FilmSink.write

    def fail_later(self: Any, frame: Any) -> None:
        if frame.index == 20:
            raise OutputError(f"{self.path} cannot be written: the disk is full.")
        write(self, frame)

    with monkeypatch.context() as patch:
        patch.setattr(FilmSink, "write", fail_later)
        assert "the disk is full" in run("apply", film, "-s", pale, "-o", "out.mp4", code=2).stderr
    assert [path.name for path in (job_folder("out.mp4") / "units").glob(".*")] == []
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_disk_that_is_full_at_the_end_keeps_an_older_output(
    run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.errors import OutputError
    from impasto.media import film_mux

    Path("out.mp4").write_bytes(b"mine")
    with monkeypatch.context() as patch:

        def fail(*_: Any, **__: Any) -> Any:
            raise OutputError("The written film is not right, so it is not kept: it has 39 frames, not 40.")

        patch.setattr(film_mux, "assemble", fail)
        result = run("apply", film, "-s", pale, "-o", "out.mp4", "--overwrite", code=2)
    assert "39 frames" in result.stderr
    assert Path("out.mp4").read_bytes() == b"mine"
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume", "--overwrite")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_kill_between_the_output_and_the_end_of_the_job(
    run: Run, pale: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output is there, and so is the job: it is of this job's making, and may be made again."""
    from impasto.film.folder import JobFolder

    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "remove", full_disk)
        with pytest.raises(OSError, match="No space"):
            run("apply", film, "-s", pale, "-o", "out.mp4")
    assert job_folder("out.mp4").exists()
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")
    assert not job_folder("out.mp4").exists()


def test_a_folder_that_vanishes_is_an_error_of_the_output(
    run: Run, pale: str, film: Path, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.film.folder import JobFolder

    finish = JobFolder.finish_unit

    def vanish(self: Any, unit: Any, *arguments: Any) -> None:
        if unit.index == 1:
            shutil.rmtree(self.path)
        finish(self, unit, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "finish_unit", vanish)
        result = run("apply", film, "-s", pale, "-o", "out.mp4", code=2)
    assert "out.mp4.impasto-job" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


def test_a_source_that_is_cut_short_meanwhile(run: Run, pale: str, interrupted: Path) -> None:
    content = Path("film.mp4").read_bytes()
    times = Path("film.mp4").stat()
    Path("film.mp4").write_bytes(content[: len(content) // 2])
    os.utime("film.mp4", ns=(times.st_atime_ns, times.st_mtime_ns))
    result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume", code=2)
    assert "source has changed" in result.stderr
    assert len(result.stderr.splitlines()) <= 2


# --- many processes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_two_processes_give_the_frames_of_one(
    run: Run,
    pale: str,
    brush: str,
    film: Path,
    uninterrupted: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    style: str,
) -> None:
    expected, _ = uninterrupted(style)
    kept = keep_digests(monkeypatch)
    run("apply", film, "-s", style, "-o", "out.mp4", "--jobs", 2)
    assert kept == [expected]
    assert decoded_pts("out.mp4") == decoded_pts(film)


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The workers of a job, without what Python starts to keep track of them."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == process.pid and b"spawn_main" in command:
            found.append(int(path.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_killed_worker_is_replaced(
    run: Run, pale: str, film: Path, small_units: None, uninterrupted: Callable[[str], Any]
) -> None:
    _, pictures = uninterrupted(pale)
    process = start("apply", film, "-s", pale, "-o", "out.mp4", "--jobs", 2)
    wait_for(lambda: len(children_of(process)) == 2, process)
    os.kill(children_of(process)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert b"A worker has died" in said
    # Encoders with assembler code do not promise the same bits, so that what they were given is compared, or nearly.
    assert mean_difference(pictures, lumas("out.mp4")) < 0.5


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_workers_end_with_who_started_them(run: Run, pale: str, film: Path) -> None:
    process = start("apply", film, "-s", pale, "-o", "out.mp4", "--jobs", 2)
    wait_for(lambda: len(children_of(process)) == 2, process)
    workers = children_of(process)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}/cmdline").exists() and alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run("apply", film, "-s", pale, "-o", "out.mp4", "--resume")
    assert_all_else_is_kept(film, "out.mp4")


def alive(pid: int) -> bool:
    try:
        return (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != "Z"
    except OSError:
        return False


def test_what_a_worker_finds_wrong_is_said_once(run: Run, pale: str, interrupted: Path) -> None:
    (interrupted / "luts" / "000000.npy").write_bytes(b"nothing")
    result = run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume", "--jobs", 2, code=2)
    assert "000000.npy" in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_the_log_tells_what_happened(run: Run, pale: str, interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.film.folder import JobFolder

    monkeypatch.setattr(JobFolder, "remove", lambda self: None)
    run("apply", "film.mp4", "-s", pale, "-o", "out.mp4", "--resume")
    events = [json.loads(line)["event"] for line in (interrupted / "log.jsonl").read_text().splitlines()]
    assert events[:3] == ["run begins", "planning", "planned"]
    assert events.count("run begins") == 2
    assert events.count("unit") >= 4
    assert events[-1] == "assembled"
    assert len(digests(interrupted)) == FRAMES

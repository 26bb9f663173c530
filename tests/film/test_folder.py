"""What a job keeps on disk."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import JobError, OutputError
from impasto.film.folder import JobFolder, UnitRecord, job_folder_for, make_job_part, save_array, size_of
from impasto.film.plan import PlannedUnit

from .test_plan import plan_of

UNIT = PlannedUnit(index=3, start=24, stop=27)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = job_folder_for(tmp_path / "out.mp4")
    made.path.mkdir()
    made.begin(plan_of())
    return made


def record_of(size: int, num_frames: int = 3) -> UnitRecord:
    return UnitRecord(index=3, start=24, stop=27, num_bytes=size, digests=tuple("abc"[:num_frames]))


def finish(folder: JobFolder, content: bytes = b"segment") -> None:
    unfinished = folder.unfinished_path(UNIT)
    unfinished.write_bytes(content)
    folder.finish_unit(UNIT, unfinished, record_of(len(content)))


def test_a_job_stands_beside_its_output(tmp_path: Path) -> None:
    assert job_folder_for(tmp_path / "out.MP4").path == tmp_path / "out.MP4.impasto-job"
    assert job_folder_for(tmp_path / "out.MP4").segment_path(UNIT).name == "000003.mp4"
    assert "%" not in str(job_folder_for(tmp_path / "%06d.exr", ".frames").path.relative_to(tmp_path))


def test_a_job_exists_when_it_has_a_plan(tmp_path: Path) -> None:
    folder = job_folder_for(tmp_path / "out.mp4")
    assert not folder.exists()
    with folder.locked():
        assert not folder.exists()
        folder.begin(plan_of())
        assert folder.exists()
        assert folder.load_plan() == plan_of()


def test_a_unit_counts_when_its_record_is_there(folder: JobFolder) -> None:
    assert folder.record_of(UNIT) is None
    folder.segment_path(UNIT).write_bytes(b"segment")
    assert folder.record_of(UNIT) is None
    finish(folder)
    assert folder.record_of(UNIT) == record_of(7)
    assert [path.name for path in sorted(folder.units_dir.iterdir())] == ["000003.json", "000003.mp4"]


@pytest.mark.parametrize(
    "record",
    [record_of(6), record_of(7, 2), record_of(7).model_copy(update={"start": 23})],
    ids=["bytes", "frames", "span"],
)
def test_a_record_of_something_else_does_not_count(folder: JobFolder, record: UnitRecord) -> None:
    finish(folder)
    folder.record_path(UNIT).write_text(record.model_dump_json())
    assert folder.record_of(UNIT) is None


def test_a_segment_may_be_a_folder_of_pictures(folder: JobFolder) -> None:
    for content in (b"one", b"other"):  # the second time after a loss
        unfinished = folder.unfinished_path(UNIT)
        unfinished.mkdir()
        (unfinished / "1.png").write_bytes(content)
        (unfinished / "2.png").write_bytes(content)
        assert size_of(unfinished) == 2 * len(content)
        folder.finish_unit(UNIT, unfinished, record_of(2 * len(content)))
        assert folder.record_of(UNIT) is not None
    unfinished = folder.unfinished_path(UNIT)
    unfinished.mkdir()
    folder.drop_unfinished()
    assert not unfinished.exists()


def test_what_is_half_written_is_dropped_and_nothing_else(folder: JobFolder) -> None:
    finish(folder)
    folder.unfinished_path(UNIT).write_bytes(b"half")
    folder.drop_unfinished()
    assert [path.name for path in sorted(folder.units_dir.iterdir())] == ["000003.json", "000003.mp4"]


def test_no_two_runs_write_to_one_name(folder: JobFolder) -> None:
    assert len({folder.unfinished_path(UNIT) for _ in range(20)}) == 20


def test_clearing_forgets_the_job(folder: JobFolder) -> None:
    finish(folder)
    folder.log("something")
    with folder.locked():
        folder.clear()
        assert [path.name for path in folder.path.iterdir()] == ["lock"]
    assert not folder.exists()
    folder.remove()
    assert not folder.path.exists()
    folder.remove()


def test_one_run_at_a_time(folder: JobFolder) -> None:
    again = JobFolder(folder.path, ".mp4")
    with folder.locked(), pytest.raises(JobError, match="Another run"), again.locked():
        pass
    with again.locked():
        pass


def test_a_lock_is_lifted_when_a_run_fails(folder: JobFolder) -> None:
    with pytest.raises(ValueError, match="wrong"), folder.locked():
        raise ValueError("wrong")
    with folder.locked():
        pass


def test_a_log_of_several_threads_has_whole_lines(folder: JobFolder) -> None:
    threads = [threading.Thread(target=lambda: [folder.log("unit", unit=n) for n in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (folder.path / "log.jsonl").read_text().splitlines()
    assert len(lines) == 80
    assert {json.loads(line)["event"] for line in lines} == {"unit"}


def test_time_between_runs_is_no_work(folder: JobFolder) -> None:
    entries = [("run begins", 100.0), ("planned", 103.0), ("unit", 110.0), ("run begins", 500.0), ("unit", 504.0)]
    lines = [json.dumps({"time": at, "event": event}) for event, at in entries]
    (folder.path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert folder.seconds_worked() == 14
    (folder.path / "log.jsonl").write_text("half a li")
    assert folder.seconds_worked() == 0
    (folder.path / "log.jsonl").unlink()
    assert folder.seconds_worked() == 0


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    job_folder_for(tmp_path / "nowhere" / "out.mp4").log("something")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match=r"out.mp4.impasto-job"),
        job_folder_for(tmp_path / "file" / "out.mp4").locked(),
    ):
        pass
    with pytest.raises(OutputError, match="does not exist"):
        make_job_part(tmp_path / "none" / "part")


def test_a_unit_of_a_folder_that_is_gone(folder: JobFolder) -> None:
    unfinished = folder.unfinished_path(UNIT)
    with pytest.raises(OutputError, match="does not exist"):
        folder.finish_unit(UNIT, unfinished, record_of(1))


def test_a_job_remembers_that_it_may_have_made_its_output(folder: JobFolder) -> None:
    assert not folder.may_have_assembled
    folder.begin_assembling()
    assert folder.may_have_assembled


def test_what_a_killed_run_has_left_half_written_goes_wherever_it_is(folder: JobFolder) -> None:
    finish(folder)
    for half in (folder.path / ".impasto-0.mp4", folder.units_dir / ".000004-0.mp4"):
        half.touch()
    folder.drop_unfinished()
    assert sorted(path.name for path in folder.path.iterdir()) == ["plan.json", "units"]
    assert folder.record_of(UNIT) is not None


def test_a_job_is_removed_at_once_or_not_at_all(folder: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a job must not be gone on with, wherever its removal is interrupted."""
    finish(folder)
    with monkeypatch.context() as patch:
        patch.setattr("impasto.film.folder.shutil.rmtree", lambda *_, **__: None)
        folder.remove()
    assert not folder.path.exists()
    assert [path.name for path in folder.path.parent.iterdir()] == [".out.mp4.impasto-job-removed"]
    folder.sweep()
    assert list(folder.path.parent.iterdir()) == []


def test_a_job_that_cannot_be_moved_is_removed_where_it_is(folder: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("in use")

    monkeypatch.setattr(Path, "replace", refuse)
    folder.remove()
    assert not folder.path.exists()


def test_an_array_is_kept_as_numpy_does(tmp_path: Path) -> None:
    save_array(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="files cannot be limited here")
def test_an_array_that_does_not_fit_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"a\.npy cannot be written: (?!.*requested)"):
            save_array(tmp_path / "a.npy", np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []

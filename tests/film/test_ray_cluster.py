"""Jobs on a cluster of two machines, which are both this one: whatever dies, frames are those of a run without it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impasto.film.cluster_node import JobNotice

from .conftest import Run
from .films import assert_all_else_is_kept, job_folder, keep_digests, short_film

pytest.importorskip("ray", reason="Ray is not installed: pip install 'impasto[cluster]'")
pytestmark = pytest.mark.slow

LOOPBACK = {"node_ip_address": "127.0.0.1", "num_cpus": 1, "object_store_memory": 80_000_000, "memory": 2_000_000_000}
TASK_TITLE = b"ray::_do_unit"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster whose head is one machine; tests add the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Ray's own switch for clusters that stay on the loopback interface.
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        from ray._private import ray_constants
        from ray.cluster_utils import Cluster

        patch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)
        started = Cluster(initialize_head=True, head_node_args=LOOPBACK | {"include_dashboard": False})
        try:
            yield started
        finally:
            started.shutdown()


@pytest.fixture
def second(cluster: Any) -> Iterator[Any]:
    """The other machine."""
    node = cluster.add_node(**LOOPBACK)
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


@pytest.fixture
def expected(
    run: Run, film: Path, pale: str, brush: str, small_units: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """Return the digests of a run on this machine alone."""

    def of(style: str) -> list[str]:
        with monkeypatch.context() as patch:
            kept = keep_digests(patch)
            run("apply", film, "-s", style, "-o", "alone.mp4")
        return kept[0]

    return of


@pytest.fixture
def film(home: Path) -> Path:
    """Of five shots, large enough that units take a moment."""
    return short_film("film.mp4", frames=60, size=(640, 360), cuts=(17, 24, 33, 50))


def running_units() -> dict[int, int]:
    """Return the processes that do a unit now, each with that of its machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cmdline").read_bytes().startswith(TASK_TITLE):
                stat = (path / "stat").read_text().rpartition(")")[2].split()
                found[int(path.name)] = int(stat[1])
    return found


@contextmanager
def once(condition: Callable[[], Any], action: Callable[[Any], None]) -> Iterator[None]:
    """Act beside the block as soon as a condition gives something; the block must not end before."""
    done, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if found := condition():
                action(found)
                done.set()
                return
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    assert done.is_set()


def has_finished_one() -> bool:
    return any((job_folder("out.mp4") / "units").glob("[0-9]*.json"))


def caught_at_work(machine: int | None = None) -> int | None:
    """Return a process that is halted in mid-unit, when one unit is finished."""
    if not has_finished_one():
        return None
    for process, parent in running_units().items():
        if machine not in (None, parent):
            continue
        os.kill(process, signal.SIGSTOP)
        if writes_a_segment(process):
            return process
        os.kill(process, signal.SIGCONT)
    return None


def writes_a_segment(process: int) -> bool:
    links = []
    for path in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            links.append(path.readlink().as_posix())
    return any("/units/." in link for link in links)


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def copies() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("impasto-cluster-*"))


@pytest.fixture(autouse=True)
def cleared() -> Iterator[None]:
    """What a killed machine leaves on its disk is on that of this one."""
    before = copies()
    yield
    for path in copies() - before:
        shutil.rmtree(path)


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no machine see the film, nor the folder of the job."""
    from impasto.film import cluster as module

    def elsewhere(**fields: Any) -> JobNotice:
        nowhere = {name: Path("/nowhere") / fields[name].name for name in ("folder", "source")}
        return replace(JobNotice(**fields), **nowhere)

    monkeypatch.setattr(module, "JobNotice", elsewhere)


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_frames_are_those_of_this_machine_alone(
    run: Run, cluster: Any, second: Any, film: Path, expected: Any, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, kept, before = expected(style), keep_digests(monkeypatch), copies()
    result = run("apply", film, "-s", style, "-o", "out.mp4", "--cluster", cluster.address)
    assert kept == [wanted]
    assert result.stderr == ""
    assert_all_else_is_kept(film, "out.mp4")
    assert not job_folder("out.mp4").exists()
    assert copies() == before


@pytest.mark.parametrize("style", ["pale", "brush"])
def test_machines_that_see_no_file_get_copies(
    run: Run,
    cluster: Any,
    second: Any,
    film: Path,
    expected: Any,
    unseen: None,
    style: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from impasto.film import parcels

    wanted, kept, before = expected(style), keep_digests(monkeypatch), copies()
    monkeypatch.setattr(parcels.take_apart, "__defaults__", (20_000,))
    run("apply", film, "-s", style, "-o", "out.mp4", "--cluster", cluster.address)
    assert kept == [wanted]
    assert_all_else_is_kept(film, "out.mp4")
    assert copies() == before


@pytest.mark.parametrize("files", ["seen", "unseen"])
def test_a_killed_worker(
    run: Run,
    cluster: Any,
    second: Any,
    film: Path,
    expected: Any,
    files: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted, kept = expected("pale"), keep_digests(monkeypatch)
    if files == "unseen":
        request.getfixturevalue("unseen")
    with once(caught_at_work, kill):
        result = run("apply", film, "-s", "pale", "-o", "out.mp4", "--cluster", cluster.address)
    assert kept == [wanted]
    assert "A worker has died" in result.stderr
    assert_all_else_is_kept(film, "out.mp4")


@pytest.mark.parametrize("files", ["seen", "unseen"])
def test_a_killed_machine(
    run: Run,
    cluster: Any,
    second: Any,
    film: Path,
    expected: Any,
    files: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted, kept = expected("pale"), keep_digests(monkeypatch)
    if files == "unseen":
        request.getfixturevalue("unseen")
    machine = second.all_processes["raylet"][0].process.pid

    def kill_all(worker: int) -> None:
        cluster.remove_node(second, allow_graceful=False)
        kill(worker)

    with once(lambda: caught_at_work(machine), kill_all):
        result = run("apply", film, "-s", "pale", "-o", "out.mp4", "--cluster", cluster.address)
    assert kept == [wanted]
    assert "A worker has died" in result.stderr
    assert_all_else_is_kept(film, "out.mp4")


def test_a_cluster_is_found_or_missed_by_its_address(
    run: Run, cluster: Any, film: Path, pale: str, monkeypatch: Any
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    run("apply", film, "-s", pale, "-o", "out.mp4", "--cluster", "auto")
    assert_all_else_is_kept(film, "out.mp4")
    host, _, port = cluster.address.partition(":")
    message = run("apply", film, "-s", pale, "-o", "b.mp4", "--cluster", f"{host}:{int(port) + 1}", code=2).stderr
    assert f"No Ray cluster answers at {host}:{int(port) + 1}." in message

"""A Ray cluster of two machines that are both this one, to kill parts of: for `film_faults.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from film_fault_runs import Ended, Facts, Place, children, ended
from film_fault_table import Row

_MACHINE = {"node_ip_address": "127.0.0.1", "num_cpus": 1, "object_store_memory": 80_000_000, "memory": 2_000_000_000}
_TASK = b"ray::_do_unit"

Judge = Callable[[str, Place, Ended, Facts, str], Row]


def cluster_rows(place: Place, expected: Facts, judge: Judge) -> Iterator[Row]:
    """Kill a worker, and then a machine, in mid-film."""
    try:
        import ray  # noqa: F401, PLC0415  an extra
    except ImportError:
        yield Row("a Ray worker, a Ray machine killed", "SKIPPED: Ray is not installed", [], [], "-", [], False)
        return
    with two_machines() as (whole, second):
        process = place.start("--cluster", whole.address)
        _kill_at_work(process, place, None)
        yield judge("a Ray worker killed", place, ended(process), expected, "finished; its unit was done again")
        place.forget()
        raylet = second.all_processes["raylet"][0].process.pid
        process = place.start("--cluster", whole.address)
        _kill_at_work(process, place, raylet, lambda: whole.remove_node(second, allow_graceful=False))
        yield judge("a Ray machine killed, of two", place, ended(process), expected, "finished on the other")


@contextmanager
def two_machines() -> Iterator[tuple[Any, Any]]:
    """Yield a cluster, and the machine of it that is not its head."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    from ray._private import ray_constants  # noqa: PLC0415  its own switch for loopback clusters
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    ray_constants.ENABLE_RAY_CLUSTER = False
    whole: Any = Cluster(initialize_head=True, head_node_args=_MACHINE | {"include_dashboard": False})
    try:
        yield whole, whole.add_node(**_MACHINE)
    finally:
        whole.shutdown()


def _kill_at_work(
    process: subprocess.Popen[str], place: Place, machine: int | None, first: Callable[[], object] = lambda: None
) -> None:
    """Kill a worker that is in mid-unit, after one unit is done; of a machine, if one is named."""
    while process.poll() is None:
        if place.num_units():
            machines = [machine] if machine is not None else _machines()
            for worker in (each for one in machines for each in children(one, _TASK)):
                with suppress(OSError):
                    os.kill(worker, signal.SIGSTOP)
                    if _writes(worker):
                        first()
                        os.kill(worker, signal.SIGKILL)
                        return
                    os.kill(worker, signal.SIGCONT)
        time.sleep(0.002)


def _machines() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cmdline").read_bytes().split(b"\0")[0].endswith(b"/raylet"):
                found.append(int(path.name))
    return found


def _writes(worker: int) -> bool:
    links = []
    for path in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            links.append(path.readlink().as_posix())
    return any("/units/." in link for link in links)

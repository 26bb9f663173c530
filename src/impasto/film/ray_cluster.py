"""Clusters of Ray: finding one, and having units done by its machines."""

from __future__ import annotations

import os
import socket
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from impasto.errors import JobError, MissingExtraError
from impasto.film.cluster import Demand, LossError
from impasto.film.cluster_node import JobNotice, Lost, Outcome, UnitOrder, do_unit, forget_job

AUTO = "auto"
_CLIENT_SCHEME = "ray://"
_CLIENT_PORT = 10001
_ANSWER_SECONDS = 10.0
_FORGET_SECONDS = 20.0


def check_cluster(address: str) -> str:
    """Return where a cluster is, before anything is done that takes long.

    Parameters
    ----------
    address
        "auto" for the one that this machine belongs to, `ray://HOST:PORT` for one that it does not, or HOST:PORT of a
        head.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    JobError
        No cluster answers.
    """
    _import_ray()
    from ray._private import services  # noqa: PLC0415  Ray tells in no public way which cluster "auto" is

    try:
        is_client = address.startswith(_CLIENT_SCHEME)
        found = address if is_client else services.canonicalize_bootstrap_address_or_die(address)
        host, _, port = found.removeprefix(_CLIENT_SCHEME).rpartition(":")
        if is_client and not host:
            host, port, found = port, str(_CLIENT_PORT), f"{found}:{_CLIENT_PORT}"
        # Ray itself would ask for minutes, and then end the process.
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except (ConnectionError, OSError, ValueError, OverflowError) as error:
        raise JobError(_unreachable(address)) from error
    return found


def _unreachable(address: str) -> str:
    if address == AUTO:
        return "This machine is in no Ray cluster. Start one with `ray start --head`, or give its address."
    return f"No Ray cluster answers at {address}. Give auto, ray://HOST:10001 or HOST:PORT, and see that it runs."


def _import_ray() -> Any:
    # Nothing is told to anybody about who uses what.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError('Clusters need Ray: pip install "impasto[cluster]", on every machine.') from error
    return ray


@contextmanager
def open_cluster(address: str) -> Iterator[RayCluster]:
    """Connect to a cluster, unless this process is connected already.

    Parameters
    ----------
    address
        As for `check_cluster`.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    JobError
        No cluster answers, or it is of another version of Ray or Python.
    """
    ray = _import_ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        found = check_cluster(address)
        try:
            ray.init(found, logging_level="ERROR", log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError, ImportError, OSError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise JobError(f"The Ray cluster at {address} cannot be used: {first}") from error
    try:
        yield RayCluster(ray)
    finally:
        if is_ours:
            ray.shutdown()


class RayCluster:
    """The cluster that this process is connected to; see `impasto.film.cluster.Cluster`."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._tasks: dict[Demand, Any] = {}

    def num_slots(self, demand: Demand) -> int:
        """Return how many units the machines that are alive have room for."""
        return sum(room_for(demand, node["Resources"]) for node in self._ray.nodes() if node["Alive"])

    @property
    def num_gpus(self) -> int:
        """How many GPUs the machines that are alive have."""
        return sum(int(node["Resources"].get("GPU", 0)) for node in self._ray.nodes() if node["Alive"])

    def put(self, value: Any) -> Any:
        """Put a value into the object store."""
        return self._ray.put(value)

    def get(self, reference: Any) -> Any:
        """Get a value from the object store.

        Raises
        ------
        LossError
            It went away with the machine that had it.
        """
        with self._losing():
            return self._ray.get(reference)

    def give(self, notice: Any, order: UnitOrder, demand: Demand) -> Hashable:
        """Make a task of a unit."""
        if demand not in self._tasks:
            options = {"num_cpus": demand.num_cpus, "num_gpus": demand.num_gpus, "memory": demand.memory or None}
            # Tries are counted by who gives out units: not every loss is the unit's fault.
            self._tasks[demand] = self._ray.remote(max_retries=0, **options)(_do_unit)
        reference: Hashable = self._tasks[demand].remote(notice, order)
        return reference

    def wait(self, given: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Return tasks that have ended."""
        try:
            ended, _ = self._ray.wait(list(given), num_returns=1, timeout=seconds)
            if ended:
                ended, _ = self._ray.wait(list(given), num_returns=len(given), timeout=0)
        except ConnectionError as error:
            raise JobError("The cluster is out of reach. Go on with --resume.") from error
        return list(ended)

    def outcome(self, given: Any) -> Outcome:
        """Return what a task returned."""
        with self._losing():
            outcome: Outcome = self._ray.get(given)
        return outcome

    def cancel(self, given: Sequence[Any]) -> None:
        """Stop tasks by force."""
        for each in given:
            with suppress(Exception):  # it may have ended
                self._ray.cancel(each, force=True)

    def forget(self, key: str) -> None:
        """Let each machine that is alive remove its copies."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

        with suppress(Exception):  # copies that stay do no harm
            nodes = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
            forget = self._ray.remote(num_cpus=0, max_retries=0)(forget_job)
            given = [
                forget.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(key, node)
                for node in nodes
            ]
            self._ray.wait(given, num_returns=len(given), timeout=_FORGET_SECONDS)

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """Say in Impasto's errors what becomes of tasks and objects."""
        errors = self._ray.exceptions
        try:
            yield
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            raise LossError(_first_line(error), blames_unit=True) from error
        except errors.RayTaskError as error:
            last = (str(error.cause or error).strip().splitlines() or [""])[-1]
            raise JobError(f"A machine cannot run this Impasto: {last} Install the same version on all.") from error
        except (errors.RayError, ConnectionError) as error:
            raise LossError(_first_line(error), blames_unit=False) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].split(". ")[0] if lines else type(error).__name__


def room_for(demand: Demand, resources: dict[str, float]) -> int:
    """Return how many units a machine with these resources has room for at once."""
    wanted = {"CPU": demand.num_cpus, "GPU": demand.num_gpus, "memory": demand.memory}
    return min(int(resources.get(name, 0) // amount) for name, amount in wanted.items() if amount)


def _do_unit(notice: JobNotice, order: UnitOrder) -> Outcome:
    """Do a unit, within a task."""
    import ray  # noqa: PLC0415  an extra

    try:
        return do_unit(notice, order, _RayStore(ray))
    except ray.exceptions.RayError as error:
        return Lost(_first_line(error))


class _RayStore:
    """The object store, as tasks see it."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self.node: str = ray.get_runtime_context().get_node_id()

    def put(self, part: bytes) -> Any:
        return self._ray.put(part)

    def get(self, reference: Any) -> Any:
        return self._ray.get(reference)

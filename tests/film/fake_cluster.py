"""A cluster in this process: machines take turns, see what they are let see, and die when told to."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from impasto.film import cluster_node
from impasto.film.cluster import Demand, LossError
from impasto.film.cluster_node import JobNotice, Outcome, UnitOrder, do_unit, forget_job

NOWHERE = Path("/nowhere")


@dataclass
class FakeCluster:
    """Machines by name, each doing one unit at a time, when it is waited for.

    Parameters
    ----------
    sees
        Which of "folder" and "source" machines see.
    strike
        Called with the number of each task before it runs; what it returns, unless None, comes of the task.
    """

    machines: Sequence[str] = ("a", "b")
    sees: frozenset[str] = frozenset(("folder", "source"))
    strike: Callable[[int], Exception | Outcome | None] = lambda number: None
    slots: int = 2
    kept: list[bytes] = field(default_factory=list)
    tasks: list[tuple[JobNotice, UnitOrder]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    most_waiting: int = 0
    num_lost_parts: int = 0

    def num_slots(self, demand: Demand) -> int:
        return self.slots

    def put(self, value: Any) -> int:
        self.kept.append(pickle.dumps(value))
        return len(self.kept) - 1

    def get(self, reference: int) -> Any:
        if self.num_lost_parts:
            self.num_lost_parts -= 1
            raise LossError("a part is gone", blames_unit=False)
        return pickle.loads(self.kept[reference])

    def give(self, notice: int, order: UnitOrder, demand: Demand) -> int:
        told: JobNotice = pickle.loads(self.kept[notice])
        hidden = {name: NOWHERE / getattr(told, name).name for name in {"folder", "source"} - self.sees}
        self.tasks.append((replace(told, **hidden), pickle.loads(pickle.dumps(order))))
        return len(self.tasks) - 1

    def wait(self, given: Sequence[int], seconds: float) -> Sequence[int]:
        self.most_waiting = max(self.most_waiting, len(given))
        return given[:1]

    def outcome(self, given: int) -> Outcome:
        struck = self.strike(given)
        if isinstance(struck, Exception):
            raise struck
        if struck is None:
            machine = self.machines[given % len(self.machines)]
            cluster_node._sites.clear()  # each task is in a process of its own
            struck = do_unit(*self.tasks[given], _Store(machine, self))
        self.outcomes.append(struck)
        return struck

    def cancel(self, given: Sequence[int]) -> None:
        self.cancelled += given

    def forget(self, key: str) -> None:
        self.forgotten.append(key)
        for machine in self.machines:
            forget_job(key, machine)


@dataclass
class _Store:
    node: str
    cluster: FakeCluster

    def put(self, part: bytes) -> int:
        return self.cluster.put(part)

    def get(self, reference: int) -> Any:
        return pickle.loads(self.cluster.kept[reference])

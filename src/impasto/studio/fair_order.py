"""In which order jobs of several clients are done: in turn, so that who asks for much does not keep others waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from impasto.studio.job import Job


def fair_order(queued: Sequence[Job], last_started: Mapping[str, float]) -> list[Job]:
    """Return jobs in the order in which they are to be done.

    Each client's first job comes before anybody's second one; within such a round the client goes first who has waited
    longest since a job of theirs was begun, and between equals, whose job is older.

    Parameters
    ----------
    last_started
        When a job of each client was last begun.
    """
    num_before: Counter[str] = Counter()
    keyed = []
    for job in sorted(queued, key=lambda job: (job.created, job.id)):
        keyed.append(((num_before[job.client], last_started.get(job.client, 0.0), job.created, job.id), job))
        num_before[job.client] += 1
    return [job for _, job in sorted(keyed, key=lambda pair: pair[0])]

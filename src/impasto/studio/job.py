"""`Job`: one piece of work, from the moment it is asked for to the moment it is forgotten."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from impasto.studio.moments import said

JobKind = Literal["apply", "learn", "film"]
Status = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: Final = frozenset({"done", "failed", "cancelled"})
LANES: Final[dict[str, str]] = {"apply": "short", "learn": "long", "film": "long"}
"""Jobs of one lane wait for each other; those that take seconds do not wait for those that take hours."""
MAX_STARTS: Final = 3
_DETAILS: Final = ("curves", "messages", "samples")


@dataclass(slots=True)
class Job:
    """One piece of work.

    Attributes
    ----------
    client
        Who asked for it.
    request
        What was asked for, as JSON.
    inputs
        File names in the job's folder of what it works on, by the id of the upload.
    state
        What the kind of job tells of itself: `items`, `learn` or `film`, as clients see it.
    num_starts
        How often it was begun: a job that takes the server down with it is not begun for ever.
    """

    id: str
    kind: JobKind
    title: str
    client: str
    request: dict[str, Any]
    created: float
    inputs: dict[str, str] = field(default_factory=dict)
    status: Status = "queued"
    progress: float | None = None
    message: str = ""
    error: str | None = None
    started: float | None = None
    finished: float | None = None
    seconds_left: float | None = None
    num_starts: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def lane(self) -> str:
        return LANES[self.kind]

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def record(self) -> dict[str, Any]:
        """Return all of it as JSON, for the database."""
        return asdict(self)

    def shown(self, position: int | None, expires: float | None, *, briefly: bool = False) -> dict[str, Any]:
        """Return it as clients see it, but for its results."""
        learn = self.state.get("learn")
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "status": self.status,
            "position": position,
            "progress": self.progress,
            "message": self.message,
            "error": self.error,
            "created": said(self.created),
            "started": said(self.started),
            "finished": said(self.finished),
            "expires": said(expires),
            "seconds_left": self.seconds_left if self.status == "running" else None,
            "can_cancel": not self.has_ended,
            "can_retry": self.status in ("failed", "cancelled"),
            "can_stop": self.kind == "learn" and self.status == "running" and not (learn or {}).get("stopping"),
            "request": self.request,
            "items": None if briefly else self.state.get("items"),
            "learn": _briefly(learn) if briefly else learn,
            "film": self.state.get("film"),
        }


def _briefly(learn: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if learn is None else {**learn, **dict.fromkeys(_DETAILS)}

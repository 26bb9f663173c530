"""What workers tell of a job, and how that changes what clients see of it.

A worker writes a line of JSON for each event, which has a `type`; see `take_event` for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from impasto.studio.job import Job

MAX_POINTS: Final = 200
MAX_MESSAGES: Final = 200
MAX_SAMPLES: Final = 40
Event = dict[str, Any]


def take_event(job: Job, event: Event) -> None:
    """Note an event; one of an unknown type is ignored."""
    taker = _TAKERS.get(str(event.get("type")))
    if taker is not None:
        taker(job, event)


def note_stopping(job: Job) -> None:
    """Note that a job that is learning was told to end."""
    _learn(job)["stopping"] = True
    job.message = "Stopping: what has been learned is kept."


def _progress(job: Job, event: Event) -> None:
    job.progress = _finite(event.get("fraction"))
    job.seconds_left = _finite(event.get("seconds_left"))
    job.message = str(event.get("message") or job.message)


def _item(job: Job, event: Event) -> None:
    items = job.state.setdefault("items", [])
    item = {name: event.get(name) for name in ("upload", "name", "status", "message", "result")}
    for index, known in enumerate(items):
        if known["upload"] == item["upload"]:
            items[index] = item
            return
    items.append(item)


def _references(job: Job, event: Event) -> None:
    _learn(job)["references"] = {"accepted": event.get("accepted", []), "refused": event.get("refused", [])}


def _step(job: Job, event: Event) -> None:
    learn = _learn(job)
    step = int(event.get("step", 0))
    learn.update(
        step=step,
        seconds_left=_finite(event.get("seconds_left")),
        distance=_finite(event.get("distance")),
        untouched_distance=_finite(event.get("untouched_distance")),
    )
    for name, value in event.get("scalars", {}).items():
        if (number := _finite(value)) is not None:
            add_point(learn["curves"].setdefault(name, []), step, number)
    _progress(job, event)


def _say(job: Job, event: Event) -> None:
    text = str(event.get("text", ""))[:1000]
    job.message = text
    if job.kind == "learn":
        messages = _learn(job)["messages"]
        messages.append({"step": event.get("step"), "text": text})
        del messages[:-MAX_MESSAGES]


def _sample(job: Job, event: Event) -> None:
    samples = _learn(job)["samples"]
    step = int(event.get("step", 0))
    samples.append({"step": step, "url": f"/api/v1/jobs/{job.id}/samples/{step}"})
    del samples[:-MAX_SAMPLES]


def _learned(job: Job, event: Event) -> None:
    preview = f"/api/v1/jobs/{job.id}/preview" if event.get("has_preview") else None
    _learn(job).update(
        style={
            "name": event.get("name"),
            "preview_url": preview,
            "metrics": {name: _finite(value) for name, value in event.get("metrics", {}).items()},
            "kept": False,
            "kept_as": None,
        },
        stopping=False,
        verdict=event.get("verdict"),
    )


def _film(job: Job, event: Event) -> None:
    film = job.state.setdefault("film", new_film())
    film.update({name: value for name, value in event.items() if name in film})
    done, total = film["frames_done"], film["frames_total"]
    if total:
        half = 0.3 if film["stage"] == "restyling" else 0.0
        share = 0.7 if film["stage"] == "restyling" else 0.3
        job.progress = min(1.0, half + share * max(0, done) / total)


def _done(job: Job, event: Event) -> None:
    job.state["outcome"] = "done"
    job.message = str(event.get("message") or "")


def _failed(job: Job, event: Event) -> None:
    job.state["outcome"] = str(event.get("message") or "The job has failed.")


_TAKERS: Final[dict[str, Callable[[Job, Event], None]]] = {
    "progress": _progress,
    "item": _item,
    "references": _references,
    "step": _step,
    "say": _say,
    "sample": _sample,
    "learned": _learned,
    "film": _film,
    "done": _done,
    "failed": _failed,
}


def add_point(points: list[list[float]], step: int, value: float) -> None:
    """Add to a curve; once it has too many points, every second one is left out."""
    points.append([step, value])
    if len(points) > MAX_POINTS:
        del points[1:-1:2]


def new_film() -> dict[str, Any]:
    """Return what is known of a film job at its start."""
    return {
        "stage": "looking",
        "frames_done": 0,
        "frames_total": None,
        "frames_per_second": None,
        "warnings": [],
        "report_url": None,
    }


def _learn(job: Job) -> dict[str, Any]:
    if "curves" not in job.state.setdefault("learn", {}):
        fresh: dict[str, Any] = {
            "references": {"accepted": [], "refused": []},
            "step": 0,
            "seconds_left": None,
            "distance": None,
            "untouched_distance": None,
            "curves": {},
            "messages": [],
            "samples": [],
            "verdict": None,
            "stopping": False,
            "style": None,
        }
        job.state["learn"] = fresh | job.state["learn"]
    learn: dict[str, Any] = job.state["learn"]
    return learn


def _finite(value: Any) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

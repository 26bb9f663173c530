"""What a report on a film is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from impasto.film.shot_meter import ShotFlicker
from impasto.film.shot_verdict import ShotDecision, ShotVerdict
from impasto.media.files import write_beside


class KnowsItsPlace(Protocol):
    """A shot of `impasto.vision.shots`."""

    @property
    def index(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def start_time(self) -> Fraction: ...
    @property
    def stop_time(self) -> Fraction: ...
    @property
    def transition(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ReportedFilm:
    """What was restyled, and how."""

    source: Path
    output: Path | None
    style: str
    strength: float = 1.0
    gate_mode: str = "off"
    width: int = 0
    height: int = 0
    codec: str = ""
    frame_rate: float | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class ReportedShot:
    """A shot, and what became of it. Times are in seconds of the film; `seconds` is work."""

    index: int
    start: int
    stop: int
    start_time: float
    stop_time: float
    transition: str
    decision: ShotDecision
    flicker: ShotFlicker | None = None
    seconds: float | None = None

    @property
    def num_frames(self) -> int:
        return self.stop - self.start

    @property
    def verdict(self) -> ShotVerdict:
        return self.decision.verdict


@dataclass(frozen=True, slots=True)
class Totals:
    """What the job took.

    Attributes
    ----------
    wall_seconds
        From start to end, all runs of a resumed job together.
    stage_seconds
        Work by name, such as "decode", "network", "encode", summed over workers.
    """

    wall_seconds: float
    num_frames: int
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    num_workers: int = 1

    @property
    def frames_per_second(self) -> float | None:
        return self.num_frames / self.wall_seconds if self.wall_seconds > 0 else None

    @property
    def network_share(self) -> float | None:
        """Share of all work that the network took."""
        work = sum(self.stage_seconds.values())
        return self.stage_seconds["network"] / work if work > 0 and "network" in self.stage_seconds else None


@dataclass(frozen=True, slots=True)
class FilmReport:
    """All that a report says.

    Attributes
    ----------
    thumbnails_dir
        Where `save_thumbnails` put the pictures of decisions that were read from JSON.
    """

    film: ReportedFilm
    shots: Sequence[ReportedShot]
    totals: Totals
    notes: Sequence[str] = ()
    title: str = ""
    thumbnails_dir: Path | None = None

    @property
    def heading(self) -> str:
        return self.title or f"{self.film.source.name} in {self.film.style}"


def save_thumbnails(folder: Path, decision: ShotDecision) -> None:
    """Keep the pictures of a decision beside its JSON.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    if decision.before and decision.after:
        for path, jpeg in zip(_thumbnail_paths(folder, decision.shot), (decision.before, decision.after), strict=True):
            with write_beside(path) as temporary:
                temporary.write_bytes(jpeg)


def read_thumbnails(folder: Path | None, decision: ShotDecision) -> tuple[bytes, bytes] | None:
    """Return the pictures of a decision before and after, as JPEG, or None where they were not kept."""
    if decision.before and decision.after:
        return decision.before, decision.after
    if folder is None:
        return None
    try:
        before, after = (path.read_bytes() for path in _thumbnail_paths(folder, decision.shot))
    except OSError:
        return None
    return before, after


def _thumbnail_paths(folder: Path, shot: int) -> tuple[Path, Path]:
    return folder / f"shot-{shot:06d}-before.jpg", folder / f"shot-{shot:06d}-after.jpg"

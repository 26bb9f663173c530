"""`FilmPlan`: what is to be done to a film, cut into units that can be done in any order, and again."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from impasto.errors import JobError, UnreadableMediaError
from impasto.film.shot_verdict import Setting, ShotDecision
from impasto.vision.shot import Shot

SCHEMA_VERSION: Final = 1
MAX_UNIT_FRAMES: Final = 250
"""About ten seconds: what a kill may cost, against what starting a unit costs."""
WARM_UP_FRAMES: Final = 32
"""Frames that a style which remembers sees before it goes on in the middle of a shot: as long as it remembers paint."""
_HASHED_BYTES = 1 << 20

Index = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SourceIdentity(_Part):
    """What tells whether a film is still the one that was planned for.

    `digest` is SHA-256 of its first and last MiB.
    """

    path: str
    size: Index
    modified_ns: int
    digest: str

    def is_same_film(self, other: SourceIdentity) -> bool:
        """Tell by what is inside; it may have been moved."""
        return (self.size, self.modified_ns, self.digest) == (other.size, other.modified_ns, other.digest)


class PlannedShot(_Part):
    """Frames from `start` to before `stop` without a cut; from `transition_start` it grows out of the shot before.

    `decision` is what the gate decided for it, as `impasto.film.shot_verdict.ShotDecision` writes it; None where nobody
    was asked.
    """

    index: Index
    start: Index
    stop: Index
    start_seconds: float = 0.0
    stop_seconds: float = 0.0
    transition: str = "cut"
    transition_start: Index = 0
    decision: dict[str, JsonValue] | None = None

    @classmethod
    def of(cls, shot: Shot) -> Self:
        return cls(
            index=shot.index,
            start=shot.start,
            stop=shot.stop,
            start_seconds=float(shot.start_time),
            stop_seconds=float(shot.stop_time),
            transition=shot.transition,
            transition_start=shot.transition_start,
        )

    @property
    def setting(self) -> Setting:
        """What it is to be rendered with."""
        return ShotDecision.from_json(self.decision).setting if self.decision else Setting()

    @property
    def start_time(self) -> Fraction:
        return Fraction(self.start_seconds)

    @property
    def stop_time(self) -> Fraction:
        return Fraction(self.stop_seconds)


class PlannedUnit(_Part):
    """Frames from `start` to before `stop`, which one worker does in one go.

    A style that remembers is shown frame `anchor`, the first of the shot, and then the `warm_up` frames before `start`,
    where the unit starts in the middle of a shot; so a unit never hangs on what was done before it.
    """

    index: Index
    start: Index
    stop: Index
    anchor: Index | None = None
    warm_up: Index = 0

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def first_seen(self) -> int:
        return self.start - self.warm_up


class FilmPlan(_Part):
    """A plan, as `plan.json` holds it.

    Attributes
    ----------
    request
        Everything that decides about pixels and their coding, to be compared when a job is resumed.
    num_damaged
        How many pictures of the source had to be patched up.
    """

    schema_version: int = SCHEMA_VERSION
    impasto_version: str
    source: SourceIdentity
    request: dict[str, JsonValue]
    num_damaged: Index = 0
    shots: Annotated[tuple[PlannedShot, ...], Field(min_length=1, strict=False)]
    units: Annotated[tuple[PlannedUnit, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _covers_the_film_once(self) -> Self:
        for spans in ([(each.start, each.stop) for each in part] for part in (self.shots, self.units)):
            ends = [0, *(stop for _, stop in spans)]
            if any(start != end or stop <= end for (start, stop), end in zip(spans, ends, strict=False)):
                raise ValueError("the spans of a plan must follow one another without a gap")
        if [unit.index for unit in self.units] != list(range(len(self.units))):
            raise ValueError("units must be numbered from 0")
        if self.shots[-1].stop != self.units[-1].stop:
            raise ValueError("shots and units must end at the same frame")
        return self

    @property
    def num_frames(self) -> int:
        return self.shots[-1].stop

    def shot_at(self, index: int) -> PlannedShot:
        """Return the shot that a frame belongs to."""
        return self.shots[bisect_right(self.shots, index, key=lambda shot: shot.start) - 1]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a style remembers from frame to frame, which decides how units may start within a shot.

    Attributes
    ----------
    needs_first_frame
        It settles on something at the first frame of a shot, as a look does on its LUT.
    num_frames
        How many frames it takes to forget how it started.
    """

    needs_first_frame: bool = False
    num_frames: int = 0


def cut_units(
    shots: Sequence[PlannedShot], memory: Memory | None = None, max_frames: int = MAX_UNIT_FRAMES
) -> tuple[PlannedUnit, ...]:
    """Cut a film into units: at cuts where possible, and long shots into equal parts.

    Parameters
    ----------
    memory
        That of the style; none by default.
    max_frames
        The longest unit.
    """
    memory = memory or Memory()
    units: list[PlannedUnit] = []
    for pieces in _gathered(_pieces(shots, max_frames), max_frames):
        first, start, _ = pieces[0]
        warm_up = min(start - first.start, memory.num_frames)
        anchor = first.start if memory.needs_first_frame and first.start < start - warm_up else None
        stop = pieces[-1][2]
        units.append(PlannedUnit(index=len(units), start=start, stop=stop, anchor=anchor, warm_up=warm_up))
    return tuple(units)


_Piece = tuple[PlannedShot, int, int]
"""A shot, and where a part of it starts and stops."""


def _pieces(shots: Iterable[PlannedShot], max_frames: int) -> Iterator[_Piece]:
    for shot in shots:
        length = shot.stop - shot.start
        num_parts = -(-length // max_frames)
        bounds = [shot.start + length * part // num_parts for part in range(num_parts + 1)]
        yield from ((shot, start, stop) for start, stop in pairwise(bounds))


def _gathered(pieces: Iterable[_Piece], max_frames: int) -> list[list[_Piece]]:
    """Put shots that follow one another into one unit while it stays short."""
    gathered: list[list[_Piece]] = []
    for shot, start, stop in pieces:
        if gathered and start == shot.start and stop - gathered[-1][0][1] <= max_frames:
            gathered[-1].append((shot, start, stop))
        else:
            gathered.append([(shot, start, stop)])
    return gathered


def identify(path: Path) -> SourceIdentity:
    """Return what tells a film from others, without reading all of it.

    Raises
    ------
    UnreadableMediaError
        It is missing or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        status = path.stat()
        with path.open("rb") as stream:
            digest.update(stream.read(_HASHED_BYTES))
            stream.seek(max(0, status.st_size - _HASHED_BYTES))
            digest.update(stream.read(_HASHED_BYTES))
    except OSError as error:
        raise UnreadableMediaError(f"{path} cannot be read: {error.strerror}.") from error
    return SourceIdentity(
        path=str(path), size=status.st_size, modified_ns=status.st_mtime_ns, digest=digest.hexdigest()
    )


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the names of what differs between two requests."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def load_plan(path: Path) -> FilmPlan:
    """Read a plan.

    Raises
    ------
    JobError
        It is no plan, damaged, or of another version.
    """
    try:
        return FilmPlan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobError(f"{path} is no plan that this Impasto can go on with. Start anew with --overwrite.") from error

"""Lists of shots for people and programs: rows, CSV, and edit decision lists in the form of CMX 3600."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impasto.media.files import write_beside
from impasto.media.timecode import Timecode
from impasto.vision.shots import Shot

_MOST_FRAMES = 999  # three digits
_REEL = "AX"  # a reel without a name: the clip is named in a comment


@dataclass(frozen=True, slots=True)
class ShotRow:
    """A shot as it is listed.

    Attributes
    ----------
    number
        From 1.
    timecode_in, timecode_out
        Of its first frame, and of the first frame after it.
    first_frame, last_frame
        From 0.
    start, stop, duration
        Seconds.
    transition, transition_frames, transition_in
        "cut", "dissolve" or "fade", how many frames before `first_frame` it lasts, and the timecode of its first.
    """

    number: int
    timecode_in: str
    timecode_out: str
    first_frame: int
    last_frame: int
    start: float
    stop: float
    duration: float
    transition: str
    transition_frames: int
    transition_in: str


def shot_rows(shots: Sequence[Shot], timecode: Timecode) -> list[ShotRow]:
    """Return one row for each shot, with times from the first frame on."""
    return [_row(shot, _Clock(shots, timecode)) for shot in shots]


def shots_as_json(shots: Sequence[Shot], timecode: Timecode) -> dict[str, Any]:
    """Return what `json` can write: the rate, and the rows under the names of their fields."""
    rate = {"numerator": timecode.rate.numerator, "denominator": timecode.rate.denominator}
    return {"rate": rate, "shots": [asdict(row) for row in shot_rows(shots, timecode)]}


def write_shot_csv(shots: Sequence[Shot], path: Path | str, timecode: Timecode) -> None:
    """Write one line for each shot under a line of names, as spreadsheets and editing programs read it.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    text = io.StringIO(newline="")
    names = list(ShotRow.__dataclass_fields__)
    writer = csv.DictWriter(text, names)
    writer.writerow({name: name.replace("_", " ").capitalize() for name in names})
    writer.writerows(asdict(row) for row in shot_rows(shots, timecode))
    _write(path, text.getvalue())


def write_edl(shots: Sequence[Shot], path: Path | str, timecode: Timecode, clip: str) -> None:
    """Write an edit decision list by which editing and grading programs cut the film where its shots are.

    Times in the source and in the record are the same. A dissolve or fade is a dissolve of the film into itself, which
    changes no picture, and lets what is done to one shot go over into what is done to the next.

    Parameters
    ----------
    clip
        The file name of the film.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    clock = _Clock(shots, timecode)
    title = " ".join(Path(clip).stem.split())
    mode = "DROP FRAME" if timecode.drop else "NON-DROP FRAME"
    lines = [f"TITLE: {title}", f"FCM: {mode}", ""]
    for shot, following in zip(shots, [*shots[1:], None], strict=False):
        lines += _events(shot, following, clock, clip)
    _write(path, "\r\n".join(lines) + "\r\n")


class _Clock:
    """Which frame of timecode a frame of the film is: of a film of variable rate, the one at the same time."""

    def __init__(self, shots: Sequence[Shot], timecode: Timecode) -> None:
        self._timecode = timecode
        self._begin = shots[0].start_time if shots else 0

    def start(self, shot: Shot) -> int:
        return self._timecode.frame_at(shot.start_time - self._begin)

    def stop(self, shot: Shot) -> int:
        return max(self.start(shot) + 1, self._timecode.frame_at(shot.stop_time - self._begin))

    def transition(self, shot: Shot) -> int:
        return max(0, self.start(shot) - shot.num_transition_frames)

    def text(self, frame: int) -> str:
        return self._timecode.text(frame)

    def seconds(self, shot: Shot) -> tuple[float, float, float]:
        start, stop = shot.start_time - self._begin, shot.stop_time - self._begin
        return round(float(start), 6), round(float(stop), 6), round(float(stop - start), 6)


def _row(shot: Shot, clock: _Clock) -> ShotRow:
    return ShotRow(
        shot.index + 1,
        clock.text(clock.start(shot)),
        clock.text(clock.stop(shot)),
        shot.start,
        shot.stop - 1,
        *clock.seconds(shot),
        shot.transition,
        shot.num_transition_frames,
        clock.text(clock.transition(shot)),
    )


def _events(shot: Shot, following: Shot | None, clock: _Clock, clip: str) -> list[str]:
    first = clock.transition(shot)
    last = clock.transition(following) if following else clock.stop(shot)
    num_frames = min(_MOST_FRAMES, clock.start(shot) - first)
    if not num_frames:
        return [_event(shot, "C", first, last, clock), f"* FROM CLIP NAME: {clip}"]
    return [
        _event(shot, "C", first, first, clock),
        _event(shot, f"D    {num_frames:03d}", first, last, clock),
        f"* FROM CLIP NAME: {clip}",
        f"* TO CLIP NAME: {clip}",
        *(["* COMMENT: FADE"] if shot.transition == "fade" else []),
    ]


def _event(shot: Shot, kind: str, first: int, last: int, clock: _Clock) -> str:
    times = f"{clock.text(first)} {clock.text(last)}"
    return f"{shot.index + 1:03d}  {_REEL:8} V     {kind:8} {times} {times}"


def _write(path: Path | str, text: str) -> None:
    with write_beside(path) as temporary_path:
        temporary_path.write_bytes(text.encode("utf-8"))

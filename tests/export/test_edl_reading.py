"""Edit decision lists read back as editing programs do: they cover the film, and each event is its shot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.export.shot_list import shot_rows, write_edl
from impasto.media.timecode import Timecode
from impasto.vision.shots import Shot

RATES = [Fraction(24), Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)]
LINE = re.compile(
    r"(?P<number>\d+) +(?P<reel>\S+) +V +(?P<kind>[CD]) +(?P<length>\d{3})? *(?P<times>\d\S+ \d\S+ \d\S+ \d\S+)"
)


@dataclass(frozen=True)
class Event:
    """One line of the list, in frames since the first of the film."""

    number: int
    kind: str
    length: int
    start: int
    stop: int


@st.composite
def films(draw: st.DrawFn) -> tuple[list[Shot], Timecode]:
    """Return shots without gaps, some of which come in by a dissolve, and how their frames are numbered."""
    rate = draw(st.sampled_from(RATES))
    start = draw(st.sampled_from([None, "00:59:58:00", "01:00:00:00", "10:00:00:00"]))
    shots: list[Shot] = []
    position = 0
    for index, length in enumerate(draw(st.lists(st.integers(2, 3000), min_size=1, max_size=8))):
        room = shots[-1].num_frames - 1 if shots else 0
        mixed = draw(st.integers(0, min(room, 90)))
        kind = draw(st.sampled_from(["dissolve", "fade"])) if mixed else "cut"
        times = position / rate, (position + length) / rate
        shots.append(Shot(index, position, position + length, *times, kind, position - mixed))
        position += length
    return shots, Timecode.of_rate(rate, start)


def read_events(text: str, timecode: Timecode) -> list[Event]:
    found = []
    for line in text.splitlines():
        if match := LINE.fullmatch(line):
            source_in, source_out, record_in, record_out = match["times"].split()
            assert (source_in, source_out) == (record_in, record_out)
            start, stop = (
                Timecode.of_rate(timecode.rate, each).start - timecode.start for each in (record_in, record_out)
            )
            found.append(Event(int(match["number"]), match["kind"], int(match["length"] or 0), start, stop))
    return found


def edl_of(shots: Sequence[Shot], timecode: Timecode) -> list[Event]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.edl")
        write_edl(shots, path, timecode, "a film.mov")
        return read_events(path.read_text(encoding="utf-8"), timecode)


@given(films())
def test_the_record_has_neither_gaps_nor_overlaps(film: tuple[list[Shot], Timecode]) -> None:
    shots, timecode = film
    events = edl_of(shots, timecode)
    assert events[0].start == 0
    assert events[-1].stop == shots[-1].stop
    assert all(before.stop == after.start for before, after in pairwise(events))


@given(films())
def test_each_shot_has_its_number_and_its_transition(film: tuple[list[Shot], Timecode]) -> None:
    shots, timecode = film
    last_of = {event.number: event for event in edl_of(shots, timecode)}
    assert sorted(last_of) == [shot.index + 1 for shot in shots]
    for shot in shots:
        event = last_of[shot.index + 1]
        assert event.start == shot.transition_start
        assert event.length == shot.num_transition_frames
        assert event.kind == ("D" if shot.num_transition_frames else "C")


@given(films())
def test_rows_say_the_same_as_events(film: tuple[list[Shot], Timecode]) -> None:
    shots, timecode = film
    rows = shot_rows(shots, timecode)
    for shot, row in zip(shots, rows, strict=True):
        assert Timecode.of_rate(timecode.rate, row.timecode_in).start - timecode.start == shot.start
        assert Timecode.of_rate(timecode.rate, row.timecode_out).start - timecode.start == shot.stop
        assert row.duration == pytest.approx(float(shot.duration), abs=1e-6)
    assert all(before.timecode_out == after.timecode_in for before, after in pairwise(rows))

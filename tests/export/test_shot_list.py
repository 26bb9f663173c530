from __future__ import annotations

import csv
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from impasto.errors import OutputError
from impasto.export.shot_list import shot_rows, shots_as_json, write_edl, write_shot_csv
from impasto.media.timecode import Timecode
from impasto.vision.shots import Shot


def shot(index: int, start: int, stop: int, transition: str = "cut", first: int | None = None) -> Shot:
    begin = Fraction(5)  # films need not begin at 0
    times = (begin + Fraction(start, 24), begin + Fraction(stop, 24))
    return Shot(index, start, stop, *times, transition, start if first is None else first)


SHOTS = [shot(0, 0, 48), shot(1, 48, 100), shot(2, 100, 150, "dissolve", 88), shot(3, 150, 240, "fade", 126)]
TIMECODE = Timecode.of_rate(Fraction(24), "01:00:00:00")
EVENT = re.compile(r"(\d{3})  AX       V     (C|D    \d{3}) +((?:\d\d:){3}\d\d) ((?:\d\d:){3}\d\d) (\S+) (\S+)")


def events(path: Path) -> list[tuple[str, str, str, str]]:
    """Return number, kind, in and out of each event, having checked that source and record are the same."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := EVENT.fullmatch(line):
            number, kind, source_in, source_out, record_in, record_out = match.groups()
            assert (source_in, source_out) == (record_in, record_out)
            found.append((number, re.sub(" +", " ", kind), source_in, source_out))
    return found


def test_an_edl_has_an_event_for_each_shot(tmp_path: Path) -> None:
    write_edl(SHOTS, tmp_path / "a.edl", TIMECODE, "my film.mp4")
    assert events(tmp_path / "a.edl") == [
        ("001", "C", "01:00:00:00", "01:00:02:00"),
        ("002", "C", "01:00:02:00", "01:00:03:16"),
        ("003", "C", "01:00:03:16", "01:00:03:16"),
        ("003", "D 012", "01:00:03:16", "01:00:05:06"),
        ("004", "C", "01:00:05:06", "01:00:05:06"),
        ("004", "D 024", "01:00:05:06", "01:00:10:00"),
    ]


def test_an_edl_names_the_film_and_how_it_counts(tmp_path: Path) -> None:
    write_edl(SHOTS, tmp_path / "a.edl", TIMECODE, "my film.mp4")
    data = (tmp_path / "a.edl").read_bytes()
    assert data.startswith(b"TITLE: my film\r\nFCM: NON-DROP FRAME\r\n")
    assert data.count(b"* FROM CLIP NAME: my film.mp4") == len(SHOTS)
    assert data.count(b"* COMMENT: FADE") == 1
    write_edl(SHOTS[:2], tmp_path / "b.edl", Timecode.of_rate(Fraction(30000, 1001)), "my film.mp4")
    assert b"FCM: DROP FRAME" in (tmp_path / "b.edl").read_bytes()


def test_a_very_long_fade_still_fits_into_three_digits(tmp_path: Path) -> None:
    write_edl([shot(0, 0, 2000), shot(1, 2000, 2100, "fade", 800)], tmp_path / "a.edl", TIMECODE, "a.mp4")
    assert [kind for _, kind, _, _ in events(tmp_path / "a.edl")] == ["C", "C", "D 999"]


def test_a_csv_has_a_line_for_each_shot(tmp_path: Path) -> None:
    write_shot_csv(SHOTS, tmp_path / "a.csv", TIMECODE)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["Number"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[2] == {
        "Number": "3",
        "Timecode in": "01:00:04:04",
        "Timecode out": "01:00:06:06",
        "First frame": "100",
        "Last frame": "149",
        "Start": "4.166667",
        "Stop": "6.25",
        "Duration": "2.083333",
        "Transition": "dissolve",
        "Transition frames": "12",
        "Transition in": "01:00:03:16",
    }


def test_json_says_the_same() -> None:
    listed = json.loads(json.dumps(shots_as_json(SHOTS, TIMECODE)))
    assert listed["rate"] == {"numerator": 24, "denominator": 1}
    assert [each["first_frame"] for each in listed["shots"]] == [0, 48, 100, 150]
    assert listed["shots"][3]["transition_frames"] == 24


def test_frames_of_variable_rate_are_numbered_by_their_time() -> None:
    slow = [Shot(0, 0, 10, Fraction(0), Fraction(2), "cut", 0), Shot(1, 10, 58, Fraction(2), Fraction(4), "cut", 10)]
    assert [row.timecode_in for row in shot_rows(slow, TIMECODE)] == ["01:00:00:00", "01:00:02:00"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder does not exist"):
        write_edl(SHOTS, tmp_path / "none" / "a.edl", TIMECODE, "a.mp4")
    with pytest.raises(OutputError, match="is a folder"):
        write_shot_csv(SHOTS, tmp_path, TIMECODE)
    assert list(tmp_path.iterdir()) == []


def test_a_film_without_shots_makes_an_empty_list(tmp_path: Path) -> None:
    write_edl([], tmp_path / "a.edl", TIMECODE, "a.mp4")
    assert events(tmp_path / "a.edl") == []
    assert shot_rows([], TIMECODE) == []

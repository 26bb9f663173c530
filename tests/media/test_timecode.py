from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import UnreadableMediaError
from impasto.media.timecode import Timecode, read_timecode

NTSC = Fraction(30000, 1001)
RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), NTSC, Fraction(50), Fraction(60000, 1001), Fraction(120)]


@pytest.mark.parametrize(
    ("rate", "frame", "text"),
    [
        (Fraction(24), 0, "00:00:00:00"),
        (Fraction(24), 24 * 3661 + 5, "01:01:01:05"),
        (Fraction(24000, 1001), 24, "00:00:01:00"),
        (Fraction(25), 99, "00:00:03:24"),
        (Fraction(120), 119, "00:00:00:119"),
        (NTSC, 1799, "00:00:59;29"),
        (NTSC, 1800, "00:01:00;02"),
        (NTSC, 17982, "00:10:00;00"),
        (NTSC, 107892, "01:00:00;00"),
        (Fraction(60000, 1001), 3600, "00:01:00;04"),
    ],
)
def test_frames_are_numbered_as_the_standard_says(rate: Fraction, frame: int, text: str) -> None:
    assert Timecode.of_rate(rate).text(frame) == text


@given(rate=st.sampled_from(RATES), frame=st.integers(0, 2_000_000))
def test_a_timecode_read_back_is_the_same_frame(rate: Fraction, frame: int) -> None:
    plain = Timecode.of_rate(rate)
    again = Timecode.of_rate(rate, plain.text(frame))
    each_day = 24 * 3600 * round(rate) - (round(rate) // 15 * 54 * 24 if plain.drop else 0)
    assert again.start == frame % each_day
    assert again.drop == plain.drop


@given(frame=st.integers(0, 2_500_000))
def test_dropped_numbers_keep_up_with_the_clock(frame: int) -> None:
    hours, minutes, seconds, frames = Timecode.of_rate(NTSC).text(frame).replace(";", ":").split(":")
    shown = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(frames) / 30
    assert abs(shown - float(frame / NTSC) % 86400) < 0.11


def test_a_film_may_begin_at_any_timecode() -> None:
    assert Timecode.of_rate(Fraction(25), "10:00:00:00").text(26) == "10:00:01:01"
    assert Timecode.of_rate(NTSC, "01:00:00:00").text(1800) == "01:01:00:00"
    assert Timecode.of_rate(NTSC, "01:00:00;00").text(1800) == "01:01:00;02"
    assert Timecode.of_rate(Fraction(25), "noon").text(0) == "00:00:00:00"


def test_a_day_ends_at_midnight() -> None:
    assert Timecode.of_rate(Fraction(24), "23:59:59:23").text(1) == "00:00:00:00"
    assert Timecode.of_rate(NTSC, "23:59:59;29").text(1) == "00:00:00;00"


def test_a_time_is_the_nearest_frame() -> None:
    assert Timecode.of_rate(NTSC).frame_at(Fraction(1001, 30000) * 77) == 77
    assert Timecode.of_rate(Fraction(24)).frame_at(Fraction(42, 1000)) == 1


def test_the_timecode_of_a_film_is_found(tmp_path: Path) -> None:
    pytest.importorskip("av")
    from film_clips import make_film

    stated = make_film(tmp_path / "a.mov", 3, (32, 32), metadata={"timecode": "01:02:03:04"})
    assert read_timecode(stated) == "01:02:03:04"
    assert read_timecode(make_film(tmp_path / "b.mp4", 3, (32, 32))) is None
    with pytest.raises(UnreadableMediaError, match=r"c\.mov"):
        read_timecode(tmp_path / "c.mov")

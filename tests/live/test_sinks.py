from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from film_clips import get_planes

from impasto.errors import OutputError, UsageError
from impasto.live.sinks import FIRST_WAIT, LONGEST_WAIT, EncodedSink, PatientSink, is_stream
from impasto.media.planar import PlanarFrame

from .live_parts import FakeClock, ListSink, drawn_frame, plain_frame, timed_frames


def write(target: Path | str, frames: list[PlanarFrame], rate: float = 25) -> None:
    sink = EncodedSink(str(target), rate)
    for frame in frames:
        sink.write(frame)
    sink.close()


def read(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm", ".ts"])
def test_a_film_shows_what_was_written(tmp_path: Path, suffix: str) -> None:
    frames = timed_frames(6)
    write(tmp_path / f"a{suffix}", frames)
    seen = read(tmp_path / f"a{suffix}")
    assert len(seen) == 6
    for frame, picture in zip(frames, seen, strict=True):
        assert np.abs(get_planes(picture)[0].astype(int) - frame.planes[0]).mean() < 6


def test_times_are_those_of_the_frames(tmp_path: Path) -> None:
    times = [Fraction(n, 100) for n in (300, 304, 308, 350, 351)]
    write(tmp_path / "a.mp4", [drawn_frame(n, pts=time) for n, time in enumerate(times)])
    seen = read(tmp_path / "a.mp4")
    assert [float(each.time) - float(seen[0].time) for each in seen] == pytest.approx(
        [float(time - times[0]) for time in times], abs=0.001
    )


def test_times_that_stand_still_go_on(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [drawn_frame(n, pts=Fraction(1)) for n in range(4)])
    times = [each.time for each in read(tmp_path / "a.mp4")]
    assert len(set(times)) == 4


def test_colours_are_tagged(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", timed_frames(2))
    first = read(tmp_path / "a.mp4")[0]
    assert (int(first.colorspace), int(first.color_range)) == (1, 1)


def test_full_range_is_tagged(tmp_path: Path) -> None:
    frames = [replace(frame, color=replace(frame.color, full_range=True)) for frame in timed_frames(2)]
    write(tmp_path / "a.mp4", frames)
    first = read(tmp_path / "a.mp4")[0]
    assert int(first.color_range) == 2


def test_a_size_that_changes_is_brought_to_the_first(tmp_path: Path) -> None:
    sizes = [(64, 48), (128, 96), (48, 64)]
    frames = [plain_frame(90, size=size, pts=Fraction(n, 25)) for n, size in enumerate(sizes)]
    write(tmp_path / "a.mp4", frames)
    seen = read(tmp_path / "a.mp4")
    assert {(each.width, each.height) for each in seen} == {(64, 48)}
    assert all(abs(get_planes(each)[0].mean() - 90) < 2 for each in seen)


def test_odd_sides_are_taken(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [plain_frame(size=(65, 49), pts=Fraction(n, 25)) for n in range(3)])
    assert (read(tmp_path / "a.mp4")[0].width, read(tmp_path / "a.mp4")[0].height) == (64, 48)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    sink = EncodedSink(str(tmp_path / "a.mp4"), 25)
    sink.write(drawn_frame())
    assert (tmp_path / "a.mp4").read_bytes() == b"old"
    sink.close()
    assert len(read(tmp_path / "a.mp4")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_without_frames_nothing_is_written(tmp_path: Path) -> None:
    EncodedSink(str(tmp_path / "a.mp4"), 25).close()
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    sink = EncodedSink(str(tmp_path / "a.mp4"), 25)
    sink.write(drawn_frame())
    sink.close()
    sink.close()
    assert len(read(tmp_path / "a.mp4")) == 1


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    sink = EncodedSink(str(tmp_path / "none" / "a.mp4"), 25)
    with pytest.raises(OutputError, match=r"a\.mp4"):
        sink.write(drawn_frame())
    sink.close()


@pytest.mark.parametrize("target", ["a.jpg", "a", "http://host/a", "ftp://host/a.mp4"])
def test_what_nothing_can_be_written_to_is_refused_at_once(target: str) -> None:
    with pytest.raises(UsageError):
        EncodedSink(target, 25)


def test_a_playlist_lists_its_parts(tmp_path: Path) -> None:
    frames = [drawn_frame(n, pts=Fraction(n, 10)) for n in range(60)]
    write(tmp_path / "live.m3u8", frames, rate=10)
    parts = [line for line in (tmp_path / "live.m3u8").read_text().splitlines() if line.endswith(".ts")]
    assert len(parts) >= 2
    assert all((tmp_path / part).stat().st_size for part in parts)
    assert len(read(tmp_path / "live.m3u8")) == 60


def test_a_stream_goes_out_over_the_network() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        sink = EncodedSink(f"udp://127.0.0.1:{receiver.getsockname()[1]}?pkt_size=1316", 25)
        for frame in timed_frames(5):
            sink.write(frame)
        data = receiver.recv(65536)
        sink.close()
    assert len(data) % 188 == 0
    assert data[0] == 0x47


def test_nobody_listening_is_told_without_the_key_of_the_stream() -> None:
    sink = EncodedSink("rtmp://127.0.0.1:9/live/secret-key", 25)
    with pytest.raises(OutputError) as told:
        sink.write(drawn_frame())
    assert "secret-key" not in str(told.value)
    sink.close()


class Comes:
    """Makes sinks, some of which fail after some frames."""

    def __init__(self, *lives: int) -> None:
        self.lives = list(lives)
        self.made: list[ListSink] = []

    def __call__(self) -> ListSink:
        life = self.lives.pop(0)

        class Mortal(ListSink):
            def write(self, frame: PlanarFrame) -> None:
                if len(self.frames) >= life:
                    raise OutputError("rtmp://… cannot be written: Broken pipe.")
                super().write(frame)

        self.made.append(Mortal())
        return self.made[-1]


def patient(*lives: int) -> tuple[PatientSink, Comes, FakeClock]:
    clock, make = FakeClock(), Comes(*lives)
    return PatientSink(make, clock), make, clock


def test_a_receiver_that_goes_away_is_looked_for_again() -> None:
    sink, make, clock = patient(3, 100)
    for _ in range(4):
        sink.write(plain_frame())
    assert "Broken pipe" in sink.problem
    sink.write(plain_frame())
    assert len(make.made) == 1
    clock.time += FIRST_WAIT + 0.01
    sink.write(plain_frame())
    assert len(make.made) == 2
    assert len(make.made[1].frames) == 1
    assert sink.problem == ""
    sink.close()
    assert make.made[1].is_closed


def test_a_receiver_that_was_never_there_is_an_error() -> None:
    sink, _, _ = patient(0)
    with pytest.raises(OutputError):
        sink.write(plain_frame())


def test_waiting_for_a_receiver_gets_longer_up_to_a_bound() -> None:
    sink, make, clock = patient(1, *[0] * 30)
    sink.write(plain_frame())
    tried: list[float] = []
    for _ in range(3000):
        num = len(make.made)
        sink.write(plain_frame())
        if len(make.made) > num:
            tried.append(clock.time)
        clock.time += 0.05
    gaps = np.diff(tried)
    assert gaps[0] < gaps[1] < gaps[2]
    assert gaps.max() <= LONGEST_WAIT + 0.2


def test_a_patient_sink_closes_while_nobody_is_there() -> None:
    sink, _, _ = patient(1)
    sink.write(plain_frame())
    sink.write(plain_frame())
    sink.close()


@pytest.mark.parametrize(("target", "expected"), [("rtmp://a/b", True), ("a.mp4", False), ("C:\\a.mp4", False)])
def test_streams_are_told_from_files(target: str, expected: bool) -> None:
    assert is_stream(target) is expected


def test_encoders_are_not_made_before_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real: Callable[..., object] = av.open
    monkeypatch.setattr("impasto.live.sinks.av.open", lambda *a, **k: (made.append(a[0]), real(*a, **k))[1])
    sink = EncodedSink(str(tmp_path / "a.mp4"), 25)
    assert made == []
    sink.write(drawn_frame())
    assert len(made) == 1
    sink.close()

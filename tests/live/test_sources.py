from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from film_clips import draw_planes, film_pts, make_film

from impasto.errors import UnreadableMediaError, UsageError
from impasto.live import sources
from impasto.live.source_choice import SourceChoice, read_source_choice
from impasto.live.sources import CameraWishes, camera_inputs, camera_options, open_source

from .live_parts import FakeClock

LOSSLESS = {"qp": "0"}


def film_source(path: Path, clock: FakeClock, **more: Any) -> Any:
    return open_source(SourceChoice("file", str(path)), clock, Event(), **more)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("camera", "camera", "0"),
        ("camera:1", "camera", "1"),
        ("camera:/dev/video2", "camera", "/dev/video2"),
        ("camera:Integrated Camera", "camera", "Integrated Camera"),
        ("a film.mp4", "file", "a film.mp4"),
        ("C:\\films\\a.mp4", "file", "C:\\films\\a.mp4"),
        ("cameraman.mp4", "file", "cameraman.mp4"),
        ("rtsp://host/stream", "url", "rtsp://host/stream"),
        ("HTTP://host/a.m3u8", "url", "HTTP://host/a.m3u8"),
    ],
)
def test_what_a_user_writes_is_understood(text: str, kind: str, address: str) -> None:
    assert read_source_choice(text) == SourceChoice(kind, address)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "file:///etc/passwd", "concat://a|b", "ftp://host/a.mp4"])
def test_what_no_pictures_come_from_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_source_choice(text)


def test_passwords_are_not_told() -> None:
    assert str(SourceChoice("url", "rtsp://me:secret@host/stream")) == "rtsp://host/stream"


def test_a_film_gives_all_its_pictures_at_its_own_pace(tmp_path: Path) -> None:
    clock = FakeClock()
    source = film_source(make_film(tmp_path / "a.mp4", frames=10, rate=20, options=LOSSLESS), clock)
    seen = []
    for frame in source:
        seen.append((frame, clock.now()))
    assert not source.is_endless
    assert source.rate == 20
    assert [frame.pts for frame, _ in seen] == film_pts(10, 20)
    assert [at for _, at in seen] == pytest.approx([100 + float(pts) for pts in film_pts(10, 20)])
    for index, (frame, _) in enumerate(seen):
        assert np.array_equal(frame.planes[0], draw_planes(index, (160, 90))[0])


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    source = film_source(make_film(tmp_path / "a.mp4", frames=8, vfr=True), clock)
    assert [frame.pts for frame in source] == film_pts(8, vfr=True)
    assert clock.now() == pytest.approx(100 + float(film_pts(8, vfr=True)[-1]))


def test_a_film_that_begins_late_begins_at_once(tmp_path: Path) -> None:
    clock = FakeClock()
    source = film_source(make_film(tmp_path / "a.mkv", frames=3, start=5), clock)
    assert next(iter(source)).pts == 0
    assert clock.now() == pytest.approx(100)


def test_a_late_reader_gets_no_waits(tmp_path: Path) -> None:
    clock = FakeClock()
    source = film_source(make_film(tmp_path / "a.mp4", frames=6, rate=10), clock)
    for _ in source:
        clock.time += 5
    assert max(clock.waits) <= 0.001


def test_a_film_may_begin_again_and_again(tmp_path: Path) -> None:
    clock = FakeClock()
    source = film_source(make_film(tmp_path / "a.mp4", frames=5, rate=20, options=LOSSLESS), clock, repeat=True)
    frames = []
    for frame in source:
        frames.append(frame)
        if len(frames) == 17:
            break
    source.close()
    assert [float(frame.pts) for frame in frames] == pytest.approx([number / 20 for number in range(17)], abs=1e-6)
    assert np.array_equal(frames[0].planes[0], frames[5].planes[0])
    assert np.array_equal(frames[1].planes[0], frames[16].planes[0])
    assert clock.now() == pytest.approx(100 + 16 / 20)


def test_told_to_stop_it_ends(tmp_path: Path) -> None:
    clock, stop = FakeClock(), Event()
    path = make_film(tmp_path / "a.mp4", frames=10)
    source = open_source(SourceChoice("file", str(path)), clock, stop)
    num = 0
    for _ in source:
        num += 1
        if num == 3:
            stop.set()
    assert num == 3


def test_turned_films_are_upright(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", frames=2, rotation=90, options=LOSSLESS)
    frame = next(iter(film_source(path, FakeClock())))
    assert (frame.width, frame.height) == (90, 160)
    assert np.array_equal(frame.planes[0], np.rot90(draw_planes(0, (160, 90))[0]))


def test_ten_bits_and_other_chroma_are_brought_down(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", frames=2, pixel_format="yuv422p10le", options=LOSSLESS)
    frame = next(iter(film_source(path, FakeClock())))
    assert frame.bit_depth == 8
    assert np.abs(frame.planes[0].astype(int) - draw_planes(0, (160, 90), "yuv422p10le")[0] / 4).max() <= 1


@pytest.mark.parametrize("name", ["missing.mp4", "empty.mp4", "text.mp4", "."])
def test_what_is_no_film_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no film " * 100)
    with pytest.raises(UnreadableMediaError, match=re.escape(str(tmp_path / name))):
        film_source(tmp_path / name, FakeClock())


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(UnreadableMediaError, match="/dev/video97"):
        open_source(SourceChoice("camera", "97"), FakeClock(), Event())


@pytest.mark.parametrize(
    ("platform", "address", "expected"),
    [
        ("linux", "0", ("v4l2", "/dev/video0")),
        ("linux", "/dev/video3", ("v4l2", "/dev/video3")),
        ("darwin", "0", ("avfoundation", "0:none")),
        ("win32", "USB Camera", ("dshow", "video=USB Camera")),
    ],
)
def test_cameras_are_named_as_each_system_does(platform: str, address: str, expected: tuple[str, str]) -> None:
    assert camera_inputs(address, platform) == expected


@pytest.mark.parametrize(("platform", "address"), [("win32", "0"), ("emscripten", "0")])
def test_a_camera_that_cannot_be_named_so_is_refused(platform: str, address: str) -> None:
    with pytest.raises(UsageError):
        camera_inputs(address, platform)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_camera_is_asked_for_the_best_first_and_for_nothing_last(platform: str) -> None:
    options = camera_options(CameraWishes(640, 480, 25), platform)
    assert options[-1] == {}
    assert all(each["video_size"] == "640x480" and each["framerate"] == "25" for each in options[:-1])


def test_a_camera_that_refuses_what_it_is_asked_for_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What opens it stands in for the device: there is none on most machines that test."""
    film = make_film(tmp_path / "camera.mp4", frames=3)
    asked: list[dict[str, str]] = []
    real = sources.av.open

    def refuse(address: str, format: str | None = None, options: Any = None, **more: Any) -> Any:
        asked.append(options)
        if options:
            raise sources.av.error.InvalidDataError(22, "Invalid argument")
        assert (address, format) == (str(film), "v4l2")
        return real(str(film))

    monkeypatch.setattr(sources, "camera_inputs", lambda address: ("v4l2", str(film)))
    monkeypatch.setattr(sources.av, "open", refuse)
    source = open_source(SourceChoice("camera", "0"), FakeClock(), Event(), wishes=CameraWishes())
    assert len(asked) == len(camera_options(CameraWishes()))
    assert source.is_endless
    assert len(list(source)) == 3


@contextmanager
def served(data: bytes, kind: str = "video/mp2t") -> Iterator[str]:
    """Serve bytes without saying how many, as live streams come."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/live"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_stream_is_read_as_it_comes(tmp_path: Path) -> None:
    """What is read to find out of what kind a stream is does not come again: the first pictures would be late."""
    data = make_film(tmp_path / "a.ts", frames=200).read_bytes()
    clock = FakeClock()
    with served(data) as url:
        source = open_source(read_source_choice(url), clock, Event())
        frames = list(source)
        source.close()
    assert source.is_endless
    assert 50 <= len(frames) <= 200
    assert clock.waits == []
    assert (frames[0].width, frames[0].height) == (160, 90)


def test_a_stream_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(UnreadableMediaError) as told:
        open_source(read_source_choice("http://me:secret@127.0.0.1:9/live"), FakeClock(), Event())
    assert "secret" not in str(told.value)
    assert "127.0.0.1:9" in str(told.value)


def test_a_stream_without_pictures_is_refused(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 8000)
    with served((tmp_path / "a.wav").read_bytes(), "audio/wav") as url, pytest.raises(UnreadableMediaError):
        open_source(read_source_choice(url), FakeClock(), Event())


def test_damage_in_a_stream_is_passed_over(tmp_path: Path) -> None:
    data = bytearray(make_film(tmp_path / "a.ts", frames=40, gop=8).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 700] = bytes(700)
    with served(bytes(data)) as url:
        source = open_source(read_source_choice(url), FakeClock(), Event())
        frames = list(source)
        source.close()
    assert len(frames) >= 15

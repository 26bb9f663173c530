"""Streams of the network, from real servers on this machine: RTSP, HLS; what stalls, and what hangs up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from film_clips import make_film

from impasto.errors import UnreadableMediaError
from impasto.live import sources
from impasto.live.capture import Capture, Captured
from impasto.live.clock import SystemClock
from impasto.live.mailbox import Mailbox
from impasto.live.sinks import EncodedSink
from impasto.live.source_choice import read_source_choice
from impasto.live.sources import open_source

from .live_parts import FakeClock, timed_frames
from .rtsp_server import rtsp_camera


@pytest.fixture
def stream(tmp_path: Path) -> bytes:
    return make_film(tmp_path / "a.ts", frames=150, rate=25, gop=10).read_bytes()


def test_a_network_camera_is_read(stream: bytes) -> None:
    clock = FakeClock()
    with rtsp_camera(stream) as camera:
        source = open_source(read_source_choice(camera.url), clock, Event())
        frames = list(islice(source, 40))
        source.close()
    assert source.is_endless
    assert len(frames) == 40
    assert (frames[0].width, frames[0].height) == (160, 90)
    assert clock.waits == []


def test_a_network_camera_that_stalls_is_given_up(stream: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "READ_SECONDS", 0.5)
    with rtsp_camera(stream) as camera:
        source = open_source(read_source_choice(camera.url), FakeClock(), Event())
        with pytest.raises(UnreadableMediaError, match="does not answer any more"):
            list(source)
        source.close()


@pytest.mark.parametrize("hangs_up", [True, False], ids=["hangs up", "stalls"])
def test_a_network_camera_that_is_lost_is_taken_up_again(
    stream: bytes, hangs_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "READ_SECONDS", 1.0)
    clock, stop, mailbox = SystemClock(), Event(), Mailbox[Captured]()
    with rtsp_camera(stream) as camera:
        camera.hangs_up = hangs_up
        choice = read_source_choice(camera.url)
        capture = Capture(lambda: open_source(choice, clock, stop), mailbox, clock, stop)
        thread = Thread(target=capture.run)
        thread.start()
        times = []
        for _ in range(600):
            captured = mailbox.take(0.1)
            if captured is not None:
                times.append(captured.frame.pts)
            if camera.num_viewers >= 2 and capture.problem == "":
                break
        stop.set()
        thread.join(30)
    assert camera.num_viewers >= 2
    assert capture.num_reconnects >= 1
    assert capture.error is None
    assert times == sorted(times)


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_comes_a_segment_at_a_time_is_shown_evenly(tmp_path: Path) -> None:
    """What our own sink wrote and has not ended, as another machine would show it."""
    sink = EncodedSink(str(tmp_path / "live.m3u8"), 25)
    for frame in timed_frames(280):
        sink.write(frame)
    assert "ENDLIST" not in (tmp_path / "live.m3u8").read_text()
    clock = FakeClock()
    with served_folder(tmp_path) as url:
        source = open_source(read_source_choice(f"{url}/live.m3u8"), clock, Event())
        shown = []
        for _ in islice(source, 100):
            shown.append(clock.now())
        source.close()
    sink.close()
    assert source.is_endless
    assert [b - a for a, b in pairwise(shown)] == pytest.approx([0.04] * 99, abs=0.002)

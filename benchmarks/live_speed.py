"""How fast live pictures are, from a film at its own pace through the real loop: rate, latency, and the size of paint.

    python benchmarks/live_speed.py [--film FILM] [--look kodak] [--paint van-gogh ...] [--seconds 15] [--rates 15 25]
                                    [--threads 2]

Without a film, one of 1280×720 is made for each rate of the source. Each row is a run of its own. It is measured once
some seconds have passed, in which caches fill and the size of paint settles. Latency is from when a frame was there to
when a sink was done with it: "page" encodes JPEG, as for a browser that looks; "file" encodes H.264. "processor" is
what one frame took of one core, decoding and encoding included. The share of the machine that other processes took is
printed: above a few percent, times mean nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import av
from film_speed import made_planes
from turns import disturbance_told

from impasto.api.live_style import AppliedLive
from impasto.live.clock import SystemClock
from impasto.live.jpeg import JpegEncoder
from impasto.live.loop import LiveLoop
from impasto.live.sinks import EncodedSink, LiveSink
from impasto.live.source_choice import SourceChoice
from impasto.live.sources import open_source
from impasto.live.stage import LiveStage
from impasto.media.pixel_layout import fill_planes
from impasto.media.planar import PlanarFrame

SIZE = (1280, 720)
FILM_SECONDS = 4
SETTLING_SECONDS = 8.0


class Row(NamedTuple):
    """One run."""

    title: str
    source_rate: float
    asked_rate: float | None
    fps: float
    p50: float
    p95: float
    dropped: int
    side: int | None
    processor: float


class PageSink:
    """Does what the page does for one browser, but for sending."""

    def __init__(self) -> None:
        self._encoder = JpegEncoder()

    def write(self, frame: PlanarFrame) -> None:
        self._encoder.encode(frame)

    def close(self) -> None:
        pass


def make_film(path: Path, rate: int) -> Path:
    """Write some seconds in motion, of one shot, with the noise of a camera."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(FILM_SECONDS * rate):
            frame = av.VideoFrame(*SIZE, "yuv420p")
            fill_planes(frame, made_planes(SIZE, 8, index, False))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def run_live(title: str, film: Path, style: AppliedLive, sink: LiveSink, rate: float | None, seconds: float) -> Row:
    """Play a film again and again, and measure once it has settled."""
    clock, stop = SystemClock(), Event()
    stage = LiveStage(style, rate=rate or 30.0, clock=clock)
    choice = SourceChoice("file", str(film))
    loop = LiveLoop(
        lambda: open_source(choice, clock, stop, repeat=True), stage, [sink], rate=rate, clock=clock, stop=stop
    )
    thread = Thread(target=loop.run)
    thread.start()
    time.sleep(SETTLING_SECONDS)
    loop.begin_measuring()
    busy = time.process_time()
    time.sleep(seconds)
    status, busy = loop.status(), time.process_time() - busy
    source_rate = loop._capture.rate if rate is None else float(rate_of(film))
    loop.stop()
    thread.join()
    measured = status.measured
    processor = busy / max(1, measured.num_shown)
    latencies = measured.all_p50, measured.all_p95
    return Row(
        title, source_rate, rate, measured.mean_fps, *latencies, status.num_dropped, status.working_side, processor
    )


def rate_of(film: Path) -> float:
    with av.open(str(film)) as container:
        return float(container.streams.video[0].average_rate or 25)


def print_table(rows: Sequence[Row]) -> None:
    print(f"{'':24} source  asked    fps   p50 ms  p95 ms  dropped  painted at  processor")
    for row in rows:
        asked = f"{row.asked_rate:5.0f}" if row.asked_rate else "  all"
        side = f"{row.side:7} px" if row.side else " " * 10
        times = f"{1000 * row.p50:6.0f}  {1000 * row.p95:6.0f}"
        told = f"{row.source_rate:6.1f}  {asked}  {row.fps:5.1f}  {times}  {row.dropped:7}"
        print(f"{row.title:24} {told}  {side}  {1000 * row.processor:6.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--look", default="kodak")
    parser.add_argument("--paint", nargs="*", default=["van-gogh"])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rates", type=float, nargs="*", default=[15, 25])
    parser.add_argument("--threads", type=int, help="cores that this process may use (Linux)")
    options = parser.parse_args()
    if options.threads:
        os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: options.threads]))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, disturbance_told():
        films = [options.film] if options.film else [make_film(Path(folder, f"{n}.mp4"), n) for n in (30, 60)]
        look = AppliedLive.load(options.look)
        for film in films:
            rows.append(run_live(f"{options.look}, page", film, look, PageSink(), None, options.seconds))
            file_sink = EncodedSink(str(Path(folder, "out.mp4")), rate_of(film))
            rows.append(run_live(f"{options.look}, file", film, look, file_sink, None, options.seconds))
        for name in options.paint:
            paint = AppliedLive.load(name)
            for rate in options.rates:
                rows.append(run_live(f"{name}, page", films[0], paint, PageSink(), rate, options.seconds))
        print_table(rows)


if __name__ == "__main__":
    main()

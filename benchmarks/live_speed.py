"""How fast live pictures are, from a film at its own pace through the real loop, and whether memory stays flat.

    python benchmarks/live_speed.py [--only speed switching memory] [--film FILM] [--look kodak] [--paint monet ...]
                                   [--runtimes onnx openvino] [--rates 15 25] [--seconds 15] [--settling 8 30]
                                   [--minutes 5] [--cores 2]

Without a film, one of 1280×720 is made for each rate of the source.

speed
    Each row is a run of its own, measured once caches are full and the size of paint has settled, which takes longer.
    Latency is from when a frame was there to when a sink was done with it: "page" encodes JPEG, as for a browser that
    looks; "file" encodes H.264. "processor" is what one frame took of one core, decoding and encoding included.
switching
    From asking for a style until its first frame was there, and the longest time between two frames meanwhile.
memory
    All there is at once for some minutes: looks and paint by turns, strength in motion, clips begun and ended.

The share of the machine that other processes took is printed: above a few percent, times mean nothing.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import av
from film_speed import made_planes
from turns import disturbance_told

from impasto.api.live_style import AppliedLive
from impasto.apply.stylizers import StylizerOptions
from impasto.errors import OutputError
from impasto.live.clock import SystemClock
from impasto.live.jpeg import JpegEncoder
from impasto.live.loop import LiveLoop
from impasto.live.sinks import EncodedSink, LiveSink
from impasto.live.source_choice import SourceChoice
from impasto.live.sources import open_source
from impasto.live.stage import PAINT_RATE, LiveStage
from impasto.media.pixel_layout import fill_planes
from impasto.media.planar import PlanarFrame
from impasto.style.runtimes import available_runtimes

SIZE = (1280, 720)
FILM_SECONDS = 4
SWITCH_EVERY = 4.0


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
    """Does what the page does for one browser, but for sending; notes when."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._encoder = JpegEncoder()

    def write(self, frame: PlanarFrame) -> None:
        self._encoder.encode(frame)
        self.times.append(time.perf_counter())

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


@contextmanager
def running(film: Path, style: AppliedLive, sink: LiveSink, rate: float | None = None) -> Iterator[LiveLoop]:
    """Play a film again and again."""
    clock, stop = SystemClock(), Event()
    stage = LiveStage(style, rate=rate or PAINT_RATE, clock=clock)
    choice = SourceChoice("file", str(film))
    loop = LiveLoop(
        lambda: open_source(choice, clock, stop, repeat=True),
        stage,
        [sink],
        rate=rate,
        load_style=AppliedLive.load,
        clock=clock,
        stop=stop,
    )
    thread = Thread(target=loop.run)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        thread.join()


def run_live(
    title: str, film: Path, style: AppliedLive, sink: LiveSink, rate: float | None, settling: float, seconds: float
) -> Row:
    """Measure once it has settled."""
    with running(film, style, sink, rate) as loop:
        time.sleep(settling)
        loop.begin_measuring()
        busy = time.process_time()
        time.sleep(seconds)
        status, busy = loop.status(), time.process_time() - busy
    measured = status.measured
    processor = busy / max(1, measured.num_shown)
    latencies = measured.all_p50, measured.all_p95
    side = status.working_side
    return Row(title, rate_of(film), rate, measured.mean_fps, *latencies, status.num_dropped, side, processor)


def rate_of(film: Path) -> float:
    with av.open(str(film)) as container:
        return float(container.streams.video[0].average_rate or 25)


def print_speed(options: argparse.Namespace, films: Sequence[Path], folder: Path) -> None:
    settling, settling_paint = options.settling
    print(f"{'':30} source  asked    fps   p50 ms  p95 ms  dropped  painted at  processor")
    look = AppliedLive.load(options.look)
    for film in films:
        print_row(run_live(f"{options.look}, page", film, look, PageSink(), None, settling, options.seconds))
        sink = EncodedSink(str(folder / "out.mp4"), rate_of(film))
        print_row(run_live(f"{options.look}, file", film, look, sink, None, settling, options.seconds))
    for name, runtime in itertools.product(options.paint, options.runtimes):
        paint = AppliedLive.load(name, StylizerOptions(runtime=runtime))
        for rate in options.rates:
            title = f"{name}, {runtime}, page"
            print_row(run_live(title, films[0], paint, PageSink(), rate, settling_paint, options.seconds))


def print_row(row: Row) -> None:
    asked = f"{row.asked_rate:5.0f}" if row.asked_rate else "  all"
    side = f"{row.side:7} px" if row.side else " " * 10
    times = f"{1000 * row.p50:6.0f}  {1000 * row.p95:6.0f}"
    told = f"{row.source_rate:6.1f}  {asked}  {row.fps:5.1f}  {times}  {row.dropped:7}"
    print(f"{row.title:30} {told}  {side}  {1000 * row.processor:6.1f} ms", flush=True)


def print_switching(options: argparse.Namespace, film: Path) -> None:
    """Change style again and again, and look for gaps."""
    sink = PageSink()
    print(f"\n{'switching to':30} ready after  longest gap  (median gap before)")
    with running(film, AppliedLive.load(options.look), sink) as loop:
        time.sleep(options.settling[0])
        for name in [*options.paint, options.look, "noir", *options.paint, options.look]:
            before = gaps(sink.times[-60:])
            asked, first = time.perf_counter(), len(sink.times) - 1
            loop.switch(name).result()
            while loop.stage.style_name != name:
                time.sleep(0.001)
            ready = time.perf_counter() - asked
            time.sleep(0.5)
            longest = max(gaps(sink.times[max(0, first) :]), default=0.0)
            told = (
                f"{1000 * ready:8.0f} ms  {1000 * longest:8.0f} ms  {1000 * statistics.median(before or [0]):8.0f} ms"
            )
            print(f"{name:30} {told}", flush=True)
            time.sleep(SWITCH_EVERY)


def gaps(times: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(times)]


def print_memory(options: argparse.Namespace, film: Path, folder: Path) -> None:
    """Do all there is to be done for some minutes."""
    styles = itertools.cycle([options.look, *options.paint, "noir"])
    sizes: list[float] = []
    print(f"\n{'minutes':>8} {'memory MiB':>11} {'frames':>8}  style")
    with running(film, AppliedLive.load(options.look), PageSink()) as loop:
        start = time.perf_counter()
        end = start + 60 * options.minutes
        told = start
        num_turns = 0
        while time.perf_counter() < end:
            num_turns += 1
            loop.switch(next(styles))
            clip = loop.start_clip(folder / "clip.mp4")
            for step in range(20):
                loop.stage.strength = (step + 1) / 20
                time.sleep(SWITCH_EVERY / 20)
            with suppress(OutputError):  # without a single frame, as on a machine that has other things to do
                loop.stop_clip()
            clip.unlink(missing_ok=True)
            now = time.perf_counter()
            if now >= told or now >= end:
                status = loop.status()
                sizes.append(resident_mib())
                shown = status.measured.num_shown
                print(f"{(now - start) / 60:8.1f} {sizes[-1]:11.1f} {shown:8}  {status.style}", flush=True)
                told += max(15.0, (end - start) / 20)
    # Each style has a size of its own, and each half saw them all.
    first, second = max(sizes[: len(sizes) // 2]), max(sizes[len(sizes) // 2 :])
    print(f"{num_turns} changes of style and clips; most, second half over first: {second - first:+.1f} MiB")


def resident_mib() -> float:
    """Return the memory of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["speed", "switching", "memory"]
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--look", default="kodak")
    parser.add_argument("--paint", nargs="*", default=["monet"])
    runtimes = [name for name in ("onnx", "openvino") if name in available_runtimes()]
    parser.add_argument("--runtimes", nargs="*", default=runtimes)
    parser.add_argument("--rates", type=float, nargs="*", default=[15, 25])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--settling", type=float, nargs=2, default=[8.0, 30.0], help="of looks, and of paint")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--cores", type=int, help="that this process may use (Linux)")
    options = parser.parse_args()
    if options.cores:
        os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[: options.cores]))
    with tempfile.TemporaryDirectory() as name, disturbance_told():
        folder = Path(name)
        films = [options.film] if options.film else [make_film(folder / f"{n}.mp4", n) for n in (30, 60)]
        if "speed" in options.only:
            print_speed(options, films, folder)
        if "switching" in options.only:
            print_switching(options, films[0])
        if "memory" in options.only:
            print_memory(options, films[0], folder)


if __name__ == "__main__":
    main()

"""How fast films are restyled, beside PyAV decoding and encoding the same film with the same settings unchanged.

    python benchmarks/film_speed.py [--seconds 20] [--repetitions 3] [--size 1080p 4k] [--bits 8 10] [--paint monet]
                                    [--film FILM ...] [--style kodak] [--preset medium] [--threads 4] [--parts]

A table for a look at each size, and one for a paint style at 720p; --size and --paint without a value leave theirs out.
Films of two shots with sound are made, H.264, unless some are given. All take turns; medians. "job" is all that
`impasto apply` does, in this process: looking for shots, LUTs, units, and an output that is put together and verified;
"command" is the command itself, with the start of a process. Speed is that of PyAV's time over theirs, once by the time
that passed, and once by that of processors, which other processes disturb less. "network" is the part of the job during
which the network of a paint style ran. The share of the machine that other processes took is printed.

With --parts, "render" is decoding, the look and encoding, as one worker does it, and "unchanged" the same with a look
that changes nothing: pictures of more contrast take longer to encode, whoever made them. Then stages are timed one by
one on one thread: what the look adds to a frame is "look, held", and "look, first frame" on the first of each shot.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast
from unittest.mock import patch

import av
import numpy as np
from numpy.typing import NDArray
from turns import Call, disturbance_told, milliseconds

import impasto
from impasto.api.film_jobs import apply_to_film
from impasto.apply.film_look import FilmLook, LookLink, chained_lut, film_thumbnail, shot_luts
from impasto.apply.film_space import lut_for_film
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut
from impasto.apply.tiling import paint_in_tiles
from impasto.film.pipeline import run_pipeline
from impasto.media.film_encoding import Encoding, choose_settings
from impasto.media.film_info import read_info
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink
from impasto.media.pixel_layout import fill_planes
from impasto.media.planar import PlanarFrame
from impasto.style.file import load_style
from impasto.style.library import default_library
from impasto.style.runtime import OnnxRuntime
from impasto.vision.shots import find_shots

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
RATE = 24
SAMPLE_RATE = 48000
NUM_STAGE_FRAMES = 12
PERIOD = 5 * RATE
"""Frames after which a shot repeats itself, so that of a long film only these are encoded."""


@lru_cache(maxsize=2)
def still_parts(size: tuple[int, int], second_shot: bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return coordinates as a column and a row, and stripes."""
    width, height = size
    rows, columns = np.arange(height, dtype=np.float32)[:, None] / height, np.arange(width, dtype=np.float32) / height
    x, y = (rows, 1.8 - columns) if second_shot else (columns, rows)
    return x, y, np.sin(40 * x + 9 * y * y) > 0.8


@lru_cache(maxsize=1)
def grain(size: tuple[int, int]) -> NDArray[Any]:
    width, height = size
    return np.random.default_rng(0).standard_normal((height + 64, width + 64), np.float32) * np.float32(1.5)


def made_planes(size: tuple[int, int], bits: int, index: int, second_shot: bool) -> list[NDArray[Any]]:
    """Return a picture with smooth areas, edges that move, and grain, as a camera gives it."""
    x, y, stripes = still_parts(size, second_shot)
    phase = np.float32(2 * math.pi * index / PERIOD)
    waves = np.sin(7 * x + phase) * np.cos(5 * y - phase) * (-1 if second_shot else 1)
    ball = (x - 0.5 - 0.15 * np.sin(phase)) ** 2 + (y - 0.5) ** 2 < 0.09
    edges = (ball ^ stripes).astype(np.float32)
    half = np.s_[: 2 * (waves.shape[0] // 2) : 2, : 2 * (waves.shape[1] // 2) : 2]
    planes = [
        118 + 40 * waves + 35 * edges,
        128 + (18 * waves + 14 * edges)[half],
        128 - (12 * waves + 20 * edges)[half],
    ]
    scale, dtype = 1 << (bits - 8), np.uint8 if bits == 8 else np.uint16
    corners = np.random.default_rng(index).integers(0, 64, (3, 2))
    noise = [grain(size)[a : a + len(p), b : b + p.shape[1]] for p, (a, b) in zip(planes, corners, strict=True)]
    noisy = [(plane + own).clip(16, 235) * scale for plane, own in zip(planes, noise, strict=True)]
    return [np.rint(plane).astype(dtype) for plane in noisy]


def make_film(path: Path, size: tuple[int, int], bits: int, num_frames: int, preset: str) -> None:
    """Write two shots with sound, each again and again what it is within a period."""
    length = min(PERIOD, num_frames // 2)
    repeats = round(num_frames / 2 / length)
    with tempfile.TemporaryDirectory() as folder:
        shots = [Path(folder, f"{number}.mp4") for number in range(2)]
        for number, shot in enumerate(shots):
            make_shot(shot, size, bits, length, preset, second_shot=number == 1)
        with av.open(str(shots[0])) as first, av.open(str(path), "w") as container:
            stream = container.add_stream_from_template(first.streams.video[0])
            sound: Any = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
            start = 0
            for shot in [shots[0]] * repeats + [shots[1]] * repeats:
                mux_again(container, stream, shot, start)
                for index in range(start, start + length):
                    container.mux(sound.encode(tone(index)))
                start += length
            container.mux(sound.encode())


def make_shot(path: Path, size: tuple[int, int], bits: int, num_frames: int, preset: str, second_shot: bool) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": preset, "crf": "18"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p" if bits == 8 else "yuv420p10le"
        for index in range(num_frames):
            frame = av.VideoFrame(*size, stream.pix_fmt)
            fill_planes(frame, made_planes(size, bits, index, second_shot))
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def mux_again(container: Any, stream: Any, shot: Path, start: int) -> None:
    """Write the packets of a shot, `start` frames later."""
    with av.open(str(shot)) as source:
        for packet in source.demux(video=0):
            if packet.dts is None or packet.pts is None:
                continue
            later = round(start / RATE / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
            container.mux(packet)


def tone(index: int) -> av.AudioFrame:
    count = SAMPLE_RATE // RATE
    times = (np.arange(count) + index * count) / SAMPLE_RATE
    samples = (np.sin(2 * np.pi * 440 * times) * 8000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, index * count, Fraction(1, SAMPLE_RATE)
    return frame


def transcode(source: Path, target: Path, encoding: Encoding) -> None:
    """Decode and encode with nothing in between, and copy the sound: what FFmpeg costs."""
    settings = choose_settings(read_info(source), encoding, target.suffix)
    with av.open(str(source)) as given, av.open(str(target), "w") as written:
        video: Any = given.streams.video[0]
        video.codec_context.thread_count, video.codec_context.thread_type = encoding.num_threads, "AUTO"
        stream: Any = written.add_stream(settings.encoder, rate=video.average_rate, options=dict(settings.options))
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, settings.pixel_format
        stream.codec_context.thread_count = settings.num_threads
        stream.codec_context.time_base = settings.time_base
        copies = {each.index: written.add_stream_from_template(each) for each in given.streams.audio}
        for packet in given.demux():
            if packet.stream.index in copies and packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                written.mux(packet)
            elif packet.stream is video:
                for frame in cast("list[Any]", packet.decode()):
                    frame.pict_type = 0
                    written.mux(stream.encode(frame))
        written.mux(stream.encode())


class Setup:
    """A film, its shots and a look over it, found beforehand."""

    def __init__(self, source: Path, style: str, encoding: Encoding) -> None:
        self.source = source
        self.encoding = encoding
        self.info = read_info(source)
        self.shots = find_shots(source)
        file = load_style(default_library().resolve(style))
        self.links = [LookLink(OnnxRuntime(file.generator), file.manifest.needs.thumbnail_side or 64)]
        self.luts = shot_luts(self.links, self.shots, FilmSource(source))

    def render(self, target: Path, luts: Sequence[Lut3D]) -> None:
        """Do what a worker does: all three stages at once."""
        look = FilmLook(self.shots, luts, self.info.color, self.info.bit_depth)
        frames = FilmSource(self.source, num_threads=self.encoding.num_threads)
        with FilmSink(target, self.info, self.encoding) as sink:
            run_pipeline(frames, look.apply, sink.write)


class Taken(NamedTuple):
    """Median milliseconds that passed, and that processors worked for this process and those it has started."""

    wall: float
    busy: float


def busy_milliseconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (time.process_time() + children.ru_utime + children.ru_stime)


def alternated(calls: Mapping[str, Call], repetitions: int) -> dict[str, Taken]:
    """Time calls that take turns, forwards and backwards."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(repetitions):
        for name in list(calls)[:: 1 if turn % 2 == 0 else -1]:
            busy = busy_milliseconds()
            wall = milliseconds(calls[name])
            times[name].append((wall, busy_milliseconds() - busy))
    return {name: Taken(*map(statistics.median, zip(*each, strict=True))) for name, each in times.items()}


def end_to_end_calls(source: Path, folder: Path, style: str, encoding: Encoding) -> dict[str, Call]:
    """Return what is compared; each writes to a file of its name."""
    targets = {call: folder / f"{call}.mp4" for call in ("PyAV", "job", "command")}
    loaded = impasto.load(style)
    preset = ["--preset", encoding.preset] if encoding.preset else []

    def job() -> None:
        apply_to_film(loaded, source, targets["job"], encoding=encoding, overwrite=True)

    def command() -> None:
        words = ["apply", str(source), "--style", style, "-o", str(targets["command"]), "--overwrite", *preset]
        subprocess.run(
            [sys.executable, "-m", "impasto", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return {"PyAV": lambda: transcode(source, targets["PyAV"], encoding), "job": job, "command": command}


def print_heading(title: str) -> None:
    print(f"\n{title}")
    print(f"{'':12}{'ms/frame':>10}{'fps':>8}{'speed':>8}{'CPU ms':>12}{'speed':>8}{'MB':>8}", flush=True)


def print_row(call: str, taken: Taken, yardstick: Taken, count: int, path: Path) -> None:
    wall, busy = taken.wall / count, taken.busy / count
    passed = f"{wall:10.1f}{1000 / wall:8.1f}{yardstick.wall / taken.wall:8.0%}"
    used = f"{busy:12.1f}{yardstick.busy / taken.busy:8.0%}"
    print(f"{call:12}{passed}{used}{path.stat().st_size / 1e6:8.2f}", flush=True)


def print_look(source: Path, name: str, style: str, encoding: Encoding, repetitions: int, with_parts: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        calls = end_to_end_calls(source, Path(folder), style, encoding)
        setup = Setup(source, style, encoding) if with_parts else None
        if setup is not None:
            luts, identities = setup.luts, [Lut3D.identity()] * len(setup.luts)
            calls["render"] = lambda: setup.render(Path(folder, "render.mp4"), luts)
            calls["unchanged"] = lambda: setup.render(Path(folder, "unchanged.mp4"), identities)
        count = num_frames_of(source)
        print_heading(f"{name}: {count} frames, {style}")
        times = alternated(calls, repetitions)
        for call, taken in times.items():
            print_row(call, taken, times["PyAV"], count, Path(folder, f"{call}.mp4"))
    if setup is not None:
        print_stages(setup, repetitions)


def print_paint(source: Path, name: str, style: str, encoding: Encoding, repetitions: int) -> None:
    """Print what a paint style takes, and how long its network runs."""
    with tempfile.TemporaryDirectory() as folder, network_timed() as runs:
        calls = end_to_end_calls(source, Path(folder), style, encoding)
        del calls["command"]
        count = num_frames_of(source)
        print_heading(f"{name}: {count} frames, {style}")
        times = alternated(calls, repetitions)
        for call, taken in times.items():
            print_row(call, taken, times["PyAV"], count, Path(folder, f"{call}.mp4"))
    job = times["job"].wall / count
    network = 1000 * sum(runs) / repetitions / count
    print(f"{'network':12}{network:10.1f}{'':8}   {network / job:.0%} of the job's time", flush=True)


@contextmanager
def network_timed() -> Iterator[list[float]]:
    """Yield a list that gets the seconds of each run of a paint style's network in this process."""
    seconds: list[float] = []
    run = paint_in_tiles

    def timed(*arguments: Any, **options: Any) -> dict[str, NDArray[Any]]:
        began = time.perf_counter()
        outputs = run(*arguments, **options)
        seconds.append(time.perf_counter() - began)
        return outputs

    with patch("impasto.apply.paint.paint_in_tiles", timed):
        yield seconds


def num_frames_of(source: Path) -> int:
    with av.open(str(source)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def stage_calls(setup: Setup, frames: list[PlanarFrame], folder: Path) -> dict[str, tuple[Call, int]]:
    """Return calls, and how many frames each does."""
    info, lut = setup.info, setup.luts[0]
    held = PlanarLut(lut, info.color, info.bit_depth)
    rgb = [frame.to_rgb() for frame in frames[:2]]
    thumbnails = [film_thumbnail(frame, setup.links) for frame in frames[:5]]
    one = Encoding(setup.encoding.codec, setup.encoding.crf, setup.encoding.preset, 1)

    def decode() -> None:
        for _ in islice(FilmSource(setup.source), len(frames)):
            pass

    def encode() -> None:
        with FilmSink(folder / "stage.mp4", info, one) as sink:
            for frame in frames:
                sink.write(frame)

    def through_rgb() -> None:
        for frame, pixels in zip(frames, rgb, strict=False):
            PlanarFrame.from_rgb(pixels.with_pixels(lut.apply(frame.to_rgb().pixels, num_threads=1)), frame)

    def first_frame() -> None:
        PlanarLut(lut, info.color, info.bit_depth).apply(frames[0], num_threads=1)

    return {
        "decode": (decode, len(frames)),
        "thumbnail for the look": (lambda: [film_thumbnail(frame, setup.links) for frame in frames], len(frames)),
        "LUT of a shot": (lambda: lut_for_film(chained_lut(setup.links, thumbnails), info.color), 1),
        "look, first frame": (first_frame, 1),
        "look, held": (lambda: [held.apply(frame, num_threads=1) for frame in frames], len(frames)),
        "look by way of RGB": (through_rgb, len(rgb)),
        "encode": (encode, len(frames)),
    }


def print_stages(setup: Setup, repetitions: int) -> None:
    frames = list(islice(FilmSource(setup.source), NUM_STAGE_FRAMES))
    print(f"{'stage, one thread':26}{'ms/frame':>10}{'CPU ms':>12}")
    with tempfile.TemporaryDirectory() as folder:
        stages = stage_calls(setup, frames, Path(folder))
        for call, _ in stages.values():
            call()
        times = alternated({stage: call for stage, (call, _) in stages.items()}, repetitions)
    for stage, taken in times.items():
        print(f"{stage:26}{taken.wall / stages[stage][1]:10.2f}{taken.busy / stages[stage][1]:12.2f}")


def films(options: argparse.Namespace, folder: Path, sizes: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield films with their names: those that are given, or made ones, each removed before the next is made."""
    if options.film:
        yield from ((path.name, path) for path in options.film)
        return
    for size in sizes:
        for bits in options.bits:
            path = folder / f"{size}-{bits}.mp4"
            make_film(path, SIZES[size], bits, round(options.seconds * RATE), options.preset)
            yield f"{size}, {bits} bits", path
            path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path, nargs="*", default=[], help="films, instead of made ones")
    parser.add_argument("--style", default="kodak", help="a look that is installed")
    parser.add_argument("--paint", nargs="?", default="monet", help="a paint style that is installed")
    parser.add_argument("--seconds", type=float, default=20, help="length of made films")
    parser.add_argument("--size", nargs="*", choices=SIZES, default=["1080p", "4k"], help="of films for the look")
    parser.add_argument("--bits", nargs="+", type=int, choices=(8, 10), default=[8])
    parser.add_argument("--preset", default="medium", help="of the encoder")
    parser.add_argument("--threads", type=int, default=4, help="of PyAV's decoder, and of all encoders")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help="time the parts of a look as well")
    options = parser.parse_args()
    encoding = Encoding(preset=options.preset, num_threads=options.threads)
    with tempfile.TemporaryDirectory() as folder, disturbance_told():
        for name, path in films(options, Path(folder), options.size) if options.size else ():
            print_look(path, name, options.style, encoding, options.repetitions, options.parts)
        for name, path in films(options, Path(folder), ["720p"]) if options.paint else ():
            print_paint(path, name, options.paint, encoding, options.repetitions)


if __name__ == "__main__":
    main()

"""How fast a look goes over a film, beside PyAV decoding and encoding the same film with the same settings unchanged.

    python benchmarks/film_speed.py [--film FILM ...] [--style kodak] [--seconds 4] [--repetitions 3] [--preset medium]
                                    [--sizes 1080p 2160p] [--bits 8 10] [--threads 4] [--stages-only]

Without a film, one of two shots with sound is made for each size and depth, H.264. All take turns within one process;
medians. "render" is decoding, the look and encoding, as one worker does it, and "unchanged" the same with a look that
changes nothing: pictures of more contrast take longer to encode, whoever made them. "job" is all that `impasto apply`
does: the pass that finds shots, LUTs, units, and an output that is put together and verified.

The stages are timed one by one on one thread: what the look adds to a frame is "look, held", and "look, first frame" on
the first of each shot. The share of the machine that other processes took is printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

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
from impasto.film.pipeline import run_pipeline
from impasto.media.film_encoding import Encoding, choose_settings
from impasto.media.film_info import read_info
from impasto.media.film_read import FilmSource
from impasto.media.film_write import FilmSink
from impasto.media.planar import PlanarFrame
from impasto.style.file import load_style
from impasto.style.library import default_library
from impasto.style.runtime import OnnxRuntime
from impasto.vision.shots import find_shots

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "2160p": (3840, 2160)}
RATE = 24
SAMPLE_RATE = 48000
NUM_STAGE_FRAMES = 12


def made_planes(size: tuple[int, int], bits: int, index: int, second_shot: bool) -> list[NDArray[Any]]:
    """Return a picture with smooth areas, edges that move, and grain, as a camera gives it."""
    width, height = size
    rng = np.random.default_rng(index)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    phase = index / RATE
    x, y = (y, 1.8 - x) if second_shot else (x, y)
    waves = np.sin(7 * x + phase) * np.cos(5 * y - phase) * (-1 if second_shot else 1)
    ball = np.hypot(x - 0.4 - 0.2 * phase % 1, y - 0.5) < 0.3
    edges = (ball ^ (np.sin(40 * x + 9 * y * y) > 0.8)).astype(np.float32)
    half = np.s_[: 2 * (height // 2) : 2, : 2 * (width // 2) : 2]
    planes = [
        118 + 40 * waves + 35 * edges,
        128 + (18 * waves + 14 * edges)[half],
        128 - (12 * waves + 20 * edges)[half],
    ]
    scale, dtype = 1 << (bits - 8), np.uint8 if bits == 8 else np.uint16
    noisy = [(plane + rng.normal(0, 1.5, plane.shape)).clip(16, 235) * scale for plane in planes]
    return [np.rint(plane).astype(dtype) for plane in noisy]


def make_film(path: Path, size: tuple[int, int], bits: int, num_frames: int, preset: str) -> None:
    """Write two shots with sound."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": preset, "crf": "18"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p" if bits == 8 else "yuv420p10le"
        sound: Any = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for index in range(num_frames):
            frame = av.VideoFrame(*size, stream.pix_fmt)
            planes = made_planes(size, bits, index, index >= num_frames // 2)
            for plane, values in zip(frame.planes, planes, strict=True):
                stored = np.zeros((plane.height, plane.line_size), np.uint8)
                rows = values.view(np.uint8)
                stored[:, : rows.shape[1]] = rows
                plane.update(stored.tobytes())
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            container.mux(sound.encode(tone(index)))
        container.mux(stream.encode())
        container.mux(sound.encode())


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
        video.codec_context.thread_count = encoding.num_threads
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
    """Median milliseconds that passed, and that cores of this process were busy."""

    wall: float
    busy: float


def alternated(calls: Mapping[str, Call], repetitions: int) -> dict[str, Taken]:
    """Time calls that take turns, forwards and backwards."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(repetitions):
        for name in list(calls)[:: 1 if turn % 2 == 0 else -1]:
            busy = time.process_time()
            wall = milliseconds(calls[name])
            times[name].append((wall, 1000 * (time.process_time() - busy)))
    return {name: Taken(*map(statistics.median, zip(*each, strict=True))) for name, each in times.items()}


def print_end_to_end(setup: Setup, name: str, style: str, repetitions: int) -> None:
    loaded = impasto.load(style)
    with tempfile.TemporaryDirectory() as folder:
        targets = {call: Path(folder, f"{call}.mp4") for call in ("PyAV", "unchanged", "render", "job")}
        identities = [Lut3D.identity()] * len(setup.luts)

        def job() -> None:
            apply_to_film(loaded, setup.source, targets["job"], encoding=setup.encoding, overwrite=True)

        calls: dict[str, Call] = {
            "PyAV": lambda: transcode(setup.source, targets["PyAV"], setup.encoding),
            "unchanged": lambda: setup.render(targets["unchanged"], identities),
            "render": lambda: setup.render(targets["render"], setup.luts),
            "job": job,
        }
        times = alternated(calls, repetitions)
        count = setup.shots[-1].stop
        sizes = {call: path.stat().st_size / 1e6 for call, path in targets.items()}
    for call, taken in times.items():
        wall, busy = taken.wall / count, taken.busy / count
        speed, busy_speed = times["PyAV"].wall / taken.wall, times["PyAV"].busy / taken.busy
        passed, used = f"{wall:10.1f}{1000 / wall:8.1f}{speed:8.0%}", f"{busy:12.1f}{busy_speed:8.0%}"
        print(f"{name:18}{call:10}{passed}{used}{sizes[call]:8.2f}")


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


def print_stages(setup: Setup, name: str, repetitions: int) -> None:
    frames = list(islice(FilmSource(setup.source), NUM_STAGE_FRAMES))
    with tempfile.TemporaryDirectory() as folder:
        stages = stage_calls(setup, frames, Path(folder))
        for call, _ in stages.values():
            call()
        times = alternated({stage: call for stage, (call, _) in stages.items()}, repetitions)
    for stage, taken in times.items():
        print(f"{name:18}{stage:26}{taken.wall / stages[stage][1]:10.2f}{taken.busy / stages[stage][1]:12.2f}")


def films(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    for path in options.film:
        yield path.stem[:17], path
    if options.film:
        return
    for size in options.sizes:
        for bits in options.bits:
            path = folder / f"{size}-{bits}.mp4"
            make_film(path, SIZES[size], bits, round(options.seconds * RATE), options.preset)
            yield f"{size} {bits} bits", path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path, nargs="*", default=[], help="films, instead of made ones")
    parser.add_argument("--style", default="kodak", help="a look that is installed")
    parser.add_argument("--seconds", type=float, default=4, help="length of made films")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["1080p", "2160p"])
    parser.add_argument("--bits", nargs="+", type=int, choices=(8, 10), default=[8, 10])
    parser.add_argument("--preset", default="medium", help="of the encoder")
    parser.add_argument("--threads", type=int, default=4, help="of the decoder and the encoder")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--stages-only", action="store_true")
    options = parser.parse_args()
    encoding = Encoding(preset=options.preset, num_threads=options.threads)
    with tempfile.TemporaryDirectory() as folder, disturbance_told():
        for name, path in films(options, Path(folder)):
            setup = Setup(path, options.style, encoding)
            print(f"\n{name}: {setup.shots[-1].stop} frames, {len(setup.shots)} shots, {options.style}")
            if not options.stages_only:
                print(f"{'film':18}{'':10}{'ms/frame':>10}{'fps':>8}{'speed':>8}{'CPU ms':>12}{'speed':>8}{'MB':>8}")
                print_end_to_end(setup, name, options.style, options.repetitions)
            print(f"{'film':18}{'stage, one thread':26}{'ms/frame':>10}{'CPU ms/frame':>14}")
            print_stages(setup, name, options.repetitions)


if __name__ == "__main__":
    main()

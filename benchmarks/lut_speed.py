"""How fast a look is applied, beside bare LUT calls of other libraries.

    python benchmarks/lut_speed.py [--picture PHOTO] [--style NAME] [--repetitions 15]

One process, one 3840×2160 8-bit frame in memory, all calls taking turns; medians. "still" is everything from pixels
and a loaded generator to new pixels: thumbnail, network, LUT. "stream" is a further frame of a shot, its LUT held and
baked. Each call is timed twice a turn: "cold", when the other calls have just filled the caches, and "warm", straight
after itself, as in a stream. The share of the machine that other processes took is printed: above a few percent, times
with two threads mean nothing.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import lut_peers
import numpy as np
import onnx
import skimage
import torch
from PIL import Image
from turns import Call, disturbance_told, medians

from impasto.apply.held_lut import BAKE_AFTER_PIXELS
from impasto.apply.look import LookStylizer
from impasto.apply.lut import Lut3D
from impasto.apply.run import apply_to_files
from impasto.apply.stylizer import State
from impasto.apply.thumbnail import area_thumbnail
from impasto.media.frame import Frame
from impasto.style.file import load_style
from impasto.style.library import default_library
from impasto.style.runtime import OnnxRuntime

WIDTH, HEIGHT = 3840, 2160
BIG_WIDTH, BIG_HEIGHT = 6000, 4000


def photo(picture_path: Path | None, width: int, height: int) -> lut_peers.Frame8:
    """Return a photo of a size, with the noise that enlarging takes away put back."""
    if picture_path is not None:
        with Image.open(picture_path) as image:
            return np.array(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    enlarged = Image.fromarray(skimage.data.astronaut()).resize((width, height), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).normal(0, 2, (height, width, 3))
    return (np.asarray(enlarged) + noise).clip(0, 255).astype(np.uint8)


def generator(style_name: str | None) -> tuple[str, bytes]:
    """Return a style's network and its name; without any style, one of the usual architecture, untrained."""
    looks = [name for name, family, _ in default_library().overview() if family == "look"]
    names = [style_name] if style_name else looks
    if names:
        return names[0], load_style(default_library().resolve(names[0])).generator
    from impasto.train.look_generator import LookGenerator  # noqa: PLC0415

    program = torch.onnx.export(
        LookGenerator().eval(),
        (torch.rand(1, 3, 64, 64),),
        input_names=["thumbnail"],
        output_names=["lut"],
        verbose=False,
    )
    assert program is not None
    stream = io.BytesIO()
    onnx.save(program.model_proto, stream)
    return "untrained", stream.getvalue()


def film_lut() -> Lut3D:
    grid = Lut3D.identity(33).table
    mixed = 0.85 * grid + 0.1 * grid[..., ::-1] ** 2 + 0.05 * grid.mean(axis=-1, keepdims=True)
    return Lut3D(0.04 + 0.9 * mixed**1.2)


def our_calls(frame: Frame, model: bytes, num_threads: int) -> dict[str, Call]:
    stylizer = LookStylizer(OnnxRuntime(model, num_threads), num_threads=num_threads)
    state = State()
    for _ in range(BAKE_AFTER_PIXELS // (WIDTH * HEIGHT) + 2):
        _, state = stylizer(frame, state)
    assert state.lut is not None
    assert state.lut.is_baked
    held = state
    return {
        f"impasto still, {num_threads} thr.": lambda: stylizer(frame, State()),
        f"impasto stream, {num_threads} thr.": lambda: stylizer(frame, held),
    }


def peer_calls(pixels: lut_peers.Frame8, num_threads: int) -> dict[str, Call]:
    lut, threads = film_lut(), f"{num_threads} thr."
    calls = {
        f"OpenColorIO, {threads}": lut_peers.opencolorio(pixels, lut, num_threads),
        f"FFmpeg lut3d rgb24, {threads}": lut_peers.ffmpeg(pixels, lut, num_threads),
        f"FFmpeg lut3d float planes, {threads}": lut_peers.ffmpeg(pixels, lut, num_threads, "gbrpf32le"),
        f"torch grid_sample, {threads}": lut_peers.torch_grid_sample(pixels, lut, num_threads),
    }
    if num_threads == 1:
        calls["Pillow Color3DLUT, 1 thr."] = lut_peers.pillow(pixels, lut)
    return calls


def print_frame_table(pixels: lut_peers.Frame8, model: bytes, repetitions: int) -> None:
    for num_threads in (1, 2):
        ours = our_calls(Frame(pixels), model, num_threads)
        peers = peer_calls(pixels, num_threads)
        times = medians({**ours, **peers}, repetitions)
        cold, warm = (min(times[name][k] for name in peers) for k in (0, 1))
        print(f"\n{'call':36}{'ms cold':>9}{'× fastest peer':>16}{'ms warm':>10}{'× fastest peer':>16}")
        for name, both in sorted(times.items(), key=lambda item: item[1].warm):
            print(f"{name:36}{both.cold:9.1f}{both.cold / cold:16.2f}{both.warm:10.1f}{both.warm / warm:16.2f}")


def print_parts(pixels: lut_peers.Frame8, model: bytes, repetitions: int) -> None:
    runtime, lut = OnnxRuntime(model, 2), film_lut()
    noise = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    baked, thumbnail = lut.baked(), np.zeros((1, 3, 64, 64), np.float32)
    parts = {
        "thumbnail": lambda: area_thumbnail(pixels, 64),
        "network": lambda: runtime.run({"thumbnail": thumbnail}),
        "LUT, interpolated": lambda: lut.apply(pixels),
        "LUT, baked": lambda: baked.apply(pixels),
        "LUT on pure noise, interpolated": lambda: lut.apply(noise),
        "LUT on pure noise, baked": lambda: baked.apply(noise),
        "baking": lut.baked,
    }
    print(f"\n{'part, 2 threads':36}{'ms cold':>9}{'ms warm':>10}")
    for name, both in medians(parts, repetitions).items():
        print(f"{name:36}{both.cold:9.1f}{both.warm:10.1f}")


def print_file_table(picture_path: Path | None, model: bytes, repetitions: int) -> None:
    """24-megapixel JPEG to JPEG, beside Pillow reading and writing it with the same quality and subsampling."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jpg"), Path(folder, "out.jpg")
        Image.fromarray(photo(picture_path, BIG_WIDTH, BIG_HEIGHT)).save(source, quality=95, subsampling=2)
        stylizer = LookStylizer(OnnxRuntime(model, 2), padded=True)

        def ours() -> None:
            assert not apply_to_files([(source, target)], lambda: stylizer).failed

        def pillow() -> None:
            with Image.open(source) as image:
                image.save(Path(folder, "pillow.jpg"), quality=95, subsampling=2)

        times = medians({"impasto: read, grade, write": ours, "Pillow: read, write": pillow}, repetitions)
        print(f"\n{f'{BIG_WIDTH}×{BIG_HEIGHT} JPEG':36}{'ms warm':>9}{'× Pillow':>10}")
        for name, both in times.items():
            print(f"{name:36}{both.warm:9.1f}{both.warm / times['Pillow: read, write'].warm:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="a photo, instead of an enlarged portrait")
    parser.add_argument("--style", help="default: the first installed one")
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_args()
    name, model = generator(options.style)
    pixels = photo(options.picture, WIDTH, HEIGHT)
    print(f"generator: {name}; picture: {options.picture or 'astronaut, enlarged'}")
    with disturbance_told():
        print_frame_table(pixels, model, options.repetitions)
        print_parts(pixels, model, options.repetitions)
        print_file_table(options.picture, model, max(3, options.repetitions // 3))


if __name__ == "__main__":
    main()

"""One 3D LUT on one 8-bit RGB frame, as other libraries do it. Each function returns a call to be timed."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814  its documentation calls it so
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from impasto.apply.lut import Lut3D
from impasto.export.cube import write_cube

Call = Callable[[], object]
Frame8 = NDArray[np.uint8]


def opencolorio(frame: Frame8, lut: Lut3D, num_threads: int) -> Call:
    """Tetrahedral, packed 8-bit RGB to 8-bit RGB, bands on threads; the target buffer is kept between calls."""
    transform = OCIO.Lut3DTransform(gridSize=lut.size)
    transform.setInterpolation(OCIO.INTERP_TETRAHEDRAL)
    transform.setData(lut.table.reshape(-1))
    processor = OCIO.Config.CreateRaw().getProcessor(transform)
    depth = OCIO.BIT_DEPTH_UINT8
    cpu = processor.getOptimizedCPUProcessor(depth, depth, OCIO.OPTIMIZATION_DEFAULT)
    target = np.empty_like(frame)
    edges = np.linspace(0, len(frame), num_threads + 1).astype(int)
    bands = [
        (_description(frame[top:bottom]), _description(target[top:bottom])) for top, bottom in itertools.pairwise(edges)
    ]
    pool = ThreadPoolExecutor(num_threads)
    return lambda: list(pool.map(lambda band: cpu.apply(*band), bands))


def _description(band: Frame8) -> Any:
    height, width, _ = band.shape
    return OCIO.PackedImageDesc(band, width, height, OCIO.CHANNEL_ORDERING_RGB, OCIO.BIT_DEPTH_UINT8, 1, 3, 3 * width)


def ffmpeg(frame: Frame8, lut: Lut3D, num_threads: int, pixel_format: str = "rgb24") -> Call:
    """Tetrahedral `lut3d`. As `gbrpf32le` it is fastest; the conversion to and from that is not in the time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "look.cube"
        write_cube(lut, path, size=None)
        height, width, _ = frame.shape
        graph = av.filter.Graph()
        graph.threads = num_threads
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(pixel_format), time_base=Fraction(1, 25)
        )
        grade = graph.add("lut3d", f"file={path}:interp=tetrahedral")
        sink = graph.add("buffersink")
        source.link_to(grade)
        grade.link_to(sink)
        graph.configure()
    picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format=pixel_format)
    times = itertools.count()

    def call() -> object:
        picture.pts = next(times)
        # Through the graph, not its filters: those do not keep the graph alive, and crash once it is gone.
        graph.vpush(picture)
        return graph.vpull()

    return call


def pillow(frame: Frame8, lut: Lut3D) -> Call:
    """`Color3DLUT`, trilinear; knows one thread only."""
    table = lut.table.transpose(2, 1, 0, 3).reshape(-1).tolist()
    color_lut, image = ImageFilter.Color3DLUT(lut.size, table), Image.fromarray(frame)
    return lambda: image.filter(color_lut)


def torch_grid_sample(frame: Frame8, lut: Lut3D, num_threads: int) -> Call:
    """Trilinear `grid_sample`, with the conversion from and to 8 bits."""
    volume = torch.from_numpy(lut.table).permute(3, 0, 1, 2)[None]
    pixels = torch.from_numpy(frame)

    def call() -> object:
        torch.set_num_threads(num_threads)
        coordinates = pixels.float().mul_(2 / 255).sub_(1).flip(-1)[None, None]
        graded = torch.nn.functional.grid_sample(volume, coordinates, align_corners=True, padding_mode="border")
        return graded[0, :, 0].permute(1, 2, 0).mul(255).round_().byte()

    return call

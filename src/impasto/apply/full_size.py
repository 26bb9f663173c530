"""From a painting at working size to the photo's own size, guided by the photo.

The painting is enlarged smoothly, which alone would look soft. Two things make it crisp. Strokes get sharp edges,
within the range of the colours around them. And where the painting follows the photo, which a line fitted to each
neighbourhood tells (K. He, J. Sun, X. Tang, "Guided Image Filtering", 2013), it follows it between working pixels as
well: the rim of an eye is as sharp as in the photo, while skin, which the fit finds flat, keeps nothing but paint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import run_blocks
from impasto.apply.lut import Lut3D
from impasto.apply.resampling import enlarging_taps
from impasto.media.frame import Pixels, padded_storage, pixel_maximum
from impasto.vision.lab import compress_light, linear_to_rgb, rgb_to_linear

Floats = NDArray[np.float32]

_WINDOW_RADIUS = 2
# The variance of luma that counts as flat.
_FLAT_VARIANCE = 0.03**2
# Strokes are as soft as the network made them up to the first enlargement, and as crisp as can be from the second on.
_SOFT_ENLARGEMENT, _CRISP_ENLARGEMENT = 1.5, 4.0
# Smaller blocks than those of LUTs, since each pixel takes ten times as long.
_MIN_ROWS, _PIXELS_PER_BLOCK = 16, 1 << 16
# At working size; a block works out a few rows of its neighbours anew.
_WORKING_ROWS_PER_BLOCK = 64
_NUM_CURVE_POINTS = (1 << 14) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """A painting at working size, ready to be rendered at any size.

    Attributes
    ----------
    layers
        H×W×7, as `layer_kernels.relate_rows` makes it.
    """

    layers: Floats

    @classmethod
    def of(cls, content: Floats, painted: Floats, *, num_threads: int) -> Painting:
        """Relate a painting to what it was painted from, both 3×H×W in [0, 1]."""
        from impasto.apply import layer_kernels as kernels  # noqa: PLC0415  numba takes half a second to import

        height, width = content.shape[1:]
        layers = np.empty((height, width, kernels.NUM_LAYERS), np.float32)
        flat = np.float32(_FLAT_VARIANCE)

        def relate(first: int, last: int) -> None:
            kernels.relate_rows((content, painted), _WINDOW_RADIUS, flat, layers, first, last)

        run_blocks(relate, height, _WORKING_ROWS_PER_BLOCK, num_threads)
        return cls(layers)

    def render(self, pixels: Pixels, strength: float, *, out: Pixels, keep_color: bool, num_threads: int) -> None:
        """Paint over a photo in sRGB.

        Parameters
        ----------
        pixels
            H×W×3 of dtype uint8, uint16, or float32 in [0, 1]: the photo that the painting was made from.
        strength
            In [0, 1]: how much of the painting there is in the result.
        out
            C-contiguous, of the same dtype, H×W×3; or H×W×4, of which the fourth channel is left alone.
        keep_color
            Take only the lightness from the painting.
        """
        storage = padded_storage(pixels)
        source = pixels if storage is None else storage
        render = _Rendering(self.layers, pixels.shape[0], pixels.shape[1], strength, keep_color)

        def render_block(first: int, last: int) -> None:
            render(source[first:last], out[first:last], first)

        run_blocks(render_block, pixels.shape[0], rows_per_block(pixels.shape[1]), num_threads)

    def render_native(
        self,
        pixels: Pixels,
        strength: float,
        luts: tuple[Lut3D, Lut3D],
        *,
        out: Pixels,
        keep_color: bool,
        num_threads: int,
    ) -> None:
        """Paint over a photo in another colour space; `luts` lead to sRGB and back.

        A colour changes by as much as its sRGB value does, seen in its own space, so that a wide gamut stays wide.
        """
        to_srgb, to_native = luts
        maximum = np.float32(pixel_maximum(pixels.dtype))
        rounding = np.float32(0 if pixels.dtype == np.float32 else 0.5)
        render = _Rendering(self.layers, pixels.shape[0], pixels.shape[1], strength, keep_color)

        def render_block(first: int, last: int) -> None:
            native = pixels[first:last] / maximum
            srgb = to_srgb.apply(native, num_threads=1)
            painted = np.empty_like(srgb)
            render(srgb, painted, first)
            native += to_native.apply(painted, num_threads=1)
            native -= to_native.apply(srgb, num_threads=1)
            out[first:last, :, :3] = native.clip(0, 1) * maximum + rounding

        run_blocks(render_block, pixels.shape[0], rows_per_block(pixels.shape[1]), num_threads)


class _Rendering:
    """Paints blocks of rows; any number of threads may do so at once."""

    def __init__(self, layers: Floats, height: int, width: int, strength: float, keep_color: bool) -> None:
        self._layers = layers
        self._row_taps = enlarging_taps(layers.shape[0], height)
        self._column_taps = enlarging_taps(layers.shape[1], width)
        self._strength, self._curves = strength, _color_curves() if keep_color else np.empty((3, 0), np.float32)
        self._crispness = _crispness(max(height / layers.shape[0], width / layers.shape[1]))

    def __call__(self, source: Pixels, target: Pixels, first: int) -> None:
        """Paint K rows, K×W×3 or K×W×4, of which the first is row `first` of the photo."""
        from impasto.apply import paint_kernels  # noqa: PLC0415  numba takes half a second to import

        num_rows = len(source)
        steps = np.uint64(source.shape[-1]), np.uint64(target.shape[-1])
        taps = self._row_taps[0][first : first + num_rows], self._row_taps[1][first : first + num_rows]
        rounding = 0 if source.dtype == np.float32 else 0.5
        settings = [pixel_maximum(source.dtype), rounding, self._strength, self._crispness]
        paint_kernels.render_rows(
            np.ascontiguousarray(source).reshape(num_rows, -1),
            target.reshape(num_rows, -1),
            steps,
            self._layers,
            taps,
            self._column_taps,
            np.array(settings, np.float32),
            self._curves,
        )


def rows_per_block(width: int) -> int:
    """Return how many rows of a photo one thread takes at a time."""
    return max(_MIN_ROWS, _PIXELS_PER_BLOCK // width)


@cache
def _color_curves() -> Floats:
    """Return what `paint_kernels.render_rows` takes to keep colours."""
    values = np.linspace(0, 1, _NUM_CURVE_POINTS, dtype=np.float32)
    return np.stack([rgb_to_linear(values), compress_light(values), linear_to_rgb(values)])


def _crispness(enlargement: float) -> float:
    share = (enlargement - _SOFT_ENLARGEMENT) / (_CRISP_ENLARGEMENT - _SOFT_ENLARGEMENT)
    return min(max(share, 0.0), 1.0)

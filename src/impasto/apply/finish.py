"""Laying a style's finish over frames of a film and over pictures: grain, and the wear of film.

Everything is a function of the frame's number (of a picture: its pixels) and a seed, so that it does not matter which
worker does a frame, or in what order. The picture wanders first; grain, scratches and dust lie on what is shown.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.apply.blocks import PIXELS_PER_BLOCK, available_cores, run_blocks
from impasto.apply.film_wear import Mark, flicker_gain, marks, weave_shift
from impasto.apply.grain_tiles import GrainTiles, grain_tiles
from impasto.apply.stylizer import State, Stylizer
from impasto.media.frame import Frame, Pixels, empty_padded, padded_storage, pixel_maximum
from impasto.media.planar import PlanarFrame, Planes
from impasto.style.file import StyleFile
from impasto.style.finish import Finish, Grain, parse_finish
from impasto.style.manifest import Manifest

Plane = NDArray[Any]
Floats = NDArray[np.float32]

NO_FINISH = "off"
_LUMA, _CB, _CR = range(3)
_HDR_WHITE = {"smpte2084": 0.58, "pq": 0.58, "arib-std-b67": 0.75, "hlg": 0.75}
"""Where the white of a page lies among code values of HDR (ITU-R BT.2408), by transfer."""
# What is as black as the bars around a picture stays so.
_BLACK = 0.015
_NUM_SHADES = 1024


def finish_for(style: StyleFile, amount: float | str | None = None) -> Finish | None:
    """Return what is to be laid over results of a style, as `finish_of` does."""
    return finish_of(style.manifest, amount)


def finish_of(manifest: Manifest, amount: float | str | None = None) -> Finish | None:
    """Return what is to be laid over results of a style; None for nothing.

    Parameters
    ----------
    amount
        What a user asks for: a strength of what the style carries, or parts as `parse_finish` takes them. None: what
        the style carries.

    Raises
    ------
    UsageError
        It cannot be understood, or the style carries nothing that could be made stronger or weaker.
    """
    carried = manifest.finish
    finish = carried if amount is None else parse_finish(str(amount), carried)
    return finish or None


def finish_frame(frame: PlanarFrame, finish: Finish, seed: int = 0) -> PlanarFrame:
    """Lay a finish over a frame of a film; the frame given stays as it is."""
    planes = frame.planes
    if finish.weave:
        planes = _woven(frame, *weave_shift(finish.weave, seed, frame.index))
    if finish.grain is not None or finish.flicker:
        planes = _grained(frame.with_planes(planes), finish, seed)
    covering = list(marks(finish.scratches, finish.dust, (seed, frame.index), (frame.height, frame.width)))
    if covering:
        planes = _covered(planes, frame, covering)
    return frame.with_planes(planes)


def finish_picture(
    frame: Frame, finish: Finish, seed: int = 0, *, of_film: bool = False, num_threads: int | None = None
) -> Frame:
    """Lay what does not need time over a picture: grain, scratches and dust.

    Parameters
    ----------
    of_film
        Whether pictures that follow each other share scratches, and their numbers tell them apart. Otherwise each has
        its own of everything.
    """
    own_seed = seed
    if not of_film:
        own_seed = zlib.crc32(np.ascontiguousarray(frame.pixels[::16, ::16]).tobytes(), seed & 0xFFFFFFFF)
    pixels = frame.pixels
    if finish.grain is not None:
        pixels = _grained_pixels(pixels, finish.grain, (own_seed, frame.index), num_threads or available_cores())
    covering = list(marks(finish.scratches, finish.dust, (own_seed, frame.index), pixels.shape[:2]))
    if covering:
        pixels = _like(frame.pixels, pixels) if pixels is frame.pixels else pixels
        white = pixel_maximum(pixels.dtype)
        for mark in covering:
            _cover(pixels, mark, mark.light * white)
    return frame.with_pixels(pixels)


class FinishedStylizer:
    """Lays a finish over what another stylizer makes.

    Parameters
    ----------
    stylizer
        Its states are handed through.
    """

    def __init__(self, stylizer: Stylizer, finish: Finish, *, seed: int = 0, num_threads: int | None = None) -> None:
        self.unfinished = stylizer
        self._finish = finish
        self._seed = seed
        self._num_threads = num_threads

    def over(self, stylizer: Stylizer) -> FinishedStylizer:
        """Return what lays the same finish over what some other stylizer makes."""
        return FinishedStylizer(stylizer, self._finish, seed=self._seed, num_threads=self._num_threads)

    def __call__(self, frame: Frame, state: State) -> tuple[Frame, State]:
        """Return the finished frame, and the other stylizer's state."""
        restyled, state = self.unfinished(frame, state)
        return self.finish(restyled), state

    def finish(self, frame: Frame) -> Frame:
        """Lay the finish over what `unfinished` made."""
        return finish_picture(frame, self._finish, self._seed, num_threads=self._num_threads)


def unfinished(stylizer: Stylizer) -> Stylizer:
    """Return what a stylizer does before any finish: what a gate is to judge, which takes grain for a fault."""
    return stylizer.unfinished if isinstance(stylizer, FinishedStylizer) else stylizer


def finished(frame: Frame, stylizer: Stylizer) -> Frame:
    """Lay the finish of a stylizer, if it has one, over what its `unfinished` made."""
    return stylizer.finish(frame) if isinstance(stylizer, FinishedStylizer) else frame


def _like(pixels: Pixels, content: Pixels | None = None) -> Pixels:
    """Return pixels of the same layout, filled where there is content."""
    if padded_storage(pixels) is not None:
        made: Pixels = empty_padded(*pixels.shape[:2])[..., :3]
    else:
        made = np.empty(pixels.shape, pixels.dtype)
    if content is not None:
        made[...] = content
    return made


def _woven(frame: PlanarFrame, down: float, right: float) -> Planes:
    """Shift by picture heights."""
    rows, columns = (shift * min(frame.height, frame.width) for shift in (down, right))
    across, along = frame.subsampling
    luma, cb, cr = frame.planes
    highest = 2**frame.bit_depth - 1
    chroma = rows / along, columns / across
    return (
        _shifted(luma, (rows, columns), highest),
        _shifted(cb, chroma, highest),
        _shifted(cr, chroma, highest),
    )


def _shifted(plane: Plane, shifts: tuple[float, float], highest: int) -> Plane:
    """Shift down and right by parts of pixels (Catmull & Rom 1974); the border is repeated."""
    from impasto.apply.finish_kernels import mix_neighbors  # noqa: PLC0415  numba takes half a second to import

    steps = [int(np.floor(-shift)) for shift in shifts]
    margin = max(map(abs, steps)) + 3
    weights = np.array([_weights(-shift - step) for shift, step in zip(shifts, steps, strict=True)], np.float32)
    top, left = (margin + step - 1 for step in steps)
    padded = np.pad(plane, margin, mode="edge")[top : top + plane.shape[0] + 3, left : left + plane.shape[1] + 3]
    target = np.empty(plane.shape, plane.dtype)
    mix_neighbors(np.ascontiguousarray(padded), weights, np.float32(highest), target)
    return target


def _weights(share: float) -> tuple[float, float, float, float]:
    """Weigh four pixels for a place between the middle two."""
    square, cube = share * share, share**3
    return (
        -0.5 * share + square - 0.5 * cube,
        1 - 2.5 * square + 1.5 * cube,
        0.5 * share + 2 * square - 1.5 * cube,
        0.5 * (cube - square),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """What code values mean: those of black, white and grey, and how many of them colour differences span."""

    black: float
    white: float
    grey: float
    span: float
    last: int

    @classmethod
    def of(cls, frame: PlanarFrame) -> _Scale:
        unit, last = 2 ** (frame.bit_depth - 8), 2**frame.bit_depth - 1
        if frame.color.full_range:
            return cls(0, last, 128 * unit, last, last)
        return cls(16 * unit, 235 * unit, 128 * unit, 224 * unit, last)

    def lightness(self) -> Floats:
        """Return what each code value of luma stands for: 0 for black, 1 for white, and more beyond."""
        codes = np.arange(self.last + 1, dtype=np.float32)
        return (codes - np.float32(self.black)) / np.float32(self.white - self.black)


def _grained(frame: PlanarFrame, finish: Finish, seed: int) -> Planes:
    """Change exposure and add grain, in one pass."""
    gain = flicker_gain(finish.flicker, seed, frame.index) if finish.flicker else 0.0
    scale = _Scale.of(frame)
    light = scale.lightness()
    light += gain * light.clip(0, 1) * (1 - light.clip(0, 1))
    levels = light * np.float32(scale.white - scale.black) + np.float32(scale.black)
    tints = (np.arange(scale.last + 1, dtype=np.float32) - scale.grey) * np.float32(1 + gain / 2) + scale.grey
    is_rgb = frame.color.matrix == "identity"
    if finish.grain is None:
        planes = frame.planes if is_rgb else frame.planes[:1]
        exposed = [_looked_up(plane, levels) for plane in planes]
        exposed += [_looked_up(plane, tints) for plane in frame.planes[len(exposed) :]]
        return exposed[0], exposed[1], exposed[2]
    white = _HDR_WHITE.get(frame.color.transfer, 1.0)
    amounts = (_amounts(finish.grain, light / white) * white).astype(np.float32)
    if is_rgb:
        shades = np.stack([levels, amounts * (scale.white - scale.black)])
        luma, second, third = (_grained_luma(frame, plane, finish.grain, shades, seed) for plane in frame.planes)
        return luma, second, third
    luma = _grained_luma(
        frame, frame.planes[0], finish.grain, np.stack([levels, amounts * (scale.white - scale.black)]), seed
    )
    shades = np.stack([tints, amounts * np.float32(scale.span * finish.grain.chroma)])
    cb, cr = (_grained_chroma(frame, kind, finish.grain, shades, seed) for kind in (_CB, _CR))
    return luma, cb, cr


def _looked_up(plane: Plane, levels: Floats) -> Plane:
    table = np.rint(levels).clip(0, len(levels) - 1).astype(plane.dtype)
    found: Plane = table[plane]
    return found


def _amounts(grain: Grain, light: NDArray[np.floating]) -> NDArray[np.float64]:
    amounts: NDArray[np.float64] = grain.amount_at(light) * (light / _BLACK).clip(0, 1)
    return amounts


def _grained_luma(frame: PlanarFrame, plane: Plane, grain: Grain, shades: Floats, seed: int) -> Plane:
    from impasto.apply.finish_kernels import grain_luma  # noqa: PLC0415  numba takes half a second to import

    tiles = grain_tiles(grain, frame.height, frame.width, seed=seed)
    target = np.empty(plane.shape, plane.dtype)
    tables = _in_units(shades, tiles)
    grain_luma(np.ascontiguousarray(plane), tiles.pair, tiles.offsets(seed, frame.index, _LUMA), tables, target)
    return target


def _grained_chroma(frame: PlanarFrame, kind: int, grain: Grain, shades: Floats, seed: int) -> Plane:
    from impasto.apply.finish_kernels import grain_chroma  # noqa: PLC0415  numba takes half a second to import

    plane = frame.planes[kind]
    if not grain.chroma:
        return _looked_up(plane, shades[0])
    across, along = frame.subsampling
    luma = np.ascontiguousarray(frame.planes[0][::along, ::across])
    tiles = grain_tiles(grain, frame.height, frame.width, frame.subsampling, of_chroma=True, seed=seed)
    target = np.empty(plane.shape, plane.dtype)
    planes = np.ascontiguousarray(plane), luma
    grain_chroma(planes, tiles.pair, tiles.offsets(seed, frame.index, kind), _in_units(shades, tiles), target)
    return target


def _in_units(shades: Floats, tiles: GrainTiles) -> Floats:
    """Let amounts multiply what lies in tiles."""
    return np.stack([shades[0], shades[1] * tiles.unit]).astype(np.float32)


def _covered(planes: Planes, frame: PlanarFrame, covering: Sequence[Mark]) -> Planes:
    """Draw marks over copies of planes."""
    luma, cb, cr = (plane.copy() for plane in planes)
    scale = _Scale.of(frame)
    is_rgb = frame.color.matrix == "identity"
    for mark in covering:
        value = scale.black + mark.light * (scale.white - scale.black)
        _cover(luma, mark, value)
        small = mark.shrunk(frame.subsampling)
        for plane in (cb, cr):
            _cover(plane, small, value if is_rgb else scale.grey)
    return luma, cb, cr


def _cover(plane: Plane, mark: Mark, value: float) -> None:
    """Bring what a mark covers, of a plane or of pixels, nearer to a value."""
    bottom, right = mark.top + mark.cover.shape[0], mark.left + mark.cover.shape[1]
    top, left = max(0, mark.top), max(0, mark.left)
    part = plane[top : max(top, bottom), left : max(left, right)]
    cover = mark.cover[top - mark.top :, left - mark.left :][: part.shape[0], : part.shape[1]]
    cover = cover[..., None] if part.ndim == 3 else cover
    mixed = part + cover * (np.float32(value) - part)
    part[...] = np.rint(mixed) if np.issubdtype(plane.dtype, np.integer) else mixed


def _grained_pixels(pixels: Pixels, grain: Grain, keys: tuple[int, int], num_threads: int) -> Pixels:
    from impasto.apply.finish_kernels import grain_pixels  # noqa: PLC0415  numba takes half a second to import

    height, width = pixels.shape[:2]
    luma, chroma = (grain_tiles(grain, height, width, of_chroma=of_chroma) for of_chroma in (False, True))
    offsets = np.array([tiles.offsets(*keys, kind) for tiles, kind in ((luma, _LUMA), (chroma, _CB), (chroma, _CR))])
    white = pixel_maximum(pixels.dtype)
    amounts = _amounts(grain, np.linspace(0, 1, _NUM_SHADES)) * white
    tables = np.stack([amounts * luma.unit, amounts * grain.chroma * chroma.unit]).astype(np.float32)
    scale = white, 0.5 if np.issubdtype(pixels.dtype, np.integer) else 0.0
    target = _like(pixels)

    def fill(first: int, last: int) -> None:
        grain_pixels(pixels, luma.pair, chroma.pair, offsets, tables, scale, target, (first, last))

    run_blocks(fill, height, max(1, PIXELS_PER_BLOCK // width), num_threads)
    return target

"""ICC profiles: what colours the numbers of a still stand for.

8-bit stills go through Little CMS, by way of Pillow. Where 8 bits are too coarse (16-bit frames, look tables), matrix
profiles are computed in float; a profile of another kind is sampled on a lattice whose nodes are exact 8-bit colours
and interpolated: smooth, and within a level except where sRGB clips inside a cell.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from impasto.media.frame import Frame, Pixels
from impasto.media.matrix_profile import MatrixProfile, parse_matrix_profile

ColorTransform: TypeAlias = Callable[[NDArray[Any]], NDArray[np.float32]]
"""N×3 colours in [0, 1] to N×3 colours in [0, 1]."""
ColorSpace: TypeAlias = Literal["RGB", "GRAY", "CMYK", "Lab"]

_NUM_NODES = 52  # 51 steps of 5 levels: every node is an 8-bit colour
_ROWS_AT_ONCE = 1 << 18
_SAME_COLOR_LEVELS = 2
_LEVELS_PER_NODE = 5


def color_space(icc_profile: bytes) -> str:
    """Return the space of the numbers that a profile describes: "RGB", "GRAY", "CMYK", ..."""
    return icc_profile[16:20].decode("latin-1").strip()


@lru_cache(maxsize=64)
def pillow_transform(
    icc_profile: bytes | None, mode: str, *, inverse: bool = False
) -> ImageCms.ImageCmsTransform | None:
    """Build the transform from a profile to sRGB, or back; None where the profile is broken.

    Without a profile, `mode` "LAB" means D50 Lab.
    """
    try:
        lab = ImageCms.createProfile("LAB", 5003)
        ends: list[Any] = [ImageCms.getOpenProfile(io.BytesIO(icc_profile)) if icc_profile else lab]
        ends.append(ImageCms.createProfile("sRGB"))
        modes = [mode, "RGB"]
        if inverse:
            ends.reverse()
            modes.reverse()
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        if mode == "L":
            flags |= ImageCms.Flags.NOOPTIMIZE  # 33 nodes, as it would take, miss the start of a steep curve
        return ImageCms.buildTransform(ends[0], ends[1], modes[0], modes[1], intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=64)
def is_srgb(icc_profile: bytes | None) -> bool:
    """Tell whether numbers may be read as sRGB: no profile, a broken one, or one that changes no colour visibly.

    A broken profile counts as sRGB because that is how viewers treat it.
    """
    if icc_profile is None:
        return True
    if pillow_transform(icc_profile, "RGB") is None:
        return True
    nodes = _lattice(9)
    return bool(np.abs(_apply_8bit(icc_profile, nodes, False).astype(int) - nodes).max() <= _SAME_COLOR_LEVELS)


def to_srgb(frame: Frame) -> Frame:
    """Return the frame in sRGB, at the same depth and without a profile; colours outside sRGB are clipped to it."""
    icc_profile = frame.color.icc_profile
    if icc_profile is None:
        return frame
    color = replace(frame.color, icc_profile=None)
    if is_srgb(icc_profile):
        return replace(frame, color=color)
    convert = _convert_8bit if frame.pixels.dtype == np.uint8 else _convert_deep
    return replace(frame, color=color, pixels=convert(frame.pixels, icc_profile))


def profile_transforms(icc_profile: bytes | None) -> tuple[ColorTransform, ColorTransform]:
    """Return the transforms from a profile to sRGB and back, for N×3 colours in [0, 1].

    Both are the identity where `is_srgb(icc_profile)`. They are cached per profile, and clip to the gamut they lead to.
    """
    if icc_profile is None or is_srgb(icc_profile):
        return _unchanged, _unchanged
    matrix_profile = _matrix_profile(icc_profile)
    if matrix_profile is not None:
        return matrix_profile.to_srgb, matrix_profile.from_srgb
    to_table, from_table = _table(icc_profile, False), _table(icc_profile, True)
    return lambda colors: _interpolate(to_table, colors), lambda colors: _interpolate(from_table, colors)


def gray_curve(icc_profile: bytes) -> NDArray[np.uint8] | None:
    """Return the sRGB level of each of the 256 grey levels; None where the profile is broken."""
    transform = pillow_transform(icc_profile, "L")
    if transform is None:
        return None
    levels = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    curve: NDArray[np.uint8] = np.asarray(ImageCms.applyTransform(levels, transform))[0, :, 1]
    return curve


def smooth_gray_curve(icc_profile: bytes) -> NDArray[np.uint16] | None:
    """Return the sRGB value of each of the 65,536 grey values, without the steps that 8 bits would leave."""
    curve = gray_curve(icc_profile)
    if curve is None:
        return None
    levels = curve.tolist()
    nodes = [0]
    for level in range(1, 255):
        if levels[nodes[-1]] + _LEVELS_PER_NODE <= levels[level] <= levels[255] - _LEVELS_PER_NODE:
            nodes.append(level)
    nodes.append(255)
    values = np.interp(np.arange(65536), np.array(nodes) * 257.0, curve[nodes] * 257.0)
    smooth: NDArray[np.uint16] = np.rint(values).astype(np.uint16)
    return smooth


def _unchanged(colors: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(colors, np.float32)


def _lattice(num_nodes: int) -> NDArray[np.uint8]:
    levels = np.linspace(0, 255, num_nodes).round().astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)


def _apply_8bit(icc_profile: bytes, colors: NDArray[np.uint8], inverse: bool) -> NDArray[np.uint8]:
    transform = pillow_transform(icc_profile, "RGB", inverse=inverse)
    if transform is None:
        return colors
    converted: NDArray[np.uint8] = np.asarray(ImageCms.applyTransform(Image.fromarray(colors[None]), transform))[0]
    return converted


@lru_cache(maxsize=16)
def _matrix_profile(icc_profile: bytes) -> MatrixProfile | None:
    return parse_matrix_profile(icc_profile)


@lru_cache(maxsize=16)
def _table(icc_profile: bytes, inverse: bool) -> NDArray[np.float32]:
    colors = _apply_8bit(icc_profile, _lattice(_NUM_NODES), inverse)
    return (colors.astype(np.float32) / np.float32(255)).reshape(_NUM_NODES, _NUM_NODES, _NUM_NODES, 3)


def _interpolate(table: NDArray[np.float32], colors: NDArray[Any]) -> NDArray[np.float32]:
    """Read a lattice between its nodes, trilinearly."""
    position = np.clip(np.asarray(colors, np.float32), 0, 1) * (_NUM_NODES - 1)
    low = np.minimum(position.astype(np.int32), _NUM_NODES - 2)
    far = position - low
    red, green, blue = low.T
    result = np.zeros_like(position)
    for corner in range(8):
        step = np.array([corner >> 2, corner >> 1 & 1, corner & 1])
        weight = np.where(step, far, 1 - far).prod(axis=1, keepdims=True)
        result += weight * table[red + step[0], green + step[1], blue + step[2]]
    return result


def _convert_8bit(pixels: Pixels, icc_profile: bytes) -> Pixels:
    result = np.empty_like(pixels, order="C")
    for rows in _strips(pixels):
        strip = np.ascontiguousarray(pixels[rows])
        result[rows] = _apply_8bit(icc_profile, strip.reshape(-1, 3), False).reshape(strip.shape)
    return result


def _convert_deep(pixels: Pixels, icc_profile: bytes) -> Pixels:
    convert, _ = profile_transforms(icc_profile)
    integer = np.issubdtype(pixels.dtype, np.integer)
    result = np.empty_like(pixels, order="C")
    for rows in _strips(pixels):
        strip = pixels[rows]
        colors = strip.reshape(-1, 3) / np.float32(65535) if integer else strip.reshape(-1, 3)
        converted = convert(colors).reshape(strip.shape)
        result[rows] = np.rint(converted * 65535) if integer else converted
    return result


def _strips(pixels: Pixels) -> list[slice]:
    height, width = pixels.shape[:2]
    num_rows = max(1, _ROWS_AT_ONCE // max(1, width))
    return [slice(start, start + num_rows) for start in range(0, height, num_rows)]

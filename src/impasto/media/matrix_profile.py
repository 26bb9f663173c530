"""ICC profiles that are three curves and a matrix, as those of all common working spaces are, in float.

Little CMS through Pillow rounds to 8 bits, which shows in 16-bit pictures and wherever sRGB clips. Format: ICC.1:2010,
`curveType`, `parametricCurveType` and `XYZType`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUM_LEVELS = 65536
_HEADER_BYTES = 128
_SRGB_TO_XYZ = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
_TABLE_TAGS = (b"A2B0", b"A2B1", b"B2A0", b"B2A1")
_PARAMETERS = ("g", "gab", "gabc", "gabcd", "gabcdef")


@dataclass(frozen=True, slots=True)
class MatrixProfile:
    """Linear light of each 16-bit value per channel (3×65536), and the matrix from there to linear sRGB."""

    curves: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def to_srgb(self, colors: NDArray[Any]) -> NDArray[np.float32]:
        """Transform N×3 colours in [0, 1]; what sRGB cannot show is clipped."""
        levels = np.rint(np.clip(colors, 0, 1) * (_NUM_LEVELS - 1)).astype(np.uint16)
        linear = np.stack([curve[level] for curve, level in zip(self.curves, levels.T, strict=True)], axis=-1)
        return _encode_srgb(np.clip(linear @ self.matrix.T, 0, 1))

    def from_srgb(self, colors: NDArray[Any]) -> NDArray[np.float32]:
        """Transform N×3 sRGB colours in [0, 1] back; what the profile cannot show is clipped."""
        linear = np.clip(_decode_srgb(np.clip(colors, 0, 1)) @ np.linalg.inv(self.matrix).T, 0, 1)
        values = np.linspace(0, 1, _NUM_LEVELS)
        channels = [np.interp(light, curve, values) for light, curve in zip(linear.T, self.curves, strict=True)]
        return np.stack(channels, axis=-1).astype(np.float32)


def parse_matrix_profile(icc_profile: bytes) -> MatrixProfile | None:
    """Read a profile, or return None where it is of another kind, or broken."""
    if icc_profile[16:20] != b"RGB " or icc_profile[20:24] != b"XYZ ":
        return None
    try:
        tags = _tags(icc_profile)
        if any(name in tags for name in _TABLE_TAGS):
            return None
        colorants = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        matrix = np.linalg.solve(_SRGB_TO_XYZ, np.array(colorants).T / 65536)
        np.linalg.inv(matrix)
    except (struct.error, LookupError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    if not np.isfinite(curves).all() or (np.diff(curves, axis=1) < 0).any():
        return None
    return MatrixProfile(curves.astype(np.float32), matrix.astype(np.float32))


def _tags(icc_profile: bytes) -> dict[bytes, bytes]:
    (num_tags,) = struct.unpack_from(">I", icc_profile, _HEADER_BYTES)
    if num_tags > len(icc_profile) // 12:
        raise ValueError("more tags than bytes")
    entries = [struct.unpack_from(">4sII", icc_profile, _HEADER_BYTES + 4 + 12 * i) for i in range(num_tags)]
    return {name: icc_profile[offset : offset + size] for name, offset, size in entries}


def _curve(tag: bytes) -> NDArray[np.float64]:
    """Return the linear light of each 16-bit value."""
    values = np.linspace(0, 1, _NUM_LEVELS)
    if tag[:4] == b"para":
        return _parametric(tag, values)
    if tag[:4] != b"curv":
        raise ValueError("no curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return values
    points = np.array(struct.unpack_from(f">{count}H", tag, 12))
    if count == 1:
        return np.asarray(values ** (points[0] / 256))
    return np.interp(values, np.linspace(0, 1, count), points / 65535)


def _parametric(tag: bytes, values: NDArray[np.float64]) -> NDArray[np.float64]:
    (kind,) = struct.unpack_from(">H", tag, 8)
    names = _PARAMETERS[kind]
    numbers = struct.unpack_from(f">{len(names)}i", tag, 12)
    given = {name: number / 65536 for name, number in zip(names, numbers, strict=True)}
    gamma, a, b, c = given["g"], given.get("a", 1.0), given.get("b", 0.0), given.get("c", 0.0)
    powered = np.maximum(a * values + b, 0) ** gamma
    if kind < 3:
        curve = np.where(values >= -b / a, powered, 0) + c
    else:
        curve = np.where(values >= given["d"], powered + given.get("e", 0.0), c * values + given.get("f", 0.0))
    clipped: NDArray[np.float64] = np.clip(curve, 0, 1)
    return clipped


def _encode_srgb(linear: NDArray[Any]) -> NDArray[np.float32]:
    encoded = 1.055 * np.power(linear, 1 / 2.4, dtype=np.float32) - np.float32(0.055)
    return np.where(linear <= 0.0031308, 12.92 * linear, encoded).astype(np.float32)


def _decode_srgb(colors: NDArray[Any]) -> NDArray[np.float32]:
    powered = ((colors + 0.055) / 1.055) ** 2.4
    return np.where(colors <= 0.04045, colors / 12.92, powered).astype(np.float32)

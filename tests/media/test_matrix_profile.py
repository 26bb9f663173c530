from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from impasto.media.matrix_profile import parse_matrix_profile

from .pictures import icc_profile

P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
PROPHOTO = [(0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)]


def parametric(kind: int, *parameters: float) -> bytes:
    numbers = [round(parameter * 65536) for parameter in parameters]
    return b"para" + bytes(4) + struct.pack(f">HH{len(numbers)}i", kind, 0, *numbers)


def with_curve(curve: bytes) -> bytes:
    """The Display P3 profile with its three curves replaced."""
    profile = bytearray(icc_profile(P3, 2.2))
    (num_tags,) = struct.unpack_from(">I", profile, 128)
    for i in range(num_tags):
        if profile[132 + 12 * i + 1 : 136 + 12 * i] == b"TRC":
            struct.pack_into(">II", profile, 136 + 12 * i, len(profile), len(curve))
    profile += curve
    struct.pack_into(">I", profile, 0, len(profile))
    return bytes(profile)


CURVES = {
    "none": b"curv" + bytes(8),
    "gamma": b"curv" + bytes(4) + struct.pack(">IH", 1, 461),
    "table": b"curv" + bytes(4) + struct.pack(">I256H", 256, *[round((i / 255) ** 1.8 * 65535) for i in range(256)]),
    "para 0": parametric(0, 2.2),
    "para 1": parametric(1, 2.2, 0.9, 0.1),
    "para 2": parametric(2, 2.0, 0.8, 0.1, 0.05),
    "para 3": parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "para 4": parametric(4, 2.0, 0.95, 0.05, 0.18, 0.1, -0.001025, 0.002),
}


@pytest.mark.parametrize(
    "profile", [*map(with_curve, CURVES.values()), icc_profile(PROPHOTO, 1.8)], ids=[*CURVES, "wide"]
)
def test_it_agrees_with_little_cms(profile: bytes) -> None:
    parsed = parse_matrix_profile(profile)
    assert parsed is not None
    colors = np.random.default_rng(0).integers(0, 256, (2000, 3)).astype(np.uint8)
    colors[:256] = np.arange(256)[:, None]
    source, standard = ImageCms.getOpenProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    for start, end, transform in [(source, standard, parsed.to_srgb), (standard, source, parsed.from_srgb)]:
        built = ImageCms.buildTransform(start, end, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
        expected = np.asarray(ImageCms.applyTransform(Image.fromarray(colors[None]), built))[0]
        error = np.abs(transform(colors / 255) * 255 - expected)
        assert np.mean(error) < 0.5
        assert np.quantile(error, 0.99) < 1.5


def test_srgb_itself_changes_nothing(srgb_profile: bytes) -> None:
    parsed = parse_matrix_profile(srgb_profile)
    assert parsed is not None
    colors = np.random.default_rng(0).uniform(0, 1, (500, 3))
    for transform in (parsed.to_srgb, parsed.from_srgb):
        assert np.abs(transform(colors) - colors).max() < 0.5 / 255


def test_out_of_range_is_clipped() -> None:
    parsed = parse_matrix_profile(icc_profile(P3, 2.2))
    assert parsed is not None
    for transform in (parsed.to_srgb, parsed.from_srgb):
        result = transform(np.array([[-1, 2, 0.5], [0, 1, 0]]))
        assert result.min() >= 0
        assert result.max() <= 1


@pytest.mark.parametrize(
    "curve", [b"curv" + bytes(4) + struct.pack(">I3H", 3, 0, 50000, 10), b"what" + bytes(20), parametric(3, 1), b"para"]
)
def test_falling_and_broken_curves_are_left_to_others(curve: bytes) -> None:
    assert parse_matrix_profile(with_curve(curve)) is None


def test_other_kinds_are_left_to_others(gray_profile: bytes) -> None:
    assert parse_matrix_profile(gray_profile) is None
    assert parse_matrix_profile(icc_profile(P3, 2.2).replace(b"cprt", b"A2B0")) is None
    assert parse_matrix_profile(icc_profile([(0.1, 0.1, 0.1)] * 3, 2.2)) is None


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 480))
def test_any_bytes_are_survived(noise: bytes, start: int) -> None:
    profile = icc_profile(P3, 2.2)
    parse_matrix_profile(profile[:start] + noise + profile[start + len(noise) :])
    parse_matrix_profile(noise)

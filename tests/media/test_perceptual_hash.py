from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from impasto.media.perceptual_hash import content_hash, hamming_distance, luminance_square, perceptual_hash


def scene(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Soft blobs, as different from seed to seed as photographs are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 6, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def portrait(seed: int) -> Image.Image:
    """A head on shoulders before a plain wall: the same layout each time, other tones and proportions."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:200j, -1:1:160j]
    wall, face, coat, hair = random.permutation([40, 100, 160, 220]) + random.integers(-15, 16, 4)
    picture = wall + 30 * random.uniform(-1, 1) * x + 30 * random.uniform(-1, 1) * y
    center, height = random.uniform(-0.15, 0.15), random.uniform(0.4, 0.55)
    picture = np.where((x - center) ** 2 / 0.6 + (y - 1.1) ** 2 / 0.5 < 1, coat, picture)
    picture = np.where((x - center) ** 2 / 0.16 + (y + 0.2) ** 2 / height**2 < 1.1, hair, picture)
    picture = np.where((x - center) ** 2 / 0.13 + (y + 0.1) ** 2 / height**2 < 0.9, face, picture)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8)).convert("RGB")


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def distance(first: Image.Image, second: Image.Image) -> int:
    return hamming_distance(perceptual_hash(np.asarray(first)), perceptual_hash(np.asarray(second)))


@pytest.mark.parametrize("make", [scene, portrait])
@pytest.mark.parametrize("seed", range(4))
def test_copies_stay_close(make: object, seed: int) -> None:
    original: Image.Image = make(seed)  # type: ignore[operator]
    copies = [
        recompressed(original, 30),
        original.resize((original.width * 2, original.height * 2), Image.Resampling.BICUBIC),
        original.resize((91, 77), Image.Resampling.HAMMING),
        original.point(lambda value: int(value * 0.8)),
        original.point(lambda value: int(20 + value * 0.85)),
    ]
    assert max(distance(original, copy) for copy in copies) <= 6


@pytest.mark.parametrize("make", [scene, portrait])
def test_different_pictures_lie_apart(make: object) -> None:
    hashes = [perceptual_hash(np.asarray(make(seed))) for seed in range(20)]  # type: ignore[operator]
    apart = [hamming_distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 6


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hamming_distance_counts_bits(first: int, second: int) -> None:
    assert hamming_distance(first, second) == sum(
        a != b for a, b in zip(f"{first:064b}", f"{second:064b}", strict=True)
    )


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (33, 31, 3)])
def test_any_size_has_a_hash_of_64_bits(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert 0 <= perceptual_hash(pixels) < 2**64


@given(st.integers(1, 50), st.integers(1, 50))
def test_luminance_square_keeps_the_mean(height: int, width: int) -> None:
    gray = np.random.default_rng(height * width).uniform(0, 1, (height, width, 1)).repeat(3, 2)
    square = luminance_square(gray, 8)
    assert square.shape == (8, 8)
    assert square.mean() == pytest.approx(gray.mean())


def test_content_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert content_hash(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()

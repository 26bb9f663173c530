"""Every style that the package carries: complete, small, free to use, and kind to a smooth ramp."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import impasto
from impasto.style.file import verify_style
from impasto.style.library import default_library

BUILTIN_PATHS = sorted(Path(default_library().builtin_dir).glob("*.style"))
NAMES = [path.stem for path in BUILTIN_PATHS]

LUMA = np.array([0.2126, 0.7152, 0.0722])


def grey_ramp(length: int = 65536) -> np.ndarray:
    """A 16-bit ramp of greys, 16×(length / 16)×3."""
    ramp = np.arange(length, dtype=np.uint16).reshape(16, -1)
    return np.repeat(ramp[..., None], 3, axis=-1)


def test_there_are_at_least_six() -> None:
    assert len(NAMES) >= 6, NAMES


@pytest.mark.parametrize("path", BUILTIN_PATHS, ids=NAMES)
class TestBuiltinStyle:
    def test_is_sound_and_small(self, path: Path) -> None:
        style = verify_style(path)
        assert path.stat().st_size <= 2 * 2**20
        assert style.manifest.name == path.stem
        assert style.preview is not None
        assert style.mean_lut is not None

    def test_says_what_it_is_and_what_it_came_from(self, path: Path) -> None:
        manifest = verify_style(path).manifest
        assert manifest.description.endswith(".")
        assert "Pixabay" in manifest.sources.license_note or "public domain" in manifest.sources.license_note
        assert manifest.sources.num_references >= 20
        assert manifest.recipe["steps"]

    def test_tone_never_turns_back(self, path: Path) -> None:
        luminance = impasto.load(path).apply(grey_ramp()).reshape(-1, 3) @ LUMA
        falls = (np.maximum.accumulate(luminance) - luminance).max()
        assert falls <= 65535 * 0.004, f"luminance falls by {falls / 655.35:.2f} % along a grey ramp"

    def test_a_smooth_ramp_has_no_bands(self, path: Path) -> None:
        output = impasto.load(path).apply(grey_ramp()).reshape(-1, 3).astype(np.int64)
        steps = np.abs(np.diff(output, axis=0)).max()
        assert steps <= 64, f"neighbouring 16-bit greys end {steps} levels apart; a quarter of an 8-bit level is 64"

    def test_strength_leads_from_the_photo_to_the_style(self, path: Path) -> None:
        photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        style = impasto.load(path)
        assert np.array_equal(style.apply(photo, strength=0.0), photo)
        half = np.abs(style.apply(photo, strength=0.5).astype(int) - photo).mean()
        full = np.abs(style.apply(photo, strength=1.0).astype(int) - photo).mean()
        assert 0 < half < full

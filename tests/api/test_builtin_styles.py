"""Every style that the package carries: complete, small and free to use; looks are kind to a smooth ramp."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import impasto
from impasto.api.dreaming import load_dream
from impasto.errors import ImpastoError
from impasto.style.blend import blend_styles
from impasto.style.file import load_manifest, load_style, verify_style
from impasto.style.library import default_library

BUILTIN_DIR = Path(default_library().builtin_dir)
BUILTIN_PATHS = sorted(BUILTIN_DIR.glob("*.style"))
LOOKS, PAINTS, DREAMS = (
    [path for path in BUILTIN_PATHS if load_manifest(path).family == family] for family in ("look", "paint", "dream")
)
TRUNK_PATH = BUILTIN_DIR.parents[1] / "train" / "trunk.safetensors"
FREE = ("public domain", "Pixabay licence", "CC0", "CC BY")

LUMA = np.array([0.2126, 0.7152, 0.0722])


def grey_ramp(length: int = 65536) -> np.ndarray:
    """A 16-bit ramp of greys, 16×(length / 16)×3."""
    ramp = np.arange(length, dtype=np.uint16).reshape(16, -1)
    return np.repeat(ramp[..., None], 3, axis=-1)


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def test_there_are_at_least_six_looks() -> None:
    assert len(LOOKS) >= 6, names(LOOKS)


def test_there_is_no_other_family() -> None:
    assert sorted(LOOKS + PAINTS + DREAMS) == BUILTIN_PATHS


@pytest.mark.parametrize("path", BUILTIN_PATHS, ids=names(BUILTIN_PATHS))
class TestBuiltinStyle:
    def test_is_sound_and_small(self, path: Path) -> None:
        style = verify_style(path)
        assert path.stat().st_size <= (2 if path in LOOKS else 4) * 2**20
        assert style.manifest.name == path.stem
        assert style.preview is not None

    def test_says_what_it_is_and_what_it_came_from(self, path: Path) -> None:
        manifest = verify_style(path).manifest
        assert manifest.description.endswith(".")
        assert any(licence in manifest.sources.license_note for licence in FREE)
        assert manifest.sources.num_references >= 20
        assert manifest.recipe["steps"] or manifest.recipe["minutes"]


@pytest.mark.parametrize("path", LOOKS + PAINTS, ids=names(LOOKS + PAINTS))
class TestBuiltinForPhotos:
    def test_judges_its_results(self, path: Path) -> None:
        style = load_style(path)
        assert style.discriminator is not None
        assert style.manifest.gate is not None

    def test_strength_leads_from_the_photo_to_the_style(self, path: Path) -> None:
        style = impasto.load(path)
        assert np.array_equal(style.apply(photo(), strength=0.0), photo())
        half = np.abs(style.apply(photo(), strength=0.5).astype(int) - photo()).mean()
        full = np.abs(style.apply(photo(), strength=1.0).astype(int) - photo()).mean()
        assert 0 < half < full


@pytest.mark.parametrize("path", LOOKS, ids=names(LOOKS))
class TestBuiltinLook:
    def test_knows_its_mean(self, path: Path) -> None:
        assert load_style(path).mean_lut is not None

    def test_tone_never_turns_back(self, path: Path) -> None:
        luminance = impasto.load(path).apply(grey_ramp()).reshape(-1, 3) @ LUMA
        falls = (np.maximum.accumulate(luminance) - luminance).max()
        assert falls <= 65535 * 0.004, f"luminance falls by {falls / 655.35:.2f} % along a grey ramp"

    def test_a_smooth_ramp_has_no_bands(self, path: Path) -> None:
        output = impasto.load(path).apply(grey_ramp()).reshape(-1, 3).astype(np.int64)
        steps = np.abs(np.diff(output, axis=0)).max()
        assert steps <= 64, f"neighbouring 16-bit greys end {steps} levels apart; a quarter of an 8-bit level is 64"


@pytest.mark.parametrize("path", PAINTS, ids=names(PAINTS))
class TestBuiltinPaint:
    def test_descends_from_the_trunk_of_the_package(self, path: Path) -> None:
        assert load_manifest(path).needs.trunk == hashlib.sha256(TRUNK_PATH.read_bytes()).hexdigest()

    def test_blends_with_every_other(self, path: Path) -> None:
        own = load_style(path)
        for other in PAINTS:
            if other != path:
                blended = blend_styles([(own, 0.5), (load_style(other), 0.5)])
                assert len(blended.generator) == len(own.generator)

    def test_is_painted_alike_each_time_and_at_any_size(self, path: Path) -> None:
        style = impasto.load(path)
        first = style.apply(photo(), runtime="onnx")
        np.testing.assert_array_equal(style.apply(photo(), runtime="onnx"), first)
        assert style.apply(photo()[:5, :9], runtime="onnx").shape == (5, 9, 3)

    def test_other_runtimes_paint_the_same(self, path: Path) -> None:
        style = impasto.load(path)
        wanted = style.apply(photo(), runtime="onnx").astype(int)
        assert np.abs(style.apply(photo(), runtime="auto") - wanted).mean() < 1


@pytest.mark.parametrize("path", DREAMS, ids=names(DREAMS))
class TestBuiltinDream:
    def test_a_seed_gives_the_same_pictures(self, path: Path) -> None:
        dream = load_dream(path)
        first = dream.pictures(4, seed=3)
        np.testing.assert_array_equal(dream.pictures(4, seed=3), first)
        assert first.shape == (4, dream.side, dream.side, 3)

    def test_no_two_are_alike(self, path: Path) -> None:
        seen = load_dream(path).pictures(24, seed=1).astype(float).reshape(24, -1)
        apart = np.abs(seen[:, None] - seen[None]).mean(axis=-1)[~np.eye(24, dtype=bool)]
        assert apart.min() > 8

    def test_it_restyles_no_photo(self, path: Path) -> None:
        with pytest.raises(ImpastoError, match="impasto dream"):
            impasto.load(path).apply(photo())

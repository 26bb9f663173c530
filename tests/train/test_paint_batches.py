from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.train.batches import Pool
from impasto.train.paint_batches import PaintBatchSource, SmoothCrop, draw_noise

from .painting import TINY_PAINT, photos, references, strokes
from .pictures import scenes


def source(**changes: object) -> PaintBatchSource:
    return PaintBatchSource([references()], photos(), replace(TINY_PAINT, **changes))


def test_a_batch_has_the_shapes_of_the_recipe() -> None:
    batch = source(batch_size=3).batch(0)
    assert batch.real.shape == batch.content.shape == batch.following.shape == (3, 3, 64, 64)
    assert batch.noise.shape == (3, 1, 64, 64)
    assert batch.styles.tolist() == [0, 0, 0]
    for images in (batch.real, batch.content, batch.following):
        assert images.min() >= 0
        assert images.max() <= 1


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    drawn, again = source().batch(4), source().batch(4)
    assert all(
        torch.equal(getattr(drawn, name), getattr(again, name)) for name in ("real", "content", "noise", "angle")
    )
    assert drawn.shift == again.shift
    assert not torch.equal(drawn.real, source().batch(5).real)
    assert not torch.equal(drawn.real, source(seed=9).batch(4).real)


def test_the_following_frame_shows_the_same_moved() -> None:
    for step in range(5):
        batch = source().batch(step)
        moved = torch.roll(batch.content, batch.shift, dims=(-2, -1))
        assert (batch.following - moved).abs().mean() < 0.04
        assert not torch.equal(batch.following, moved)
        assert all(offset % 2 for offset in batch.shift), "so that what is tied to every second pixel shows"


def test_every_style_has_its_references() -> None:
    dark, bright = (Pool([np.full((130, 130, 3), level, np.uint8)] * 5, 1) for level in (20, 220))
    batches = PaintBatchSource([dark, bright], photos(), replace(TINY_PAINT, batch_size=8))
    seen = set()
    for step in range(3):
        batch = batches.batch(step)
        levels = batch.real.mean(dim=(1, 2, 3))
        assert torch.equal(levels > 0.5, batch.styles == 1)
        seen |= set(batch.styles.tolist())
    assert seen == {0, 1}


def test_a_batch_is_changed_as_a_whole() -> None:
    batch = source().batch(0)
    half = batch.mapped(lambda tensor: tensor[:1])
    assert len(half.real) == len(half.noise) == len(half.styles) == len(half.gain) == len(half.following) == 1
    assert half.shift == batch.shift


@pytest.mark.parametrize("noise", ["normal", "uniform", "laplace"])
def test_noise_has_the_deviation_of_the_recipe(noise: str) -> None:
    drawn = draw_noise((4, 1, 64, 64), replace(TINY_PAINT, noise=noise, noise_strength=0.5), np.random.default_rng(0))
    assert drawn.dtype == torch.float32
    assert float(drawn.std()) == pytest.approx(0.5, rel=0.05)
    assert abs(float(drawn.mean())) < 0.02


def test_distributions_of_noise_differ_in_their_tails() -> None:
    def farthest(noise: str) -> float:
        recipe = replace(TINY_PAINT, noise=noise, noise_strength=1.0)
        return float(draw_noise((1, 1, 128, 128), recipe, np.random.default_rng(0)).abs().max())

    assert farthest("none") == 0
    assert farthest("uniform") < 1.75 < farthest("normal") < farthest("laplace")


# --- crops ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 90), st.integers(20, 90), st.integers(16, 60), st.integers(0, 60), st.integers(0, 99))
def test_crops_of_any_picture_have_one_side(height: int, width: int, closest: int, more: int, seed: int) -> None:
    crop = SmoothCrop(32, closest, closest + more, degrees=10)
    out = crop([torch.rand(3, height, width)], np.random.default_rng(seed))
    assert out.shape == (1, 3, 32, 32)
    assert torch.isfinite(out).all()
    assert out.min() >= 0
    assert out.max() <= 1


def test_a_smaller_cut_shows_larger_strokes() -> None:
    picture = torch.from_numpy(strokes(1).transpose(2, 0, 1).copy()).float() / 255

    def crossings(extent: int) -> float:
        row = SmoothCrop(64, extent, extent)([picture], np.random.default_rng(0))[0].mean(dim=0)
        return float(((row[:, 1:] - row[:, :-1]).abs() > 0.05).float().mean())

    assert crossings(40) < crossings(120)


def test_crops_keep_a_face() -> None:
    picture = torch.zeros(3, 200, 200)
    picture[:, 10:30, 150:170] = 1
    face = (150 / 200, 10 / 200, 170 / 200, 30 / 200)
    crop = SmoothCrop(32, 64, 64)
    for seed in range(10):
        assert crop([picture], np.random.default_rng(seed), [face]).sum() > 0.8 * 3 * (20 / 2) ** 2


def test_a_single_reference_is_seen_in_many_ways() -> None:
    one = Pool([strokes(1, 140, 140)], 1)
    batches = PaintBatchSource([one], photos(), replace(TINY_PAINT, batch_size=8))
    drawn = batches.batch(0).real
    assert torch.pdist(drawn.flatten(1)).min() > 1
    assert batches._crops[0].closest < TINY_PAINT.closest
    assert batches._crops[0].degrees > 0
    assert source()._crops[0].degrees == 0, "where there are many, none is turned"


def test_pictures_of_mixed_sizes_are_drawn_from() -> None:
    mixed = Pool([*scenes(1, width=70, height=66), *scenes(1, width=200, height=90)], 1)
    batch = PaintBatchSource([mixed], mixed, replace(TINY_PAINT, batch_size=6)).batch(0)
    assert torch.isfinite(batch.real).all()
    assert batch.content.shape == (6, 3, 64, 64)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.apply.thumbnail import area_thumbnail
from impasto.train import batches
from impasto.train.augment import GeometricCrop
from impasto.train.batches import Batch, BatchSource, Pool, area_thumbnails, every_nth, largest_face, make_pool
from impasto.train.recipe import Recipe
from impasto.vision.faces import FaceBox

from .pictures import scene, scenes


def plain(level: int, side: int = 40) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def test_a_pool_gives_its_pictures_back() -> None:
    pictures = scenes(3)
    pool = Pool(pictures, 8)
    assert len(pool) == 3
    for index, picture in enumerate(pictures):
        given_back = pool.picture(index)
        assert given_back.shape == (1, 3, 40, 48)
        assert np.array_equal((given_back[0].permute(1, 2, 0) * 255).round().byte().numpy(), picture)


@pytest.mark.parametrize("size", [(40, 48), (37, 53), (8, 8)])
def test_thumbnails_are_those_of_the_applying_side(size: tuple[int, int]) -> None:
    """Learned on one kind of thumbnail and applied to another, a look would be a little off everywhere."""
    picture = scene(1, width=size[1], height=size[0])
    learned = Pool([picture], 8).thumbnails[0].permute(1, 2, 0).numpy()
    applied = area_thumbnail(picture, 8)
    assert learned.shape == applied.shape == (8, 8, 3)
    assert np.abs(learned - applied).max() < 1e-5


def test_thumbnails_keep_the_mean() -> None:
    images = torch.rand(2, 3, 24, 16)
    assert torch.allclose(area_thumbnails(images, 8).mean(dim=(2, 3)), images.mean(dim=(2, 3)), atol=1e-6)


def test_a_draw_pairs_each_crop_with_the_thumbnail_of_its_picture() -> None:
    pool = Pool([plain(level) for level in range(0, 250, 25)], 8)
    crops, thumbnails = pool.draw(40, GeometricCrop(32), np.random.default_rng(1))
    assert crops.shape == (40, 3, 32, 32)
    assert thumbnails.shape == (40, 3, 8, 8)
    assert torch.allclose(crops.mean(dim=(1, 2, 3)), thumbnails.mean(dim=(1, 2, 3)), atol=1e-4)
    assert len(crops.mean(dim=(1, 2, 3)).mul(255).round().unique()) > 6


def test_weights_are_the_probabilities_of_pictures() -> None:
    pool = Pool([plain(0), plain(100), plain(200)], 8)
    crops, _ = pool.draw(200, GeometricCrop(32), np.random.default_rng(1), np.array([0.0, 0.25, 0.75]))
    levels = crops.mean(dim=(1, 2, 3)).mul(255).round()
    assert not (levels == 0).any()
    assert 30 < (levels == 100).sum() < 70


def test_half_of_the_crops_of_a_pool_keep_its_faces_and_the_rest_go_everywhere() -> None:
    wide = np.zeros((32, 200, 3), np.uint8)
    wide[:, 150:170] = 255

    def share_with_the_face(faces: list[tuple[float, float, float, float] | None] | None) -> float:
        crops, _ = Pool([wide], 8, faces).draw(200, GeometricCrop(32), np.random.default_rng(1))
        return float((crops.amax(dim=(1, 2, 3)) > 0.99).float().mean())

    by_chance = share_with_the_face(None)
    assert by_chance < 0.4
    assert share_with_the_face([(0.75, 0.0, 0.85, 1.0)]) == pytest.approx(0.5 + 0.5 * by_chance, abs=0.1)


def test_the_largest_face_counts_in_parts_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = FaceBox(x=0, y=0, width=8, height=8, score=0.99), FaceBox(x=12, y=10, width=24, height=20, score=0.7)
    monkeypatch.setattr(batches, "faces_available", lambda: True)
    monkeypatch.setattr(batches, "detect_faces", lambda picture: [small, large] if picture.any() else [])
    assert largest_face(scene(1)) == (0.25, 0.25, 0.75, 0.75)
    assert largest_face(np.zeros((40, 48, 3), np.uint8)) is None


def test_without_a_detector_there_are_no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "faces_available", lambda: False)
    assert largest_face(scene(1)) is None


@given(st.integers(20, 90), st.integers(20, 90), st.integers(8, 60))
def test_pictures_shrink_by_leaving_out_pixels(height: int, width: int, side: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = every_nth(picture, side)
    assert min(small.shape[:2]) == min(side, height, width)
    assert abs(small.shape[1] / small.shape[0] - width / height) <= 1.5 * width / height / min(small.shape[:2])
    assert {tuple(pixel) for pixel in small.reshape(-1, 3)} <= {tuple(pixel) for pixel in picture.reshape(-1, 3)}


def test_grading_before_shrinking_is_grading_after() -> None:
    """Means of pixels would lift crushed blacks, and the curve that is learned with them."""
    picture = scene(3, width=200, height=160)
    crushed = np.maximum(picture.astype(int) * 2 - 200, 0).clip(0, 255).astype(np.uint8)
    shrunk = every_nth(picture, 40)
    assert np.array_equal(every_nth(crushed, 40), np.maximum(shrunk.astype(int) * 2 - 200, 0).clip(0, 255))


def test_a_pool_of_larger_pictures_keeps_their_thumbnails_and_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "faces_available", lambda: True)
    monkeypatch.setattr(batches, "detect_faces", lambda picture: [FaceBox(0, 0, picture.shape[1] / 2, 10, 0.9)])
    stripes = np.zeros((80, 80, 3), np.uint8)
    stripes[::2] = 200
    pool = make_pool([stripes], 40, 8)
    assert pool.picture(0).shape == (1, 3, 40, 40)
    assert torch.allclose(pool.thumbnails, torch.tensor(100 / 255), atol=1e-3), "a mean, though every other row is left"
    assert pool.faces == [(0.0, 0.0, 0.5, 0.125)]


def same(first: Batch, second: Batch) -> bool:
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return all(torch.equal(one, two) for one, two in pairs)


@given(st.integers(0, 10**6))
def test_a_batch_depends_on_seed_and_step_alone(step: int) -> None:
    recipe = Recipe(batch_size=2, crop_side=32, picture_side=40, thumbnail_side=8, content_jitter=0.5)
    pool = Pool(scenes(3), 8)
    source = BatchSource(pool, pool, recipe)
    batch = source.batch(step)
    source.batch(step + 1)
    assert same(batch, BatchSource(pool, pool, recipe).batch(step))
    assert not same(batch, source.batch(step + 1))
    assert not same(batch, BatchSource(pool, pool, replace(recipe, seed=1)).batch(step))
    assert batch.real.shape == batch.content.shape == (2, 3, 32, 32)
    assert batch.thumbnails.shape == (2, 3, 8, 8)


def test_content_is_jittered_with_its_thumbnail_and_references_are_not() -> None:
    recipe = Recipe(batch_size=16, crop_side=32, picture_side=40, thumbnail_side=8, content_jitter=1.0)
    batch = BatchSource(Pool([plain(100)], 8), Pool([plain(100)], 8), recipe).batch(5)
    untouched = torch.tensor(100 / 255)
    assert torch.allclose(batch.real, untouched, atol=1e-4)
    assert ((batch.content - untouched).abs().amax(dim=(1, 2, 3)) > 0.01).sum() > 12
    assert torch.allclose(batch.content.mean(dim=(2, 3)), batch.thumbnails.mean(dim=(2, 3)), atol=1e-4)


def test_without_jitter_content_is_as_it_is() -> None:
    recipe = Recipe(batch_size=4, crop_side=32, picture_side=40, thumbnail_side=8, content_jitter=0.0)
    batch = BatchSource(Pool([plain(9)], 8), Pool([plain(100)], 8), recipe).batch(0)
    assert torch.allclose(batch.content, torch.tensor(100 / 255), atol=1e-4)


def test_weights_reach_content_and_leave_references_even() -> None:
    recipe = Recipe(batch_size=64, crop_side=32, picture_side=40, thumbnail_side=8, content_jitter=0.0)
    pool = Pool([plain(0), plain(200)], 8)
    batch = BatchSource(pool, pool, recipe, np.array([0.0, 1.0])).batch(0)
    assert batch.content.min() > 0.5
    assert 0.2 < (batch.real.mean(dim=(1, 2, 3)) > 0.5).float().mean() < 0.8


def test_a_batch_moves_as_a_whole() -> None:
    batch = Batch(torch.zeros(1), torch.ones(1), torch.ones(1)).mapped(lambda tensor: tensor.to("meta"))
    assert all(tensor.device.type == "meta" for tensor in vars(batch).values())

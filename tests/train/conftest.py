"""Small pictures, a small encoder and a small recipe: enough to train for a few steps in a fraction of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from impasto.train.batches import BatchSource, Pool
from impasto.train.look_trainer import LookTrainer
from impasto.train.recipe import Recipe

from .pictures import graded, scenes
from .tiny_encoder import TinyEncoder

MakeTrainer = Callable[..., LookTrainer]

TINY = Recipe(
    steps=8,
    encoder="tiny",
    stages=(0, 1),
    batch_size=4,
    crop_side=32,
    picture_side=40,
    thumbnail_side=8,
    lut_size=5,
    content_jitter=0.1,
    num_adaptive=1,
    ema_decay=0.9,
    precision="float32",
    validate_every=4,
    seed=3,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and sums that threads share are not the same twice."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def recipe() -> Recipe:
    return TINY


@pytest.fixture(scope="session")
def references() -> Pool:
    return Pool([graded(scene) for scene in scenes(6, first_seed=50)], TINY.thumbnail_side)


@pytest.fixture(scope="session")
def content() -> Pool:
    return Pool(scenes(6), TINY.thumbnail_side)


@pytest.fixture
def make_trainer(references: Pool, content: Pool) -> MakeTrainer:
    """Return a function that makes a trainer of a recipe, optionally on other pools."""

    def make(
        recipe: Recipe = TINY,
        references: Pool = references,
        content: Pool = content,
        encoder: TinyEncoder | None = None,
    ) -> LookTrainer:
        return LookTrainer(recipe, BatchSource(references, content, recipe), encoder or TinyEncoder())

    return make

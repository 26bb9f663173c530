"""Classifiers that were taught once for all tests here: a small network, and the shipped encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.sorting.backbones import Kind
from impasto.sorting.collection import collect_labelled
from impasto.sorting.file import ClassifierFile, save_classifier
from impasto.sorting.training import SortRecipe, Trained, train_classifier

from .shapes import fill_folder


@pytest.fixture(scope="session")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each of three textures, in folders."""
    return fill_folder(tmp_path_factory.mktemp("sorting") / "textures", 12)


@pytest.fixture(scope="session")
def small(textures: Path) -> Trained:
    """A network that was learned from nothing."""
    return train_classifier(collect_labelled(textures), SortRecipe(Kind.SMALL, num_folds=2, num_epochs=30), "textures")


@pytest.fixture(scope="session")
def frozen(textures: Path) -> Trained:
    """A linear classifier on the shipped encoder."""
    return train_classifier(collect_labelled(textures), SortRecipe(num_folds=3), "textures")


@pytest.fixture
def saved(small: Trained, tmp_path: Path) -> Path:
    """The small one as a file."""
    path = tmp_path / "textures.classifier"
    save_classifier(small.file, path)
    return path


@pytest.fixture
def file(small: Trained) -> ClassifierFile:
    return small.file

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import NoReferencesError, UsageError
from impasto.gallery.features import FeatureExtractor
from impasto.gallery.gallery import Gallery
from impasto.train import reference_choice
from impasto.train.collection import Collection, Example
from impasto.train.recipe import Recipe
from impasto.train.reference_choice import choose_references

from .pictures import scenes
from .tiny_encoder import TinyEncoder


@pytest.fixture(autouse=True)
def _own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_LIBRARY", str(tmp_path / "library"))


def toned(picture: NDArray[np.uint8], cold: bool) -> NDArray[np.uint8]:
    tones = np.array([0.25, 0.35, 0.6]) if cold else np.array([1.0, 0.8, 0.55])
    return (picture * tones).astype(np.uint8)


def save(folder: Path, count: int, cold: bool, first_seed: int) -> list[Path]:
    folder.mkdir(parents=True)
    paths = []
    for number, picture in enumerate(scenes(count, first_seed, width=80, height=70)):
        paths.append(folder / f"{number:02}.png")
        Image.fromarray(toned(picture, cold)).save(paths[-1])
    return paths


def collection_of(paths: Sequence[Path]) -> Collection:
    from impasto.media.perceptual_hash import content_hash

    return Collection("references", tuple(Example(path, content_hash(path), 80, 70) for path in paths))


@pytest.fixture
def warm(tmp_path: Path) -> list[Path]:
    return save(tmp_path / "warm", 24, cold=False, first_seed=100)


@pytest.fixture
def mixed(tmp_path: Path, warm: list[Path]) -> list[Path]:
    return [*save(tmp_path / "cold", 16, cold=True, first_seed=300), *warm]


def choose(
    paths: Sequence[Path], pick: int | None, recipe: Recipe, encoder: TinyEncoder | None = None
) -> tuple[list[Path], list[str]]:
    said: list[str] = []
    kept = choose_references(collection_of(paths), pick, recipe, encoder or TinyEncoder(), said.append)
    return [example.path for example in kept.accepted], said


def test_one_style_passes_without_a_word(warm: list[Path], recipe: Recipe) -> None:
    assert choose(warm, None, recipe) == (warm, [])


def test_few_pictures_are_not_even_looked_at(warm: list[Path], recipe: Recipe) -> None:
    encoder = TinyEncoder()
    assert choose(warm[:6], None, recipe, encoder) == (warm[:6], [])
    assert encoder.num_calls == 0


def test_two_styles_are_kept_with_a_warning(mixed: list[Path], recipe: Recipe) -> None:
    kept, [warning] = choose(mixed, None, recipe)
    assert kept == mixed
    assert f"two styles: 24 pictures like {mixed[16]} and 16 like {mixed[0]}" in warning
    assert "impasto library split FOLDER -o OUT" in warning


def test_picking_keeps_to_the_larger_style(mixed: list[Path], recipe: Recipe) -> None:
    kept, said = choose(mixed, 10, recipe)
    assert len(kept) == 10
    assert set(kept) <= set(mixed[16:])
    assert kept == sorted(kept, key=mixed.index)
    assert "picking from the larger group" in said[1]
    assert said[2] == "references: picked the 10 of 40 that are most alike in style"
    kept, said = choose(mixed, 30, recipe)
    assert kept == mixed[16:]
    assert "picked the 24 of 40" in said[2]


def test_picking_leaves_out_the_odd_one(tmp_path: Path, warm: list[Path], recipe: Recipe) -> None:
    odd = save(tmp_path / "odd", 2, cold=True, first_seed=700)
    kept, _ = choose([*odd, *warm], 20, recipe)
    assert not set(odd) & set(kept)


@pytest.mark.parametrize("pick", [24, 100])
def test_more_than_there_are_keeps_all(warm: list[Path], recipe: Recipe, pick: int) -> None:
    assert choose(warm, pick, recipe)[0] == warm


def test_none_cannot_be_picked(warm: list[Path], recipe: Recipe) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        choose(warm, 0, recipe)


def test_a_large_folder_is_sampled_for_the_warning(
    mixed: list[Path], recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_choice, "_NUM_SAMPLED", 30)
    kept, [warning] = choose(mixed, None, recipe)
    assert kept == mixed
    assert "(of 30 looked at)" in warning
    assert choose(mixed, None, recipe)[1] == [warning]


def test_what_the_library_knows_is_not_looked_at_again(warm: list[Path], recipe: Recipe) -> None:
    Gallery(extractor=FeatureExtractor(recipe.encoder, TinyEncoder())).add([warm[0].parent])
    encoder = TinyEncoder()
    kept, _ = choose(warm, 12, recipe, encoder)
    assert encoder.num_calls == 0
    other = TinyEncoder()
    assert choose(warm, 12, replace(recipe, encoder="another"), other)[0] == kept
    assert other.num_calls > 0, "another encoder's features are not these"


def test_nothing_is_added_to_the_library(warm: list[Path], recipe: Recipe, tmp_path: Path) -> None:
    choose(warm, 12, recipe)
    assert not (tmp_path / "library").exists()


def test_pictures_that_went_away_are_not_picked(warm: list[Path], recipe: Recipe) -> None:
    collection = collection_of(warm)
    for path in warm[:20]:
        path.unlink()
    kept = choose_references(collection, 10, recipe, TinyEncoder(), lambda _message: None)
    assert [example.path for example in kept.accepted] == warm[20:]
    for path in warm[20:]:
        path.unlink()
    with pytest.raises(NoReferencesError, match=r"references: .*No such file"):
        choose_references(collection, 10, recipe, TinyEncoder(), lambda _message: None)

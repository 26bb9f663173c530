"""From files to what a run works on: pools in memory, split, weighed, and ready to be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from impasto.train.balance import balancing_weights, scene_descriptors
from impasto.train.batches import BatchSource, Pool, make_pool
from impasto.train.collection import MINIMUM_SIDE, Collection, Example, collect, load_thumbnails, split
from impasto.train.gate_pictures import GatePictures, ungraded_pictures
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe
from impasto.train.reference_choice import choose_references
from impasto.train.ungrade import ungraded
from impasto.train.validation import ColorValidation
from impasto.vision.encoders import Encoder

MAX_PICTURES = 2000
# A pixel that was averaged over less of its picture is nearer to a colour that the look was applied to.
_READ_AT = 4
_READ_TOGETHER = 64
_NUM_SHOWN = 4
_SHOWN_SIDE = 240


@dataclass(frozen=True)
class Material:
    """What a run works on, all in memory.

    Attributes
    ----------
    validation_content
        Kept out of training; the training content where there is too little to keep any out.
    shown
        A few of the validation content, larger, for the preview.
    gate_pictures
        What the gate is calibrated on.
    """

    references: Collection
    content: Collection | None
    source: BatchSource
    validation: ColorValidation
    validation_content: Pool
    shown: Pool
    gate_pictures: GatePictures


@dataclass(frozen=True)
class Heaps:
    """The pictures that a run is given, before any is loaded; `content` is None where it is to be made."""

    references: Collection
    content: Collection | None


def collect_heaps(
    references: Sequence[Path | str],
    content: Sequence[Path | str],
    minimum_side: int,
    say: Callable[[str], None],
) -> Heaps:
    """Look at all files, and say which are used.

    Raises
    ------
    NoReferencesError
        If there is nothing usable to learn from.
    """
    heaps = Heaps(
        collect(references, role="references", minimum_side=minimum_side),
        collect(content, role="content", minimum_side=minimum_side) if content else None,
    )
    for collection in (heaps.references, heaps.content):
        if collection is not None:
            for line in (collection.summary(), *collection.warnings()):
                say(line)
    return heaps


def prepare_material(
    references: Sequence[Path | str],
    content: Sequence[Path | str],
    recipe: Recipe,
    encoder: Encoder,
    say: Callable[[str], None],
    pick: int | None = None,
) -> Material:
    """Collect, check, split and load pictures. Without content, it is made from the references.

    Of references, `pick` keeps the most coherent.

    Raises
    ------
    NoReferencesError
        If there is nothing usable to learn from.
    """
    heaps = collect_heaps(references, content, max(MINIMUM_SIDE, recipe.crop_side), say)
    collected, collected_content = choose_references(heaps.references, pick, recipe, encoder, say), heaps.content
    train, validation = split_heap(collected, recipe)
    train_references, validation_references = _load(train, recipe), _load(validation, recipe)
    if collected_content is None:
        train_content = ungraded(train_references)
        validation_content = ungraded(validation_references, graded=train_references)
        shown = ungraded(_load_shown(validation, recipe), graded=train_references)
        make = partial(ungraded_pictures, graded=train_references)
        gate_pictures = GatePictures(in_order(validation, train), (), make)
        weights = None
    else:
        references_in_order = in_order(validation, train)
        train, validation = split_heap(collected_content, recipe)
        gate_pictures = GatePictures(references_in_order, in_order(validation, train))
        train_content, validation_content = _load(train, recipe), _load(validation, recipe)
        shown = _load_shown(validation, recipe)
        weights = balancing_weights(*(scene_descriptors(encoder, pool) for pool in (train_content, train_references)))
    return Material(
        collected,
        collected_content,
        BatchSource(train_references, train_content, recipe, weights),
        ColorValidation(validation_references, validation_content, recipe.seed),
        validation_content,
        shown,
        gate_pictures,
    )


def in_order(validation: Sequence[Example], train: Sequence[Example]) -> list[Example]:
    """Put what was kept out of training first."""
    return list(dict.fromkeys((*validation, *train)))


def split_heap(collection: Collection, recipe: Recipe | PaintRecipe) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide pictures into those that train and those that validate, which are the same where there is one only."""
    train, validation = split(collection, recipe.validation_fraction, recipe.seed)
    return train, validation or train


def sampled(examples: Sequence[Example], most: int, seed: int) -> Sequence[Example]:
    """Return at most so many pictures, chosen at random."""
    if len(examples) <= most:
        return examples
    chosen = np.sort(np.random.default_rng(seed).choice(len(examples), most, replace=False))
    return [examples[index] for index in chosen]


def _load(examples: Sequence[Example], recipe: Recipe) -> Pool:
    examples = sampled(examples, MAX_PICTURES, recipe.seed)
    parts = [examples[first : first + _READ_TOGETHER] for first in range(0, len(examples), _READ_TOGETHER)]
    side = _READ_AT * recipe.picture_side
    pictures = (picture for part in parts for picture in load_thumbnails(part, side))
    return make_pool(pictures, recipe.picture_side, recipe.thumbnail_side)


def _load_shown(examples: Sequence[Example], recipe: Recipe) -> Pool:
    return Pool(load_thumbnails(examples[:_NUM_SHOWN], _SHOWN_SIDE), recipe.thumbnail_side)

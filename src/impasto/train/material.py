"""From files to what a run works on: pools in memory, split, weighed, and ready to be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impasto.train.balance import balancing_weights, scene_descriptors
from impasto.train.batches import BatchSource, Pool, make_pool
from impasto.train.collection import MINIMUM_SIDE, Collection, Example, collect, load_thumbnails, split
from impasto.train.gate_pictures import GatePictures
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
    minimum_side = max(MINIMUM_SIDE, recipe.crop_side)
    collected = collect(references, role="references", minimum_side=minimum_side)
    collected_content = collect(content, role="content", minimum_side=minimum_side) if content else None
    for collection in (collected, collected_content):
        if collection is not None:
            for line in (collection.summary(), *collection.warnings()):
                say(line)
    collected = choose_references(collected, pick, recipe, encoder, say)
    train, validation = _split(collected, recipe)
    train_references, validation_references = _load(train, recipe), _load(validation, recipe)
    if collected_content is None:
        train_content = ungraded(train_references)
        validation_content = ungraded(validation_references, graded=train_references)
        shown = ungraded(_load_shown(validation, recipe), graded=train_references)
        gate_pictures = GatePictures(_in_order(validation, train), (), train_references)
        weights = None
    else:
        references_in_order = _in_order(validation, train)
        train, validation = _split(collected_content, recipe)
        gate_pictures = GatePictures(references_in_order, _in_order(validation, train))
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


def _in_order(validation: Sequence[Example], train: Sequence[Example]) -> list[Example]:
    """Put what was kept out of training first."""
    return list(dict.fromkeys((*validation, *train)))


def _split(collection: Collection, recipe: Recipe) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    train, validation = split(collection, recipe.validation_fraction, recipe.seed)
    return train, validation or train


def _load(examples: Sequence[Example], recipe: Recipe) -> Pool:
    random = np.random.default_rng(recipe.seed)
    if len(examples) > MAX_PICTURES:
        chosen = np.sort(random.choice(len(examples), MAX_PICTURES, replace=False))
        examples = [examples[index] for index in chosen]
    parts = [examples[first : first + _READ_TOGETHER] for first in range(0, len(examples), _READ_TOGETHER)]
    side = _READ_AT * recipe.picture_side
    pictures = (picture for part in parts for picture in load_thumbnails(part, side))
    return make_pool(pictures, recipe.picture_side, recipe.thumbnail_side)


def _load_shown(examples: Sequence[Example], recipe: Recipe) -> Pool:
    return Pool(load_thumbnails(examples[:_NUM_SHOWN], _SHOWN_SIDE), recipe.thumbnail_side)

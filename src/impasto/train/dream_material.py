"""From files to square pictures: faces cut out upright where faces are learned, the middle elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import NoReferencesError
from impasto.train.collection import Collection, Example, collect, load_thumbnails, split
from impasto.train.dream_batches import DreamSource, as_bytes
from impasto.train.dream_recipe import DreamRecipe
from impasto.train.material import sampled
from impasto.vision.face_crop import centre_square, face_crop, upright_face
from impasto.vision.faces import faces_available, require_faces

MAX_PICTURES = 20_000
_READ_TOGETHER = 64
_FACE_READ_SIDE = 480
_MOSTLY = 0.7
_NUM_LOOKED_AT = 40
# Faces that would have to be enlarged more than this teach blur.
_LEAST_SHARE_OF_SIDE = 0.8

Square = NDArray[np.uint8]


@dataclass(frozen=True)
class DreamMaterial:
    """What a run works on, all in memory; `validation` is N×3×S×S bytes."""

    references: Collection
    source: DreamSource
    validation: Tensor
    shows_faces: bool


def prepare_dream_material(
    references: Sequence[Path | str], recipe: DreamRecipe, say: Callable[[str], None]
) -> DreamMaterial:
    """Collect, check, cut and load pictures.

    Raises
    ------
    NoReferencesError
        Nothing can be used, or faces were asked for and none was found.
    MissingExtraError
        Faces were asked for, and no detector is installed.
    """
    # Digits and icons look alike without being copies, so small pictures are only compared by their bytes.
    collection = collect(references, role="references", minimum_side=recipe.side, deduplicate=recipe.side > 32)
    for line in (collection.summary(), *collection.warnings()):
        say(line)
    collection = replace(collection, accepted=tuple(sampled(collection.accepted, MAX_PICTURES, recipe.seed)))
    shows_faces = _shows_faces(collection, recipe)
    found = dict(_squares(collection.accepted, recipe, shows_faces))
    if not found:
        raise NoReferencesError("references: no face was found in any of them; say faces='whole' for the middles.")
    if shows_faces:
        say(f"references: {len(found)} of {len(collection.accepted)} show a face, which is cut out upright")
    collection = replace(collection, accepted=tuple(found))
    train, validation = split(collection, recipe.validation_fraction, recipe.seed)
    source = DreamSource([found[each] for each in train], recipe)
    # Of a few pictures kept apart nothing could be said: beyond them, those that train are compared with, too.
    return DreamMaterial(collection, source, as_bytes([found[each] for each in (*validation, *train)]), shows_faces)


def _shows_faces(collection: Collection, recipe: DreamRecipe) -> bool:
    if recipe.faces == "crop":
        require_faces()
        return True
    if recipe.faces == "whole" or not faces_available():
        return False
    looked_at = sampled(collection.accepted, _NUM_LOOKED_AT, recipe.seed)
    found = [upright_face(picture) is not None for picture in load_thumbnails(looked_at, _FACE_READ_SIDE)]
    return sum(found) >= _MOSTLY * len(found)


def _squares(examples: Sequence[Example], recipe: DreamRecipe, shows_faces: bool) -> list[tuple[Example, Square]]:
    found = []
    read_side = max(_FACE_READ_SIDE, 2 * recipe.side) if shows_faces else recipe.side
    for first in range(0, len(examples), _READ_TOGETHER):
        part = examples[first : first + _READ_TOGETHER]
        for example, picture in zip(part, load_thumbnails(part, read_side), strict=True):
            square = _face_square(picture, recipe.side) if shows_faces else centre_square(picture, recipe.side)
            if square is not None:
                found.append((example, square))
    return found


def _face_square(picture: Square, side: int) -> Square | None:
    region = upright_face(picture)
    if region is None or region.side < _LEAST_SHARE_OF_SIDE * side:
        return None
    return face_crop(picture, region, side)

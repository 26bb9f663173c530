"""From files to what a run that learns paint works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.train.batches import Pool, largest_face
from impasto.train.collection import MINIMUM_SIDE, Collection, Example, load_thumbnails
from impasto.train.gate_pictures import GatePictures
from impasto.train.material import collect_heaps, in_order, sampled, split_heap
from impasto.train.paint_batches import PaintBatchSource
from impasto.train.paint_features import PaintFeatures
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.paint_validation import TextureValidation
from impasto.train.reference_choice import choose_references
from impasto.train.unpaint import unpainted_pictures
from impasto.vision.encoders import Encoder

# At these sizes a picture takes half a megabyte or so.
_MOST_PICTURES = 600
_NUM_SHOWN = 4
_NUM_GATE = 16
# Pools offer thumbnails, which paint has no use for.
_THUMBNAIL_SIDE = 1

Image8 = NDArray[np.uint8]


@dataclass(frozen=True)
class PaintMaterial:
    """What a run works on, all in memory.

    Attributes
    ----------
    validation_content
        Kept out of training; the training content where there is too little to keep any out.
    gate_pictures
        What the gate is calibrated on.
    """

    references: Collection
    content: Collection | None
    source: PaintBatchSource
    validation: TextureValidation
    validation_content: Pool
    gate_pictures: GatePictures

    def shown(self) -> list[int]:
        """Return the numbers of a few pictures of the validation content, for the preview."""
        return list(range(min(_NUM_SHOWN, len(self.validation_content))))


@dataclass(frozen=True)
class GivenPictures:
    """The files and folders that a user names, and how many references to keep of them."""

    references: Sequence[Path | str]
    content: Sequence[Path | str]
    pick: int | None = None


def prepare_paint_material(
    given: GivenPictures,
    recipe: PaintRecipe,
    encoder: Encoder,
    features: PaintFeatures,
    say: Callable[[str], None],
) -> PaintMaterial:
    """Collect, check, split and load pictures. Without content, references without brushwork take its place.

    Parameters
    ----------
    encoder
        Tells which references belong together.
    features
        What validation sees with.

    Raises
    ------
    NoReferencesError
        If there is nothing usable to learn from.
    """
    heaps = collect_heaps(given.references, given.content, MINIMUM_SIDE, say)
    references, content = choose_references(heaps.references, given.pick, recipe, encoder, say), heaps.content
    train, validation = split_heap(references, recipe)
    pools = [_load(examples, recipe, recipe.reference_side) for examples in (train, validation)]
    if content is None:
        say(
            "content: none given, so the references without their brushwork take its place; "
            "photos (--content) teach more"
        )
        contents = [
            _load(examples, recipe, recipe.working_side, unpainted_pictures) for examples in (train, validation)
        ]
        gate = GatePictures(in_order(validation, train), (), unpainted_pictures, recipe.working_side, _NUM_GATE)
    else:
        parts = split_heap(content, recipe)
        contents = [_load(examples, recipe, recipe.working_side, has_faces=True) for examples in parts]
        shown = in_order(parts[1], parts[0])
        gate = GatePictures(in_order(validation, train), shown, None, recipe.working_side, _NUM_GATE)
    source = PaintBatchSource([pools[0]], contents[0], recipe)
    judged = TextureValidation(pools[1], contents[1], features, recipe)
    return PaintMaterial(references, content, source, judged, contents[1], gate)


def _load(
    examples: Sequence[Example],
    recipe: PaintRecipe,
    side: int,
    change: Callable[[Sequence[Image8]], list[Image8]] | None = None,
    has_faces: bool = False,
) -> Pool:
    pictures = load_thumbnails(sampled(examples, _MOST_PICTURES, recipe.seed), side)
    if change is not None:
        pictures = change(pictures)
    faces = [largest_face(picture) for picture in pictures] if has_faces else None
    return Pool(pictures, _THUMBNAIL_SIDE, faces)

"""References that belong together: a choice of the most coherent, and a warning where there are two styles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from impasto.errors import NoReferencesError, UsageError
from impasto.gallery.features import FeatureExtractor
from impasto.gallery.gallery import Gallery
from impasto.gallery.selection import MINIMUM_TO_SPLIT, find_clusters, pick_coherent, style_points
from impasto.train.collection import Collection, Example
from impasto.train.paint_recipe import PaintRecipe
from impasto.train.recipe import Recipe
from impasto.vision.encoders import Encoder

_NUM_SAMPLED = 200
"""Two styles show in a sample; a choice looks at all."""


def choose_references(
    collection: Collection,
    pick: int | None,
    recipe: Recipe | PaintRecipe,
    encoder: Encoder,
    say: Callable[[str], None],
) -> Collection:
    """Keep the `pick` most coherent references, or all where that is None, and warn of two styles.

    Pictures that the user's library knows need not be looked at again.

    Raises
    ------
    UsageError
        `pick` is less than 1.
    NoReferencesError
        None of them can be read any more.
    """
    if pick is not None and pick < 1:
        raise UsageError(f"the number of references to pick must be at least 1, not {pick}.")
    examples = collection.accepted
    if pick is None and len(examples) < MINIMUM_TO_SPLIT:
        return collection
    gallery = Gallery(extractor=FeatureExtractor(recipe.encoder, encoder))
    sampled = examples if pick is not None else _sample(examples, recipe.seed)
    if pick is not None:
        say(f"{collection.role}: looking at {len(sampled)} pictures to pick from")
    features, failures = gallery.look_at([example.path for example in sampled])
    known = [example for example in sampled if example.path in features]
    if not known:
        raise NoReferencesError(f"{collection.role}: {failures[0].message}")
    points = style_points([features[example.path] for example in known])
    clusters = find_clusters(points)
    chooses = pick is not None and pick < len(examples)
    if len(clusters) > 1:
        say(_warning(collection, [[known[index] for index in cluster] for cluster in clusters], chooses))
    if pick is None or not chooses:
        return collection
    chosen = tuple(known[index] for index in pick_coherent(points, pick))
    say(f"{collection.role}: picked the {len(chosen)} of {len(examples)} that are most alike in style")
    return replace(collection, accepted=chosen)


def _sample(examples: tuple[Example, ...], seed: int) -> tuple[Example, ...]:
    if len(examples) <= _NUM_SAMPLED:
        return examples
    chosen = np.random.default_rng(seed).choice(len(examples), _NUM_SAMPLED, replace=False)
    return tuple(examples[index] for index in np.sort(chosen))


def _warning(collection: Collection, groups: list[list[Example]], picked: bool) -> str:
    larger, smaller = groups
    num_looked_at = len(larger) + len(smaller)
    sampled = f" (of {num_looked_at} looked at)" if num_looked_at < len(collection.accepted) else ""
    advice = "picking from the larger group" if picked else "the style will lie between them"
    return (
        f"{collection.role}: two styles: {len(larger)} pictures like {larger[0].path} and {len(smaller)} like "
        f"{smaller[0].path}{sampled}; {advice}. To separate them: impasto library split FOLDER -o OUT"
    )

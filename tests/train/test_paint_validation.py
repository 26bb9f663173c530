"""The distance of texture: of brush and line, on pictures kept out, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.train.batches import Pool
from impasto.train.paint_features import PaintFeatures
from impasto.train.paint_generator import PaintGenerator
from impasto.train.paint_validation import TextureValidation

from .painting import TINY_PAINT, WIDTHS, photos, references, small_generator, strokes
from .pictures import scenes
from .tiny_encoder import TinyEncoder


def validation(shown: Pool | None = None, content: Pool | None = None, noise: str = "none") -> TextureValidation:
    recipe = replace(TINY_PAINT, noise=noise, simplification=0)
    features = PaintFeatures(TinyEncoder(), recipe.stages)
    return TextureValidation(shown or references(), content or photos(), features, recipe)


def painted_photos(count: int = 6, first_seed: int = 80) -> Pool:
    """Photos that have the strokes of the references."""
    return Pool([strokes(first_seed + seed, 120, 110) for seed in range(count)], 1)


class Still(PaintGenerator):
    """Paints nothing; keeps what it was given."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(1, WIDTHS, 1)
        self.still_gain = gain
        self.noises: list[torch.Tensor] = []
        self.styles: list[int] = []

    def forward(self, content: torch.Tensor, noise: torch.Tensor, styles: torch.Tensor | None = None) -> torch.Tensor:
        assert not self.training
        assert styles is not None
        self.noises.append(noise)
        self.styles.append(int(styles))
        return content * self.still_gain


def test_what_changes_nothing_is_as_far_as_the_untouched() -> None:
    judged = validation()
    assert judged.distance(Still()) == pytest.approx(judged.untouched)


def test_the_network_is_shown_what_it_is_shown_where_it_is_applied() -> None:
    recipe = replace(TINY_PAINT, noise="none", simplification=3)
    judged = TextureValidation(references(), photos(), PaintFeatures(TinyEncoder(), recipe.stages), recipe)
    assert judged.untouched == validation().untouched
    assert judged.distance(Still()) != pytest.approx(judged.untouched, rel=1e-3)


def test_strokes_are_nearer_to_strokes_than_photos_are() -> None:
    untouched = validation().untouched
    # Not at the scale at which references are looked at, hence not at no distance at all.
    assert validation(content=painted_photos()).untouched < 0.7 * untouched


def test_colour_counts_for_nothing() -> None:
    colourful = scenes(4, width=120, height=110)
    grey = [np.rint(picture @ [0.299, 0.587, 0.114])[..., None].repeat(3, axis=2) for picture in colourful]
    greys, colours = Pool([each.astype(np.uint8) for each in grey], 1), Pool(colourful, 1)
    assert validation(content=greys).untouched == pytest.approx(validation(content=colours).untouched, rel=0.01)
    assert validation(content=greys).untouched != pytest.approx(validation(content=painted_photos()).untouched, rel=0.1)


def test_outputs_count_as_they_are_shown() -> None:
    judged = validation()
    assert judged.distance(Still(gain=1000.0)) == pytest.approx(judged.distance(Still(gain=2000.0)))


def test_it_leaves_the_generator_training_if_it_was() -> None:
    judged, generator = validation(), small_generator()
    for training in (True, False):
        generator.train(training)
        before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
        judged.distance(generator)
        assert generator.training is training
        assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())


def test_the_same_figure_each_time() -> None:
    judged, generator = validation(noise="normal"), small_generator()
    assert judged.distance(generator) == judged.distance(generator)


@pytest.mark.parametrize(("noise", "deviation"), [("none", 0.0), ("normal", TINY_PAINT.noise_strength)])
def test_the_network_is_fed_the_noise_of_the_recipe(noise: str, deviation: float) -> None:
    still = Still()
    validation(noise=noise).distance(still)
    assert torch.cat([each.flatten() for each in still.noises]).std().item() == pytest.approx(deviation, rel=0.05)


def test_each_style_is_asked_for_by_its_number() -> None:
    judged, generator, still = validation(), small_generator(num_styles=3), Still()
    assert judged.distance(generator, 0) != judged.distance(generator, 2)
    judged.distance(still, 2)
    assert set(still.styles) == {2}


@pytest.mark.parametrize("size", [{"width": 40, "height": 33}, {"width": 300, "height": 41}])
def test_pictures_of_odd_sizes_are_cut_to_what_the_network_takes(size: dict[str, int]) -> None:
    judged = validation(content=Pool(scenes(2, **size), 1))
    assert np.isfinite(judged.distance(small_generator()))


def test_flat_references_leave_the_distance_finite() -> None:
    flat = Pool([np.full((130, 140, 3), 128, np.uint8)] * 3, 1)
    assert np.isfinite(validation(shown=flat).untouched)

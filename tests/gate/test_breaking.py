from __future__ import annotations

import numpy as np
import pytest

from impasto.gate.breaking import (
    CONTENT_DAMAGES,
    DAMAGES,
    FACE_DAMAGES,
    FAILURE_OF,
    Made,
    cast,
    overdone,
    posterised,
    replaced,
    smeared,
    untouched,
)
from impasto.vision.faces import FaceBox
from impasto.vision.lab import rgb_to_lab

from .pictures import photo, warm

ALL = {**DAMAGES, **CONTENT_DAMAGES, **FACE_DAMAGES}
FACE = FaceBox(50, 30, 60, 60, 0.9)


@pytest.fixture
def made() -> Made:
    return Made(photo(0), warm(photo(0)), warm(photo(1, 100, 130)), FACE)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", ALL)
def test_every_damage_keeps_the_shape_and_is_seen(made, name):
    for seed in range(6):
        before = made.output.copy()
        broken = ALL[name](made, random(seed))
        assert broken.shape == made.output.shape
        assert broken.dtype == np.uint8
        assert np.abs(broken.astype(int) - made.output).mean() > 0.5
        assert np.array_equal(made.output, before), "the output itself must stay"


@pytest.mark.parametrize("name", ALL)
def test_a_seed_gives_the_same_damage(made, name):
    assert np.array_equal(ALL[name](made, random(7)), ALL[name](made, random(7)))


def test_every_damage_is_an_example_of_a_failure():
    assert set(FAILURE_OF) == set(ALL)
    assert set(FAILURE_OF.values()) == {"artefacts", "style", "content", "faces"}


def test_untouched_is_the_content(made):
    assert np.array_equal(untouched(made, random()), made.content)


def test_replaced_is_another_output_at_this_size(made):
    assert abs(replaced(made, random()).mean() - made.other.mean()) < 2


def test_overdone_goes_on_in_the_same_direction():
    content = np.full((20, 20, 3), 100, np.uint8)
    broken = overdone(Made(content, content + np.uint8(10), content), random())
    assert 119 <= broken.min() == broken.max() <= 126


def test_a_cast_is_as_strong_as_it_says():
    grey = np.full((20, 20, 3), 128, np.uint8)
    plain = rgb_to_lab(np.float32([[128, 128, 128]]) / 255)[0]
    directions = []
    for seed in range(20):
        color = cast(Made(grey, grey, grey), random(seed))[0, 0]
        change = rgb_to_lab(color[None] / np.float32(255))[0] - plain
        assert 11 < np.linalg.norm(change) < 27
        assert abs(change[0]) < 6
        directions.append(np.arctan2(change[2], change[1]))
    assert np.ptp(directions) > np.pi


def test_posterised_has_few_levels(made):
    assert max(len(np.unique(posterised(made, random(seed))[..., 0])) for seed in range(9)) <= 7


def test_only_the_face_is_smeared(made):
    broken = smeared(made, random())
    inside = np.zeros(broken.shape[:2], bool)
    inside[30:90, 50:110] = True
    assert np.array_equal(broken[~inside], made.output[~inside])
    assert not np.array_equal(broken[inside], made.output[inside])
    assert np.array_equal(smeared(Made(made.content, made.output, made.other), random()), made.output)

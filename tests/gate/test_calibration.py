"""Calibration on photos that are none, tested on others."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import StyleFileError, UsageError
from impasto.gate.breaking import CONTENT_DAMAGES, DAMAGES
from impasto.gate.calibration import GOOD, REFERENCE, Sample, calibrate, make_samples
from impasto.gate.evidence import Expectation
from impasto.gate.scoring import suspicions
from impasto.style.manifest import GateModel

from .networks import old_discriminator
from .pictures import photo, to_8bit, warm

UNSEEN = range(300, 320)


@pytest.fixture(scope="module")
def unseen(judge) -> list[Sample]:
    contents = [photo(seed) for seed in UNSEEN]
    return list(make_samples(judge, [], contents, [warm(content) for content in contents], seed=5))


def rates(model: GateModel, samples: list[Sample], *, has_content: bool) -> dict[str, float]:
    """Return the share that is held for review or refused, by kind."""
    scale = model.beside if has_content else model.alone
    expectation = Expectation(np.array(model.expected)) if has_content else None
    found: dict[str, list[bool]] = {}
    for sample in samples:
        worst = max(suspicions(scale, sample.evidence.numbers(expectation)).values())
        found.setdefault(sample.kind, []).append(worst > scale.review)
    return {kind: float(np.mean(values)) for kind, values in found.items()}


@pytest.mark.parametrize("kind", [*DAMAGES, *CONTENT_DAMAGES])
def test_each_kind_of_damage_is_found_with_content(gate_model, unseen, kind):
    assert rates(gate_model, unseen, has_content=True)[kind] >= 0.9


@pytest.mark.parametrize("has_content", [True, False])
def test_good_outputs_of_unseen_photos_pass(gate_model, unseen, has_content):
    assert rates(gate_model, unseen, has_content=has_content)[GOOD] <= 0.1


@pytest.mark.parametrize("kind", ["blurred", "blocky", "noisy", "posterised"])
def test_artefacts_are_found_without_content(gate_model, unseen, kind):
    assert rates(gate_model, unseen, has_content=False)[kind] >= 0.75


def test_refusing_takes_more_than_reviewing(gate_model):
    for scale in (gate_model.alone, gate_model.beside):
        assert scale.refuse > scale.review > 0


def test_the_scales_know_what_they_can_see(gate_model):
    assert {group.failure for group in gate_model.alone.groups} == {"style", "artefacts"}
    assert {group.failure for group in gate_model.beside.groups} == {"style", "artefacts", "content"}
    names = {sign.name for group in gate_model.alone.groups for sign in group.signs}
    assert not [name for name in names if "change" in name or "moved" in name or "off" in name]


def test_the_model_survives_json(gate_model):
    assert GateModel.model_validate_json(gate_model.model_dump_json()) == gate_model
    assert len(gate_model.model_dump_json()) < 60_000


def test_the_same_pictures_give_the_same_gate(discriminator):
    contents = [photo(seed) for seed in range(4)]
    outputs = [warm(content) for content in contents]
    first, second = (calibrate(discriminator, [], contents, outputs) for _ in range(2))
    assert first == second
    assert calibrate(discriminator, [], contents, outputs, seed=1) != first


@pytest.fixture(scope="module")
def model_of_four(discriminator) -> GateModel:
    contents = [photo(seed) for seed in range(4)]
    return calibrate(discriminator, [], contents, [warm(content) for content in contents])


def test_four_pictures_are_enough_for_plain_damage(model_of_four, unseen):
    found = rates(model_of_four, unseen, has_content=True)
    assert model_of_four.num_pictures == 4
    assert found[GOOD] <= 0.15
    assert min(found[kind] for kind in ("noisy", "blocky", "replaced")) >= 0.75


def test_few_pictures_are_judged_more_leniently(model_of_four, gate_model):
    bare = [4 / (1 + 2 / model.num_pictures) for model in (model_of_four, gate_model)]
    assert bare[0] < bare[1]
    assert model_of_four.alone.review > gate_model.alone.review


@pytest.mark.parametrize("count", [2, 3])
def test_even_fewer_are_no_trouble(discriminator, count):
    contents = [photo(seed) for seed in range(count)]
    model = calibrate(discriminator, [photo(9)], contents, [warm(content) for content in contents])
    assert model.num_pictures == count


@pytest.mark.parametrize(("num_contents", "num_outputs"), [(0, 0), (1, 1), (3, 2)])
def test_too_few_or_unpaired_pictures_are_refused(discriminator, num_contents, num_outputs):
    pictures = [photo(seed) for seed in range(3)]
    with pytest.raises(UsageError, match=f"{num_contents} contents and {num_outputs} outputs"):
        calibrate(discriminator, [], pictures[:num_contents], pictures[:num_outputs])


def test_an_old_discriminator_is_refused():
    with pytest.raises(StyleFileError, match="carries no verdict"):
        calibrate(old_discriminator(), [], [photo(0)] * 2, [photo(1)] * 2)


def grey(picture: np.ndarray) -> np.ndarray:
    return to_8bit((picture / 255).mean(axis=2, keepdims=True).repeat(3, axis=2))


def test_a_black_and_white_look_refuses_colour(discriminator, judge):
    contents = [photo(seed) for seed in range(8)]
    model = calibrate(discriminator, [], contents, [grey(content) for content in contents])
    unseen = [photo(seed) for seed in range(400, 408)]
    samples = list(make_samples(judge, [], unseen, [grey(content) for content in unseen]))
    for has_content in (False, True):
        found = rates(model, samples, has_content=has_content)
        assert found["colour cast"] == found["untouched"] == 1
        assert found[GOOD] <= 0.25


def test_pictures_of_any_size_may_be_mixed(discriminator):
    contents = [photo(0, 700, 500), photo(1, 60, 90), photo(2, 20, 20), photo(3, 90, 400)]
    outputs = [warm(contents[0]), warm(photo(1, 30, 45)), warm(contents[2]), warm(contents[3])]
    model = calibrate(discriminator, [photo(5, 9, 9)], contents, outputs)
    assert all(np.isfinite(sign.spread) for group in model.beside.groups for sign in group.signs)


def test_samples_are_all_there(judge):
    contents = [photo(seed) for seed in range(3)]
    samples = list(make_samples(judge, [photo(7)], contents, contents))
    kinds = [sample.kind for sample in samples]
    assert kinds.count(GOOD) == 3
    assert kinds.count(REFERENCE) == 1
    assert all(kinds.count(kind) == 3 for kind in {**DAMAGES, **CONTENT_DAMAGES})


def test_of_many_pictures_each_is_broken_in_some_ways_only(judge):
    contents = [photo(seed, 48, 64) for seed in range(6)]
    kinds = [sample.kind for sample in make_samples(judge, [], contents, contents, break_every=2)]
    assert kinds.count(GOOD) == 6
    assert all(kinds.count(kind) == 3 for kind in {**DAMAGES, **CONTENT_DAMAGES})

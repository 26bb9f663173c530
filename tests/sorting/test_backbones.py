from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from impasto.errors import ClassifierFileError, MissingExtraError
from impasto.sorting.backbones import SIDES, Backbone, Kind
from impasto.sorting.effort import Effort
from impasto.sorting.fitting import _share_of_rate, _varied
from impasto.sorting.networks import FIRST_FREE_BLOCK, EncoderNetwork, SmallNetwork, fill, num_features, pooled
from impasto.sorting.regression import class_weights

from .shapes import noise_texture


def squares(number: int, side: int = 64) -> np.ndarray:
    kinds = ("lying", "standing")
    return np.stack([noise_texture(kinds[index % 2], index, (side, side)) for index in range(number)])


def small(seed: int = 0) -> Backbone:
    """A small network of random weights."""
    torch.manual_seed(seed)
    network = SmallNetwork()
    weights = {name: weight.detach().numpy().copy() for name, weight in network.named_parameters()}
    return Backbone(Kind.SMALL, weights)


def test_every_kind_has_a_side() -> None:
    assert set(SIDES) == set(Kind)
    assert all(Backbone(kind).side == side for kind, side in SIDES.items())


@pytest.mark.parametrize("number", [1, 15, 16, 17, 40])
def test_batches_do_not_show_in_features(number: int) -> None:
    backbone, pictures = small(), squares(40)
    whole = backbone.features(pictures)
    np.testing.assert_allclose(backbone.features(pictures[:number]), whole[:number], rtol=1e-4, atol=1e-5)
    assert whole.shape == (40, 96)
    assert whole.dtype == np.float32


def test_pictures_that_lie_otherwise_in_memory_are_seen_the_same() -> None:
    backbone, pictures = small(), squares(3)
    turned = np.ascontiguousarray(pictures.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
    assert not turned.flags.c_contiguous
    np.testing.assert_array_equal(backbone.features(turned), backbone.features(pictures))


def test_a_frozen_backbone_stays_itself() -> None:
    backbone = Backbone(Kind.FROZEN)
    none = np.zeros((0, 224, 224, 3), np.uint8)
    assert backbone.fitted(none, np.zeros(0, np.int64), np.zeros(0, np.float32), Effort(1)) is backbone


def test_a_learned_backbone_is_measured_as_it_will_be_saved() -> None:
    pictures, targets = squares(8), np.arange(8) % 2
    learned = Backbone(Kind.SMALL).fitted(pictures, targets, class_weights(targets, 2), Effort(1))
    assert learned.weights is not None
    for value in learned.weights.values():
        np.testing.assert_array_equal(value, value.astype(np.float16).astype(np.float32))


def test_pictures_of_no_weight_are_not_looked_at() -> None:
    pictures, targets = squares(8), np.arange(8) % 2
    weights = np.ones(8, np.float32)
    weights[6:] = 0
    junk = pictures.copy()
    junk[6:] = 255
    first, other = (
        Backbone(Kind.SMALL).fitted(given, targets, weights, Effort(1)).weights for given in (pictures, junk)
    )
    assert first is not None
    assert other is not None
    for name, value in first.items():
        np.testing.assert_array_equal(value, other[name])


def test_the_seed_of_learning_decides_and_leaves_the_callers_alone() -> None:
    pictures, targets = squares(8), np.arange(8) % 2
    weights = class_weights(targets, 2)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (
        Backbone(Kind.SMALL).fitted(pictures, targets, weights, Effort(1, seed)).features(pictures)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    torch.testing.assert_close(torch.rand(3), expected)


def test_progress_counts_epochs() -> None:
    steps: list[tuple[int, int]] = []
    pictures, targets = squares(4), np.arange(4) % 2
    effort = Effort(3, progress=lambda *step: steps.append(step))
    Backbone(Kind.SMALL).fitted(pictures, targets, np.ones(4, np.float32), effort)
    assert steps == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("wrong", ["missing", "more", "shape"])
def test_weights_of_another_network_are_refused(wrong: str) -> None:
    weights = dict(small().weights or {})
    name = next(iter(weights))
    if wrong == "missing":
        del weights[name]
    elif wrong == "more":
        weights["another.weight"] = np.zeros(3, np.float32)
    else:
        weights[name] = weights[name][:-1]
    with pytest.raises(ClassifierFileError, match="another one"):
        Backbone(Kind.SMALL, weights).features(squares(1))


def test_without_pytorch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[learn\]"):
        small_features = Backbone(Kind.FROZEN)
        small_features.features(squares(1))


def test_fill_takes_its_own_weights_only() -> None:
    network, other = SmallNetwork(), SmallNetwork()
    assert fill(network, {name: weight.detach() for name, weight in other.free_parts().items()})
    for name, weight in network.free_parts().items():
        torch.testing.assert_close(weight, other.free_parts()[name])
    assert not fill(network, {})


def test_the_encoder_is_free_from_its_last_blocks_on() -> None:
    names = EncoderNetwork().free_parts()
    blocks = {int(name.split(".")[2]) for name in names if name.startswith("encoder.blocks.")}
    assert blocks == set(range(FIRST_FREE_BLOCK, 16))
    assert any(name.startswith("encoder.head.") for name in names)


def test_numbers_of_features_are_those_of_the_networks() -> None:
    for network in (SmallNetwork(), EncoderNetwork()):
        with torch.no_grad():
            assert pooled(network.maps(torch.zeros(1, 3, 64, 64))).shape == (1, num_features(network))


def test_the_small_network_says_what_is_where() -> None:
    """A change in one corner reaches no map in the other."""
    network = SmallNetwork()
    plain = torch.full((1, 3, 64, 64), 0.5)
    marked = plain.clone()
    marked[:, :, :8, :8] = 1
    with torch.no_grad():
        change = (network.maps(marked) - network.maps(plain)).abs().sum(dim=1)[0]
    assert change.shape == (8, 8)
    assert change[:2, :2].max() > 0
    assert change[5:].max() == 0
    assert change[:, 5:].max() == 0


def test_variations_keep_the_picture_in_bounds_and_differ() -> None:
    images = torch.rand(12, 3, 32, 32)
    varied = _varied(images, torch.Generator().manual_seed(0))
    assert varied.shape == images.shape
    assert varied.min() >= 0
    assert varied.max() <= 1
    assert len({float(each.sum()) for each in varied}) == 12


def test_about_half_of_the_pictures_are_mirrored() -> None:
    ramp = torch.linspace(0, 1, 32).expand(200, 3, 32, 32)
    varied = _varied(ramp, torch.Generator().manual_seed(1))
    mirrored = (varied[:, 0, 16, -1] < varied[:, 0, 16, 0]).float().mean()
    assert 0.4 < float(mirrored) < 0.6


def test_the_rate_rises_and_falls() -> None:
    shares = [_share_of_rate(done) for done in np.linspace(0, 1, 101)]
    top = int(np.argmax(shares))
    assert 5 <= top <= 15
    assert max(shares) <= 1
    assert shares[0] < 0.2
    assert shares[-1] == pytest.approx(0, abs=1e-9)
    assert all(first >= second for first, second in zip(shares[top:], shares[top + 1 :], strict=False))

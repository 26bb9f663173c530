"""Changes before pictures are judged, and how many."""

from __future__ import annotations

import pytest
import torch

from impasto.train.dream_augment import Augmentation


def images(count: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def applied(augmentation: Augmentation, seed: int = 1, given: torch.Tensor | None = None) -> torch.Tensor:
    return augmentation.apply(images() if given is None else given, torch.Generator().manual_seed(seed))


def test_without_probability_nothing_changes() -> None:
    given = images()
    assert applied(Augmentation(0.0), given=given) is given


def test_with_certainty_every_picture_changes_in_its_own_way() -> None:
    changed = applied(Augmentation(1.0), given=images()[:1].expand(64, -1, -1, -1))
    assert changed.shape == (64, 3, 16, 16)
    assert all(not torch.equal(each, images()[0]) for each in changed)
    assert not torch.equal(changed[0], changed[1])


def test_about_as_many_are_left_alone_as_the_probability_says() -> None:
    few = applied(Augmentation(0.1))
    alone = sum(torch.allclose(one, other, atol=1e-6) for one, other in zip(few, images(), strict=True))
    # Six changes: three of colour, two of place, one hole.
    assert 15 < alone < 55


def test_the_same_numbers_give_the_same_changes() -> None:
    augmentation = Augmentation(0.7)
    torch.testing.assert_close(applied(augmentation), applied(augmentation))
    assert not torch.equal(applied(augmentation), applied(augmentation, seed=2))


def test_gradients_pass() -> None:
    given = images(4).requires_grad_()
    applied(Augmentation(1.0), given=given).sum().backward()
    assert given.grad is not None
    assert float(given.grad.abs().sum()) > 0


@pytest.mark.parametrize(("accuracy", "rises"), [(0.99, True), (0.5, False)])
def test_it_adapts_to_how_sure_the_discriminator_is(accuracy: float, rises: bool) -> None:
    augmentation = Augmentation(None)
    start = augmentation.probability
    augmentation.adapt(accuracy, 100)
    assert (augmentation.probability > start) is rises
    for _ in range(5000):
        augmentation.adapt(accuracy, 100)
    assert augmentation.probability == pytest.approx(0.8 if rises else 0.0)


def test_what_is_fixed_stays() -> None:
    augmentation = Augmentation(0.4)
    augmentation.adapt(1.0, 10_000)
    assert augmentation.probability == 0.4

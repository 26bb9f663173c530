"""Generators of dreams: sizes, mixing, and what batch norms keep."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impasto.train.dream_generator import (
    ClassicalGenerator,
    DreamGenerator,
    LightGenerator,
    _Excitation,
    make_generator,
    start_of,
)
from impasto.train.dream_recipe import SIDES, DreamRecipe

KINDS = [LightGenerator, ClassicalGenerator]


def latents(count: int = 3, size: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("side", SIDES)
def test_every_size_is_doubled_from_a_small_one(side: int) -> None:
    smallest, num_doublings = start_of(side)
    assert smallest * 2**num_doublings == side
    assert 4 <= smallest < 8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [16, 48, 64])
def test_pictures_have_the_side_asked_for_and_lie_in_range(kind: type[LightGenerator], side: int) -> None:
    torch.manual_seed(0)
    generator = kind(side, 4, 0.1)
    pictures = generator(latents())
    assert pictures.shape == (3, 3, side, side)
    assert 0 <= float(pictures.detach().min()) <= float(pictures.detach().max()) <= 1
    assert float((pictures[0] - pictures[1]).detach().abs().max()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_mixed_with_itself_a_latent_gives_its_own_picture(kind: type[LightGenerator]) -> None:
    torch.manual_seed(0)
    generator = kind(64, 4, 0.1).eval()
    given = latents()
    mixed = generator.mixed(given[:, None].expand(-1, generator.num_latents, -1))
    torch.testing.assert_close(mixed, generator(given))


def test_appearance_comes_from_the_second_latent() -> None:
    torch.manual_seed(0)
    generator = LightGenerator(64, 4, 0.1).eval()
    first, second = latents(seed=1), latents(seed=2)
    mixed = generator.mixed(torch.stack((first, second), dim=1))
    for plain in (generator(first), generator(second)):
        assert float((mixed - plain).detach().abs().max()) > 1e-4


def test_chance_is_the_same_for_the_same_numbers_and_absent_without() -> None:
    torch.manual_seed(0)
    generator = LightGenerator(16, 4, 0.1).eval()
    for doubling in generator.doublings:
        torch.nn.init.constant_(doubling.noise.strength, 1.0)
    given = latents()

    def with_chance(seed: int) -> torch.Tensor:
        return generator(given, torch.Generator().manual_seed(seed))

    torch.testing.assert_close(with_chance(1), with_chance(1))
    assert float((with_chance(1) - with_chance(2)).detach().abs().max()) > 1e-4
    torch.testing.assert_close(generator(given), generator(given))


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_follow_batches_and_rest_when_evaluated(kind: type[LightGenerator]) -> None:
    torch.manual_seed(0)
    generator: DreamGenerator = kind(16, 4, 0.1)
    before = {name: value.clone() for name, value in generator.named_buffers()}
    generator.train()(latents())
    moved = {name: value.clone() for name, value in generator.named_buffers()}
    assert any(not torch.equal(before[name], moved[name]) for name in before)
    assert all(value.is_floating_point() for value in moved.values())  # so that an average can follow them
    generator.eval()(latents(seed=5))
    assert all(torch.equal(value, moved[name]) for name, value in generator.named_buffers())


def test_the_recipe_says_which_and_how_wide() -> None:
    assert isinstance(make_generator(DreamRecipe(side=16)), LightGenerator)
    assert isinstance(make_generator(DreamRecipe(side=16, architecture="dcgan")), ClassicalGenerator)
    narrow, wide = (make_generator(DreamRecipe(side=16, width=width)) for width in (0.5, 1.0))
    counts = [sum(parameter.numel() for parameter in each.parameters()) for each in (narrow, wide)]
    assert counts[0] < counts[1] / 2


def num_directions(rows: Tensor) -> float:
    """Return in how many directions rows differ: the exponential of the entropy of what each holds of the variance."""
    flat = rows.detach().flatten(1)
    shares = torch.linalg.svdvals(flat - flat.mean(dim=0)).square()
    shares = shares / shares.sum()
    return float(torch.exp(-(shares * (shares + 1e-12).log()).sum()))


def hasty(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(module.parameters(), lr=2e-3, betas=(0.0, 0.99))


def test_learning_that_one_direction_counts_does_not_shut_out_the_others() -> None:
    torch.manual_seed(0)
    generator, given = LightGenerator(16, 32, 0.25), latents(128, 32, seed=9)
    before, optimiser = num_directions(generator._smallest(given)), hasty(generator)
    for step in range(100):
        some = latents(16, 32, seed=step + 10)
        wanted = (some[:, :1] > 0).float()[:, :, None, None]
        optimiser.zero_grad()
        (generator(some) - wanted).square().mean().backward()
        optimiser.step()
    assert num_directions(generator._smallest(given)) > 0.8 * before


def test_excitation_that_is_pulled_one_way_for_long_does_not_become_a_switch() -> None:
    torch.manual_seed(0)
    excitation, random = _Excitation(64, 16, 4), torch.Generator().manual_seed(1)
    optimiser = hasty(excitation)
    for _ in range(60):
        weights = excitation(torch.randn(8, 64, 4, 4, generator=random).abs())
        up, down = weights[:, :8].mean(), weights[:, 8:].mean()
        optimiser.zero_grad()
        (down - up).backward()
        optimiser.step()
    assert float((up - down).detach()) > 0.5  # it learns what it is asked for
    assert float(((weights < 0.04) | (weights > 1.96)).float().mean()) < 0.2

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.errors import UsageError
from impasto.train.losses import LOSSES, AdversarialLoss, interpolated_gradient_penalty, load_loss, r1_penalty
from impasto.train.recipe import LOSS_NAMES


def maps(seed: int, mean: float = 0.0) -> list[Tensor]:
    """Return logit maps of three heads, as a discriminator gives them."""
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(4, 1, side, side, generator=random) + mean for side in (1, 3, 6)]


def gradients(loss: Callable[[list[Tensor]], Tensor], logits: list[Tensor]) -> list[Tensor]:
    leaves = [head.clone().requires_grad_() for head in logits]
    return list(torch.autograd.grad(loss(leaves), leaves))


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_every_loss_keeps_the_contract(name: str) -> None:
    loss = load_loss(name)
    real, fake = maps(1), maps(2)

    # A finite scalar, also where logits are far out.
    for scale in (0.0, 1.0, 1e4):
        scaled = [head * scale for head in real], [head * scale for head in fake]
        for value in (loss.discriminator(*scaled), loss.generator(scaled[1])):
            assert value.shape == ()
            assert torch.isfinite(value)

    # The discriminator does better the more it is right, and worse where it is wrong.
    right, unsure, wrong = (loss.discriminator(maps(1, mean), maps(2, -mean)) for mean in (0.8, 0.0, -0.8))
    assert right < unsure < wrong

    # Minimising pushes logits of real pictures up and of fake ones down, and the generator pushes them up again.
    near = [head.clamp(-0.9, 0.9) for head in real], [head.clamp(-0.9, 0.9) for head in fake]
    assert all(
        (gradient < 0).all() for gradient in gradients(lambda heads: loss.discriminator(heads, near[1]), near[0])
    )
    assert all(
        (gradient > 0).all() for gradient in gradients(lambda heads: loss.discriminator(near[0], heads), near[1])
    )
    assert all((gradient < 0).all() for gradient in gradients(loss.generator, near[1]))

    # Heads add up, and each counts the same however many logits it has.
    single = [loss.discriminator([r], [f]) for r, f in zip(real, fake, strict=True)]
    assert torch.isclose(loss.discriminator(real, fake), torch.stack(single).sum())
    assert torch.isclose(loss.generator(fake), torch.stack([loss.generator([head]) for head in fake]).sum())
    tiled = [head.repeat(1, 1, 2, 2) for head in fake]
    assert torch.isclose(loss.generator(tiled), loss.generator(fake))

    # A head too many on one side is a mistake.
    with pytest.raises(ValueError, match="zip"):
        loss.discriminator(real, fake[:2])


def test_hinge_is_content_beyond_its_margins() -> None:
    loss = load_loss("hinge")
    assert loss.discriminator([torch.tensor([[[[1.5]]]])], [torch.tensor([[[[-1.2]]]])]) == 0


def test_least_squares_is_content_at_its_targets() -> None:
    loss = load_loss("lsgan")
    ones = torch.ones(2, 1, 1, 1)
    assert loss.discriminator([ones], [-ones]) == 0
    assert loss.generator([ones]) == 0


def test_the_two_entropies_differ_where_the_generator_fails() -> None:
    """Where outputs are seen through, the saturating game hardly pushes and the other one does."""
    lost = [torch.full((2, 1, 2, 2), -6.0)]
    pushes = {
        name: float(gradients(load_loss(name).generator, lost)[0].abs().sum()) for name in ("bce", "non-saturating")
    }
    assert pushes["bce"] < 0.01
    assert pushes["non-saturating"] > 0.9
    assert torch.equal(
        load_loss("bce").discriminator(maps(1), maps(2)), load_loss("non-saturating").discriminator(maps(1), maps(2))
    )


def test_the_recipe_offers_every_loss_and_no_other() -> None:
    assert set(LOSS_NAMES) == set(LOSSES)
    assert all(isinstance(load_loss(name), AdversarialLoss) for name in LOSS_NAMES)
    assert [name for name in LOSS_NAMES if load_loss(name).gradient_penalty_weight] == ["wgan-gp"]


@pytest.mark.parametrize("name", ["", "Hinge", "hing"])
def test_an_unknown_loss_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(
        UsageError, match=f"no loss named '{name}'; choose one of: hinge, non-saturating, bce, lsgan, wgan"
    ):
        load_loss(name)


# --- penalties ------------------------------------------------------------------------------------------------------


def linear_judge(weights: list[Tensor]) -> Callable[[Tensor], list[Tensor]]:
    """Judge by fixed weights 3×H×W, one head each: its gradient is those weights, everywhere."""

    def judge(images: Tensor) -> list[Tensor]:
        return [(images * weight).sum(dim=(1, 2, 3)).view(-1, 1, 1, 1) for weight in weights]

    return judge


@given(st.integers(0, 999), st.integers(1, 3), st.integers(1, 5))
def test_r1_of_a_linear_judge_is_half_its_squared_weight(seed: int, num_heads: int, batch_size: int) -> None:
    random = torch.Generator().manual_seed(seed)
    weights = [torch.randn(3, 4, 4, generator=random) for _ in range(num_heads)]
    real = torch.rand(batch_size, 3, 4, 4, generator=random)
    expected = torch.stack(weights).sum(dim=0).square().sum() / 2
    assert torch.isclose(r1_penalty(linear_judge(weights), real), expected, rtol=1e-4)


@given(st.integers(0, 999), st.floats(0.1, 3))
def test_the_gradient_penalty_of_a_linear_judge_is_its_distance_from_slope_one(seed: int, slope: float) -> None:
    random = torch.Generator().manual_seed(seed)
    weight = torch.randn(3, 4, 4, generator=random)
    weight *= slope / weight.norm()
    real, fake, mix = (torch.rand(3, 3, 4, 4, generator=random) for _ in range(3))
    penalty = interpolated_gradient_penalty(linear_judge([weight]), real, fake, mix[:, :1, :1, :1])
    assert torch.isclose(penalty, torch.tensor((slope - 1) ** 2), atol=1e-4)


def test_the_gradient_penalty_looks_between_real_and_fake() -> None:
    """For the judge Σ x² / 2 the gradient is the image itself, so its norm tells where it was taken."""

    def square_judge(images: Tensor) -> list[Tensor]:
        return [images.square().sum(dim=(1, 2, 3)).view(-1, 1, 1, 1) / 2]

    real, fake = torch.full((1, 3, 2, 2), 0.8), torch.full((1, 3, 2, 2), 0.2)
    for share in (0.0, 0.25, 1.0):
        norm = (0.2 + share * 0.6) * 12**0.5
        penalty = interpolated_gradient_penalty(square_judge, real, fake, torch.full((1, 1, 1, 1), share))
        assert torch.isclose(penalty, torch.tensor((norm - 1) ** 2), atol=1e-4)


def test_penalties_teach_the_judge_and_nobody_else() -> None:
    weight = torch.randn(3, 4, 4, requires_grad=True)
    real, fake = torch.rand(2, 3, 4, 4, requires_grad=True), torch.rand(2, 3, 4, 4, requires_grad=True)
    judge = linear_judge([weight])
    total = r1_penalty(judge, real) + interpolated_gradient_penalty(judge, real, fake, torch.rand(2, 1, 1, 1))
    total.backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0
    assert real.grad is None
    assert fake.grad is None

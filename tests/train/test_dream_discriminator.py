"""What judges dreams."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from impasto.train.dream_discriminator import ConvolutionalJudge, ProjectedJudge, make_judge

from .dreaming import TINY_DREAM
from .tiny_encoder import TinyEncoder

PROJECTED = replace(TINY_DREAM, judge="projected", side=32)


def images(count: int = 3, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def projected(recipe: object = PROJECTED) -> ProjectedJudge:
    judge = make_judge(recipe, TinyEncoder())  # type: ignore[arg-type]
    assert isinstance(judge, ProjectedJudge)
    return judge


def test_a_projected_judge_has_one_map_a_stage() -> None:
    judge = projected()
    logits = judge(images())
    assert [tuple(each.shape[:2]) for each in logits] == [(3, 1)] * 4
    assert all(each.shape[-1] <= 6 for each in logits)
    assert len(projected(replace(PROJECTED, stages=(0, 2)))(images())) == 2


def test_the_encoder_is_no_part_of_it() -> None:
    judge = projected()
    assert not any("encoder" in name for name in judge.state_dict())
    judge(images()).pop().sum().backward()
    learned = [parameter.grad is not None for parameter in judge.heads[-1].parameters()]
    assert any(learned)


def test_random_projections_stay_and_depend_on_the_seed() -> None:
    first, second = projected(), projected(replace(PROJECTED, seed=4))
    assert not torch.equal(first.get_buffer("projection_0"), second.get_buffer("projection_0"))
    assert "projection_0" not in dict(first.named_parameters())


def test_the_scale_of_features_is_learned_once() -> None:
    judge = projected()
    features = judge.features(images())
    judge.measure(features)
    before = judge.deviations.clone()
    assert (before > 0).all()
    judge.measure([10 * each for each in features])
    assert torch.equal(judge.deviations, before)


def test_features_are_those_of_larger_pictures() -> None:
    encoder = TinyEncoder()
    judge = make_judge(PROJECTED, encoder)
    small = judge.features(images(side=32))
    assert small[0].shape[-1] == PROJECTED.seen_side // encoder.strides[0]


@pytest.mark.parametrize("side", [16, 32, 48])
def test_a_judge_of_pixels_says_one_number_a_picture(side: int) -> None:
    judge = make_judge(replace(TINY_DREAM, side=side), None)
    assert isinstance(judge, ConvolutionalJudge)
    [logits] = judge(images(side=side))
    assert logits.shape == (3, 1, 1, 1)


@pytest.mark.parametrize("recipe", [TINY_DREAM, PROJECTED])
def test_latents_are_read_off_pictures(recipe: object) -> None:
    judge = make_judge(recipe, TinyEncoder())  # type: ignore[arg-type]
    read = judge.read(judge.features(images(side=judge_side(recipe))))
    assert read.shape == (3, TINY_DREAM.latent_size)


def judge_side(recipe: object) -> int:
    return int(recipe.side)  # type: ignore[attr-defined]


def test_a_wider_judge_has_more_to_learn() -> None:
    for recipe in (TINY_DREAM, PROJECTED):
        counts = [
            sum(p.numel() for p in make_judge(replace(recipe, judge_width=width), TinyEncoder()).parameters())
            for width in (0.5, 2.0)
        ]
        assert counts[1] > 2 * counts[0]

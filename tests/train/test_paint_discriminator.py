from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from impasto.train.paint_discriminator import PaintDiscriminator
from impasto.train.paint_features import ColorTwist, PaintFeatures, grey_of, luma_and_chroma, with_earliest_stage
from impasto.vision.efficientnet_lite import EfficientNetLite0

from .tiny_encoder import TinyEncoder


def features(stages: tuple[int, ...] = (0, 2)) -> PaintFeatures:
    return PaintFeatures(TinyEncoder(), stages)


# --- what is seen ---------------------------------------------------------------------------------------------------


def test_an_encoder_begins_at_stride_2_where_it_can() -> None:
    torch.manual_seed(0)
    plain = EfficientNetLite0().eval()
    earliest = with_earliest_stage(plain)
    assert (earliest.strides, earliest.num_channels) == ((2, 4, 8, 16, 32), (16, 24, 40, 112, 320))
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        early, usual = earliest(images), plain(images)
    assert [maps.shape[1:] for maps in early][:2] == [(16, 32, 32), (24, 16, 16)]
    assert all(torch.equal(one, two) for one, two in zip(early[1:], usual, strict=True))
    assert len(usual) == 4, "others see it as it was"
    assert (plain.strides, plain.num_channels) == ((4, 8, 16, 32), (24, 40, 112, 320))


def test_another_encoder_is_taken_as_it_is() -> None:
    encoder = TinyEncoder()
    assert with_earliest_stage(encoder) is encoder


def test_texture_is_seen_at_two_scales_and_content_late() -> None:
    seen = features()(torch.rand(2, 3, 64, 64))
    assert [tuple(maps.shape[1:]) for maps in seen.texture] == [(6, 16, 16), (10, 4, 4), (6, 8, 8), (10, 2, 2)]
    assert [maps.shape[1] for maps in seen.content] == [10, 12]
    assert features().num_channels == (6, 10, 6, 10)


def test_texture_alone_asks_for_no_more_than_it_needs() -> None:
    asked: list[int] = []

    class Asked(TinyEncoder):
        def __call__(self, images: torch.Tensor, num_stages: int = 4) -> list[torch.Tensor]:
            asked.append(num_stages)
            return super().__call__(images, num_stages)

    PaintFeatures(Asked(), (0, 1)).texture(torch.rand(1, 3, 64, 64))
    assert asked == [2, 2]


def test_a_twist_leaves_luma_alone() -> None:
    images = torch.rand(5, 3, 8, 8)
    twisted = ColorTwist.draw(5, np.random.default_rng(0))(images)
    assert torch.allclose(luma_and_chroma(twisted)[0], luma_and_chroma(images)[0], atol=2e-3)
    assert not torch.allclose(twisted, images, atol=0.05)


def test_a_twist_turns_and_scales_chroma() -> None:
    images = torch.rand(1, 3, 4, 4)
    same = ColorTwist(torch.zeros(1), torch.ones(1))(images)
    assert torch.allclose(same, images, atol=2e-3)
    grey = ColorTwist(torch.ones(1), torch.zeros(1))(images)
    assert torch.allclose(grey, grey_of(images), atol=1e-6)
    opposite = ColorTwist(torch.tensor([math.pi]), torch.ones(1))(images)
    assert torch.allclose(luma_and_chroma(opposite)[1], -luma_and_chroma(images)[1], atol=2e-3)


def test_many_twists_are_grey() -> None:
    gain = ColorTwist.draw(1000, np.random.default_rng(0)).gain
    assert 0.5 < float((gain == 0).float().mean()) < 0.7
    assert gain[gain > 0].min() >= 0.5
    assert gain.max() <= 1.5


# --- the judge ------------------------------------------------------------------------------------------------------


def measured(num_styles: int = 1, seed: int = 0) -> PaintDiscriminator:
    torch.manual_seed(0)
    discriminator = PaintDiscriminator(features(), num_styles, seed)
    discriminator.measure(discriminator.features.texture(torch.rand(2, 3, 64, 64)))
    return discriminator.eval()


def test_there_is_a_map_a_head() -> None:
    logits = measured()(torch.rand(2, 3, 64, 64))
    assert [tuple(each.shape) for each in logits] == [(2, 1, 16, 16), (2, 1, 4, 4), (2, 1, 8, 8), (2, 1, 2, 2)]


def test_the_encoder_is_no_part_of_its_state() -> None:
    assert all(name.startswith("heads.") for name in measured().state_dict())


def test_the_scale_of_features_does_not_matter() -> None:
    images, discriminator = torch.rand(2, 3, 64, 64), measured()
    maps = discriminator.features.texture(images)
    louder = PaintDiscriminator(discriminator.features)
    louder.load_state_dict(discriminator.state_dict())
    for head in louder.heads:
        head.deviation.zero_()
    louder.eval()
    first = discriminator.features.texture(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    louder.measure([100 * maps for maps in first])
    for plain, loud in zip(discriminator.judge(maps), louder.judge([100 * each for each in maps]), strict=True):
        assert torch.allclose(plain, loud, atol=0.15 * float(plain.detach().abs().max()) + 1e-3)


def test_the_scale_is_measured_once() -> None:
    discriminator = measured()
    before = [float(head.deviation) for head in discriminator.heads]
    discriminator.measure([9 * maps for maps in discriminator.features.texture(torch.rand(2, 3, 64, 64))])
    assert [float(head.deviation) for head in discriminator.heads] == before
    assert min(before) > 0


def test_processes_agree_on_the_scale() -> None:
    discriminator = PaintDiscriminator(features())
    discriminator.measure(discriminator.features.texture(torch.rand(2, 3, 64, 64)), lambda _: 2.5)
    assert [float(head.deviation) for head in discriminator.heads] == [2.5] * 4


def test_features_that_do_not_vary_give_finite_logits() -> None:
    discriminator = PaintDiscriminator(features())
    flat = [torch.zeros_like(maps) for maps in discriminator.features.texture(torch.rand(1, 3, 64, 64))]
    discriminator.measure(flat)
    assert all(torch.isfinite(logits).all() for logits in discriminator.judge(flat))


def test_each_style_has_logits_of_its_own() -> None:
    discriminator, images = measured(num_styles=3), torch.rand(1, 3, 64, 64).expand(3, -1, -1, -1)
    logits = discriminator(images, torch.tensor([0, 1, 2]))
    for each in logits:
        assert each.shape[1] == 1
        assert not torch.allclose(each[0], each[1])
    assert torch.equal(discriminator(images)[0], discriminator(images, torch.zeros(3, dtype=torch.long))[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_projections_follow_the_seed(seed: int) -> None:
    one, two = (PaintDiscriminator(features(), seed=s).heads[0].projection for s in (seed, 0))
    assert torch.equal(one, two) == (seed == 0)

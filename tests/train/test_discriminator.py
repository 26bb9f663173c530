from __future__ import annotations

import pytest
import torch

from impasto.train.discriminator import ColorHead, Discriminator, ExposureHead, FeatureHead, FourierFeatures

from .tiny_encoder import TinyEncoder


@pytest.mark.parametrize("stages", [(0,), (3,), (0, 1), (1, 3), (0, 1, 2, 3)])
def test_there_is_a_logit_map_for_each_stage_one_for_colour_and_one_logit_for_exposure(stages: tuple[int, ...]) -> None:
    encoder = TinyEncoder()
    logits = Discriminator(encoder, stages)(torch.rand(2, 3, 64, 64))
    assert len(logits) == len(stages) + 2
    for stage, head in zip(stages, logits, strict=False):
        side = 64 // encoder.strides[stage]
        assert head.shape == (2, 1, side, side)
    assert logits[-2].shape == (2, 1, 16, 16)
    assert logits[-1].shape == (2, 1, 1, 1)
    assert all(head.isfinite().all() for head in logits)


def test_the_encoder_is_no_part_of_what_is_learned_or_saved() -> None:
    class Registered(torch.nn.Module):
        num_channels, strides = (4,), (4,)

        def __init__(self) -> None:
            super().__init__()
            self.convolution = torch.nn.Conv2d(3, 4, 4, 4)

        def forward(self, images: torch.Tensor, num_stages: int = 1) -> list[torch.Tensor]:
            return [self.convolution(images)]

    discriminator = Discriminator(Registered(), (0,))
    names = [*dict(discriminator.named_parameters()), *discriminator.state_dict()]
    assert names
    assert not any("convolution" in name or "encoder" in name for name in names)
    discriminator.requires_grad_(True)
    assert not any(isinstance(module, Registered) for module in discriminator.modules())


def test_projections_are_fixed_saved_and_drawn_from_the_seed() -> None:
    first, same, other = (Discriminator(TinyEncoder(), (0, 1), seed=seed) for seed in (1, 1, 2))

    def projections(discriminator: Discriminator) -> list[torch.Tensor]:
        return [value for name, value in discriminator.state_dict().items() if name.endswith("projection")]

    assert len(projections(first)) == 2
    assert all(torch.equal(one, two) for one, two in zip(projections(first), projections(same), strict=True))
    assert not torch.equal(projections(first)[0], projections(other)[0])
    assert not any("projection" in name for name, _ in first.named_parameters())


def test_feature_heads_cannot_be_steep() -> None:
    """Spectral norms hold each layer's gain near one, however large its weights become."""
    torch.manual_seed(1)
    head = FeatureHead(6, 16, torch.Generator().manual_seed(1))
    with torch.no_grad():
        head.hidden.parametrizations.weight.original.mul_(100)
        head.logits.parametrizations.weight.original.mul_(100)
    for _ in range(30):  # power iterations
        head(torch.rand(1, 6, 8, 8))
    head.eval()
    for layer in (head.hidden, head.logits):
        assert torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item() == pytest.approx(1, rel=0.05)


def test_the_colour_head_tells_small_differences_of_colour_apart() -> None:
    torch.manual_seed(1)
    head = ColorHead(torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(head.parameters(), lr=1e-2)
    random = torch.Generator().manual_seed(2)
    for _ in range(150):
        neutral = torch.rand(8, 3, 16, 16, generator=random)
        warm = (torch.rand(8, 3, 16, 16, generator=random) + torch.tensor([0.05, 0, -0.05])[:, None, None]).clamp(0, 1)
        loss = torch.relu(1 - head(warm)).mean() + torch.relu(1 + head(neutral)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    neutral, warm = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), 0.5)
    warm[:, 0], warm[:, 2] = 0.55, 0.45
    assert head(warm).mean() > head(neutral).mean()
    assert loss < 1


def test_the_colour_head_sees_no_shapes() -> None:
    """Moving neighbourhoods about moves their logits and changes none."""
    head = ColorHead(torch.Generator().manual_seed(0))
    blocks = torch.rand(1, 3, 4, 4)
    order = torch.randperm(16)
    shuffled = blocks.flatten(2)[..., order].view(1, 3, 4, 4)
    before, after = (head(torch.nn.functional.interpolate(one, (16, 16))).flatten() for one in (blocks, shuffled))
    assert torch.allclose(before[order], after, atol=1e-5)


def test_fourier_features_are_fixed_and_drawn_from_the_generator() -> None:
    first, same, other = (FourierFeatures(3, 8, 8.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    colours = torch.rand(2, 3, 4, 5)
    assert first(colours).shape == (2, 8, 4, 5)
    assert torch.equal(first(colours), same(colours))
    assert not torch.equal(first(colours), other(colours))
    assert not list(first.parameters())
    assert len(first.state_dict()) == 2


def test_fourier_features_of_like_colours_are_alike() -> None:
    features = FourierFeatures(3, 512, 8.0, torch.Generator().manual_seed(1))
    grey = torch.full((1, 3, 1, 1), 0.1)

    def likeness(shift: float) -> float:
        return float((features(grey) * features(grey + shift)).mean())

    assert likeness(0.0) > likeness(0.02) > likeness(0.2) > abs(likeness(3.0))


def test_the_exposure_head_sees_brightness_and_contrast_and_no_place() -> None:
    head = ExposureHead(torch.Generator().manual_seed(0))
    picture = torch.rand(1, 3, 8, 8)
    shuffled = picture.flatten(2)[..., torch.randperm(64)].view(1, 3, 8, 8)
    assert torch.allclose(head(picture), head(shuffled), atol=1e-5)
    assert not torch.allclose(head(picture), head(picture * 0.8), atol=1e-5)
    assert not torch.allclose(head(picture), head(0.5 + (picture - 0.5) * 0.5), atol=1e-5)

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional

from impasto.train.paint_features import luma_and_chroma
from impasto.train.paint_generator import (
    MEAN_WEIGHTS,
    MULTIPLE,
    PaintGenerator,
    StyledConv2d,
    binomial_kernel,
    blurred,
    held_content,
)

from .painting import WIDTHS, paint_with, small_generator


def random_picture(height: int, width: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, height, width, generator=random), torch.randn(1, 1, height, width, generator=random)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (40, 64), (72, 16)])
def test_pictures_of_any_multiple_are_painted(height: int, width: int) -> None:
    content, noise = random_picture(height, width)
    assert height % MULTIPLE == width % MULTIPLE == 0
    assert small_generator().eval()(content, noise, torch.tensor([0])).shape == content.shape


def test_before_anything_is_learned_little_is_changed() -> None:
    torch.manual_seed(0)
    generator = PaintGenerator(1, WIDTHS).eval()
    content = torch.full((1, 3, 64, 64), 0.4)
    with torch.no_grad():
        painted = generator(content, torch.zeros(1, 1, 64, 64), torch.tensor([0]))
    assert (painted - content).abs().mean() < 0.15


def test_what_is_finer_than_a_brush_is_painted_anew() -> None:
    generator = small_generator().eval()
    with torch.no_grad():
        generator.pixels.gain.zero_()
        generator.pixels.bias.zero_()
        generator.pixels.modulation.zero_()
        content, noise = random_picture(64, 64)
        painted = generator(content, noise, torch.tensor([0]))
    assert (painted - painted.mean()).std() < 0.5 * content.std()
    assert torch.allclose(painted.mean(), content.mean(), atol=0.01)


def test_styles_are_told_by_number_or_by_vector() -> None:
    generator = small_generator(num_styles=3).eval()
    content, noise = random_picture(32, 32)
    with torch.no_grad():
        by_number = generator(content, noise, torch.tensor([2]))
        by_vector = generator(content, noise, generator.vectors[2][None])
        other = generator(content, noise, torch.tensor([1]))
    assert torch.equal(by_number, by_vector)
    assert not torch.allclose(by_number, other, atol=1e-4)


def test_pictures_of_a_batch_may_be_of_several_styles() -> None:
    generator = small_generator(num_styles=2).eval()
    content, noise = random_picture(32, 32)
    with torch.no_grad():
        together = generator(content.expand(2, -1, -1, -1), noise.expand(2, -1, -1, -1), torch.tensor([0, 1]))
        alone = [generator(content, noise, torch.tensor([style])) for style in (0, 1)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


@pytest.mark.parametrize("style", [0, 1])
def test_a_folded_network_paints_as_it_did(style: int) -> None:
    generator = small_generator(num_styles=2).eval()
    expected = paint_with(generator, style)
    folded = copy.deepcopy(generator)
    folded.fold(style)
    assert torch.allclose(paint_with(folded), expected, atol=1e-4)
    by_vector = copy.deepcopy(generator)
    by_vector.fold(generator.vectors[style])
    assert torch.allclose(paint_with(by_vector), expected, atol=1e-4)


def test_a_folded_network_asks_for_no_style() -> None:
    generator = small_generator().eval()
    expected = paint_with(generator)
    generator.fold(0)
    content, noise = random_picture(48, 64, seed=5)
    assert generator(content, noise).shape == expected.shape
    assert all(module.is_folded for module in generator.modules() if isinstance(module, StyledConv2d))


def test_no_statistic_of_the_picture_is_held() -> None:
    """A change in one corner leaves the opposite one as it was."""
    generator = small_generator().eval()
    content, noise = random_picture(320, 320)
    changed = content.clone()
    changed[..., :16, :16] = 1 - changed[..., :16, :16]
    with torch.no_grad():
        before, after = (generator(each, noise, torch.tensor([0])) for each in (content, changed))
    assert not torch.allclose(before[..., :16, :16], after[..., :16, :16])
    assert torch.equal(before[..., 160:, 160:], after[..., 160:, 160:])


def test_training_counts_statistics_and_evaluation_does_not() -> None:
    generator = small_generator()
    before = generator.stem.mean.clone()
    generator.train()
    generator(*random_picture(32, 32), torch.tensor([0]))
    counted = generator.stem.mean.clone()
    assert not torch.equal(before, counted)
    generator.eval()
    generator(*random_picture(32, 32, 1), torch.tensor([0]))
    assert torch.equal(generator.stem.mean, counted)


# --- no grid of its own ----------------------------------------------------------------------------------------------


def test_a_smooth_slope_gets_no_steps() -> None:
    """Cells of eight pixels must not show, however different the weights at the four places of a cell are."""
    generator = small_generator().eval()
    slope = torch.linspace(0.2, 0.8, 256).expand(1, 3, 64, 256).contiguous()
    with torch.no_grad():
        painted = generator(slope, torch.zeros(1, 1, 64, 256), torch.tensor([0]))
    steps = (painted - slope)[0, :, 32].diff()[:, 64:-63]
    cells = steps.unflatten(1, (-1, MULTIPLE))
    at_one_place = (cells - cells.mean(dim=2, keepdim=True)).mean(dim=1)
    assert at_one_place.abs().max() < 0.1 * steps.abs().max()


def test_what_strides_would_alias_is_filtered_away() -> None:
    stripes = torch.tensor([1.0, -1.0]).repeat(16).expand(1, 1, 32, 32).contiguous()
    torch.manual_seed(0)
    convolution = StyledConv2d(1, 8, 4, stride=2).eval()
    with torch.no_grad():
        seen = convolution(stripes, torch.zeros(1, 4))[..., 3:-3, 3:-3]
        smooth = convolution(torch.ones(1, 1, 32, 32), torch.zeros(1, 4))[..., 3:-3, 3:-3]
    assert seen.abs().max() < 1e-5
    assert smooth.abs().max() > 0.1


def test_a_blurred_kernel_is_the_kernel_after_the_filter() -> None:
    random = torch.Generator().manual_seed(2)
    picture, weight = torch.rand(1, 3, 20, 20, generator=random), torch.randn(5, 3, 3, 3, generator=random)
    filters = binomial_kernel().expand(3, 1, 3, 3)
    expected = functional.conv2d(functional.conv2d(picture, filters, groups=3), weight)
    assert torch.allclose(functional.conv2d(picture, blurred(weight, binomial_kernel())), expected, atol=1e-5)


def test_means_of_content_hold_nothing_of_the_finest_stripes() -> None:
    weights = torch.tensor(MEAN_WEIGHTS, dtype=torch.float32)
    for period in (2, 4):
        wave = torch.cos(2 * torch.pi * torch.arange(8) / period)
        assert abs(float((weights * wave).sum())) < 1e-4


@pytest.mark.parametrize("is_grey", [True, False])
def test_a_style_without_colours_paints_in_grey(is_grey: bool) -> None:
    generator = small_generator().eval()
    generator.paint_in_grey(True)
    generator.paint_in_grey(is_grey)
    content, noise = random_picture(64, 64)
    with torch.no_grad():
        _, chroma = luma_and_chroma(generator(content, noise, torch.tensor([0])))
    assert (chroma.abs().max() < 1e-5) == is_grey


# --- content over time ----------------------------------------------------------------------------------------------


def test_a_still_passes_unchanged() -> None:
    content, _ = random_picture(16, 16)
    assert torch.equal(held_content(content, content), content)


def test_noise_is_held_and_change_is_not() -> None:
    content = torch.full((1, 3, 8, 8), 0.5)
    noisy, moved = content + 1 / 255, content + 0.2
    assert (held_content(noisy, content) - content).abs().max() < 0.5 / 255
    assert torch.allclose(held_content(moved, content), moved)


def test_noise_goes_away_within_some_frames_rather_than_staying() -> None:
    content, state = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.504)
    for _ in range(40):
        state = held_content(content, state)
    assert torch.allclose(state, content, atol=1e-4)

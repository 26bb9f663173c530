from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

from impasto.apply.lut import Lut3D
from impasto.train.look_generator import (
    LookGenerator,
    SplineLut,
    apply_lut,
    identity_lattice,
    spline_matrix,
    tone_reversal,
)

from .pictures import decibels, scenes

sizes = st.tuples(st.integers(4, 12), st.integers(2, 40))


def random_lut(seed: int, size: int = 5, count: int = 1) -> Tensor:
    return torch.rand(count, size, size, size, 3, generator=torch.Generator().manual_seed(seed))


def random_images(seed: int, count: int = 2, side: int = 9) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


# --- the spline -----------------------------------------------------------------------------------------------------


@given(sizes)
def test_spline_weights_are_a_partition_of_unity(size: tuple[int, int]) -> None:
    matrix = spline_matrix(*size)
    assert matrix.shape == (size[1], size[0])
    assert (matrix >= 0).all()
    assert torch.allclose(matrix.sum(dim=1), torch.ones(size[1]), atol=1e-6)
    assert ((matrix > 0).sum(dim=1) <= 4).all(), "a cubic segment has four control points"


@given(sizes, st.floats(-3, 3), st.floats(-3, 3))
def test_splines_reproduce_straight_lines(size: tuple[int, int], slope: float, offset: float) -> None:
    num_control_points, num_samples = size
    # The first and the last control point lie one segment outside the domain.
    places = (torch.arange(num_control_points) - 1) / (num_control_points - 3)
    line = spline_matrix(num_control_points, num_samples) @ (offset + slope * places)
    assert torch.allclose(line, offset + slope * torch.linspace(0, 1, num_samples), atol=1e-4)


def test_a_spline_bends_smoothly() -> None:
    control_points = torch.tensor([0.0, 0, 1, 0, 0, 1, 1])
    curve = spline_matrix(7, 1001) @ control_points
    slopes = curve.diff() * 1000
    assert slopes.diff().abs().max() < 0.1, "the first derivative has no corner"


def test_fine_lattices_add_to_coarse_ones() -> None:
    splines = SplineLut(2, (4, 6), lut_size=7)
    assert not splines().any()
    with torch.no_grad():
        splines.lattices[0][1].fill_(0.25)
        splines.lattices[1][1, 2].fill_(0.5)
    first, second = splines()
    assert not first.any()
    assert torch.allclose(second, torch.tensor([0.25, 0.25, 0.75]).expand(7, 7, 7, 3), atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_axes_of_a_lattice_are_red_green_and_blue(axis: int) -> None:
    splines = SplineLut(1, (4,), lut_size=6)
    with torch.no_grad():
        splines.lattices[0].copy_((torch.arange(4.0) - 1).view([4 if one == axis else 1 for one in range(3)]))
    assert torch.allclose(splines()[0], identity_lattice(6)[..., axis : axis + 1].expand(6, 6, 6, 3), atol=1e-6)


# --- applying a LUT -------------------------------------------------------------------------------------------------


def trilinear(pixels: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
    """Interpolate (..., 3) pixels the plain way: eight corners, weighted by the volumes opposite."""
    place = pixels.astype(np.float64) * (len(table) - 1)
    low = np.clip(np.floor(place).astype(int), 0, len(table) - 2)
    within = place - low
    total = np.zeros(pixels.shape)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner) == 1, within, 1 - within).prod(axis=-1)
        red, green, blue = np.moveaxis(low + np.array(corner), -1, 0)
        total += weight[..., None] * table[red, green, blue]
    return total


def pixels_of(images: Tensor) -> NDArray[Any]:
    return images.permute(0, 2, 3, 1).numpy()


@given(arrays(np.float32, (4, 5, 3), elements=st.floats(0, 1, width=32)), st.integers(2, 9), st.integers(0, 99))
def test_luts_are_interpolated_trilinearly(pixels: NDArray[np.float32], size: int, seed: int) -> None:
    lut = random_lut(seed, size)
    images = torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())
    assert np.abs(pixels_of(apply_lut(images, lut))[0] - trilinear(pixels, lut[0].numpy())).max() < 2e-6


def test_each_image_gets_its_own_lut() -> None:
    images, luts = random_images(1, count=3), random_lut(2, count=3)
    together = apply_lut(images, luts)
    for index in range(3):
        alone = apply_lut(images[index : index + 1], luts[index : index + 1])
        assert torch.equal(together[index : index + 1], alone)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_axes_are_red_green_and_blue(channel: int) -> None:
    """A LUT whose three outputs are one coordinate of its lattice shows which channel drives that axis."""
    lut = identity_lattice(6)[..., channel : channel + 1].expand(6, 6, 6, 3)[None]
    images = random_images(3, count=1)
    assert torch.allclose(apply_lut(images, lut), images[:, channel : channel + 1].expand(-1, 3, -1, -1), atol=1e-6)


def test_the_identity_lattice_changes_nothing() -> None:
    images = random_images(4)
    assert torch.allclose(apply_lut(images, identity_lattice(9).expand(2, 9, 9, 9, 3)), images, atol=1e-6)


def test_values_beyond_the_range_are_kept_so_that_they_can_be_penalised() -> None:
    lut = (identity_lattice(5) * 1.5 - 0.25)[None]
    images = random_images(5, count=1)
    assert torch.allclose(apply_lut(images, lut), images * 1.5 - 0.25, atol=1e-5)


def test_learning_and_applying_read_a_lut_alike() -> None:
    """Learning interpolates trilinearly, applying tetrahedrally: smooth looks differ by under half a level of 255."""
    grid = Lut3D.identity(33).table
    smooth = Lut3D(0.05 + 0.9 * (0.8 * grid**1.3 + 0.2 * grid[..., ::-1] ** 0.8))
    images = random_images(6, side=40)
    learned = pixels_of(apply_lut(images, torch.from_numpy(smooth.table).expand(2, 33, 33, 33, 3)))
    applied = smooth.apply(pixels_of(images).astype(np.float32))
    assert np.abs(learned - applied).max() * 255 < 0.5


@given(st.floats(0.2, 4), st.floats(0, 1), st.integers(2, 9))
def test_rising_tones_are_not_reversed(gamma: float, gain: float, size: int) -> None:
    luts = (gain * identity_lattice(size) ** gamma)[None]
    assert tone_reversal(luts) == 0
    mixed = luts.flip(-1) * 0.5 + luts * 0.5
    assert tone_reversal(mixed) == 0


@given(st.floats(0.1, 3), st.integers(2, 9), st.integers(0, 2))
def test_reversal_is_the_mean_falling_slope_whatever_the_size(slope: float, size: int, channel: int) -> None:
    lut = identity_lattice(size)
    lut[..., channel] *= -slope
    assert torch.isclose(tone_reversal(lut[None]), torch.tensor(slope), rtol=1e-3)
    assert torch.isclose(tone_reversal(torch.stack((lut, identity_lattice(size)))), torch.tensor(slope / 2), rtol=1e-3)


def test_one_channel_may_fall_as_another_rises() -> None:
    """Split toning lowers blue where red rises; only a channel that turns against itself bands."""
    lut = identity_lattice(5).clone()
    lut[..., 2] -= 0.5 * lut[..., 0]
    assert tone_reversal(lut[None]) == 0


# --- the generator --------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 6), st.integers(3, 9), st.integers(8, 24), st.integers(0, 99))
def test_an_untrained_generator_is_the_identity(num_adaptive: int, size: int, side: int, seed: int) -> None:
    torch.manual_seed(seed)
    generator = LookGenerator(size, num_adaptive)
    luts = generator(random_images(seed, count=3, side=side))
    assert luts.shape == (3, size, size, size, 3)
    assert torch.allclose(luts, identity_lattice(size).expand_as(luts), atol=1e-6)


def test_without_adaptive_residuals_all_pictures_share_a_lut() -> None:
    generator = LookGenerator(5, num_adaptive=0)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.normal_()
    luts = generator(random_images(7, count=3, side=16))
    assert torch.equal(luts[0], luts[1])
    assert torch.equal(luts[0], luts[2])
    assert not generator.adaptation(random_images(7, side=16)).any()


def test_the_adaptation_is_what_a_picture_adds_to_the_shared_lut() -> None:
    torch.manual_seed(1)
    generator = LookGenerator(5, num_adaptive=2)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.normal_(std=0.1)
    dark, light = random_images(8, count=1, side=16) * 0.2, 0.8 + random_images(8, count=1, side=16) * 0.2
    luts, added = generator(torch.cat((dark, light))), generator.adaptation(torch.cat((dark, light)))
    assert not torch.allclose(luts[0], luts[1], atol=1e-4)
    assert torch.allclose(luts[0] - added[0], luts[1] - added[1], atol=1e-5)


def test_every_parameter_can_learn_from_the_first_steps_on() -> None:
    """Residuals that start at zero must not starve what weighs them for good."""
    torch.manual_seed(2)
    generator = LookGenerator(5, num_adaptive=2)
    optimiser = torch.optim.SGD(generator.parameters(), lr=1.0)
    images = random_images(9, side=16)
    for _ in range(4):
        optimiser.zero_grad()
        (apply_lut(images, generator(images)) - images.square()).square().mean().backward()
        optimiser.step()
    silent = [name for name, parameter in generator.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert silent == []


# --- what it can express --------------------------------------------------------------------------------------------

LUMA = np.array([0.2126, 0.7152, 0.0722])
Look = Callable[[NDArray[Any]], NDArray[Any]]


def tone_curve(image: NDArray[Any]) -> NDArray[Any]:
    return image + 0.12 * np.sin(2 * np.pi * (image - 0.5))


def split_toning(image: NDArray[Any]) -> NDArray[Any]:
    grey = (image @ LUMA)[..., None]
    return image + 0.1 * (1 - grey) * np.array([-0.6, 0.1, 1]) + 0.1 * grey * np.array([1, 0.3, -0.8])


def black_and_white(image: NDArray[Any]) -> NDArray[Any]:
    return np.repeat((image @ LUMA)[..., None], 3, axis=-1)


def faded_blacks(image: NDArray[Any]) -> NDArray[Any]:
    return 0.12 + 0.88 * np.maximum(image, 0.06)


def clipped_whites(image: NDArray[Any]) -> NDArray[Any]:
    return np.minimum(image * 1.35, 1)


def hue_shift(image: NDArray[Any]) -> NDArray[Any]:
    return image @ np.array([[0.85, 0.1, 0.05], [0.05, 0.8, 0.15], [0.15, 0, 0.85]])


@pytest.mark.parametrize(
    ("look", "reached"),
    [
        (tone_curve, 42),
        (split_toning, 44),
        (black_and_white, 44),
        (faded_blacks, 42),
        (clipped_whites, 38),
        (hue_shift, 44),
    ],
)
def test_the_look_can_be_expressed(look: Look, reached: float) -> None:
    """Plain regression finds the look on a few pictures, and it holds on others."""
    generator = LookGenerator(17, num_adaptive=0)
    optimiser = torch.optim.Adam(generator.parameters(), lr=0.04)
    pictures = np.stack(scenes(10)) / 255.0
    images = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32))
    graded = torch.from_numpy(look(pictures).clip(0, 1).transpose(0, 3, 1, 2).astype(np.float32))
    thumbnails = torch.zeros(8, 3, 8, 8)
    for step in range(120):
        optimiser.param_groups[0]["lr"] = 0.04 * (1 - step / 120)
        optimiser.zero_grad()
        (apply_lut(images[:8], generator(thumbnails)).clamp(-0.1, 1.1) - graded[:8]).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        result = apply_lut(images[8:], generator(thumbnails[:2])).clamp(0, 1)
    untouched = decibels(images[8:].numpy(), graded[8:].numpy())
    learned = decibels(result.numpy(), graded[8:].numpy())
    assert learned > max(reached, untouched + 12)


def test_a_look_that_depends_on_exposure_can_be_expressed() -> None:
    """Dark pictures are lifted, bright ones lowered: one LUT for all cannot do that."""
    pictures = np.stack([scene * gain for scene, gain in zip(scenes(12), [0.5, 0.7, 1.0] * 4, strict=True)]) / 255.0
    images = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32))
    lift = 2 * (0.4 - images.mean(dim=(1, 2, 3), keepdim=True))
    graded = images + lift * images * (1 - images)
    thumbnails = torch.nn.functional.interpolate(images, (16, 16), mode="area")

    def best(num_adaptive: int) -> float:
        torch.manual_seed(0)
        generator = LookGenerator(9, num_adaptive)
        optimiser = torch.optim.Adam(generator.parameters(), lr=0.01)
        for _ in range(200):
            optimiser.zero_grad()
            error = (apply_lut(images, generator(thumbnails)) - graded).square().mean()
            error.backward()
            optimiser.step()
        return -10 * float(error.detach().log10())

    assert best(2) > best(0) + 5

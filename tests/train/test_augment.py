from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.train.augment import ContentJitter, GeometricCrop, augment_both

from .pictures import scenes

seeds = st.integers(0, 10_000)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def images(seed: int, count: int = 3, height: int = 10, width: int = 12) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


# --- colour jitter --------------------------------------------------------------------------------------------------


@given(seeds)
def test_jitter_of_no_strength_is_the_identity(seed: int) -> None:
    jitter = ContentJitter(0.0)
    given_images = images(seed)
    amounts = jitter.draw(3, generator(seed))
    assert not amounts.any()
    assert torch.allclose(jitter.apply(given_images, amounts), given_images, atol=1e-6)


@given(seeds, st.floats(0, 1))
def test_jitter_stays_in_range(seed: int, strength: float) -> None:
    jitter = ContentJitter(strength)
    extremes = torch.cat((images(seed, 2), torch.zeros(1, 3, 10, 12), torch.ones(1, 3, 10, 12)))
    changed = jitter.apply(extremes, jitter.draw(4, generator(seed)))
    assert changed.shape == extremes.shape
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1


@given(seeds)
def test_jitter_is_one_draw_a_picture(seed: int) -> None:
    jitter = ContentJitter(0.7)
    same = images(seed, 1).expand(3, -1, -1, -1)
    amounts = jitter.draw(3, generator(seed))
    together = jitter.apply(same, amounts)
    assert not torch.allclose(together[0], together[1], atol=1e-4)
    for index in range(3):
        assert torch.equal(together[index], jitter.apply(same[:1], amounts[index : index + 1])[0])


@given(seeds)
def test_jitter_maps_equal_colours_to_equal_colours(seed: int) -> None:
    """It is a map of colours, so that a crop and the thumbnail of its picture stay of one kind."""
    jitter = ContentJitter(0.8)
    amounts = jitter.draw(1, generator(seed))
    picture = images(seed, 1)
    shuffled = picture.flatten(2)[..., torch.randperm(120)].view(1, 3, 10, 12)
    changed, changed_shuffled = jitter.apply(picture, amounts), jitter.apply(shuffled, amounts)
    assert torch.allclose(changed.flatten(2).sort(-1).values, changed_shuffled.flatten(2).sort(-1).values, atol=1e-6)


def test_more_strength_changes_more() -> None:
    def mean_change(strength: float) -> float:
        jitter = ContentJitter(strength)
        given_images = images(1, 64)
        return float((jitter.apply(given_images, jitter.draw(64, generator(2))) - given_images).abs().mean())

    assert 0 < mean_change(0.1) < mean_change(0.5) < mean_change(1.0)


@pytest.mark.parametrize(
    ("column", "what"), [(3, "exposure"), (4, "gamma"), (5, "contrast"), (6, "saturation"), (0, "white balance")]
)
def test_each_amount_does_what_it_is_called(column: int, what: str) -> None:
    amounts = torch.zeros(1, 7)
    amounts[0, column] = 0.3
    before = 0.3 + 0.4 * images(5, 1)
    after = ContentJitter.apply(before, amounts)
    change = after - before
    spread_before, spread_after = (i - i.mean(dim=1, keepdim=True) for i in (before, after))
    if what == "exposure":
        assert (change > 0).all()
    elif what == "gamma":
        assert (change < 0).all()
    elif what == "contrast":
        assert after.std() > before.std()
    elif what == "saturation":
        assert spread_after.norm() > spread_before.norm()
    else:
        assert (change[:, 0] > 0).all()
        assert torch.allclose(change[:, 1:], torch.zeros(()), atol=1e-6)


# --- crops ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(seeds, st.integers(8, 24), st.integers(0, 30), st.integers(0, 30))
def test_crops_have_the_asked_side_and_colours_of_the_picture(seed: int, side: int, taller: int, wider: int) -> None:
    pictures = list(images(seed, 3, side + taller, side + wider) * 0.5 + 0.25)
    crops = GeometricCrop(side)(pictures, generator(seed))
    assert crops.shape == (3, 3, side, side)
    for picture, crop in zip(pictures, crops, strict=True):
        for channel in range(3):
            assert crop[channel].min() >= picture[channel].min() - 1e-5
            assert crop[channel].max() <= picture[channel].max() + 1e-5


@given(seeds, st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)))
def test_a_plain_picture_stays_as_plain(seed: int, colour: tuple[float, float, float]) -> None:
    picture = torch.tensor(colour)[:, None, None].expand(3, 40, 50)
    [crop] = GeometricCrop(24)([picture], generator(seed))
    assert torch.allclose(crop, picture[:, :24, :24], atol=1e-5)


def test_colours_are_kept_on_average() -> None:
    """Crops see the middle more often than the borders, and otherwise every place alike, in its own colour."""
    picture = torch.from_numpy(scenes(1, width=60, height=60)[0].transpose(2, 0, 1) / 255.0).float()
    crops = GeometricCrop(40)([picture] * 300, generator(1))
    middle = picture[:, 5:-5, 5:-5]
    assert torch.allclose(crops.mean(dim=(0, 2, 3)), middle.mean(dim=(1, 2)), atol=0.02)
    assert torch.allclose(crops.std(dim=(0, 2, 3)), picture.std(dim=(1, 2)), atol=0.03)


def test_crops_without_room_are_the_picture_itself_or_its_mirror() -> None:
    picture = images(3, 1, 16, 16)[0]
    crops = GeometricCrop(16)([picture] * 60, generator(4))
    as_is, mirrored = (torch.tensor([torch.equal(crop, one) for crop in crops]) for one in (picture, picture.flip(-1)))
    assert as_is.sum() > 10
    assert mirrored.sum() > 10
    assert (as_is | mirrored).sum() >= 30, "few are rotated"


def test_a_picture_smaller_than_the_crop_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="low"):
        GeometricCrop(17)([images(1, 1, 16, 40)[0]], generator(1))


def places(height: int, width: int) -> Tensor:
    """Return a picture whose red says how far right a pixel is, and whose green how far down, in [0, 1]."""
    down, right = torch.meshgrid(
        (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij"
    )
    return torch.stack((right, down, torch.zeros(height, width)))


sides = st.tuples(st.floats(0, 0.9), st.floats(0.05, 0.5))


@settings(max_examples=150)
@given(seeds, sides, sides, st.integers(40, 90), st.integers(40, 90))
def test_crops_keep_the_face(
    seed: int, across: tuple[float, float], down: tuple[float, float], height: int, width: int
) -> None:
    side = 40
    (left, top), (right, bottom) = (across[0], down[0]), (min(1, across[0] + across[1]), min(1, down[0] + down[1]))
    assume((right - left) * width <= side - 1)
    assume((bottom - top) * height <= side - 1)
    [crop] = GeometricCrop(side)([places(height, width)], generator(seed), [(left, top, right, bottom)])
    # A rotation by 4° zooms in by 7 %, so that a face at the rim may lose half of that; else only pixels are rounded.
    is_rotated = bool(crop[0].std(dim=0).max() > 1e-4)
    margin = 0.5 * min(height, width) / side + (0.06 * min(height, width) if is_rotated else 1.1)
    assert crop[0].min() * width <= left * width + margin
    assert crop[0].max() * width >= right * width - margin
    assert crop[1].min() * height <= top * height + margin
    assert crop[1].max() * height >= bottom * height - margin


@given(seeds)
def test_a_face_too_large_for_the_crop_is_in_its_middle(seed: int) -> None:
    picture = places(40, 200)
    crops = GeometricCrop(40)([picture] * 4, generator(seed), [(0.4, 0.0, 0.8, 1.0)] * 4)
    assert torch.allclose(crops[:, 0].mean(dim=(1, 2)), torch.tensor(0.6), atol=0.01)


def test_without_a_face_crops_go_everywhere() -> None:
    crops = GeometricCrop(40)([places(40, 200)] * 100, generator(1))
    middles = crops[:, 0].mean(dim=(1, 2))
    assert middles.min() < 0.2
    assert middles.max() > 0.8


# --- what real and fake go through together -------------------------------------------------------------------------


@given(seeds)
def test_both_go_through_the_same_geometry(seed: int) -> None:
    real, fake = images(seed, 2, 16, 16), images(seed + 1, 2, 16, 16)
    seen_real, seen_fake = augment_both(real, fake, generator(seed))
    # A map of colours commutes with geometry, so mixing before is mixing after.
    mixed, _ = augment_both(0.3 * real + 0.7 * fake, fake, generator(seed))
    assert torch.allclose(mixed, 0.3 * seen_real + 0.7 * seen_fake, atol=1e-6)
    swapped_fake, swapped_real = augment_both(fake, real, generator(seed))
    assert torch.equal(swapped_real, seen_real)
    assert torch.equal(swapped_fake, seen_fake)


@given(seeds)
def test_colours_pass_unchanged_but_for_a_grey_hole(seed: int) -> None:
    real = images(seed, 1, 16, 16)
    seen, _ = augment_both(real, real, generator(seed))
    colours = {tuple(pixel) for pixel in real[0].flatten(1).T.tolist()}
    shown = [tuple(pixel) for pixel in seen[0].flatten(1).T.tolist()]
    grey = [pixel for pixel in shown if pixel == (0.5, 0.5, 0.5)]
    assert len(grey) == 16, "a quarter of the side, squared"
    assert all(pixel in colours for pixel in shown if pixel != (0.5, 0.5, 0.5))


def test_gradients_pass_except_through_the_hole() -> None:
    fake = images(3, 2, 16, 16).requires_grad_()
    _, seen = augment_both(fake.detach(), fake, generator(3))
    seen.sum().backward()
    assert fake.grad is not None
    assert set(fake.grad.unique().tolist()) == {0.0, 1.0}
    assert (fake.grad == 0).sum() == 2 * 3 * 16


def test_steps_differ() -> None:
    real = images(4, 1, 16, 16)
    seen = [augment_both(real, real, generator(seed))[0] for seed in range(8)]
    assert len({tuple(one.flatten().tolist()) for one in seen}) == 8

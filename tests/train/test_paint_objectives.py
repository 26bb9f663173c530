from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.train import paint_objectives as objectives
from impasto.train.batches import Pool
from impasto.train.paint_features import luma_and_chroma

from .painting import strokes
from .pictures import scenes

ONE_STYLE = torch.zeros(2, dtype=torch.long)


def maps(seed: int, scale: float = 1.0, offset: float = 0.0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 4, 16, 16, generator=random) * scale + offset]


def test_content_ignores_contrast_and_brightness_of_features() -> None:
    content = maps(0)
    assert objectives.content_change([content[0] * 3 + 5], content) < 1e-3
    assert objectives.content_change(maps(1), content) > 1


def test_statistics_do_not_ask_where_things_are() -> None:
    real = maps(0)
    mirrored = [real[0].flip(-1)]
    assert objectives.statistics_gap(real, mirrored, ONE_STYLE) < 1e-6
    assert objectives.gram_gap(real, mirrored, ONE_STYLE) < 1e-6
    for other in (maps(1, scale=2.0), maps(1, offset=1.0)):
        assert objectives.statistics_gap(real, other, ONE_STYLE) > 0.5
        assert objectives.gram_gap(real, other, ONE_STYLE) > 0.5


def test_gram_sees_channels_that_go_together() -> None:
    real = maps(0)[0]
    together = real.clone()
    together[:, 1] = together[:, 0]
    assert objectives.gram_gap([real], [together], ONE_STYLE) > 0.1
    assert objectives.statistics_gap([real], [together], ONE_STYLE) < 0.05


def test_each_style_is_compared_with_its_own() -> None:
    real = torch.cat((maps(0)[0][:1], maps(0, offset=5.0)[0][:1]))
    styles = torch.tensor([0, 1])
    assert objectives.statistics_gap([real], [real], styles) < 1e-6
    swapped = real.flip(0)
    assert objectives.statistics_gap([real], [swapped], styles) > 5
    assert objectives.statistics_gap([real], [swapped], ONE_STYLE) < 1e-6, "as one style they are the same"


# --- colour ---------------------------------------------------------------------------------------------------------


def warm(pictures: list[np.ndarray]) -> list[np.ndarray]:
    return [(picture * [1.0, 0.8, 0.5]).astype(np.uint8) for picture in pictures]


def chroma_mean(images: torch.Tensor) -> torch.Tensor:
    return luma_and_chroma(images)[1].mean(dim=(0, 2, 3))


def test_no_palette_keeps_the_colours_of_the_content() -> None:
    pool = Pool(scenes(3, width=64, height=64), 1)
    palette = objectives.Palette([Pool(warm(scenes(3, 9, width=64, height=64)), 1)], pool, share=0.0)
    content = torch.cat([pool.picture(0), pool.picture(1)])
    assert palette.gap(content, content, ONE_STYLE) < 1e-7
    assert palette.gap(content.flip(1), content, ONE_STYLE) > 1e-3


def test_a_palette_pulls_towards_the_references() -> None:
    pool = Pool(scenes(4, width=64, height=64), 1)
    palette = objectives.Palette([Pool(warm(scenes(4, width=64, height=64)), 1)], pool, share=1.0)
    content = torch.cat([pool.picture(0), pool.picture(1)])
    warmed = content * torch.tensor([1.0, 0.8, 0.5])[:, None, None]
    cooled = content * torch.tensor([0.5, 0.8, 1.0])[:, None, None]
    half = (content + warmed) / 2
    gaps = [float(palette.gap(images, content, ONE_STYLE)) for images in (half, content, cooled)]
    assert gaps == sorted(gaps)


def test_strokes_may_have_colours_of_their_own() -> None:
    pool = Pool(scenes(2, width=64, height=64), 1)
    palette = objectives.Palette([pool], pool, share=1.0)
    content = torch.full((2, 3, 64, 64), 0.5)
    target = palette.gap(content, content, ONE_STYLE)
    dotted = content.clone()
    dotted[:, 0, ::2, ::2] += 0.2
    dotted[:, 0, 1::2, 1::2] -= 0.2
    assert abs(float(palette.gap(dotted, content, ONE_STYLE) - target)) < 1e-4


def test_grey_references_make_no_numbers_that_are_none() -> None:
    grey = Pool([np.full((64, 64, 3), 99, np.uint8)], 1)
    palette = objectives.Palette([grey], grey, share=0.6)
    assert torch.isfinite(palette.gap(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64), ONE_STYLE))


# --- artefacts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["checks", "rows", "columns"])
def test_a_grid_is_seen(kind: str) -> None:
    content = torch.rand(1, 3, 64, 64)
    painted = content.clone()
    if kind == "checks":
        painted[..., ::2, ::2] += 0.1
        painted[..., 1::2, 1::2] += 0.1
    elif kind == "rows":
        painted[..., ::2, :] += 0.1
    else:
        painted[..., ::2] += 0.1
    assert objectives.grid_pattern(content, content) == 0
    assert objectives.grid_pattern(painted, content) > 0.04


def test_strokes_are_no_grid() -> None:
    content = torch.full((1, 3, 128, 128), 0.5)
    hatched = torch.from_numpy(strokes(0, 128, 128).transpose(2, 0, 1).copy())[None].float() / 255
    checks = content.clone()
    checks[..., ::2, ::2] += 0.2
    assert objectives.grid_pattern(hatched, content) < 0.5 * objectives.grid_pattern(checks, content)


def test_what_moves_along_is_steady() -> None:
    painted = torch.rand(1, 3, 96, 96)
    moved = torch.roll(painted, (3, 5), dims=(-2, -1))
    assert objectives.unsteadiness(painted, moved, (3, 5)) == 0
    assert objectives.unsteadiness(painted, painted, (3, 5)) > 0.1, "paint that stays on the screen"
    edge = moved.clone()
    edge[..., :20, :] = 0
    assert objectives.unsteadiness(painted, edge, (3, 5)) == 0, "nobody knows what enters at the border"


def test_only_what_is_far_out_of_range_costs() -> None:
    assert objectives.excess(torch.tensor([0.0, 1.0, -0.04, 1.04])) == 0
    assert objectives.excess(torch.tensor([1.55])) == pytest.approx(0.25, rel=1e-3)
    assert objectives.excess(torch.tensor([-0.55])) == pytest.approx(0.25, rel=1e-3)

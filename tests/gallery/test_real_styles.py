"""Folders of real pictures: of one style there is no warning, and two that clearly differ are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.gallery.features import FeatureExtractor
from impasto.gallery.gallery import Gallery
from impasto.gallery.records import Features
from impasto.gallery.selection import find_clusters, pick_coherent, style_points
from impasto.media.files import find_pictures

DATA = Path(__file__).parents[3] / "shared" / "data"
NUM_PICTURES = 40
ONE_STYLE = ("look_cinema_kodak2383", "monet", "oil_classic_figures", "ukiyoe", "vangogh")
CLEARLY_TWO = (
    ("look_timezero_expired", "look_cinema_kodak2383"),
    ("lineart_lorelei", "monet"),
    ("look_trix400_bw_grain", "ukiyoe"),
)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "styles").is_dir(), reason="needs ../shared/data"),
]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Features]]:
    gallery = Gallery(tmp_path_factory.mktemp("library"), extractor=FeatureExtractor())
    names = {*ONE_STYLE, *(name for pair in CLEARLY_TWO for name in pair)}
    found = {}
    for name in sorted(names):
        pictures = find_pictures([DATA / "styles" / name])[:NUM_PICTURES]
        features, failures = gallery.look_at(pictures)
        assert not failures
        found[name] = list(features.values())
    return found


@pytest.mark.parametrize("name", ONE_STYLE)
def test_one_style_gives_no_warning(looked_at: dict[str, list[Features]], name: str) -> None:
    assert len(find_clusters(style_points(looked_at[name]))) == 1


@pytest.mark.parametrize("pair", CLEARLY_TWO, ids="+".join)
def test_two_styles_are_told_apart(looked_at: dict[str, list[Features]], pair: tuple[str, str]) -> None:
    first, second = (looked_at[name] for name in pair)
    groups = find_clusters(style_points([*first, *second]))
    assert len(groups) == 2
    of_first = [float(np.mean(group < len(first))) for group in groups]
    assert max(of_first) >= 0.95
    assert min(of_first) <= 0.05


def test_a_few_strangers_are_not_picked(looked_at: dict[str, list[Features]]) -> None:
    own, strangers = looked_at["ukiyoe"], looked_at["look_timezero_expired"][:4]
    chosen = pick_coherent(style_points([*own, *strangers]), 30)
    assert (chosen < len(own)).all()

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.errors import StyleFileError
from impasto.gate.judge import Judge, every_nth

from .networks import SIDE, old_discriminator, warmth_discriminator
from .pictures import photo

WARM, COLD = (200, 120, 60), (60, 120, 200)
LOGIT = 4 * (200 - 60) / 255


def plain(color: tuple[int, int, int], height: int = 60, width: int = 90) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


@pytest.mark.parametrize(("color", "logit"), [(WARM, LOGIT), (COLD, -LOGIT)])
def test_scores_are_the_logits_of_each_head(judge, color, logit):
    judged = judge(plain(color))
    names = {f"logits_{head}_{kind}" for head in ("0", "1", "exposure") for kind in ("mean", "low")}
    assert set(judged.scores) == names
    assert list(judged.scores.values()) == pytest.approx([logit] * 6, abs=1e-4)
    assert judged.map == pytest.approx(logit, abs=1e-4)


def test_the_low_score_sees_the_part_that_is_not_in_style(judge):
    picture = plain(WARM, 60, 60)
    picture[40:] = COLD
    judged = judge(picture)
    assert judged.scores["logits_0_low"] == pytest.approx(-LOGIT, abs=0.2)
    assert judged.scores["logits_0_mean"] > 0


def test_the_map_shows_where(judge):
    picture = plain(WARM, 96, 192)
    picture[:, 96:] = COLD
    where = judge(picture).map
    middle = where.shape[1] // 2
    # Near the border the coarse head and the one for the whole tile mix both sides.
    assert where[:, : middle - 6].min() > 0.5 > -0.5 > where[:, middle + 6 :].max()


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (31, 33), (48, 4000), (4000, 40), (500, 500)])
def test_any_shape_can_be_judged(judge, shape):
    judged = judge(plain(WARM, *shape))
    assert np.isfinite(judged.map).all()
    assert judged.scores["logits_1_mean"] == pytest.approx(LOGIT, abs=1e-4)


def test_tiles_see_every_part_of_an_ordinary_picture(judge):
    for row in range(0, 90, 15):
        for column in range(0, 130, 15):
            picture = plain(WARM, 90, 130)
            picture[row : row + 15, column : column + 15] = COLD
            assert judge(picture).map.min() < LOGIT - 0.1, (row, column)


def test_the_side_comes_from_the_model():
    judged = Judge(warmth_discriminator(64))(photo(0))
    assert judged.map.shape == (96 // 4, 128 // 4)
    assert Judge(warmth_discriminator(SIDE))(photo(0)).map.shape == (48 // 4, 64 // 4)


def test_an_old_discriminator_is_told_to_be_learned_again():
    with pytest.raises(StyleFileError, match=r"carries no verdict.*[Ll]earn it again"):
        Judge(old_discriminator())


@pytest.mark.parametrize("network", [b"", b"no network", warmth_discriminator()[:-40]])
def test_broken_bytes_are_refused(network):
    with pytest.raises(StyleFileError):
        Judge(network)


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(StyleFileError, match="no usable verdict"):
        Judge(warmth_discriminator(returns_nan=True))(photo(0))


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 150), width=st.integers(1, 150), side=st.integers(8, 100))
def test_pixels_are_left_out_as_in_training(height, width, side):
    from impasto.train.batches import every_nth as of_training

    picture = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)
    assert np.array_equal(every_nth(picture, side), of_training(picture, side))

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paint_styles import paint_model

from impasto.apply.tiling import MAX_TILE_PIXELS, OVERLAP, cut_tiles, paint_in_tiles
from impasto.errors import StyleFileError
from impasto.style.runtime import OnnxRuntime

from .networks import FakePaint


def inputs_of(height: int, width: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    content = rng.random((1, 3, height, width), np.float32)
    state = content + rng.normal(0, 0.01, content.shape).astype(np.float32)
    return {"content": content, "state": state, "noise": rng.standard_normal((1, 1, height, width)).astype(np.float32)}


@pytest.mark.parametrize("kind", ["brush", "grain", "sharpen"])
@pytest.mark.parametrize(("height", "width"), [(640, 400), (328, 904), (800, 808)])
def test_tiles_cannot_be_told_from_the_whole(kind, height, width):
    runtime = OnnxRuntime(paint_model(kind))
    inputs = inputs_of(height, width)
    whole = paint_in_tiles(runtime, inputs)
    tiled = paint_in_tiles(runtime, inputs, max_pixels=400 * 400)
    for name in ("painted", "next_state"):
        assert np.abs(tiled[name] - whole[name]).max() <= 1e-5, name


def test_a_small_picture_is_one_tile():
    runtime = FakePaint()
    paint_in_tiles(runtime, inputs_of(64, 64))
    assert len(runtime.inputs) == 1


def test_every_tile_keeps_to_the_limit_and_to_the_multiple():
    runtime = FakePaint()
    paint_in_tiles(runtime, inputs_of(1000, 1600), max_pixels=600_000)
    shapes = {each["content"].shape for each in runtime.inputs}
    assert len(runtime.inputs) > 1
    for _, _, height, width in shapes:
        assert height * width <= 600_000
        assert height % 8 == width % 8 == 0


def test_where_the_state_is_the_content_it_stays_so_in_tiles():
    runtime = FakePaint()
    inputs = inputs_of(800, 800)
    paint_in_tiles(runtime, inputs | {"state": inputs["content"]}, max_pixels=400_000)
    assert all(each["state"] is each["content"] for each in runtime.inputs)


def test_a_strip_that_no_tiling_makes_small_enough_is_painted_all_the_same():
    result = paint_in_tiles(FakePaint(), inputs_of(8, 900), max_pixels=100)
    np.testing.assert_array_equal(result["painted"], inputs_of(8, 900)["content"])


@given(height=st.integers(1, 2000), width=st.integers(1, 900), multiple=st.sampled_from([1, 8, 16]))
@settings(max_examples=60, deadline=None)
def test_tiles_cover_each_row_and_column_once_with_enough_around(height, width, multiple):
    height, width = height * multiple, width * multiple
    rows, columns = cut_tiles(height, width, multiple, MAX_TILE_PIXELS)
    for cuts, length in ((rows, height), (columns, width)):
        assert cuts[0].kept.start == 0
        assert cuts[-1].kept.stop == length
        assert all(first.kept.stop == second.kept.start for first, second in pairwise(cuts))
        for cut in cuts:
            assert cut.seen.start == 0 or cut.kept.start - cut.seen.start >= OVERLAP
            assert cut.seen.stop == length or cut.seen.stop - cut.kept.stop >= OVERLAP
            assert cut.seen.start % multiple == cut.seen.stop % multiple == 0


class Answering:
    def __init__(self, outputs):
        self.outputs = outputs

    def run(self, inputs):
        return self.outputs


GOOD = np.zeros((1, 3, 16, 16), np.float32)


@pytest.mark.parametrize(
    "outputs",
    [
        {"painted": GOOD},
        {"painted": GOOD[..., :8], "next_state": GOOD},
        {"painted": GOOD, "next_state": np.full_like(GOOD, np.nan)},
        {"painted": np.full_like(GOOD, np.inf), "next_state": GOOD},
    ],
)
def test_outputs_that_are_no_pictures_are_refused(outputs):
    with pytest.raises(StyleFileError, match="no usable picture"):
        paint_in_tiles(Answering(outputs), inputs_of(16, 16))

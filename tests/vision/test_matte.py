"""The person matte: its refinement on made-up pictures, and the network, where installed, on a photo."""

import numpy as np
import pytest

from impasto.errors import MissingExtraError
from impasto.vision import matte
from impasto.vision.matte import load_matte, matte_available, refine_matte

needs_opencv = pytest.mark.skipif(matte.find_spec("cv2") is None, reason="needs the extra `video`")
needs_network = pytest.mark.skipif(not matte_available(), reason=f"needs: {matte._HOW_TO_INSTALL}")


def disc(height: int, width: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.hypot(rows - height / 2, columns - width / 2) < radius


@needs_opencv
def test_a_coarse_matte_moves_to_the_edges_of_the_picture():
    inside = disc(512, 512, 150)
    pixels = np.where(inside[..., None], np.float32(0.8), np.float32(0.2)).repeat(3, axis=2)
    coarse = np.roll(disc(256, 256, 75), 1, axis=1).astype(np.float32)
    refined = refine_matte(coarse, pixels)
    assert refined.shape == (512, 512)
    assert refined.min() >= 0
    assert refined.max() <= 1
    assert ((refined > 0.5) != inside).mean() < 0.002
    assert refined[256, 256] == pytest.approx(1)
    assert refined[5, 5] == pytest.approx(0)


@needs_opencv
def test_where_the_picture_has_no_edge_the_matte_stays_soft():
    coarse = np.repeat([[0.0, 1.0]], 2, axis=0).repeat(8, axis=0).repeat(8, axis=1).astype(np.float32)
    refined = refine_matte(coarse, np.full((256, 256, 3), 0.5, np.float32))
    assert refined[128, 20] < 0.01
    assert refined[128, -20] > 0.99
    assert np.abs(np.diff(refined[128])).max() < 0.2


@needs_opencv
@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (37, 5)])
def test_any_size(shape):
    refined = refine_matte(np.ones((256, 256), np.float32), np.full((*shape, 3), 0.5, np.float32))
    assert refined.shape == shape
    assert refined == pytest.approx(np.ones(shape))


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(matte, "find_spec", lambda name: None)
    assert not matte_available()
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[video\]' && pip install --no-deps 'mediapipe"):
        load_matte()


@needs_network
def test_an_astronaut_stands_out_from_the_background():
    data = pytest.importorskip("skimage.data")
    share = load_matte()(data.astronaut().astype(np.float32) / 255)
    assert share[100:250, 180:270].mean() > 0.95
    assert share[50:150, 10:80].mean() < 0.1

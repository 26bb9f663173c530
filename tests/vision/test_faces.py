from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.vision import faces
from impasto.vision.faces import FaceBox, detect_faces, faces_available

SHARED_PORTRAITS = Path(__file__).parents[3] / "shared/data/portraits"
# Where the eyes, nose and mouth of scikit-image's astronaut lie, seen by eye: x, y.
ASTRONAUT_FEATURES = [(202, 112), (248, 112), (226, 138), (226, 165)]


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    data = pytest.importorskip("skimage.data")
    pixels: NDArray[np.uint8] = data.astronaut()
    return pixels


def contains(face: FaceBox, x: float, y: float) -> bool:
    return face.x < x < face.x + face.width and face.y < y < face.y + face.height


def center(face: FaceBox) -> tuple[float, float]:
    return face.x + face.width / 2, face.y + face.height / 2


def test_the_face_of_a_portrait_is_found_tightly(astronaut: NDArray[np.uint8]) -> None:
    (face,) = detect_faces(astronaut)
    assert all(contains(face, x, y) for x, y in ASTRONAUT_FEATURES)
    assert 60 < face.width < 160
    assert 60 < face.height < 160
    assert face.score > 0.8


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_depth_does_not_matter(astronaut: NDArray[np.uint8], dtype: type) -> None:
    deep = astronaut.astype(np.uint16) * 257 if dtype is np.uint16 else astronaut.astype(np.float32) / 255
    assert detect_faces(deep) == detect_faces(astronaut)


def test_boxes_scale_with_the_picture(astronaut: NDArray[np.uint8]) -> None:
    (face,) = detect_faces(astronaut)
    (large,) = detect_faces(astronaut.repeat(3, 0).repeat(3, 1))
    assert center(large) == pytest.approx(np.multiply(center(face), 3), abs=10)
    assert large.width == pytest.approx(3 * face.width, rel=0.1)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 400), (300, 0)])
def test_boxes_are_right_in_wide_and_tall_pictures(astronaut: NDArray[np.uint8], top: int, left: int) -> None:
    portrait = astronaut[:400, 50:450]
    canvas = np.full((400 + top, 400 + left, 3), 90, np.uint8)
    canvas[top:, left:] = portrait
    (face,) = detect_faces(canvas)
    assert all(contains(face, x - 50 + left, y + top) for x, y in ASTRONAUT_FEATURES)


def test_two_people_are_two_faces(astronaut: NDArray[np.uint8]) -> None:
    head = astronaut[:300, 80:380]
    found = sorted(detect_faces(np.hstack([head, head[:, ::-1]])), key=lambda face: face.x)
    assert len(found) == 2
    assert center(found[0])[0] == pytest.approx(600 - center(found[1])[0], abs=12)


def test_boxes_stay_inside_the_picture(astronaut: NDArray[np.uint8]) -> None:
    cropped = astronaut[60:220, 215:375]  # cuts the face in half
    for face in detect_faces(cropped, minimum_score=0.2):
        assert min(face.x, face.y) >= 0
        assert face.x + face.width <= 160 + 1e-6
        assert face.y + face.height <= 160 + 1e-6


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 700, 3), (300, 200, 3)])
def test_where_there_is_no_face_none_is_found(shape: tuple[int, ...]) -> None:
    assert detect_faces(np.full(shape, 128, np.uint8)) == []
    assert detect_faces(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)) == []


def test_the_surest_face_comes_first_and_doubles_are_merged() -> None:
    corners = np.array([[0, 0, 10, 10], [50, 50, 60, 60], [51, 50, 61, 60], [1, 0, 11, 10]], float)
    first, second = faces._merge(corners, np.array([0.6, 0.9, 0.6, 0.6]))
    assert (first.x, first.y, first.width, first.height) == pytest.approx((50.4, 50, 10, 10))
    assert (second.x, second.y, second.width, second.height) == pytest.approx((0.5, 0, 10, 10))
    assert (first.score, second.score) == (0.9, 0.6)


@given(st.lists(st.tuples(*[st.floats(0, 100)] * 4), min_size=1, max_size=12))
def test_overlap_is_symmetric_and_at_most_one(raw: list[tuple[float, float, float, float]]) -> None:
    corners = np.array([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in raw])
    table = np.array([faces._overlap(box, corners) for box in corners])
    np.testing.assert_allclose(table, table.T)
    assert table.min() >= 0
    assert table.max() <= 1 + 1e-9


def test_anchors_are_cell_centres_row_by_row() -> None:
    anchors = faces._anchors()
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[[0, 1, 2]], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]])
    np.testing.assert_allclose(
        anchors[[512, 517, 518, 895]], [[1 / 16, 1 / 16], [1 / 16, 1 / 16], [3 / 16, 1 / 16], [15 / 16, 15 / 16]]
    )


def test_asking_whether_faces_are_available_loads_no_runtime() -> None:
    command = "import sys; from impasto.vision.faces import faces_available as available; "
    command += "sys.exit(10 * available() + ('onnxruntime' in sys.modules))"
    assert faces_available()
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 10


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_PORTRAITS.is_dir(), reason="no shared data")
def test_faces_are_found_in_nearly_all_official_portraits() -> None:
    from impasto.media.image_read import read_thumbnail_srgb

    paths = sorted((SHARED_PORTRAITS / "us_officials").glob("*.jpg"))[:60]
    found = sum(bool(detect_faces(read_thumbnail_srgb(path, 256))) for path in paths)
    assert found >= 0.95 * len(paths)

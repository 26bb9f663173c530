from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from impasto.quality import faces as quality_faces
from impasto.quality.faces import FacePair, FacesKept, IdentityDistance, LandmarkShift
from impasto.vision import faces
from impasto.vision.faces import FaceBox, faces_available
from impasto.vision.identity import IDENTITY_ENCODERS
from impasto.vision.landmarks import NUM_LANDMARKS, FaceRegion, Landmarks

from .pictures import measured, noisy

needs_network = pytest.mark.skipif(not faces_available(), reason=f"needs the extra: {faces._HOW_TO_INSTALL}")
ALL = [FacesKept, LandmarkShift, IdentityDistance]
CONTENT, OUTPUT = np.zeros((100, 100, 3), np.float32), np.ones((100, 100, 3), np.float32)


def is_output(image: np.ndarray) -> bool:
    return bool(image[0, 0, 0] == 1)


class PlainEncoder:
    """Encodes a crop as its mean red and green."""

    side = 8

    def __call__(self, crop: np.ndarray) -> np.ndarray:
        assert crop.shape == (8, 8, 3)
        return crop.mean(axis=(0, 1))[:2]


@pytest.fixture
def encoder() -> Iterator[None]:
    quality_faces._load_identity_encoder.cache_clear()
    IDENTITY_ENCODERS["plain"] = PlainEncoder
    yield
    del IDENTITY_ENCODERS["plain"]
    quality_faces._load_identity_encoder.cache_clear()


class TestWithoutTheNetworks:
    """What is done with what they see: faces in the content (black) and in the output (white)."""

    @pytest.fixture(autouse=True)
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> dict[bool, list[FaceBox]]:
        seen: dict[bool, list[FaceBox]] = {False: [], True: []}
        monkeypatch.setattr(quality_faces, "faces_available", lambda: True)
        monkeypatch.setattr(quality_faces, "detect_faces", lambda image: seen[is_output(image)])
        return seen

    @pytest.fixture
    def mesh(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[float, float]]:
        """Eyes 20 pixels apart; how far all points move in the output, and its score."""
        told = {"moved": (0.0, 0.0), "scores": (0.9, 0.9)}

        def within(image: np.ndarray, region: FaceRegion) -> Landmarks:
            points = np.tile((region.x, region.y), (NUM_LANDMARKS, 1)).astype(np.float64)
            points[[33, 133]] -= (10, 0)
            points[[362, 263]] += (10, 0)
            shift = told["moved"] if is_output(image) else (0, 0)
            return Landmarks(points + shift, told["scores"][is_output(image)], region)

        monkeypatch.setattr(quality_faces, "landmarks_within", within)
        monkeypatch.setattr(
            quality_faces, "detect_landmarks", lambda image, face: within(image, FaceRegion(face.x, face.y, 30))
        )
        return told

    def test_faces_are_kept_where_they_overlap(self, seen: dict[bool, list[FaceBox]]) -> None:
        seen[False] = [FaceBox(10, 10, 20, 20, 0.9), FaceBox(60, 60, 20, 20, 0.9)]
        seen[True] = [FaceBox(12, 8, 22, 20, 0.6), FaceBox(60, 10, 20, 20, 0.9)]
        assert measured(FacesKept(), (OUTPUT, CONTENT)) == 0.5

    @pytest.mark.parametrize(("aside", "kept"), [(10, 1), (11, 0)])
    def test_faces_that_overlap_by_a_third_are_the_same(
        self, seen: dict[bool, list[FaceBox]], aside: float, kept: float
    ) -> None:
        """Of 20 pixels, 10 aside share 200 of 600 and 11 aside 180 of 620, under 0.3."""
        seen[False], seen[True] = [FaceBox(10, 10, 20, 20, 0.9)], [FaceBox(10 + aside, 10, 20, 20, 0.9)]
        assert measured(FacesKept(), (OUTPUT, CONTENT)) == kept

    def test_the_rate_is_over_faces_and_not_over_pictures(self, seen: dict[bool, list[FaceBox]]) -> None:
        metric, face = FacesKept(), FaceBox(10, 10, 20, 20, 0.9)
        seen[False], seen[True] = [face, face, face], [face]
        metric.update(OUTPUT, CONTENT)
        seen[False], seen[True] = [face], []
        metric.update(OUTPUT, CONTENT)
        assert metric.compute() == 0.75

    def test_a_new_face_is_no_loss(self, seen: dict[bool, list[FaceBox]]) -> None:
        seen[True] = [FaceBox(10, 10, 20, 20, 0.9)]
        assert np.isnan(measured(FacesKept(), (OUTPUT, CONTENT)))

    def test_shifts_are_in_eye_distances(
        self, seen: dict[bool, list[FaceBox]], mesh: dict[str, tuple[float, float]]
    ) -> None:
        seen[False] = [FaceBox(50, 50, 20, 20, 0.9)]
        mesh["moved"] = (3, 4)
        assert measured(LandmarkShift(), (OUTPUT, CONTENT)) == pytest.approx(0.25)

    @pytest.mark.parametrize("scores", [(0.4, 0.9), (0.9, 0.4)])
    def test_what_is_no_face_on_either_side_has_no_shift(
        self, seen: dict[bool, list[FaceBox]], mesh: dict[str, tuple[float, float]], scores: tuple[float, float]
    ) -> None:
        seen[False] = [FaceBox(50, 50, 20, 20, 0.9)]
        mesh["scores"] = scores
        assert np.isnan(measured(LandmarkShift(), (OUTPUT, CONTENT)))

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [((0.5, 0.5), (1, 1), 0), ((0, 0.5), (1, 0), 1), ((0, 0.5), (1, 1), 1 - 0.5**0.5)],
    )
    def test_identity_is_the_angle_between_codes(
        self,
        seen: dict[bool, list[FaceBox]],
        mesh: dict[str, tuple[float, float]],
        encoder: None,
        before: tuple[float, float],
        after: tuple[float, float],
        expected: float,
    ) -> None:
        seen[False] = [FaceBox(50, 50, 20, 20, 0.9)]
        content, output = np.zeros((100, 100, 3), np.float32), np.zeros((100, 100, 3), np.float32)
        content[..., :2], output[..., :2] = before, after
        assert measured(IdentityDistance(), (output, content)) == pytest.approx(expected, abs=0.01)

    def test_faces_are_looked_for_once_for_all_metrics(
        self, seen: dict[bool, list[FaceBox]], mesh: dict[str, tuple[float, float]], encoder: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        seen[False] = [FaceBox(50, 50, 20, 20, 0.9)]
        looks: list[str] = []
        for name in ("detect_faces", "detect_landmarks"):
            look = getattr(quality_faces, name)
            monkeypatch.setattr(
                quality_faces, name, lambda *given, look=look, name=name: looks.append(name) or look(*given)
            )
        pair = FacePair(OUTPUT, CONTENT)
        assert not looks
        for kind in ALL:
            kind().update_pair(pair)
        assert sorted(looks) == ["detect_faces", "detect_faces", "detect_landmarks"]

    def test_without_an_identity_encoder_there_is_no_value(
        self, seen: dict[bool, list[FaceBox]], mesh: dict[str, tuple[float, float]]
    ) -> None:
        seen[False] = [FaceBox(50, 50, 20, 20, 0.9)]
        assert not IDENTITY_ENCODERS
        assert np.isnan(measured(IdentityDistance(), (OUTPUT, CONTENT)))
        assert "identity encoder" in IdentityDistance.explanation


@pytest.mark.parametrize("kind", ALL)
def test_without_the_extra_there_is_no_value(kind: type, monkeypatch: pytest.MonkeyPatch, encoder: None) -> None:
    monkeypatch.setattr(quality_faces, "faces_available", lambda: False)
    assert np.isnan(measured(kind(), (OUTPUT, CONTENT)))
    assert "extra `faces`" in kind.explanation


@needs_network
class TestWithTheNetworks:
    def test_an_untouched_face_is_perfect(self, astronaut: np.ndarray, encoder: None) -> None:
        assert measured(FacesKept(), (astronaut, astronaut)) == 1
        assert measured(LandmarkShift(), (astronaut, astronaut)) == 0
        assert measured(IdentityDistance(), (astronaut, astronaut)) == pytest.approx(0, abs=1e-6)

    def test_a_face_painted_over_is_lost(self, astronaut: np.ndarray) -> None:
        painted = astronaut.copy()
        painted[40:220, 80:260] = 0.5
        assert measured(FacesKept(), (painted, astronaut)) == 0
        assert np.isnan(measured(LandmarkShift(), (painted, astronaut)))

    def test_a_shift_is_measured_in_eye_distances(self, astronaut: np.ndarray) -> None:
        """The eyes are 43 pixels apart."""
        moved = np.roll(astronaut, 8, axis=1)
        assert measured(LandmarkShift(), (moved, astronaut)) == pytest.approx(8 / 43, abs=0.04)

    def test_a_look_hardly_moves_anything(self, astronaut: np.ndarray) -> None:
        toned = astronaut**1.3 * np.float32([1, 0.9, 0.8])
        assert measured(LandmarkShift(), (toned.astype(np.float32), astronaut)) < 0.02
        assert measured(FacesKept(), (noisy(astronaut, 0.05), astronaut)) == 1

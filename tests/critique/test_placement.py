"""Faces of known size and place."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.critique import placement
from impasto.critique.finding import Level
from impasto.critique.placement import find_faces, judge_faces, place_faces
from impasto.vision import faces
from impasto.vision.faces import FaceBox, faces_available


def test_boxes_become_shares_the_largest_first() -> None:
    small, large = FaceBox(0, 50, 20, 20, 0.9), FaceBox(100, 10, 50, 60, 0.6)
    assert place_faces([small, large], 200, 100) == ((0.5, 0.1, 0.75, 0.7), (0, 0.5, 0.1, 0.7))


def test_size_and_place_are_said() -> None:
    count, face = judge_faces([(0.4, 0.2, 0.6, 0.5)])
    assert count.value == 1
    assert face.value == pytest.approx(30)
    assert face.level is Level.FINE
    assert face.phrase == "takes 30 % of the height, its middle 50 % across and 35 % down"
    assert face.details == pytest.approx({"x": 0.5, "y": 0.35, "width": 0.2, "above": 0.2, "below": 0.5})


@pytest.mark.parametrize(
    ("box", "edges"),
    [
        ((0, 0.3, 0.2, 0.5), "left"),
        ((0.3, 0, 0.5, 0.2), "top"),
        ((0.8, 0.3, 1, 0.5), "right"),
        ((0.7, 0.7, 1, 1), "right and bottom"),
    ],
)
def test_an_edge_that_cuts_a_face_is_named(box: tuple[float, float, float, float], edges: str) -> None:
    face = judge_faces([box])[1]
    assert face.level is Level.LOOK
    assert face.phrase.endswith(f"at the {edges} edge")


def test_of_a_crowd_the_five_largest_are_described() -> None:
    crowd = [(0.1 * number, 0.4, 0.1 * number + 0.08, 0.5) for number in range(1, 9)]
    findings = judge_faces(crowd)
    assert findings[0].value == 8
    assert findings[0].phrase == "8 found"
    assert len(findings) == 6


def test_no_face_is_said_as_that_and_not_being_able_to_look_as_that() -> None:
    assert [finding.phrase for finding in judge_faces([])] == ["none found"]
    [unknown] = judge_faces(None)
    assert unknown.level is Level.UNKNOWN
    assert "two more packages" in unknown.phrase


def test_without_the_extra_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "faces_available", lambda: False)
    assert find_faces(np.zeros((100, 100, 3), np.uint8)) is None


@pytest.mark.skipif(not faces_available(), reason=f"needs the extra: {faces._HOW_TO_INSTALL}")
@pytest.mark.parametrize(("left", "top"), [(0, 0), (200, 40)])
def test_a_face_is_found_where_it_was_put(left: int, top: int) -> None:
    astronaut = pytest.importorskip("skimage.data").astronaut()[:300, 80:380]
    picture = np.full((400, 600, 3), 128, np.uint8)
    picture[top : top + 300, left : left + 300] = astronaut
    found = find_faces(picture)
    assert found
    face = judge_faces(found)[1]
    # Within the crop, eyes and mouth of the astronaut lie around 145 across and 120 down.
    assert face.details["x"] * 600 - left == pytest.approx(145, abs=15)
    assert face.details["y"] * 400 - top == pytest.approx(125, abs=20)
    assert 15 < (face.value or 0) < 40


def test_nobody_says_whether_eyes_are_open() -> None:
    """The landmarks at hand cannot tell: docs/critique.md has the measurement."""
    words = " ".join(finding.name + finding.phrase for finding in judge_faces([(0.2, 0.2, 0.8, 0.8)]))
    assert "eye" not in words

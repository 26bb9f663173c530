"""Metrics of faces: whether those of the content are still there, where they were, and the same persons.

Without the extra `faces` they count nothing, so that they compute nan.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np

from impasto.quality.metric import Compared, Group, Image, SharedPairMetric
from impasto.vision.faces import FaceBox, detect_faces, face_overlap, faces_available
from impasto.vision.identity import IDENTITY_ENCODERS, IdentityEncoder
from impasto.vision.landmarks import Landmarks, crop_region, detect_landmarks, landmarks_within

_SAME_PLACE_OVERLAP = 0.3
_MINIMUM_SCORE = 0.5


class FacePair:
    """The faces of an output and of its content, each looked for once.

    Parameters
    ----------
    image, target
        The output and the content, of one size.
    """

    def __init__(self, image: Image, target: Image) -> None:
        self.image, self.target = image, target

    @cached_property
    def wanted(self) -> list[FaceBox]:
        """The faces of the content; none without the extra."""
        return detect_faces(self.target) if faces_available() else []

    @cached_property
    def found(self) -> list[FaceBox]:
        """The faces of the output, where there is one in the content."""
        return detect_faces(self.image) if self.wanted else []

    @cached_property
    def clear(self) -> list[Landmarks]:
        """The landmarks of the content's faces that both networks are sure of."""
        marked = [detect_landmarks(self.target, face) for face in self.wanted]
        return [face for face in marked if face.score >= _MINIMUM_SCORE and face.eye_distance > 0]


class FacesKept(SharedPairMetric[FacePair]):
    """Share of the faces of the content that are found in the output at the same place (overlap above 0.3)."""

    name: ClassVar[str] = "faces_kept"
    title: ClassVar[str] = "Faces kept"
    group: ClassVar[Group] = "faces"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = True
    explanation: ClassVar[str] = (
        "Share of faces that a detector still finds; no value without faces or the extra `faces`."
    )
    pair_class: ClassVar[type[Any]] = FacePair

    def update_pair(self, pair: FacePair) -> None:
        for face in pair.wanted:
            self.add(float(any(face_overlap(face, other) > _SAME_PLACE_OVERLAP for other in pair.found)))


class LandmarkShift(SharedPairMetric[FacePair]):
    """Mean distance by which the 468 landmarks of a face move, in distances between its eyes; the mean over faces.

    Both pictures are looked at in the region where the content has its face. Faces that the landmark network does not
    recognize as such in both are left out: `FacesKept` speaks of them.
    """

    name: ClassVar[str] = "landmark_shift"
    title: ClassVar[str] = "Landmark shift"
    group: ClassVar[Group] = "faces"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "How far eyes, nose, mouth and outline move, in eye distances: below 0.03 nobody sees it; no value without"
        " faces or the extra `faces`."
    )
    pair_class: ClassVar[type[Any]] = FacePair

    def update_pair(self, pair: FacePair) -> None:
        for before in pair.clear:
            after = landmarks_within(pair.image, before.region)
            if after.score >= _MINIMUM_SCORE:
                moved = np.linalg.norm(after.points - before.points, axis=1).mean()
                self.add(float(moved) / before.eye_distance)


class IdentityDistance(SharedPairMetric[FacePair]):
    """1 less the cosine between what an identity encoder makes of each face before and after; the mean over faces.

    The first encoder of `impasto.vision.identity.IDENTITY_ENCODERS` is used.
    """

    name: ClassVar[str] = "identity_distance"
    title: ClassVar[str] = "Identity distance"
    group: ClassVar[Group] = "faces"
    compared_with: ClassVar[Compared] = "content"
    higher_is_better: ClassVar[bool] = False
    explanation: ClassVar[str] = (
        "0 is surely the same person, 1 anybody; no value without faces, the extra `faces` and an identity encoder, of"
        " which none comes with Impasto."
    )
    pair_class: ClassVar[type[Any]] = FacePair

    def update_pair(self, pair: FacePair) -> None:
        if not IDENTITY_ENCODERS:
            return
        encoder = _load_identity_encoder(next(iter(IDENTITY_ENCODERS)))
        for face in pair.clear:
            crops = [crop_region(picture, face.region, encoder.side) for picture in (pair.image, pair.target)]
            codes = [encoder(crop).ravel() for crop in crops]
            lengths = float(np.linalg.norm(codes[0]) * np.linalg.norm(codes[1]))
            if lengths > 0:
                self.add(1 - float(codes[0] @ codes[1]) / lengths)


@lru_cache(maxsize=1)
def _load_identity_encoder(name: str) -> IdentityEncoder:
    return IDENTITY_ENCODERS[name]()

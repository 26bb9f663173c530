"""Whether faces of the content are still faces in the output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impasto.gate.view import Plane, View
from impasto.vision.faces import FaceBox, detect_faces, face_overlap, faces_available

_SAME_FACE = 0.3
_MAP_SIDE = 32
_FEWEST_PIXELS = 12
_FAINT = 0.05


@dataclass(frozen=True, eq=False)
class FacesCompared:
    """Numbers by name, none where the content shows no face; and a map with 1 where a face was damaged."""

    measures: dict[str, float]
    map: Plane


def find_faces(view: View) -> list[FaceBox]:
    """Find faces where a detector is installed; no face else."""
    return detect_faces(view.rgb) if faces_available() else []


def compare_faces(output: View, content: View, faces: list[FaceBox]) -> FacesCompared:
    """Look for the faces of the content at their places in the output, and at what is left of their features."""
    place_map = np.zeros((_MAP_SIDE, _MAP_SIDE), np.float32)
    scale_down, scale_across = (
        after / before for after, before in zip(output.rgb.shape[:2], content.rgb.shape[:2], strict=True)
    )
    if not faces:
        return FacesCompared({}, place_map)
    found = find_faces(output)
    same_size = content.rgb.shape == output.rgb.shape
    # Damage to the whole picture is no damage to a face: what counts is how much worse a face became than the rest.
    whole = _features_kept(output.lightness, content.lightness) if same_size else (1.0, 0.0)
    lost, kept, detail = [], [], []
    for face in faces:
        moved = FaceBox(
            face.x * scale_across, face.y * scale_down, face.width * scale_across, face.height * scale_down, face.score
        )
        lost.append(float(max((face_overlap(moved, other) for other in found), default=0.0) < _SAME_FACE))
        _mark(place_map, moved, output.rgb.shape)
        if same_size:
            agreement, change = _features_kept(_part(output, face), _part(content, face))
            kept.append(agreement - whole[0])
            detail.append(change - whole[1])
    measures = {"lost": float(np.mean(lost))}
    if kept:
        measures |= {"features_kept": float(min(kept)), "detail_change": float(min(detail))}
    return FacesCompared(measures, place_map)


def _part(view: View, face: FaceBox) -> Plane:
    top, left = max(0, int(face.y)), max(0, int(face.x))
    return view.lightness[top : int(face.y + face.height) + 1, left : int(face.x + face.width) + 1]


def _features_kept(after: Plane, before: Plane) -> tuple[float, float]:
    """Return the agreement of edges, up to 1, and the logarithm of how much stronger they became."""
    if min(after.shape) < _FEWEST_PIXELS:
        return 1.0, 0.0
    new, old = (np.concatenate([slope.ravel() for slope in np.gradient(plane)]) for plane in (after, before))
    new_power, old_power = float(np.vdot(new, new)), float(np.vdot(old, old))
    agreement = float(np.vdot(new, old)) / np.sqrt(new_power * old_power + _FAINT)
    return float(agreement), 0.5 * float(np.log((new_power + _FAINT) / (old_power + _FAINT)))


def _mark(place_map: Plane, face: FaceBox, shape: tuple[int, ...]) -> None:
    down, across = _MAP_SIDE / shape[0], _MAP_SIDE / shape[1]
    rows = slice(int(face.y * down), int((face.y + face.height) * down) + 1)
    columns = slice(int(face.x * across), int((face.x + face.width) * across) + 1)
    place_map[rows, columns] = 1

"""How large faces are, and where they lie in the picture."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.critique.finding import Box, Finding, Level, unknown
from impasto.media.frame import Pixels
from impasto.vision.faces import FaceBox, detect_faces, faces_available

_AT_EDGE = 0.005
_MOST = 5


def find_faces(pixels: Pixels) -> tuple[Box, ...] | None:
    """Return the boxes of the faces, the largest first, in shares of the picture; None where none can be looked for."""
    if not faces_available():
        return None
    height, width = pixels.shape[:2]
    return place_faces(detect_faces(pixels), width, height)


def place_faces(faces: Sequence[FaceBox], width: int, height: int) -> tuple[Box, ...]:
    """Return boxes in shares of the picture, the largest first."""
    ordered = sorted(faces, key=lambda face: -face.width * face.height)
    return tuple(
        (face.x / width, face.y / height, (face.x + face.width) / width, (face.y + face.height) / height)
        for face in ordered
    )


def judge_faces(faces: Sequence[Box] | None) -> list[Finding]:
    """Say of each face how much of the height it takes, where its middle is, and whether an edge cuts it."""
    if faces is None:
        return [unknown("faces", "finding them needs two more packages; see docs/critique.md")]
    if not faces:
        return [Finding("faces", Level.FINE, "none found", 0.0, "faces")]
    count = f"{len(faces)} found" if len(faces) > 1 else "one found"
    return [Finding("faces", Level.FINE, count, float(len(faces)), "faces"), *(_of_one(face) for face in faces[:_MOST])]


def _of_one(face: Box) -> Finding:
    left, top, right, bottom = face
    share, x, y = bottom - top, (left + right) / 2, (top + bottom) / 2
    details = {"x": x, "y": y, "width": right - left, "above": top, "below": 1 - bottom}
    words = f"takes {share * 100:.0f} % of the height, its middle {x * 100:.0f} % across and {y * 100:.0f} % down"
    sides = {"left": left, "top": top, "right": 1 - right, "bottom": 1 - bottom}
    touched = [name for name, room in sides.items() if room < _AT_EDGE]
    if touched:
        return Finding("face", Level.LOOK, f"{words}; at the {' and '.join(touched)} edge", share * 100, "%", details)
    return Finding("face", Level.FINE, words, share * 100, "%", details)

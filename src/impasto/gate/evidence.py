"""What the gate knows of one picture: numbers by name, and where it is worst.

Names start with the failure that they speak of: `style`, `content`, `artefacts` or `faces`. Numbers that take the
content to compare with are absent without it; so are those of faces where there are none, or no detector is installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.gate.artefacts import artefact_measures
from impasto.gate.colors import color_statistics
from impasto.gate.comparison import color_features, compare_with_content, fit_quadratic, moved_colors, picture_terms
from impasto.gate.faces import compare_faces, find_faces
from impasto.gate.judge import NO_VERDICT, Judge
from impasto.gate.view import Plane, View
from impasto.vision.faces import FaceBox

STYLE: Final = "style"
CONTENT: Final = "content"
ARTEFACTS: Final = "artefacts"
FACES: Final = "faces"
_SPEAK_OF = {
    STYLE: ("clipped", "moved", "contrast", "colorfulness"),
    ARTEFACTS: ("edges_fine", "unexplained"),
}
"""The failure that a measure tells most of, where that is not the one it was taken for."""


@dataclass(frozen=True, eq=False)
class ContentSeen:
    """What is known of a content, whatever was made of it."""

    view: View
    alone: dict[str, float]
    faces: list[FaceBox]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one picture shows.

    Attributes
    ----------
    alone, compared
        Numbers by name: of the picture itself, and of what became of its content.
    maps
        By failure, h×w, larger where the picture is worse.
    moved
        N×3 colours before and after, where the content is known.
    """

    alone: dict[str, float]
    compared: dict[str, float] = field(default_factory=dict)
    maps: dict[str, Plane] = field(default_factory=dict)
    moved: tuple[Plane, Plane] | None = None

    def numbers(self, expectation: Expectation | None) -> dict[str, float]:
        """Return what speaks of the change where an expectation is given, and else what the picture itself says.

        The former vary far less from photo to photo, and would be drowned out by the latter.
        """
        if expectation is None or self.moved is None:
            return self.alone
        return self.compared | expectation.departure(*self.moved)


def see_content(content: View, judge: Judge) -> ContentSeen:
    """Look at a content once, for all outputs of it."""
    return ContentSeen(content, _alone(content, judge)[0], find_faces(content))


def gather(output: View, judge: Judge, content: ContentSeen | None = None) -> Evidence:
    """Return the evidence on one output, with its content where that is known."""
    alone, judged_map = _alone(output, judge)
    maps = {STYLE: -judged_map, ARTEFACTS: _roughness_map(output)}
    if content is None:
        return Evidence(alone, maps=maps)
    changes = {
        f"{name}_change": alone[name] - content.alone[name] for name in sorted(alone.keys() & content.alone.keys())
    }
    compared = compare_with_content(output, content.view)
    faces = compare_faces(output, content.view, content.faces)
    changes |= _named(CONTENT, compared.measures) | _named(FACES, faces.measures)
    maps |= {ARTEFACTS: compared.map, CONTENT: compared.map, FACES: faces.map}
    return Evidence(alone, changes, maps, moved_colors(output, content.view))


def _alone(picture: View, judge: Judge) -> tuple[dict[str, float], Plane]:
    judged = judge(picture.rgb)
    measures = _named(STYLE, {**judged.scores, **color_statistics(picture)})
    return measures | _named(ARTEFACTS, artefact_measures(picture)), judged.map


def _named(failure: str, measures: dict[str, float]) -> dict[str, float]:
    return {f"{_spoken_of(name, failure)}.{name}": value for name, value in measures.items()}


def _spoken_of(name: str, taken_for: str) -> str:
    return next((failure for failure, starts in _SPEAK_OF.items() if name.startswith(starts)), taken_for)


def _roughness_map(view: View) -> Plane:
    """Return by cells of 16×16 how far the change from pixel to pixel is from what this picture mostly has."""
    change = np.abs(np.diff(view.lightness, axis=1))
    side = min(16, *change.shape)
    down, across = (length // side for length in change.shape)
    cells = change[: down * side, : across * side].reshape(down, side, across, side).mean(axis=(1, 3))
    logs = np.log(cells + np.float32(0.1))
    roughness: Plane = np.abs(logs - np.median(logs))
    return roughness


@dataclass(frozen=True, eq=False)
class Expectation:
    """Where the colours of content go in this style, learned from pairs."""

    coefficients: NDArray[np.float64]

    @classmethod
    def of(cls, pairs: list[tuple[Plane, Plane]]) -> Expectation:
        """Fit N×3 colours before and after, picture by picture."""
        terms = np.concatenate([expectation_terms(before) for before, _ in pairs])
        return cls(fit_quadratic(terms, np.concatenate([after for _, after in pairs])))

    def check(self) -> None:
        """Refuse coefficients of another number than there are terms.

        Raises
        ------
        StyleFileError
            They are for another version.
        """
        if len(self.coefficients) != expectation_terms(np.zeros((1, 3), np.float32)).shape[1]:
            raise StyleFileError(NO_VERDICT)

    def departure(self, before: Plane, after: Plane) -> dict[str, float]:
        """Say how colours differ from what was expected: on the whole, in the shadows, and in the lights."""
        error = after - expectation_terms(before) @ self.coefficients.astype(np.float32)
        order = np.argsort(before[:, 0], kind="stable")
        third = max(1, len(order) // 3)
        found = {"off": float(np.log(np.sqrt(np.square(error).sum(axis=1)).mean() + 0.5))}
        for name, part in (("", order), ("_shadows", order[:third]), ("_lights", order[-third:])):
            for axis, value in zip("Lab", error[part].mean(axis=0), strict=True):
                found[f"off{name}_{axis}"] = float(value)
        return _named(STYLE, found)


def expectation_terms(before: Plane) -> Plane:
    """Return the terms of each colour, and of the picture that it is in, since a look may adapt to that."""
    return np.concatenate((color_features(before), picture_terms(before)), axis=1)

"""`Gate`: passes or refuses what a style has made, by what its file holds."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from impasto.errors import StyleFileError
from impasto.gate.evidence import STYLE, Evidence, Expectation, gather, see_content
from impasto.gate.judge import NO_VERDICT, Judge
from impasto.gate.reasons import find_reason
from impasto.gate.scoring import suspicions
from impasto.gate.view import Plane, view_picture
from impasto.media.frame import Pixels
from impasto.style.file import StyleFile
from impasto.style.manifest import GateScale, Manifest
from impasto.style.verdict import SUSPICION, Judgement, Verdict

_OF_A_BLEND = (
    "A blend carries no verdict, since nothing has learned to judge it. Its styles can be judged one at a time."
)
_OF_A_PRIVATE_LOOK = (
    "A style that was learned with --private carries no verdict, since a judge would tell of the references."
)
TOO_SMALL = "too small to be judged"
FEW_PICTURES = 12
"""A gate that was calibrated on fewer is lenient, and says so."""


class Gate:
    """Judges pictures by the discriminator and the calibration in a style file. Threads may share one.

    Raises
    ------
    StyleFileError
        The style carries no verdict, as blends and early styles do not, or its discriminator cannot be used.
    """

    def __init__(self, style: StyleFile) -> None:
        model, discriminator = style.manifest.gate, style.discriminator
        if model is None or discriminator is None:
            raise StyleFileError(_why_none(style.manifest))
        self._model = model
        self._judge = Judge(discriminator)
        self._expectation = Expectation(np.array(model.expected, np.float64).reshape(-1, 3))
        self._expectation.check()

    @property
    def caution(self) -> str:
        """What to know of all verdicts, in words; empty where there is nothing."""
        count = self._model.num_pictures
        few = f"The gate of this style was calibrated on only {count} pictures, and is lenient for that."
        return few if count < FEW_PICTURES else ""

    def judge(self, output: Pixels, content: Pixels | None = None, *, is_full_strength: bool = True) -> Verdict:
        """Judge one output, upright and in sRGB.

        Parameters
        ----------
        output
            H×W×3: uint8, uint16, or float32 in [0, 1].
        content
            The picture that it was made of. With it, far more can be told.
        is_full_strength
            Whether the style was applied in full. Of one that was not, nothing is said about being in style.

        Returns
        -------
        Verdict
            `scores` holds the suspicion of each failure, from which judgement follows, and all evidence.
        """
        view = view_picture(output)
        if view.is_tiny:
            return Verdict(Judgement.REVIEW, TOO_SMALL)
        seen = None if content is None else see_content(view_picture(content), self._judge)
        evidence = gather(view, self._judge, seen)
        scale = self._model.alone if seen is None else self._model.beside
        numbers = evidence.numbers(None if seen is None else self._expectation)
        found = suspicions(scale, numbers)
        if not is_full_strength:
            found.pop(STYLE, None)
        judgement = _judgement(scale, found)
        failure, reason = ("", "") if judgement is Judgement.PASS else find_reason(scale, found, numbers)
        scores = {f"{SUSPICION}{name}": value for name, value in found.items()} | numbers
        where = failure or max(found, key=found.__getitem__, default=STYLE)
        return Verdict(judgement, reason, scores, _worst_map(evidence, where))


def _judgement(scale: GateScale, found: Mapping[str, float]) -> Judgement:
    worst = max(found.values(), default=-math.inf)
    if worst > scale.refuse:
        return Judgement.REFUSE
    return Judgement.REVIEW if worst > scale.review else Judgement.PASS


def _worst_map(evidence: Evidence, failure: str) -> Plane | None:
    """Return the map of a failure from 0 to 1, the worst place of the picture."""
    plane = evidence.maps.get(failure)
    if plane is None:
        return None
    low, high = float(plane.min()), float(plane.max())
    return ((plane - low) / max(high - low, 1e-6)).astype(np.float32)


def _why_none(manifest: Manifest) -> str:
    if manifest.is_blend:
        return _OF_A_BLEND
    return NO_VERDICT if manifest.privacy is None else _OF_A_PRIVATE_LOOK

"""What `apply` does with results that the style's gate does not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from impasto.apply.finish import unfinished
from impasto.apply.stylizer import State, Stylizer
from impasto.media.frame import Frame, Pixels
from impasto.style.verdict import Judgement, Verdict

GATE_MODES = ("off", "warn", "retry", "refuse")
WEAKER = (0.75, 0.5, 0.35)
"""Fractions of the strength that are tried in turn."""

_WORDS = {Judgement.REVIEW: "doubtful", Judgement.REFUSE: "bad"}
_ORDER = (Judgement.PASS, Judgement.REVIEW, Judgement.REFUSE)


class JudgesOutputs(Protocol):
    """What gives verdicts: `impasto.gate.gate.Gate`."""

    def judge(self, output: Pixels, content: Pixels | None = None, *, is_full_strength: bool = True) -> Verdict:
        """Judge sRGB pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """The frame to write, or None to write none; and what to tell the user, or None."""

    frame: Frame | None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Gating:
    """A gate, and how to render a picture again. Threads may share it.

    Attributes
    ----------
    make_stylizer
        Called with a fraction of the strength that the user asked for.
    is_full_strength
        Whether the user asked for the whole style: of less, the gate does not know how it should look.
    """

    gate: JudgesOutputs
    make_stylizer: Callable[[float], Stylizer]
    is_full_strength: bool = True

    def pass_on(self, content: Frame, restyled: Frame, mode: str) -> Passed:
        """Judge a result; by the mode, pass it with a warning, render it again, or refuse it."""
        verdict = self._judge(restyled, content)
        if verdict.judgement is Judgement.PASS:
            return Passed(restyled)
        if mode == "refuse" and verdict.judgement is Judgement.REFUSE:
            return Passed(None, f"the gate refused the result ({verdict.reason}).")
        if mode == "retry":
            return self._retry(content, restyled, verdict)
        return Passed(restyled, f"the result looks {_described(verdict)}.")

    def _retry(self, content: Frame, restyled: Frame, verdict: Verdict) -> Passed:
        """Render with less strength until it passes; where nothing does, keep the strongest of the least bad."""
        best, best_verdict, best_fraction = restyled, verdict, 1.0
        for fraction in WEAKER:
            weaker, _ = unfinished(self.make_stylizer(fraction))(content, State())
            found = self._judge(weaker, content)
            if found.judgement is Judgement.PASS:
                return Passed(
                    weaker, f"the result looked {_described(verdict)}; at {fraction:.0%} of the strength it passes."
                )
            if _ORDER.index(found.judgement) < _ORDER.index(best_verdict.judgement):
                best, best_verdict, best_fraction = weaker, found, fraction
        used = (
            "at any strength" if best_fraction == 1 else f"even at {best_fraction:.0%} of the strength, which was kept"
        )
        return Passed(best, f"the result looks {_described(best_verdict)}, {used}.")

    def _judge(self, restyled: Frame, content: Frame) -> Verdict:
        from impasto.media.color_profile import to_srgb  # noqa: PLC0415  imports Pillow

        output, before = (to_srgb(frame).pixels for frame in (restyled, content))
        return self.gate.judge(output, before, is_full_strength=self.is_full_strength)


def _described(verdict: Verdict) -> str:
    return f"{_WORDS[verdict.judgement]} ({verdict.reason})"

"""What the gate says of a shot, and what the shot is rendered with for that."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from impasto.style.verdict import Judgement

ORDER = (Judgement.PASS, Judgement.REVIEW, Judgement.REFUSE)
UNSTEADY_RATIO, UNSTEADY_LEVELS = 2.5, 3.0
"""A shot is unsteady that changes so much more along its motion than its content does, and by so many levels."""
_STORED = ("shot", "setting", "verdict", "tries", "is_refused")
_STILL_LEVELS = 0.25  # as in quality/temporal.py: added to both sides, so that a still shot has a ratio


@dataclass(frozen=True, slots=True)
class Setting:
    """What a shot is rendered with.

    Attributes
    ----------
    strength
        Share of the strength that the user asked for.
    is_steady
        Whether to render it in the steadiest way that there is.
    """

    strength: float = 1.0
    is_steady: bool = False

    def __str__(self) -> str:
        strength = f"{self.strength:.0%} of the strength"
        return f"{strength}, steadied" if self.is_steady else strength


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """What the gate says of one frame."""

    index: int
    judgement: Judgement
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShotVerdict:
    """What is known of a shot from a few frames of it.

    Attributes
    ----------
    judgement
        None where nobody judged, or nobody could.
    reason
        In words; empty for a pass.
    warping_in, warping_out
        Warping error of the content and of the output, in levels of 255; None where it was not measured.
    """

    judgement: Judgement | None = None
    reason: str = ""
    samples: tuple[SampleVerdict, ...] = ()
    warping_in: float | None = None
    warping_out: float | None = None

    @property
    def warping_ratio(self) -> float | None:
        """How many times as much as its content the output changes along the motion."""
        if self.warping_in is None or self.warping_out is None:
            return None
        return (self.warping_out + _STILL_LEVELS) / (self.warping_in + _STILL_LEVELS)

    @property
    def is_unsteady(self) -> bool:
        ratio = self.warping_ratio
        return ratio is not None and ratio > UNSTEADY_RATIO and (self.warping_out or 0) > UNSTEADY_LEVELS

    @property
    def badness(self) -> tuple[int, bool]:
        """The higher, the worse; equal for what is as good."""
        return (ORDER.index(self.judgement) if self.judgement else 0), self.is_unsteady


def combined(samples: Sequence[SampleVerdict], warping: tuple[float, float] | None = None) -> ShotVerdict:
    """Give a shot one verdict: a single frame never condemns it, since a gate errs now and then.

    It is refused where more than half of its frames are; to be reviewed where any is, where more than half do not pass,
    or where it is unsteady.
    """
    before, after = warping or (None, None)
    judgement = _judgement(samples)
    verdict = ShotVerdict(judgement, _reason(samples, judgement), tuple(samples), before, after)
    if verdict.is_unsteady and judgement in (None, Judgement.PASS):
        return ShotVerdict(Judgement.REVIEW, "unsteady", tuple(samples), before, after)
    return verdict


def _judgement(samples: Sequence[SampleVerdict]) -> Judgement | None:
    if not samples:
        return None
    count = Counter(sample.judgement for sample in samples)
    if count[Judgement.REFUSE] * 2 > len(samples):
        return Judgement.REFUSE
    doubtful = count[Judgement.REFUSE] or (count[Judgement.REVIEW] * 2 > len(samples))
    return Judgement.REVIEW if doubtful else Judgement.PASS


def _reason(samples: Sequence[SampleVerdict], judgement: Judgement | None) -> str:
    """Name what most of the worst frames suffer from; of as many, what comes first."""
    if judgement in (None, Judgement.PASS):
        return ""
    worst = max((sample.judgement for sample in samples), key=ORDER.index)
    reasons = Counter(sample.reason for sample in samples if sample.judgement is worst)
    return reasons.most_common(1)[0][0]


@dataclass(frozen=True, slots=True)
class ShotTry:
    """One way in which the samples of a shot were rendered, and what came of it."""

    setting: Setting
    verdict: ShotVerdict


@dataclass(frozen=True, slots=True)
class ShotDecision:
    """What a shot is rendered with, and why. It is made once, so that parts of a shot agree wherever they are rendered.

    Attributes
    ----------
    shot
        Its place among the shots, from 0.
    setting
        What the whole shot is rendered with.
    verdict
        Of the samples that were rendered with it.
    tries
        All that was tried, `setting` among them.
    is_refused
        The user wants no film with this shot.
    before, after
        JPEG of the middle sample; not part of the JSON.
    """

    shot: int
    setting: Setting = Setting()
    verdict: ShotVerdict = ShotVerdict()
    tries: tuple[ShotTry, ...] = ()
    is_refused: bool = False
    before: bytes = field(default=b"", repr=False)
    after: bytes = field(default=b"", repr=False)

    @property
    def is_changed(self) -> bool:
        """Whether it is rendered with anything else than what the user asked for."""
        return self.setting != Setting()

    @property
    def message(self) -> str:
        """What to tell the user, in one line; empty where all is well."""
        first = self.tries[0].verdict if self.tries else self.verdict
        name = f"shot {self.shot + 1}"
        if self.is_refused:
            return f"the gate refused {name} ({self.verdict.reason})."
        if self.is_changed:
            end = "it passes" if self.verdict.judgement is Judgement.PASS else f"it still looks {_looks(self.verdict)}"
            return f"{name} looked {_looks(first)}; at {self.setting} {end}."
        if self.verdict.judgement in (None, Judgement.PASS):
            return ""
        return f"{name} looks {_looks(self.verdict)}{', whatever was tried' if len(self.tries) > 1 else ''}."

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads, of nothing but what JSON knows."""
        named = asdict(replace(self, before=b"", after=b""))
        stored: dict[str, Any] = json.loads(json.dumps({name: named[name] for name in _STORED}))
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ShotDecision:
        """Return a decision, without its pictures.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is not what `as_json` wrote.
        """
        tries = tuple(ShotTry(Setting(**each["setting"]), _verdict(each["verdict"])) for each in stored["tries"])
        verdict, setting = _verdict(stored["verdict"]), Setting(**stored["setting"])
        return cls(int(stored["shot"]), setting, verdict, tries, bool(stored["is_refused"]))


def _verdict(stored: Mapping[str, Any]) -> ShotVerdict:
    judgement = None if stored["judgement"] is None else Judgement(stored["judgement"])
    samples = tuple(
        SampleVerdict(int(each["index"]), Judgement(each["judgement"]), str(each["reason"]))
        for each in stored["samples"]
    )
    return ShotVerdict(judgement, str(stored["reason"]), samples, stored["warping_in"], stored["warping_out"])


def _looks(verdict: ShotVerdict) -> str:
    return f"{'bad' if verdict.judgement is Judgement.REFUSE else 'doubtful'} ({verdict.reason})"

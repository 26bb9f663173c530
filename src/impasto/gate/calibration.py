"""`calibrate`: learn from good outputs, and from the same ones broken on purpose, what to hold others against.

For each way to fail, a logistic regression sees how far each number lies outside what good outputs have. Its weights
cannot be negative: whatever is unusual adds suspicion and never takes any away, so that damage which calibration has
not seen is not excused. Thresholds come from suspicions of good outputs that were left out of the fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from impasto.errors import UsageError
from impasto.gate.breaking import CONTENT_DAMAGES, DAMAGES, FACE_DAMAGES, FAILURE_OF, Made
from impasto.gate.evidence import CONTENT, FACES, STYLE, Evidence, Expectation, gather, see_content
from impasto.gate.fitting import Row, Rows, Tail, fit_monotone_logistic, fit_tail, usual
from impasto.gate.judge import Judge
from impasto.gate.scoring import deviations, suspicion
from impasto.gate.view import Image8, resized, view_picture
from impasto.style.manifest import GateGroup, GateModel, GateScale, GateSign

FEWEST_PICTURES = 2
MOST_PICTURES = 64
GOOD = "good"
REFERENCE = "reference"
_NUM_FOLDS = 5
_ENOUGH_BROKEN = 25
_REFERENCE_WEIGHT = 0.5
_OTHER_DAMAGE_WEIGHT = 0.5
_LEAST_WEIGHT = 1e-4
_LENIENCE = 2
_MILDEST, _MOST_ROOM, _SHARE_OF_ROOM = 0.03, 3.0, 0.5

_Unseen = tuple[str, dict[str, float]]
"""The kind of a sample that was left out of a fit, and the suspicions that the fit had of it."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture of the calibration: which photo it came from, and what was done to it."""

    photo: int
    kind: str
    evidence: Evidence


def calibrate(
    discriminator: bytes,
    references: Sequence[Image8],
    contents: Sequence[Image8],
    outputs: Sequence[Image8],
    seed: int = 0,
) -> GateModel:
    """Return the gate of a style.

    Parameters
    ----------
    discriminator
        As the style file holds it.
    references
        H×W×3 uint8 sRGB, best with a long side of about 512; may be empty. Those kept out of training show best what
        a stranger in this style looks like.
    contents, outputs
        Photos, and what the style made of them at full strength. At most `MOST_PICTURES` are used.
    seed
        Of the damages.

    Raises
    ------
    UsageError
        There are fewer than two outputs, or not as many as contents.
    StyleFileError
        The discriminator cannot be used.
    """
    if len(contents) != len(outputs) or len(outputs) < FEWEST_PICTURES:
        counts = f"{len(contents)} contents and {len(outputs)} outputs"
        raise UsageError(f"Calibrating takes at least two outputs, each with its content, not {counts}.")
    break_every = -(-min(len(outputs), MOST_PICTURES) // _ENOUGH_BROKEN)
    samples = list(make_samples(Judge(discriminator), references, contents, outputs, seed, break_every))
    expectation = Expectation.of([s.evidence.moved for s in samples if s.kind == GOOD and s.evidence.moved])
    coefficients = tuple((float(x), float(y), float(z)) for x, y, z in expectation.coefficients)
    num_pictures = sum(sample.kind == GOOD for sample in samples)
    alone, beside = (_calibrate_scale(samples, setting) for setting in (_ALONE, _BESIDE))
    return GateModel(num_pictures=num_pictures, expected=coefficients, alone=alone, beside=beside)


def make_samples(
    judge: Judge,
    references: Sequence[Image8],
    contents: Sequence[Image8],
    outputs: Sequence[Image8],
    seed: int = 0,
    break_every: int = 1,
) -> Iterator[Sample]:
    """Yield each output as it is; broken, each in a `break_every`th of all ways; and each reference."""
    random = np.random.default_rng(seed)
    outputs = [view_picture(output).rgb for output in outputs[:MOST_PICTURES]]
    for photo, output in enumerate(outputs):
        content = resized(view_picture(contents[photo]).rgb, *output.shape[:2])
        seen = see_content(view_picture(content), judge)
        face = max(seen.faces, key=lambda each: each.width * each.height, default=None)
        made = Made(content, output, outputs[photo - 1], face)
        yield Sample(photo, GOOD, gather(view_picture(output), judge, seen))
        damages = {**DAMAGES, **CONTENT_DAMAGES, **(FACE_DAMAGES if face else {})}
        for kind, damage in list(damages.items())[photo % break_every :: break_every]:
            yield Sample(photo, kind, gather(view_picture(damage(made, random)), judge, seen))
    for photo, reference in enumerate(references[:MOST_PICTURES]):
        yield Sample(photo, REFERENCE, gather(view_picture(reference), judge))


@dataclass(frozen=True, slots=True)
class _Setting:
    """What suits a scale: with the content signs are plain, without it each must be weighed more finely.

    `reviewed` and `refused` are the shares of good outputs that may be, by mistake.
    """

    has_content: bool
    penalty: float
    farthest: float
    reviewed: float
    refused: float


_ALONE = _Setting(has_content=False, penalty=0.002, farthest=8.0, reviewed=0.03, refused=0.005)
_BESIDE = _Setting(has_content=True, penalty=0.03, farthest=20.0, reviewed=0.04, refused=0.01)


def _calibrate_scale(samples: Sequence[Sample], setting: _Setting) -> GateScale:
    """Fit on all; and, to learn how far unseen outputs go, on all but a fifth of the photos at a time."""
    kept = [sample for sample in samples if sample.kind in _kinds(setting)]
    num_photos = len({sample.photo for sample in kept if sample.kind == GOOD})
    num_folds = min(_NUM_FOLDS, num_photos)
    failures = _shown_in_several_folds(kept, num_folds)
    unseen: list[_Unseen] = []
    for fold in range(num_folds):
        left_out = [s for s in kept if s.kind != REFERENCE and s.photo % num_folds == fold]
        others = [s for s in kept if s.kind == REFERENCE or s.photo % num_folds != fold]
        fitted = _fit_groups(others, failures, setting)
        unseen += [(sample.kind, fitted.suspicions(sample, setting.farthest)) for sample in left_out]
    tails = {failure: fit_tail([found[failure] for kind, found in unseen if kind == GOOD]) for failure in unseen[0][1]}
    unseen = [(kind, {name: tail.scaled(found[name]) for name, tail in tails.items()}) for kind, found in unseen]
    fitted = _fit_groups(kept, failures, setting)
    groups = tuple(_in_units_of(tails[group.failure], group, unseen) for group in fitted.groups)
    review, refuse = _thresholds(unseen, setting, num_photos)
    return GateScale(groups=groups, review=review, refuse=refuse, farthest=setting.farthest)


def _thresholds(unseen: Sequence[_Unseen], setting: _Setting, num_photos: int) -> tuple[float, float]:
    """Return suspicions that few good outputs exceed; more, as far as all that is broken is far beyond them anyway."""
    # In units of its tail, a group's suspicion of a good output goes beyond t with a probability of SHARE·exp(−t).
    likely = Tail.SHARE * len(unseen[0][1])
    lenience = 1 + _LENIENCE / num_photos
    review, refuse = (lenience * math.log(likely / alarms) for alarms in (setting.reviewed, setting.refused))
    mildest = float(np.quantile([max(found.values()) for kind, found in unseen if kind != GOOD], _MILDEST))
    room = max(0.0, min(mildest, _MOST_ROOM * review) - review)
    return review + _SHARE_OF_ROOM * room, refuse + _SHARE_OF_ROOM * room


def _shown_in_several_folds(samples: Sequence[Sample], num_folds: int) -> list[str]:
    """Return the failures of which examples are left whatever fold is left out, as of faces there may not be."""
    folds: dict[str, set[int]] = {failure: set() for failure in FAILURE_OF.values()}
    for sample in samples:
        if sample.kind in FAILURE_OF:
            folds[FAILURE_OF[sample.kind]].add(sample.photo % num_folds)
    return [failure for failure, found in folds.items() if len(found) > 1]


def _kinds(setting: _Setting) -> set[str]:
    beside = set(CONTENT_DAMAGES) | set(FACE_DAMAGES)
    return {GOOD, *DAMAGES} | (beside if setting.has_content else {REFERENCE})


@dataclass(frozen=True, eq=False)
class _Fitted:
    expectation: Expectation | None
    groups: tuple[GateGroup, ...]

    def suspicions(self, sample: Sample, farthest: float) -> dict[str, float]:
        numbers = sample.evidence.numbers(self.expectation)
        return {group.failure: suspicion(group, numbers, farthest) for group in self.groups}


def _fit_groups(samples: Sequence[Sample], failures: Sequence[str], setting: _Setting) -> _Fitted:
    """Fit each failure; suspicions are logits."""
    kinds = [sample.kind for sample in samples]
    good = [sample.evidence.moved for sample in samples if sample.kind == GOOD and sample.evidence.moved]
    expectation = Expectation.of(good) if setting.has_content else None
    numbers = [sample.evidence.numbers(expectation) for sample in samples]
    groups = []
    for failure in failures:
        names = sorted({name for each in numbers for name in each if name.startswith(f"{failure}.")})
        table = np.array([[each.get(name, np.nan) for name in names] for each in numbers])
        groups.append(_fit_group(failure, names, table, kinds, setting))
    return _Fitted(expectation, tuple(groups))


def _fit_group(failure: str, names: list[str], table: Rows, kinds: list[str], setting: _Setting) -> GateGroup:
    center, spread = usual(table[[kind == GOOD for kind in kinds]], names)
    far = deviations((table - center) / spread, setting.farthest)
    is_broken = np.array([FAILURE_OF.get(kind) == failure for kind in kinds])
    weights, bias = fit_monotone_logistic(far, is_broken, _sample_weights(kinds, failure), setting.penalty)
    signs = [
        GateSign(name=name, center=float(c), spread=float(s), above=float(a), below=float(b))
        for name, c, s, a, b in zip(names, center, spread, *weights.reshape(2, -1), strict=True)
        if max(a, b) > _LEAST_WEIGHT
    ]
    return GateGroup(failure=failure, bias=bias, signs=tuple(signs))


def _sample_weights(kinds: Sequence[str], failure: str) -> Row:
    """Weigh good outputs as much as all damage that this failure is about, and each kind of it as much as the next."""
    shares = {GOOD: 1.0}
    broken = [kind for kind in dict.fromkeys(kinds) if FAILURE_OF.get(kind) == failure]
    shares |= {kind: 1 / len(broken) for kind in broken}
    if failure == STYLE:
        shares[REFERENCE] = _REFERENCE_WEIGHT
    if failure in (CONTENT, FACES):
        # All damage shows in edges; these two failures are to mean what they say.
        others = [kind for kind in dict.fromkeys(kinds) if FAILURE_OF.get(kind, failure) != failure]
        shares |= {kind: _OTHER_DAMAGE_WEIGHT / len(others) for kind in others}
    return np.array([shares.get(kind, 0.0) / kinds.count(kind) for kind in kinds])


def _in_units_of(tail: Tail, group: GateGroup, unseen: Sequence[_Unseen]) -> GateGroup:
    """Return a group whose suspicion is 0 where the tail of good outputs starts, and 1 further for each mean excess."""
    broken = [found[group.failure] for kind, found in unseen if FAILURE_OF.get(kind) == group.failure]
    signs = tuple(
        sign.model_copy(update={"above": sign.above / tail.excess, "below": sign.below / tail.excess})
        for sign in group.signs
    )
    typical = max(1.0, float(np.median(broken))) if broken else 1.0
    return group.model_copy(update={"bias": tail.scaled(group.bias), "typical": typical, "signs": signs})

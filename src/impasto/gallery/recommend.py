"""Which looks suit a photo, the best first, with a strength for each and the reason in a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impasto.gallery.look_table import LookTable
from impasto.gallery.photo_study import PhotoStudy
from impasto.gallery.reasons import explain
from impasto.gallery.suitability import GREY_SATURATION, effects_of
from impasto.gallery.taste import Rated, Taste

STRENGTHS = tuple(step / 10 for step in range(3, 11))
"""What a look is tried at."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One look for one photo.

    Attributes
    ----------
    stars, uncertainty
        What the user would give, in [1, 5], and its standard deviation.
    strength
        At which that is.
    reason
        One line.
    score
        The stars without bounds, by which suggestions are ordered.
    """

    style: str
    stars: float
    uncertainty: float
    strength: float
    reason: str
    score: float


def recommend(study: PhotoStudy, looks: Sequence[LookTable], rated: Sequence[Rated] = ()) -> list[Suggestion]:
    """Rank looks for a photo: by what suits it, and by the taste that the user's ratings show.

    The same photo, looks and ratings give the same answer.

    Parameters
    ----------
    study
        From `study_file` or `study_photo`.
    looks
        To rank.
    rated
        From `RatingStore.load`.

    Returns
    -------
    list of Suggestion
        One for each look, the best first, each at the strength that would earn it most stars.
    """
    taste = Taste(rated)
    suggestions = [_suggest(study, look, taste, rated) for look in looks]
    return sorted(suggestions, key=lambda suggestion: (-suggestion.score, suggestion.style))


def _suggest(study: PhotoStudy, look: LookTable, taste: Taste, rated: Sequence[Rated]) -> Suggestion:
    effects = effects_of(study, look, list(STRENGTHS))
    if effects[-1].turns_monochrome and effects[-1].after.saturation < GREY_SATURATION:
        # Half of black and white is neither the look nor the photo.
        effects = effects[-1:]
    scores = [taste.score(effect, look.name) for effect in effects]
    best = effects[scores.index(max(scores))]
    expected = taste.expect(best, look.name)
    reason = explain(best, look.name, rated)
    return Suggestion(look.name, expected.stars, expected.deviation, best.strength, reason, max(scores))

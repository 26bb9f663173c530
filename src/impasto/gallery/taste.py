"""`Taste`: how many stars one user would give a look on a photo, learned from the ratings given so far.

Bayesian linear regression on what `suitability` leaves unexplained, so that without ratings suitability alone counts,
and each rating moves the answer as far as it is sure. The posterior is in closed form; see C. M. Bishop, "Pattern
Recognition and Machine Learning", 2006, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.look_table import CHANGED_TRAITS
from impasto.gallery.suitability import Effect, expected_stars
from impasto.gallery.traits import TRAIT_NAMES

_NOISE = 0.6
"""Stars by which the same person's rating of the same result may differ from day to day."""
_STYLE_DEVIATION = 0.5
_MAX_FEATURE = 3.0
_STRENGTH_CENTER = 0.7
_INTERACTING = ("key", "contrast", "color_temperature", "saturation")
_GROUPS = {
    "intercept": (1, 0.5),
    "photo": (len(TRAIT_NAMES), 0.1),
    "style": (len(CHANGED_TRAITS), 0.25),
    "change": (len(CHANGED_TRAITS), 0.45),
    "interaction": (len(_INTERACTING), 0.1),
    "movement": (1, 0.3),
    "skin": (1, 0.3),
    "monochrome": (1, 0.4),
    "strength": (2, 1.2),
}
"""Features in their order: how many, and the prior deviation of their weights, in stars per typical deviation."""
_PRIOR = np.concatenate([np.full(count, deviation) for count, deviation in _GROUPS.values()])


@dataclass(frozen=True)
class Rated:
    """What one rating says: these stars for this style, with this effect on a photo.

    Raises
    ------
    UsageError
        Stars are not in [1, 5], or the strength of the effect is not above 0 and up to 1.
    """

    style: str
    stars: float
    effect: Effect

    def __post_init__(self) -> None:
        if not 1 <= self.stars <= 5:
            raise UsageError(f"stars go from 1 to 5, and {self.stars:g} is not among them.")
        if not 0 < self.effect.strength <= 1:
            raise UsageError(f"what is rated has a strength above 0 and up to 1, not {self.effect.strength:g}.")


@dataclass(frozen=True)
class Expectation:
    """Stars in [1, 5], and the standard deviation of what the user's own mean may be."""

    stars: float
    deviation: float


class Taste:
    """The posterior over what one user likes, given all ratings so far, in any order.

    Without any it is the taste of somebody unknown.
    """

    def __init__(self, rated: Sequence[Rated] = ()) -> None:
        self._styles = sorted({rating.style for rating in rated})
        variances = np.concatenate([_PRIOR, np.full(len(self._styles), _STYLE_DEVIATION)]) ** 2
        features = np.array([self._features(rating.effect, rating.style) for rating in rated])
        features = features.reshape(len(rated), len(variances))
        unexplained = np.array([rating.stars - expected_stars(rating.effect) for rating in rated])
        precision = np.diag(1 / variances) + features.T @ features / _NOISE**2
        self._covariance = np.linalg.inv(precision)
        self._mean = self._covariance @ (features.T @ unexplained) / _NOISE**2

    def expect(self, effect: Effect, style: str) -> Expectation:
        """Return the stars that the user would give."""
        features = self._features(effect, style)
        unknown_style = 0.0 if style in self._styles else _STYLE_DEVIATION**2
        variance = float(features @ self._covariance @ features) + unknown_style
        stars = expected_stars(effect) + float(features @ self._mean)
        return Expectation(float(np.clip(stars, 1, 5)), float(np.sqrt(variance)))

    def score(self, effect: Effect, style: str) -> float:
        """Return the expected stars without bounds, for ranking: two that both deserve five are not alike."""
        return expected_stars(effect) + float(self._features(effect, style) @ self._mean)

    def _features(self, effect: Effect, style: str) -> NDArray[np.float64]:
        own = np.array([float(style == known) for known in self._styles])
        return np.concatenate([_effect_features(effect), own])


def _effect_features(effect: Effect) -> NDArray[np.float64]:
    photo = effect.before.as_vector().clip(-_MAX_FEATURE, _MAX_FEATURE)
    style, change = (_bounded(np.array(values)) for values in (effect.style_change, effect.change))
    interactions = [photo[TRAIT_NAMES.index(name)] * change[CHANGED_TRAITS.index(name)] for name in _INTERACTING]
    off = effect.strength - _STRENGTH_CENTER
    rest = [effect.movement / 15, effect.skin_loss * 2, float(effect.turns_monochrome) * effect.strength]
    # A result at half strength is half the style, so that what the style does at full strength counts half.
    return np.concatenate([[1.0], photo, style * effect.strength, change, interactions, rest, [off, off**2 * 2]])


def _bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bend what is far from ordinary, so that one strange look does not decide everything."""
    bounded: NDArray[np.float64] = _MAX_FEATURE * np.tanh(values / _MAX_FEATURE)
    return bounded

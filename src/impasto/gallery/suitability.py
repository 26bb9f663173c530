"""What a look does to a photo, in numbers, and how many stars that would earn from somebody of no particular taste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.look_table import LookTable, apply_table, trait_change
from impasto.gallery.photo_study import PhotoStudy, SkinSource, skin_plausibility
from impasto.gallery.traits import TRAIT_NAMES, TYPICAL, PhotoTraits, traits_of_lab
from impasto.vision.lab import Floats, rgb_to_lab

GREY_SATURATION = 3.0
"""Mean chroma below which a picture is black and white."""

_BLACK, _ALMOST_BLACK, _ALMOST_WHITE, _WHITE = 4.0, 9.0, 93.0, 97.5
_STRETCH = 1.2
"""Typical deviations that a trait may lie off before a photo counts as extreme in it."""
_BALANCE_WEIGHTS = {"key": 0.4, "contrast": 0.35, "color_temperature": 0.2, "tint": 0.25, "saturation": 0.2}
_BASE_STARS = 3.5
_USUAL_STRENGTH = 0.9


@dataclass(frozen=True)
class Effect:
    """What one look does to one photo at one strength.

    Attributes
    ----------
    before, after
        Traits of the photo as it is, and in the look; grain is left as it is.
    style_change
        What the look does to standard colours; see `LookTable.change`.
    movement
        Mean distance that colours move, in L*a*b*.
    crushed, burnt
        Shares of the photo that become black or white and were not nearly so.
    palette_kept
        Distance of the photo's main colours from each other, after over before.
    hues_before, hues_after
        How far colours spread around their mean in a* and b*; about 0 for black and white, toned or not.
    skin_source
        How skin was found; see `PhotoStudy`.
    skin_before, skin_after
        Mean plausibility of skin, in [0, 1]; 1 where there is none.
    skin_lightness_change
        Mean change of L* of skin; 0 where there is none.
    darks_change, lights_change
        Mean change of L* in the darker and in the lighter half.
    """

    strength: float
    before: PhotoTraits
    after: PhotoTraits
    style_change: tuple[float, ...]
    movement: float
    crushed: float
    burnt: float
    palette_kept: float
    hues_before: float
    hues_after: float
    skin_source: SkinSource
    skin_before: float
    skin_after: float
    skin_lightness_change: float
    darks_change: float
    lights_change: float

    @property
    def change(self) -> tuple[float, ...]:
        """What the look does to the traits of this photo; see `LookTable.change`."""
        return trait_change(self.before, self.after)

    @property
    def turns_monochrome(self) -> bool:
        """Whether a photo in colours becomes one in tones of one hue, and that a quiet one, as grey or sepia."""
        return (
            not self.was_monochrome
            and self.hues_after < min(2.5, 0.3 * self.hues_before)
            and self.after.saturation < 25
        )

    @property
    def was_monochrome(self) -> bool:
        """Whether the photo has tones of one hue only."""
        return self.hues_before < 4

    @property
    def skin_loss(self) -> float:
        """How much less plausible skin becomes; nothing in black and white, where nobody expects its colour."""
        return 0.0 if self.turns_monochrome else max(0.0, self.skin_before - self.skin_after)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Effect:
        """Make an effect of what `to_json` gave.

        Raises
        ------
        ValueError, TypeError, KeyError
            It is something else, or not finite.
        """
        numbers: dict[str, Any] = {
            field.name: float(values[field.name]) for field in fields(cls) if field.type == "float"
        }
        before, after = (PhotoTraits(**{n: float(values[k][n]) for n in TRAIT_NAMES}) for k in ("before", "after"))
        style_change = tuple(float(value) for value in values["style_change"])
        effect = cls(
            before=before, after=after, style_change=style_change, skin_source=values["skin_source"], **numbers
        )
        if effect.skin_source not in get_args(SkinSource):
            raise ValueError(f"skin by {effect.skin_source}")
        if len(style_change) != len(effect.change) or not np.isfinite([*numbers.values(), *style_change]).all():
            raise ValueError("not the numbers of an effect")
        if not np.isfinite([*effect.change, *before.as_vector()]).all():
            raise ValueError("not the numbers of an effect")
        return effect


def effect_of(study: PhotoStudy, look: LookTable, strength: float = 1.0) -> Effect:
    """Try a look on a photo, as a blend of that strength in [0, 1]."""
    [effect] = effects_of(study, look, [strength])
    return effect


def effects_of(study: PhotoStudy, look: LookTable, strengths: list[float]) -> list[Effect]:
    """Try a look on a photo at several strengths.

    Raises
    ------
    UsageError
        One is not in [0, 1].
    """
    if not all(0 <= strength <= 1 for strength in strengths):
        raise UsageError("the strength of a look goes from 0 to 1.")
    graded = apply_table(look.table, study.colors)
    graded_palette = apply_table(look.table, study.palette.colors)
    before = traits_of_lab(study.lab, study.traits.grain)
    skin_before = _mean_plausibility(study.lab, study.skin)
    effects = []
    for strength in strengths:
        lab = rgb_to_lab(study.colors + strength * (graded - study.colors))
        palette_after = study.palette.colors + strength * (graded_palette - study.palette.colors)
        darker = study.lab[:, 0] <= np.median(study.lab[:, 0])
        risen = lab[:, 0] - study.lab[:, 0]
        effects.append(
            Effect(
                strength=strength,
                before=before,
                after=traits_of_lab(lab, study.traits.grain),
                style_change=look.change,
                movement=float(np.linalg.norm(lab - study.lab, axis=1).mean()),
                crushed=float(((lab[:, 0] < _BLACK) & (study.lab[:, 0] > _ALMOST_BLACK)).mean()),
                burnt=float(((lab[:, 0] > _WHITE) & (study.lab[:, 0] < _ALMOST_WHITE)).mean()),
                palette_kept=_palette_kept(study, palette_after),
                hues_before=_hue_spread(study.lab),
                hues_after=_hue_spread(lab),
                skin_source=study.skin_source,
                skin_before=skin_before,
                skin_after=_mean_plausibility(lab, study.skin),
                skin_lightness_change=float(risen[study.skin].mean()) if study.skin.any() else 0.0,
                darks_change=float(risen[darker].mean()),
                lights_change=float(risen[~darker].mean()) if not darker.all() else float(risen.mean()),
            )
        )
    return effects


def suitability(effect: Effect) -> dict[str, float]:
    """Return what each consideration adds to the stars.

    They are hand-set: hard faults cost most, matters of taste little, since taste is what ratings teach.
    """
    certainty = {"faces": 1.0, "colors": 0.4, "none": 0.0}[effect.skin_source]
    clipped = 8 * max(0.0, effect.crushed - 0.01) + 5 * max(0.0, effect.burnt - 0.01)
    excess = 0.0 if effect.turns_monochrome else max(0.0, effect.movement - 20)
    return {
        "skin": -1.6 * certainty * effect.skin_loss,
        "exposure": -certainty * min(0.8, 0.05 * _skin_misexposed(effect)),
        "clipping": -min(1.0, clipped),
        "balance": float(np.clip(-sum(extremity_change(effect).values()), -1.0, 0.4)),
        "palette": -1.2 * max(0.0, 0.7 - effect.palette_kept),
        "movement": -min(1.0, 0.05 * excess) - 0.12 * max(0.0, 4 - effect.movement),
        "strength": -1.2 * (effect.strength - _USUAL_STRENGTH) ** 2,
    }


def expected_stars(effect: Effect) -> float:
    """Return the stars that `suitability` adds up to, bent so that they stay between 1 and 5 and keep their order."""
    return float(3 + 2 * np.tanh((_BASE_STARS - 3 + sum(suitability(effect).values())) / 2))


def extremity_change(effect: Effect) -> dict[str, float]:
    """Return what each trait costs in stars by lying far from ordinary photos, in the look less as it was."""
    before, after = (np.maximum(np.abs(traits.as_vector()) - _STRETCH, 0) for traits in (effect.before, effect.after))
    changes = dict(zip(TRAIT_NAMES, (after - before).tolist(), strict=True))
    if effect.turns_monochrome or effect.was_monochrome:
        changes["saturation"] = 0.0  # Black and white has no colour to be too pale.
    if effect.before.key > TYPICAL["key"][0]:
        changes["key"] = max(0.0, changes["key"]) / 2  # A light photo is mostly meant to be light.
    # What was odd may have been meant, so that to mend it earns less than to make it odd costs.
    return {
        name: weight * changes[name] * (1 if changes[name] > 0 else 0.6) for name, weight in _BALANCE_WEIGHTS.items()
    }


def _skin_misexposed(effect: Effect) -> float:
    """Return by how much L* skin becomes too dark, or too light in a photo that was not dark."""
    change = effect.skin_lightness_change
    harmful = change < 0 or effect.before.key >= TYPICAL["key"][0]
    return max(0.0, abs(change) - 6) if harmful else 0.0


def _mean_plausibility(lab: Floats, skin: NDArray[np.bool_]) -> float:
    return float(skin_plausibility(lab[skin]).mean()) if skin.any() else 1.0


def _hue_spread(lab: Floats) -> float:
    return float(np.sqrt(lab[:, 1:].var(axis=0).sum()))


def _palette_kept(study: PhotoStudy, after: NDArray[np.float32]) -> float:
    """Compare distances between main colours, weighted by the shares of both; 1 where there is only one colour."""
    weights = np.outer(study.palette.weights, study.palette.weights)
    before, now = (_distances(rgb_to_lab(colors)) for colors in (study.palette.colors, after))
    spread = float((weights * before).sum())
    return float((weights * now).sum()) / spread if spread > 0.5 else 1.0


def _distances(lab: Floats) -> NDArray[np.float32]:
    distances: NDArray[np.float32] = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return distances

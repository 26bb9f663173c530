"""Why a look is suggested for a photo, or is not: phrases, each of which holds of the numbers at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from impasto.gallery.suitability import GREY_SATURATION, Effect, extremity_change, suitability
from impasto.gallery.taste import Rated
from impasto.gallery.traits import TRAIT_NAMES

SIMILAR = 1.2
"""Distance of two effects, in typical deviations of traits, within which they count as similar."""

_SKIN_KEPT = 0.85
_SKIN_LOST = 0.15
_TELLING_STARS = 0.08
_TELLING_RELIEF = 0.3
_MAX_EFFECTS, _MAX_FAULTS = 2, 2

_Weighed = tuple[float, str]
"""A phrase, and how much it matters beside others of its kind."""

_RELIEFS = {
    "dark": ("key", "brightens a dark photo"),
    "low contrast": ("contrast", "gives a flat photo contrast"),
    "high contrast": ("contrast", "softens a hard photo"),
    "cool": ("color_temperature", "warms a cool photo"),
    "warm": ("color_temperature", "cools a warm photo"),
    "muted colour": ("saturation", "enriches muted colour"),
    "rich colour": ("saturation", "calms rich colour"),
}
_EXTREMES = {
    "key": ("ends dark", "ends light"),
    "contrast": ("ends flat", "ends hard"),
    "color_temperature": ("ends cold", "ends warm"),
    "tint": ("ends greenish", "ends reddish"),
    "saturation": ("ends pale", "ends gaudy"),
}
_TINTS = {
    # What must change by how much, in units of the trait, to be worth a word.
    "color_temperature": (2.0, "cools it", "warms it"),
    "tint": (3.0, "tints it green", "tints it magenta"),
    "shadow_warmth": (4.0, "cools the shadows", "warms the shadows"),
    "highlight_warmth": (4.0, "cools the highlights", "warms the highlights"),
}


def explain(effect: Effect, style: str, rated: Sequence[Rated] = ()) -> str:
    """Say in one line what speaks for a look on a photo, what it does, what speaks against it, and what was rated.

    Parameters
    ----------
    rated
        The user's ratings so far.
    """
    told, merits = _merits(effect)
    effects = _foremost(_effects(effect, told), _MAX_EFFECTS)
    faults = _foremost(_faults(effect), _MAX_FAULTS)
    clauses = [", ".join([*merits, *effects]), " and ".join(faults)]
    sentence = ", but ".join(filter(None, clauses)) or "changes little"
    return "; ".join(filter(None, [sentence, _remembered(effect, style, rated)]))


def effect_distance(effect: Effect, other: Effect) -> float:
    """Return how far apart what two looks do to their photos is, in typical deviations of traits."""
    return float(np.linalg.norm(np.subtract(effect.change, other.change)))


def _foremost(phrases: Iterator[_Weighed], count: int) -> list[str]:
    return [phrase for _, phrase in sorted(phrases, key=lambda weighed: (-weighed[0], weighed[1]))[:count]]


def _merits(effect: Effect) -> tuple[str, list[str]]:
    """Return the trait whose change they tell of, if any, and the merits."""
    merits = []
    if min(effect.skin_before, effect.skin_after) >= _SKIN_KEPT and effect.skin_source != "none":
        merits.append("keeps skin natural" if effect.skin_source == "faces" else "keeps skin-like colours")
    relieved = max(_reliefs(effect), default=None)
    if relieved is None:
        return "", merits
    _, name, phrase = relieved
    return name, [*merits, phrase]


def _reliefs(effect: Effect) -> Iterator[tuple[float, str, str]]:
    """Find where the photo stands out, and the look brings it nearer to the ordinary."""
    before, after = (
        dict(zip(TRAIT_NAMES, traits.as_vector(), strict=True)) for traits in (effect.before, effect.after)
    )
    for state in effect.before.describe():
        name, phrase = _RELIEFS.get(state.removeprefix("very "), ("", ""))
        colorless = effect.turns_monochrome or effect.was_monochrome
        if not phrase or (colorless and name in ("saturation", "color_temperature")):
            continue
        relief = float(abs(before[name]) - abs(after[name]))
        if relief > _TELLING_RELIEF:
            yield relief, name, phrase


def _effects(effect: Effect, told: str) -> Iterator[_Weighed]:
    """Find what the look visibly does, but for a trait that was told of."""
    if told != "key":
        yield from _tone_effects(effect, told)
    if effect.turns_monochrome:
        yield (
            9.0,
            "turns it black and white"
            if effect.after.saturation < GREY_SATURATION
            else "turns it into tones of one hue",
        )
        return
    if told != "saturation":
        ratio = effect.after.saturation / max(effect.before.saturation, 1.0)
        if abs(ratio - 1) > 0.25 and abs(effect.after.saturation - effect.before.saturation) > 3:
            yield abs(ratio - 1) * 2.5, "mutes colour" if ratio < 1 else "enriches colour"
    for name, (least, down, up) in _TINTS.items():
        change = getattr(effect.after, name) - getattr(effect.before, name)
        if abs(change) >= least and name != told:
            yield abs(change) / least / 2, up if change > 0 else down


def _tone_effects(effect: Effect, told: str) -> Iterator[_Weighed]:
    darks, lights = effect.darks_change, effect.lights_change
    contrast = effect.after.contrast - effect.before.contrast
    if min(abs(darks), abs(lights)) >= 3 and darks * lights > 0:
        yield abs(darks + lights) / 8, "brightens it" if darks > 0 else "darkens it"
    elif abs(darks) >= 3 and abs(darks) >= abs(lights):
        yield abs(darks) / 4, "lifts the dark half" if darks > 0 else "deepens the dark half"
    elif abs(lights) >= 3:
        yield abs(lights) / 4, "brightens the light half" if lights > 0 else "dims the light half"
    if abs(contrast) >= 6 and told != "contrast":
        yield abs(contrast) / 8, "adds contrast" if contrast > 0 else "softens contrast"


def _faults(effect: Effect) -> Iterator[_Weighed]:
    """Find what the look costs, by the stars that are lost."""
    costs = {name: -stars for name, stars in suitability(effect).items() if -stars >= _TELLING_STARS}
    if "skin" in costs and effect.skin_loss >= _SKIN_LOST:
        yield costs["skin"], "makes skin unnatural" if effect.skin_source == "faces" else "shifts skin-like colours"
    if "exposure" in costs:
        subject = "the face" if effect.skin_source == "faces" else "skin-like colours"
        yield costs["exposure"], f"{'darkens' if effect.skin_lightness_change < 0 else 'pales'} {subject}"
    if "clipping" in costs:
        burns = effect.burnt > effect.crushed
        share = f"{max(effect.burnt, effect.crushed):.0%}"
        yield costs["clipping"], f"burns {share} to white" if burns else f"crushes {share} to black"
    if "balance" in costs:
        grown = extremity_change(effect)
        worst = max(grown, key=lambda name: grown[name])
        deviation = effect.after.as_vector()[TRAIT_NAMES.index(worst)]
        yield costs["balance"], _EXTREMES[worst][bool(deviation > 0)]
    if "palette" in costs:
        yield costs["palette"], "draws its main colours together"
    if "movement" in costs:
        yield costs["movement"], "changes it strongly" if effect.movement > 20 else "hardly shows"


def _remembered(effect: Effect, style: str, rated: Sequence[Rated]) -> str:
    own = [rating.stars for rating in rated if rating.style == style]
    if own:
        return f"you gave it {_stars(own)}"
    similar = [rating.stars for rating in rated if effect_distance(effect, rating.effect) <= SIMILAR]
    return f"you gave similar looks {_stars(similar)}" if similar else ""


def _stars(given: Sequence[float]) -> str:
    """Write `4 stars`, or of several ratings `4.3 stars (of 3 ratings)`."""
    mean = float(np.mean(given))
    amount = f"{mean:.1f}".removesuffix(".0") + (" star" if mean == 1 else " stars")
    return amount if len(given) == 1 else f"{amount} (mean of {len(given)})"

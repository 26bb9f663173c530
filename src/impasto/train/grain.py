"""Learning the grain of references: what is typical of it over many pictures of any size.

Grain is taken for one spectrum times an amount by lightness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.style.finish import (
    BAND_FREQUENCIES,
    LIGHTNESSES,
    NUM_BANDS,
    NUM_LIGHTNESSES,
    Finish,
    Grain,
    parse_finish,
)
from impasto.train.grain_study import LEAST_DEVIATION, Floats, GrainStudy, plateau_of, study_pixels

MAX_PICTURES = 48

_LEAST_CHROMA = 0.05
_NUM_FITS = 30
_TYPICAL = 0.4
_ABOVE_CEILING = 1.4
# Towards black and white, which are too flat to tell, film has less.
_FALL = 0.4
# What one lightness has more than the next: the film's curve bends, texture jumps.
_STEEPEST, _STEEPEST_MORE = 1.8, 0.001
# JPEG below this leaves nothing of what the grain was: blocks of 8 that stand out are its doing.
_MAX_BLOCKINESS = 1.4


def check_finish(asked: str | None) -> None:
    """Raise UsageError unless `choose_finish` will understand what is asked for."""
    if asked is not None:
        parse_finish(asked, None)


def choose_finish(
    references: Sequence[Path], has_grain: bool, asked: str | None, say: Callable[[str], None]
) -> Finish | None:
    """Return what a style is to carry: the grain of its references where that is wanted, and what is asked for."""
    grain = learn_grain(references, say) if has_grain else None
    finish = parse_finish(asked, Finish(grain=grain)) if asked is not None else Finish()
    if finish.grain is None:
        finish = finish.model_copy(update={"grain": grain})
    return finish or None


def learn_grain(paths: Sequence[Path], say: Callable[[str], None]) -> Grain | None:
    """Estimate the grain of pictures, of a few dozen at most; None where they have none, or none can be seen.

    Parameters
    ----------
    paths
        Pictures at full size: one that was made smaller has lost its grain.
    say
        Told what was found.
    """
    if len(paths) > MAX_PICTURES:
        chosen = np.linspace(0, len(paths) - 1, MAX_PICTURES).round().astype(int)
        paths = [paths[index] for index in chosen]
    say(f"grain: looking at {len(paths)} {'picture' if len(paths) == 1 else 'pictures'}")
    seen = [study for study in map(_study_file, paths) if study is not None and study.shows_something]
    grainy = [study for study in seen if study.has_grain]
    sound = [study for study in grainy if study.blockiness <= _MAX_BLOCKINESS]
    if grainy and not sound:
        say("grain: every picture is compressed so strongly that little of its grain can be left")
    grain = combine_studies(sound or grainy) if 2 * len(grainy) > len(seen) else None
    if grain is None:
        say("grain: none found in the references")
        return None
    say(f"grain: {_described(grain)}")
    return grain


def _described(grain: Grain) -> str:
    peak = int(np.argmax(grain.amounts))
    tint = f", {grain.chroma:.0%} of it in colour" if grain.chroma else ""
    return f"deviation up to {grain.amounts[peak]:.1%} of white, at lightness {LIGHTNESSES[peak]:.0%}{tint}"


def _study_file(path: Path) -> GrainStudy | None:
    from impasto.media.color_profile import to_srgb  # noqa: PLC0415  imports Pillow
    from impasto.media.image_read import read_image  # noqa: PLC0415  imports Pillow

    try:
        pixels = to_srgb(read_image(path)).pixels
    except (UnreadableMediaError, MissingExtraError, OSError):
        return None
    return study_pixels(pixels)


def combine_studies(studies: Sequence[GrainStudy]) -> Grain | None:
    """Fit one spectrum, and an amount by lightness, to what pictures of any sizes tell."""
    if not studies:
        return None
    luma = _typical([study.luma for study in studies])
    fitted = _fit_product(luma)
    if fitted is None:
        return None
    powers, spectrum = fitted
    seen = np.any(np.isfinite(luma), axis=0)
    plateau = plateau_of(np.where(seen, powers.max() * spectrum, np.nan))
    if plateau is None:
        return None
    spectrum[:plateau] = np.minimum(spectrum[:plateau], spectrum[plateau])
    shape = tuple(float(value) for value in spectrum / spectrum.max())
    grain = Grain(amounts=(0.0,) * NUM_LIGHTNESSES, spectrum=shape)
    # `density` integrates to one, so what multiplies it is a variance.
    unit = float(spectrum.max() * np.dot(shape, shape) / np.dot(grain.density(BAND_FREQUENCIES), shape))
    ceilings = _typical([study.ceilings for study in studies])
    # Pixels so far apart may not show all of the deviation.
    deviations = np.fmin(np.sqrt(np.maximum(powers * unit, 0)), _ABOVE_CEILING * ceilings)
    deviations = _smooth(deviations)
    if deviations.max() < LEAST_DEVIATION:
        return None
    amounts = tuple(float(min(0.5, value)) for value in deviations)
    chroma = _chroma_share(_typical([study.chroma for study in studies]), deviations, grain)
    return grain.model_copy(update={"amounts": amounts, "chroma": chroma})


def _typical(each: Sequence[Floats]) -> Floats:
    """Return a quantile over pictures, as far as they tell anything: below the median, since texture only adds."""
    stacked = np.stack(each)
    middle = np.full(stacked.shape[1:], np.nan)
    told = np.isfinite(stacked).any(axis=0)
    middle[told] = np.nanquantile(stacked[:, told], _TYPICAL, axis=0)
    return middle


def _fit_product(luma: Floats) -> tuple[Floats, Floats] | None:
    """Return powers by lightness and a spectrum, the product of which is nearest; what nobody saw is like what is next.

    Each density counts by its frequency squared: that is how much of the variance lies in a band.
    """
    seen = np.isfinite(luma)
    weights = np.where(seen, BAND_FREQUENCIES**2, 0.0)
    values = np.where(seen, np.maximum(luma, 0), 0.0)
    if not values.any():
        return None
    spectrum = (weights * values).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-30)
    powers = np.zeros(NUM_LIGHTNESSES)
    for _ in range(_NUM_FITS):
        powers = (weights * values * spectrum).sum(axis=1) / np.maximum((weights * spectrum**2).sum(axis=1), 1e-30)
        squares = (weights * powers[:, None] ** 2).sum(axis=0)
        spectrum = (weights * values * powers[:, None]).sum(axis=0) / np.maximum(squares, 1e-30)
    if not spectrum.any() or not powers.any():
        return None
    lit, heard = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    numbers = np.arange(NUM_LIGHTNESSES)
    beyond = np.maximum(lit[0] - numbers, numbers - lit[-1]).clip(0)
    powers = np.interp(numbers, lit, powers[lit]) * _FALL**beyond
    # Slower waves than any block holds are as the slowest; faster ones than any picture shows are none.
    spectrum = np.interp(np.arange(NUM_BANDS), heard, spectrum[heard], right=0.0)
    return powers, spectrum


def _smooth(deviations: Floats) -> Floats:
    """Let no lightness have far more than those beside it."""
    for _ in range(NUM_LIGHTNESSES):
        least = np.minimum(np.append(deviations[1:], np.inf), np.append(np.inf, deviations[:-1]))
        deviations = np.minimum(deviations, _STEEPEST * least + _STEEPEST_MORE)
    return deviations


def _chroma_share(chroma: Floats, deviations: Floats, grain: Grain) -> float:
    """Return how much grain there is in colour, by the slower half of waves: compression takes the quicker ones."""
    expected = np.square(deviations)[:, None] * grain.chroma_density(BAND_FREQUENCIES)
    heard = np.flatnonzero(np.isfinite(chroma).any(axis=0))
    slow = np.zeros(NUM_BANDS, bool)
    slow[heard[: max(2, len(heard) // 2)]] = True
    counted = np.isfinite(chroma) & slow & (expected > 0)
    if not counted.any():
        return 0.0
    weights = BAND_FREQUENCIES**2 * counted
    found = float((weights * np.where(counted, chroma, 0)).sum() / max(float((weights * expected).sum()), 1e-30))
    share = float(np.sqrt(max(found, 0.0)))
    return min(1.0, share) if share >= _LEAST_CHROMA else 0.0

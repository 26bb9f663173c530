"""`Finish`: what a style lays over its result beside colour and brush, as `style.json` holds it: grain, wear, unrest.

Sizes are in picture heights (of an upright picture: its short side), so that a finish looks the same at any resolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator

from impasto.errors import UsageError

NUM_LIGHTNESSES: Final = 9
NUM_BANDS: Final = 17
LIGHTNESSES: Final = np.linspace(0, 1, NUM_LIGHTNESSES)
"""Lightness, as the luma of gamma-encoded colour in [0, 1], at which the amount of grain is given."""
BAND_FREQUENCIES: Final = 8 * 2 ** (np.arange(NUM_BANDS) / 2)
"""Cycles per picture height at which the spectrum of grain is given: 8 to 2048, two to the octave."""
MAX_AMOUNT: Final = 4.0

_EXAMPLE = "Write it as 'grain:1,dust:0.5', as one number for the strength of what the style carries, or 'off'."
_CHROMA_COARSENESS = 2.0

Floats = NDArray[np.float64]
Amount = Annotated[FiniteFloat, Field(ge=0, le=MAX_AMOUNT)]
_Deviation = Annotated[FiniteFloat, Field(ge=0, le=0.5)]
_Density = Annotated[FiniteFloat, Field(ge=0, le=1e6)]


class Grain(BaseModel):
    """Noise that is stationary but for its amount, which depends on lightness.

    Attributes
    ----------
    amounts
        Standard deviation of luma at each of `LIGHTNESSES`, white being 1, at a resolution that shows all of it.
    spectrum
        Radial power spectrum at `BAND_FREQUENCIES`, up to a factor.
    chroma
        Deviation of each of Cb and Cr, against that of luma. Their grain is twice as coarse.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    amounts: Annotated[
        tuple[_Deviation, ...], Field(min_length=NUM_LIGHTNESSES, max_length=NUM_LIGHTNESSES, strict=False)
    ]
    spectrum: Annotated[tuple[_Density, ...], Field(min_length=NUM_BANDS, max_length=NUM_BANDS, strict=False)]
    chroma: Annotated[FiniteFloat, Field(ge=0, le=2)] = 0.0

    @field_validator("spectrum")
    @classmethod
    def _has_power(cls, spectrum: tuple[float, ...]) -> tuple[float, ...]:
        if not any(spectrum):
            raise ValueError("a spectrum needs some power")
        return spectrum

    def amount_at(self, lightness: NDArray[np.floating]) -> Floats:
        """Return the standard deviation of luma at lightnesses of any shape."""
        amounts: Floats = np.interp(lightness, LIGHTNESSES, self.amounts)
        return amounts

    def density(self, frequency: NDArray[np.floating]) -> Floats:
        """Return the power density of luma at frequencies of any shape; over the whole plane it integrates to 1."""
        return spectrum_at(self.spectrum, frequency) / _power_of(self.spectrum)

    def chroma_density(self, frequency: NDArray[np.floating]) -> Floats:
        """Return that of chroma."""
        return _CHROMA_COARSENESS**2 * self.density(_CHROMA_COARSENESS * frequency)

    def scaled(self, amount: float) -> Grain:
        """Return the same grain, weaker or stronger."""
        return self.model_copy(update={"amounts": tuple(min(0.5, amount * each) for each in self.amounts)})


def spectrum_at(spectrum: tuple[float, ...] | Floats, frequency: NDArray[np.floating]) -> Floats:
    """Return a spectrum between its bands: flat below the first, and falling to nothing half an octave above the last.

    Parameters
    ----------
    spectrum
        Power densities at `BAND_FREQUENCIES`.
    frequency
        Cycles per picture height, of any shape.
    """
    octaves = np.log2(np.maximum(frequency, BAND_FREQUENCIES[0]))
    bands = np.log2(BAND_FREQUENCIES)
    density: Floats = np.interp(octaves, np.append(bands, bands[-1] + 0.5), np.append(spectrum, 0.0))
    return density


def _power_of(spectrum: tuple[float, ...]) -> float:
    """Integrate over the plane, in rings that are thin against the bands."""
    edges = np.concatenate(([0.0], BAND_FREQUENCIES[0] * 2 ** np.linspace(0, NUM_BANDS / 2, 32 * NUM_BANDS + 1)))
    middles = (edges[1:] + edges[:-1]) / 2
    return float((spectrum_at(spectrum, middles) * math.pi * np.diff(edges**2)).sum())


class Finish(BaseModel):
    """What is laid over a result. Of everything but grain, 1 is plain to see, as in a print that was shown a lot.

    Attributes
    ----------
    weave
        How far the picture wanders in the gate.
    flicker
        How much exposure changes from frame to frame.
    scratches, dust
        How many.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    grain: Grain | None = None
    weave: Amount = 0.0
    flicker: Amount = 0.0
    scratches: Amount = 0.0
    dust: Amount = 0.0

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        has_grain = self.grain is not None and any(self.grain.amounts)
        return has_grain or any(getattr(self, name) for name in WEAR)

    def scaled(self, amount: float) -> Self:
        """Return all of it weaker or stronger; none of it at 0."""
        changes: dict[str, object] = {name: min(MAX_AMOUNT, amount * getattr(self, name)) for name in WEAR}
        grain = self.grain.scaled(amount) if self.grain is not None and amount else None
        return self.model_copy(update={**changes, "grain": grain})


WEAR: Final = ("weave", "flicker", "scratches", "dust")
_PARTS: Final = ("grain", *WEAR)

USUAL_GRAIN: Final = Grain(
    amounts=(0.012, 0.022, 0.028, 0.031, 0.032, 0.03, 0.026, 0.02, 0.012),
    spectrum=tuple(float(1 / (1 + (frequency / 260) ** 2) ** 2) for frequency in BAND_FREQUENCIES),
    chroma=0.25,
)
"""For who asks for grain of a style that has learned none: that of a fast 35 mm stock, at a guess."""


def mix_finishes(weighted: Sequence[tuple[Finish | None, float]]) -> Finish | None:
    """Return the mean of finishes, with weights that sum to one; None where there is none."""
    given = [(finish, weight) for finish, weight in weighted if finish]
    if not given:
        return None
    wear = {name: sum(weight * getattr(finish, name) for finish, weight in given) for name in WEAR}
    grains = [(finish.grain, weight) for finish, weight in given if finish.grain is not None]
    return Finish(grain=_mix_grains(grains) if grains else None, **wear)


def _mix_grains(weighted: Sequence[tuple[Grain, float]]) -> Grain:
    shares = [weight * max(*grain.amounts, 1e-9) for grain, weight in weighted]
    # What grain there is more of has more of a say in how it looks.
    parts = np.array(shares) / sum(shares)
    grains = [grain for grain, _ in weighted]
    amounts = sum(weight * np.array(grain.amounts) for grain, weight in weighted)
    spectrum = sum(part * grain.density(BAND_FREQUENCIES) for grain, part in zip(grains, parts, strict=True))
    return Grain(
        amounts=tuple(float(value) for value in np.atleast_1d(amounts)),
        spectrum=tuple(float(value) for value in np.atleast_1d(spectrum / np.max(spectrum))),
        chroma=float(sum(part * grain.chroma for grain, part in zip(grains, parts, strict=True))),
    )


def parse_finish(text: str, carried: Finish | None) -> Finish:
    """Return the finish that a user asks for.

    Parameters
    ----------
    text
        One number, a strength of what is carried; `off`, which is 0; or a list such as `grain:1,dust:0.5` of all that
        there is to be, in which a part without a number counts 1. Grain is the carried one, where there is any.
    carried
        What the style says.

    Raises
    ------
    UsageError
        It is written otherwise, or is one number where nothing is carried.
    """
    number = 0.0 if text.strip().lower() == "off" else _as_number(text)
    if number is not None:
        _check_amount("finish", number)
        if not carried and number:
            raise UsageError(f"The style carries no finish that a number could scale. {_EXAMPLE}")
        return (carried or Finish()).scaled(number)
    amounts = dict(_parse_parts(text))
    grain = (carried.grain if carried else None) or USUAL_GRAIN
    strength = amounts.pop("grain", 0.0)
    return Finish(grain=grain.scaled(strength) if strength else None, **amounts)


def _parse_parts(text: str) -> Iterator[tuple[str, float]]:
    seen = set()
    for part in text.split(","):
        name, colon, written = (piece.strip() for piece in part.partition(":"))
        amount = _as_number(written) if colon else 1.0
        if name not in _PARTS or name in seen or amount is None:
            raise UsageError(f"'{text}' is no finish: its parts are {', '.join(_PARTS)}, each once. {_EXAMPLE}")
        _check_amount(name, amount)
        seen.add(name)
        yield name, amount


def _check_amount(name: str, amount: float) -> None:
    if not 0 <= amount <= MAX_AMOUNT:
        raise UsageError(f"The amount of {name} must be from 0 to {MAX_AMOUNT:g}, not {amount:g}.")


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

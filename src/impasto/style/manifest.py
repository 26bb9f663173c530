"""`Manifest`: everything one side knows about the other, as `style.json` holds it.

Reading is strict about types and ranges and silent about unknown keys: a key may be added without raising
`SCHEMA_VERSION`, and an older Impasto then ignores it. The version is raised when an older one would misread the file,
which then asks for an upgrade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, JsonValue, model_validator

from impasto.style.finish import Finish
from impasto.style.latents import parse_noise
from impasto.style.names import is_style_name

SCHEMA_VERSION: Final = 1
MAX_LISTED_REFERENCES = 256
BLEND: Final = "blend"
"""The key of a recipe that mixes other styles: which, and how much of each."""

Family = Literal["look", "paint", "dream", "restore"]


def _check_name(name: str) -> str:
    if not is_style_name(name):
        raise ValueError("cannot name a style")
    return name


def _check_noise(text: str) -> str:
    parse_noise(text)
    return text


def _check_printable(text: str) -> str:
    """Refuse what could rewrite the terminal on which a stranger's style is listed."""
    if not text.isprintable():
        raise ValueError("holds line breaks or control characters")
    return text


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
StyleName = Annotated[str, AfterValidator(_check_name)]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_check_printable)]
Key = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_check_printable)]


CurvePoint = Annotated[tuple[Annotated[int, Field(ge=0)], FiniteFloat], Field(strict=False)]
Curve = Annotated[tuple[CurvePoint, ...], Field(max_length=512, strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class SchemaVersion(_Part):
    """The one key that every version of the schema has."""

    schema_version: Annotated[int, Field(ge=1)]


class Needs(_Part):
    """What the generator must be fed, and what comes out of it.

    Attributes
    ----------
    thumbnail_side
        Side in pixels of the square thumbnail that a look is predicted from.
    lut_size
        Points per axis of the 3D LUT that a look predicts.
    multiple
        Of a paint style, or of one that restores: height and width of what its network takes are multiples of this.
    working_side
        Of a paint style: the short side in pixels of a picture as its network sees it at texture scale 1.
    simplification
        Of a paint style: the radius in pixels, at working size, of the detail that its network never sees: what it is
        fed has gone through the filter of Kuwahara. 0 for none.
    trunk
        Of a paint style: the SHA-256 of the trunk that it descends from. Styles of one trunk can be blended; None where
        it was learned from scratch.
    picture_side
        Of a dream: the side in pixels of the square pictures that it makes.
    latent_size, num_latents
        Of a dream: how many numbers one latent has, and of how many latents a picture is mixed.
    noise
        Of a dream: how latents are drawn, as `impasto.style.latents.parse_noise` takes it.
    shows_faces
        Of a dream: whether it learned faces, cut out upright.
    """

    thumbnail_side: Annotated[int, Field(ge=8, le=2048)] | None = None
    lut_size: Annotated[int, Field(ge=2, le=129)] | None = None
    multiple: Annotated[int, Field(ge=1, le=64)] | None = None
    working_side: Annotated[int, Field(ge=64, le=4096)] | None = None
    simplification: Annotated[int, Field(ge=0, le=32)] = 0
    trunk: Sha256 | None = None
    picture_side: Annotated[int, Field(ge=8, le=2048)] | None = None
    latent_size: Annotated[int, Field(ge=1, le=4096)] | None = None
    num_latents: Annotated[int, Field(ge=1, le=16)] = 1
    noise: Annotated[str, Field(max_length=40), AfterValidator(_check_noise)] = "normal"
    shows_faces: bool = False


class Sources(_Part):
    """What a style was learned from.

    Attributes
    ----------
    num_references, num_content
        Pictures used, after duplicates and unusable ones were left out.
    reference_sha256
        Hash of each reference file; empty above `MAX_LISTED_REFERENCES`.
    references_digest
        Hash over the sorted hashes of all reference files, however many.
    license_note
        What the user said about the rights to the references.
    """

    num_references: Annotated[int, Field(ge=0)] = 0
    num_content: Annotated[int, Field(ge=0)] = 0
    reference_sha256: Annotated[tuple[Sha256, ...], Field(max_length=MAX_LISTED_REFERENCES, strict=False)] = ()
    references_digest: Sha256 | None = None
    license_note: Line = ""

    @classmethod
    def of(cls, reference_hashes: Sequence[str], num_content: int, license_note: str = "") -> Self:
        """Describe references by the SHA-256 (hexadecimal) of each file."""
        hashes = tuple(sorted(reference_hashes))
        return cls(
            num_references=len(hashes),
            num_content=num_content,
            reference_sha256=hashes if len(hashes) <= MAX_LISTED_REFERENCES else (),
            references_digest=hashlib.sha256("\n".join(hashes).encode()).hexdigest(),
            license_note=license_note,
        )


class Privacy(_Part):
    """What is promised to each picture that a file was privately learned from, and how it was kept.

    Attributes
    ----------
    epsilon, delta
        One picture more or less changes the probability of any file by a factor of at most e^epsilon, but for a
        probability of delta.
    noise_multiplier
        Deviation of the noise, in each step, over what one picture can change.
    mean_noise_multiplier
        The same of the mean of the features, where there is one beside the steps.
    clipping_norm
        Length to which what a picture adds to a step is cut.
    feature_bound
        Length to which its features are cut before that; None where they cannot be longer.
    sampling_rate
        Share of the pictures that takes part in each step.
    num_pictures
        Taken as known.
    accountant
        How epsilon follows from the noise.
    neighbours
        Which sets of pictures cannot be told apart.
    known, not_covered
        What counts as known to everybody, and what the promise does not hold for.
    """

    epsilon: Annotated[FiniteFloat, Field(gt=0)]
    delta: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    noise_multiplier: Annotated[FiniteFloat, Field(gt=0)]
    mean_noise_multiplier: Annotated[FiniteFloat, Field(gt=0)] | None = None
    clipping_norm: Annotated[FiniteFloat, Field(gt=0)]
    feature_bound: Annotated[FiniteFloat, Field(gt=0)] | None = None
    sampling_rate: Annotated[FiniteFloat, Field(gt=0, le=1)]
    num_steps: Annotated[int, Field(ge=1)]
    num_pictures: Annotated[int, Field(ge=1)]
    accountant: Line
    neighbours: Line
    known: Line = ""
    not_covered: Line = ""

    def lines(self) -> dict[str, str]:
        """Return what it says, by what each line is about."""
        when = f"in each of {self.num_steps} steps" if self.num_steps > 1 else "once"
        mean = f", {self.mean_noise_multiplier:.4g} times for the mean" if self.mean_noise_multiplier else ""
        cut = f"; features cut at {self.feature_bound:g}" if self.feature_bound else ""
        share = f"{100 * self.sampling_rate:g} % of {self.num_pictures} pictures"
        return {
            "private": f"epsilon {self.epsilon:g}, delta {self.delta:g}: {self.neighbours}",
            "noise": f"{self.noise_multiplier:.4g} times the clipping norm {self.clipping_norm:g} {when}{mean}",
            "sampling": f"{share}{' in each step' if self.num_steps > 1 else ''}{cut}",
            "accountant": self.accountant,
            "known": self.known,
            "not covered": self.not_covered,
        }


class GateSign(_Part):
    """One number that the gate looks at: what is usual, and how much what is unusual counts.

    Attributes
    ----------
    center, spread
        The median over good outputs, and how far they are from it.
    above, below
        What each further spread adds to the suspicion.
    """

    name: Key
    center: FiniteFloat
    spread: Annotated[FiniteFloat, Field(gt=0)]
    above: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    below: Annotated[FiniteFloat, Field(ge=0)] = 0.0


class GateGroup(_Part):
    """One way to fail, such as "artefacts", and its signs.

    Attributes
    ----------
    bias
        The suspicion where no sign shows.
    typical
        The suspicion of outputs that did fail in this way.
    """

    failure: Key
    bias: FiniteFloat
    typical: Annotated[FiniteFloat, Field(gt=0)] = 1.0
    signs: Annotated[tuple[GateSign, ...], Field(max_length=128, strict=False)]


class GateScale(_Part):
    """What a picture is held against.

    Attributes
    ----------
    review, refuse
        The suspicions above which a picture is doubtful, and bad.
    farthest
        Spreads beyond which a number counts no more, so that no single one decides all.
    """

    groups: Annotated[tuple[GateGroup, ...], Field(max_length=8, strict=False)]
    review: FiniteFloat
    refuse: FiniteFloat
    farthest: Annotated[FiniteFloat, Field(gt=0)]


class GateModel(_Part):
    """The quality gate of a style, as `impasto.gate.calibration.calibrate` makes it; it reads it, too.

    Attributes
    ----------
    num_pictures
        Outputs that it was calibrated on; with few of them it is lenient.
    expected
        Coefficients that lead from the colours of content to those of its output, N×3.
    alone, beside
        For a picture without, and with, the content that it was made of.
    """

    num_pictures: Annotated[int, Field(ge=0)]
    expected: Annotated[
        tuple[Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat], Field(strict=False)], ...],
        Field(max_length=64, strict=False),
    ]
    alone: GateScale
    beside: GateScale


class Manifest(_Part):
    """The readable part of a style file.

    Attributes
    ----------
    needs
        Sizes that the generator asks for.
    recipe
        The training options, resolved, as plain JSON.
    metrics
        How good the validation was, by metric name, such as `{"validation_fid": 31.2}`.
    curves
        How it was learned: (step, value) pairs by title.
    thresholds
        What results of this style are held against, by metric name.
    gate
        How the quality gate judges results of this style; None where it cannot.
    finish
        The grain, and the wear of film, that belong to the style; None where nothing is laid over its results.
    privacy
        What is promised to each reference; None where nothing is.
    members
        SHA-256 of each other member of the file; `save_style` fills it in.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: StyleName
    family: Family
    description: Line = ""
    created: Annotated[date, Field(strict=False)]
    impasto_version: Line
    needs: Needs = Needs()
    recipe: dict[str, JsonValue] = Field(default_factory=dict)
    sources: Sources = Sources()
    metrics: dict[Key, FiniteFloat] = Field(default_factory=dict)
    thresholds: dict[Key, FiniteFloat] = Field(default_factory=dict)
    curves: Annotated[dict[Key, Curve], Field(max_length=16)] = Field(default_factory=dict)
    gate: GateModel | None = None
    finish: Finish | None = None
    privacy: Privacy | None = None
    members: dict[str, Sha256] = Field(default_factory=dict)

    @property
    def is_blend(self) -> bool:
        """Whether it was mixed of other styles, and never trained."""
        return BLEND in self.recipe

    @model_validator(mode="after")
    def _states_its_sizes(self) -> Self:
        if self.family == "look" and None in (self.needs.thumbnail_side, self.needs.lut_size):
            raise ValueError("a look needs needs.thumbnail_side and needs.lut_size")
        if self.family == "paint" and None in (self.needs.multiple, self.needs.working_side):
            raise ValueError("a paint style needs needs.multiple and needs.working_side")
        if self.family == "dream" and None in (self.needs.picture_side, self.needs.latent_size):
            raise ValueError("a dream needs needs.picture_side and needs.latent_size")
        if self.family == "restore" and self.needs.multiple is None:
            raise ValueError("a style that restores needs needs.multiple")
        return self

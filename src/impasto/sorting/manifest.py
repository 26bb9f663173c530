"""What a classifier says about itself, as `classifier.json` holds it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from impasto.sorting.backbones import Kind
from impasto.sorting.labels import is_label
from impasto.style.manifest import Key, Line, Privacy, Sha256

CLASSIFIER_SCHEMA_VERSION: Final = 1
MAX_CLASSES = 1000

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


def _check_label(label: str) -> str:
    # Labels become folders, so a stranger's classifier must not be able to name a place.
    if not is_label(label):
        raise ValueError("cannot name a class")
    return label


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class ClassifierSchemaVersion(_Part):
    """The one key that every version of the schema has."""

    schema_version: Annotated[int, Field(ge=1)]


class Measured(_Part):
    """How good it was in cross-validation.

    Attributes
    ----------
    accuracy, low, high
        Share of true guesses with its 95 % interval.
    coverage, sure_accuracy
        Share of pictures that it dares to label, and of those, the share of true labels.
    calibration_error
        Mean distance between confidence and truth.
    num_folds
        0 where it was not measured.
    gain
        What pictures without a label added to the accuracy; None where there were none.
    """

    accuracy: Share
    low: Share
    high: Share
    coverage: Share
    sure_accuracy: Share
    calibration_error: Share
    num_folds: Count
    gain: Annotated[FiniteFloat, Field(ge=-1, le=1)] | None = None


class ClassifierManifest(_Part):
    """The readable part of a classifier file.

    Attributes
    ----------
    labels
        The classes, in the order of the scores.
    counts
        Pictures of each that it was taught with; none where it was taught privately.
    num_unlabelled
        Pictures without a label that it learned from as well.
    backbone
        What it sees pictures with.
    temperature
        What scores are divided by, so that they mean probabilities.
    threshold, strange
        The confidence and the likeness to what was learned under which it says "unsure".
    privacy
        What is promised to each picture; None where nothing is.
    license_note
        What the user said about the rights to the pictures.
    members
        SHA-256 of each other member of the file.
    """

    schema_version: Literal[1] = CLASSIFIER_SCHEMA_VERSION
    name: Annotated[Line, Field(min_length=1)]
    description: Line = ""
    created: Annotated[date, Field(strict=False)]
    impasto_version: Line
    labels: Annotated[
        tuple[Annotated[str, AfterValidator(_check_label)], ...],
        Field(min_length=2, max_length=MAX_CLASSES, strict=False),
    ]
    counts: Annotated[tuple[Count, ...], Field(max_length=MAX_CLASSES, strict=False)] = ()
    num_unlabelled: Count = 0
    backbone: Annotated[Kind, Field(strict=False)] = Kind.FROZEN
    temperature: Annotated[FiniteFloat, Field(gt=0, le=1000)] = 1.0
    threshold: Share = 0.5
    strange: Annotated[FiniteFloat, Field(ge=-1, le=1)] = -1.0
    measured: Measured | None = None
    privacy: Privacy | None = None
    license_note: Line = ""
    members: dict[Key, Sha256] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        if len({label.casefold() for label in self.labels}) != len(self.labels):
            raise ValueError("two classes have one name")
        return self

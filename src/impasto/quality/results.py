"""What an evaluation found, as the table, the report and JSON show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from impasto.style.verdict import Verdict

GROUP_TITLES = {
    "style": "Likeness to the style",
    "content": "Sameness of content",
    "faces": "Faces",
    "paired": "Against the truth",
    "health": "Soundness",
    "video": "Over time",
}
"""Of groups of metrics, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One number over all pictures.

    Attributes
    ----------
    name
        Such as `kid`; `title` is for people.
    value
        None where the metric has no meaning for what was given; `explanation` then says why.
    explanation
        How to read it, in one sentence.
    group
        A key of `GROUP_TITLES`.
    untouched
        The same number for the contents as they were, where outputs are compared with references: what to beat.
    """

    name: str
    title: str
    value: float | None
    higher_is_better: bool
    explanation: str
    group: str
    untouched: float | None = None


@dataclass(frozen=True, slots=True)
class PictureResult:
    """One picture before and after.

    Attributes
    ----------
    metrics
        By metric name.
    badness
        Pictures are shown in falling order of it.
    """

    content_path: Path
    output_path: Path | None
    metrics: Mapping[str, float]
    badness: float
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that a report shows.

    Attributes
    ----------
    curves
        Training curves by title: (step, value) pairs.
    notes
        What the reader must know, such as which metrics have no meaning here.
    """

    title: str
    metrics: Sequence[MetricValue]
    pictures: Sequence[PictureResult]
    reference_paths: Sequence[Path] = ()
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    seconds_per_picture: float | None = None

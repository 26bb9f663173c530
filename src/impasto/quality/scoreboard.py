"""Every metric of an evaluation at work: takes in pictures one at a time, and sums up at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from impasto.errors import MissingExtraError
from impasto.quality.badness import Direction
from impasto.quality.feature_metrics import (
    FEATURE_SET_METRICS,
    FeatureDistance,
    FrechetDistance,
    StyleContentProduct,
    style_content_product,
)
from impasto.quality.features import FeatureReader, PictureFeatures
from impasto.quality.metric import Image, MeanMetric, Metric, SharedPairMetric
from impasto.quality.registry import IMAGE_METRICS, IMAGE_PAIR_METRICS, IMAGE_SET_METRICS
from impasto.quality.results import GROUP_TITLES, MetricValue

_Metric = TypeVar("_Metric", bound=Metric)
_FEW_PICTURES = 2000
_PER_PICTURE = {"color_distance", "gram_distance"}
"""Metrics against references that say something of a single output."""
_GROUP_ORDER = list(GROUP_TITLES)


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture and what the encoder sees in it."""

    image: Image
    features: PictureFeatures


class Scoreboard:
    """Holds one object of each metric, over all pictures so far.

    Parameters
    ----------
    read_features
        The encoder at work.
    """

    def __init__(self, read_features: FeatureReader) -> None:
        self._read_features = read_features
        self._totals: dict[str, Metric] = {}
        self.references: dict[str, Any] = {kind.name: kind() for kind in _REFERENCE_KINDS}
        """By name, metrics that have seen the references and nothing else; what a cache keeps."""
        self._untouched: dict[str, Any] = {kind.name: kind() for kind in _REFERENCE_KINDS}
        self._missing: dict[str, str] = {}
        self.num_references = self.num_outputs = 0

    def see(self, image: Image) -> Seen:
        """Let the encoder look at a picture."""
        return Seen(image, self._read_features(image))

    def add_reference(self, image: Image) -> None:
        """Take in one reference."""
        seen = self.see(image)
        for metric in self.references.values():
            metric.update_reference(_fitting(metric, seen))

    def add_output(self, output: Image, content: Image, target: Image | None = None) -> dict[str, float]:
        """Take in one output with its content and, where there is one, its target, all of one size.

        Returns
        -------
        The metrics that have a meaning for this output alone, by name.
        """
        seen, before = self.see(output), self.see(content)
        self.num_outputs += 1
        values: dict[str, float] = {}
        for image_kind in IMAGE_METRICS:
            values |= self._add(image_kind, lambda metric: metric.update(output))
        for kind in _REFERENCE_KINDS:
            values |= self._add_beside_references(kind, seen, before)
        for set_kind in IMAGE_SET_METRICS:
            if set_kind.compared_with == "content":
                values |= self._add(set_kind, lambda metric: _update_both(metric, output, content))
        values |= self._add_pair(output, content, target)
        values |= self._add(FeatureDistance, lambda metric: metric.update(seen.features, before.features))
        return {name: value for name, value in values.items() if np.isfinite(value)}

    def _add_pair(self, output: Image, content: Image, target: Image | None) -> dict[str, float]:
        values: dict[str, float] = {}
        pairs: dict[tuple[object, str], Any] = {}
        for kind in IMAGE_PAIR_METRICS:
            other = target if kind.compared_with == "target" else content
            if other is None:
                continue
            if issubclass(kind, SharedPairMetric):
                key = kind.pair_class, kind.compared_with
                pair = pairs[key] if key in pairs else pairs.setdefault(key, kind.pair_class(output, other))
                values |= self._add(kind, lambda metric, pair=pair: metric.update_pair(pair))  # type: ignore[misc]
            else:
                values |= self._add(kind, lambda metric, other=other: metric.update(output, other))  # type: ignore[misc]
        return values

    def _add_beside_references(self, kind: type[Any], seen: Seen, before: Seen) -> dict[str, float]:
        self._untouched[kind.name].update_output(_fitting(self._untouched[kind.name], before))
        value = self._add(kind, lambda metric: metric.update_output(_fitting(metric, seen)))
        if kind.name not in _PER_PICTURE:
            return {}
        alone = kind()
        alone.merge(self.references[kind.name])
        alone.update_output(_fitting(alone, seen))
        return {**value, kind.name: alone.compute()}

    def _add(self, kind: type[_Metric], update: Callable[[_Metric], None]) -> dict[str, float]:
        """Update an empty metric, and merge it into the total."""
        if kind.name in self._missing:
            return {}
        try:
            metric = kind()
            update(metric)
        except MissingExtraError as error:
            self._missing[kind.name] = f"{kind.title}: {error}"
            return {}
        self._totals.setdefault(kind.name, kind()).merge(metric)
        return {kind.name: metric.compute()}

    def metric_values(self) -> list[MetricValue]:
        """Return the number of each metric over all outputs, in the order of groups; call it once, at the end."""
        untouched: dict[str, float] = {}
        for name, reference in self.references.items():
            if name in self._totals:
                self._totals[name].merge(reference)
                self._untouched[name].merge(reference)
                untouched[name] = self._untouched[name].compute()
        found = {name: (metric, metric.compute()) for name, metric in self._totals.items()}
        style, content = found.get(FrechetDistance.name), found.get(FeatureDistance.name)
        if style and content:
            # From what is known already: a Fréchet distance takes seconds.
            found[StyleContentProduct.name] = StyleContentProduct(), style_content_product(content[1], style[1])
            untouched[StyleContentProduct.name] = style_content_product(0, untouched[FrechetDistance.name])
        values = [self._value(metric, number, untouched.get(name)) for name, (metric, number) in found.items()]
        return sorted(values, key=lambda value: _GROUP_ORDER.index(value.group))

    def _value(self, metric: Metric, number: float, untouched: float | None) -> MetricValue:
        finite = bool(np.isfinite(number))
        return MetricValue(
            name=metric.name,
            title=metric.title,
            value=float(number) if finite else None,
            higher_is_better=metric.higher_is_better,
            explanation=metric.explanation if finite else self._why_not(metric),
            group=metric.group,
            untouched=untouched if untouched is not None and np.isfinite(untouched) else None,
        )

    def _why_not(self, metric: Metric) -> str:
        if isinstance(metric, MeanMetric):
            return f"No value for any of these pictures. {metric.explanation}"
        if self.num_outputs < 2:
            return "No meaning for one output: give two or more."
        if self.num_references < 2 and metric.compared_with == "references":
            return "No meaning with one reference: give two or more."
        return "No meaning for these pictures."

    def notes(self, values: list[MetricValue]) -> list[str]:
        """Return what a reader of these values must know."""
        notes = list(self._missing.values())
        for reason in dict.fromkeys(value.explanation for value in values if value.value is None):
            titles = [value.title for value in values if value.value is None and value.explanation == reason]
            notes.append(f"{', '.join(titles)}: {reason}")
        if self.num_outputs >= 2 and min(self.num_outputs, self.num_references) < _FEW_PICTURES:
            notes.append(
                f"FID over {self.num_outputs} outputs and {self.num_references} references is higher than it would be "
                "over many: compare it, and ArtFID, with the same numbers only. KID is fair with few."
            )
        return notes


def directions(values: list[MetricValue]) -> Mapping[str, Direction]:
    """Return how each metric counts where pictures are ordered by how bad they are."""
    return {value.name: Direction(value.group, value.higher_is_better) for value in values}


_FEATURE_NAMES = {kind.name for kind in FEATURE_SET_METRICS}
_REFERENCE_KINDS: tuple[type[Any], ...] = (
    *FEATURE_SET_METRICS,
    *(kind for kind in IMAGE_SET_METRICS if kind.compared_with == "references"),
)


def _fitting(metric: Metric, seen: Seen) -> Image | PictureFeatures:
    """Return what a metric looks at: pixels or features."""
    return seen.features if metric.name in _FEATURE_NAMES else seen.image


def _update_both(metric: Any, output: Image, content: Image) -> None:
    metric.update_reference(content)
    metric.update_output(output)

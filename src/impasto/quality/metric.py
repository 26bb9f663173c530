"""What a metric is. Each is one class; `impasto.quality.registry` lists them.

A metric takes pictures one at a time, and keeps a state that adds up: pictures may be shared out over workers, each
with its own object, and `merge` gives what one object over all pictures would have had. A metric over one picture is
the same object after one update, so that values per picture cost nothing extra: update an empty metric, compute, then
merge it into the total. States can be pickled.

Pictures are H×W×3 float32 sRGB in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError

Image: TypeAlias = NDArray[np.float32]
"""H×W×3 sRGB in [0, 1]."""
Group: TypeAlias = Literal["style", "content", "faces", "paired", "health", "video"]
Compared: TypeAlias = Literal["content", "target", "references", "nothing"]
_Pair = TypeVar("_Pair")


class Metric(Protocol):
    """One number over all pictures.

    Attributes
    ----------
    name
        In lower case with underscores, such as `edge_agreement`.
    title, explanation
        For people: a few words, and how to read the number in one sentence.
    compared_with
        What outputs are held against: the `content` they were made of, the `target` that they should equal, the
        `references` of the style, or `nothing`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[Group]
    compared_with: ClassVar[Compared]
    higher_is_better: ClassVar[bool]
    explanation: ClassVar[str]

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class, which stays as it is."""

    def compute(self) -> float:
        """Return the number over all pictures so far, or nan where it has no meaning."""


class ImagePairMetric(Metric, Protocol):
    """Compares each output with one picture of the same size: its content or its target."""

    def update(self, image: Image, target: Image) -> None:
        """Take in one output and what it is compared with.

        Raises
        ------
        UsageError
            The sizes differ.
        """


class ImageMetric(Metric, Protocol):
    """Looks at outputs alone."""

    def update(self, image: Image) -> None:
        """Take in one output."""


class ImageSetMetric(Metric, Protocol):
    """Compares all outputs with all references, or with all contents; sizes and numbers may differ."""

    def update_reference(self, image: Image) -> None:
        """Take in one picture that outputs are compared with."""

    def update_output(self, image: Image) -> None:
        """Take in one output."""


class ClipMetric(Metric, Protocol):
    """Compares each output clip with the clip that it was made of."""

    def update(self, input_frames: Sequence[Image], output_frames: Sequence[Image]) -> None:
        """Take in one clip; all frames have one size.

        Raises
        ------
        UsageError
            The clips differ in length, or any frames in size.
        MissingExtraError
            The metric needs an extra that is not installed.
        """


class MeanMetric:
    """A state for metrics that are the mean of a value per picture; nan values are left out."""

    def __init__(self) -> None:
        self.total = 0.0
        self.count = 0

    def add(self, value: float) -> None:
        if not np.isnan(value):
            self.total += float(value)
            self.count += 1

    def merge(self, other: Self) -> None:
        """Take in the state of another object of the same class."""
        self.total += other.total
        self.count += other.count

    def compute(self) -> float:
        """Return the mean over pictures, or nan without any."""
        return self.total / self.count if self.count else float("nan")


class SharedPairMetric(MeanMetric, Generic[_Pair]):
    """A state for metrics that look at a pair of pictures in the same way, and do so once for all of them.

    Attributes
    ----------
    pair_class
        Called with an output and what that is compared with. What it holds is found when it is first asked for, so
        that one object serves every metric of its kind.
    """

    name: ClassVar[str]
    pair_class: ClassVar[type[Any]]

    def update(self, image: Image, target: Image) -> None:
        require_same_size(image, target)
        self.update_pair(self.pair_class(image, target))

    def update_pair(self, pair: _Pair) -> None:
        """Take in one output and what it is compared with, which have one size."""
        raise NotImplementedError


def require_same_size(image: Image, target: Image) -> None:
    """Raise UsageError unless two pictures have one size."""
    if image.shape != target.shape:
        sizes = " and ".join(f"{picture.shape[1]}×{picture.shape[0]}" for picture in (image, target))
        raise UsageError(f"cannot compare pictures of different sizes: {sizes}; resize one of them first")

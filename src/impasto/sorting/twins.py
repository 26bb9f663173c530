"""Which pictures are copies or near copies of each other, so that no test shows what was learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.sorting.reading import Seen

NEAR_BITS = 16
"""Bits of 64 that may differ: looser than what counts as a duplicate elsewhere, since frames of one burst should stay
together, and nothing is lost where two pictures do so by mistake."""
NEAR_CORRELATION = 0.95


def twin_groups(pictures: Sequence[Seen]) -> NDArray[np.int64]:
    """Return the number of the group that each picture is in; most are alone in theirs."""
    groups = np.arange(len(pictures))
    hashes = np.array([picture.hash_bits for picture in pictures], np.uint64)
    seen_hashes: dict[str, int] = {}
    for index, picture in enumerate(pictures):
        alike = _near(picture, hashes[:index], pictures)
        if (same := seen_hashes.setdefault(picture.sha256, index)) != index:
            alike = [*alike, same]
        for other in alike:
            groups[groups == groups[index]] = groups[other]
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _near(picture: Seen, hashes: NDArray[np.uint64], pictures: Sequence[Seen]) -> list[int]:
    differing = (hashes ^ np.uint64(picture.hash_bits)).view(np.uint8).reshape(-1, 8)
    close = np.flatnonzero(np.unpackbits(differing, axis=1).sum(axis=1) <= NEAR_BITS)
    return [
        other
        for other in close.tolist()
        if _correlation(picture.compared, pictures[other].compared) >= NEAR_CORRELATION
    ]


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first - first.mean(), second - second.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / norm if norm else float(np.array_equal(first, second))


def without_contradictions(
    pictures: Sequence[Seen], labels: Sequence[str | None]
) -> tuple[list[str | None], list[str]]:
    """Take the label from files that lie, byte for byte, in two classes; also return their names."""
    given: dict[str, set[str]] = {}
    for picture, label in zip(pictures, labels, strict=True):
        if label is not None:
            given.setdefault(picture.sha256, set()).add(label)
    torn = {digest for digest, classes in given.items() if len(classes) > 1}
    kept = [None if picture.sha256 in torn else label for picture, label in zip(pictures, labels, strict=True)]
    return kept, [picture.path.name for picture in pictures if picture.sha256 in torn]

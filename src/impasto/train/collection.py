"""The pictures to learn from: which are usable, which are left out and why, and who validates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError, NoReferencesError, UnreadableMediaError, UsageError
from impasto.media.files import find_pictures
from impasto.media.image_read import picture_size, read_thumbnail_srgb
from impasto.media.perceptual_hash import content_hash, luminance_square, perceptual_hash

Fault = Literal["duplicate", "near duplicate", "too small", "unreadable"]
Given = TypeVar("Given")
Made = TypeVar("Made")

MINIMUM_SIDE = 128
_NUM_THREADS = 2
_HASHED_SIDE = 256
_COMPARED_SIDE = 64
# Harshly recompressed, resized and brightened copies of 1,673 photos and drawings stayed within 6 bits; among distinct
# portraits none did, but near-identical drawings did, so those must also correlate.
_NEAR_BITS = 6
_NEAR_CORRELATION = 0.98


@dataclass(frozen=True, slots=True)
class Example:
    """A usable picture; `width` and `height` are upright."""

    path: Path
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A picture left out; `reason` is a clause that reads on from the path."""

    path: Path
    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found for one role ("references", "content"), in the order of the files."""

    role: str
    accepted: tuple[Example, ...]
    rejected: tuple[Rejection, ...] = ()

    @property
    def num_exact_duplicates(self) -> int:
        return self._count("duplicate")

    @property
    def num_near_duplicates(self) -> int:
        return self._count("near duplicate")

    @property
    def num_too_small(self) -> int:
        return self._count("too small")

    @property
    def num_unreadable(self) -> int:
        return self._count("unreadable")

    def _count(self, fault: Fault) -> int:
        return sum(rejection.fault == fault for rejection in self.rejected)

    def summary(self) -> str:
        """Return one line such as "references: 60 of 64 pictures (2 duplicates, 1 too small, 1 unreadable)"."""
        faults = Counter(rejection.fault for rejection in self.rejected)
        parts = [_counted(faults[fault], fault) for fault in ("duplicate", "near duplicate")]
        parts += [f"{faults[fault]} {fault}" for fault in ("too small", "unreadable") if faults[fault]]
        total = len(self.accepted) + len(self.rejected)
        left_out = f" ({', '.join(filter(None, parts))})" if self.rejected else ""
        return f"{self.role}: {len(self.accepted)} of {total} {'picture' if total == 1 else 'pictures'}{left_out}"

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each picture left out, and one where a single picture must do for everything."""
        lines = [f"left out: {rejection.path} {rejection.reason}" for rejection in self.rejected]
        if len(self.accepted) == 1:
            lines.append(f"{self.role}: one picture only, so it is also the one to validate on; give more if you can.")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Candidate:
    example: Example
    hash_bits: int
    compared: NDArray[np.uint8]


def collect(
    paths: Sequence[Path | str],
    *,
    role: str,
    minimum_side: int = MINIMUM_SIDE,
    deduplicate: bool = True,
) -> Collection:
    """Look at every picture in files and folders and keep the usable ones.

    Of duplicates the largest is kept. Each file is decoded once, small, so that a damaged one is found now.

    Raises
    ------
    NoReferencesError
        A path does not exist, there are no pictures, or none is usable.
    """
    collection = collect_all(paths, role=role, minimum_side=minimum_side, deduplicate=deduplicate)
    if not collection.accepted:
        rejected = collection.rejected
        raise NoReferencesError(
            f"{collection.summary()}: none can be used. The first, {rejected[0].path}, {rejected[0].reason}"
        )
    return collection


def collect_all(
    paths: Sequence[Path | str],
    *,
    role: str,
    minimum_side: int = MINIMUM_SIDE,
    deduplicate: bool = True,
) -> Collection:
    """Do as `collect`, where it is no error that none is usable.

    Raises
    ------
    NoReferencesError
        A path does not exist, or there are no pictures.
    """
    try:
        pictures = find_pictures(paths)
    except UnreadableMediaError as error:
        raise NoReferencesError(f"{role}: {error}") from error
    if not pictures:
        raise NoReferencesError(f"{role}: no pictures in {', '.join(map(str, paths)) or 'an empty list'}.")
    inspected = _in_threads(lambda path: _inspect(path, minimum_side), pictures)
    rejected = [found for found in inspected if isinstance(found, Rejection)]
    candidates = [found for found in inspected if isinstance(found, _Candidate)]
    if deduplicate:
        candidates, duplicates = _without_duplicates(candidates)
        position = {path: index for index, path in enumerate(pictures)}
        rejected = sorted([*rejected, *duplicates], key=lambda rejection: position[rejection.path])
    return Collection(role, tuple(candidate.example for candidate in candidates), tuple(rejected))


def split(
    collection: Collection, validation_fraction: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide by file into a training and a validation part.

    A file's place depends on its content and the seed only, so that renaming changes nothing and adding pictures moves
    few. At least one picture trains and, unless the fraction is 0, one validates; a single picture does both.

    Raises
    ------
    UsageError
        `validation_fraction` is not in [0, 1).
    """
    if not 0 <= validation_fraction < 1:
        raise UsageError(f"validation_fraction must be in [0, 1), not {validation_fraction}.")
    examples = collection.accepted
    if validation_fraction == 0:
        return examples, ()
    if len(examples) == 1:
        return examples, examples
    num_validation = min(len(examples) - 1, max(1, round(len(examples) * validation_fraction)))
    ranked = sorted(examples, key=lambda example: hashlib.sha256(f"{seed}:{example.sha256}".encode()).digest())
    chosen = {example.path for example in ranked[:num_validation]}
    train = tuple(example for example in examples if example.path not in chosen)
    return train, tuple(example for example in examples if example.path in chosen)


def load_thumbnails(examples: Iterable[Example], side: int) -> list[NDArray[np.uint8]]:
    """Read each picture in sRGB with a short side of `side` pixels, or its own size where it is smaller.

    Returns
    -------
    One H×W×3 uint8 array per example, in order.

    Raises
    ------
    UnreadableMediaError
        A file disappeared or changed since it was collected.
    """
    return _in_threads(lambda example: read_thumbnail_srgb(example.path, side, fit_short_side=True), examples)


def _in_threads(function: Callable[[Given], Made], items: Iterable[Given]) -> list[Made]:
    with ThreadPoolExecutor(_NUM_THREADS) as pool:
        return list(pool.map(function, items))


def _inspect(path: Path, minimum_side: int) -> _Candidate | Rejection:
    try:
        width, height = picture_size(path)
        if min(width, height) < minimum_side:
            return Rejection(path, "too small", f"is too small: {width}×{height}, under {minimum_side} on a side.")
        thumbnail = read_thumbnail_srgb(path, _HASHED_SIDE)
        example = Example(path, content_hash(path), width, height)
    except (UnreadableMediaError, MissingExtraError) as error:
        return Rejection(path, "unreadable", str(error).removeprefix(f"{path} "))
    except OSError as error:
        return Rejection(path, "unreadable", f"cannot be read: {error.strerror or error}.")
    compared = luminance_square(thumbnail, _COMPARED_SIDE).round().astype(np.uint8)
    return _Candidate(example, perceptual_hash(thumbnail), compared)


def _without_duplicates(candidates: list[_Candidate]) -> tuple[list[_Candidate], list[Rejection]]:
    """Keep the largest of each group of equals, and say of each other which picture it repeats."""
    kept: list[_Candidate] = []
    kept_hashes = np.empty(len(candidates), np.uint64)
    by_content: dict[str, _Candidate] = {}
    rejections = []
    for candidate in sorted(candidates, key=lambda one: -one.example.width * one.example.height):
        example = candidate.example
        if (twin := by_content.get(example.sha256)) is not None:
            reason = f"is the same file as {twin.example.path}."
            rejections.append(Rejection(example.path, "duplicate", reason))
        elif (twin := _near_twin(candidate, kept, kept_hashes[: len(kept)])) is not None:
            reason = f"shows the same as {twin.example.path}."
            rejections.append(Rejection(example.path, "near duplicate", reason))
        else:
            kept_hashes[len(kept)] = candidate.hash_bits
            kept.append(candidate)
            by_content[example.sha256] = candidate
    kept_paths = {candidate.example.path for candidate in kept}
    return [candidate for candidate in candidates if candidate.example.path in kept_paths], rejections


def _near_twin(candidate: _Candidate, kept: list[_Candidate], kept_hashes: NDArray[np.uint64]) -> _Candidate | None:
    differing = (kept_hashes ^ np.uint64(candidate.hash_bits)).view(np.uint8).reshape(-1, 8)
    distances = np.unpackbits(differing, axis=1).sum(axis=1)
    for index in np.flatnonzero(distances <= _NEAR_BITS):
        if _correlation(candidate.compared, kept[index].compared) >= _NEAR_CORRELATION:
            return kept[index]
    return None


def _correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    one, two = first - first.mean(), second - second.mean()
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / norm if norm else float(np.array_equal(first, second))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count > 1 else ''}" if count else ""

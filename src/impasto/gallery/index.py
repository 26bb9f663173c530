"""An index over the features of a library, by which the nearest of 100,000 pictures are found at once.

It holds nothing that the database does not: where it is missing, damaged or out of date it is brought up to date or
made anew, and where it cannot be kept, as on a read-only disk, or usearch is not installed, all pictures are compared.
After Y. Malkov and D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable
small world graphs", 2018, which usearch implements.
"""

from __future__ import annotations

import json
import uuid
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImpastoError
from impasto.gallery.database import Database
from impasto.gallery.feature_space import FeatureSpace, fit_space, likeness
from impasto.gallery.features import feature_weights
from impasto.gallery.records import Likeness, Vector
from impasto.media.files import write_beside

_EXPANSION = 128
_MOST_CHANGED = 0.2
_DTYPE = "f16"
_SPARSE = 2000

Found = list[tuple[int, float]]


class Index(Protocol):
    """Finds pictures by raw features."""

    def nearest(self, vector: Vector, count: int) -> Found:
        """Return the ids of the most alike and their likeness in (0, 1], the most alike first."""
        ...


@dataclass(frozen=True)
class _Stamp:
    """What an index was made of, and the file that holds its graph."""

    identity: int
    generation: int
    version: str
    num_fitted: int
    graph_name: str
    num_bytes: int


@dataclass(frozen=True, eq=False)
class _Saved:
    stamp: _Stamp
    ids: NDArray[np.int64]
    space: FeatureSpace
    graph: Any


class ExactIndex:
    """Compares with every picture."""

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32], space: FeatureSpace) -> None:
        self._ids, self._space = ids, space
        self._points = space(vectors)
        self._squares = np.square(self._points).sum(axis=1)

    def nearest(self, vector: Vector, count: int) -> Found:
        point = self._space(vector)
        distances = self._squares - 2 * (self._points @ point) + point @ point
        count = min(count, len(distances))
        nearest = np.argpartition(distances, count - 1)[:count] if count < len(distances) else np.arange(count)
        nearest = nearest[np.argsort(distances[nearest], kind="stable")]
        return list(zip(self._ids[nearest].tolist(), likeness(distances[nearest]).tolist(), strict=True))


class _GraphIndex:
    """Asks usearch."""

    def __init__(self, graph: Any, space: FeatureSpace) -> None:
        self._graph, self._space = graph, space

    def nearest(self, vector: Vector, count: int) -> Found:
        matches = self._graph.search(self._space(vector), count)
        return list(zip(map(int, matches.keys), likeness(np.asarray(matches.distances)).tolist(), strict=True))


def open_index(database: Database, kind: Likeness, version: str) -> Index | None:
    """Return an index over all pictures of a database with features of this version, or None where there are none.

    What has to be made is kept in the folder of the database, if that can be written.
    """
    folder = database.path.parent
    if find_spec("usearch") is None:
        return _exact(database, kind, version)
    # Asked before the ids are: what is added meanwhile makes the index out of date, as it should.
    generation = database.generation
    saved = _load(folder, kind, version, (database.identity, generation))
    if saved is None or saved.stamp.generation != generation:
        ids = database.ids(version)
        if not ids.size:
            return None
        if not database.writable:
            return _exact(database, kind, version)
        saved = _updated(saved, ids, database, kind, version, generation)
        with suppress(ImpastoError):  # it serves this once all the same
            _save(saved, folder, kind)
    return _GraphIndex(saved.graph, saved.space)


def _exact(database: Database, kind: Likeness, version: str) -> ExactIndex | None:
    ids = database.ids(version)
    if not ids.size:
        return None
    vectors = database.vectors(kind, ids.tolist())
    return ExactIndex(ids, vectors, fit_space(vectors, feature_weights(kind, vectors.shape[1])))


def _updated(
    saved: _Saved | None, ids: NDArray[np.int64], database: Database, kind: Likeness, version: str, generation: int
) -> _Saved:
    """Bring an index to these ids: by what came and went where that is little, anew otherwise."""
    known = saved.ids if saved else np.empty(0, np.int64)
    new, gone = np.setdiff1d(ids, known), np.setdiff1d(known, ids)
    few = saved is not None and new.size + gone.size <= _MOST_CHANGED * saved.stamp.num_fitted
    vectors = database.vectors(kind, (new if few else ids).tolist()) if new.size or not few else None
    if saved is not None and few:
        space, graph = saved.space, saved.graph
        if gone.size:
            graph.remove(gone.astype(np.uint64))
        if vectors is not None:
            _add(graph, new, space(vectors))
    else:
        assert vectors is not None
        space = fit_space(vectors, feature_weights(kind, vectors.shape[1]))
        graph = _new_graph(vectors.shape[1])
        _add(graph, ids, space(vectors))
    name = f"{kind.value}-{uuid.uuid4().hex[:8]}.usearch"
    stamp = _Stamp(database.identity, generation, version, space.num_fitted, name, graph.serialized_length)
    return _Saved(stamp, ids, space, graph)


def _new_graph(num_features: int) -> Any:
    from usearch.index import Index  # noqa: PLC0415  an extra

    return Index(ndim=num_features, metric="l2sq", dtype=_DTYPE, expansion_add=_EXPANSION, expansion_search=_EXPANSION)


def _add(graph: Any, ids: NDArray[np.int64], points: NDArray[np.float32]) -> None:
    """Add points by several threads, but the first by one: where they are few, threads miss what others just added,
    and points are left that no search reaches."""
    keys, num_first = ids.astype(np.uint64), max(0, _SPARSE - len(graph))
    for part, threads in ((slice(num_first), 1), (slice(num_first, None), 0)):
        if keys[part].size:
            graph.add(keys[part], points[part], threads=threads)


def _save(saved: _Saved, folder: Path, kind: Likeness) -> None:
    """Write the graph, then what refers to it: a reader sees both of one time, or the older ones."""
    with write_beside(folder / saved.stamp.graph_name) as beside:
        saved.graph.save(str(beside))
    with write_beside(folder / f"{kind.value}.npz") as beside:
        space = saved.space
        np.savez(beside, stamp=json.dumps(asdict(saved.stamp)), ids=saved.ids, center=space.center, scale=space.scale)
    for path in folder.glob(f"{kind.value}-*.usearch"):
        if path.name != saved.stamp.graph_name:
            path.unlink(missing_ok=True)


def _load(folder: Path, kind: Likeness, version: str, state: tuple[int, int]) -> _Saved | None:
    """Return the index that was kept, or None where there is none of use; an outdated one can be added to."""
    identity, generation = state
    try:
        with np.load(folder / f"{kind.value}.npz", allow_pickle=False) as file:
            stamp = _Stamp(**json.loads(str(file["stamp"])))
            ids, space = file["ids"], FeatureSpace(file["center"], file["scale"], stamp.num_fitted)
        path = folder / stamp.graph_name
        # usearch trusts what it reads: a file that was cut short could end the program.
        if (stamp.version, stamp.identity, stamp.num_bytes) != (version, identity, path.stat().st_size):
            return None
        graph = _new_graph(space.center.size)
        (graph.view if stamp.generation == generation else graph.load)(str(path))
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, RuntimeError):
        return None
    return _Saved(stamp, ids, space, graph) if len(graph) == len(ids) else None

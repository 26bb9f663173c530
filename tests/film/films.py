"""Films for tests of jobs, and what is to be known about results."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from film_clips import decoded_pts, get_planes, make_film, packet_bytes
from numpy.typing import NDArray

from impasto.film.folder import JOB_SUFFIX

LOSSLESS = {"qp": "0"}


def short_film(path: Path | str, **fields: Any) -> Path:
    """A film of two shots with sound, 40 frames."""
    return make_film(path, **({"frames": 40, "size": (96, 64), "cuts": (17,), "audio": 1} | fields))


def lumas(path: Path | str) -> list[NDArray[Any]]:
    """The luma of each picture."""
    with av.open(str(path)) as container:
        return [get_planes(frame)[0] for frame in container.decode(video=0)]


def streams(path: Path | str) -> list[tuple[str, str]]:
    with av.open(str(path)) as container:
        return [
            (stream.type, stream.codec_context.name if stream.codec_context else "") for stream in container.streams
        ]


def assert_all_else_is_kept(source: Path | str, output: Path | str) -> None:
    """Check that nothing but pictures has changed."""
    assert decoded_pts(output) == decoded_pts(source)
    for kind in ("audio", "subtitle"):
        assert packet_bytes(output, kind) == packet_bytes(source, kind)
    assert streams(output) == streams(source)


def job_folder(output: Path | str) -> Path:
    output = Path(output)
    return output.with_name(output.name + JOB_SUFFIX)


def digests(folder: Path) -> list[str]:
    """The digest of each frame that a job has kept, in order."""
    records = [json.loads(path.read_text()) for path in sorted((folder / "units").glob("*.json"))]
    return [digest for record in records for digest in record["digests"]]


def keep_digests(monkeypatch: Any) -> list[list[str]]:
    """Return a list that gets the digests of each job in this process when it ends."""
    from impasto.film.folder import JobFolder

    kept: list[list[str]] = []
    remove: Callable[[JobFolder], None] = JobFolder.remove

    def noted(folder: JobFolder) -> None:
        kept.append(digests(folder.path))
        remove(folder)

    monkeypatch.setattr(JobFolder, "remove", noted)
    return kept


def last_pts(path: Path) -> Fraction:
    return decoded_pts(path)[-1]


def mean_difference(a: list[NDArray[Any]], b: list[NDArray[Any]]) -> float:
    pairs = zip(a, b, strict=True)
    return float(np.mean([np.abs(x.astype(float) - y.astype(float)).mean() for x, y in pairs]))

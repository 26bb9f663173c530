"""Walks as films."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputError

av = pytest.importorskip("av")

from impasto.export.dream_film import check_film_suffix, write_walk  # noqa: E402


def pictures(count: int) -> list[np.ndarray]:
    return [np.full((48, 48, 3), (40 + 10 * index, 90, 200 - 10 * index), np.uint8) for index in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_walk_is_written_picture_by_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"walk{suffix}"
    assert write_walk(path, iter(pictures(9)), 12) == 9
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
        assert stream.average_rate == Fraction(12)
        assert stream.codec_context.pix_fmt == "yuv420p"
    assert len(frames) == 9
    for frame, picture in zip(frames, pictures(9), strict=True):
        assert np.abs(frame.astype(int) - picture).mean() < 6


def test_what_fails_on_the_way_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> object:
        yield pictures(1)[0]
        raise RuntimeError("the network failed")

    with pytest.raises(RuntimeError, match="network"):
        write_walk(tmp_path / "walk.mp4", failing(), 12)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_other_containers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.mp4, \.mov, \.mkv"):
        check_film_suffix(tmp_path / "walk.gif")


def test_without_pyav_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from impasto.errors import MissingExtraError\n"
        "try:\n    import impasto.export.dream_film\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "impasto[video]" in done.stdout

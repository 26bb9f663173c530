"""What is sent to machines that see no files."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OutputError, UnreadableMediaError
from impasto.film.folder import JobFolder
from impasto.film.parcels import pack, put_together, take_apart, unpack, write_files


def test_paths_below_a_place_move_with_it() -> None:
    packed = pack(
        {
            "plan": Path("job/plan.json"),
            "job": Path("job"),
            "film": Path("a/film.mov"),
            "other": Path("a/b.mov"),
            "n": 1,
        },
        {"folder": Path("job"), "source": Path("a/film.mov")},
    )
    assert unpack(packed, {"folder": Path("/copies"), "source": Path("/tmp/x/film.mov")}) == {
        "plan": Path("/copies/plan.json"),
        "job": Path("/copies"),
        "film": Path("/tmp/x/film.mov"),
        "other": Path("a/b.mov"),
        "n": 1,
    }


def test_objects_that_hold_paths_are_found_anew() -> None:
    packed = pack(JobFolder(Path("/here/out.mp4.impasto-job"), ".mp4"), {"folder": Path("/here/out.mp4.impasto-job")})
    folder = unpack(packed, {"folder": Path("/there")})
    assert folder.plan_path == Path("/there/plan.json")


def test_what_was_packed_is_not_read_without_its_places() -> None:
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(pack(Path("job"), {"folder": Path("job")}))


@given(st.binary(max_size=200), st.integers(1, 70))
def test_a_file_is_what_its_parts_are(tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int) -> None:
    folder = tmp_path_factory.mktemp("parts")
    (folder / "a").write_bytes(content)
    parts = take_apart(folder / "a", bytes, size)
    assert all(len(part) <= size for _, part in parts)
    put_together(folder / "b", parts, bytes)
    assert (folder / "b").read_bytes() == content


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(3):
        (tmp_path / "a" / f"{number}.exr").write_bytes(bytes([number]) * (number * 7))
    store: list[bytes] = []

    def put(part: bytes) -> int:
        store.append(part)
        return len(store) - 1

    parts = take_apart(tmp_path / "a", put, 4)
    assert all(type(reference) is int for _, reference in parts)
    put_together(tmp_path / "b", parts, store.__getitem__)
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == {
        "0.exr": b"",
        "1.exr": b"\1" * 7,
        "2.exr": b"\2" * 14,
    }


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match=r"film\.mp4 cannot be read"):
        take_apart(tmp_path / "film.mp4", bytes)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        put_together(tmp_path / "nowhere" / "a", (("", b"x"),), bytes)


def test_files_that_are_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b"old")
    write_files(tmp_path, [("plan.json", b"new"), ("styles/0.style", b"s")])
    assert (tmp_path / "plan.json").read_bytes() == b"old"
    assert (tmp_path / "styles" / "0.style").read_bytes() == b"s"
    assert {path.name for path in tmp_path.rglob("*")} == {"plan.json", "styles", "0.style"}

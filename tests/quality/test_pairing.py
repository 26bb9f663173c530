from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import UnreadableMediaError, UsageError
from impasto.quality.pairing import pair_by_place, pictures_in


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_pairs_share_their_place_and_not_their_suffix(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    touch(before / "a.jpg", before / "day 2" / "a.jpg", before / "b.v2.png")
    touch(after / "a.PNG", after / "day 2" / "a.webp", after / "b.v2.jpg")
    pairs, notes = pair_by_place(pictures_in([before], "content"), after, "outputs")
    assert pairs == {
        before / "a.jpg": after / "a.PNG",
        before / "b.v2.png": after / "b.v2.jpg",
        before / "day 2" / "a.jpg": after / "day 2" / "a.webp",
    }
    assert notes == []


def test_a_picture_given_by_itself_is_paired_by_its_name(tmp_path: Path) -> None:
    touch(tmp_path / "deep" / "a.jpg", tmp_path / "out" / "a.jpg")
    pairs, _ = pair_by_place(pictures_in([tmp_path / "deep" / "a.jpg"], "content"), tmp_path / "out", "outputs")
    assert list(pairs.values()) == [tmp_path / "out" / "a.jpg"]


def test_what_is_without_a_partner_is_named(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    touch(*(before / f"{name}.jpg" for name in "abcdefgh"), after / "a.jpg", after / "z.jpg")
    pairs, notes = pair_by_place(pictures_in([before], "content"), after, "outputs")
    assert list(pairs) == [before / "a.jpg"]
    lonely, strays = notes
    assert str(before / "b.jpg") in lonely
    assert "and 2 more" in lonely
    assert "outputs" in lonely
    assert str(after / "z.jpg") in strays
    assert "without the suffix" in lonely


def test_no_pair_at_all_is_an_error_that_shows_both_sides(tmp_path: Path) -> None:
    touch(tmp_path / "before" / "a.jpg", tmp_path / "after" / "a-kodak.jpg")
    with pytest.raises(UsageError, match=r"a-kodak\.jpg against .*a\.jpg.*without the suffix"):
        pair_by_place(pictures_in([tmp_path / "before"], "content"), tmp_path / "after", "outputs")


@pytest.mark.parametrize("twice", ["before", "after"])
def test_two_that_could_be_meant_are_refused(tmp_path: Path, twice: str) -> None:
    touch(tmp_path / "before" / "a.jpg", tmp_path / "after" / "a.jpg", tmp_path / twice / "a.png")
    with pytest.raises(UsageError, match=r"a\.jpg and .*a\.png have one place.*rename one"):
        pair_by_place(pictures_in([tmp_path / "before"], "content"), tmp_path / "after", "outputs")


def test_empty_and_missing_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"outputs: no pictures in .*empty"):
        pair_by_place({tmp_path / "a.jpg": "a"}, tmp_path / "empty", "outputs")
    with pytest.raises(UsageError, match="content: no pictures in an empty list"):
        pictures_in([], "content")
    with pytest.raises(UnreadableMediaError, match="does not exist"):
        pictures_in([tmp_path / "none"], "content")

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import UnreadableMediaError, UsageError
from impasto.gate.checking import check_files, draw_map, find_contents, places_of
from impasto.gate.gate import Gate
from impasto.style.verdict import Judgement

from .pictures import photo, warm


def save(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture(scope="module")
def gate(make_style) -> Gate:
    return Gate(make_style())


def test_places_are_beneath_what_was_given(tmp_path):
    inner = save(tmp_path / "out" / "day 1" / "a.png", photo(0))
    single = save(tmp_path / "b.png", photo(0))
    assert places_of([tmp_path / "out", single]) == {inner: Path("day 1/a.png"), single: Path("b.png")}


def test_nothing_to_check_is_said(tmp_path):
    with pytest.raises(UsageError, match="no picture"):
        places_of([tmp_path])
    with pytest.raises(UnreadableMediaError, match="does not exist"):
        places_of([tmp_path / "none"])


@pytest.mark.parametrize(
    ("output", "content", "fits"),
    [
        ("a.jpg", "a.png", True),
        ("day 1/a.jpg", "day 1/a.CR2", True),
        ("day 1/a.jpg", "day 2/a.jpg", False),
        ("a-warm.jpg", "a.jpg", True),
        ("a-other.jpg", "a.jpg", False),
        ("b.jpg", "a.jpg", False),
    ],
)
def test_contents_are_found_by_their_place(output, content, fits):
    outputs, contents = {Path("out", output): Path(output)}, {Path("in", content): Path(content)}
    expected = {Path("out", output): Path("in", content)} if fits else {}
    assert find_contents(outputs, contents, "warm") == expected


def test_a_picture_is_not_its_own_content(tmp_path):
    path = save(tmp_path / "a.png", photo(0))
    assert find_contents({path: Path("a.png")}, {path: Path("a.png")}, "warm") == {}


def test_files_are_judged_one_by_one(gate, tmp_path):
    good, bad = save(tmp_path / "a.png", warm(photo(700))), save(tmp_path / "b.png", photo(701))
    contents = {good: save(tmp_path / "in" / "a.png", photo(700)), bad: save(tmp_path / "in" / "b.png", photo(701))}
    seen: list[tuple[int, int]] = []
    checked = list(check_files(gate, places_of([good, bad]), contents, lambda *each: seen.append(each)))
    assert [each.verdict.judgement for each in checked] == [Judgement.PASS, Judgement.REFUSE]
    assert [each.content for each in checked] == list(contents.values())
    assert seen == [(1, 2), (2, 2)]
    assert [each.map_picture for each in checked] == [None, None]


def test_one_that_cannot_be_read_does_not_stop_the_rest(gate, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    save(tmp_path / "b.png", warm(photo(700)))
    broken, fine = check_files(gate, places_of([tmp_path]), {})
    assert broken.verdict is None
    assert "a.png" in broken.error
    assert fine.verdict is not None


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_any_mode_is_checked(gate, tmp_path, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(warm(photo(700))).convert(mode).save(path)
    [checked] = check_files(gate, places_of([path]), {}, with_maps=True)
    assert checked.verdict is not None
    assert checked.map_picture.shape == (144, 192, 3)


def test_a_map_is_red_where_it_is_worst():
    where = np.zeros((4, 6), np.float32)
    where[0, 0] = 1
    drawn = draw_map(photo(0), where).astype(int)
    assert drawn.shape == photo(0).shape
    assert drawn[5, 5, 0] > drawn[5, 5, 2] + 80
    assert (drawn[-1, -1] == drawn[-1, -1, 0]).all()

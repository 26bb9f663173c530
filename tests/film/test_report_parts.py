"""The parts of a film report: the strip, the rows, the numbers at the top."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html_page import Page
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from impasto.film.report_numbers import strength_text, time_text, verdict_text
from impasto.film.report_page import film_page
from impasto.film.report_pictures import ShotPictures, film_strip
from impasto.film.report_rows import shots_table, work_section
from impasto.film.reported import FilmReport, ReportedShot, Totals, save_thumbnails
from impasto.film.shot_verdict import Setting, ShotVerdict
from impasto.film.shot_view import jpeg_bytes
from impasto.quality.report_markup import filled
from impasto.style.verdict import Judgement

from .report_cases import report, shot

NO_PICTURES = {"before": b"", "after": b""}
RED, BLUE = (200, 30, 30), (30, 30, 200)


def as_page(piece: Any) -> Page:
    return Page("".join(filled("${piece}", piece=piece)))


def strip_of(*shots: ReportedShot) -> Page:
    told = report(*shots)
    return as_page(film_strip(told, ShotPictures(told)))


def table_of(told: FilmReport) -> Page:
    return as_page(shots_table(told, ShotPictures(told)))


def decoded(uri: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def plain(color: tuple[int, int, int], size: tuple[int, int] = (160, 90)) -> bytes:
    return jpeg_bytes(np.full((size[1], size[0], 3), color, np.uint8))


def colored(index: int, before: tuple[int, int, int], after: tuple[int, int, int], **fields: Any) -> ReportedShot:
    return shot(index, pictures={"before": plain(before), "after": plain(after)}, **fields)


# --- The strip --------------------------------------------------------------------


def test_each_shot_is_as_long_in_the_strip_as_in_the_film() -> None:
    shots = (colored(0, RED, BLUE, start=0, stop=30), colored(1, BLUE, RED, start=30, stop=120))
    before, after = (decoded(each["src"]) for each in strip_of(*shots).all("img"))
    assert before.shape == after.shape == (120, 2400, 3)
    for picture, first, second in ((before, RED, BLUE), (after, BLUE, RED)):
        assert np.abs(picture[:, :590].astype(int) - first).max() < 12
        assert np.abs(picture[:, 610:].astype(int) - second).max() < 12


def test_a_long_shot_repeats_its_picture_and_a_short_one_shows_its_middle() -> None:
    halves = np.full((90, 160, 3), RED, np.uint8)
    halves[:, 80:] = BLUE
    pictures = {"before": jpeg_bytes(halves), "after": jpeg_bytes(halves)}
    long = decoded(strip_of(shot(0, pictures=pictures)).all("img")[0]["src"])
    turns = np.abs(np.diff((long[60, :, 0] > 115).astype(int))).sum()
    assert turns == 2 * round(2400 / (120 * 160 / 90)) - 1

    short = shot(1, start=2399, stop=2409, pictures=pictures)
    strip = decoded(strip_of(colored(0, RED, RED, start=0, stop=2399), short).all("img")[0]["src"])
    end = strip[60, -10:].astype(int)
    assert end[0, 0] > end[0, 2]  # the red half is on the left of its middle,
    assert end[-1, 2] > end[-1, 0]  # the blue half on the right


def test_a_shot_without_pictures_is_grey() -> None:
    found = strip_of(shot(0, pictures=NO_PICTURES), colored(1, RED, RED))
    grey = decoded(found.all("img")[0]["src"])[:, :1190]
    assert np.abs(grey.astype(int) - 128).max() < 12


def test_marks_below_the_strip_say_what_the_gate_said() -> None:
    found = strip_of(shot(0), shot(1, Judgement.REVIEW, "pale"), shot(2, Judgement.REFUSE, "torn"), shot(3, None))
    assert [each["class"] for each in found.all("rect", "mark")] == [
        "mark pass",
        "mark review",
        "mark refuse",
        "mark unknown",
    ]
    assert "Shot 2, 0:02.0, Review (pale)" in found.text
    assert "Shot 4, 0:06.0, Not judged" in found.text


def test_the_ruler_goes_from_the_first_frame_to_the_last() -> None:
    found = strip_of(shot(0, start=48, stop=96), shot(1, start=96, stop=240))
    marks = re.findall(r'class="ruler">(.*?)</p>', found.source)[0]
    assert re.findall(r"<span>(.*?)</span>", marks) == ["0:02.0", "0:04.0", "0:06.0", "0:08.0", "0:10.0"]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40))
def test_places_follow_each_other_without_gaps(lengths: list[int]) -> None:
    from impasto.film.report_pictures import _edges

    stops = np.cumsum(lengths).tolist()
    shots = [
        shot(number, pictures=NO_PICTURES, start=stop - length, stop=stop)
        for number, (length, stop) in enumerate(zip(lengths, stops, strict=True))
    ]
    edges = _edges(shots)
    assert (edges[0][0], edges[-1][1]) == (0, 2400)
    assert all(left <= right for left, right in edges)
    assert all(first[1] == second[0] for first, second in pairwise(edges))


def test_without_any_picture_there_is_no_strip() -> None:
    assert strip_of(shot(0, pictures=NO_PICTURES)).source == ""
    assert strip_of().source == ""


# --- The rows -----------------------------------------------------------------------


def test_a_row_shows_before_on_the_left_and_after_on_the_right() -> None:
    (image,) = table_of(report(colored(0, RED, BLUE))).all("img")
    pair = decoded(image["src"])
    assert pair.shape == (int(image["height"]), int(image["width"]), 3)
    middle = pair.shape[1] // 2
    assert np.abs(pair[:, : middle - 9].astype(int) - RED).max() < 12
    assert np.abs(pair[:, middle + 9 :].astype(int) - BLUE).max() < 12


def test_pictures_of_different_sizes_stand_side_by_side() -> None:
    different = {"before": plain(RED, (160, 90)), "after": plain(BLUE, (120, 90))}
    (image,) = table_of(report(shot(0, pictures=different))).all("img")
    assert (image["width"], image["height"]) == ("320", "90")


def test_what_was_kept_in_a_folder_is_shown(tmp_path: Path) -> None:
    full = shot(3)
    save_thumbnails(tmp_path, full.decision)
    bare = replace(full, decision=replace(full.decision, before=b"", after=b""))
    assert table_of(report(bare)).all("img") == []
    assert len(table_of(report(bare, thumbnails_dir=tmp_path)).all("img")) == 1


def test_a_damaged_picture_does_not_stop_the_report(tmp_path: Path) -> None:
    full = shot(0)
    save_thumbnails(tmp_path, full.decision)
    next(tmp_path.glob("*-after.jpg")).write_bytes(b"half a JPEG")
    bare = replace(full, decision=replace(full.decision, before=b"", after=b""))
    assert len(table_of(report(bare, thumbnails_dir=tmp_path)).all("img")) == 1


def test_the_strength_of_a_shot_is_that_of_the_whole_style() -> None:
    told = report(shot(0), film=replace(report().film, strength=0.8))
    assert strength_text(told, Setting()) == "80\u202f%"
    assert strength_text(told, Setting(0.5)) == "40\u202f%"
    assert strength_text(told, Setting(0.75, is_steady=True)) == "60\u202f%, steadied"


def test_a_changed_strength_stands_out() -> None:
    found = table_of(report(shot(0), shot(1, setting=Setting(0.5))))
    assert found.source.count("<b>") == 1
    assert "<b>50\u202f%</b>" in found.source


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (ShotVerdict(), "Not judged"),
        (ShotVerdict(Judgement.PASS), "Pass"),
        (ShotVerdict(Judgement.REFUSE, "torn"), "Refused (torn)"),
    ],
)
def test_verdicts_in_a_line(verdict: ShotVerdict, text: str) -> None:
    assert verdict_text(verdict) == text


def test_every_cell_that_is_sorted_by_has_a_number() -> None:
    found = table_of(report(shot(0), shot(1, Judgement.REFUSE, "torn", setting=Setting(0.5))))
    kinds = [each["data-sort"] for each in found.all("button")]
    for kind in kinds:
        cells = found.all("th" if kind == "number" else "td", kind)
        values = [float(each["data-value"]) for each in cells if "data-value" in each]
        assert len(values) == 2, kind
    gate = [float(each["data-value"]) for each in found.all("td", "gate")]
    assert gate[1] > gate[0]


@given(st.floats(0, 400_000))
def test_times_are_told_apart_to_a_tenth(seconds: float) -> None:
    text = time_text(seconds)
    *hours, minutes, rest = text.split(":")
    told = 3600 * int(hours[0] if hours else 0) + 60 * int(minutes) + float(rest)
    assert told == pytest.approx(seconds, abs=0.051)
    assert float(rest) < 60


# --- Work and totals ----------------------------------------------------------------


def test_work_is_shown_most_first_and_adds_up() -> None:
    found = as_page(work_section({"decode": 1.0, "network": 6.0, "some_step": 3.0}))
    assert re.findall(r"<dt>(.*?)</dt>", found.source) == ["Network", "Some step", "Decode"]
    shares = [float(each["width"]) for each in found.all("rect", "share")]
    assert shares == [60, 30, 10]


@pytest.mark.parametrize("seconds", [{}, {"decode": 0.0}])
def test_work_that_nobody_measured_is_not_shown(seconds: dict[str, float]) -> None:
    assert work_section(seconds) == ()


def test_totals() -> None:
    totals = Totals(20.0, 480, {"network": 30.0, "encode": 10.0}, 2)
    assert (totals.frames_per_second, totals.network_share) == (24, 0.75)
    look = Totals(0.0, 480, {"look": 1.0})
    assert (look.frames_per_second, look.network_share) == (None, None)


def test_figures_are_only_what_is_known() -> None:
    told = report(shot(0, None, flicker=None, warping_in=None), totals=Totals(10.0, 240, {"look": 1.0}, 1))
    text = Page("".join(film_page(told))).text
    assert "frames a second 1 worker, all included 24" in text
    assert "network" not in text
    assert "flicker, before and after" not in text
    assert "warping" not in text.lower()


def test_a_film_of_which_little_is_known_has_a_short_lead() -> None:
    bare = replace(report().film, width=0, height=0, frame_rate=None, duration=None, codec="", gate_mode="off")
    text = Page("".join(film_page(report(shot(0), film=bare)))).text
    assert "1 shot, 720 frames. Strength 100 %, gate off." in text

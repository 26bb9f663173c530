"""What is told of a film: put together from units, as JSON, and as one file that loads nothing."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from html_page import Page

from impasto.errors import OutputError
from impasto.film import report_pictures
from impasto.film.report_numbers import change_text, flicker_change, percent_text, time_text, warping_ratio
from impasto.film.shot_meter import ShotMeter
from impasto.film.shot_report import (
    FilmReport,
    Totals,
    film_report_as_json,
    read_thumbnails,
    report_shots,
    save_thumbnails,
    write_film_report,
)
from impasto.film.shot_verdict import Setting, ShotDecision, ShotTry, ShotVerdict
from impasto.style.verdict import Judgement

from .report_cases import Shot, frame, report, shot

HOSTILE = "<script>alert(1)</script>\"'"
NO_PICTURES = {"before": b"", "after": b""}


def page(told: FilmReport, folder: Path) -> Page:
    path = folder / "report.html"
    write_film_report(path, told)
    return Page(path.read_text(encoding="utf-8"))


# --- Putting together -----------------------------------------------------------


def test_shots_decisions_and_units_are_put_together() -> None:
    meter = ShotMeter()
    for index in range(6):
        meter.add(frame(index, 50, shot=index // 3), frame(index, 50 + 8 * (index % 2)))
    decisions = [ShotDecision(1, Setting(0.5)), ShotDecision(0)]
    first, second, third = report_shots(
        [Shot(0, 0, 3), Shot(1, 3, 6, "dissolve"), Shot(2, 6, 9)], decisions, [meter.record()], {1: 2.5}
    )
    assert [each.decision.setting.strength for each in (first, second, third)] == [1, 0.5, 1]
    assert first.flicker is not None
    assert (first.flicker.content, first.flicker.output) == (0, 8)
    assert third.flicker is None
    assert (first.seconds, second.seconds) == (None, 2.5)
    assert (second.start_time, second.stop_time, second.transition) == (0.125, 0.25, "dissolve")


def test_pictures_are_kept_beside_a_plan(tmp_path: Path) -> None:
    told = shot(12).decision
    save_thumbnails(tmp_path, told)
    stored = ShotDecision.from_json(told.as_json())
    assert read_thumbnails(tmp_path, stored) == (told.before, told.after)
    assert read_thumbnails(tmp_path, ShotDecision(13)) is None
    assert read_thumbnails(None, stored) is None
    assert read_thumbnails(None, told) == (told.before, told.after)


def test_a_decision_without_pictures_leaves_none(tmp_path: Path) -> None:
    save_thumbnails(tmp_path, ShotDecision(0))
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_cannot_be_kept_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_thumbnails(tmp_path / "gone", shot().decision)


# --- JSON -----------------------------------------------------------------------


def test_json_holds_all_that_a_pipeline_needs(tmp_path: Path) -> None:
    tries = (ShotTry(Setting(), ShotVerdict(Judgement.REFUSE, "bands")), ShotTry(Setting(0.75), ShotVerdict()))
    told = report(shot(0), shot(1, Judgement.REVIEW, "pale", setting=Setting(0.75), tries=tries), notes=["a note"])
    write_film_report(tmp_path / "report.json", told)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["film"]["source"] == "a film.mp4"
    assert stored["film"]["gate"] == "retry"
    totals = stored["totals"]
    assert (totals["frames_per_second"], totals["network_share"], totals["shots"]) == (24, 0.5, 2)
    assert totals["verdicts"] == {"pass": 1, "review": 1, "refuse": 0}
    second = stored["shots"][1]
    assert (second["shot"], second["start"], second["verdict"], second["reason"]) == (1, 48, "review", "pale")
    assert (second["strength"], second["flicker_out"], second["warping_out"]) == (0.75, 0.25, 1.2)
    assert [each["verdict"] for each in second["tries"]] == ["refuse", None]
    assert stored["notes"] == ["a note"]


def test_html_comes_with_the_same_json_beside_it(tmp_path: Path) -> None:
    told = report(shot(0))
    write_film_report(tmp_path / "mine.html", told)
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8")) == film_report_as_json(told)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.html", "mine.json"]


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    told = report(shot(0, seconds=math.nan, flicker=None, warping_in=None), totals=Totals(0.0, 0))
    write_film_report(tmp_path / "report.json", told)
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["shots"][0]["seconds"] is stored["shots"][0]["flicker_in"] is None
    assert stored["totals"]["frames_per_second"] is stored["totals"]["network_share"] is None


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr("impasto.film.report_page.film_page", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_film_report(path, report(shot(0)))
    assert path.read_text(encoding="utf-8") == "old"


# --- Words and numbers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (7.46, "0:07.5"), (59.96, "1:00.0"), (3599.99, "1:00:00.0"), (7384.2, "2:03:04.2")],
)
def test_places_in_a_film(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_shares_and_changes() -> None:
    assert percent_text(0.543) == "54.3\u202f%"
    assert percent_text(1) == "100\u202f%"
    assert change_text(1, 12.34) == "1.00 → 12.3"
    assert change_text(None, 1) == change_text(1, None) == "–"


def test_long_shots_weigh_more_in_the_mean_flicker() -> None:
    from impasto.film.shot_meter import ShotFlicker

    told = [shot(0, start=0, stop=30, flicker=ShotFlicker(1, 2, 0)), shot(1, start=30, stop=40, flicker=None)]
    assert flicker_change(told) == (1, 2)
    told.append(shot(2, start=40, stop=50, flicker=ShotFlicker(5, 6, 0)))
    assert flicker_change(told) == (2, 3)
    assert flicker_change(told[1:2]) is None


def test_the_mean_ratio_leaves_out_what_was_not_measured() -> None:
    assert warping_ratio([shot(0, warping_in=None)]) is None
    told = [shot(0, warping_in=0.75, warping_out=1.75), shot(1, warping_in=None)]
    assert warping_ratio(told) == 2


# --- The page ---------------------------------------------------------------------


def test_the_page_tells_of_the_whole_and_of_each_shot(tmp_path: Path) -> None:
    told = report(shot(0), shot(1, Judgement.REFUSE, "artefacts: bands"), shot(2, None), notes=["Resumed once."])
    text = page(told, tmp_path).text
    for words in (
        "a film. mp4 in kodak",
        "2 min 0 s, 3 shots, 720 frames, 1920 × 1080, 24 frames a second, h264.",
        "Strength 100 %, gate retry.",
        "1 pass 1 refused",
        "of the work in the network 50 %",
        "Refused artefacts: bands",
        "Not judged",
        "0:04.0",
        "Network 50 % 12 s",
        "Resumed once.",
    ):
        assert words in text


def test_every_shot_has_a_row_that_the_strip_leads_to(tmp_path: Path) -> None:
    found = page(report(*(shot(number) for number in range(5))), tmp_path)
    rows = [each["id"] for each in found.all("tr") if "id" in each]
    links = [each["href"][1:] for each in found.all("a") if each["href"].startswith("#shot-")]
    assert rows == links == [f"shot-{number}" for number in range(1, 6)]


def test_shots_to_look_at_come_worst_first(tmp_path: Path) -> None:
    tries = (ShotTry(Setting(), ShotVerdict(Judgement.REFUSE, "bands")), ShotTry(Setting(0.75), ShotVerdict()))
    told = report(
        shot(0),
        shot(1, Judgement.REVIEW, "pale"),
        shot(2, setting=Setting(0.75), tries=tries),
        shot(3, Judgement.REFUSE, "torn"),
    )
    found = page(told, tmp_path)
    assert [each["id"] for each in found.all("article")] == ["picture-4", "picture-2", "picture-3"]
    assert "To look at, worst first" in found.text
    assert "100 % Refused (bands)" in found.text  # what was tried on shot 3


def test_where_all_is_well_some_shots_are_shown(tmp_path: Path) -> None:
    found = page(report(*(shot(number) for number in range(30))), tmp_path)
    assert len(found.all("article")) == 6
    assert "6 shots of 30" in found.text
    assert "To look at" not in found.text


def test_more_than_a_wall_of_doubts_are_counted(tmp_path: Path) -> None:
    found = page(report(*(shot(number, Judgement.REVIEW, "pale") for number in range(20))), tmp_path)
    assert len(found.all("article")) == 12
    assert "8 more in the table below." in found.text


def test_columns_that_nothing_is_known_for_are_left_out(tmp_path: Path) -> None:
    told = report(shot(0, None, flicker=None, warping_in=None, seconds=None), totals=Totals(1.0, 48))
    found = page(told, tmp_path)
    assert [each["data-sort"] for each in found.all("button") if "data-sort" in each] == ["number", "time", "strength"]
    assert 'id="work"' not in found.source
    assert 'id="notes"' not in found.source


def test_what_is_not_known_has_no_value_to_sort_by(tmp_path: Path) -> None:
    found = page(report(shot(0), shot(1, seconds=None)), tmp_path)
    assert [each["data-value"] for each in found.all("td", "work")] == ["1.5", ""]


def test_names_and_reasons_cannot_do_anything(tmp_path: Path) -> None:
    found = page(report(shot(0, Judgement.REFUSE, HOSTILE), notes=[HOSTILE], title=HOSTILE), tmp_path)
    assert HOSTILE in found.text
    assert len(found.all("script")) == 1
    assert "alert(1)" not in re.sub(r"&lt;.*?&gt;", "", found.source.replace("alert(1)&lt;", "&lt;"))


def test_long_names_break_where_their_words_end(tmp_path: Path) -> None:
    found = page(report(shot(0), title="day_2-take.mp4 in <b>"), tmp_path)
    assert "<h1>day_<wbr>2-<wbr>take.<wbr>mp4 in &lt;b&gt;</h1>" in found.source
    assert "<title>day_2-take.mp4 in &lt;b&gt;</title>" in found.source


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    found = page(report(shot(0), shot(1)), tmp_path)
    sources = [each["src"] for each in found.all("img")]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "default-src 'none'" in found.source
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", found.source)
    assert " style=" not in found.source  # which the policy would not let through


def test_a_film_without_pictures_or_shots_is_told_of_too(tmp_path: Path) -> None:
    found = page(report(shot(0, pictures=NO_PICTURES)), tmp_path)
    assert found.all("img") == found.all("article") == []
    assert 'id="shot-1"' in found.source
    assert "There are no shots." in page(report(), tmp_path).text


def test_shots_of_which_one_has_pictures(tmp_path: Path) -> None:
    found = page(report(shot(0, pictures=NO_PICTURES), shot(1)), tmp_path)
    assert len(found.all("article")) == 1
    assert len(found.all("figure", "film")) == 1


@pytest.mark.parametrize("size", [(160, 16), (16, 160), (1, 1), (900, 500)])
def test_pictures_of_any_shape(size: tuple[int, int], tmp_path: Path) -> None:
    page(report(shot(0, size=size), shot(1, stop=49)), tmp_path)


def test_a_long_film_fits_into_the_strip(tmp_path: Path) -> None:
    others = (shot(number, start=2 * number, stop=2 * number + 2, pictures=NO_PICTURES) for number in range(1, 3000))
    found = page(report(shot(0, stop=2), *others), tmp_path)
    places = [(int(each["x"]), int(each["width"])) for each in found.all("rect", "place")]
    assert places[-1][0] + places[-1][1] <= 2401
    assert all(width >= 1 for _, width in places)
    assert not found.all("rect", "framed")


def test_a_file_stays_small_enough_for_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pictures, "MAX_INLINE_BYTES", 40_000)
    told: dict[str, Any] = {"pictures": {"before": shot().decision.before, "after": shot().decision.after}}
    found = page(report(*(shot(number, **told) for number in range(40))), tmp_path)
    left_out = int(re.search(r"Pictures of (\d+) shots are left out", found.text).group(1))  # type: ignore[union-attr]
    with_pictures = [each for each in found.all("img") if each["alt"].endswith(", before and after")]
    assert len(with_pictures) + left_out == 40
    assert left_out > 10
    assert len(found.all("td", "pair")) == 40

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from html_page import Page

from impasto.errors import OutputError
from impasto.sorting.charts import confusion_chart, coverage_chart, mix_ups, reliability_chart
from impasto.sorting.report import SortReport, percent, write_sort_report
from impasto.sorting.scores import Outcome

from .shapes import noise_texture, save

LABELS = ("cat", "dog & co", "<eel>")
TARGETS = np.array([0, 0, 0, 1, 1, 2])
GUESSES = np.array([0, 1, 1, 1, 0, 2])


@pytest.fixture
def outcome(tmp_path: Path) -> Outcome:
    paths = tuple(save(noise_texture("lying", n), tmp_path / "seen" / f"p{n}.png") for n in range(6))
    confidences = np.array([0.95, 0.65, 0.91, 0.8, 0.55, 0.99])
    return Outcome(LABELS, TARGETS, GUESSES, confidences, confidences > 0.6, paths, np.array([0, 1, 0, 1, 0, 1]))


def written(report: SortReport, tmp_path: Path) -> Page:
    path = tmp_path / "report.html"
    write_sort_report(report, path)
    return Page(path.read_text(encoding="utf-8"))


def texts(svg: str, kind: str) -> list[str]:
    """The texts of a class in an SVG, which must be well-formed."""
    return [each.text or "" for each in ET.fromstring(svg).iter("text") if kind in (each.get("class") or "").split()]


def test_it_shows_the_numbers(outcome: Outcome, tmp_path: Path) -> None:
    page = written(SortReport("My pictures", outcome, ("Mind <this>.",)), tmp_path)
    assert "My pictures" in page.text
    assert "50.0 %" in page.text
    assert "6 pictures of 3 classes" in page.text
    assert "in 2 folds" in page.text
    assert "Mind <this>." in page.text
    assert {"cat", "dog & co", "<eel>"} <= set(page.names)


def test_it_loads_nothing_and_runs_nothing_but_its_own(outcome: Outcome, tmp_path: Path) -> None:
    page = written(SortReport("x", outcome, ()), tmp_path)
    (policy,) = [each["content"] for each in page.all("meta") if "http-equiv" in each]
    assert policy.startswith("default-src 'none'")
    assert policy.count("script-src 'sha256-") == policy.count("script-src") == 1
    assert len(page.all("script")) == 1
    for tag, attributes in page.elements:
        for name in ("src", "href"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:")), (tag, value)


def test_links_lead_to_sections(outcome: Outcome, tmp_path: Path) -> None:
    page = written(SortReport("x", outcome, ()), tmp_path)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {each["href"].removeprefix("#") for each in page.all("a")} <= ids


def test_a_strangers_words_stay_words(outcome: Outcome, tmp_path: Path) -> None:
    bad = '"><script>alert(1)</script>'
    page = written(SortReport(bad, outcome, (bad,)), tmp_path)
    assert len(page.all("script")) == 1
    assert bad in page.text


def test_mistakes_stand_with_their_pictures_the_surest_first(outcome: Outcome, tmp_path: Path) -> None:
    page = written(SortReport("x", outcome, ()), tmp_path)
    assert len(page.all("img")) == 3
    shown = [name for name in page.names if name.endswith(".png")]
    assert shown == ["p2.png", "p1.png", "p4.png"]


def test_a_picture_that_is_gone_is_no_trouble(outcome: Outcome, tmp_path: Path) -> None:
    outcome.paths[2].unlink()
    page = written(SortReport("x", outcome, ()), tmp_path)
    assert len(page.all("img")) == 2
    assert "cannot be read any more" in page.text


def test_no_mistakes_are_said_to_be_none(outcome: Outcome, tmp_path: Path) -> None:
    right = Outcome(LABELS, TARGETS, TARGETS, outcome.confidences, outcome.sure, outcome.paths)
    page = written(SortReport("x", right, ()), tmp_path)
    assert "There are none." in page.text
    assert "No class is taken for another." in page.text
    assert "folds" not in page.text


def test_what_pictures_without_labels_changed_is_shown(outcome: Outcome, tmp_path: Path) -> None:
    plain = Outcome(LABELS, TARGETS, np.zeros(6, int), outcome.confidences, outcome.sure, outcome.paths)
    assert "Labels alone" in written(SortReport("x", outcome, (), plain), tmp_path).text
    assert "Labels alone" not in written(SortReport("x", outcome, ()), tmp_path).text


def test_an_older_report_stays_where_the_new_one_cannot_be_written(outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_sort_report(SortReport("x", outcome, ()), tmp_path / "none" / "report.html")


def test_the_confusion_chart_has_a_number_for_each_cell_that_is_not_empty() -> None:
    confusion = np.array([[1, 2, 0], [1, 1, 0], [0, 0, 7]])
    chart = confusion_chart(LABELS, confusion)
    assert texts(chart, "count") == ["1", "2", "1", "1", "7"]
    assert texts(chart, "up") == list(LABELS)
    assert "9 of 12 right. 2 cat taken for dog &amp; co" in chart
    assert texts(chart, "dark") == ["2", "7"]


def test_many_classes_are_not_drawn() -> None:
    labels = [f"class {number}" for number in range(41)]
    assert "too many" in confusion_chart(labels, np.eye(41, dtype=np.int64))


def test_mix_ups_come_most_frequent_first() -> None:
    found = mix_ups(LABELS, np.array([[1, 2, 0], [3, 1, 0], [0, 2, 7]]))
    assert found == [("dog & co", "cat", 3), ("<eel>", "dog & co", 2), ("cat", "dog & co", 2)]
    assert mix_ups(LABELS, np.eye(3, dtype=np.int64)) == []


def test_the_reliability_chart_has_a_bar_for_each_bin(outcome: Outcome) -> None:
    drawn = ET.fromstring(reliability_chart(outcome.bins))
    bars = [each for each in drawn.iter("rect") if each.get("class") == "bin"]
    assert len(bars) == len(outcome.bins) == 4
    heights = [float(bar.get("height") or 0) for bar in bars]
    assert [each.accuracy for each in outcome.bins] == [0, 0, 1, pytest.approx(2 / 3)]
    assert heights == [1, 1, pytest.approx(300), pytest.approx(200)]


def test_charts_of_nothing_much_are_well_formed() -> None:
    ET.fromstring(reliability_chart([]))
    ET.fromstring(coverage_chart(np.array([0.7]), np.array([False])))
    ET.fromstring(coverage_chart(np.array([0.7, 0.9]), np.array([True, True])))


def test_the_coverage_chart_falls_where_mistakes_come_in() -> None:
    drawn = coverage_chart(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, False]))
    assert "1.000 of the surest half are right, 0.500 of all" in drawn
    points = (ET.fromstring(drawn).find(".//polyline").get("points") or "").split()  # type: ignore[union-attr]
    heights = [float(point.split(",")[1]) for point in points]
    assert heights[0] == heights[1] < heights[2] < heights[3]


@pytest.mark.parametrize(("share", "text"), [(1.0, "100.0\u202f%"), (0.1234, "12.3\u202f%"), (float("nan"), "–")])
def test_shares_are_written_as_per_cent(share: float, text: str) -> None:
    assert percent(share) == text

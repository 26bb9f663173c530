"""How numbers are written, where one stands among others, and training curves."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.quality.report_curves import curve_chart
from impasto.quality.report_markup import Markup, escaped, markup
from impasto.quality.report_numbers import Standing, counted, number_text, seconds_text

from .report_cases import evaluation, metric


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (0.0, "0"),
        (1.0, "1"),
        (40, "40"),
        (0.98765, "0.988"),
        (0.00712, "0.00712"),
        (0.0000312, "3.12×10⁻⁵"),
        (-2.5, "−2.50"),
        (31.415, "31.4"),
        (999.6, "1\u202f000"),
        (9.996, "10.0"),
        (12345.6, "12\u202f346"),
        (3e12, "3×10¹²"),
    ],
)
def test_numbers_have_three_digits_that_matter(value: float | None, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(min_value=1e-30, max_value=1e30))
def test_a_number_is_written_to_within_half_a_percent(value: float) -> None:
    mantissa, _, exponent = number_text(value).replace("\u202f", "").partition("×10")
    power = int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    assert math.isclose(float(mantissa) * 10.0**power, value, rel_tol=0.0051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.041, "41\u00a0ms"),
        (0.9999, "1.00\u00a0s"),
        (4.1, "4.10\u00a0s"),
        (72, "1\u00a0min 12\u00a0s"),
        (0, "0\u00a0s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_counting() -> None:
    assert [counted(number, "picture") for number in (0, 1, 2)] == ["0 pictures", "1 picture", "2 pictures"]


def test_standing_runs_from_the_worst_to_the_best(tmp_path: object) -> None:
    from pathlib import Path

    from impasto.quality.results import PictureResult

    values = [{"down": 1.0, "up": 1.0, "same": 4.0}, {"down": 3.0, "up": 3.0, "same": 4.0}, {"up": math.nan}]
    pictures = [PictureResult(Path("a"), None, each, 0.0) for each in values]
    metrics = [metric("down"), metric("up", higher=True), metric("same")]
    standing = Standing(evaluation(*pictures, metrics=metrics))
    assert [standing.of("down", value) for value in (1, 2, 3)] == [1, 0.5, 0]
    assert [standing.of("up", value) for value in (1, 2, 3)] == [0, 0.5, 1]
    assert standing.of("same", 4.0) is None
    assert standing.of("unknown", 4.0) is None
    assert standing.of("up", math.nan) is None


def test_markup_escapes_all_but_markup() -> None:
    nested = ["<", [Markup("<b>"), iter(["&"])]]
    assert markup('<p title="${a}">${b}${c}</p>', a='"', b=nested, c=Markup("<br>")) == (
        '<p title="&quot;">&lt;<b>&amp;<br></p>'
    )


@given(st.text())
def test_escaped_text_cannot_leave_its_place(text: str) -> None:
    safe = escaped(text)
    assert not set(safe) & set("<>\"'\x00\n")
    assert not re.search("&(?!amp;|lt;|gt;|quot;|#x27;)", safe)
    safe.encode()


def drawn(curve: list[tuple[int, float]]) -> ElementTree.Element:
    return ElementTree.fromstring(curve_chart("Loss", curve))


def points(figure: ElementTree.Element) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]
        for line in figure.iter("polyline")
    ]


def test_a_curve_falls_from_left_to_right() -> None:
    ((first, middle, last),) = points(drawn([(0, 2.0), (50, 1.0), (100, 0.0)]))
    assert first[0] < middle[0] < last[0]
    assert first[1] < middle[1] < last[1]
    assert middle[0] - first[0] == pytest.approx(last[0] - middle[0], abs=0.2)


def test_a_curve_says_what_it_shows() -> None:
    figure = drawn([(0, 2.0), (50, 0.25), (100, 1.0)])
    (title,) = figure.iter("title")
    assert title.text == "Loss: 2 at step 0, 1 at step 100; lowest 0.250, highest 2."
    texts = [each.text for each in figure.iter("text")]
    assert "step" in texts
    assert {"0", "100", "1.0", "2.0"} <= set(texts)


def test_gaps_stay_open() -> None:
    curve = [(0, 1.0), (1, 2.0), (2, math.nan), (3, math.inf), (4, 1.0), (5, 2.0), (6, math.nan), (7, 1.5)]
    assert [len(line) for line in points(drawn(curve))] == [2, 2]
    assert len(list(drawn(curve).iter("circle"))) == 2


@pytest.mark.parametrize("curve", [[], [(0, math.nan)]])
def test_a_curve_without_values_is_a_sentence(curve: list[tuple[int, float]]) -> None:
    figure = drawn(curve)
    assert "No values." in "".join(figure.itertext())
    assert not list(figure.iter("svg"))


def test_a_long_curve_is_thinned_and_keeps_its_spike() -> None:
    curve = [(step, 0.0) for step in range(20_000)]
    curve[7777] = (7777, 5.0)
    ((*line,),) = points(drawn(curve))
    assert len(line) <= 402
    assert min(y for _, y in line) < 30
    assert line[-1][0] == pytest.approx(378)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.floats(allow_nan=True, allow_infinity=True, width=32)),
        min_size=1,
        max_size=30,
    )
)
def test_any_curve_stays_within_its_frame(curve: list[tuple[int, float]]) -> None:
    figure = drawn(curve)
    for line in points(figure):
        assert all(0 <= x <= 400 and 0 <= y <= 240 for x, y in line)
    assert len(list(figure.iter("text"))) <= 20

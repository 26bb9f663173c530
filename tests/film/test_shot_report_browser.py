"""The film report in a real browser: shots are found, sorted and compared, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import open_chromium

from impasto.film.shot_report import write_film_report
from impasto.film.shot_verdict import Setting
from impasto.style.verdict import Judgement

from .report_cases import report, shot

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told = report(
        shot(0, seconds=3.0),
        shot(1, Judgement.REVIEW, "a reason without any place to break it " + "x" * 90, seconds=None),
        shot(2, Judgement.REFUSE, "torn", seconds=9.0),
        shot(3, setting=Setting(0.5), seconds=1.0),
        *(shot(number, seconds=2.0) for number in range(4, 24)),
        title="a-film-whose-name-does-not-end-" * 4 + ".mp4 in kodak",
        notes=["n" * 300],
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_film_report(path, told)
    return path


def opened(browser: Any, path: Path, size: dict[str, int], **options: Any) -> Iterator[Any]:
    context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
    page = context.new_page()
    page.set_default_timeout(5000)
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    try:
        yield page
        assert complaints == []
        assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    finally:
        context.close()


@pytest.fixture
def desk(browser: Any, report_path: Path) -> Iterator[Any]:
    yield from opened(browser, report_path, DESK)


@pytest.fixture
def phone(browser: Any, report_path: Path) -> Iterator[Any]:
    yield from opened(browser, report_path, PHONE, has_touch=True, is_mobile=True)


def order(page: Any) -> list[int]:
    return [int(each) for each in page.locator(".shots tbody th").all_text_contents()]


def sort_by(page: Any, kind: str) -> str:
    page.locator(f"[data-sort={kind}]").click()
    return str(page.locator(f".shots thead th.{kind}").get_attribute("aria-sort"))


def test_a_click_sorts_worst_first_and_another_turns_it_round(desk: Any) -> None:
    assert order(desk) == list(range(1, 25))
    assert sort_by(desk, "gate") == "descending"
    assert order(desk)[:4] == [3, 2, 4, 1]
    assert sort_by(desk, "gate") == "ascending"
    assert order(desk)[-3:] == [4, 2, 3]
    assert sort_by(desk, "strength") == "ascending"
    assert order(desk)[0] == 4
    assert desk.locator(".shots [aria-sort]").count() == 1


def test_what_is_not_known_stands_last_whichever_way(desk: Any) -> None:
    sort_by(desk, "work")
    assert (order(desk)[0], order(desk)[-1]) == (3, 2)
    sort_by(desk, "work")
    assert (order(desk)[0], order(desk)[-1]) == (4, 2)


def test_sorting_works_by_keyboard(desk: Any) -> None:
    desk.locator("[data-sort=work]").focus()
    desk.keyboard.press("Enter")
    assert order(desk)[0] == 3


def test_the_strip_leads_to_the_shot(desk: Any) -> None:
    desk.locator(".film a").nth(19).click()
    row = desk.locator("#shot-20")
    assert desk.url.endswith("#shot-20")
    box = row.bounding_box()
    assert 0 <= box["y"] < DESK["height"]
    assert row.evaluate("row => row.matches(':target')")


def test_both_halves_of_the_strip_are_drawn_over_its_whole_length(desk: Any) -> None:
    boxes = [image.bounding_box() for image in desk.locator(".length img").all()]
    assert len(boxes) == 2
    places = desk.locator(".length .place")
    first, last = places.first.bounding_box(), places.last.bounding_box()
    assert first["x"] == pytest.approx(boxes[0]["x"], abs=3)
    assert last["x"] + last["width"] == pytest.approx(boxes[0]["x"] + boxes[0]["width"], abs=3)
    assert first["height"] == pytest.approx(boxes[0]["height"] + boxes[1]["height"] + 2, abs=3)


def test_before_and_after_are_compared_by_a_divider(desk: Any) -> None:
    divider = desk.locator("#picture-3 .divider")
    divider.focus()
    desk.keyboard.press("Home")
    assert divider.get_attribute("aria-valuenow") == "0"
    desk.keyboard.press("f")
    assert desk.locator("dialog[open] #picture-3").count() == 1


@pytest.mark.parametrize("width", [320, 390, 820, 1024, 1440])
def test_nothing_reaches_beyond_the_screen(desk: Any, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 900})
    assert desk.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_cards_and_can_sort(phone: Any) -> None:
    pair, number = (phone.locator(f"#shot-1 {kind}").bounding_box() for kind in (".pair img", ".number"))
    assert pair["width"] > 300
    assert number["y"] > pair["y"] + pair["height"]
    phone.locator("[data-sort=gate]").tap()
    assert order(phone)[0] == 3
    assert phone.locator("[data-sort=gate]").bounding_box()["height"] >= 24


def test_it_is_dark_where_the_system_is(browser: Any, report_path: Path) -> None:
    for page in opened(browser, report_path, DESK, color_scheme="dark"):
        shade = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(shade) == "rgb(23, 23, 23)"
        page.locator("[data-theme-toggle]").click()
        assert page.evaluate(shade) == "rgb(247, 247, 246)"


def test_all_of_it_can_be_read_without_a_script(browser: Any, report_path: Path) -> None:
    for page in opened(browser, report_path, DESK, java_script_enabled=False):
        assert page.locator(".shots tbody tr").count() == 24
        assert not page.locator("#shots .keys").is_visible()

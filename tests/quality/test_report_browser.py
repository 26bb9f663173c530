"""The report in a real browser: it is used by mouse, by touch and by keyboard, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chromium import open_chromium

from impasto.quality.report import write_report
from impasto.style.verdict import Judgement, Verdict

from .report_cases import REFUSED, evaluation, metric, result, save_picture

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Opened:
    """A report that is open, and whatever it complained about or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def until(self, expression: str) -> None:
        """Wait until something is so; the page forbids scripts that look for themselves."""
        for _ in range(600):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"it never was so: {expression}")

    def at(self, number: int = 1) -> int:
        return int(self.divider(number).get_attribute("aria-valuenow"))

    def divider(self, number: int = 1) -> Any:
        return self.page.locator(f"#picture-{number} .divider")

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.closest('.picture')?.id"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def color(self, of: str) -> tuple[int, ...]:
        found = self.page.evaluate(f"getComputedStyle(document.body).{of}")
        return tuple(int(part) for part in found[4:-1].split(","))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    hostile = "<img src=http://localhost:9/x onerror=alert(1)><script>alert(2)</script>"
    long_name = "a-name-without-any-place-to-break-it-" * 4 + ".png"
    pictures = [
        result(folder, "0.png", 99, content_size=(600, 800), output_size=(600, 800), verdict=REFUSED),
        result(folder, "1.png", 98, verdict=Verdict(Judgement.REVIEW, hostile)),
        result(folder, long_name, 97, content_size=(900, 90), output_size=(900, 90)),
        result(folder, "3.png", 96, output_path=None),
        *(result(folder, f"{number}.png", 90 - number) for number in range(4, 30)),
    ]
    path = folder / "report.html"
    metrics = [metric("gram", title="Gram distance", explanation="Lower is nearer. " * 9), metric("fid", None)]
    write_report(
        evaluation(
            *pictures,
            metrics=metrics,
            notes=[hostile, "n" * 300],
            reference_paths=[save_picture(folder / f"r{number}.png") for number in range(20)],
            curves={"Loss": [(step, 1 / (1 + step)) for step in range(200)]},
            seconds_per_picture=0.04,
        ),
        path,
    )
    return path


def opened(browser: Any, path: Path, size: dict[str, int], **options: Any) -> Iterator[Opened]:
    context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
    report = Opened(context.new_page())
    report.page.set_default_timeout(5000)
    report.page.on("console", lambda message: report.complaints.append(message.text))
    report.page.on("pageerror", lambda error: report.complaints.append(str(error)))
    report.page.on("dialog", lambda dialog: report.complaints.append(dialog.message))
    report.page.on("request", lambda request: report.requests.append(request.url))
    report.page.goto(path.as_uri())
    try:
        yield report
        assert report.complaints == []
        assert [url for url in report.requests if not url.startswith("data:")] == [path.as_uri()]
    finally:
        context.close()


@pytest.fixture
def desk(browser: Any, report_path: Path) -> Iterator[Opened]:
    yield from opened(browser, report_path, DESK)


@pytest.fixture
def phone(browser: Any, report_path: Path) -> Iterator[Opened]:
    yield from opened(browser, report_path, PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


def test_arrows_move_the_divider_and_say_so(desk: Opened) -> None:
    desk.divider().focus()
    places = []
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft", "Home", "ArrowLeft", "End", "PageDown", " ", " "):
        desk.press(key)
        places.append(desk.at())
    assert places == [52, 62, 60, 0, 0, 100, 90, 100, 0]
    assert desk.divider().get_attribute("aria-valuetext") == "0 % before, 100 % after"


def test_the_divider_shows_the_content_to_its_left(desk: Opened) -> None:
    desk.divider().focus()
    clip = "getComputedStyle(document.querySelector('#picture-1 .before')).clipPath"
    desk.press("Home")
    hidden = desk.page.evaluate(clip)
    desk.press("End")
    assert (hidden, desk.page.evaluate(clip)) == ("inset(0px 100% 0px 0px)", "inset(0px 0% 0px 0px)")


def test_a_mouse_drags_the_divider(desk: Opened) -> None:
    frame = desk.page.locator("#picture-1 .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    y = box["y"] + box["height"] / 3
    desk.page.mouse.move(box["x"] + box["width"] * 0.5, y)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] * 0.25, y, steps=4)
    assert desk.at() == pytest.approx(25, abs=1)
    desk.page.mouse.move(box["x"] - 200, y, steps=4)
    desk.page.mouse.up()
    assert desk.at() == 0
    desk.page.mouse.move(box["x"] + box["width"] * 0.75, y)
    assert desk.at() == 0
    assert desk.focused() == "picture-1"


def test_a_finger_moves_the_divider(phone: Opened) -> None:
    frame = phone.page.locator("#picture-1 .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    phone.page.touchscreen.tap(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert phone.at() == pytest.approx(80, abs=1)
    assert phone.page.evaluate("getComputedStyle(document.querySelector('.frame')).touchAction") == "pan-y"


def test_j_and_k_go_from_picture_to_picture(desk: Opened) -> None:
    visited = []
    for key in ("j", "j", "j", "k", "k", "k"):
        desk.press(key)
        visited.append(desk.focused())
    assert visited == [f"picture-{number}" for number in (1, 2, 3, 2, 1, 1)]
    assert desk.divider().evaluate("divider => divider.matches(':focus-visible')")
    outline = "getComputedStyle(document.querySelector('#picture-1 .frame')).outlineStyle"
    assert desk.page.evaluate(outline) == "solid"


def test_the_next_picture_comes_into_view(desk: Opened) -> None:
    for number in range(1, 8):
        desk.press("j")
        box = desk.page.locator(f"#picture-{number} .frame").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + min(box["height"], 200) <= DESK["height"]


def test_going_on_unfolds_the_rest(desk: Opened) -> None:
    assert not desk.page.locator("#picture-11").is_visible()
    desk.press(*"j" * 11)
    assert desk.focused() == "picture-11"
    assert desk.page.locator("#picture-11").is_visible()


def test_the_map_is_shown_and_hidden(desk: Opened) -> None:
    overlay, button = desk.page.locator("#picture-1 .map"), desk.page.locator("#picture-1 [data-map]")
    assert not overlay.is_visible()
    button.click()
    assert overlay.is_visible()
    assert button.get_attribute("aria-pressed") == "true"
    desk.press("m")
    assert not overlay.is_visible()
    assert button.get_attribute("aria-pressed") == "false"


def test_a_picture_is_enlarged_and_put_back(desk: Opened) -> None:
    desk.press("j")
    before = desk.page.locator("#picture-1 .frame").bounding_box()
    desk.press("f")
    assert desk.page.locator("dialog #picture-1").is_visible()
    large = desk.page.locator("#picture-1 .frame").bounding_box()
    assert large["height"] > before["height"]
    assert large["y"] + large["height"] <= DESK["height"]
    desk.press("j", "ArrowRight")
    assert desk.focused() == "picture-2"
    assert desk.at(2) == 52
    desk.press("Escape")
    desk.until("!document.querySelector('dialog .picture')")
    assert desk.page.locator(".wall .picture").count() == desk.page.locator(".picture").count() == 30
    assert desk.focused() == "picture-2"
    order = desk.page.evaluate("[...document.querySelectorAll('.picture')].map(each => Number(each.id.slice(8)))")
    assert order == list(range(1, 31))


def test_pictures_of_a_row_are_equally_high_and_fill_it(desk: Opened) -> None:
    rows = desk.page.evaluate(
        "[...document.querySelectorAll('.wall.large .row')].map(row => [row.clientWidth, "
        "...[...row.querySelectorAll('.frame')].map(frame => frame.getBoundingClientRect().height)])"
    )
    assert len(rows) >= 2
    for width, *heights in rows:
        assert max(heights) - min(heights) < 1.5
        assert width > 1000


def test_dark_follows_the_system_and_the_button(browser: Any, report_path: Path) -> None:
    for system, is_dark in (("light", False), ("dark", True)):
        for report in opened(browser, report_path, DESK, color_scheme=system):
            for expected in (is_dark, not is_dark, is_dark):
                paper, ink = report.color("backgroundColor"), report.color("color")
                assert (sum(paper) < sum(ink)) == expected
                assert abs(sum(paper) - sum(ink)) > 500
                toggle = report.page.locator("[data-theme-toggle]")
                assert toggle.get_attribute("aria-pressed") == str(expected).lower()
                toggle.click()


@pytest.mark.parametrize("width", [320, 800, 2200])
def test_nothing_is_wider_than_the_window(browser: Any, report_path: Path, width: int) -> None:
    for report in opened(browser, report_path, {"width": width, "height": 800}):
        report.page.locator(".rest > summary").click()
        assert report.page.evaluate("document.documentElement.scrollWidth") <= width
        for name in ("h1", "#picture-3", ".curve svg", "table", "#notes li:last-child"):
            box = report.page.locator(name).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_pictures_of_a_phone_stand_below_one_another(phone: Opened) -> None:
    boxes = [phone.page.locator(f"#picture-{number}").bounding_box() for number in (1, 2, 3, 4)]
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(boxes))
    assert all(box["width"] > 350 for box in boxes)
    assert phone.page.locator("#picture-1 .frame").bounding_box()["width"] > 350


def test_a_window_that_is_made_narrow_lays_out_anew(desk: Opened) -> None:
    wide = desk.page.locator(".wall.large .row").count()
    desk.page.set_viewport_size({"width": 800, "height": 900})
    desk.until(f"document.querySelectorAll('.wall.large .row').length > {wide}")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 800


def test_print_shows_before_beside_after(desk: Opened) -> None:
    desk.page.emulate_media(media="print")
    before = desk.page.locator("#picture-1 .before").bounding_box()
    after = desk.page.locator("#picture-1 .after").bounding_box()
    assert before["x"] + before["width"] <= after["x"]
    assert before["height"] == pytest.approx(after["height"], abs=1)
    assert not desk.divider().is_visible()


def test_without_script_everything_can_still_be_seen(browser: Any, report_path: Path) -> None:
    for report in opened(browser, report_path, DESK, java_script_enabled=False):
        frame = report.page.locator("#picture-1 .frame").bounding_box()
        assert frame["width"] > 200
        assert frame["height"] > 200
        assert not report.page.locator("[data-theme-toggle]").is_visible()


def test_everything_that_can_be_used_has_a_name(desk: Opened) -> None:
    snapshot = desk.page.locator("body").aria_snapshot()
    assert 'slider "Before and after: 0.png"' in snapshot
    assert 'button "Show where"' in snapshot
    assert 'button "Dark"' in snapshot
    assert 'img "Loss: 1 at step 0' in snapshot
    assert "- button:" not in snapshot
    assert "- slider:" not in snapshot

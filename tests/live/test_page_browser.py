"""The live page in a real browser: the picture moves, and everything on the page does what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from chromium import open_chromium
from film_clips import make_film

from impasto.api.live import LiveJob, LiveRun, open_live

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LYING = {"width": 844, "height": 390}
_SAMPLE = """() => {
  const image = document.getElementById("picture"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [32, 18];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 32, 18);
  return [image.naturalWidth, [...context.getImageData(0, 0, 32, 18).data].join()];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture
def live(home: Path, save_look: Callable[..., Path], save_paint: Callable[..., Path]) -> Iterator[LiveRun]:
    save_look(home / "pale.style")
    save_paint(home / "negative.style", "invert")
    film = make_film("film.mp4", frames=40, rate=20, size=(320, 180))
    run = open_live(LiveJob("pale", str(film), repeat=True))
    thread = Thread(target=run.loop.run)
    thread.start()
    yield run
    run.loop.stop()
    thread.join(30)


def until(page: Any, expression: str, *given: Any) -> None:
    """Wait until something is so; the page forbids scripts that look for themselves."""
    from playwright.sync_api import Error

    problem = ""
    for _ in range(1200):
        try:
            if page.evaluate(expression, *given):
                return
        except Error as error:  # the page is being loaded
            problem = error.message
        page.wait_for_timeout(50)
    raise AssertionError(f"it never was so: {expression} {problem}")


def opened(browser: Any, run: LiveRun, size: dict[str, int] = DESK, **options: Any) -> Any:
    assert run.page is not None
    page = browser.new_context(viewport=size, **options).new_page()
    page.set_default_timeout(20000)
    page.complaints, page.asked = [], []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(run.page.url, wait_until="commit")
    until(page, "document.getElementById('picture').naturalWidth > 0")
    until(page, "document.getElementById('numbers').textContent.includes('fps')")
    return page


def closed(page: Any) -> None:
    """End, and see that there was nothing to complain about and nothing from elsewhere."""
    page.context.close()
    assert page.complaints == []
    assert {url.split("/")[2].split(":")[0] for url in page.asked if not url.startswith("data:")} == {"127.0.0.1"}


def test_the_picture_moves(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    width, first = page.evaluate(_SAMPLE)
    assert width == 320
    until(page, f"first => ({_SAMPLE})()[1] !== first", first)
    closed(page)


def test_style_and_strength_are_changed(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    until(page, "document.querySelectorAll('input[name=style]').length > 2")
    assert page.input_value("input[name=style]:checked") == "pale"
    page.check("input[value=negative]")
    until(page, "document.getElementById('numbers').textContent.includes('painted at')")
    assert live.loop.status().style == "negative"
    page.fill("#strength", "0.3")
    until(page, "document.getElementById('share').textContent === '30 %'")
    until(page, "fetch('/api/status').then(a => a.json()).then(s => s.strength === 0.3)")
    assert live.loop.stage.strength == 0.3
    closed(page)


def test_the_original_is_shown_and_the_strength_comes_back(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    page.fill("#strength", "0.6")
    until(page, "fetch('/api/status').then(a => a.json()).then(s => s.strength === 0.6)")
    page.click("#original")
    until(page, "fetch('/api/status').then(a => a.json()).then(s => s.strength === 0)")
    assert page.get_attribute("#original", "aria-pressed") == "true"
    page.click("#original")
    until(page, "fetch('/api/status').then(a => a.json()).then(s => s.strength === 0.6)")
    assert page.get_attribute("#original", "aria-pressed") == "false"
    closed(page)


def test_of_styles_chosen_in_haste_the_last_is_shown(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    until(page, "document.querySelectorAll('input[name=style]').length > 2")
    for name in ("negative", "kodak", "pale", "negative"):
        page.check(f"input[value={name}]")
    until(page, "fetch('/api/status').then(a => a.json()).then(s => s.style === 'negative')")
    until(page, "!document.getElementById('caption').classList.contains('shown')")
    assert page.input_value("input[name=style]:checked") == "negative"
    closed(page)


def test_the_picture_fills_the_screen_when_asked(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    page.click("#full")
    until(page, "document.fullscreenElement !== null && document.fullscreenElement.contains(picture)")
    closed(page)


def test_a_snapshot_is_downloaded(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    with page.expect_download() as download:
        page.click("#snapshot")
    assert re.fullmatch(r"impasto-pale-\d{8}-\d{6}\.png", download.value.suggested_filename)
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    closed(page)


def test_a_clip_is_recorded_and_named(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    page.click("#clip")
    page.wait_for_selector("#clip[aria-pressed=true]")
    page.wait_for_timeout(400)
    page.click("#clip")
    page.wait_for_selector("#caption.shown")
    told = page.inner_text("#caption")
    [clip] = Path().glob("impasto-live-*.mp4")
    assert clip.name in told
    assert clip.stat().st_size > 1000
    closed(page)


def test_all_of_it_can_be_reached_by_keyboard(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert reached == ["style", "strength", "original", "snapshot", "clip", "full"]
    page.focus("input[name=style]:checked")
    page.keyboard.press("ArrowLeft")
    until(page, "document.activeElement.checked && document.activeElement.value !== 'pale'")
    until(
        page,
        "name => fetch('/api/status').then(a => a.json()).then(s => s.style === name)",
        page.input_value("input[name=style]:checked"),
    )
    page.focus("#strength")
    page.keyboard.press("Home")
    until(page, "document.getElementById('share').textContent === '0 %'")
    closed(page)


@pytest.mark.parametrize("size", [DESK, PHONE, LYING], ids=["desk", "phone", "lying"])
def test_it_fits_the_screen(browser: Any, live: LiveRun, size: dict[str, int]) -> None:
    page = opened(browser, live, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    picture = page.locator("#picture").bounding_box()
    assert picture["width"] <= size["width"]
    assert picture["y"] + picture["height"] <= size["height"]
    assert picture["height"] >= 150
    assert all(page.locator(each).bounding_box()["height"] >= 40 for each in ("#styles label >> nth=0", "#clip"))
    closed(page)


def test_it_speaks_chinese(browser: Any, live: LiveRun) -> None:
    assert live.page is not None
    page = browser.new_context(viewport=DESK, locale="zh-CN").new_page()
    page.goto(live.page.url, wait_until="commit")
    until(page, "document.getElementById('numbers').textContent.includes('帧/秒')")
    assert page.inner_text("#snapshot") == "截图"
    assert page.get_attribute("html", "lang") == "zh-CN"
    page.context.close()


def test_the_end_is_told(browser: Any, live: LiveRun) -> None:
    page = opened(browser, live)
    live.loop.stop()
    until(page, "document.getElementById('caption').textContent.includes('has ended')")
    page.context.close()

"""The page as a whole: languages, light and dark, small screens, keys, tokens."""

from __future__ import annotations

import re

import pytest

from .conftest import Serve, Site
from .visits import PHONE, ROOMS, Visit, photos

pytestmark = pytest.mark.browser
HEADINGS = {
    "photos": ("Your photo, in every style.", "你的照片，每一种风格。"),
    "film": ("A film, shot by shot.", "一部影片，逐个镜头。"),
    "learn": ("Teach a style.", "教它一种风格。"),
    "library": ("Library", "风格库"),
    "live": ("Your camera, in a style.", "你的摄像头，换一种风格。"),
    "data": ("Data and privacy", "数据与隐私"),
}
LATIN = re.compile(r"[A-Za-z]{3,}")
SAID_IN_LATIN = {"Impasto", "Pale", "Paler", "Negative", "Sharp", "studio", "style", "cookie", "look", "JPEG", "mix"}

DESCRIBED = {"that", "does", "paint", "invert", "sharpen", "pale", "paler"}
"""Styles of one's own are described as one has described them."""


def until_headed(visit: Visit, heading: str) -> None:
    """Wait until one heading is seen, and no other. The page is hidden until it knows what language it speaks."""
    seen = "[...document.querySelectorAll('h1')].filter(e => e.checkVisibility()).map(e => e.textContent)"
    visit.until(f"heading => {{ const seen = {seen}; return seen.length === 1 && seen[0] === heading; }}", heading)


def test_the_language_is_switched_and_kept(site: Site) -> None:
    visit = site.visit()
    for room in ROOMS:
        visit.go(f"#/{room}")
        until_headed(visit, HEADINGS[room][0])
    visit.page.click("text=中文")
    assert visit.page.get_attribute("html", "lang") == "zh-Hans"
    visit.page.reload()
    for room in ROOMS:
        visit.go(f"#/{room}")
        until_headed(visit, HEADINGS[room][1])
        assert visit.page.title().endswith("· Impasto")
    visit.page.click("[aria-label='Switch to English']")
    until_headed(visit, HEADINGS["data"][0])
    visit.close()


def test_nothing_stays_english(site: Site) -> None:
    visit = site.visit(locale="zh-CN")
    for room in ROOMS:
        visit.go(f"#/{room}")
        visit.until_said("h1", HEADINGS[room][1])
        seen = visit.page.inner_text("body")
        assert set(LATIN.findall(seen)) - SAID_IN_LATIN - DESCRIBED == set()
    visit.close()


def test_light_and_dark(site: Site) -> None:
    visit = site.visit(color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert visit.page.evaluate(paper) == "rgb(22, 22, 22)"
    visit.page.click("[aria-label='Light or dark']")
    assert visit.page.evaluate(paper) == "rgb(247, 247, 246)"
    visit.page.reload()
    visit.until("document.documentElement.dataset.ready === 'true'")
    assert visit.page.evaluate(paper) == "rgb(247, 247, 246)"
    visit.close()


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_it_fits_a_phone(site: Site, locale: str) -> None:
    visit = site.visit(size=PHONE, locale=locale, has_touch=True, is_mobile=True)
    visit.give(".invite input[type=file]", photos(1, 2))
    visit.until_shown(".tile .done", 4)
    for room in ("photos", "photos/negative", "film", "learn", "library", "library/pale", "live", "data"):
        visit.go(f"#/{room}")
        visit.page.wait_for_timeout(100)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], room
        small = visit.page.evaluate(
            """() => [...document.querySelectorAll("button, .button, select, #rooms a")]
                .filter((each) => each.checkVisibility() && !each.matches(".remove, .star, .small, .link, .plain"))
                .map((each) => [each.textContent, each.getBoundingClientRect().height])
                .filter(([, height]) => height < 40)"""
        )
        assert small == [], room
    visit.close()


def test_all_of_it_is_reached_by_tab(site: Site) -> None:
    visit = site.visit()
    reached = []
    for _ in range(11):
        visit.page.keyboard.press("Tab")
        reached.append(
            visit.page.evaluate("(e => e.getAttribute('aria-label') ?? e.textContent)(document.activeElement)")
        )
    assert reached[:2] == ["Skip to content", "Impasto"]
    assert reached[2:7] == ["Photos", "Film", "Learn", "Library", "Live"]
    assert reached[7:] == ["Jobs, 0 under way", "切换到中文", "Light or dark", "Choose photos"]
    ring = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    visit.close()


def test_everything_has_a_name(site: Site) -> None:
    visit = site.visit()
    visit.give(".invite input[type=file]", photos(1, 2))
    visit.until_shown(".tile .done", 4)
    for room in ("photos", "photos/sharp", "film", "learn", "library", "live", "data"):
        visit.go(f"#/{room}")
        nameless = visit.page.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, [role=slider], dialog")]
                .filter((each) => each.checkVisibility() && !each.hidden)
                .filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label") || each.labels?.length))
                .map((each) => each.outerHTML)"""
        )
        assert nameless == [], room
        assert visit.page.evaluate("[...document.images].filter(e => !e.hasAttribute('alt')).length") == 0
        ids = visit.page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
    visit.close()


def test_a_token_is_asked_for(serve: Serve) -> None:
    site = serve(token="a-token-that-is-long-enough")
    visit = Visit(site.browser, site.url)
    visit.page.goto(site.url, wait_until="commit")
    visit.until_shown(".token input")
    visit.page.fill(".token input", "not the token at all, no")
    visit.page.click(".token .strong")
    visit.until_said(".note", "This is not the token.")
    visit.page.fill(".token input", "a-token-that-is-long-enough")
    visit.page.keyboard.press("Enter")
    visit.until_shown(".invite h1")
    visit.until("document.documentElement.dataset.ready === 'true'")
    visit.close(refused=("401",))


def test_an_address_with_the_token_opens_it(serve: Serve) -> None:
    site = serve(token="a-token-that-is-long-enough")
    visit = site.visit("?token=a-token-that-is-long-enough")
    visit.until_shown(".invite h1")
    assert "token" not in visit.page.url
    visit.close()


def test_a_studio_that_is_gone_is_said_so(site: Site) -> None:
    visit = site.visit("#/library")
    visit.page.context.set_offline(True)
    visit.page.click(".library a >> nth=0")
    visit.until_said(".note", "The studio does not answer.")
    visit.page.context.set_offline(False)
    visit.complaints.clear()
    visit.close()

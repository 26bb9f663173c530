"""Photos that are like one, on the page: found, compared in two ways, taken, and put away again."""

from __future__ import annotations

import pytest

from impasto.errors import MissingExtraError

from ..sights import PlainSight
from .conftest import Serve, Site
from .visits import PHONE, Visit, photos

pytestmark = pytest.mark.browser
FIND = ".wall-head .small"


@pytest.fixture
def site(sight: PlainSight, serve: Serve) -> Site:
    """A studio that sees without a network."""
    return serve()


def with_photos(site: Site, *seeds: int, **options: object) -> Visit:
    visit = site.visit(**options)
    visit.give(".invite input[type=file]", photos(*seeds))
    visit.until(f"document.querySelectorAll('.album .thumb img').length === {len(seeds)}")
    visit.until_shown(FIND)
    return visit


def test_similar_photos_are_found_and_taken(site: Site) -> None:
    earlier = with_photos(site, 5)
    earlier.close()
    visit = with_photos(site, 1, 2)
    current = visit.texts(".tile.original .quiet")[0]
    visit.page.click(FIND)
    visit.until_said(".alike [role=status]", "2 photos, the most alike first")
    assert visit.texts(".alike h2") == [f"Like {current}"]
    assert visit.page.evaluate("document.activeElement.id") == "alike-title"
    found = visit.texts(".alike-row .caption")
    assert sorted([*found, current]) == ["photo-1.jpg", "photo-2.jpg", "photo-5.jpg"]
    visit.until("[...document.querySelectorAll('.alike-row img')].every(e => e.naturalWidth > 0)")
    visit.page.click(".alike-row [aria-label='Show photo-5.jpg']")
    visit.until_said(".tile.original .quiet", "photo-5.jpg")  # and it is one of those that are worked on
    assert len(visit.texts(".album .thumb:not(.add)")) == 3
    visit.until_said(".alike h2", "Like photo-5.jpg")
    visit.until_said(".alike [role=status]", "2 photos, the most alike first")
    assert "photo-5.jpg" not in visit.texts(".alike-row .caption")
    visit.close()


def test_by_what_they_show_and_by_how_they_look(site: Site) -> None:
    visit = with_photos(site, 1, 2, 3)
    visit.page.click(FIND)
    visit.until_shown(".alike-row li", 2)
    asked = visit.requests_with("/alike?")
    assert "by=content" in asked[-1]
    visit.page.check(".alike input[value=style]")
    visit.until_shown(".alike-row li", 2)
    visit.until_said(".alike [role=status]", "2 photos")
    assert "by=style" in visit.requests_with("/alike?")[-1]
    visit.close()


def test_by_keyboard(site: Site) -> None:
    visit = with_photos(site, 1, 2)
    visit.page.focus(FIND)
    visit.page.keyboard.press("Enter")
    visit.until_shown(".alike-row li")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Close"
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("ArrowRight")
    visit.until_said(".alike [role=status]", "One photo")
    assert visit.page.is_checked(".alike input[value=style]")
    visit.page.keyboard.press("Tab")
    label = visit.page.evaluate("document.activeElement.getAttribute('aria-label')")
    visit.page.keyboard.press("Enter")
    visit.until_said(".tile.original .quiet", label.removeprefix("Show "))
    visit.until("document.activeElement.id === 'alike-title'")
    visit.page.keyboard.press("Escape")
    visit.until_gone(".alike")
    visit.until("document.activeElement.matches('.wall-head .small')")
    visit.close()


def test_one_photo_alone_on_a_phone_in_chinese(site: Site) -> None:
    visit = with_photos(site, 1, size=PHONE, locale="zh-CN", has_touch=True, is_mobile=True)
    visit.page.tap(FIND)
    visit.until_said(".alike [role=status]", "这里还没有其他照片。")
    assert visit.texts(".alike h2") == ["与 photo-1.jpg 相似"]
    assert visit.texts(".alike .option") == ["拍的是什么", "看起来怎样"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    visit.page.tap(".album .remove")
    visit.until_gone(".alike")
    visit.close()


def test_what_has_not_been_looked_at_yet(site: Site, sight: PlainSight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.studio.routes_uploads._LOOK_SECONDS", 0.2)
    visit = with_photos(site, 1, 2)
    sight.open.clear()
    visit.page.click(FIND)
    visit.until_said(".alike [role=status]", "Looking at 2 more…")
    sight.open.set()
    visit.until_said(".alike [role=status]", "One photo")
    visit.close()


def test_without_the_extra(site: Site, sight: PlainSight) -> None:
    visit = with_photos(site, 1)
    sight.fails = MissingExtraError("Looking at pictures needs PyTorch: pip install 'impasto[library]'")
    visit.page.click(FIND)
    visit.until_said(".note", "pip install 'impasto[library]'")
    visit.until_gone(".alike")
    visit.close(refused=("409",))

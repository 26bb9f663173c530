"""Learning on the page: references in, then watching, stopping, naming and keeping."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..studio_parts import FakeWork
from .conftest import Site
from .visits import Visit, photo_bytes, photos

pytestmark = pytest.mark.browser
HEALTHY = "healthy: discriminator right on 54% of references"


def with_references(site: Site) -> Visit:
    visit = site.visit("#/learn")
    visit.give(".learn-room input[type=file]", photos(1, 2, 3, 3))
    visit.until_said(".learn-references .lead", "3 of 4 pictures can be used")
    return visit


def learning(site: Site) -> tuple[Visit, FakeWork]:
    visit = with_references(site)
    visit.page.fill(".learn-form input[type=text] >> nth=0", "Evening Light")
    visit.page.click(".learn-form [type=submit]")
    visit.until_shown(".learning h1")
    return visit, site.works.next()


def test_references_are_accepted_or_refused_with_a_reason(site: Site) -> None:
    visit = site.visit("#/learn")
    assert visit.page.is_disabled(".learn-form [type=submit]")
    assert visit.texts(".learn-references .lead") == ["Drop pictures that share a look. Twenty are enough."]
    visit.give(".learn-room input[type=file]", photos(1, 2, 3, 3))
    visit.until_shown(".references .refused .fault")
    assert visit.texts(".fault") == ["Duplicate"]
    visit.page.click(".faults summary")
    assert "photo-3.jpg" in visit.texts(".faults li")[0]
    visit.page.hover(".references .refused")
    visit.page.click(".references .refused .remove")
    visit.until_gone(".fault")
    visit.until_said(".learn-references .lead", "3 of 3 pictures can be used")
    visit.page.reload()
    visit.until_shown(".references img", 3)
    visit.close()


def test_it_can_be_watched(site: Site) -> None:
    visit, work = learning(site)
    work.tell("references", accepted=[{"upload": "a", "name": "a"}] * 3, refused=[])
    for step in range(10, 60, 10):
        scalars = {
            "generator/loss": 1 / step,
            "discriminator/loss": 2 / step,
            "discriminator/accuracy_on_real": 0.5,
            "discriminator/accuracy_on_fake": 0.6,
        }
        work.tell("step", step=step, seconds_left=100 - step, scalars=scalars, fraction=step / 100)
    (work.folder / "samples").mkdir()
    for step, seed in ((20, 5), (40, 6)):
        (work.folder / "samples" / f"{step:06d}.jpg").write_bytes(photo_bytes(seed, (320, 160)))
        work.tell("sample", step=step)
    work.tell("say", step=50, text=HEALTHY)
    visit.until_said(".said li", HEALTHY)
    assert visit.texts(".learning h1") == ["Evening Light"]
    visit.until_said(".learning-head .lead", "Step 50 · 50 s left")
    assert visit.texts(".charts figcaption > span:first-child") == ["Losses", "Discriminator is right"]
    assert "generator 0.0200" in " ".join(visit.texts(".legend"))
    visit.until("document.querySelector('.learning .sheet').src.endsWith('/samples/40')")
    visit.slide("Step", 0)
    visit.until("document.querySelector('.learning .sheet').alt === 'Samples at step 20'")
    visit.page.reload()
    visit.until_said(".said li", HEALTHY)
    visit.close()


def test_it_is_stopped_when_it_looks_right_and_kept(site: Site, save_look: Callable[..., Path]) -> None:
    visit, work = learning(site)
    work.tell("step", step=7, seconds_left=50, scalars={}, fraction=0.1)
    visit.page.click("text=Looks right: stop and keep it")
    visit.until_said(".learning-head .lead", "Finishing")
    assert work.words == ["stop"]
    shutil.move(save_look(work.folder / "evening-light.style"), work.folder / "learned.style")
    work.tell("learned", name="evening-light", metrics={}, has_preview=False, verdict=HEALTHY)
    work.finish(message="learned")
    visit.until_shown(".keeping .strong")
    visit.page.fill(".keeping input >> nth=0", "dusk")
    visit.page.fill(".keeping input >> nth=1", "As in the evening.")
    visit.page.click(".keeping .strong")
    visit.until_said(".note", "Dusk is in the library.")
    visit.page.click(".keeping .button")
    visit.until("location.hash === '#/photos/dusk'")
    visit.go("#/library")
    visit.until_said(".library .caption", "As in the evening.")
    visit.go("#/learn")
    visit.until_said(".runs", "Style: Evening Light")
    visit.close()


def test_a_failure_is_told_and_tried_again(site: Site) -> None:
    visit, work = learning(site)
    work.fail("There is no room on the disk.")
    visit.until_said(".learning-head .lead", "There is no room on the disk.")
    visit.page.click(".learning >> text=Try again")
    assert site.works.next().folder == work.folder
    visit.until_shown(".learning progress")
    visit.page.click(".learning .panel >> text=Cancel")
    visit.until_said(".learning-head .lead", "Cancelled")
    visit.close()

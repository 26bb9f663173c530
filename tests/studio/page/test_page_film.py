"""Films on the page: sent with progress, tried on a frame, restyled, and shown with their report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..studio_parts import FakeWork
from .conftest import Serve, Site
from .visits import Visit, distance, photos

pytestmark = pytest.mark.browser
pytest.importorskip("av", reason="needs the extra 'video'")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    from film_clips import make_film

    return make_film(tmp_path / "walk.mp4", frames=12, size=(160, 96), rate=12)


def on_the_desk(site: Site, film: Path) -> Visit:
    visit = site.visit("#/film")
    visit.give(".film-room input[type=file]", str(film))
    visit.until_shown(".film-desk h1")
    visit.until_gone(".film-desk .rendering")
    return visit


def restyling(site: Site, film: Path) -> tuple[Visit, FakeWork]:
    visit = on_the_desk(site, film)
    visit.page.check(".film-desk .style-picker input[value=negative]")
    visit.page.click(".film-desk .strong")
    visit.until_shown(".film-work h1")
    return visit, site.works.next()


def test_a_style_is_tried_on_the_first_frame(site: Site, film: Path) -> None:
    visit = on_the_desk(site, film)
    assert visit.texts(".film-desk h1") == ["walk.mp4"]
    assert visit.texts(".film-desk h1 + .quiet")[0].startswith("160 × 96 · 1 s · 12 fps · ")
    num_asked = len(visit.requests_with("style=negative"))
    visit.page.check(".film-desk .style-picker input[value=negative]")
    visit.until("document.querySelector('.film-desk .after').alt === 'Negative'")
    assert len(visit.requests_with("style=negative")) > num_asked
    before, after = (visit.pixel(f".film-desk .{each}") for each in ("before", "after"))
    assert distance(after, [255 - each for each in before]) < 40
    visit.page.click(".film-desk .back")
    visit.until_shown(".film-room .album .thumb")
    visit.page.click(".film-room .album .thumb")
    visit.until_shown(".film-desk h1")
    visit.close()


def test_it_is_restyled_with_progress_and_a_report(site: Site, film: Path) -> None:
    visit, work = restyling(site, film)
    visit.until_said(".film-work h1", "Negative · walk.mp4")
    work.tell("film", stage="restyling", frames_done=6, frames_total=12, frames_per_second=3.0)
    visit.until_said(".film-work .numbers", "6 of 12 frames · 3 a second")
    assert visit.texts(".film-work .lead") == ["Restyling…"]
    (work.folder / "results" / "walk-negative.mp4").write_bytes(film.read_bytes())
    (work.folder / "results" / "walk-negative-report.html").write_text("<!doctype html><title>Report</title>")
    url = f"/api/v1/jobs/{work.folder.name}/files/walk-negative-report.html"
    work.tell("film", stage="assembling", frames_done=12, warnings=["One frame was damaged."], report_url=url)
    work.finish(message="12 frames are ready.")
    visit.until("document.querySelector('.film-work video')?.videoWidth !== undefined")
    assert visit.texts(".film-work .warning") == ["One frame was damaged."]
    assert visit.page.get_attribute(".film-work .row .button:nth-child(2)", "href") == url
    assert visit.download(".film-work .row .strong").read_bytes() == film.read_bytes()
    visit.go("#/film")
    visit.until_said(".film-room .runs", "Negative · walk.mp4")
    visit.close(refused=("415",))


def test_it_survives_a_reload_and_is_cancelled(site: Site, film: Path) -> None:
    visit, work = restyling(site, film)
    work.tell("film", stage="restyling", frames_done=3, frames_total=12, frames_per_second=None)
    visit.until_said(".film-work .numbers", "3 of 12 frames")
    visit.page.reload()
    visit.until_said(".film-work .numbers", "3 of 12 frames")
    visit.page.click(".film-work >> text=Cancel")
    visit.until_said(".film-work .lead", "Cancelled")
    assert work.killed.is_set()
    visit.close()


def test_a_film_that_is_none(site: Site) -> None:
    visit = site.visit("#/film")
    visit.give(".film-room input[type=file]", photos(1))
    visit.until_said(".note", "That is not a film.")
    broken = {"name": "broken.mp4", "mimeType": "video/mp4", "buffer": b"no film at all" * 40}
    visit.give(".film-room input[type=file]", [broken])
    visit.until_said(".note", "neither a photo nor a film")
    visit.until_gone(".sending")
    visit.close(refused=("415", "422"))


def test_without_the_extra(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    have = {"learn": False, "video": False, "faces": False, "sign": False}
    monkeypatch.setattr("impasto.studio.routes_data.extras", lambda: have)
    visit = serve().visit("#/film")
    assert visit.texts(".film-room .warning") == ['For films, install: pip install "impasto[video]"']
    visit.go("#/learn")
    assert visit.texts(".learn-room .warning") == ['For learning, install: pip install "impasto[learn]"']
    visit.close()


def test_a_failed_film_is_tried_again(site: Site, film: Path) -> None:
    visit, work = restyling(site, film)
    work.fail("The film is damaged at 0:01.")
    visit.until_said(".film-work .lead", "The film is damaged at 0:01.")
    visit.page.click(".film-work >> text=Try again")
    again = site.works.next()
    again.tell("film", stage="restyling", frames_done=9, frames_total=12, frames_per_second=None)
    visit.until_said(".film-work .numbers", "9 of 12 frames")
    visit.close()

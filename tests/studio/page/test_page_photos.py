"""Photos on the page: a wall, one style large with all its controls, and many at once."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from .conftest import Serve, Site
from .visits import Visit, distance, photos

pytestmark = pytest.mark.browser
STYLES = ["Pale", "Paler", "Negative", "Sharp"]
AFTER, BEFORE = ".photos-room .frame .after", ".photos-room .frame .before"


def with_wall(site: Site, *seeds: int) -> Visit:
    visit = site.visit()
    visit.give(".invite input[type=file]", photos(*(seeds or (1,))))
    visit.until_shown(".tile .done", len(STYLES))
    return visit


def with_large(site: Site, style: str = "pale", *seeds: int) -> Visit:
    visit = with_wall(site, *seeds)
    visit.go(f"#/photos/{style}")
    visit.until_shown(AFTER)
    visit.until_gone(".rendering")
    return visit


def rendered(visit: Visit) -> dict[str, str]:
    """Return the options of the last picture that was asked for."""
    [*_, last] = visit.requests_with("side=1600")
    return {name: values[-1] for name, values in parse_qs(urlsplit(last).query).items()}


def until_asked(visit: Visit, **options: str) -> None:
    """Wait until a picture with such options was asked for, and has come."""
    for _ in range(800):
        if options.items() <= rendered(visit).items():
            break
        visit.page.wait_for_timeout(25)
    assert options.items() <= rendered(visit).items()
    visit.until_gone(".rendering")


def until_rendered(visit: Visit, before: int) -> None:
    for _ in range(400):
        if len(visit.requests_with("/render?")) > before:
            break
        visit.page.wait_for_timeout(25)
    visit.until_gone(".rendering")


def test_each_style_hangs_on_the_wall(site: Site) -> None:
    visit = site.visit()
    assert visit.texts(".samples .caption") == []
    visit.give(".invite input[type=file]", photos(1))
    visit.until_shown(".tile .done", len(STYLES))
    assert visit.texts(".tile b") == ["Original", *STYLES]
    visit.until_said(".wall-head [role=status]", "4 styles in")
    original = visit.pixel(".tile.original img")
    assert distance(visit.pixel(".tile[data-style=negative] .done"), [255 - each for each in original]) < 40
    visit.until_said(".tile[data-style=pale] .suits", "suits this photo")
    visit.close()


def test_several_photos_have_their_own_walls(site: Site) -> None:
    visit = with_wall(site, 1, 2)
    visit.until_shown(".album .thumb img", 2)
    first = visit.pixel(".tile.original img")
    visit.page.click(".album li:not(.current) .thumb")
    visit.until_shown(".tile .done", len(STYLES))
    assert distance(visit.pixel(".tile.original img"), first) > 10
    visit.page.hover(".album li.current")
    visit.page.click(".album li.current .remove")
    visit.until("document.querySelectorAll('.album .thumb img').length === 1")
    visit.page.reload()
    visit.until_shown(".tile .done", len(STYLES))
    assert len(visit.texts(".album .thumb:not(.add)")) == 1
    visit.close()


def test_before_and_after(site: Site) -> None:
    visit = with_large(site, "negative")
    before, after = visit.pixel(BEFORE), visit.pixel(AFTER)
    assert distance(after, [255 - each for each in before]) < 40
    num_asked = len(visit.requests_with("/render?"))
    visit.slide("Strength", 0)
    until_rendered(visit, num_asked)
    visit.until("async () => (await document.querySelector('.photos-room .frame .after').decode(), true)")
    assert distance(visit.pixel(AFTER), visit.pixel(BEFORE)) < 12
    visit.close()


def test_the_divider_follows_keys_and_the_pointer(site: Site) -> None:
    visit = with_large(site)
    handle = visit.page.locator(".photos-room .handle")
    handle.focus()
    visit.page.keyboard.press("ArrowRight")
    assert handle.get_attribute("aria-valuenow") == "52"
    assert handle.get_attribute("aria-valuetext") == "52 % before, 48 % after"
    visit.page.keyboard.press("Home")
    assert handle.get_attribute("aria-valuenow") == "0"
    box = visit.page.locator(".photos-room .frame").bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    assert handle.get_attribute("aria-valuenow") == "75"
    visit.close()


def test_every_control_is_asked_for(site: Site) -> None:
    visit = with_large(site, "sharp")
    visit.page.check(".large .toggle input")
    visit.page.check(".large .choice input[value=background]")
    visit.slide("Size of strokes", 1)
    visit.page.select_option(".large .pair .select:nth-child(1) select", "negative")
    visit.slide("Share of Negative", 30)
    visit.page.select_option(".large .pair .select:nth-child(2) select", "pale")
    until_asked(
        visit,
        style="sharp:0.70,negative:0.30+pale",
        keep_color="true",
        texture_scale="2",
        where="background",
    )
    visit.close(refused=("409", "422"))  # where faces and subjects cannot be found here


def test_ones_own_mask(site: Site) -> None:
    visit = with_large(site, "negative")
    white = io.BytesIO()
    half = Image.new("L", (160, 200))
    half.paste(255, (0, 0, 160, 20))
    half.save(white, "PNG")
    num_asked = len(visit.requests_with("/render?"))
    mask = {"name": "half.png", "mimeType": "image/png", "buffer": white.getvalue()}
    visit.give(".large .mask-line input", [mask])
    until_rendered(visit, num_asked)
    assert rendered(visit)["where"].startswith("mask:")
    assert visit.texts(".photos-room .mask-line .link") == ["half.png"]
    assert distance(visit.pixel(AFTER), visit.pixel(BEFORE)) < 40
    visit.close()


def test_looks_have_no_strokes_and_paints_no_stars(site: Site) -> None:
    visit = with_large(site, "pale")
    assert "Size of strokes" not in visit.texts(".large .control:visible label")
    visit.page.click(".large .star:nth-child(4)")
    visit.until("document.querySelectorAll('.star[aria-pressed=true]').length === 4")
    visit.go("#/library")
    visit.until_said(".library .rated", "★ 4 on one photo")
    visit.go("#/photos/sharp")
    visit.until_said(".large h1", "Sharp")
    visit.until_gone(".stars")
    visit.close()


def test_a_full_size_picture_is_downloaded(site: Site) -> None:
    visit = with_large(site, "negative")
    visit.page.select_option(".actions select", "png")
    picture = Image.open(visit.download(".actions .strong"))
    assert picture.size == (160, 200)
    assert picture.format == "PNG"
    visit.close()


def test_styles_are_reached_by_keyboard(site: Site) -> None:
    visit = with_wall(site)
    link = visit.page.locator(".tile[data-style=pale] a")
    link.focus()
    visit.page.keyboard.press("Enter")
    visit.until_said(".large h1", "Pale")
    visit.until("document.activeElement.tagName === 'H1'")
    visit.page.keyboard.press("ArrowRight")
    visit.until_said(".large h1", "Paler")
    visit.page.keyboard.press("ArrowLeft")
    visit.until("location.hash === '#/photos/pale'")
    visit.page.keyboard.press("Escape")
    visit.until_gone(".large")
    visit.until("document.activeElement.closest('.tile')?.dataset.style === 'pale'")
    visit.close()


def test_all_photos_at_once(serve: Serve, tmp_path: Path) -> None:
    visit = with_large(serve(real=True), "negative", 1, 2)
    visit.page.click("text=Apply to all 2 photos")
    visit.until_shown("dialog.drawer .job")
    assert visit.texts(".drawer .job h3") == ["2 photos in Negative"]
    visit.until_shown(".job.done .job-pictures img", 2)
    archive = zipfile.ZipFile(visit.download(".job.done .strong"))
    assert sorted(archive.namelist()) == ["photo-1-negative.jpg", "photo-2-negative.jpg"]
    visit.page.reload()
    visit.until("document.documentElement.dataset.ready === 'true'")
    visit.page.click("#tools .tool >> nth=0")
    visit.until_shown(".drawer .job.done")
    visit.page.click(".drawer .job >> text=Delete")
    visit.page.click(".question .strong")
    visit.until_shown(".drawer .jobs .empty")
    visit.close()


def test_jobs_are_cancelled_and_tried_again(site: Site) -> None:
    visit = with_large(site, "negative", 1, 2)
    visit.page.click("text=Apply to all 2 photos")
    work = site.works.next()
    work.tell("progress", fraction=0.5, seconds_left=9, message="1 of 2 photos")
    visit.until_said(".job p", "9 s left")
    assert visit.page.get_attribute("#tools .tool >> nth=0", "aria-label") == "Jobs, 1 under way"
    visit.page.click(".job >> text=Cancel")
    visit.until_shown(".job.cancelled")
    visit.page.click(".job >> text=Try again")
    site.works.next().fail("The disk is full.")
    visit.until_said(".job.failed p", "The disk is full.")
    visit.until_said("#status", "failed")
    visit.close()


def test_what_is_no_photo_is_said_so(site: Site) -> None:
    visit = site.visit()
    visit.give(
        ".invite input[type=file]", [{"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"}]
    )
    visit.until_said("#notes .note", "notes.jpg")
    visit.until_shown(".invite h1")
    visit.page.click("#notes .note button")
    visit.until_gone("#notes .note")
    visit.close(refused=("415 /api/v1/uploads", "422 /api/v1/uploads"))


def test_files_are_dropped_anywhere(site: Site) -> None:
    visit = site.visit()
    drop = """async (data) => {
      const transfer = new DataTransfer(), bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
      transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
      for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }"""
    visit.page.evaluate(drop, base64.b64encode(photos(3)[0]["buffer"]).decode())
    visit.until_shown(".tile .done", len(STYLES))
    assert visit.texts(".tile.original .quiet") == ["dropped.jpg"]
    visit.close()

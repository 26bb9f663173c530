"""The library on the page: what is there, where it comes from, in and out of it; and the camera."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from .conftest import Site
from .visits import photo_bytes

pytestmark = pytest.mark.browser


def test_styles_are_listed_and_filtered(site: Site) -> None:
    visit = site.visit("#/library")
    assert visit.texts(".library b") == ["Pale", "Paler", "Negative", "Sharp"]
    assert visit.texts(".library-room .head .lead") == ["4 styles, 4 of them yours"]
    visit.page.check(".library-room input[value=paint]")
    assert visit.texts(".library b") == ["Negative", "Sharp"]
    visit.close()


def test_a_style_says_where_it_comes_from(site: Site) -> None:
    visit = site.visit("#/library/paler")
    visit.until_shown("dialog.detail h2")
    facts = dict(zip(visit.texts(".detail dt"), visit.texts(".detail dd"), strict=True))
    assert facts["Kind"] == "Look"
    assert facts["Learned"] == "21 November 2026"
    assert facts["From"] == "2 references, 3 other pictures"
    assert facts["Licence"] == "my own pictures"
    visit.page.keyboard.press("Escape")
    visit.until("location.hash === '#/library'")
    visit.close()


def test_styles_go_out_and_come_in(site: Site, tmp_path: Path, home: Path) -> None:
    visit = site.visit("#/library/paler")
    visit.until_shown("dialog.detail h2")
    saved = visit.download(".detail >> text=Download the style").read_bytes()
    assert saved == (home / "paler.style").read_bytes()
    visit.page.click(".detail >> text=Delete")
    visit.page.click(".question .strong")
    visit.until("!document.querySelector('.library').textContent.includes('Paler')")
    assert not (home / "paler.style").exists()
    brought = tmp_path / "Brought Along.style"
    brought.write_bytes(saved)
    visit.give(".library-room .head input[type=file]", str(brought))
    visit.until_said(".library b", "Brought Along")
    visit.give(".library-room .head input[type=file]", str(brought))
    visit.until_said(".question", "You have a style named Brought Along already.")
    visit.page.click(".question .strong")
    visit.until_said(".note", "Brought Along was added.")
    visit.close(refused=("409 /api/v1/styles",))


def test_what_is_no_style_is_refused(site: Site) -> None:
    visit = site.visit("#/library")
    visit.give(".library-room .head input[type=file]", [{"name": "evil.style", "mimeType": "", "buffer": b"PK\3\4 no"}])
    visit.until_shown(".note")
    assert visit.texts(".library b") == ["Pale", "Paler", "Negative", "Sharp"]
    visit.close(refused=("422 /api/v1/styles", "415 /api/v1/styles"))


def test_another_window_shows_what_is_new(site: Site, save_look: Callable[..., Path], home: Path) -> None:
    visit = site.visit("#/library")
    other = site.visit("#/library")
    other.give(".library-room .head input[type=file]", str(save_look(home.parent / "fresh.style")))
    visit.until_said(".library b", "Fresh")
    other.close()
    visit.close()


def test_the_camera_in_a_style(site: Site) -> None:
    visit = site.visit("#/live", permissions=["camera"])
    visit.page.check(".live .choice input[value='480']")
    visit.page.click(".live .cover .strong")
    frames = "Number(document.querySelector('.live canvas').dataset.frames ?? 0)"
    visit.until(f"{frames} >= 3")
    visit.until_said(".live .rate", "480 × ")
    before = visit.page.evaluate(frames)
    visit.page.check(".live .style-picker input[value=negative]")
    visit.slide("Strength", 40)
    visit.until(f"n => {frames} > n + 3", before)
    assert Image.open(visit.download(".live .round")).format == "JPEG"
    visit.page.click(".live .panel >> text=Stop the camera")
    visit.until_shown(".live .cover .strong")
    visit.close()


WATCH_FRAMES = """() => {
    const { send, addEventListener } = WebSocket.prototype;
    window.frames_seen = [];
    WebSocket.prototype.send = function (data) {
        if (typeof data !== "string") window.frames_seen.push("out");
        return send.call(this, data);
    };
    WebSocket.prototype.addEventListener = function (name, listener) {
        return addEventListener.call(this, name, (event) => {
            if (name === "message" && typeof event.data !== "string") window.frames_seen.push("in");
            listener(event);
        });
    };
}"""


def test_frames_go_one_at_a_time(site: Site) -> None:
    visit = site.visit("#/library", permissions=["camera"])
    visit.page.evaluate(WATCH_FRAMES)
    visit.go("#/live")
    visit.page.click(".live .cover .strong")
    visit.until("Number(document.querySelector('.live canvas').dataset.frames ?? 0) >= 4")
    visit.page.click(".live .panel >> text=Stop the camera")
    assert visit.page.evaluate("window.frames_seen")[:8] == ["out", "in"] * 4
    visit.close()


def test_a_camera_that_is_refused(site: Site) -> None:
    visit = site.visit("#/live")
    visit.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }; }"
    )
    visit.page.click(".live .cover .strong")
    visit.until_said(".note", "No camera was found.")
    visit.until_shown(".live .cover .strong")
    visit.close()


def test_everything_is_deleted(site: Site) -> None:
    visit = site.visit()
    visit.give(".invite input[type=file]", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(1)}])
    visit.until_shown(".tile .done", 4)
    visit.go("#/data")
    visit.until_said(".fact", "1 files and 0 jobs")
    visit.until_said(".fact", "Off: results carry no signature.")
    visit.page.click("text=Delete all files and jobs")
    visit.page.click(".question .strong")
    visit.until_said(".note", "Deleted 1 files and 0 jobs.")
    visit.until_said(".fact", "0 files and 0 jobs")
    visit.go("#/photos")
    visit.until_shown(".invite h1")
    assert json.loads(visit.page.evaluate("localStorage.getItem('impasto-photos')")) == []
    visit.close()

"""The page as visitors use it: on the camera, on photos, without a network, in two languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from .conftest import WriteSite
from .web_fake_runtime import fake_runtime
from .web_sites import OpenedSite, opened, scene

pytestmark = pytest.mark.browser
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SaveStyle = Callable[..., Path]
_SHOWN = """() => {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = canvas.height = 32;
  context.drawImage(document.getElementById("video"), 0, 0, 32, 32);
  return [...context.getImageData(0, 0, 32, 32).data].join();
}"""


@pytest.fixture
def look_site(tmp_path: Path, save_look: SaveStyle, write_page: WriteSite) -> Path:
    return write_page(save_look(tmp_path / "pale.style", description="A pale mix."))


@pytest.fixture
def paint_site(tmp_path: Path, save_paint: SaveStyle, write_page: WriteSite) -> Path:
    return write_page(save_paint(tmp_path / "negative.style", "invert"), load_runtime=lambda: fake_runtime("invert"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "my photo.png"
    Image.fromarray(scene(120, 160)).save(path)
    return path


def pixels_of(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def watch_frames(site: OpenedSite, count: int = 4) -> None:
    seen = site.frames()
    site.until(f"Number(document.getElementById('canvas').dataset.frames) >= {seen + count}")


def test_a_look_runs_on_the_camera(browser: Any, look_site: Path) -> None:
    with opened(browser, look_site, viewport=DESK) as site:
        assert site.page.inner_text("h1") == "pale"
        site.kept()
        site.use_camera()
        before = site.page.evaluate(_SHOWN)
        watch_frames(site)
        assert site.page.evaluate(_SHOWN) != before
        site.until("/frames a second/.test(document.getElementById('numbers').textContent)")
        site.page.click("#camera")
        site.until("document.getElementById('video').srcObject === null")


def test_paint_runs_on_the_camera_as_large_as_the_pace_allows(browser: Any, paint_site: Path) -> None:
    with opened(browser, paint_site, viewport=DESK) as site:
        site.kept()
        site.use_camera()
        watch_frames(site)
        site.until("/painted at \\d+ \\(WebAssembly\\)/.test(document.getElementById('numbers').textContent)")


@pytest.mark.parametrize("family", ["look", "paint"])
def test_a_photo_is_styled_compared_and_saved(
    browser: Any, request: pytest.FixtureRequest, tmp_path: Path, photo: Path, family: str
) -> None:
    from conftest import graded

    source = pixels_of(photo)
    values = source / 255
    expected = 255 * (graded(values, values.mean()) if family == "look" else 1 - values)
    with opened(browser, request.getfixturevalue(f"{family}_site"), viewport=PHONE) as site:
        site.kept()
        site.open_photo(photo)
        saved = site.saved(tmp_path)
        assert saved.name == f"my photo-{'pale' if family == 'look' else 'negative'}.jpg"
        assert pixels_of(saved).shape == source.shape
        assert np.abs(pixels_of(saved) - expected).mean() < 6 < np.abs(pixels_of(saved) - source).mean()
        site.page.fill("#strength", "0")
        assert site.page.inner_text("#share") == "0 %"
        assert np.abs(pixels_of(site.saved(tmp_path)) - source).mean() < 5


def test_the_divider_follows_keys(browser: Any, look_site: Path, photo: Path) -> None:
    with opened(browser, look_site, viewport=DESK) as site:
        site.kept()
        site.open_photo(photo)
        assert not site.page.is_visible("#divider")
        site.page.click("#compare")
        site.page.focus("#divider")
        for key, share in (("ArrowRight", "52"), ("Shift+ArrowLeft", "42"), ("Home", "0"), ("End", "100")):
            site.page.keyboard.press(key)
            assert site.page.get_attribute("#divider", "aria-valuenow") == share
        site.page.click("#compare")
        assert not site.page.is_visible("#divider")


@pytest.mark.parametrize("family", ["look", "paint"])
def test_it_works_with_the_server_gone(browser: Any, request: pytest.FixtureRequest, photo: Path, family: str) -> None:
    with opened(browser, request.getfixturevalue(f"{family}_site")) as site:
        site.kept()
        site.server.stop()
        site.page.goto(f"{site.url}?height=120")
        site.kept()
        site.use_camera()
        watch_frames(site)
        site.open_photo(photo)


def test_threads_need_a_page_that_is_cut_off_from_others(browser: Any, paint_site: Path) -> None:
    with opened(browser, paint_site) as site:
        site.kept()
        site.until("crossOriginIsolated")


def test_a_new_export_takes_the_place_of_the_old_one(
    browser: Any, tmp_path: Path, save_look: SaveStyle, write_page: WriteSite
) -> None:
    path = save_look(tmp_path / "pale.style")
    with opened(browser, write_page(path, "before")) as site:
        site.kept()
        write_page(path, "after")
        # Browsers look for it when the page is opened, but not at once.
        site.page.reload()
        site.until("navigator.serviceWorker.getRegistration().then(found => found.waiting !== null)")
        # Visitors get it once no page of the old one is open.
        for _ in range(100):
            site.page.goto("about:blank")
            site.page.wait_for_timeout(100)
            site.page.goto(f"{site.url}?height=120")
            if site.page.inner_text("h1") == "after":
                break
        assert site.page.inner_text("h1") == "after"
        site.until("caches.keys().then(names => names.length === 1)")


def test_the_page_can_be_installed(browser: Any, look_site: Path) -> None:
    with opened(browser, look_site) as site:
        site.kept()
        session = site.page.context.new_cdp_session(site.page)
        manifest = session.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert json.loads(manifest["data"])["name"] == "Impasto · pale"
        faults = {each["errorId"] for each in session.send("Page.getInstallabilityErrors")["installabilityErrors"]}
        # Headless windows have no room for apps.
        assert faults <= {"in-incognito"}


def test_it_speaks_the_visitors_language_and_keeps_the_choice(browser: Any, look_site: Path) -> None:
    with opened(browser, look_site, locale="zh-CN") as site:
        site.kept()
        assert site.page.inner_text("#use-camera") == "使用摄像头"
        assert site.page.get_attribute("html", "lang") == "zh-Hans"
        site.page.click("#language")
        assert site.page.inner_text("#use-camera") == "Use the camera"
        site.page.reload()
        site.until("document.getElementById('use-camera').textContent === 'Use the camera'")


def test_a_file_that_is_no_picture_is_named_so(browser: Any, look_site: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.png").write_bytes(b"no picture")
    with opened(browser, look_site) as site:
        site.kept()
        site.page.set_input_files("#file", tmp_path / "odd.png")
        site.until("/cannot read that file/.test(document.getElementById('notice').textContent)")
        assert site.page.is_visible("#use-camera")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("NotAllowedError", "may not be used"), ("NotFoundError", "No camera was found"), ("NotReadableError", "Another")],
)
def test_a_camera_that_is_not_to_be_had_is_explained(
    browser: Any, look_site: Path, photo: Path, fault: str, words: str
) -> None:
    with opened(browser, look_site) as site:
        site.kept()
        site.page.evaluate(
            "name => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); }; }",
            fault,
        )
        site.page.click("#use-camera")
        site.until(f"document.getElementById('notice').textContent.includes({words!r})")
        site.open_photo(photo)
        assert site.page.inner_text("#notice") == ""


def test_a_network_that_fails_is_told(
    browser: Any, tmp_path: Path, save_paint: SaveStyle, write_page: WriteSite, photo: Path
) -> None:
    folder = write_page(save_paint(tmp_path / "oil.style"), load_runtime=lambda: fake_runtime("broken"))
    with opened(browser, folder) as site:
        site.page.set_input_files("#file", photo)
        site.until("/no usable picture/.test(document.getElementById('notice').textContent)")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everything_is_within_the_window_and_large_enough_to_touch(
    browser: Any, look_site: Path, photo: Path, size: dict[str, int]
) -> None:
    with opened(browser, look_site, viewport=size) as site:
        site.kept()
        assert site.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        site.open_photo(photo)
        for element in site.page.query_selector_all("button:visible, input[type=range]:visible"):
            box = element.bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= size["width"]
            assert box["y"] + box["height"] <= size["height"]
            assert box["height"] >= 44
        canvas = site.page.query_selector("#canvas").bounding_box()
        assert canvas["height"] >= 0.5 * size["height"]

"""A browser's visit to a studio: what it asked for, what it complained of, and short ways to wait and to look."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
ROOMS = ("photos", "film", "learn", "library", "live", "data")
_PATIENCE = 800
_PAUSE = 50


def photo_bytes(seed: int = 0, size: tuple[int, int] = (160, 200)) -> bytes:
    """Return a JPEG; another seed gives a picture that is no near duplicate."""
    random = np.random.default_rng(seed)
    tiles = random.integers(30, 225, (5, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(tiles).resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def as_file(name: str, data: bytes, media_type: str = "image/jpeg") -> dict[str, Any]:
    """Return a file as a file picker takes it."""
    return {"name": name, "mimeType": media_type, "buffer": data}


def photos(*seeds: int) -> list[dict[str, Any]]:
    return [as_file(f"photo-{seed}.jpg", photo_bytes(seed)) for seed in seeds]


class Visit:
    """A page of a studio that is open.

    Attributes
    ----------
    complaints
        Of the console, and errors that nothing has caught.
    asked
        Each address that was asked for.
    refused
        Each answer of 400 and above, as `status path`.
    """

    def __init__(self, browser: Any, url: str, size: dict[str, int] = DESK, **options: Any) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.refused: list[str] = []
        context = {"viewport": size, "locale": "en-GB", "reduced_motion": "reduce"}
        self.page = browser.new_context(**(context | options)).new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", self._note)

    def _hear(self, message: Any) -> None:
        # A refusal is noted as an answer already; the browser's own line about it has no more to say.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def _note(self, response: Any) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {urlsplit(response.url).path}")

    def open(self, path: str = "#/photos") -> Visit:
        """Load the page, at a room."""
        self.page.goto(self.url + path, wait_until="commit")
        self.until("document.documentElement.dataset.ready === 'true'")
        return self

    def go(self, path: str) -> None:
        """Go to another room without loading the page anew."""
        self.page.evaluate("path => { location.hash = path; }", path)
        self.until("path => location.hash.startsWith(path)", path)

    def until(self, expression: str, *given: Any) -> None:
        """Wait until something is so; the page forbids scripts that look for themselves."""
        from playwright.sync_api import Error

        problem = ""
        for _ in range(_PATIENCE):
            try:
                if self.page.evaluate(expression, *given):
                    return
            except Error as error:  # the page is being loaded
                problem = error.message
            self.page.wait_for_timeout(_PAUSE)
        raise AssertionError(f"it never was so: {expression} {given} {problem}")

    def until_shown(self, selector: str, count: int = 1) -> None:
        """Wait until so many elements can be seen."""
        seen = "[...document.querySelectorAll(s)].filter(e => e.checkVisibility()).length"
        self.until(f"([s, n]) => {seen} >= n", [selector, count])

    def until_gone(self, selector: str) -> None:
        """Wait until no such element can be seen."""
        self.until("s => ![...document.querySelectorAll(s)].some(e => e.checkVisibility())", selector)

    def until_said(self, selector: str, words: str) -> None:
        """Wait until an element says something."""
        say = "[...document.querySelectorAll(s)].some(e => e.textContent.includes(w))"
        self.until(f"([s, w]) => {say}", [selector, words])

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.page.locator(selector).all_inner_texts()
        return found

    def give(self, selector: str, files: Any) -> None:
        """Choose files in a file picker."""
        self.page.set_input_files(selector, files)

    def slide(self, name: str, value: float) -> None:
        """Move a labelled range that can be seen, as a hand would."""
        self.page.evaluate(
            """([name, value]) => {
                const labels = [...document.querySelectorAll(".range label")];
                const label = labels.find((each) => each.textContent === name && each.checkVisibility());
                const input = document.getElementById(label.htmlFor);
                input.value = value;
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            [name, value],
        )

    def pixel(self, selector: str) -> list[int]:
        """Return the colour of the middle of a picture."""
        found: list[int] = self.page.evaluate(
            """async (selector) => {
                const picture = document.querySelector(selector), canvas = document.createElement("canvas");
                if (picture.decode) await picture.decode();
                canvas.width = canvas.height = 9;
                const context = canvas.getContext("2d");
                context.drawImage(picture, 0, 0, 9, 9);
                return [...context.getImageData(4, 4, 1, 1).data].slice(0, 3);
            }""",
            selector,
        )
        return found

    def requests_with(self, part: str) -> list[str]:
        return [url for url in self.asked if part in url]

    def download(self, selector: str) -> Path:
        """Click, and return the file that is downloaded."""
        with self.page.expect_download() as download:
            self.page.click(selector)
        return Path(download.value.path())

    def close(self, *, refused: tuple[str, ...] = ()) -> None:
        """End; see that nothing was complained of, asked of others, or refused that was not meant to be."""
        self.page.context.close()
        assert self.complaints == []
        own = urlsplit(self.url).netloc
        elsewhere = [url for url in self.asked if urlsplit(url).scheme not in ("blob", "data")]
        assert {urlsplit(url).netloc for url in elsewhere} == {own}
        assert [each for each in self.refused if not each.startswith(refused or "-")] == []


def distance(one: list[int], other: list[int]) -> int:
    """Return how far two colours are apart, in levels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))

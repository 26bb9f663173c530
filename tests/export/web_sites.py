"""Exported pages, served on this machine and opened in a real browser."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUB_PATH = "some where/below"
"""Where a site is served: never at the root, which a page must not take for granted."""
PATIENCE_SECONDS = 60


class Server:
    """Serves a folder on 127.0.0.1, and notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        asked = self.asked = list[str]()

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                asked.append(self.path)

        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class OpenedSite:
    """A page that is open, and whatever it complained about or asked for."""

    page: Any
    server: Server
    url: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def until(self, expression: str) -> None:
        """Wait until something is so. The page forbids scripts that look for themselves, and may reload meanwhile."""
        from playwright.sync_api import Error

        end = monotonic() + PATIENCE_SECONDS
        while monotonic() < end:
            try:
                if self.page.evaluate(expression):
                    return
            except Error as error:
                if "context was destroyed" not in str(error):
                    raise
            self.page.wait_for_timeout(50)
        notice = self.page.inner_text("#notice")
        raise AssertionError(f"it never was so: {expression}; the page says {notice!r}; {self.complaints}")

    def kept(self) -> None:
        """Wait until the page is looked after by what keeps it, and its style is loaded."""
        self.until("navigator.serviceWorker.controller && document.body.dataset.ready === 'yes'")

    def frames(self) -> int:
        return int(self.page.get_attribute("#canvas", "data-frames") or 0)

    def use_camera(self) -> None:
        self.page.click("#use-camera")
        self.until("document.getElementById('canvas').dataset.frames > 3")

    def open_photo(self, path: Path) -> None:
        before = int(self.page.get_attribute("#canvas", "data-photos") or 0)
        self.page.set_input_files("#file", path)
        self.until(f"document.getElementById('canvas').dataset.photos > {before}")

    def saved(self, folder: Path) -> Path:
        with self.page.expect_download() as waiting:
            self.page.click("#save")
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path


@contextmanager
def opened(browser: Any, folder: Path, **options: Any) -> Iterator[OpenedSite]:
    """Open the page under `folder`, and hold it to its promises at the end."""
    server = Server(folder)
    context = browser.new_context(permissions=["camera"], **options)
    site = OpenedSite(context.new_page(), server, f"{server.origin}/{SUB_PATH.replace(' ', '%20')}/")
    site.page.set_default_timeout(1000 * PATIENCE_SECONDS)
    site.page.on("console", lambda message: message.type == "error" and site.complaints.append(message.text))
    site.page.on("pageerror", lambda error: site.complaints.append(str(error)))
    context.on("request", lambda request: site.requests.append(request.url))
    try:
        site.page.goto(f"{site.url}?height=120")
        yield site
        assert site.complaints == []
        assert {url for url in site.requests if not url.startswith((site.url, "blob:" + server.origin))} == set()
    finally:
        context.close()
        server.stop()


def in_page(site: OpenedSite, body: str, **given: Any) -> Any:
    """Run the body of an async function in the page, and return its result.

    It finds the page's own modules with `load`, and what is `given` by name, arrays as flat typed arrays.
    """
    plain = {name: value.ravel().tolist() if isinstance(value, np.ndarray) else value for name, value in given.items()}
    arrays = {name: value.dtype.name for name, value in given.items() if isinstance(value, np.ndarray)}
    script = f"""async ({{ plain, arrays }}) => {{
      const kinds = {{ float32: Float32Array, uint8: Uint8ClampedArray }}, given = {{ ...plain }};
      for (const [name, kind] of Object.entries(arrays)) given[name] = kinds[kind].from(plain[name]);
      const {{ {", ".join(given)} }} = given;
      const load = name => import(new URL(`js/${{name}}.js`, document.baseURI).href);
      const picture = (pixels, height, width) => {{
        const canvas = Object.assign(document.createElement("canvas"), {{ height, width }});
        canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
        return canvas;
      }};
      const shown = stage => {{
        const {{ gl, canvas: {{ width, height }} }} = stage, pixels = new Uint8Array(4 * width * height);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        return [...pixels];
      }};
      const stage = async () => new (await load("stage")).Stage(document.createElement("canvas"));
      {body}
    }}"""
    return site.page.evaluate(script, {"plain": plain, "arrays": arrays})


def opaque(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return H×W×3 with an alpha that hides nothing."""
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def seen(values: Any, height: int, width: int) -> NDArray[np.uint8]:
    """Return what a canvas showed as H×W×3; it counts rows from below."""
    return np.array(values, np.uint8).reshape(height, width, 4)[::-1, :, :3]


def styled_in_page(site: OpenedSite, pixels: NDArray[np.uint8], strength: float = 1.0, parts: int = 1) -> Any:
    """Return what the page's own style makes of a picture that stands still, H×W×3; it is shown in so many parts."""
    height, width = pixels.shape[:2]
    values = in_page(
        site,
        """
        const style = await (await fetch(new URL("style/style.json", document.baseURI))).json();
        const on = await stage(), { Look } = await load("look"), { Paint } = await load("paint");
        const styler = style.family === "look" ? new Look(style, on) : new Paint(style, on);
        const source = picture(pixels, height, width);
        await styler.ready;
        on.setFrame(source, height, width);
        await styler.settle(source, { height, width });
        if (parts === 1) {
          on.draw({ strength });
          return [shown(on)];
        }
        const rows = height / parts, results = [];
        for (let y = 0; y < height; y += rows) {
          on.setFrame(picture(pixels.slice(4 * width * y, 4 * width * (y + rows)), rows, width), rows, width);
          on.draw({ strength, part: { x: 0, y, whole: { height, width } } });
          results.push(shown(on));
        }
        return results;
        """,
        pixels=opaque(pixels),
        height=height,
        width=width,
        strength=strength,
        parts=parts,
    )
    return np.concatenate([seen(part, height // parts, width) for part in values])


def scene(height: int, width: int) -> NDArray[np.uint8]:
    """Return a picture with edges, slopes, detail and calm."""
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    channels = [columns * 250, 240 - 200 * rows, 90 + 120 * np.sin(9 * columns) * np.cos(7 * rows)]
    pixels = np.stack(channels, axis=-1)
    pixels[height // 4 : height // 2, width // 3 : width // 2] = (230, 40, 60)
    disc = (rows - 0.3) ** 2 + (columns - 0.7) ** 2 < 0.02
    pixels[disc] = 250 - pixels[disc]
    noise = np.random.default_rng(1).normal(0, 6, pixels.shape) * (columns > 0.5)[..., None]
    return (pixels + noise).clip(0, 255).astype(np.uint8)

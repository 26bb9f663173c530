"""How fast pictures move in headless Chromium: on exported pages, and through the studio's live room and back.

    python benchmarks/web_speed.py [--looks kodak] [--paints monet] [--live kodak monet] [--size 1280x720]
                                   [--seconds 10] [--web-runtime TGZ] [--chromium FILE]

The camera is Chromium's own, which draws a moving pattern sixty times a second. Each row is a page of its own, measured
once its style is loaded and some seconds have passed, in which the size of paint settles. Headless Chromium has no
graphics card: shaders run on the processor, and so does the network. In the studio's live room the browser sends each
frame as JPEG and shows what comes back; its latency is from when it takes a frame from the camera to when the restyled
one is on the page. The share of the machine that other processes took is printed; the browser is among them, so that
only what it takes of an otherwise idle machine is right.

`--looks`, `--paints` or `--live` without names leaves that part out.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from impasto import load
from impasto.api.page import write_page

SETTLING_SECONDS = 8.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream=device-count=1,fps=60",
    "--use-fake-ui-for-media-stream",
)
# Notes for each frame of the studio's when it was taken from the camera, and when what came back of it was drawn.
ROUND_TRIPS = """
  const { toBlob } = HTMLCanvasElement.prototype, { drawImage } = CanvasRenderingContext2D.prototype;
  const trips = window.trips = [];
  let taken = null;
  HTMLCanvasElement.prototype.toBlob = function(...how) {
    taken = performance.now();
    return toBlob.apply(this, how);
  };
  const { send } = WebSocket.prototype, under = new WeakMap(), ways = [];
  WebSocket.prototype.send = function(data) {
    if (typeof data !== "string") {
      if (!under.has(this)) {
        this.addEventListener("message", ({ data }) => typeof data !== "string" && ways.push(under.get(this)));
      }
      under.set(this, taken);
    }
    return send.call(this, data);
  };
  CanvasRenderingContext2D.prototype.drawImage = function(source, ...where) {
    drawImage.call(this, source, ...where);
    if (source instanceof ImageBitmap && ways.length) trips.push([performance.now(), performance.now() - ways.shift()]);
  };
"""


class Row(NamedTuple):
    """One page."""

    title: str
    size: str
    fps: float
    told: str
    latencies: tuple[float, float] | None = None


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Says nothing of what it is asked for."""

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder to this machine; yield its address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """Run a studio of its own; yield its address."""
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as run:
        try:
            assert run.stdout is not None
            line = run.stdout.readline()
            found = re.search(r"http://\S+", line)
            if not found:
                raise SystemExit(f"The studio did not open: {line}")
            yield found[0].rstrip("/")
        finally:
            run.terminate()


def wait_until(page: Page, expression: str, seconds: float = 120) -> Any:
    """Wait until something is so; pages that forbid `eval` cannot look for it themselves."""
    end = time.monotonic() + seconds
    while not (value := page.evaluate(expression)):
        if time.monotonic() > end:
            raise SystemExit(f"{page.url}: it never was so: {expression}")
        page.wait_for_timeout(100)
    return value


def frames_a_second(page: Page, seconds: float) -> float:
    """Count what the page says it has shown."""
    script = "[performance.now(), Number(document.querySelector('canvas[data-frames]').dataset.frames)]"
    start, before = page.evaluate(script)
    page.wait_for_timeout(1000 * seconds)
    end, after = page.evaluate(script)
    return float(1000 * (after - before) / (end - start))


def run_page(browser: Browser, name: str, options: argparse.Namespace, folder: Path) -> Row:
    """Measure a style's own page on the camera."""
    style = load(name)
    write_page(style, folder, web_runtime=options.web_runtime)
    context = browser.new_context(permissions=["camera"], viewport={"width": 1440, "height": 900})
    page = context.new_page()
    try:
        with served(folder) as address:
            page.goto(f"{address}?height={options.size[1]}")
            # It opens itself once more, for threads.
            page.wait_for_timeout(3000)
            wait_until(page, "document.body.dataset.ready === 'yes'")
            page.click("#use-camera")
            wait_until(page, "document.getElementById('canvas').dataset.frames > 5")
            page.wait_for_timeout(1000 * SETTLING_SECONDS)
            fps = frames_a_second(page, options.seconds)
            told = page.evaluate(
                """() => {
                  const { dataset: { side, engine }, textContent } = document.getElementById("numbers");
                  return [textContent, side && `painted at ${side} px, ${engine}`];
                }"""
            )
    finally:
        context.close()
    return Row(f"page, {name}", shown_size(told[0]), fps, told[1] or "WebGL")


def shown_size(text: str) -> str:
    found = re.search(r"(\d+) × (\d+)", text)
    return f"{found[1]}x{found[2]}" if found else ""


def run_live(browser: Browser, name: str, address: str, width: int, seconds: float) -> Row:
    """Measure the studio's live room: camera, server, and back."""
    context = browser.new_context(permissions=["camera"], viewport={"width": 1440, "height": 900}, locale="en")
    page = context.new_page()
    page.add_init_script(f"(() => {{ {ROUND_TRIPS} }})()")
    try:
        page.goto(f"{address}/#/live")
        room = page.locator(".live-room")
        room.locator(f".style-picker input[value='{name}']").check(force=True)
        choose_width(page, width)
        room.locator(".cover button").click()
        wait_until(page, "trips.length > 5")
        page.wait_for_timeout(1000 * SETTLING_SECONDS)
        page.evaluate("trips.length = 0")
        page.wait_for_timeout(1000 * seconds)
        trips = page.evaluate("trips")
        canvas = "document.querySelector('.live-room canvas')"
        size = page.evaluate(f"`${{{canvas}.width}}x${{{canvas}.height}}`")
    finally:
        context.close()
    if len(trips) < 3:
        raise SystemExit(f"{name}: {len(trips)} frames came back in {seconds:g} s. Give more --seconds.")
    fps = 1000 * (len(trips) - 1) / (trips[-1][0] - trips[0][0])
    delays = sorted(delay for _, delay in trips)
    return Row(f"studio, {name}", size, fps, "", (statistics.median(delays), delays[int(0.95 * len(delays))]))


def choose_width(page: Page, width: int) -> None:
    page.evaluate(
        """width => {
          const controls = document.querySelector(".live-room .controls");
          for (const input of controls.querySelectorAll("input, select option"))
            if (input.value === width) {
              if (input.type === "radio") input.click();
              else {
                input.parentElement.value = width;
                input.parentElement.dispatchEvent(new Event("change", { bubbles: true }));
              }
            }
        }""",
        str(width),
    )


def print_table(rows: list[Row]) -> None:
    print(f"{'':26} {'size':>10}  {'fps':>6}  p50 ms  p95 ms")
    for row in rows:
        latencies = "  ".join(f"{value:6.0f}" for value in row.latencies) if row.latencies else " " * 14
        print(f"{row.title:26} {row.size:>10}  {row.fps:6.1f}  {latencies}  {row.told}")


def find_chromium(given: str | None) -> str:
    found = given or os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise SystemExit("Chromium is not installed here: apt-get install chromium, or give it with --chromium.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", nargs="*", default=["kodak"])
    parser.add_argument("--paints", nargs="*", default=["monet"])
    parser.add_argument("--live", nargs="*", default=["kodak", "monet"])
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))), default=(1280, 720))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--web-runtime", type=Path)
    parser.add_argument("--chromium")
    options = parser.parse_args()
    rows: list[Row] = []
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=find_chromium(options.chromium), args=[*SWITCHES])
        for name in (*options.looks, *options.paints):
            rows.append(run_page(browser, name, options, Path(folder, name)))
        if options.live:
            with studio(Path(folder, "studio")) as address:
                for name in options.live:
                    for width in sorted({640, options.size[0]}):
                        rows.append(run_live(browser, name, address, width, options.seconds))
        browser.close()
    print_table(rows)


if __name__ == "__main__":
    main()

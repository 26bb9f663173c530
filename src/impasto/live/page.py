"""`LivePage`: a page on this machine that shows live pictures in a browser, and lets style and strength be changed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Condition, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

from impasto.errors import ImpastoError, OutputError, UsageError
from impasto.live.jpeg import JpegEncoder
from impasto.live.loop import LiveStatus
from impasto.media.planar import PlanarFrame

ADDRESS = "127.0.0.1"
MOST_VIEWERS = 8
_MOST_BYTES = 4096
_BOUNDARY = "frame"
_ALIVE_SECONDS = 5.0
_SEND_SECONDS = 10.0
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'",
}


class Controls(Protocol):
    """What the page may do."""

    def styles(self) -> list[str]:
        """Return the styles to choose among."""

    def status(self) -> LiveStatus: ...

    def choose(self, style: str) -> None:
        """Load another style; return when it is ready."""

    def set_strength(self, strength: float) -> None: ...

    def snapshot(self) -> bytes:
        """Return the picture that is shown, as PNG."""

    def record(self, wanted: bool) -> str | None:
        """Begin or end a clip; return the name of its file."""


class LivePage:
    """A sink: the newest frame goes to all who look, each at the pace of its own connection.

    It answers requests to this machine's own address only, from pages of its own, so that no other site's page can see
    the picture or change anything.

    Parameters
    ----------
    port
        0 takes any that is free.

    Raises
    ------
    OutputError
        The port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self.controls: Controls | None = None
        self.num_viewers = 0
        self._encoder = JpegEncoder()
        self._jpeg: bytes = b""
        self._frame: PlanarFrame | None = None
        self._number = 0
        self._is_closed = False
        self._changed = Condition()
        try:
            self._server = _Server((ADDRESS, port), _handler_of(self))
        except OSError as error:
            raise OutputError(f"Port {port} is taken: choose another with --port, or --port 0 for any.") from error
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="impasto-page", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/"

    @property
    def hosts(self) -> set[str]:
        """What a browser may call this page."""
        return {f"{name}:{self.port}" for name in (ADDRESS, "localhost")}

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, though browsers may keep connections."""
        return self._is_closed

    def start(self, controls: Controls) -> None:
        """Let it be looked at."""
        self.controls = controls
        self._thread.start()

    def write(self, frame: PlanarFrame) -> None:
        """Show a frame; it is encoded only if somebody looks."""
        jpeg = self._encoder.encode(frame) if self.num_viewers else b""
        with self._changed:
            self._jpeg, self._frame = jpeg, frame
            self._number += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Send nothing any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def next_jpeg(self, after: int) -> tuple[int, bytes] | None:
        """Return the first picture with a higher number, or the same one again after a while; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or (self._number > after and self._jpeg), _ALIVE_SECONDS)
            return None if self._is_closed else (self._number, self._jpeg)

    def join(self, difference: int) -> bool:
        """Count a viewer in (1) or out (-1); return whether there is room for it."""
        with self._changed:
            if difference > 0 and self.num_viewers >= MOST_VIEWERS:
                return False
            self.num_viewers += difference
            return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that go away."""


def _handler_of(live_page: LivePage) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        page = live_page

    return Handler


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    page: LivePage
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "impasto", ""
    timeout = _SEND_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""

    def do_GET(self) -> None:
        """Answer a request for the page, the pictures, or how it goes."""
        self._answer(
            {
                "/": self._send_page,
                "/stream": self._send_stream,
                "/api/status": lambda: self._send_json(self._status()),
                "/snapshot.png": self._send_snapshot,
            }
        )

    def do_POST(self) -> None:
        """Do what the page asks for."""
        self._answer({f"/api/{name}": self._change for name in ("style", "strength", "clip")})

    def _answer(self, known: Mapping[str, Callable[[], None]]) -> None:
        try:
            self._check_sender()
            answer = known.get(urlsplit(self.path).path)
            if answer is None:
                raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing here.")
            answer()
        except _RefusedError as error:
            self._send_json({"error": str(error)}, error.status)
        except ImpastoError as error:
            self._send_json({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except OSError:
            self.close_connection = True

    def _check_sender(self) -> None:
        """Refuse what another site's page, or another name for this machine, asks for."""
        if self.page.is_closed:
            self.close_connection = True
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "Impasto has ended.")
        if self.headers.get("Host", "").lower() not in self.page.hosts:
            raise _RefusedError(HTTPStatus.MISDIRECTED_REQUEST, f"This page is at {self.page.url}")
        origin = self.headers.get("Origin")
        is_foreign = origin is not None and urlsplit(origin).netloc.lower() not in self.page.hosts
        if is_foreign or self.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "Only the page itself may ask.")

    @cached_property
    def _controls(self) -> Controls:
        if self.page.controls is None:
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "Not yet.")
        return self.page.controls

    def _status(self) -> dict[str, Any]:
        status = self._controls.status()
        told = {**asdict(status), "clip": status.clip.name if status.clip else None}
        return {**told, "styles": self._controls.styles()}

    def _change(self) -> None:
        given, controls = self._read_json(), self._controls
        name = urlsplit(self.path).path.rpartition("/")[2]
        value, result = given.get(name), None
        if name == "style" and isinstance(value, str):
            controls.choose(value)
        elif name == "strength" and isinstance(value, int | float) and not isinstance(value, bool):
            controls.set_strength(float(value))
        elif name == "clip" and isinstance(value, bool):
            result = controls.record(value)
        else:
            raise UsageError(f"'{name}' is missing, or not of the right kind.")
        self._send_json({**self._status(), "file": result})

    def _read_json(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.close_connection = True
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {_MOST_BYTES} bytes.")
        try:
            given = json.loads(self.rfile.read(int(length)))
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "That is no JSON object.")
        return given

    def _send_page(self) -> None:
        text = files("impasto.live").joinpath("page.html").read_bytes()
        self._send(text, "text/html; charset=utf-8")

    def _send_snapshot(self) -> None:
        style = re.sub(r"[^\w.-]", "-", self._controls.status().style, flags=re.ASCII)
        name = f"impasto-{style}-{time.strftime('%Y%m%d-%H%M%S')}.png"
        saved = {"Content-Disposition": f'attachment; filename="{name}"'}
        self._send(self._controls.snapshot(), "image/png", more=saved)

    def _send_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, more: Mapping[str, str] | None = None
    ) -> None:
        self._begin(status, {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})})
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_stream(self) -> None:
        """Send pictures, one after another, until either side ends it."""
        if not self.page.join(1):
            raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "Too many are looking already.")
        self.close_connection = True
        try:
            self._begin(HTTPStatus.OK, {"Content-Type": f"multipart/x-mixed-replace; boundary={_BOUNDARY}"})
            number = -1
            while (found := self.page.next_jpeg(number)) is not None:
                number, jpeg = found
                if jpeg:
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
        finally:
            self.page.join(-1)

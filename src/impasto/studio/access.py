"""`Access`: who may talk to the studio, before anything else is looked at.

A page elsewhere on the web can make a browser send requests to this machine, and a name of its own point here (DNS
rebinding). So the host must be one that is ours, the origin the page of this very host, and, where others can reach the
studio, there must be the token.
"""

from __future__ import annotations

import hmac
import re
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.studio.rates import Rates
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings, as_address, is_loopback

COOKIE: Final = "impasto_token"
API: Final = "/api/v1"
_OPEN: Final = frozenset({f"{API}/health", f"{API}/session"})
_LARGE: Final = frozenset({f"{API}/uploads", f"{API}/styles"})
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
_CLOSE_CODES: Final = {"unauthorized": 4401, "too_many": 4429}


class Access:
    """Lets through what may come through; answers all else itself. Headers that protect the page go on every answer."""

    def __init__(self, app: ASGIApp, settings: Settings, rates: Rates) -> None:
        self._app, self._settings, self._rates = app, settings, rates
        self._names = {name.lower() for name in (*settings.allowed_hosts, settings.host)}
        if not is_loopback(settings.host):
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sending = _with_headers(send) if scope["type"] == "http" else send
        try:
            self._check(scope)
        except RefusedError as refusal:
            await _refuse(refusal, scope, receive, sending)
            return
        await self._app(scope, _limited(receive, scope, self._settings.limits.json_bytes), sending)

    def _check(self, scope: Scope) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        self._check_host(headers)
        self._check_origin(headers, path, scope["type"] == "websocket")
        self._rates.spend(address_of(HTTPConnection(scope)))
        if not self._is_open(path) and not self.knows_token(HTTPConnection(scope)):
            raise RefusedError("unauthorized", "A token is needed: open the address that was printed at the start.")
        limit = self._settings.limits.json_bytes
        stated = headers.get("content-length", "0")
        if path not in _LARGE and not (stated.isascii() and stated.isdigit() and int(stated) <= limit):
            raise RefusedError("too_large", f"A request has at most {limit >> 10} KB here.")

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None or not self._is_ours(match["name"].lower()):
            raise RefusedError("forbidden_host", "The studio is not known by this name. Allow it with --allow-host.")

    def _is_ours(self, name: str) -> bool:
        if is_loopback(name) or name in self._names:
            return True
        # A name may be made to point anywhere, an address may not.
        return not is_loopback(self._settings.host) and as_address(name) is not None

    def _check_origin(self, headers: Headers, path: str, is_websocket: bool) -> None:
        origins = headers.getlist("origin")
        is_same = all(_is_origin_of(origin, headers.get("host", "")) for origin in origins)
        # What comes without an origin, such as a picture in a page elsewhere, says at least that it crosses sites.
        site = headers.get("sec-fetch-site", "same-origin")
        crosses = path.startswith("/api/") and site not in ("same-origin", "none")
        if not is_same or len(origins) > 1 or crosses or (is_websocket and not origins and "sec-fetch-site" in headers):
            raise RefusedError("forbidden_origin", "Pages elsewhere may not use this studio.")

    def _is_open(self, path: str) -> bool:
        return self._settings.token is None or path in _OPEN or path == "/" or path.startswith("/page/")

    def knows_token(self, connection: HTTPConnection) -> bool:
        """Tell whether a request shows the token, or none is needed."""
        if self._settings.token is None:
            return True
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        shown = [connection.cookies.get(COOKIE, "")]
        if kind.lower() == "bearer":
            shown.append(given.strip())
        return is_token(self._settings.token, shown)


def is_token(token: str, shown: Iterable[str]) -> bool:
    """Tell whether one of some words is the token, in a time that does not depend on how much of it is right."""
    return True in [hmac.compare_digest(word.encode(errors="replace"), token.encode()) for word in shown]


def address_of(connection: HTTPConnection) -> str:
    """Return the address that a request comes from."""
    return connection.client.host if connection.client else "local"


def _is_origin_of(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() and not parts.path


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending


def _limited(receive: Receive, scope: Scope, limit: int) -> Receive:
    """Cut bodies off that say nothing of their length, and are longer than any request needs."""
    if scope["type"] != "http" or scope["path"] in _LARGE:
        return receive
    num_bytes = 0

    async def receiving() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > limit:
            raise RefusedError("too_large", f"A request has at most {limit >> 10} KB here.")
        return message

    return receiving


async def _refuse(refusal: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refusal.response()(scope, receive, send)
        return
    # Closing before accepting answers the handshake with 403.
    await send({"type": "websocket.close", "code": _CLOSE_CODES.get(refusal.code, 4403), "reason": refusal.code})

"""`serve`: the studio on a port of this machine."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable

import uvicorn

from impasto.errors import UsageError
from impasto.studio.app import create_app
from impasto.studio.live import MAX_FRAME_BYTES
from impasto.studio.settings import LOOPBACK_HOST, Settings

_GRACE_SECONDS = 5
_PATIENCE_SECONDS = 75
_BACKLOG = 128
_WARM_AFTER = 2.0
"""Seconds from when the page can be opened to when styles are loaded."""


def make_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve the studio until it is told to stop.

    Parameters
    ----------
    ready
        Told the address of the page once it can be opened.

    Raises
    ------
    UsageError
        The port is taken, or the host is none of this machine's.
    OutputError
        The data folder cannot be used.
    """
    with _bound_socket(settings) as bound:
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            # It bounds what it holds of headers, which the other one does not.
            http="h11",
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME_BYTES,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=_PATIENCE_SECONDS,
        )
        server = uvicorn.Server(config)
        address = page_address(settings, bound.getsockname()[1])
        warm = app.state.studio.renderer.warm
        threading.Thread(target=_tell_when_ready, args=(server, address, ready, warm), daemon=True).start()
        server.run(sockets=[bound])


def page_address(settings: Settings, port: int) -> str:
    """Return where a browser on this machine finds the page."""
    host = LOOPBACK_HOST if settings.host in ("0.0.0.0", "::", "localhost") else settings.host
    host = f"[{host}]" if ":" in host else host
    token = f"?token={settings.token}" if settings.token else ""
    return f"http://{host}:{port}/{token}"


def _bound_socket(settings: Settings) -> socket.socket:
    try:
        [family, kind, _, _, place] = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind)
    except OSError as error:
        raise UsageError(f"{settings.host} is no address of this machine: {error}.") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"Port {settings.port} on {settings.host} cannot be used: {error.strerror or error}. Choose another --port."
        ) from error
    return bound


def _tell_when_ready(
    server: uvicorn.Server, address: str, ready: Callable[[str], None], warm: Callable[[], None]
) -> None:
    pause = threading.Event()
    while not server.started and not server.should_exit:
        pause.wait(0.05)
    if server.started:
        ready(address)
        # The page comes first.
        pause.wait(_WARM_AFTER)
        warm()

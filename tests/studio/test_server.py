"""A real server on a real port, which is what browsers and scripts meet."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from impasto.errors import UsageError
from impasto.studio import server
from impasto.studio.settings import Limits, Settings

from .studio_parts import API, picture_bytes, wait_for

TOKEN = "a-token-that-is-long-enough"


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve a studio in a thread; yield the address of its page."""
    addresses: list[str] = []
    is_ready, servers = threading.Event(), list[uvicorn.Server]()

    def ready(address: str) -> None:
        addresses.append(address)
        is_ready.set()

    class Kept(uvicorn.Server):
        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            servers.append(self)

        def install_signal_handlers(self) -> None:
            """Only the main thread may."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impasto.studio.rendering.Renderer.warm", lambda self: None)
        patch.setattr(server.uvicorn, "Server", Kept)
        thread = threading.Thread(target=server.serve, args=(settings, ready), daemon=True)
        thread.start()
        assert is_ready.wait(60)
    try:
        yield addresses[0]
    finally:
        servers[0].should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def serve(home: Path, tmp_path: Path, page_dir: Path) -> Iterator[Callable[..., str]]:
    """Return a function that serves a studio until the test ends: `serve(limits=..., token=...)`."""
    with ExitStack() as stack:
        yield lambda **fields: stack.enter_context(
            served(Settings(tmp_path / "served", port=0, page_dir=page_dir, **fields))
        )


def port_of(address: str) -> int:
    return httpx.URL(address).port or 0


def test_the_page_the_interface_and_a_picture(serve: Callable[..., str], pale: str) -> None:
    address = serve()
    with httpx.Client(base_url=address, timeout=60) as client:
        page = client.get("/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "server" not in page.headers
        assert client.get("/page/js/app.js").headers["content-type"].startswith("text/javascript")
        photo = client.post(f"{API}/uploads?name=a.jpg", content=picture_bytes()).json()["id"]
        answer = client.get(f"{API}/uploads/{photo}/render?style={pale}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        walls = client.get(f"{API}/uploads/{photo}/wall?styles={pale}&side=32").text.splitlines()
        assert json.loads(walls[-1])["done"]


def test_sockets(serve: Callable[..., str]) -> None:
    address = serve().replace("http", "ws", 1)
    with connect(f"{address}api/v1/events") as events:
        assert json.loads(events.recv(60)) == {"type": "hello"}
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        with pytest.raises(InvalidStatus) as refused:
            connect(f"{address}api/v1/live", additional_headers=headers)
        assert refused.value.response.status_code == 403


def test_frames_that_are_too_large_are_not_even_read(serve: Callable[..., str]) -> None:
    address = serve().replace("http", "ws", 1)
    with connect(f"{address}api/v1/live") as live:
        with pytest.raises(ConnectionClosed) as end:
            live.send(bytes(3 << 20))
            live.recv(60)
        assert end.value.rcvd is None or end.value.rcvd.code == 1009


def test_with_a_token(serve: Callable[..., str]) -> None:
    address = serve(host="0.0.0.0", token=TOKEN)
    assert address == f"http://127.0.0.1:{port_of(address)}/?token={TOKEN}"
    base = f"http://127.0.0.1:{port_of(address)}"
    assert httpx.get(f"{base}{API}/styles").status_code == 401
    with httpx.Client(base_url=base) as browser:
        assert browser.get(f"/?token={TOKEN}").status_code == 303
        assert browser.get(f"{API}/styles").status_code == 200
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port_of(address)}/api/v1/events")
    assert refused.value.response.status_code == 403


def test_an_upload_that_stalls_is_given_up(serve: Callable[..., str], tmp_path: Path) -> None:
    address = serve(limits=Limits(upload_seconds=0.2))
    with socket.create_connection(("127.0.0.1", port_of(address)), 60) as line:
        line.sendall(f"POST {API}/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n".encode())
        line.sendall(picture_bytes()[:500])
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 408
        assert json.loads(answer.read())["error"]["code"] == "timeout"
    assert list((tmp_path / "served" / "incoming").iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(serve: Callable[..., str], tmp_path: Path) -> None:
    address = serve()
    incoming = tmp_path / "served" / "incoming"
    with socket.create_connection(("127.0.0.1", port_of(address)), 60) as line:
        line.sendall(f"POST {API}/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n\r\n".encode())
        line.sendall(picture_bytes())
        wait_for(lambda: list(incoming.iterdir()))
    wait_for(lambda: list(incoming.iterdir()), lambda found: not found)
    assert httpx.get(f"{address}api/v1/uploads").json() == {"uploads": []}


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /page/../../outside.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /page/%2e%2e/%2e%2e/outside.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"DELETE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"POST /api/v1/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999\r\n\r\n",
        b"GET /api/v1/styles HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    ],
    ids=lambda request: request[:24].decode(),
)
def test_requests_that_no_browser_makes(serve: Callable[..., str], request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port_of(serve())), 60) as line:
        try:
            line.sendall(request_)
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert 400 <= answer.status < 500
            assert b"secret" not in answer.read()
        except ConnectionError:  # closed before all of it was read
            assert len(request_) > 100_000


def test_many_at_once(serve: Callable[..., str]) -> None:
    address = serve()

    def send(number: int) -> tuple[int, Any]:
        answer = httpx.post(f"{address}api/v1/uploads", content=picture_bytes(seed=number), timeout=120)
        return answer.status_code, answer.json().get("id")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    assert {status for status, _ in answers} == {201}
    kept = {each["id"] for each in httpx.get(f"{address}api/v1/uploads").json()["uploads"]}
    assert kept == {name for _, name in answers}


def test_a_port_that_is_taken(serve: Callable[..., str], tmp_path: Path) -> None:
    port = port_of(serve())
    with pytest.raises(UsageError, match=f"Port {port}.*--port"):
        server.serve(Settings(tmp_path / "other", port=port), lambda _: None)
    assert not (tmp_path / "other").exists()


def test_a_host_that_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        server.serve(Settings(tmp_path, host="192.0.2.1", port=0, token=TOKEN), lambda _: None)


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:80/"),
        ("localhost", None, "http://127.0.0.1:80/"),
        ("::1", None, "http://[::1]:80/"),
        ("0.0.0.0", TOKEN, f"http://127.0.0.1:80/?token={TOKEN}"),
        ("192.168.1.7", TOKEN, f"http://192.168.1.7:80/?token={TOKEN}"),
    ],
)
def test_where_a_browser_finds_it(tmp_path: Path, host: str, token: str | None, address: str) -> None:
    assert server.page_address(Settings(tmp_path, host=host, token=token), 80) == address


def test_tokens_are_long_and_differ() -> None:
    tokens = {server.make_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 32

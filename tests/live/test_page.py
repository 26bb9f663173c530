from __future__ import annotations

import http.client
import io
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import OutputError, UnknownStyleError, UsageError
from impasto.live.loop import LiveStatus
from impasto.live.meter import Measured
from impasto.live.page import MOST_VIEWERS, LivePage

from .live_parts import plain_frame


class FakeControls:
    """What the page may do, noted."""

    def __init__(self) -> None:
        measured = Measured(24.5, 0.01, 0.02, 100, 24.0, 0.01, 0.02)
        self.now = LiveStatus("running", "", "kodak", 1.0, (64, 48), None, 3, 0, None, measured)
        self.is_recording = False

    def styles(self) -> list[str]:
        return ["kodak", "noir"]

    def status(self) -> LiveStatus:
        return self.now

    def choose(self, style: str) -> None:
        if style not in self.styles():
            raise UnknownStyleError(f"There is no style '{style}'.")
        self.now = replace(self.now, style=style)

    def set_strength(self, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise UsageError("The strength must be from 0 to 1.")
        self.now = replace(self.now, strength=strength)

    def snapshot(self) -> bytes:
        made = io.BytesIO()
        Image.fromarray(np.full((48, 64, 3), 7, np.uint8)).save(made, "PNG")
        return made.getvalue()

    def record(self, wanted: bool) -> str | None:
        self.now = replace(self.now, clip=Path("/home/me/clip.mp4") if wanted else None)
        return "clip.mp4"


@pytest.fixture
def page() -> Iterator[LivePage]:
    made = LivePage()
    made.start(FakeControls())
    yield made
    made.close()


def ask(
    page: LivePage, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def post(page: LivePage, name: str, value: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    given = {"Content_Type": "application/json", **headers}
    answer, data = ask(page, f"/api/{name}", "POST", json.dumps({name: value}).encode(), **given)
    return answer.status, json.loads(data)


def test_it_is_on_this_machine_only(page: LivePage) -> None:
    assert page.url.startswith("http://127.0.0.1:")
    assert page._server.server_address[0] == "127.0.0.1"


def test_the_page_needs_nothing_from_elsewhere(page: LivePage) -> None:
    answer, data = ask(page, "/")
    text = data.decode()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_all_answers_are_kept_from_other_sites(page: LivePage) -> None:
    for path in ("/", "/api/status", "/snapshot.png", "/none"):
        answer, _ = ask(page, path)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_how_it_goes_is_told(page: LivePage) -> None:
    told = json.loads(ask(page, "/api/status")[1])
    assert told["style"] == "kodak"
    assert told["styles"] == ["kodak", "noir"]
    assert told["measured"]["fps"] == 24.5
    assert told["num_dropped"] == 3


def test_style_and_strength_are_changed(page: LivePage) -> None:
    assert post(page, "style", "noir") == (200, post(page, "strength", 0.5)[1] | {"strength": 1.0})
    told = json.loads(ask(page, "/api/status")[1])
    assert (told["style"], told["strength"]) == ("noir", 0.5)


def test_a_clip_is_recorded_and_only_its_name_is_told(page: LivePage) -> None:
    status, told = post(page, "clip", True)
    assert (status, told["clip"], told["file"]) == (200, "clip.mp4", "clip.mp4")
    assert post(page, "clip", False)[1]["clip"] is None


def test_a_snapshot_is_a_picture(page: LivePage) -> None:
    answer, data = ask(page, "/snapshot.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert re.fullmatch(r'attachment; filename="impasto-kodak-\d{8}-\d{6}\.png"', answer.headers["Content-Disposition"])
    assert Image.open(io.BytesIO(data)).size == (64, 48)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style", "none"),
        ("style", 3),
        ("style", None),
        ("strength", 1.5),
        ("strength", "1"),
        ("strength", True),
        ("strength", None),
        ("clip", "yes"),
        ("clip", 1),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(page: LivePage, name: str, value: Any) -> None:
    status, told = post(page, name, value)
    assert status == 422
    assert told["error"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
@pytest.mark.parametrize("path", ["/", "/stream", "/api/status", "/snapshot.png"])
def test_another_name_for_this_machine_is_refused(page: LivePage, host: str, path: str) -> None:
    """A name that somebody else's server points here gives no way in."""
    answer, _ = ask(page, path, Host=host)
    assert answer.status == 421


def test_its_two_names_are_taken(page: LivePage) -> None:
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert ask(page, "/api/status", Host=f"{name}:{page.port}")[0].status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_other_pages_may_change_nothing(page: LivePage, origin: str) -> None:
    assert post(page, "strength", 0.1, Origin=origin)[0] == 403
    assert json.loads(ask(page, "/api/status")[1])["strength"] == 1.0


def test_the_page_itself_may(page: LivePage) -> None:
    assert post(page, "strength", 0.1, Origin=page.url.rstrip("/"))[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_may_not_look(page: LivePage, site: str) -> None:
    for path in ("/stream", "/snapshot.png", "/api/status"):
        assert ask(page, path, Sec_Fetch_Site=site)[0].status == 403


def test_forms_of_other_pages_are_refused_by_their_type(page: LivePage) -> None:
    body = b'{"strength": 0.1}'
    assert ask(page, "/api/strength", "POST", body, Content_Type="text/plain")[0].status == 415


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'"a"', b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(page: LivePage, body: bytes) -> None:
    assert ask(page, "/api/strength", "POST", body, Content_Type="application/json")[0].status == 400


def test_too_much_is_refused_unread(page: LivePage) -> None:
    answer, _ = ask(page, "/api/style", "POST", b" " * 5000, Content_Type="application/json")
    assert answer.status == 413


@pytest.mark.parametrize("path", ["/none", "/../etc/passwd", "/page.html", "/api/none"])
def test_there_is_nothing_else(page: LivePage, path: str) -> None:
    assert ask(page, path)[0].status == 404


def test_a_query_changes_nothing(page: LivePage) -> None:
    assert ask(page, "/api/status?x=1")[0].status == 200


def test_other_methods_are_refused(page: LivePage) -> None:
    assert ask(page, "/", "DELETE")[0].status == 501


def open_stream(page: LivePage) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    connection.request("GET", "/stream")
    return connection.getresponse()


def next_part(answer: http.client.HTTPResponse) -> bytes:
    assert answer.readline().strip() == b"--frame"
    assert answer.readline().strip() == b"Content-Type: image/jpeg"
    length = int(answer.readline().split(b":")[1])
    assert answer.readline().strip() == b""
    data = answer.read(length)
    assert answer.read(2) == b"\r\n"
    return data


def wait_for_viewers(page: LivePage, number: int) -> None:
    with page._changed:
        for _ in range(400):
            if page.num_viewers == number:
                return
            page._changed.wait(0.05)
    raise AssertionError(f"{page.num_viewers} viewers, not {number}")


def test_pictures_are_shown_as_they_come(page: LivePage) -> None:
    answer = open_stream(page)
    assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
    wait_for_viewers(page, 1)
    for luma in (60, 120, 180):
        page.write(plain_frame(luma))
        shown = np.asarray(Image.open(io.BytesIO(next_part(answer))))
        assert shown.shape == (48, 64, 3)
        assert shown.mean() == pytest.approx((luma - 16) * 255 / 219, abs=4)
    answer.close()


def test_nothing_is_encoded_while_nobody_looks(page: LivePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page._encoder, "encode", lambda frame: pytest.fail("nobody looks"))
    page.write(plain_frame())


def test_who_looks_is_counted_in_and_out(page: LivePage) -> None:
    answers = [open_stream(page) for _ in range(3)]
    wait_for_viewers(page, 3)
    for answer in answers:
        answer.close()

    def keep_sending() -> None:
        for _ in range(2000):
            page.write(plain_frame())
            if not page.num_viewers:
                return

    sender = Thread(target=keep_sending)
    sender.start()
    wait_for_viewers(page, 0)
    sender.join(20)


def test_there_is_a_bound_to_who_looks(page: LivePage) -> None:
    answers = [open_stream(page) for _ in range(MOST_VIEWERS)]
    wait_for_viewers(page, MOST_VIEWERS)
    assert open_stream(page).status == 429
    for answer in answers:
        answer.close()


def test_closing_ends_what_is_looked_at(page: LivePage) -> None:
    answer = open_stream(page)
    wait_for_viewers(page, 1)
    page.close()
    assert answer.read() == b""


def test_a_taken_port_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OutputError, match=str(port)):
            LivePage(port)


def test_before_it_is_started_it_can_be_closed() -> None:
    LivePage().close()

"""Each way in that must be closed, tried, with the answer that it gets."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.websockets import WebSocketDisconnect

from impasto.errors import UsageError
from impasto.studio.access import COOKIE, SECURITY_HEADERS
from impasto.studio.settings import Limits, Settings

from .studio_parts import API, BASE, SOCKET_BASE, OpenStudio, TestClient, code_of, picture_bytes, upload

TOKEN = "a-token-that-is-long-enough"
EVIL = "evil.example"


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is large, and is a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"Host": EVIL}, 403, "forbidden_host", id="foreign host"),
        pytest.param({"Host": f"127.0.0.1.{EVIL}"}, 403, "forbidden_host", id="host that begins like ours"),
        pytest.param({"Host": "192.168.1.7:8000"}, 403, "forbidden_host", id="address that is not ours"),
        pytest.param({"Host": ""}, 403, "forbidden_host", id="no host"),
        pytest.param({"Host": "localhost:8000@evil.example"}, 403, "forbidden_host", id="host with a user"),
        pytest.param({"Origin": f"http://{EVIL}"}, 403, "forbidden_origin", id="foreign origin"),
        pytest.param({"Origin": "null"}, 403, "forbidden_origin", id="no origin to speak of"),
        pytest.param({"Origin": "http://127.0.0.1:9999"}, 403, "forbidden_origin", id="another port of this machine"),
        pytest.param({"Origin": f"{BASE}.{EVIL}"}, 403, "forbidden_origin", id="origin that begins like ours"),
        pytest.param({"Origin": f"http://{EVIL}/127.0.0.1:8000"}, 403, "forbidden_origin", id="origin with a path"),
        pytest.param({"Origin": "file://127.0.0.1:8000"}, 403, "forbidden_origin", id="origin of a file"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, "forbidden_origin", id="picture in a page elsewhere"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, "forbidden_origin", id="page on another port"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_requests_from_elsewhere(
    client: TestClient, headers: dict[str, str], status: int, code: str, method: str
) -> None:
    answer = client.request(method, f"{API}/uploads", headers=headers, content=picture_bytes())
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert client.get(f"{API}/uploads").json() == {"uploads": []}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": BASE},
        {"Host": "localhost:8000", "Origin": "http://localhost:8000"},
        {"Host": "[::1]:8000", "Origin": "http://[::1]:8000"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_requests_from_here(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get(f"{API}/styles", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["events", "live", "jobs/1/events"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": f"http://{EVIL}"},
        {"Origin": "null"},
        {"Host": EVIL},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},  # a browser, which always says its origin
    ],
)
def test_sockets_from_elsewhere(client: TestClient, path: str, headers: dict[str, str]) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"{SOCKET_BASE}/{path}", headers=headers),
    ):
        pass
    assert refused.value.code == 4403


def test_a_socket_of_our_own_page_is_let_in(client: TestClient) -> None:
    with client.websocket_connect(f"{SOCKET_BASE}/events", headers={"Origin": BASE}) as socket:
        assert socket.receive_json() == {"type": "hello"}


def test_pages_elsewhere_may_link_to_the_page_but_not_frame_it(client: TestClient) -> None:
    answer = client.get("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert answer.headers["X-Frame-Options"] == "DENY"


class TestUploads:
    @pytest.mark.parametrize(
        ("data", "status", "code"),
        [
            pytest.param(png_header(60_000, 60_000), 413, "too_large", id="decompression bomb"),
            pytest.param(png_header(15_000, 15_000), 413, "too_large", id="more pixels than the studio takes"),
            pytest.param(png_header(2**31 - 1, 2**31 - 1), 413, "too_large", id="bomb beyond all bounds"),
            pytest.param(png_header(0, 10), 422, "unreadable", id="no pixels"),
            pytest.param(png_header(40, 40), 422, "unreadable", id="fewer pixels than it says"),
            pytest.param(picture_bytes()[:200], 422, "unreadable", id="cut short"),
            pytest.param(b"", 415, "unsupported_type", id="empty"),
            pytest.param(b"<html><script>alert(1)</script>" + bytes(100), 415, "unsupported_type", id="page"),
            pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>" + bytes(100), 415, "unsupported_type", id="svg"),
            pytest.param(b"PK\x03\x04" + bytes(100), 415, "unsupported_type", id="zip"),
            pytest.param(b"%PDF-1.7" + bytes(100), 415, "unsupported_type", id="pdf"),
            pytest.param(b"\x7fELF" + bytes(100), 415, "unsupported_type", id="program"),
            pytest.param(b"\xff\xd8\xff" + bytes(500), 422, "unreadable", id="only its head is that of a photo"),
        ],
    )
    def test_what_is_of_no_use(self, client: TestClient, data_dir: Path, data: bytes, status: int, code: str) -> None:
        answer = client.post(f"{API}/uploads", params={"name": "photo.jpg"}, content=data)
        assert (answer.status_code, code_of(answer)) == (status, code)
        assert list((data_dir / "incoming").iterdir()) == []
        assert list((data_dir / "uploads").iterdir()) == []
        assert str(data_dir) not in answer.text

    def test_a_type_is_told_by_content_not_by_name(self, client: TestClient) -> None:
        shown = client.post(f"{API}/uploads?name=photo.exe", content=picture_bytes("PNG")).json()
        assert (shown["format"], shown["name"]) == ("png", "photo.png")

    @pytest.mark.parametrize("says_length", [True, False])
    def test_oversized(self, open_studio: OpenStudio, data_dir: Path, says_length: bool) -> None:
        client = open_studio(limits=Limits(photo_bytes=2000, film_bytes=3000))
        data = picture_bytes("PNG") + bytes(4000)
        parts = iter([data[:1000], data[1000:3000], data[3000:]])
        answer = client.post(f"{API}/uploads", content=data if says_length else parts)
        assert (answer.status_code, code_of(answer)) == (413, "too_large")
        assert list((data_dir / "incoming").iterdir()) == []

    def test_a_photo_may_not_be_as_large_as_a_film(self, open_studio: OpenStudio) -> None:
        client = open_studio(limits=Limits(photo_bytes=500, film_bytes=10**6))
        assert code_of(client.post(f"{API}/uploads", content=picture_bytes("PNG", (200, 200)))) == "too_large"

    def test_too_many_pixels(self, open_studio: OpenStudio) -> None:
        client = open_studio(limits=Limits(photo_pixels=1000))
        answer = client.post(f"{API}/uploads", content=picture_bytes())
        assert (answer.status_code, code_of(answer)) == (413, "too_large")

    @pytest.mark.parametrize("length", ["-1", "many", "1e3", "٣", "9" * 30])
    def test_lengths_that_are_none(self, client: TestClient, length: str) -> None:
        headers = {"Content-Length": length.encode()}
        answer = client.post(f"{API}/uploads", content=picture_bytes(), headers=headers)
        assert answer.status_code in (413, 422)

    def test_a_full_folder(self, open_studio: OpenStudio) -> None:
        client = open_studio(limits=Limits(stored_bytes=1))
        answer = client.post(f"{API}/uploads", content=picture_bytes())
        assert (answer.status_code, code_of(answer)) == (413, "storage_full")

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("../../../etc/passwd", "passwd.jpg"),
            ("..\\..\\windows\\system32\\cmd.exe", "cmd.jpg"),
            ("/etc/shadow", "shadow.jpg"),
            ("..", "photo.jpg"),
            (".bashrc", "bashrc.jpg"),
            ("con.jpg", "photo.jpg"),
            ("a\x00b.jpg", "a_b.jpg"),
            ("<img onerror=alert(1)>.png", "img onerror=alert(1).jpg"),
            ("x" * 400, "x" * 100 + ".jpg"),
            ("", "photo.jpg"),
            ("报告.jpg", "报告.jpg"),
        ],
    )
    def test_names_that_lead_elsewhere(self, client: TestClient, data_dir: Path, name: str, shown: str) -> None:
        answer = client.post(f"{API}/uploads", params={"name": name}, content=picture_bytes())
        assert answer.json()["name"] == shown
        [folder] = (data_dir / "uploads").iterdir()
        assert [path.name for path in folder.iterdir()] == ["original.jpg"]


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/page/../outside.js",
            "/page/%2e%2e/outside.js",
            "/page/..%2foutside.js",
            "/page/js/..%2f..%2foutside.js",
            "/page/%2e%2e%5coutside.js",
            "/page//etc/passwd",
            "/page/.hidden.js",
            "/page/notes.py",
            "/page/js",
            "/page/",
            "/page/js/app.js%00.html",
            "/docs",
            "/redoc",
            "/etc/passwd",
        ],
    )
    def test_files_outside_the_page(self, client: TestClient, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert "secret" not in answer.text

    def test_a_link_that_leads_out_of_the_page(self, client: TestClient, page_dir: Path) -> None:
        (page_dir / "link.js").symlink_to(page_dir.parent / "outside.js")
        assert client.get("/page/link.js").status_code == 404

    @pytest.mark.parametrize("word", ["..%2f..%2fstudio.sqlite", "%2e%2e", "..%5cx", "%00", "x" * 300, "1' OR '1'='1"])
    def test_ids_that_lead_elsewhere(self, client: TestClient, word: str) -> None:
        for path in (
            f"uploads/{word}",
            f"uploads/{word}/preview",
            f"jobs/{word}",
            f"jobs/{word}/zip",
            f"styles/{word}",
        ):
            assert client.get(f"{API}/{path.format(word)}").status_code == 404, path
        assert client.delete(f"{API}/uploads/{word}").status_code == 404

    @pytest.mark.parametrize("style", ["/etc/passwd", "../pale", "./pale.style", "pale.style", "C:\\x.style", "~/x"])
    def test_styles_are_named_never_pointed_to(
        self, client: TestClient, home: Path, save_look: Callable[..., Path], style: str
    ) -> None:
        save_look(Path("pale.style"))
        photo = upload(client)
        for path in (f"uploads/{photo}/render", "styles/check", f"uploads/{photo}/verdict"):
            assert client.get(f"{API}/{path}", params={"style": style}).status_code == 404, path
        job = {"kind": "apply", "uploads": [photo], "style": style}
        assert client.post(f"{API}/jobs", json=job).status_code == 404

    def test_a_mask_is_an_upload_never_a_path(self, client: TestClient, pale: str) -> None:
        photo = upload(client)
        for where in ("/etc/passwd", "mask:../x", "mask:", "sky"):
            answer = client.get(f"{API}/uploads/{photo}/render", params={"style": pale, "where": where})
            assert answer.status_code in (404, 422), where


class TestToken:
    @pytest.fixture
    def guarded(self, open_studio: OpenStudio) -> TestClient:
        return open_studio(host="0.0.0.0", token=TOKEN)

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}])
    @pytest.mark.parametrize("path", ["uploads", "styles", "jobs", "data", "ratings"])
    def test_without_it(self, guarded: TestClient, headers: dict[str, str], path: str) -> None:
        answer = guarded.get(f"{API}/{path}", headers=headers)
        assert (answer.status_code, code_of(answer)) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_the_description_needs_it_too(self, guarded: TestClient) -> None:
        assert guarded.get("/openapi.json").status_code == 401

    def test_a_socket_without_it(self, guarded: TestClient) -> None:
        with pytest.raises(WebSocketDisconnect) as refused, guarded.websocket_connect(f"{SOCKET_BASE}/events"):
            pass
        assert refused.value.code == 4401

    def test_with_it(self, guarded: TestClient) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert guarded.get(f"{API}/styles", headers=headers).status_code == 200

    def test_without_it_only_the_bare_state_is_told(self, guarded: TestClient) -> None:
        assert set(guarded.get(f"{API}/health").json()) == {"status", "version", "needs_token"}

    def test_the_address_with_the_token_sets_a_cookie_that_no_script_reads(self, guarded: TestClient) -> None:
        answer = guarded.get("/", params={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert guarded.get(f"{API}/styles").status_code == 200
        with guarded.websocket_connect(f"{SOCKET_BASE}/events", headers={"Cookie": f"{COOKIE}={TOKEN}"}) as socket:
            assert socket.receive_json() == {"type": "hello"}

    def test_a_wrong_token_sets_none(self, guarded: TestClient) -> None:
        assert "set-cookie" not in guarded.get("/", params={"token": "wrong"}).headers
        answer = guarded.post(f"{API}/session", json={"token": "wrong"})
        assert (answer.status_code, code_of(answer)) == (401, "unauthorized")

    def test_a_session_begins_and_ends(self, guarded: TestClient) -> None:
        assert guarded.post(f"{API}/session", json={"token": TOKEN}).status_code == 204
        assert guarded.get(f"{API}/data").status_code == 200
        assert guarded.delete(f"{API}/session").status_code == 204
        assert guarded.get(f"{API}/data").status_code == 401

    def test_with_a_token_addresses_are_hosts_but_foreign_names_are_not(self, guarded: TestClient) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert guarded.get(f"{API}/styles", headers={**headers, "Host": "192.168.1.7:8000"}).status_code == 200
        assert guarded.get(f"{API}/styles", headers={**headers, "Host": EVIL}).status_code == 403

    def test_a_name_may_be_allowed(self, open_studio: OpenStudio) -> None:
        client = open_studio(host="0.0.0.0", token=TOKEN, allowed_hosts=frozenset({"studio.local"}))
        headers = {"Authorization": f"Bearer {TOKEN}", "Host": "Studio.local:8000"}
        assert client.get(f"{API}/styles", headers=headers).status_code == 200

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "studio.local"])
    @pytest.mark.parametrize("token", [None, "short", "ünsafe-token-with-letters"])
    def test_others_are_not_let_in_without_a_good_one(self, tmp_path: Path, host: str, token: str | None) -> None:
        with pytest.raises(UsageError, match="token"):
            Settings(tmp_path, host=host, token=token)


class TestRates:
    def test_too_many_requests(self, open_studio: OpenStudio) -> None:
        client = open_studio(limits=Limits(requests_per_second=0.1, request_burst=3))
        answers = [client.get(f"{API}/health") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert code_of(answers[-1]) == "too_many"
        assert int(answers[-1].headers["Retry-After"]) >= 1

    def test_guessing_tokens_is_slow(self, open_studio: OpenStudio) -> None:
        client = open_studio(token=TOKEN, limits=Limits(requests_per_second=0.1, request_burst=2))
        answers = [client.post(f"{API}/session", json={"token": f"guess {number}"}) for number in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]

    def test_too_many_jobs_of_one_client(self, open_studio: OpenStudio, pale: str) -> None:
        client = open_studio(limits=Limits(jobs_per_client=2))
        job = {"kind": "apply", "uploads": [upload(client)], "style": pale}
        answers = [client.post(f"{API}/jobs", json=job) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        other = client.post(f"{API}/jobs", json=job, headers={"X-Impasto-Client": "another-one"})
        assert other.status_code == 202

    def test_too_many_jobs_of_all(self, open_studio: OpenStudio, pale: str) -> None:
        client = open_studio(limits=Limits(jobs=2))
        job = {"kind": "apply", "uploads": [upload(client)], "style": pale}
        clients = [{"X-Impasto-Client": f"client-{number}"} for number in range(3)]
        answers = [client.post(f"{API}/jobs", json=job, headers=headers) for headers in clients]
        assert [answer.status_code for answer in answers] == [202, 202, 429]

    def test_too_many_pictures_that_wait(self, open_studio: OpenStudio, pale: str) -> None:
        client = open_studio(limits=Limits(renders_per_client=0))
        answer = client.get(f"{API}/uploads/{upload(client)}/render", params={"style": pale})
        assert (answer.status_code, code_of(answer)) == (429, "too_many")

    def test_too_many_sockets(self, open_studio: OpenStudio) -> None:
        client = open_studio(limits=Limits(event_sockets=1, live_sessions=1))
        for path in ("events", "live"):
            with client.websocket_connect(f"{SOCKET_BASE}/{path}") as first:
                if path == "live":
                    first.send_json({"stats": True})
                first.receive_json()
                with (
                    client.websocket_connect(f"{SOCKET_BASE}/{path}") as second,
                    pytest.raises(WebSocketDisconnect) as end,
                ):
                    second.receive_json()
                assert end.value.code == 4429

    @pytest.mark.parametrize("says_length", [True, False])
    def test_json_that_never_ends(self, open_studio: OpenStudio, says_length: bool) -> None:
        client = open_studio(limits=Limits(json_bytes=1000))
        data = json.dumps({"token": "x" * 5000}).encode()
        answer = client.post(
            f"{API}/session",
            content=data if says_length else iter([data[:900], data[900:]]),
            headers={"Content-Type": "application/json"},
        )
        assert 400 <= answer.status_code < 500


def hostile_style(good: bytes, fault: str) -> bytes:
    """Return a style file that somebody might send, by what is wrong with it."""

    def repacked(change: Callable[[dict[str, bytes]], None]) -> bytes:
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
            comment = archive.comment
        change(members)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.comment = comment
        return stream.getvalue()

    def set_member(name: str, content: bytes) -> bytes:
        return repacked(lambda members: members.update({name: content}))

    changed = {
        "traversal": ("../../evil.txt", b"x"),
        "absolute": ("/tmp/evil.txt", b"x"),
        "program": ("run.py", b"import os"),
        "pickle": ("weights.pkl", b"\x80\x04."),
        "swapped network": ("generator.onnx", b"\x08\x08" + bytes(100)),
        "edited manifest": ("style.json", b"{}"),
    }
    if fault in changed:
        return set_member(*changed[fault])
    if fault == "bomb":
        return set_member("preview.jpg", bytes(200 << 20))
    return {"no zip": b"nonsense" * 50, "empty": b"", "cut short": good[: len(good) // 2]}.get(
        fault, good + b"<script>"
    )


@pytest.mark.parametrize(
    "fault",
    [
        *("no zip", "empty", "cut short", "traversal", "absolute", "program", "pickle", "bomb"),
        *("swapped network", "edited manifest", "trailing"),
    ],
)
def test_malicious_style_files(
    client: TestClient, home: Path, tmp_path: Path, data_dir: Path, save_look: Callable[..., Path], fault: str
) -> None:
    good = save_look(tmp_path / "good.style").read_bytes()
    answer = client.post(f"{API}/styles", params={"name": "evil"}, content=hostile_style(good, fault))
    assert (answer.status_code, code_of(answer)) == (422, "unreadable")
    assert not home.exists() or list(home.iterdir()) == []
    assert list((data_dir / "incoming").iterdir()) == []
    assert str(data_dir) not in answer.text


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "", "con", "x" * 65, ".hidden", "a\nb", "evil.style"])
def test_style_names_that_lead_elsewhere(
    client: TestClient, tmp_path: Path, save_look: Callable[..., Path], name: str
) -> None:
    good = save_look(tmp_path / "good.style").read_bytes()
    answer = client.post(f"{API}/styles", params={"name": name}, content=good)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
    assert not list(tmp_path.rglob("*evil*"))


def test_an_oversized_style_file(open_studio: OpenStudio, tmp_path: Path, save_look: Callable[..., Path]) -> None:
    good = save_look(tmp_path / "good.style").read_bytes()
    client = open_studio(limits=Limits(style_bytes=len(good) - 1))
    answer = client.post(f"{API}/styles?name=good", content=good)
    assert (answer.status_code, code_of(answer)) == (413, "too_large")


@pytest.mark.parametrize("path", ["/", "/page/js/app.js", f"{API}/health", f"{API}/nowhere", "/openapi.json"])
def test_every_answer_protects_the_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_nobody_is_told_what_serves(client: TestClient) -> None:
    assert "server" not in {name.lower() for name in client.get("/").headers}


def with_location() -> bytes:
    """Return a JPEG that says where, and by whom, it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "A quiet lake"
    exif[0x8825] = {1: "N", 2: (47.0, 30.0, 12.5), 3: "E", 4: (9.0, 15.0, 3.25)}
    return picture_bytes(exif=exif.tobytes())


@pytest.mark.parametrize(("asked", "tells"), [({}, False), ({"keep_location": True}, True)])
def test_what_is_downloaded_tells_no_place_unless_asked(
    client: TestClient, pale: str, asked: dict[str, Any], tells: bool
) -> None:
    photo = upload(client, with_location())
    assert client.get(f"{API}/uploads/{photo}").json()["has_location"]
    how = {"style": pale, "side": 0, "download": True, **asked}
    answer = client.get(f"{API}/uploads/{photo}/render", params=how)
    exif = Image.open(io.BytesIO(answer.content)).getexif()
    assert exif[0x010E] == "A quiet lake"
    assert bool(exif.get_ifd(0x8825)) is tells


def test_what_is_shown_carries_nothing(client: TestClient, pale: str) -> None:
    photo = upload(client, with_location())
    for path in (f"uploads/{photo}/preview?side=0", f"uploads/{photo}/render?style={pale}&side=0"):
        assert not Image.open(io.BytesIO(client.get(f"{API}/{path}").content)).getexif()

"""Every way into the studio that must be closed, tried against a running one, with the answer that it gets.

    python benchmarks/studio_security.py
    python benchmarks/studio_security.py --schemathesis 200     # also: so many examples a route

`--schemathesis` needs the program of that name (`pip install schemathesis`, best in an environment of its own, named
with `--program`); it makes requests of all kinds that the description allows, and some that it does not.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import socket
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
from PIL import Image
from studio import API, photo_bytes, served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

_TOKEN = "a-token-for-this-benchmark-alone"
_EVIL = "http://evil.example"
Case = tuple[str, str, str]
"""What was tried, what must come of it, and what came."""


def answered(answer: httpx.Response) -> str:
    """Return an answer in a few words."""
    try:
        code = answer.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        code = answer.headers.get("content-type", "").partition(";")[0]
    return f"{answer.status_code} {code}"


def shaken(address: str, **headers: str) -> str:
    """Return what comes of opening a WebSocket."""
    try:
        with connect(f"{address.replace('http', 'ws', 1)}api/v1/live", additional_headers=headers) as live:
            live.send(json.dumps({"stats": True}))
            return f"open, {json.loads(live.recv(20))['type']}"
    except InvalidStatus as error:
        return f"{error.response.status_code} at the handshake"
    except ConnectionClosed as error:
        return f"closed, {error.rcvd.code if error.rcvd else 'no code'}"


def raw(address: str, request: bytes) -> str:
    """Return the status that a request gets which no client would make."""
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), 60) as line:
        try:
            line.sendall(request)
            answer = http.client.HTTPResponse(line)
            answer.begin()
        except ConnectionError:
            return "closed"
        return str(answer.status)


def png_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says that it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def hosts_and_origins(address: str, client: httpx.Client) -> Iterator[Case]:
    """Try to be somebody else."""

    def get(**headers: str) -> str:
        return answered(
            client.get(f"{API}/styles", headers={name.replace("_", "-"): headers[name] for name in headers})
        )

    yield "Host: evil.example (DNS rebinding)", "403", get(Host="evil.example")
    yield "Host: 127.0.0.1.evil.example", "403", get(Host="127.0.0.1.evil.example")
    yield "Host: an address that is not this machine's own", "403", get(Host="192.168.1.7:8000")
    yield "Origin: http://evil.example", "403", get(Origin=_EVIL)
    yield "Origin: null", "403", get(Origin="null")
    yield "Origin: another port of this machine", "403", get(Origin="http://127.0.0.1:1")
    yield "Sec-Fetch-Site: cross-site (a picture in a page elsewhere)", "403", get(Sec_Fetch_Site="cross-site")
    post = client.post(f"{API}/uploads", content=photo_bytes(0.01), headers={"Origin": _EVIL})
    yield "an upload from a page elsewhere", "403", answered(post)
    preflight = client.options(f"{API}/jobs", headers={"Origin": _EVIL, "Access-Control-Request-Method": "POST"})
    yield "a CORS preflight from elsewhere", "403", answered(preflight)
    yield "two Host headers", "40", raw(address, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n")
    yield "WebSocket with a foreign Origin", "403", shaken(address, Origin=_EVIL)
    yield "WebSocket with Origin: null", "403", shaken(address, Origin="null")
    yield "WebSocket from our own page", "open", shaken(address, Origin=address.rstrip("/"))


def tokens() -> Iterator[Case]:
    """Try to get in where a token is needed."""
    refused = subprocess.run(
        [sys.executable, "-m", "impasto", "studio", "--host", "0.0.0.0", "--token", "short", "--no-browser"],
        capture_output=True,
        text=True,
        check=False,
    )
    yield "--host 0.0.0.0 with a token that can be guessed", "refused", "refused" if refused.returncode else "served"
    with served("--host", "0.0.0.0", "--token", _TOKEN) as running:
        address = running.address.partition("?")[0]
        with httpx.Client(base_url=address) as client:
            yield "no token", "401", answered(client.get(f"{API}/styles"))
            wrong = {"Authorization": "Bearer wrong"}
            yield "a wrong token", "401", answered(client.get(f"{API}/styles", headers=wrong))
            yield "the description without a token", "401", answered(client.get("/openapi.json"))
            yield "WebSocket without a token", "403", shaken(address)
            right = {"Authorization": f"Bearer {_TOKEN}"}
            yield "the right token", "200", answered(client.get(f"{API}/styles", headers=right))
            host = {**right, "Host": "evil.example"}
            yield "the right token under a foreign Host", "403", answered(client.get(f"{API}/styles", headers=host))
            yield "WebSocket with the token", "open", shaken(address, **right)


def uploads(address: str, client: httpx.Client) -> Iterator[Case]:
    """Try files that do harm."""

    def post(data: bytes, name: str = "photo.jpg") -> str:
        return answered(client.post(f"{API}/uploads", params={"name": name}, content=data))

    yield "a PNG of 100 bytes that says 60000×60000", "413", post(png_bomb(60_000, 60_000))
    yield "a PNG that says 15000×15000 (225 megapixels)", "413", post(png_bomb(15_000, 15_000))
    yield "a page named photo.jpg", "415", post(b"<html><script>alert(1)</script></html>" + bytes(100))
    yield "an SVG with a script", "415", post(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>" + bytes(99))
    yield "a program named photo.jpg", "415", post(b"\x7fELF" + bytes(200))
    yield "a JPEG that is cut short", "422", post(photo_bytes(0.05)[:900])
    large = f"POST {API}/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {1 << 40}\r\n\r\n"
    yield "an upload that says it has a terabyte", "413", raw(address, large.encode())
    answer = client.post(f"{API}/uploads", params={"name": "../../../etc/passwd"}, content=photo_bytes(0.05))
    yield "a file named ../../../etc/passwd", "201 as passwd.jpg", f"{answer.status_code} as {answer.json()['name']}"
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (47.0, 30.0, 12.5)}
    Image.new("RGB", (64, 48), "red").save(stream, "JPEG", exif=exif.tobytes())
    photo = client.post(f"{API}/uploads", content=stream.getvalue()).json()["id"]
    for asked, must in (("", "no place"), ("&keep_location=true", "a place")):
        url = f"{API}/uploads/{photo}/render?style=noir&side=0&download=true{asked}"
        told = Image.open(io.BytesIO(client.get(url).content)).getexif().get_ifd(0x8825)
        yield f"the place in a download{' that keeps it' if asked else ''}", must, "a place" if told else "no place"
    client.delete(f"{API}/data")
    kept = client.get(f"{API}/data").json()
    yield "DELETE /data", "0 uploads, 0 jobs", f"{kept['num_uploads']} uploads, {kept['num_jobs']} jobs"


def paths(address: str, client: httpx.Client) -> Iterator[Case]:
    """Try to get at files that are nobody's business."""
    for path in ("/page/%2e%2e/%2e%2e/settings.py", "/page/..%2f..%2fserver.py", "/page//etc/passwd", "/page/a%00.js"):
        yield f"GET {path}", "404", raw(address, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    for path in ("uploads/..%2f..%2fstudio.sqlite", "jobs/%2e%2e/files/studio.sqlite", "styles/..%2f..%2fx/file"):
        yield f"GET {API}/{path}", "404", answered(client.get(f"{API}/{path}"))
    photo = client.post(f"{API}/uploads", content=photo_bytes(0.05)).json()["id"]
    for style in ("/etc/passwd", "../noir.style"):
        job = {"kind": "apply", "uploads": [photo], "style": style}
        yield f"a job in the style {style}", "404", answered(client.post(f"{API}/jobs", json=job))
    mask = client.get(f"{API}/uploads/{photo}/render?style=noir&where=mask:../../x")
    yield "a mask outside the uploads", "404", answered(mask)


def style_files(client: httpx.Client) -> Iterator[Case]:
    """Try style files that somebody has tampered with."""
    good = client.get(f"{API}/styles/noir/file").content

    def with_member(name: str, data: bytes) -> bytes:
        stream = io.BytesIO(good)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)
        return stream.getvalue()

    for words, data in (
        ("that is none", b"nonsense" * 100),
        ("with ../../evil.py in it", with_member("../../evil.py", b"x")),
        ("with a pickle in it", with_member("weights.pkl", b"\x80\x04.")),
        ("with a bomb in it", with_member("preview2.jpg", bytes(300 << 20))),
        ("of which a byte was changed", good[:2000] + bytes([good[2000] ^ 1]) + good[2001:]),
        ("with something after its end", good + b"<script>"),
    ):
        answer = client.post(f"{API}/styles?name=evil", content=data, timeout=120)
        yield f"a style file {words}", "422", answered(answer)
    yield "a style named ../evil", "422", answered(client.post(f"{API}/styles?name=../evil", content=good))


def rates(client: httpx.Client) -> Iterator[Case]:
    """Ask for too much."""
    with ExitStack() as stack:
        for _ in range(4):
            live = stack.enter_context(connect(f"{str(client.base_url).replace('http', 'ws', 1)}api/v1/live"))
            live.send(json.dumps({"stats": True}))
            live.recv(20)
        yield "a fifth live session", "closed, 4429", shaken(str(client.base_url))
    heads = f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {'x' * (1 << 20)}\r\n\r\n"
    came = raw(str(client.base_url), heads.encode())
    yield "a header of a megabyte", came if came in ("400", "closed") else "400", came
    big = {"token": "x" * (2 << 20)}
    yield "JSON of 2 MB", "413", answered(client.post(f"{API}/session", json=big))
    photo = client.post(f"{API}/uploads", content=photo_bytes(0.05)).json()["id"]
    asked = {"kind": "film", "upload": photo, "style": "noir"}
    yield "a film job on a photo", "409", answered(client.post(f"{API}/jobs", json=asked))
    job = {"kind": "learn", "references": [photo], "name": "much", "minutes": 200}
    codes = [answered(client.post(f"{API}/jobs", json=job)) for _ in range(42)]
    yield "42 jobs at once by one client (40 may wait)", "429", codes[-1]
    client.delete(f"{API}/data", timeout=120)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: answered(client.get(f"{API}/health")), range(2500)))
    yield "2500 requests as fast as they go", "429", "429 too_many" if "429 too_many" in codes else codes[-1]


def run_schemathesis(program: str, num_examples: int) -> int:
    """Let schemathesis try the description; return its exit code."""
    with served() as running, tempfile.TemporaryDirectory() as folder:
        print(f"\nschemathesis, {num_examples} examples a route, no answer of 5xx:", flush=True)
        command = [program, "run", f"{running.address}openapi.json", "--max-examples", str(num_examples)]
        command += ["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"]
        command += ["--rate-limit", "80/s", "--request-timeout", "120", "--suppress-health-check", "all"]
        return subprocess.run(command, check=False, cwd=folder).returncode


def main() -> None:
    """Print a table; exit with 1 where something came of a try that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemathesis", type=int, default=0, metavar="EXAMPLES")
    parser.add_argument("--program", default="schemathesis", help="where schemathesis is")
    options = parser.parse_args()
    num_wrong = 0

    def show(cases: Iterator[Case]) -> None:
        nonlocal num_wrong
        for tried, must, came in cases:
            is_right = came.startswith(must)
            num_wrong += not is_right
            print(f"{'ok  ' if is_right else 'BAD '}{tried:62} {came}", flush=True)

    with served() as running, httpx.Client(base_url=running.address, timeout=60) as client:
        parts: list[Callable[[], Iterator[Case]]] = [
            lambda: hosts_and_origins(running.address, client),
            lambda: uploads(running.address, client),
            lambda: paths(running.address, client),
            lambda: style_files(client),
            lambda: rates(client),
        ]
        for part in parts:
            show(part())
    show(tokens())
    print(f"{num_wrong} of the tries came to something else than they must" if num_wrong else "all are closed")
    failed = options.schemathesis and run_schemathesis(options.program, options.schemathesis)
    raise SystemExit(1 if num_wrong or failed else 0)


if __name__ == "__main__":
    main()

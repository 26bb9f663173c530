"""WebSockets: what has changed, and live pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.websockets import WebSocketDisconnect

from impasto.studio import routes_live
from impasto.studio.hub import STYLES, Hub
from impasto.studio.live import MAX_FRAME_BYTES
from impasto.studio.refusals import RefusedError

from .studio_parts import (
    API,
    SOCKET_BASE,
    FakeWorks,
    TestClient,
    opened,
    picture_bytes,
    post_apply,
    post_learn,
    upload,
)

Socket = Any


def until(socket: Socket, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return the first message that is as it should be."""
    while not holds(message := socket.receive_json()):
        pass
    found: dict[str, Any] = message
    return found


class TestEvents:
    def test_every_job_is_told_of_until_it_is_gone(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        with client.websocket_connect(f"{SOCKET_BASE}/events") as socket:
            assert socket.receive_json() == {"type": "hello"}
            job = post_apply(client, pale)
            first = until(socket, lambda message: message["type"] == "job")
            assert first["job"]["id"] == job["id"]
            assert first["job"]["items"] is None
            work = works.next()
            work.tell("progress", fraction=0.5, message="halfway")
            assert until(socket, lambda message: message["job"]["progress"] == 0.5)["job"]["message"] == "halfway"
            work.finish()
            until(socket, lambda message: message["job"]["status"] == "done")
            client.delete(f"{API}/jobs/{job['id']}")
            assert until(socket, lambda message: message["type"] != "job") == {"type": "removed", "id": job["id"]}

    def test_many_changes_are_few_messages(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        with client.websocket_connect(f"{SOCKET_BASE}/events") as socket:
            socket.receive_json()
            post_apply(client, pale)
            work = works.next()
            for number in range(400):
                work.tell("progress", fraction=number / 400, message=str(number))
            work.finish(message="Ready.")
            num_messages = 1
            while socket.receive_json()["job"]["status"] != "done":
                num_messages += 1
            assert num_messages < 100

    def test_two_pages_are_told_alike(self, client: TestClient, pale: str) -> None:
        with (
            client.websocket_connect(f"{SOCKET_BASE}/events") as one,
            client.websocket_connect(f"{SOCKET_BASE}/events") as other,
        ):
            assert one.receive_json() == other.receive_json() == {"type": "hello"}
            job = post_apply(client, pale)
            for socket in (one, other):
                assert until(socket, lambda message: message["type"] == "job")["job"]["id"] == job["id"]

    def test_a_quiet_page_is_pinged(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(routes_live, "_PING_EVERY", 0.01)
        with client.websocket_connect(f"{SOCKET_BASE}/events") as socket:
            assert socket.receive_json() == {"type": "hello"}
            assert socket.receive_json() == {"type": "ping"}

    def test_what_a_page_says_is_not_heeded(self, client: TestClient, pale: str) -> None:
        with client.websocket_connect(f"{SOCKET_BASE}/events") as socket:
            socket.receive_json()
            socket.send_text("hello?")
            socket.send_bytes(b"\0" * 100)
            job = post_apply(client, pale)
            assert until(socket, lambda message: message["type"] == "job")["job"]["id"] == job["id"]

    def test_who_leaves_makes_room(self, client: TestClient) -> None:
        hub: Hub = client.app.state.studio.hub  # type: ignore[attr-defined]
        for _ in range(3):
            with client.websocket_connect(f"{SOCKET_BASE}/events") as socket:
                socket.receive_json()
                assert len(hub._subscriptions) == 1
        assert len(hub._subscriptions) == 0


class TestJobEvents:
    def test_one_job_with_all_of_it_until_its_end(self, client: TestClient, works: FakeWorks) -> None:
        job = post_learn(client)
        work = works.next()
        with client.websocket_connect(f"{SOCKET_BASE}/jobs/{job['id']}/events") as socket:
            assert socket.receive_json()["job"]["id"] == job["id"]
            work.tell("step", step=7, fraction=0.1, scalars={"loss": 0.25})
            told = until(socket, lambda message: (message["job"]["learn"] or {}).get("step") == 7)
            assert told["job"]["learn"]["curves"] == {"loss": [[7, 0.25]]}
            work.fail("It broke.")
            ended = until(socket, lambda message: message["job"]["status"] == "failed")
            assert ended["job"]["error"] == "It broke."
            with pytest.raises(WebSocketDisconnect) as end:
                socket.receive_json()
        assert end.value.code == 1000

    def test_others_are_not_told_of(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_learn(client)
        work = works.next()
        with client.websocket_connect(f"{SOCKET_BASE}/jobs/{job['id']}/events") as socket:
            socket.receive_json()
            post_apply(client, pale)
            works.next().finish()
            work.finish()
            seen = set()
            with pytest.raises(WebSocketDisconnect):
                while True:
                    seen.add(socket.receive_json()["job"]["id"])
        assert seen <= {job["id"]}

    def test_one_that_has_ended(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        works.next().finish()
        with client.websocket_connect(f"{SOCKET_BASE}/jobs/{job['id']}/events") as socket:
            until(socket, lambda message: message["job"]["status"] == "done")

    def test_there_is_no_such_job(self, client: TestClient) -> None:
        with (
            client.websocket_connect(f"{SOCKET_BASE}/jobs/0123/events") as socket,
            pytest.raises(WebSocketDisconnect) as end,
        ):
            socket.receive_json()
        assert end.value.code == 4404

    def test_one_that_is_deleted_meanwhile(self, client: TestClient, works: FakeWorks, pale: str) -> None:
        job = post_apply(client, pale)
        works.next()
        with client.websocket_connect(f"{SOCKET_BASE}/jobs/{job['id']}/events") as socket:
            socket.receive_json()
            client.delete(f"{API}/jobs/{job['id']}")
            with pytest.raises(WebSocketDisconnect) as end:
                while True:
                    socket.receive_json()
        assert end.value.code in (1000, 4404)


def frame_bytes(format_: str = "JPEG", size: tuple[int, int] = (96, 64), level: int = 128) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (level, level // 2, 40)).save(stream, format_, quality=92)
    return stream.getvalue()


def ask(socket: Socket, **wishes: Any) -> dict[str, Any]:
    socket.send_text(json.dumps(wishes))
    answer: dict[str, Any] = socket.receive_json()
    return answer


def restyled(socket: Socket, data: bytes) -> Any:
    socket.send_bytes(data)
    return np.asarray(opened(socket.receive_bytes()).convert("RGB"), float)


class TestLive:
    @pytest.fixture
    def socket(self, client: TestClient, pale: str) -> Any:
        with client.websocket_connect(f"{SOCKET_BASE}/live") as socket:
            yield socket

    @pytest.mark.parametrize("format_", ["JPEG", "WEBP"])
    def test_a_frame_in_a_frame_out(self, socket: Socket, pale: str, format_: str) -> None:
        assert ask(socket, style=pale) == {"type": "ready", "style": pale, "family": "look"}
        for _ in range(3):
            socket.send_bytes(frame_bytes(format_))
            answer = opened(socket.receive_bytes())
            assert (answer.format, answer.size) == ("JPEG", (96, 64))

    def test_it_is_what_the_style_makes_of_it(self, socket: Socket, pale: str) -> None:
        ask(socket, style=pale)
        colour = restyled(socket, frame_bytes()).mean(axis=(0, 1))
        plain = np.array([128, 64, 40]) / 255
        from conftest import graded

        assert np.abs(colour - 255 * graded(plain, plain.mean())).max() < 8

    def test_strength_holds_from_the_next_frame_on(self, socket: Socket, pale: str) -> None:
        ask(socket, style=pale)
        full = restyled(socket, frame_bytes()).mean(axis=(0, 1))
        socket.send_text(json.dumps({"strength": 0.0}))
        plain = restyled(socket, frame_bytes()).mean(axis=(0, 1))
        assert np.abs(plain - [128, 64, 40]).max() < 6
        assert np.abs(full - plain).max() > 8

    def test_another_style_while_it_runs(
        self, client: TestClient, socket: Socket, pale: str, home: Path, save_paint: Callable[..., Path]
    ) -> None:
        save_paint(home / "inverted.style", "invert")
        ask(socket, style=pale)
        restyled(socket, frame_bytes())
        assert ask(socket, style="inverted") == {"type": "ready", "style": "inverted", "family": "paint"}
        painted = restyled(socket, frame_bytes(size=(128, 96))).mean(axis=(0, 1))
        assert np.abs(painted - (255 - np.array([128, 64, 40]))).max() < 16
        assert ask(socket, style=f"{pale}+noir")["type"] == "ready"
        grey = restyled(socket, frame_bytes()).mean(axis=(0, 1))
        assert np.ptp(grey) < 25

    @pytest.mark.parametrize(
        ("wishes", "code"),
        [
            ({"style": "nosuch"}, "not_found"),
            ({"style": "../pale"}, "not_found"),
            ({"style": "pale", "strength": 2}, "invalid"),
            ({"quality": 5}, "invalid"),
            ({"dance": True}, "invalid"),
            ({"texture_scale": 100}, "invalid"),
            ({"style": "+".join(["pale"] * 10)}, "invalid"),
        ],
    )
    def test_what_cannot_be_leaves_things_as_they_were(
        self, socket: Socket, pale: str, wishes: dict[str, Any], code: str
    ) -> None:
        ask(socket, style=pale)
        before = restyled(socket, frame_bytes())
        answer = ask(socket, **wishes)
        assert (answer["type"], answer["code"]) == ("error", code)
        assert answer["message"]
        assert np.array_equal(restyled(socket, frame_bytes()), before)

    def test_a_broken_style_leaves_the_old_one(self, socket: Socket, pale: str, home: Path) -> None:
        (home / "broken.style").write_bytes(b"no style")
        ask(socket, style=pale)
        answer = ask(socket, style="broken")
        assert (answer["type"], answer["code"]) == ("error", "unreadable")
        assert restyled(socket, frame_bytes()).shape == (64, 96, 3)

    @pytest.mark.parametrize(
        "data",
        [b"", b"x", b"\xff\xd8\xff" + bytes(300), picture_bytes("PNG"), b"<svg/>", frame_bytes()[:200]],
        ids=["empty", "a letter", "a head", "another format", "svg", "cut short"],
    )
    def test_what_is_no_frame(self, socket: Socket, pale: str, data: bytes) -> None:
        ask(socket, style=pale)
        socket.send_bytes(data)
        message = socket.receive()
        if "bytes" not in message or message["bytes"] is None:
            told = json.loads(message["text"])
            assert (told["type"], told["code"]) == ("frame_error", "unreadable")
        else:  # what was cut short may be shown as far as it goes
            assert data == frame_bytes()[:200]
        assert restyled(socket, frame_bytes()).shape == (64, 96, 3)

    def test_frames_that_are_too_large(self, socket: Socket, pale: str) -> None:
        ask(socket, style=pale)
        socket.send_bytes(frame_bytes(size=(1920, 1088)))
        assert socket.receive_json()["code"] == "too_large"
        assert restyled(socket, frame_bytes()).shape == (64, 96, 3)

    @pytest.mark.parametrize("message", [bytes(MAX_FRAME_BYTES + 1), "x" * 5000], ids=["frame", "text"])
    def test_messages_that_are_too_large_end_it(self, socket: Socket, message: bytes | str) -> None:
        socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
        assert end.value.code == 1009

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '"noir"', "{}x", "\u0000"])
    def test_text_that_says_nothing(self, socket: Socket, text: str) -> None:
        socket.send_text(text)
        answer = socket.receive_json()
        assert (answer["type"], answer["code"]) == ("error", "invalid")

    def test_before_a_style_is_named(self, socket: Socket) -> None:
        socket.send_bytes(frame_bytes())
        assert socket.receive_json()["code"] == "not_ready"
        assert ask(socket, strength=0.5)["code"] == "not_ready"

    def test_it_counts_and_times_frames(self, socket: Socket, pale: str) -> None:
        assert ask(socket, stats=True) == {
            "type": "stats",
            "frames": 0,
            "milliseconds_p50": 0.0,
            "milliseconds_p95": 0.0,
        }
        ask(socket, style=pale)
        for _ in range(4):
            restyled(socket, frame_bytes())
        told = ask(socket, stats=True, reset=True)
        assert told["frames"] == 4
        assert 0 < told["milliseconds_p50"] <= told["milliseconds_p95"]

    def test_quality(self, socket: Socket, pale: str) -> None:
        ask(socket, style=pale)
        noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noise).save(stream, "JPEG", quality=95)
        sizes = []
        for quality in (30, 95):
            socket.send_text(json.dumps({"quality": quality}))
            socket.send_bytes(stream.getvalue())
            sizes.append(len(socket.receive_bytes()))
        assert sizes[0] < sizes[1]

    def test_who_leaves_makes_room(self, client: TestClient, pale: str) -> None:
        for _ in range(6):
            with client.websocket_connect(f"{SOCKET_BASE}/live") as socket:
                assert ask(socket, style=pale)["type"] == "ready"

    def test_without_the_extra(self, socket: Socket, pale: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("impasto.studio.live.extras", lambda: {"live": False})
        answer = ask(socket, style=pale)
        assert (answer["type"], answer["code"]) == ("error", "missing_extra")
        assert "impasto[video]" in answer["message"]

    def test_a_photo_uploaded_meanwhile(self, client: TestClient, socket: Socket, pale: str) -> None:
        ask(socket, style=pale)
        photo = upload(client)
        assert client.get(f"{API}/uploads/{photo}/render?style={pale}").status_code == 200
        assert restyled(socket, frame_bytes()).shape == (64, 96, 3)


class TestHub:
    def test_each_change_once_in_order_and_only_what_is_asked_for(self) -> None:
        import asyncio

        async def look() -> tuple[list[str], list[str], list[str]]:
            hub = Hub(2)
            with hub.subscribed() as everything, hub.subscribed("b") as one:
                for changed in ("a", "b", "a", STYLES, "b"):
                    hub.note(changed)
                return await everything.changes(5), await one.changes(5), await everything.changes(0.01)

        assert asyncio.run(look()) == (["a", "b", STYLES], ["b"], [])

    def test_so_many_and_no_more(self) -> None:
        import asyncio

        async def look() -> None:
            hub = Hub(1)
            with hub.subscribed(), pytest.raises(RefusedError), hub.subscribed():
                pass
            with hub.subscribed():
                pass

        asyncio.run(look())

    def test_from_another_thread_and_after_the_end(self) -> None:
        import asyncio
        from threading import Thread

        hub = Hub(4)
        kept = []

        async def look() -> list[str]:
            with hub.subscribed() as subscription:
                kept.append(subscription)
                thread = Thread(target=hub.note, args=("a",))
                thread.start()
                changes = await subscription.changes(20)
                thread.join()
                return changes

        assert asyncio.run(look()) == ["a"]
        kept[0].note("late")
        hub.note("nobody is there")

"""Pictures in a style: small ones for the page, full sizes for keeping, and all styles at once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from impasto.studio.settings import Limits

from .studio_parts import API, OpenStudio, TestClient, code_of, opened, picture_bytes, upload, wait_for


def pixels_of(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(opened(data).convert("RGB"))


def render(client: TestClient, photo: str, style: str, **how: Any) -> Any:
    return client.get(f"{API}/uploads/{photo}/render", params={"style": style, **how})


@pytest.fixture
def photo(client: TestClient) -> str:
    return upload(client, picture_bytes("PNG"), "Näßlich & co.png")


@pytest.mark.parametrize("strength", [0.0, 0.35, 1.0])
def test_the_full_size_is_what_the_style_makes_of_it(
    client: TestClient, photo: str, pale: str, assert_graded: Callable[..., None], strength: float
) -> None:
    answer = render(client, photo, pale, side=0, format="png", strength=strength)
    assert answer.headers["Content-Type"] == "image/png"
    assert_graded(pixels_of(answer.content), pixels_of(picture_bytes("PNG")), strength, levels=1.1)


def test_a_small_one_looks_like_the_full_size(client: TestClient, photo: str, pale: str) -> None:
    small = pixels_of(render(client, photo, pale, side=32).content).astype(float)
    full = opened(render(client, photo, pale, side=0, format="png").content).resize((32, 24), Image.Resampling.BOX)
    assert np.abs(small - np.asarray(full, float)).mean() < 3


@pytest.mark.parametrize(("side", "size"), [(16, (16, 12)), (48, (48, 36)), (512, (64, 48)), (0, (64, 48))])
def test_sizes(client: TestClient, photo: str, pale: str, side: int, size: tuple[int, int]) -> None:
    assert opened(render(client, photo, pale, side=side).content).size == size


@pytest.mark.parametrize(
    ("format_", "media_type", "name"),
    [
        ("jpeg", "image/jpeg", "JPEG"),
        ("png", "image/png", "PNG"),
        ("webp", "image/webp", "WEBP"),
        ("tiff", "image/tiff", "TIFF"),
    ],
)
def test_formats(client: TestClient, photo: str, pale: str, format_: str, media_type: str, name: str) -> None:
    answer = render(client, photo, pale, side=0, format=format_, download=True)
    assert answer.headers["Content-Type"] == media_type
    assert opened(answer.content).format == name
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment; ")
    suffix = {"jpeg": "jpg", "tiff": "tif"}.get(format_, format_)
    assert f"filename*=UTF-8''N%C3%A4%C3%9Flich%20_%20co-pale.{suffix}" in said


def test_quality(client: TestClient, photo: str, pale: str) -> None:
    sizes = [len(render(client, photo, pale, side=0, quality=quality).content) for quality in (10, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


@pytest.mark.parametrize(
    "how",
    [
        {"strength": -0.1},
        {"strength": 1.1},
        {"strength": "nan"},
        {"strength": "inf"},
        {"side": 8},
        {"side": 5000},
        {"format": "gif"},
        {"format": "tiff", "side": 512},
        {"quality": 0},
        {"quality": 101},
        {"texture_scale": 0.1},
        {"texture_scale": 9},
        {"where": "sky"},
        {"keep_color": "perhaps"},
        {"style": ""},
        {"style": "a" * 401},
        {"style": "pale\nnoir"},
        {"nonsense": 1},
    ],
)
def test_what_cannot_be_asked_for(client: TestClient, photo: str, pale: str, how: dict[str, Any]) -> None:
    answer = client.get(f"{API}/uploads/{photo}/render", params={"style": pale, **how})
    assert (answer.status_code, code_of(answer)) == (422, "invalid")


def test_texture_is_for_paint_styles(client: TestClient, photo: str, pale: str) -> None:
    answer = render(client, photo, pale, texture_scale=2)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")


def test_unknown_styles(client: TestClient, photo: str, pale: str) -> None:
    for style in ("nosuch", "pale+nosuch", "pale:0.5,nosuch:0.5", "Pale"):
        answer = render(client, photo, style)
        assert (answer.status_code, code_of(answer)) == (404, "not_found"), style


def test_too_many_styles_at_once(client: TestClient, photo: str, pale: str) -> None:
    answer = render(client, photo, "+".join([pale] * 9))
    assert (answer.status_code, code_of(answer)) == (422, "invalid")


def test_chains_and_blends(
    client: TestClient, photo: str, pale: str, home: Path, save_look: Callable[..., Path]
) -> None:
    once = pixels_of(render(client, photo, pale, side=0, format="png").content).astype(float)
    twice = pixels_of(render(client, photo, f"{pale}+{pale}", side=0, format="png").content).astype(float)
    twin = save_look(home / "twin.style").stem
    half = pixels_of(render(client, photo, f"{pale}:0.5,{twin}:0.5", side=0, format="png").content).astype(float)
    assert np.abs(once - twice).mean() > 3
    assert np.abs(once - half).mean() < 1


def test_colour_may_be_kept(client: TestClient, pale: str) -> None:
    grey = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 60, 60)).save(grey, "PNG")
    photo = upload(client, grey.getvalue(), "red.png")
    with_colour = pixels_of(render(client, photo, pale, side=0, format="png", keep_color=True).content)[0, 0]
    without = pixels_of(render(client, photo, pale, side=0, format="png").content)[0, 0]
    assert int(with_colour[0]) - int(with_colour[1]) > int(without[0]) - int(without[1])


def test_a_mask_says_where(client: TestClient, photo: str, pale: str) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 255
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    where = f"mask:{upload(client, stream.getvalue(), 'mask.png')}"
    plain = pixels_of(picture_bytes("PNG")).astype(int)
    styled = pixels_of(render(client, photo, pale, side=0, format="png", where=where).content).astype(int)
    assert np.abs(styled - plain)[:, :24].max() <= 1
    assert np.abs(styled - plain)[:, 40:].max() > 5
    small = render(client, photo, pale, side=32, where=where)
    assert small.status_code == 200


def test_a_mask_that_is_gone(client: TestClient, photo: str, pale: str) -> None:
    answer = render(client, photo, pale, where="mask:0123456789abcdef")
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


class TestCache:
    def test_the_same_again_is_there_already(self, client: TestClient, photo: str, pale: str) -> None:
        first, second = render(client, photo, pale), render(client, photo, pale)
        assert (first.headers["X-Impasto-Cached"], second.headers["X-Impasto-Cached"]) == ("0", "1")
        assert second.headers["X-Impasto-Milliseconds"] == "0"
        assert first.content == second.content

    @pytest.mark.parametrize(
        "other", [{"strength": 0.5}, {"side": 40}, {"keep_color": True}, {"format": "webp"}, {"quality": 30}]
    )
    def test_something_else_is_made_anew(
        self, client: TestClient, photo: str, pale: str, other: dict[str, Any]
    ) -> None:
        first, second = render(client, photo, pale), render(client, photo, pale, **other)
        assert second.headers["X-Impasto-Cached"] == "0"
        assert first.content != second.content

    def test_a_style_that_was_replaced_is_not_taken_from_it(
        self, client: TestClient, photo: str, home: Path, pale: str, save_look: Callable[..., Path]
    ) -> None:
        from conftest import look_model

        first = render(client, photo, pale)
        save_look(home / "pale.style", generator=look_model(side=8, size=7), needs={"thumbnail_side": 8, "lut_size": 7})
        second = render(client, photo, pale)
        assert second.headers["X-Impasto-Cached"] == "0"
        assert first.status_code == second.status_code == 200

    def test_a_style_that_was_deleted(self, client: TestClient, photo: str, home: Path, pale: str) -> None:
        assert render(client, photo, pale).status_code == 200
        (home / "pale.style").unlink()
        assert render(client, photo, pale).status_code == 404

    def test_pictures_may_be_kept_by_the_browser_only(self, client: TestClient, photo: str, pale: str) -> None:
        assert render(client, photo, pale).headers["Cache-Control"].startswith("private")


class TestWall:
    @pytest.fixture
    def three(self, home: Path, save_look: Callable[..., Path], pale: str) -> list[str]:
        return [pale, *(save_look(home / f"{name}.style").stem for name in ("second", "third"))]

    def lines(self, client: TestClient, photo: str, **how: Any) -> list[dict[str, Any]]:
        answer = client.get(f"{API}/uploads/{photo}/wall", params=how)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in answer.text.splitlines()]

    def test_each_style_asked_for_has_a_line(self, client: TestClient, photo: str, three: list[str]) -> None:
        *lines, last = self.lines(client, photo, styles=",".join(three), side=32)
        assert sorted(line["style"] for line in lines) == sorted(three)
        assert all(line["ok"] and line["family"] == "look" for line in lines)
        assert (last["done"], last["count"]) == (True, 3)

    def test_its_pictures_are_there_already(self, client: TestClient, photo: str, three: list[str]) -> None:
        for line in self.lines(client, photo, styles=",".join(three), side=32, strength=0.8)[:-1]:
            answer = client.get(line["url"])
            assert answer.headers["X-Impasto-Cached"] == "1"
            assert opened(answer.content).size == (32, 24)

    def test_without_a_list_all_are_there(
        self, client: TestClient, photo: str, three: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shelf = client.app.state.studio.shelf  # type: ignore[attr-defined]
        monkeypatch.setattr(shelf, "families", lambda: dict.fromkeys(three, "look"))
        assert len(self.lines(client, photo, side=32)) == 4

    def test_one_that_fails_leaves_the_others(
        self, client: TestClient, photo: str, home: Path, three: list[str]
    ) -> None:
        (home / "broken.style").write_bytes(b"no style")
        *lines, last = self.lines(client, photo, styles="broken,nosuch," + ",".join(three), side=32)
        failed = {line["style"]: line["error"]["code"] for line in lines if not line["ok"]}
        assert failed == {"broken": "unreadable", "nosuch": "not_found"}
        assert last["count"] == 5

    def test_a_style_named_twice_is_made_once(self, client: TestClient, photo: str, pale: str) -> None:
        assert self.lines(client, photo, styles=f"{pale},{pale}", side=32)[-1]["count"] == 1

    @pytest.mark.parametrize("how", [{"side": 0}, {"side": 2048}, {"strength": 2}, {"what": 1}, {"styles": "x" * 9000}])
    def test_what_cannot_be_asked_for(self, client: TestClient, photo: str, how: dict[str, Any]) -> None:
        assert client.get(f"{API}/uploads/{photo}/wall", params=how).status_code == 422

    def test_of_no_upload(self, client: TestClient) -> None:
        assert client.get(f"{API}/uploads/0123/wall").status_code == 404

    def test_too_much_at_once_is_refused_and_nothing_of_it_stays(
        self, open_studio: OpenStudio, three: list[str]
    ) -> None:
        client = open_studio(limits=Limits(renders_per_client=2))
        renderer = client.app.state.studio.renderer  # type: ignore[attr-defined]
        photo, held = upload(client), Event()
        for _ in range(renderer._small._max_workers):
            renderer._small.submit(held.wait)
        answer = client.get(f"{API}/uploads/{photo}/wall", params={"styles": ",".join(three)})
        held.set()
        assert (answer.status_code, code_of(answer)) == (429, "too_many")
        again = client.get(f"{API}/uploads/{photo}/wall", params={"styles": ",".join(three[:2])})
        assert again.status_code == 200


class TestVerdict:
    def test_without_a_gate(self, client: TestClient, photo: str, pale: str) -> None:
        answer = client.get(f"{API}/uploads/{photo}/verdict", params={"style": pale})
        assert answer.json() == {"verdict": None, "reason": "This style has no gate."}

    def test_a_built_in_style_has_one(self, client: TestClient, photo: str) -> None:
        gated = [each["name"] for each in client.get(f"{API}/styles").json()["styles"] if each["has_gate"]]
        if not gated:
            pytest.skip("no built-in style has a gate")
        answer = client.get(f"{API}/uploads/{photo}/verdict", params={"style": gated[0]}).json()
        assert answer["verdict"] in ("pass", "review", "refuse")

    def test_of_an_unknown_style(self, client: TestClient, photo: str) -> None:
        assert client.get(f"{API}/uploads/{photo}/verdict", params={"style": "nosuch"}).status_code == 404


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strength=st.floats(0, 1),
    side=st.sampled_from([0, 16, 33, 200]),
    keep_color=st.booleans(),
    format_=st.sampled_from(["jpeg", "png", "webp"]),
    quality=st.integers(1, 100),
    download=st.booleans(),
)
def test_whatever_may_be_asked_for_is_answered_with_a_picture(
    client: TestClient, photo: str, pale: str, format_: str, side: int, **how: Any
) -> None:
    answer = render(client, photo, pale, format=format_, side=side, **how)
    assert answer.status_code == 200
    assert max(opened(answer.content).size) == (min(side, 64) or 64)


def test_painting(client: TestClient, photo: str, home: Path, save_paint: Callable[..., Path]) -> None:
    style = save_paint(home / "inverted.style", "invert").stem
    plain = pixels_of(client.get(f"{API}/uploads/{photo}/preview?side=64").content).astype(float)
    painted = pixels_of(render(client, photo, style, side=64).content).astype(float)
    assert np.abs(painted - (255 - plain)).mean() < 12
    assert render(client, photo, style, side=64, texture_scale=2).status_code == 200
    assert client.get(f"{API}/styles/check", params={"style": style}).json()["texture"] is True


def test_renders_of_a_photo_that_is_gone_from_the_disk(
    client: TestClient, photo: str, data_dir: Path, pale: str
) -> None:
    (data_dir / "uploads" / photo / "original.png").unlink()
    answer = render(client, photo, pale)
    assert (answer.status_code, code_of(answer)) == (422, "unreadable")
    assert str(data_dir) not in answer.text


def test_waiting_renders_are_counted_down(open_studio: OpenStudio, pale: str) -> None:
    client = open_studio(limits=Limits(renders_per_client=1))
    photo = upload(client)
    for side in (16, 17, 18):
        assert render(client, photo, pale, side=side).status_code == 200


class TestWarming:
    """Styles that are loaded before anybody asks for them."""

    def loaded(self, client: TestClient) -> set[str]:
        return {str(key[0]) for key in client.app.state.studio.shelf._loaded}  # type: ignore[attr-defined]

    def warm(self, client: TestClient, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        studio = client.app.state.studio  # type: ignore[attr-defined]
        monkeypatch.setattr(studio.shelf, "families", lambda: dict.fromkeys(names, "look"))
        studio.renderer.warm()

    def test_each_is_loaded(self, client: TestClient, home: Path, pale: str, save_look: Any, monkeypatch: Any) -> None:
        names = [pale, save_look(home / "other.style").stem]
        self.warm(client, names, monkeypatch)
        wait_for(lambda: self.loaded(client), lambda loaded: loaded == set(names))

    def test_one_that_is_broken_is_passed_over(
        self, client: TestClient, home: Path, pale: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "broken.style").write_bytes(b"x")
        self.warm(client, ["broken", "nosuch", pale], monkeypatch)
        wait_for(lambda: self.loaded(client), lambda loaded: loaded == {pale})

    def test_photos_do_not_wait_for_all_of_it(
        self, client: TestClient, photo: str, pale: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        renderer = client.app.state.studio.renderer  # type: ignore[attr-defined]
        begun, held = [], Event()

        def hold(style: str) -> None:
            begun.append(style)
            held.wait(60)

        monkeypatch.setattr(renderer, "_warm", hold)
        monkeypatch.setattr(renderer, "_small", ThreadPoolExecutor(2))
        self.warm(client, ["a", "b", "c"], monkeypatch)
        assert render(client, photo, pale).status_code == 200
        assert begun == ["a"]
        held.set()
        wait_for(lambda: begun, lambda begun: begun == ["a", "b", "c"])

    def test_a_studio_that_closes_stops_it(self, open_studio: OpenStudio, monkeypatch: pytest.MonkeyPatch) -> None:
        client = open_studio()
        renderer = client.app.state.studio.renderer  # type: ignore[attr-defined]
        renderer.close()
        self.warm(client, ["a", "b"], monkeypatch)
        assert self.loaded(client) == set()

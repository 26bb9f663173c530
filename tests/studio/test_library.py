"""Styles that are listed, added, kept and deleted; and ratings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import StyleFileError
from impasto.studio.refusals import RefusedError
from impasto.studio.shelf import MAX_LOADED, Shelf, names_in
from impasto.style.file import load_manifest
from impasto.style.library import StyleLibrary, default_library

from .studio_parts import API, OpenStudio, TestClient, code_of, opened, picture_bytes, upload

SaveLook = Callable[..., Path]


def listed(client: TestClient) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in client.get(f"{API}/styles").json()["styles"]}


@pytest.fixture
def file_of(tmp_path: Path, save_look: SaveLook) -> Callable[..., bytes]:
    """Return the bytes of a style file: `file_of(name, **fields)`."""

    def make(name: str = "mine", **fields: Any) -> bytes:
        return save_look(tmp_path / "made" / f"{name}.style", **fields).read_bytes()

    return make


def post_style(client: TestClient, data: bytes, name: str = "mine", **how: Any) -> Any:
    return client.post(f"{API}/styles", params={"name": name, **how}, content=data)


class TestList:
    def test_what_comes_with_impasto_and_what_is_ones_own(self, client: TestClient, pale: str) -> None:
        styles = listed(client)
        overview = default_library().overview()
        assert list(styles) == [name for name, family, _ in overview if family != "dream"]
        assert styles[pale]["builtin"] is False
        assert styles["noir"]["builtin"] is True

    def test_what_is_told_of_one(self, client: TestClient, home: Path, save_look: SaveLook) -> None:
        path = save_look(home / "autumn.style", description="Warm leaves.")
        shown = listed(client)["autumn"]
        assert shown["bytes"] == path.stat().st_size
        del shown["bytes"]
        assert shown == {
            "name": "autumn",
            "family": "look",
            "description": "Warm leaves.",
            "builtin": False,
            "usable": True,
            "problem": None,
            "preview_url": None,
            "created": "2026-11-21",
            "impasto_version": "0.1.0",
            "is_blend": False,
            "sources": {"num_references": 2, "num_content": 3, "license_note": "my own pictures"},
            "metrics": {"validation": 0.25},
            "has_gate": False,
            "trunk": None,
            "texture": False,
        }

    def test_one_alone_tells_how_it_was_learned(self, client: TestClient, pale: str) -> None:
        shown = client.get(f"{API}/styles/{pale}").json()
        assert shown["recipe"] == {"minutes": 5.0, "loss": "hinge"}
        assert shown["curves"] == {}
        assert shown["name"] == pale

    def test_a_broken_one_says_what_is_wrong_and_spoils_nothing(
        self, client: TestClient, home: Path, pale: str, data_dir: Path
    ) -> None:
        (home / "broken.style").write_bytes(b"no style at all")
        shown = listed(client)["broken"]
        assert (shown["usable"], shown["family"], shown["builtin"]) == (False, "", False)
        assert shown["problem"].startswith("broken.style")
        assert str(home) not in shown["problem"]
        assert listed(client)[pale]["usable"]
        assert client.get(f"{API}/styles/broken").json()["recipe"] == {}

    def test_previews(self, client: TestClient, pale: str) -> None:
        with_preview = [name for name, each in listed(client).items() if each["preview_url"]]
        assert with_preview, "no built-in style has a preview"
        answer = client.get(listed(client)[with_preview[0]]["preview_url"])
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert opened(answer.content).format == "JPEG"
        assert code_of(client.get(f"{API}/styles/{pale}/preview")) == "not_found"

    @pytest.mark.parametrize("path", ["", "/preview", "/file"])
    def test_unknown_ones(self, client: TestClient, path: str) -> None:
        answer = client.get(f"{API}/styles/nosuch{path}")
        assert (answer.status_code, code_of(answer)) == (404, "not_found")

    def test_the_file_is_given_as_it_is(self, client: TestClient, home: Path, pale: str) -> None:
        answer = client.get(f"{API}/styles/{pale}/file")
        assert answer.content == (home / "pale.style").read_bytes()
        assert "attachment" in answer.headers["Content-Disposition"]
        assert "pale.style" in answer.headers["Content-Disposition"]


class TestAdd:
    def test_one_that_is_sound(self, client: TestClient, home: Path, file_of: Callable[..., bytes]) -> None:
        answer = post_style(client, file_of("other"), "mine")
        assert answer.status_code == 201, answer.text
        assert answer.json()["name"] == "mine"
        assert answer.json()["usable"]
        assert load_manifest(home / "mine.style").family == "look"
        photo = upload(client)
        assert client.get(f"{API}/uploads/{photo}/render?style=mine").status_code == 200

    def test_a_name_that_is_taken(self, client: TestClient, home: Path, file_of: Callable[..., bytes]) -> None:
        assert post_style(client, file_of(description="First.")).status_code == 201
        second = file_of(description="Second.")
        answer = post_style(client, second)
        assert (answer.status_code, code_of(answer)) == (409, "conflict")
        assert load_manifest(home / "mine.style").description == "First."
        assert post_style(client, second, overwrite=True).status_code == 201
        assert load_manifest(home / "mine.style").description == "Second."

    def test_ones_own_may_hide_a_built_in_one(self, client: TestClient, file_of: Callable[..., bytes]) -> None:
        assert post_style(client, file_of("noir", description="My own."), "noir").status_code == 201
        assert (listed(client)["noir"]["builtin"], listed(client)["noir"]["description"]) == (False, "My own.")
        assert client.delete(f"{API}/styles/noir").status_code == 204
        assert listed(client)["noir"]["builtin"] is True

    def test_nothing_is_left_of_what_was_sent(
        self, client: TestClient, data_dir: Path, file_of: Callable[..., bytes]
    ) -> None:
        post_style(client, file_of())
        post_style(client, b"broken", "other")
        assert list((data_dir / "incoming").iterdir()) == []

    def test_without_a_name(self, client: TestClient, file_of: Callable[..., bytes]) -> None:
        answer = client.post(f"{API}/styles", content=file_of())
        assert (answer.status_code, code_of(answer)) == (422, "invalid")

    def test_what_is_added_is_what_is_downloaded(self, client: TestClient, file_of: Callable[..., bytes]) -> None:
        data = file_of()
        post_style(client, data)
        assert client.get(f"{API}/styles/mine/file").content == data


class TestDelete:
    def test_ones_own(self, client: TestClient, home: Path, pale: str) -> None:
        assert client.delete(f"{API}/styles/{pale}").status_code == 204
        assert pale not in listed(client)
        assert not (home / "pale.style").exists()
        assert client.delete(f"{API}/styles/{pale}").status_code == 404

    def test_what_came_with_impasto_stays(self, client: TestClient) -> None:
        answer = client.delete(f"{API}/styles/noir")
        assert (answer.status_code, code_of(answer)) == (409, "refused")
        assert "noir" in listed(client)


class TestCheck:
    def test_what_may_be_applied(self, client: TestClient, home: Path, pale: str, save_look: SaveLook) -> None:
        twin = save_look(home / "twin.style").stem
        for spec in (pale, f"{pale}:0.5,{twin}:0.5", f"{pale}+noir"):
            answer = client.get(f"{API}/styles/check", params={"style": spec})
            assert answer.status_code == 200, answer.text
            assert (answer.json()["ok"], answer.json()["family"], answer.json()["texture"]) == (True, "look", False)

    @pytest.mark.parametrize("spec", ["nosuch", "pale+", "pale,", "pale:0.5,nosuch:1", ":", "+"])
    def test_what_is_not_there(self, client: TestClient, pale: str, spec: str) -> None:
        answer = client.get(f"{API}/styles/check", params={"style": spec})
        assert (answer.status_code, code_of(answer)) == (404, "not_found")

    @pytest.mark.parametrize("spec", ["pale:x,noir:1", "pale:-1,noir:1", "pale:0,noir:0"])
    def test_shares_that_are_none(self, client: TestClient, pale: str, spec: str) -> None:
        answer = client.get(f"{API}/styles/check", params={"style": spec})
        assert (answer.status_code, code_of(answer)) == (422, "invalid")

    def test_a_look_and_a_painting_do_not_blend(
        self, client: TestClient, home: Path, pale: str, save_paint: Callable[..., Path]
    ) -> None:
        save_paint(home / "painted.style", "invert")
        answer = client.get(f"{API}/styles/check", params={"style": "pale:0.5,painted:0.5"})
        assert 400 <= answer.status_code < 500
        chained = client.get(f"{API}/styles/check", params={"style": "painted+pale"})
        assert chained.status_code == 200


class TestTaste:
    def rate(self, client: TestClient, photo: str, style: str = "noir", **fields: Any) -> Any:
        return client.post(f"{API}/ratings", json={"upload": photo, "style": style, "stars": 4, **fields})

    def test_ratings_are_kept_and_deleted(self, client: TestClient) -> None:
        photo = upload(client, picture_bytes(size=(320, 240)))
        assert client.get(f"{API}/ratings").json() == {"num_ratings": 0, "ratings": []}
        assert self.rate(client, photo, strength=0.5).json() == {"num_ratings": 1, "replaced": False}
        assert self.rate(client, photo, strength=0.5, stars=2).json() == {"num_ratings": 1, "replaced": True}
        assert client.get(f"{API}/ratings").json() == {
            "num_ratings": 1,
            "ratings": [{"style": "noir", "stars": 2.0, "strength": 0.5}],
        }
        assert client.delete(f"{API}/ratings").status_code == 204
        assert client.get(f"{API}/ratings").json()["num_ratings"] == 0

    @pytest.mark.parametrize(
        "fields", [{"stars": 0}, {"stars": 6}, {"strength": 2}, {"style": "../x"}, {"upload": ""}, {"more": 1}]
    )
    def test_ratings_that_are_none(self, client: TestClient, fields: dict[str, Any]) -> None:
        answer = self.rate(client, upload(client), **fields)
        assert (answer.status_code, code_of(answer)) == (422, "invalid")

    def test_of_what_is_not_there(self, client: TestClient) -> None:
        assert self.rate(client, "0123").status_code == 404
        assert self.rate(client, upload(client), style="nosuch").status_code == 404

    def test_paintings_are_not_rated(self, client: TestClient, home: Path, save_paint: Callable[..., Path]) -> None:
        save_paint(home / "painted.style", "invert")
        answer = self.rate(client, upload(client), style="painted")
        assert (answer.status_code, code_of(answer)) == (409, "refused")

    def test_suggestions_are_looks_the_best_first(self, client: TestClient, home: Path) -> None:
        photo = upload(client, picture_bytes(size=(320, 240)))
        told = client.get(f"{API}/styles/suggest", params={"upload": photo}).json()["suggestions"]
        looks = {name for name, each in listed(client).items() if each["family"] == "look"}
        assert told
        assert {each["style"] for each in told} <= looks
        stars = [each["stars"] for each in told]
        assert stars == sorted(stars, reverse=True)
        assert all(each["reason"] and 0 <= each["strength"] <= 1 for each in told)

    def test_what_one_rates_high_comes_first(self, client: TestClient) -> None:
        photo = upload(client, picture_bytes(size=(320, 240)))
        told = client.get(f"{API}/styles/suggest", params={"upload": photo}).json()["suggestions"]
        last = told[-1]["style"]
        for seed in range(3):
            other = upload(client, picture_bytes(size=(320, 240), seed=seed))
            self.rate(client, other, last, stars=5)
            self.rate(client, other, told[0]["style"], stars=1)
        after = client.get(f"{API}/styles/suggest", params={"upload": photo}).json()["suggestions"]
        order = [each["style"] for each in after]
        assert order.index(last) < order.index(told[0]["style"])

    def test_none_for_a_film(self, client: TestClient, tmp_path: Path) -> None:
        from film_clips import make_film

        make_film(tmp_path / "clip.mp4", frames=3, size=(64, 48))
        film = upload(client, (tmp_path / "clip.mp4").read_bytes(), "clip.mp4")
        answer = client.get(f"{API}/styles/suggest", params={"upload": film})
        assert (answer.status_code, code_of(answer)) == (409, "refused")


class TestShelf:
    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Shelf:
        return Shelf(StyleLibrary(tmp_path / "builtin", tmp_path / "mine"))

    @pytest.mark.parametrize(
        ("spec", "names"),
        [
            ("noir", ["noir"]),
            ("a:0.6,b:0.4", ["a", "b"]),
            ("a+b", ["a", "b"]),
            ("a:0.5, b:0.5+c", ["a", "b", "c"]),
            ("", [""]),
        ],
    )
    def test_names_in_what_stands_for_a_style(self, spec: str, names: list[str]) -> None:
        assert names_in(spec) == names

    def test_a_style_is_loaded_once(self, home: Path, pale: str) -> None:
        shelf = Shelf()
        assert shelf.load(pale) is shelf.load(pale)

    def test_one_that_changed_is_loaded_anew(self, home: Path, pale: str, save_look: SaveLook) -> None:
        shelf = Shelf()
        before = shelf.load(pale)
        save_look(home / "pale.style", description="Other words.")
        after = shelf.load(pale)
        assert after is not before

    def test_only_so_many_are_held(self, home: Path, save_look: SaveLook) -> None:
        shelf = Shelf()
        names = [save_look(home / f"look{number}.style").stem for number in range(MAX_LOADED + 2)]
        first = shelf.load(names[0])
        for name in names:
            shelf.load(name)
        assert shelf.load(names[-1]) is shelf.load(names[-1])
        assert shelf.load(names[0]) is not first

    def test_looks_come_before_paintings(
        self, tmp_path: Path, shelf: Shelf, save_look: SaveLook, save_paint: Callable[..., Path]
    ) -> None:
        (tmp_path / "mine").mkdir()
        save_paint(tmp_path / "mine" / "a-painting.style", "invert")
        save_look(tmp_path / "mine" / "z-look.style")
        (tmp_path / "mine" / "broken.style").write_bytes(b"")
        assert list(shelf.families().items()) == [("z-look", "look"), ("a-painting", "paint")]

    def test_dreams_restyle_nothing_and_are_not_offered(
        self, tmp_path: Path, shelf: Shelf, save_look: SaveLook
    ) -> None:
        from dream_styles import save_colors

        (tmp_path / "mine").mkdir()
        save_colors(tmp_path / "mine" / "colours.style")
        save_look(tmp_path / "mine" / "pale.style")
        assert list(shelf.families()) == ["pale"]
        assert [style["name"] for style in shelf.shown()] == ["pale"]

    def test_keeping_with_other_words(self, tmp_path: Path, shelf: Shelf, save_look: SaveLook) -> None:
        source = save_look(tmp_path / "learned.style", description="Old words.")
        assert shelf.add(source, "kept", description="New words.") == "kept"
        manifest = load_manifest(tmp_path / "mine" / "kept.style")
        assert (manifest.name, manifest.description) == ("kept", "New words.")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["learned.style", "mine"]

    def test_keeping_with_no_words_keeps_the_old_ones(self, tmp_path: Path, shelf: Shelf, save_look: SaveLook) -> None:
        source = save_look(tmp_path / "learned.style", description="Old words.")
        shelf.add(source, "kept", description="")
        assert load_manifest(tmp_path / "mine" / "kept.style").description == "Old words."

    def test_a_broken_file_is_not_kept(self, tmp_path: Path, shelf: Shelf) -> None:
        (tmp_path / "broken.style").write_bytes(b"x")
        with pytest.raises(StyleFileError):
            shelf.add(tmp_path / "broken.style", "kept", description="Words.")
        assert shelf.library.names() == []

    def test_a_style_without_a_preview(self, tmp_path: Path, shelf: Shelf, save_look: SaveLook) -> None:
        save_look(tmp_path / "mine" / "plain.style")
        with pytest.raises(RefusedError, match="no preview"):
            shelf.preview("plain")


def test_two_pages_see_the_same_library(open_studio: OpenStudio, file_of: Callable[..., bytes]) -> None:
    client = open_studio()
    with client.websocket_connect("ws://127.0.0.1:8000/api/v1/events") as socket:
        assert socket.receive_json()["type"] == "hello"
        post_style(client, file_of())
        assert socket.receive_json() == {"type": "styles"}
        client.delete(f"{API}/styles/mine")
        assert socket.receive_json() == {"type": "styles"}

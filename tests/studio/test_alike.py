"""Photos that are like one: by what they show and by how they look, and nothing of it left behind."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gallery.seen import BLUE, RED, scene
from PIL import Image

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.studio import routes_uploads
from impasto.studio.alike import AlikeSearch
from impasto.studio.database import Database
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Settings
from impasto.studio.sight import SightProcess
from impasto.studio.uploads import Upload, UploadStore

from .sights import PlainSight
from .studio_parts import API, OpenStudio, TestClient, code_of, picture_bytes, upload, wait_for

SCENES = {"left-red": ("left", RED), "left-blue": ("left", BLUE), "top-red": ("top", RED), "top-blue": ("top", BLUE)}


def scene_bytes(name: str, seed: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene(*SCENES[name], seed)).save(stream, "PNG")
    return stream.getvalue()


def upload_scenes(client: TestClient) -> dict[str, str]:
    return {name: upload(client, scene_bytes(name, seed), f"{name}.png") for seed, name in enumerate(SCENES)}


def ask(client: TestClient, upload_id: str, **how: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/uploads/{upload_id}/alike", params=how)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [each["upload"]["name"].removesuffix(".png") for each in found["alike"]]


class TestAsking:
    def test_by_what_they_show(self, sight: PlainSight, client: TestClient) -> None:
        scenes = upload_scenes(client)
        found = ask(client, scenes["left-red"])
        assert names(found)[0] == "left-blue"
        assert found["by"] == "content"
        assert found["num_waiting"] == 0

    def test_by_how_they_look(self, sight: PlainSight, client: TestClient) -> None:
        scenes = upload_scenes(client)
        assert names(ask(client, scenes["left-red"], by="style"))[0] == "top-red"
        assert names(ask(client, scenes["top-blue"], by="style"))[0] == "left-blue"

    def test_the_best_come_first_and_as_many_as_are_asked_for(self, sight: PlainSight, client: TestClient) -> None:
        scenes = upload_scenes(client)
        found = ask(client, scenes["top-red"])["alike"]
        likeness = [each["likeness"] for each in found]
        assert len(found) == 3
        assert likeness == sorted(likeness, reverse=True)
        assert all(0 < each <= 1 for each in likeness)
        assert ask(client, scenes["top-red"], limit=2)["alike"] == found[:2]

    def test_what_is_listed_is_an_upload_as_any(self, sight: PlainSight, client: TestClient) -> None:
        one, other = upload(client, scene_bytes("left-red")), upload(client, scene_bytes("top-red", 1))
        assert ask(client, one)["alike"][0]["upload"] == client.get(f"{API}/uploads/{other}").json()

    def test_the_same_picture_twice_is_as_like_as_can_be(self, sight: PlainSight, client: TestClient) -> None:
        one, _ = upload(client, scene_bytes("left-red")), upload(client, scene_bytes("left-red"))
        upload(client, scene_bytes("top-blue"))
        assert ask(client, one)["alike"][0]["likeness"] == 1

    def test_one_alone_has_none(self, sight: PlainSight, client: TestClient) -> None:
        assert ask(client, upload(client))["alike"] == []

    def test_each_is_looked_at_once(self, sight: PlainSight, client: TestClient) -> None:
        scenes = upload_scenes(client)
        ask(client, scenes["left-red"])
        ask(client, scenes["top-red"], by="style")
        assert len(sight.looked_at) == 4
        upload(client, scene_bytes("left-blue", 9))
        ask(client, scenes["left-red"])
        assert len(sight.looked_at) == 5

    def test_uploads_alone_are_not_looked_at(self, sight: PlainSight, client: TestClient) -> None:
        upload_scenes(client)
        assert sight.looked_at == []

    @pytest.mark.parametrize("how", [{"by": "taste"}, {"limit": 0}, {"limit": 101}, {"limit": "x"}, {"side": 5}])
    def test_what_cannot_be_asked_for(self, sight: PlainSight, client: TestClient, how: dict[str, Any]) -> None:
        answer = client.get(f"{API}/uploads/{upload(client)}/alike", params=how)
        assert (answer.status_code, code_of(answer)) == (422, "invalid")

    def test_one_that_is_not_there(self, sight: PlainSight, client: TestClient) -> None:
        answer = client.get(f"{API}/uploads/0123/alike")
        assert (answer.status_code, code_of(answer)) == (404, "not_found")


class TestSlowSight:
    def test_an_answer_does_not_wait_for_ever(
        self, sight: PlainSight, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes_uploads, "_LOOK_SECONDS", 0)
        scenes = upload_scenes(client)
        sight.open.clear()
        assert ask(client, scenes["left-red"]) == {"by": "content", "alike": [], "num_waiting": 4}
        late = upload(client, scene_bytes("top-red", 8), "late.png")  # uploads go on meanwhile
        sight.open.set()
        found = wait_for(lambda: ask(client, scenes["left-red"]), lambda seen: seen["num_waiting"] == 0)
        assert names(found)[0] == "left-blue"
        assert late in [each["upload"]["id"] for each in found["alike"]]

    def test_the_one_that_is_asked_about_comes_first(
        self, sight: PlainSight, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes_uploads, "_LOOK_SECONDS", 0)
        scenes = upload_scenes(client)
        sight.open.clear()
        ask(client, scenes["left-red"])
        sight.open.set()
        wait_for(lambda: sight.looked_at, lambda seen: len(seen) == 4)
        assert sight.looked_at[0].parent.name == scenes["left-red"]


class TestTrouble:
    def test_without_the_extra(self, sight: PlainSight, client: TestClient) -> None:
        one = upload(client)
        sight.fails = MissingExtraError("Looking at pictures needs PyTorch: pip install 'impasto[library]'")
        answer = client.get(f"{API}/uploads/{one}/alike")
        assert (answer.status_code, code_of(answer)) == (409, "missing_extra")
        assert "impasto[library]" in answer.json()["error"]["message"]
        sight.fails = None  # it was installed
        assert ask(client, one)["num_waiting"] == 0

    def test_a_process_that_dies(self, sight: PlainSight, client: TestClient) -> None:
        one = upload(client)
        sight.fails = BrokenProcessPool("gone")
        answer = client.get(f"{API}/uploads/{one}/alike")
        assert (answer.status_code, code_of(answer)) == (409, "not_ready")
        assert answer.headers["Retry-After"] == "1"
        sight.fails = None
        assert ask(client, one)["alike"] == []

    def test_a_photo_that_cannot_be_looked_at(self, sight: PlainSight, client: TestClient) -> None:
        good = upload(client, scene_bytes("left-red"))
        ask(client, good)
        sight.fails = UnreadableMediaError("the file is cut short")
        bad = upload(client, scene_bytes("top-red"))
        assert ask(client, good) == {"by": "content", "alike": [], "num_waiting": 0}
        answer = client.get(f"{API}/uploads/{bad}/alike")
        assert (answer.status_code, code_of(answer)) == (422, "unreadable")
        assert len(sight.looked_at) == 2  # and is not tried again and again

    def test_a_film(self, tmp_path: Path) -> None:
        search = AlikeSearch(store_at(tmp_path), PlainSight())
        film = Upload("f", "film", "clip.mp4", "original.mp4", "mp4", 1, 64, 48, 0.0)
        with pytest.raises(RefusedError, match=r"clip\.mp4 is a film"):
            search.look(film)

    def test_features_that_were_damaged_are_made_anew(
        self, sight: PlainSight, client: TestClient, data_dir: Path
    ) -> None:
        scenes = upload_scenes(client)
        ask(client, scenes["left-red"])
        for path in (data_dir / "uploads" / scenes["left-blue"]).glob("*.npy"):
            path.write_bytes(b"nothing")
        assert sorted(names(ask(client, scenes["left-red"]))) == ["top-blue", "top-red"]
        assert names(ask(client, scenes["left-red"]))[0] == "left-blue"


class TestPrivacy:
    def test_what_was_seen_is_deleted_with_the_photo(
        self, sight: PlainSight, client: TestClient, data_dir: Path
    ) -> None:
        scenes = upload_scenes(client)
        ask(client, scenes["left-red"])
        folder = data_dir / "uploads" / scenes["left-blue"]
        assert len(list(folder.glob("*.npy"))) == 2
        client.delete(f"{API}/uploads/{scenes['left-blue']}")
        assert not folder.exists()
        assert "left-blue" not in names(ask(client, scenes["left-red"]))
        client.delete(f"{API}/data")
        assert list(data_dir.rglob("*.npy")) == []

    def test_also_where_it_is_deleted_while_it_is_looked_at(
        self, sight: PlainSight, client: TestClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes_uploads, "_LOOK_SECONDS", 0)
        one, other = upload(client, scene_bytes("left-red")), upload(client, scene_bytes("top-red"))
        sight.open.clear()
        assert ask(client, one)["num_waiting"] == 2
        kept = (data_dir / "uploads" / other / "original.png").read_bytes()
        client.delete(f"{API}/uploads/{other}")
        # The file is there again as it is where a reader still holds it.
        (data_dir / "uploads" / other).mkdir()
        (data_dir / "uploads" / other / "original.png").write_bytes(kept)
        sight.open.set()
        wait_for(lambda: not (data_dir / "uploads" / other).exists())
        assert ask(client, one) == {"by": "content", "alike": [], "num_waiting": 0}

    def test_what_was_seen_is_there_after_a_restart(
        self, sight: PlainSight, open_studio: OpenStudio, data_dir: Path
    ) -> None:
        first = open_studio()
        scenes = upload_scenes(first)
        before = ask(first, scenes["top-red"])
        assert ask(open_studio(), scenes["top-red"]) == before
        assert len(sight.looked_at) == 4


def store_at(folder: Path) -> UploadStore:
    return UploadStore(Settings(folder), Database(folder))


class TestResting:
    def test_sight_is_let_go_of_once_nobody_asks(self, tmp_path: Path) -> None:
        sight = PlainSight()
        uploads = store_at(tmp_path)
        search = AlikeSearch(uploads, sight)
        incoming = uploads.incoming_path()
        incoming.write_bytes(picture_bytes())
        photo = uploads.add(incoming, "a.jpg")
        sight.open.clear()
        looking = search.look(photo)
        search.rest()
        assert sight.num_rests == 0  # one waits
        sight.open.set()
        assert looking[0].result(60) is not None
        wait_for(lambda: search.find(photo, "content", 1).num_waiting == 0)
        search.rest(idle_seconds=3600)
        assert sight.num_rests == 0
        search.rest()
        assert sight.num_rests == 1


class TestProcess:
    def test_it_looks_elsewhere(self, tmp_path: Path) -> None:
        path, other = tmp_path / "scene.png", tmp_path / "other.png"
        path.write_bytes(scene_bytes("left-red"))
        other.write_bytes(scene_bytes("top-blue"))
        (tmp_path / "none.png").write_bytes(b"no picture")
        process = SightProcess()
        try:
            futures = [process.look_at(each) for each in (path, other, tmp_path / "none.png", path)]
            with pytest.raises(UnreadableMediaError, match=r"none\.png"):
                futures[2].result(300)
            seen, unlike, _, again = [None if each.exception(300) else each.result() for each in futures]
            assert seen is not None and unlike is not None and again is not None
            assert np.array_equal(seen.content, again.content)
            assert not np.allclose(seen.content, unlike.content, atol=0.01)
            assert not np.allclose(seen.style, unlike.style, atol=0.01)
        finally:
            process.rest()

    def test_it_begins_with_the_first_picture(self) -> None:
        process = SightProcess()
        process.rest()
        assert process._pool is None

    def test_one_that_has_died_is_begun_anew(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        class Dead(ThreadPoolExecutor):
            def submit(self, *_: Any, **__: Any) -> Any:
                raise BrokenProcessPool("gone")

        pools = [Dead(1), ThreadPoolExecutor(1)]
        monkeypatch.setattr("impasto.studio.sight._begun", lambda: pools.pop(0))
        monkeypatch.setattr("impasto.studio.sight.features_of", lambda path: path)
        process = SightProcess()
        assert process.look_at(tmp_path).result(60) == tmp_path  # type: ignore[comparison-overlap]
        process.rest()

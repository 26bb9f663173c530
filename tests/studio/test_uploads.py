"""Photos and films that come in, are shown, and are deleted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from impasto.studio.content_type import HEAD_SIZE, tell_content_type
from impasto.studio.database import Database
from impasto.studio.refusals import RefusedError
from impasto.studio.settings import Limits, Settings
from impasto.studio.uploads import UploadStore

from .studio_parts import API, OpenStudio, TestClient, code_of, opened, picture_bytes, post_apply, upload

DAY = 86400


@pytest.mark.parametrize(
    ("format_", "told"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff"), ("AVIF", "avif")]
)
def test_a_photo_of_each_format(client: TestClient, format_: str, told: str) -> None:
    data = picture_bytes(format_)
    answer = client.post(f"{API}/uploads", params={"name": "Lake at dawn.xyz"}, content=data)
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["kind"], shown["format"], shown["width"], shown["height"]) == ("photo", told, 64, 48)
    assert shown["bytes"] == len(data)
    assert shown["name"].startswith("Lake at dawn.")
    assert (shown["seconds"], shown["frames"], shown["rate"], shown["has_location"]) == (None, None, None, False)
    assert client.get(f"{API}/uploads/{shown['id']}").json() == shown


def test_a_heic_photo(client: TestClient) -> None:
    pytest.importorskip("pi_heif")
    # The reader of HEIC writes none, so this is one that only says that it is.
    data = b"\0\0\0\x18ftypheic" + bytes(200)
    answer = client.post(f"{API}/uploads", params={"name": "phone.heic"}, content=data)
    assert (answer.status_code, code_of(answer)) == (422, "unreadable")
    assert "phone.heic" in answer.json()["error"]["message"]


def test_a_film(client: TestClient, tmp_path: Path) -> None:
    from film_clips import make_film

    make_film(tmp_path / "clip.mp4", frames=12, size=(96, 64), rate=24)
    answer = client.post(f"{API}/uploads?name=clip.mp4", content=(tmp_path / "clip.mp4").read_bytes())
    shown = answer.json()
    assert (answer.status_code, shown["kind"], shown["format"]) == (201, "film", "mp4")
    assert (shown["width"], shown["height"], shown["frames"], shown["rate"]) == (96, 64, 12, 24.0)
    assert shown["seconds"] == pytest.approx(0.5)
    preview = client.get(f"{API}/uploads/{shown['id']}/preview?side=48")
    assert opened(preview.content).size == (48, 32)
    for query in ("render?style=noir&side=48", "render?style=noir&side=0"):
        assert client.get(f"{API}/uploads/{shown['id']}/{query}").status_code == 200


def test_a_film_that_lasts_too_long(open_studio: OpenStudio, tmp_path: Path) -> None:
    from film_clips import make_film

    make_film(tmp_path / "clip.mp4", frames=24, size=(64, 48), rate=12)
    client = open_studio(limits=Limits(film_seconds=1.0))
    answer = client.post(f"{API}/uploads?name=clip.mp4", content=(tmp_path / "clip.mp4").read_bytes())
    assert (answer.status_code, code_of(answer)) == (413, "too_large")
    assert "minutes" in answer.json()["error"]["message"]


def test_a_film_that_is_cut_short(client: TestClient, tmp_path: Path) -> None:
    from film_clips import make_film

    make_film(tmp_path / "clip.mp4", frames=24, size=(64, 48))
    answer = client.post(f"{API}/uploads?name=clip.mp4", content=(tmp_path / "clip.mp4").read_bytes()[:600])
    assert (answer.status_code, code_of(answer)) == (422, "unreadable")


def test_a_photo_that_lies_on_its_side_stands_upright(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = upload(client, picture_bytes(exif=exif.tobytes()))
    shown = client.get(f"{API}/uploads/{photo}").json()
    assert (shown["width"], shown["height"]) == (48, 64)
    assert opened(client.get(f"{API}/uploads/{photo}/preview?side=0").content).size == (48, 64)


@pytest.mark.parametrize(("side", "size"), [(32, (32, 24)), (16, (16, 12)), (4096, (64, 48)), (0, (64, 48))])
def test_previews_are_as_large_as_asked_and_never_larger_than_the_photo(
    client: TestClient, side: int, size: tuple[int, int]
) -> None:
    answer = client.get(f"{API}/uploads/{upload(client)}/preview", params={"side": side})
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert opened(answer.content).size == size


def test_a_preview_shows_the_photo(client: TestClient) -> None:
    data = picture_bytes("PNG")
    shown = opened(client.get(f"{API}/uploads/{upload(client, data)}/preview?side=0").content)
    difference = np.asarray(shown.convert("RGB"), float) - np.asarray(opened(data), float)
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("side", [-1, 1, 15, 4097, "x"])
def test_previews_of_sizes_that_there_are_not(client: TestClient, side: object) -> None:
    answer = client.get(f"{API}/uploads/{upload(client)}/preview", params={"side": side})
    assert (answer.status_code, code_of(answer)) == (422, "invalid")


def test_uploads_are_listed_newest_first(client: TestClient) -> None:
    added = [upload(client, picture_bytes(seed=seed), f"{seed}.jpg") for seed in range(4)]
    listed = [each["id"] for each in client.get(f"{API}/uploads").json()["uploads"]]
    assert listed == added[::-1]
    assert len(set(listed)) == 4
    assert [each["id"] for each in client.get(f"{API}/uploads?limit=2").json()["uploads"]] == added[:1:-1]


@pytest.mark.parametrize("limit", [0, -1, 1001, "all"])
def test_lists_of_lengths_that_there_are_not(client: TestClient, limit: object) -> None:
    assert client.get(f"{API}/uploads", params={"limit": limit}).status_code == 422


def test_deleting_one_leaves_the_others_and_no_file(client: TestClient, data_dir: Path, pale: str) -> None:
    first, second = upload(client), upload(client)
    assert client.get(f"{API}/uploads/{first}/render?style={pale}").status_code == 200
    assert len(list((data_dir / "uploads" / first).iterdir())) > 1
    assert client.delete(f"{API}/uploads/{first}").status_code == 204
    assert [path.name for path in (data_dir / "uploads").iterdir()] == [second]
    for path in (f"uploads/{first}", f"uploads/{first}/preview", f"uploads/{first}/render?style={pale}"):
        answer = client.get(f"{API}/{path}")
        assert (answer.status_code, code_of(answer)) == (404, "not_found")
    assert client.delete(f"{API}/uploads/{first}").status_code == 404
    assert client.get(f"{API}/uploads/{second}").status_code == 200


def test_deleting_all(client: TestClient, data_dir: Path) -> None:
    for _ in range(3):
        upload(client)
    assert client.delete(f"{API}/uploads").json() == {"deleted": 3}
    assert client.get(f"{API}/uploads").json() == {"uploads": []}
    assert list((data_dir / "uploads").iterdir()) == []
    assert client.delete(f"{API}/uploads").json() == {"deleted": 0}


def test_a_job_outlives_the_upload_that_it_works_on(client: TestClient, data_dir: Path, pale: str) -> None:
    photo = upload(client)
    job = post_apply(client, pale, [photo])
    assert client.delete(f"{API}/uploads/{photo}").status_code == 204
    kept = data_dir / "jobs" / job["id"] / "inputs" / "portrait.jpg"
    assert kept.read_bytes() == picture_bytes()


def test_all_data_is_told_and_deleted(client: TestClient, data_dir: Path, pale: str) -> None:
    post_apply(client, pale)
    told = client.get(f"{API}/data").json()
    assert (told["num_uploads"], told["num_jobs"], told["retention_days"]) == (1, 1, 7.0)
    assert told["bytes"] >= len(picture_bytes())
    assert told["folder_name"] == "data"
    assert str(data_dir) not in json.dumps(told)
    assert client.delete(f"{API}/data").json() == {"deleted_uploads": 1, "deleted_jobs": 1}
    after = client.get(f"{API}/data").json()
    assert (after["num_uploads"], after["num_jobs"]) == (0, 0)
    assert list((data_dir / "uploads").iterdir()) == list((data_dir / "jobs").iterdir()) == []
    assert pale in {each["name"] for each in client.get(f"{API}/styles").json()["styles"]}


def test_when_the_folder_is_full(open_studio: OpenStudio) -> None:
    client = open_studio(limits=Limits(stored_bytes=10))
    answer = client.post(f"{API}/uploads", content=picture_bytes())
    assert (answer.status_code, code_of(answer)) == (413, "storage_full")


def test_health_tells_the_limits(open_studio: OpenStudio) -> None:
    told = open_studio(limits=Limits(photo_bytes=1234, jobs_per_client=7), retention_days=3.0).get(f"{API}/health")
    shown = told.json()
    assert (shown["limits"]["photo_bytes"], shown["limits"]["jobs_per_client"]) == (1234, 7)
    assert shown["retention_days"] == 3.0
    assert shown["needs_token"] is False
    assert shown["signs_as"] is None
    assert set(shown["extras"]) == {"learn", "video", "faces", "live", "sign"}
    assert {"subject", "background", "face-soft"} <= set(shown["regions"])


class TestStore:
    """The store itself, with a clock of the test's."""

    @pytest.fixture
    def now(self) -> list[float]:
        return [1_000_000.0]

    @pytest.fixture
    def store(self, tmp_path: Path, now: list[float]) -> UploadStore:
        settings = Settings(tmp_path / "data", retention_days=2.0)
        return UploadStore(settings, Database(settings.data_dir), lambda: now[0])

    @pytest.fixture
    def add(self, store: UploadStore) -> Callable[[str], str]:
        def add_one(name: str) -> str:
            path = store.incoming_path()
            path.write_bytes(picture_bytes())
            return store.add(path, name).id

        return add_one

    def test_what_was_kept_long_enough_goes(
        self, store: UploadStore, now: list[float], add: Callable[[str], str]
    ) -> None:
        old = add("old.jpg")
        now[0] += 1.5 * DAY
        new = add("new.jpg")
        now[0] += 0.4 * DAY
        assert store.delete_expired() == 0
        now[0] += 0.2 * DAY
        assert store.delete_expired() == 1
        with pytest.raises(RefusedError):
            store.get(old)
        assert store.get(new).name == "new.jpg"

    def test_it_says_when_it_goes(self, store: UploadStore, add: Callable[[str], str]) -> None:
        shown = store.shown(store.get(add("a.jpg")))
        assert (shown["created"], shown["expires"]) == ("1970-01-12T13:46:40Z", "1970-01-14T13:46:40Z")

    def test_nothing_half_uploaded_survives_a_restart(
        self, tmp_path: Path, store: UploadStore, add: Callable[[str], str]
    ) -> None:
        kept = add("a.jpg")
        store.incoming_path().write_bytes(b"half")
        settings = Settings(tmp_path / "data")
        anew = UploadStore(settings, Database(settings.data_dir))
        assert list((tmp_path / "data" / "incoming").iterdir()) == []
        assert anew.path_of(anew.get(kept)).read_bytes() == picture_bytes()

    def test_what_cannot_be_used_leaves_nothing(self, tmp_path: Path, store: UploadStore) -> None:
        path = store.incoming_path()
        path.write_bytes(b"\xff\xd8\xff" + bytes(100))
        with pytest.raises(RefusedError) as refused:
            store.add(path, "holiday.jpg")
        assert refused.value.message.startswith("holiday.jpg")
        assert list((tmp_path / "data" / "incoming").iterdir()) == []
        assert store.count() == 0


class TestContentTypes:
    @pytest.mark.parametrize(
        ("head", "format_"),
        [
            (b"\xff\xd8\xff\xe0", "jpeg"),
            (b"\x89PNG\r\n\x1a\n", "png"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
            (b"II*\0", "tiff"),
            (b"MM\0*", "tiff"),
            (b"\0\0\0\x18ftypheic", "heic"),
            (b"\0\0\0\x18ftypmif1", "heic"),
            (b"\0\0\0\x18ftypavif", "avif"),
            (b"\0\0\0\x18ftypqt  ", "mov"),
            (b"\0\0\0\x18ftypisom", "mp4"),
            (b"\0\0\0\x18ftypmp42", "mp4"),
            (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "mkv"),
            (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88webm", "webm"),
        ],
    )
    def test_known_ones(self, head: bytes, format_: str) -> None:
        found = tell_content_type(head.ljust(HEAD_SIZE, b"\0"))
        assert found is not None
        assert found.format == format_

    @pytest.mark.parametrize(
        "head",
        [b"", b"\xff\xd8", b"GIF89a", b"BM", b"RIFF\0\0\0\0WAVE", b"<svg", b"%!PS", b"8BPS", b"\0\0\0\x18ftypM4A "],
    )
    def test_others(self, head: bytes) -> None:
        assert tell_content_type(head) is None

    @settings(deadline=None)
    @given(st.binary(max_size=HEAD_SIZE))
    def test_any_bytes_are_told_or_not(self, head: bytes) -> None:
        found = tell_content_type(head)
        assert found is None or found.suffix.startswith(".")

    @pytest.mark.parametrize("data", [b"GIF89a" + bytes(100), b"BM" + bytes(100), b"8BPS" + bytes(100)])
    def test_what_is_not_taken_is_told_what_is(self, client: TestClient, data: bytes) -> None:
        answer = client.post(f"{API}/uploads?name=photo.gif", content=data)
        assert (answer.status_code, code_of(answer)) == (415, "unsupported_type")
        assert "JPEG" in client.post(f"{API}/uploads?name=x", content=b"short").json()["error"]["message"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=400), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"\0\0\0\x18ftypavif"])
)
def test_no_bytes_whatever_break_the_studio(client: TestClient, data: bytes, head: bytes) -> None:
    answer = client.post(f"{API}/uploads?name=x", content=head + data)
    assert answer.status_code in (413, 415, 422)
    assert client.get(f"{API}/uploads").json() == {"uploads": []}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), value=st.integers(1, 255), format_=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF"]))
def test_a_damaged_photo_is_taken_or_refused(client: TestClient, at: int, value: int, format_: str) -> None:
    data = bytearray(picture_bytes(format_))
    data[at % len(data)] ^= value
    answer = client.post(f"{API}/uploads?name=x", content=bytes(data))
    assert answer.status_code in (201, 413, 415, 422), answer.text
    if answer.status_code == 201:
        assert client.get(answer.json()["preview_url"]).status_code == 200


def test_a_16_bit_photo_is_shown_and_keeps_its_depth(client: TestClient, pale: str) -> None:
    pytest.importorskip("OpenImageIO")
    from impasto.media.frame import Frame
    from impasto.media.image_read import read_image
    from impasto.media.image_write import write_image

    path = Path("deep.tif")
    write_image(Frame(np.full((40, 60, 3), 30_001, np.uint16)), path)
    photo = upload(client, path.read_bytes(), "deep.tif")
    assert opened(client.get(f"{API}/uploads/{photo}/preview").content).size == (60, 40)
    how = {"style": pale, "side": 0, "format": "tiff", "download": True}
    Path("back.tif").write_bytes(client.get(f"{API}/uploads/{photo}/render", params=how).content)
    assert read_image("back.tif").pixels.dtype == np.uint16


def test_a_grey_photo_and_one_with_alpha(client: TestClient, pale: str) -> None:
    for mode in ("L", "RGBA", "P", "CMYK"):
        stream = io.BytesIO()
        Image.new(mode, (40, 30), 90 if mode in "LP" else (90,) * 4).save(stream, "TIFF")
        photo = upload(client, stream.getvalue(), f"{mode}.tif")
        for path in ("preview", f"render?style={pale}", f"render?style={pale}&side=0&format=png"):
            assert client.get(f"{API}/uploads/{photo}/{path}").status_code == 200, (mode, path)

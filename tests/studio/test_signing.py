"""What is taken out of a studio with a certificate says that it was AI-edited, and what is shown in it does not."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import UsageError

pytest.importorskip("c2pa", reason="the extra 'sign' is not installed")

from certificates import make_certificate

from impasto.studio.assignment import Assignment, Teller
from impasto.studio.work_apply import apply

from .studio_parts import API, OpenStudio, TestClient, opened, picture_bytes, upload
from .test_workers import APPLY


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "cert.pem", "Ada's studio")


@pytest.fixture
def signing(open_studio: OpenStudio, certificate: Path) -> TestClient:
    return open_studio(sign_path=certificate)


def words_of(data: bytes, media_type: str = "image/jpeg") -> str | None:
    """Return what a photo says of itself, signed; None where it says nothing."""
    import c2pa

    reader = c2pa.Reader.try_create(media_type, io.BytesIO(data))
    if reader is None:
        return None
    told = json.loads(reader.json())
    assert told["validation_state"] == "Valid"
    actions = [
        action.get("description")
        for assertion in told["manifests"][told["active_manifest"]]["assertions"]
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"]["actions"]
    ]
    return next(filter(None, actions))


def render(client: TestClient, photo: str, style: str, **how: Any) -> Any:
    return client.get(f"{API}/uploads/{photo}/render", params={"style": style, "side": 0, **how})


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "tiff"])
def test_a_download_is_signed(signing: TestClient, pale: str, format_: str) -> None:
    answer = render(signing, upload(signing), pale, download=True, format=format_)
    assert words_of(answer.content, f"image/{format_}") == "AI-edited: style 'pale', by Impasto"
    assert opened(answer.content).size == (64, 48)


def test_what_the_page_shows_is_not(signing: TestClient, pale: str) -> None:
    photo = upload(signing)
    assert words_of(render(signing, photo, pale).content) is None
    assert words_of(signing.get(f"{API}/uploads/{photo}/preview?side=0").content) is None


def test_without_a_certificate_nothing_is(client: TestClient, pale: str) -> None:
    assert words_of(render(client, upload(client), pale, download=True).content) is None


def test_nothing_is_taken_from_a_time_without_a_certificate(
    open_studio: OpenStudio, certificate: Path, pale: str
) -> None:
    before = open_studio()
    photo = upload(before)
    assert words_of(render(before, photo, pale, download=True).content) is None
    after = open_studio(sign_path=certificate)
    assert words_of(render(after, photo, pale, download=True).content)


def test_the_page_learns_who_signs(signing: TestClient) -> None:
    assert signing.get(f"{API}/health").json()["signs_as"] == "Ada's studio"


def test_the_key_and_its_path_are_told_to_nobody(signing: TestClient, certificate: Path) -> None:
    told = signing.get(f"{API}/health").text + signing.get("/openapi.json").text + signing.get(f"{API}/data").text
    assert str(certificate) not in told
    assert "PRIVATE" not in told


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_certificate_that_cannot_sign_is_said_before_anything_starts(
    open_studio: OpenStudio, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bad.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.pem"):
        open_studio(sign_path=path)


def test_results_of_jobs_are_signed(tmp_path: Path, certificate: Path, pale: str) -> None:
    for name in ("inputs", "results"):
        (tmp_path / "job" / name).mkdir(parents=True)
    (tmp_path / "job" / "inputs" / "one.jpg").write_bytes(picture_bytes())
    request = {**APPLY, "uploads": ["a"]}
    job = Assignment(tmp_path / "job", "apply", request, {"a": "one.jpg"}, sign_path=certificate)
    assert apply(job, Teller(io.StringIO())) == "1 photo is ready."
    [result] = job.results_dir.iterdir()
    assert words_of(result.read_bytes()) == "AI-edited: style 'pale', by Impasto"


def test_one_that_cannot_be_signed_fails_and_leaves_nothing(
    tmp_path: Path, pale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("inputs", "results"):
        (tmp_path / "job" / name).mkdir(parents=True)
    (tmp_path / "job" / "inputs" / "one.jpg").write_bytes(picture_bytes())
    expired = make_certificate(tmp_path / "old.pem", days=-1)
    job = Assignment(tmp_path / "job", "apply", {**APPLY, "uploads": ["a"]}, {"a": "one.jpg"}, sign_path=expired)
    stream = io.StringIO()
    with pytest.raises(Exception, match="Not one"):
        apply(job, Teller(stream))
    assert list(job.results_dir.iterdir()) == []
    assert "signed" in stream.getvalue()


def test_what_is_signed_still_tells_no_place(signing: TestClient, pale: str) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "A quiet lake"
    exif[0x8825] = {1: "N", 2: (47.0, 30.0, 12.5)}
    photo = upload(signing, picture_bytes(exif=exif.tobytes()))
    answer = render(signing, photo, pale, download=True)
    told = opened(answer.content).getexif()
    assert told[0x010E] == "A quiet lake"
    assert not told.get_ifd(0x8825)

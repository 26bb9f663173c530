"""`impasto apply --sign`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("c2pa", reason="the extra 'sign' is not installed")

from certificates import make_certificate

from .conftest import Run


@pytest.fixture
def photos(home: Path, picture: NDArray) -> Path:
    Path("shoot").mkdir()
    for name in ("a.jpg", "b.png"):
        Image.fromarray(picture).save(Path("shoot") / name)
    return Path("shoot")


def words_of(path: Path) -> list[str]:
    """Return what a photo says of itself, signed."""
    import c2pa

    reader = c2pa.Reader.try_create(str(path))
    if reader is None:
        return []
    told = json.loads(reader.json())
    assert told["validation_state"] == "Valid"
    return [
        action["description"]
        for assertion in told["manifests"][told["active_manifest"]]["assertions"]
        for action in assertion["data"].get("actions", [])
        if "description" in action
    ]


def test_each_result_says_that_it_was_edited(
    run: Run, home: Path, photos: Path, save_look: Callable[..., Path]
) -> None:
    save_look(home / "pale.style")
    certificate = make_certificate(Path("cert.pem"))
    run("apply", photos, "--style", "pale", "-o", "out", "--sign", certificate)
    for path in (Path("out/a.jpg"), Path("out/b.png")):
        assert words_of(path) == ["AI-edited: style 'pale', by Impasto"], path
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.jpg", "b.png"]
    assert words_of(photos / "a.jpg") == []


def test_without_it_none_does(run: Run, home: Path, photos: Path, save_look: Callable[..., Path]) -> None:
    save_look(home / "pale.style")
    run("apply", photos, "--style", "pale", "-o", "out")
    assert words_of(Path("out/a.jpg")) == []


def test_a_certificate_that_is_none_is_said_before_anything_is_written(
    run: Run, home: Path, photos: Path, save_look: Callable[..., Path]
) -> None:
    save_look(home / "pale.style")
    Path("cert.pem").write_text("no certificate")
    output = run("apply", photos, "--style", "pale", "-o", "out", "--sign", "cert.pem", code=2).output
    assert "cert.pem" in output
    assert not Path("out").exists()


def test_an_expired_one_fails_each_photo_and_leaves_nothing(
    run: Run, home: Path, photos: Path, save_look: Callable[..., Path]
) -> None:
    save_look(home / "pale.style")
    certificate = make_certificate(Path("cert.pem"), days=-1)
    output = run("apply", photos, "--style", "pale", "-o", "out", "--sign", certificate, code=1).output
    assert "cannot be signed" in output
    assert list(Path("out").iterdir()) == []


def test_films_are_not_signed(run: Run, home: Path, save_look: Callable[..., Path]) -> None:
    from film_clips import make_film

    save_look(home / "pale.style")
    make_film("clip.mp4", frames=3, size=(64, 48))
    certificate = make_certificate(Path("cert.pem"))
    output = run("apply", "clip.mp4", "--style", "pale", "-o", "out.mp4", "--sign", certificate, code=2).output
    assert "Only photos are signed" in output
    assert not Path("out.mp4").exists()

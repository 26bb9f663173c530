"""Styles made on the fly, and zips made by hand as a stranger could."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from impasto.style.archive import sha256
from impasto.style.file import StyleFile
from impasto.style.manifest import Manifest, Needs, Sources


def make_manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "name": "soft-print",
        "family": "look",
        "description": "A soft film print.",
        "created": date(2026, 11, 21),
        "impasto_version": "0.1.0",
        "needs": Needs(thumbnail_side=64, lut_size=17),
        "recipe": {"minutes": 5, "loss": "hinge", "rates": [0.001, 0.0005]},
        "sources": Sources.of(["b" * 64, "a" * 64], num_content=7, license_note="my own pictures"),
        "metrics": {"validation": 1.5},
    }
    return Manifest(**(fields | changes))


def make_style(**changes: Any) -> StyleFile:
    members: dict[str, Any] = {
        "generator": b"generator " * 200,
        "discriminator": b"discriminator",
        "weights": bytes(range(256)) * 8,
        "preview": b"\xff\xd8 preview",
    }
    return StyleFile(**({"manifest": make_manifest()} | members | changes))


def manifest_text(members: Mapping[str, bytes], **changes: Any) -> bytes:
    """Return a `style.json` that states the right hashes; `changes` replaces or adds keys."""
    stated = json.loads(
        make_manifest(members={name: sha256(content) for name, content in members.items()}).model_dump_json()
    )
    return json.dumps(stated | changes).encode()


def write_zip(path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]], comment: bytes | None = None) -> Path:
    """Write a zip with the comment that a style file has, whatever its members are."""
    text = next((content for name, content in entries if name == "style.json"), b"")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.comment = b"impasto style sha256 " + sha256(text).encode() if comment is None else comment
    path.write_bytes(stream.getvalue())
    return path


def hand_made(path: Path, members: Mapping[str, bytes] | None = None, **changes: Any) -> Path:
    """Write a sound style file by hand, but for `changes` to its manifest."""
    members = {"generator.onnx": b"generator"} if members is None else members
    return write_zip(path, [("style.json", manifest_text(members, **changes)), *members.items()])


def flip(path: Path, member: str) -> None:
    """Change one byte in the middle of a member's packed content."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as opened:
        info = opened.getinfo(member)
    data[info.header_offset + 30 + len(member) + info.compress_size // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.fixture
def style() -> StyleFile:
    return make_style()

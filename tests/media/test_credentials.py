"""Photos that say, signed, that they were AI-edited, and in which style."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import OutputError, UsageError

pytest.importorskip("c2pa", reason="the extra 'sign' is not installed")

from certificates import make_certificate

from impasto.media.credentials import load_credentials

FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF"}


def save_picture(path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(path, FORMATS[path.suffix])
    return path


def claims_of(path: Path) -> dict[str, Any]:
    import c2pa

    with c2pa.Reader(path) as reader:
        told: dict[str, Any] = json.loads(reader.json())
    return told


def actions_of(path: Path) -> list[dict[str, Any]]:
    told = claims_of(path)
    active = told["manifests"][told["active_manifest"]]
    return [
        action
        for assertion in active["assertions"]
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"]["actions"]
    ]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_signed_photo_says_that_it_was_edited_and_in_which_style(tmp_path: Path, suffix: str) -> None:
    source, target = save_picture(tmp_path / f"plain{suffix}"), tmp_path / f"signed{suffix}"
    load_credentials(make_certificate(tmp_path / "cert.pem")).write(source, target, "van-gogh")
    assert claims_of(target)["validation_state"] == "Valid"
    [edited] = [action for action in actions_of(target) if action["action"] == "c2pa.edited"]
    assert edited["description"] == "AI-edited: style 'van-gogh', by Impasto"
    assert edited["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert edited["parameters"]["style"] == "van-gogh"


@pytest.mark.parametrize("suffix", FORMATS)
def test_signing_changes_no_pixel(tmp_path: Path, suffix: str) -> None:
    source, target = save_picture(tmp_path / f"plain{suffix}"), tmp_path / f"signed{suffix}"
    before = source.read_bytes()
    load_credentials(make_certificate(tmp_path / "cert.pem")).write(source, target, "noir")
    assert np.array_equal(np.asarray(Image.open(source)), np.asarray(Image.open(target)))
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["cert.pem", source.name, target.name])


def test_a_photo_that_was_changed_after_it_was_signed_is_found_out(tmp_path: Path) -> None:
    source, target = save_picture(tmp_path / "plain.jpg"), tmp_path / "signed.jpg"
    load_credentials(make_certificate(tmp_path / "cert.pem")).write(source, target, "noir")
    data = bytearray(target.read_bytes())
    data[-100] ^= 0x55
    target.write_bytes(data)
    assert claims_of(target)["validation_state"] == "Invalid"


def test_a_photo_may_be_signed_in_its_place(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "photo.jpg")
    load_credentials(make_certificate(tmp_path / "cert.pem")).write(path, path, "noir")
    assert claims_of(path)["validation_state"] == "Valid"


@pytest.mark.parametrize("key", ["P-256", "P-384", "Ed25519", "RSA"])
def test_keys_that_sign(tmp_path: Path, key: str) -> None:
    source, target = save_picture(tmp_path / "plain.jpg"), tmp_path / "signed.jpg"
    load_credentials(make_certificate(tmp_path / "cert.pem", key=key)).write(source, target, "noir")
    assert claims_of(target)["validation_state"] == "Valid"


def test_the_key_may_stand_first(tmp_path: Path) -> None:
    path = make_certificate(tmp_path / "cert.pem")
    certificates, key = path.read_text().split("-----BEGIN PRIVATE KEY-----")
    path.write_text(f"-----BEGIN PRIVATE KEY-----{key}{certificates}")
    assert load_credentials(path).issued_to == "A photographer"


def test_whom_a_certificate_names(tmp_path: Path) -> None:
    assert load_credentials(make_certificate(tmp_path / "cert.pem", name="Ada")).issued_to == "Ada"


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    credentials = load_credentials(make_certificate(tmp_path / "cert.pem"))
    assert "PRIVATE" not in repr(credentials)


@pytest.mark.parametrize("fault", ["missing", "folder", "empty", "no key", "no certificate", "another key", "nonsense"])
def test_what_cannot_sign(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "cert.pem"
    if fault == "folder":
        path.mkdir()
    elif fault != "missing":
        certificate, _, key = make_certificate(path).read_text().partition("-----BEGIN PRIVATE KEY-----")
        other = make_certificate(tmp_path / "other.pem").read_text().partition("-----BEGIN PRIVATE KEY-----")[2]
        key, other = (f"-----BEGIN PRIVATE KEY-----{each}" for each in (key, other))
        contents = {
            "empty": "",
            "no key": certificate,
            "no certificate": key,
            "another key": certificate + other,
            "nonsense": "x" * 500,
        }
        path.write_text(contents[fault])
    with pytest.raises(UsageError, match=r"cert\.pem"):
        load_credentials(path)


def test_an_unknown_kind_of_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="P-256"):
        load_credentials(make_certificate(tmp_path / "cert.pem", key="secp256k1"))


def test_nothing_is_left_of_what_could_not_be_signed(tmp_path: Path) -> None:
    credentials = load_credentials(make_certificate(tmp_path / "cert.pem"))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    with pytest.raises(OutputError, match=r"signed\.jpg"):
        credentials.write(broken, tmp_path / "signed.jpg", "noir")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jpg", "cert.pem"]


def test_an_expired_certificate_signs_nothing(tmp_path: Path) -> None:
    credentials = load_credentials(make_certificate(tmp_path / "cert.pem", days=-1))
    with pytest.raises(OutputError, match=r"cert\.pem"):
        credentials.write(save_picture(tmp_path / "plain.jpg"), tmp_path / "signed.jpg", "noir")
    assert not (tmp_path / "signed.jpg").exists()

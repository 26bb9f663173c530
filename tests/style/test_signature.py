"""Keys and signatures: what holds, what does not, and what a stranger can do to them."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from impasto.errors import OutputError, StyleFileError, UsageError
from impasto.style import locking
from impasto.style.archive import MANIFEST_MEMBER, SIGNATURE_MEMBER, list_archive
from impasto.style.file import load_style, save_style, verify_style
from impasto.style.locking import is_locked
from impasto.style.passphrase import VARIABLE
from impasto.style.protection import examine_style, lock_style
from impasto.style.signature import OwnerKey, load_key, make_key, sign_style, signer_of

from .conftest import make_manifest, make_style, write_zip


@pytest.fixture
def key(tmp_path: Path) -> OwnerKey:
    return make_key(tmp_path / "me.key")


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "soft-print.style"
    save_style(make_style(), path)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_key_is_for_its_owner_and_its_public_part_for_all(key: OwnerKey, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "me.key").stat().st_mode) == 0o600
    public = load_key(tmp_path / "me.key.pub")
    assert public == OwnerKey(key.public, None)
    assert load_key(tmp_path / "me.key") == key
    assert key.secret is not None
    assert public.fingerprint == key.fingerprint
    assert len(key.fingerprint.split()) == 5
    assert make_key(tmp_path / "other.key").public != key.public


def test_keys_are_never_replaced(key: OwnerKey, tmp_path: Path) -> None:
    before = (tmp_path / "me.key").read_bytes()
    with pytest.raises(OutputError, match="never replaced"):
        make_key(tmp_path / "me.key")
    assert (tmp_path / "me.key").read_bytes() == before
    with pytest.raises(OutputError, match="folder does not exist"):
        make_key(tmp_path / "no" / "me.key")


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.key"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no key"):
        load_key(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_key(tmp_path / "none.key")


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    path = tmp_path / "ec.key"
    made = generate_private_key(SECP256R1())
    path.write_bytes(made.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    with pytest.raises(UsageError, match="another kind"):
        load_key(path)


def test_a_signed_style_is_the_same_style(style: Path, key: OwnerKey) -> None:
    before = members(style)
    sign_style(style, key)
    assert signer_of(style) == OwnerKey(key.public)
    assert {name: content for name, content in members(style).items() if name != SIGNATURE_MEMBER} == before
    assert verify_style(style).manifest.name == "soft-print"
    assert SIGNATURE_MEMBER in list_archive(style)


def test_an_unsigned_style_has_no_signer(style: Path) -> None:
    assert signer_of(style) is None
    assert examine_style(style).signer is None


def test_signing_twice_keeps_the_last(style: Path, key: OwnerKey, tmp_path: Path) -> None:
    sign_style(style, key)
    other = make_key(tmp_path / "other.key")
    sign_style(style, other)
    assert signer_of(style) == OwnerKey(other.public)
    assert list_archive(style).count(SIGNATURE_MEMBER) == 1


def test_saving_another_style_drops_the_signature(style: Path, key: OwnerKey) -> None:
    sign_style(style, key)
    save_style(load_style(style).in_memory(manifest=make_manifest(description="Another.")), style)
    assert signer_of(style) is None


def test_a_signature_moved_to_another_style_does_not_hold(style: Path, key: OwnerKey, tmp_path: Path) -> None:
    sign_style(style, key)
    other = tmp_path / "other.style"
    save_style(make_style(generator=b"another network"), other)
    held = members(other) | {SIGNATURE_MEMBER: members(style)[SIGNATURE_MEMBER]}
    write_zip(other, list(held.items()))
    assert verify_style(other).generator == b"another network"
    with pytest.raises(StyleFileError, match="not of its content"):
        signer_of(other)
    with pytest.raises(StyleFileError, match="not of its content"):
        examine_style(other)


@pytest.mark.parametrize("change", ["key", "signature", "algorithm", "no json"])
def test_a_signature_that_was_changed_does_not_hold(style: Path, key: OwnerKey, tmp_path: Path, change: str) -> None:
    sign_style(style, key)
    held = members(style)
    stated = json.loads(held[SIGNATURE_MEMBER])
    stranger = make_key(tmp_path / "stranger.key")
    stated |= {
        "key": {"public_key": stranger.public.hex()},
        "signature": {"signature": "0" * 128},
        "algorithm": {"algorithm": "none"},
        "no json": {},
    }[change]
    text = b"{" if change == "no json" else json.dumps(stated).encode()
    write_zip(style, list((held | {SIGNATURE_MEMBER: text}).items()))
    with pytest.raises(StyleFileError, match="do not trust"):
        signer_of(style)


def test_a_public_key_asks_for_its_signature(style: Path, key: OwnerKey, tmp_path: Path) -> None:
    public, other = OwnerKey(key.public), OwnerKey(make_key(tmp_path / "other.key").public)
    with pytest.raises(StyleFileError, match="is not signed"):
        examine_style(style, public)
    sign_style(style, key)
    assert examine_style(style, public).signer == public
    with pytest.raises(StyleFileError, match=f"signed by {key.fingerprint}, not by {other.fingerprint}"):
        examine_style(style, other)


def test_signing_needs_the_whole_key(style: Path, key: OwnerKey) -> None:
    before = style.read_bytes()
    with pytest.raises(UsageError, match="not its public part"):
        sign_style(style, OwnerKey(key.public))
    with pytest.raises(UsageError, match="not with its public part"):
        _ = OwnerKey(key.public).mark_secret
    assert style.read_bytes() == before


def test_a_damaged_style_is_not_signed(style: Path, key: OwnerKey) -> None:
    held = members(style)
    write_zip(style, list((held | {"generator.onnx": b"changed"}).items()))
    before = style.read_bytes()
    with pytest.raises(StyleFileError, match="changed after it was saved"):
        sign_style(style, key)
    assert style.read_bytes() == before


def test_a_member_that_nothing_states_is_refused_all_the_same(style: Path) -> None:
    held = members(style)
    write_zip(style, [*held.items(), ("preview2.jpg", b"x")])
    with pytest.raises(StyleFileError, match="preview2"):
        load_style(style)


def test_a_locked_style_is_signed_and_stays_locked(style: Path, key: OwnerKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_LOG_N", 14)
    monkeypatch.setenv(VARIABLE, "a passphrase")
    lock_style(style, "a passphrase")
    sign_style(style, key)
    assert is_locked(style)
    assert signer_of(style) == OwnerKey(key.public)
    assert MANIFEST_MEMBER in list_archive(style)

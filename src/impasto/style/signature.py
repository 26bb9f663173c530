"""Who stands for a style: an Ed25519 signature over its manifest, which holds the hash of all else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from impasto.errors import MissingExtraError, OutputError, StyleFileError, UsageError
from impasto.media.files import describe_os_error
from impasto.style.archive import MANIFEST_MEMBER, SIGNATURE_MEMBER, read_manifest_member, read_unstated_member
from impasto.style.file import verify_style, write_members

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC_SUFFIX: Final = ".pub"
_PURPOSE = b"impasto style signature 1\n"
_MARK_PURPOSE = b"impasto owner mark 1\n"


class _Signature(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    algorithm: Annotated[str, Field(pattern="^ed25519$")] = "ed25519"
    public_key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


@dataclass(frozen=True)
class OwnerKey:
    """A key of somebody who signs styles.

    Attributes
    ----------
    public
        32 bytes, for everybody.
    secret
        32 bytes for the owner alone; None of a key that was given away to check signatures with.
    """

    public: bytes
    secret: bytes | None = None

    @property
    def fingerprint(self) -> str:
        """A short name of the public key, to be read out and compared."""
        return fingerprint(self.public)

    @property
    def mark_secret(self) -> bytes:
        """What the pattern of the owner's mark is made of.

        Raises
        ------
        UsageError
            It is the public part only.
        """
        if self.secret is None:
            raise UsageError("a mark is made and found with the owner's own key, not with its public part.")
        return hashlib.sha256(_MARK_PURPOSE + self.secret).digest()


def fingerprint(public_key: bytes) -> str:
    """Return the first 80 bits of the key's SHA-256 in groups of four digits."""
    digits = hashlib.sha256(public_key).hexdigest()[:20]
    return " ".join(digits[start : start + 4] for start in range(0, 20, 4))


def make_key(path: Path) -> OwnerKey:
    """Write a new key for its owner's eyes alone, and its public part beside it, with `.pub` after the name.

    Raises
    ------
    OutputError
        One of them is there already, since a key that is lost cannot be had again, or cannot be written.
    """
    _crypto()
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for target, content, mode in ((path, private, 0o600), (_public_path(path), public, 0o644)):
        try:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                stream.write(content)
        except FileExistsError:
            raise OutputError(f"{target} exists, and keys are never replaced: give another name.") from None
        except OSError as error:
            raise OutputError(f"{target} cannot be written: {describe_os_error(error)}.") from error
    return load_key(path)


def _public_path(path: Path) -> Path:
    return path.with_name(path.name + PUBLIC_SUFFIX)


def load_key(path: Path) -> OwnerKey:
    """Read an owner's key, or its public part.

    Raises
    ------
    UsageError
        The file is no such key.
    MissingExtraError
        The extra `protect` is not installed.
    """
    _crypto()
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    try:
        content = path.read_bytes()
        is_public = b"PUBLIC KEY" in content
        held = (
            serialization.load_pem_public_key(content)
            if is_public
            else serialization.load_pem_private_key(content, None)
        )
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} is no key; 'impasto styles key' makes one.") from error
    if isinstance(held, Ed25519PrivateKey):
        return OwnerKey(held.public_key().public_bytes_raw(), held.private_bytes_raw())
    if isinstance(held, Ed25519PublicKey):
        return OwnerKey(held.public_bytes_raw())
    raise UsageError(f"{path} is a key of another kind; 'impasto styles key' makes one for styles.")


def sign_style(path: Path, key: OwnerKey) -> None:
    """Put a signature into a style file, in the place of any that is there. A locked file stays locked.

    Raises
    ------
    UsageError
        The key is the public part only.
    StyleFileError
        The file is not sound.
    OutputError
        It cannot be written.
    """
    if key.secret is None:
        raise UsageError("signing needs the owner's own key, not its public part.")
    style = verify_style(path)
    manifest = read_manifest_member(path)
    signature = _private(key.secret).sign(_PURPOSE + hashlib.sha256(manifest).digest())
    held = _Signature(public_key=key.public.hex(), signature=signature.hex())
    members = {name: content for name in style.member_names if (content := style.read(name)) is not None}
    text = held.model_dump_json(indent=2).encode() + b"\n"
    write_members({MANIFEST_MEMBER: manifest, **members, SIGNATURE_MEMBER: text}, path, style.passphrase)


def signer_of(path: Path) -> OwnerKey | None:
    """Verify the signature of a style, and return the public key that it is by; None where there is none.

    Members are not read: `verify_style` does that.

    Raises
    ------
    StyleFileError
        The signature is not of this manifest.
    """
    text = read_unstated_member(path, SIGNATURE_MEMBER)
    if text is None:
        return None
    _crypto()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        held = _Signature.model_validate_json(text)
        message = _PURPOSE + hashlib.sha256(read_manifest_member(path)).digest()
        _public(bytes.fromhex(held.public_key)).verify(bytes.fromhex(held.signature), message)
    except (ValidationError, InvalidSignature) as error:
        raise StyleFileError(f"{path} has a signature that is not of its content: do not trust this file.") from error
    return OwnerKey(bytes.fromhex(held.public_key))


def _private(secret: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.from_private_bytes(secret)


def _public(public: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    return Ed25519PublicKey.from_public_bytes(public)


def _crypto() -> None:
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"Keys need {error.name}: pip install 'impasto[protect]'") from error
    del cryptography

"""A file locked with a passphrase: scrypt makes a key of it, AES-256 in Galois/Counter mode does the rest.

The layout, from the first byte: 16 bytes that say what it is, one byte each for log2 of N, r and p of scrypt, 16 bytes
of salt, 12 bytes of nonce, 16 bytes by which a wrong passphrase is told from damage, and what was locked, with a tag of
16 bytes. All that comes before what was locked is authenticated with it.
"""

from __future__ import annotations

import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from impasto.errors import MissingExtraError, StyleFileError
from impasto.style.passphrase import VARIABLE, candidates

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"impasto locked 1"
_HEADER = struct.Struct("<16sBBB16s12s16s")
_LOG_N, _R, _P = 17, 8, 1
"""Guessing a passphrase takes 128 MiB and some tenths of a second a try (Percival 2009)."""
_FEWEST_LOG_N, _MOST_LOG_N = 14, 20
_TAG_SIZE = 16
_KEY_SIZE = 32


def is_locked(path: Path) -> bool:
    """Tell whether a file is locked; False for one that cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def lock(plain: bytes, passphrase: str) -> bytes:
    """Return bytes that only the passphrase turns into `plain` again; no two calls return the same.

    Raises
    ------
    MissingExtraError
        The extra `protect` is not installed.
    """
    salt, nonce = os.urandom(16), os.urandom(12)
    key, check = _derive(passphrase, salt, _LOG_N, _R, _P)
    header = _HEADER.pack(MAGIC, _LOG_N, _R, _P, salt, nonce, check)
    return header + _cipher(key).encrypt(nonce, plain, header)


def unlock(data: bytes, path: Path) -> tuple[bytes, str]:
    """Return what was locked, and the passphrase that opened it.

    Raises
    ------
    StyleFileError
        There is no passphrase, none fits, or the file was changed since.
    MissingExtraError
        The extra `protect` is not installed.
    """
    header, sealed = data[: _HEADER.size], data[_HEADER.size :]
    if len(sealed) < _TAG_SIZE:
        raise StyleFileError(f"{path} is truncated: copy or download it again.")
    _, log_n, r, p, salt, nonce, check = _HEADER.unpack(header)
    if not (_FEWEST_LOG_N <= log_n <= _MOST_LOG_N and r == _R and p == _P):
        raise StyleFileError(f"{path} is locked in a way that this Impasto does not know, or was changed.")
    tried = False
    for passphrase in candidates(path):
        tried = True
        key, expected = _derive(passphrase, salt, log_n, r, p)
        if expected == check:
            return _opened(key, nonce, sealed, header, path), passphrase
    if tried:
        raise StyleFileError(f"{path} is locked, and this is not its passphrase.")
    raise StyleFileError(f"{path} is locked: give its passphrase in the environment variable {VARIABLE}.")


def _opened(key: bytes, nonce: bytes, sealed: bytes, header: bytes, path: Path) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - comes with the extra `protect`

    try:
        return bytes(_cipher(key).decrypt(nonce, sealed, header))
    except InvalidTag:
        raise StyleFileError(f"{path} was changed after it was locked: get it again from its source.") from None


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


@lru_cache(maxsize=16)
def _derive(passphrase: str, salt: bytes, log_n: int, r: int, p: int) -> tuple[bytes, bytes]:
    """Return the key, and what tells that it is the right one without telling anything of it."""
    try:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"Locked files need {error.name}: pip install 'impasto[protect]'") from error
    made = Scrypt(salt=salt, length=_KEY_SIZE + 16, n=1 << log_n, r=r, p=p).derive(passphrase.encode())
    return made[:_KEY_SIZE], made[_KEY_SIZE:]

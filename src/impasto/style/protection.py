"""What an owner does to a style file, and what others can find out about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError, StyleFileError, UsageError
from impasto.media.files import check_output, write_beside
from impasto.style.archive import open_unlocked
from impasto.style.file import StyleFile, save_style, verify_style
from impasto.style.locking import is_locked, lock
from impasto.style.owner_mark import MarkEvidence, find_mark, mark_generator
from impasto.style.passphrase import check_passphrase
from impasto.style.signature import OwnerKey, signer_of


def lock_style(path: Path, passphrase: str) -> None:
    """Encrypt a style file in its place.

    The plain file is replaced, not wiped: a disk may keep what it held until that is overwritten.

    Raises
    ------
    UsageError
        It is locked already, or the passphrase is too short.
    StyleFileError
        It is not a sound style file.
    OutputError
        It cannot be written.
    """
    check_passphrase(passphrase)
    if is_locked(path):
        raise UsageError(f"{path} is locked already: unlock it first to give it another passphrase.")
    verify_style(path)
    content = lock(path.read_bytes(), passphrase)
    with write_beside(path) as beside:
        beside.write_bytes(content)


def unlock_style(path: Path) -> None:
    """Decrypt a locked style file in its place.

    Raises
    ------
    UsageError
        It is not locked.
    StyleFileError
        It does not open, or is not sound.
    OutputError
        It cannot be written.
    """
    if path.is_file() and not is_locked(path):
        raise UsageError(f"{path} is not locked.")
    verify_style(path)
    stream, _ = open_unlocked(path)
    with stream, write_beside(path) as beside:
        beside.write_bytes(stream.read())


def mark_style(path: Path, output: Path, key: OwnerKey, overwrite: bool = False) -> MarkEvidence:
    """Write a copy of a style whose generator carries the owner's mark; a locked style stays locked.

    A signature is left out, since the copy is another style: sign that.

    Raises
    ------
    UsageError
        The key is the public part only, or the style carries the mark already.
    StyleFileError
        The style is not sound, or its network cannot carry a mark.
    OutputError
        The output cannot be written, or is there already.
    """
    secret = key.mark_secret
    check_output(output, path)
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists. Give another name, or replace it with --overwrite.")
    style = verify_style(path)
    if find_mark(style.generator, secret).is_found:
        raise UsageError(f"{path} carries the mark of this key already.")
    marked = StyleFile(
        style.manifest,
        _named(path, style.generator, secret),
        style.discriminator,
        style.weights,
        style.preview,
        style.mean_lut,
        style.passphrase,
    )
    save_style(marked, output)
    return find_mark(marked.generator, secret)


def _named(path: Path, generator: bytes, secret: bytes) -> bytes:
    try:
        return mark_generator(generator, secret)
    except StyleFileError as error:
        raise StyleFileError(f"{path}: {error}") from error


@dataclass(frozen=True)
class Examination:
    """What a style file tells about whose it is.

    Attributes
    ----------
    signer
        The public key of a signature that holds; None without one.
    mark
        How far the weights go along with the mark of the key that was given; None without its secret part.
    """

    signer: OwnerKey | None
    mark: MarkEvidence | None


def examine_style(path: Path, key: OwnerKey | None = None) -> Examination:
    """Read and verify all of a style file and its signature.

    With an owner's own key the mark is looked for, whoever has signed; with a public key, the signature must be by it.

    Raises
    ------
    StyleFileError
        It is not sound, its signature is not of its content, or, where a public key is given, not by that key.
    """
    style = verify_style(path)
    signer = signer_of(path)
    if key is None:
        return Examination(signer, None)
    if key.secret is not None:
        return Examination(signer, find_mark(style.generator, key.mark_secret))
    if signer is None:
        raise StyleFileError(f"{path} is not signed: nothing tells that it is by {key.fingerprint}.")
    if signer.public != key.public:
        raise StyleFileError(f"{path} is signed by {signer.fingerprint}, not by {key.fingerprint}.")
    return Examination(signer, None)

"""The zip that a style file is, written reproducibly and read as if a stranger had made it. Classifiers are the same.

The comment at the end of the zip holds the hash of `style.json`, which holds the hash of every other member, so any
change to what a style says or does is noticed. That guards against damage and careless edits, not against forgery.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from impasto.errors import ClassifierFileError, StyleFileError
from impasto.style.locking import is_locked, unlock

MANIFEST_MEMBER = "style.json"
GENERATOR_MEMBER = "generator.onnx"
DISCRIMINATOR_MEMBER = "discriminator.onnx"
WEIGHTS_MEMBER = "weights.safetensors"
PREVIEW_MEMBER = "preview.jpg"
MEAN_LUT_MEMBER = "mean_lut.bin"
SIGNATURE_MEMBER = "signature.json"
"""Of a signed style: who stands for its manifest, and so for all else. The manifest does not state it."""

_MIB = 1 << 20
MEMBER_LIMITS = {
    MANIFEST_MEMBER: 1 * _MIB,
    GENERATOR_MEMBER: 128 * _MIB,
    DISCRIMINATOR_MEMBER: 128 * _MIB,
    WEIGHTS_MEMBER: 256 * _MIB,
    PREVIEW_MEMBER: 8 * _MIB,
    MEAN_LUT_MEMBER: 16 * _MIB,
    SIGNATURE_MEMBER: 1 * _MIB,
}
"""Unpacked bytes that each member may have."""
TOTAL_LIMIT = 512 * _MIB
MAX_MEMBERS = 16
MAX_RATIO = 200
"""Unpacked over packed size; what packs better than half of this is stored unpacked when saving."""


@dataclass(frozen=True, slots=True)
class ArchiveKind:
    """What a zip of ours holds.

    Attributes
    ----------
    noun
        As its comment and messages say.
    use
        The command that takes such a file, for those who gave it to another.
    manifest_member
        The member that holds the hashes of all others.
    limits
        Unpacked bytes that each member may have.
    error
        What is raised where a file is not usable.
    """

    noun: str
    use: str
    manifest_member: str
    limits: Mapping[str, int]
    error: type[StyleFileError | ClassifierFileError]

    @property
    def comment_size(self) -> int:
        """Bytes of the comment at the end of the zip."""
        return len(f"impasto {self.noun} sha256 ") + 64


STYLE = ArchiveKind("style", "impasto apply", MANIFEST_MEMBER, MEMBER_LIMITS, StyleFileError)
CLASSIFIER_MANIFEST_MEMBER = "classifier.json"
HEAD_MEMBER = "head.safetensors"
BACKBONE_MEMBER = "backbone.safetensors"
CLASSIFIER = ArchiveKind(
    "classifier",
    "impasto sort apply",
    CLASSIFIER_MANIFEST_MEMBER,
    {CLASSIFIER_MANIFEST_MEMBER: 1 * _MIB, HEAD_MEMBER: 64 * _MIB, BACKBONE_MEMBER: 64 * _MIB},
    ClassifierFileError,
)
_KINDS = (STYLE, CLASSIFIER)

_COMMENT = re.compile(rb"impasto (style|classifier) sha256 ([0-9a-f]{64})")
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_MAX_DIRECTORY_SIZE = 16 << 10
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def write_archive(stream: BinaryIO, members: Mapping[str, bytes], kind: ArchiveKind = STYLE) -> None:
    """Write members in their order; the same members give the same bytes.

    Raises
    ------
    StyleFileError, ClassifierFileError
        A member is larger than such a file may hold, so that nothing is saved that could not be loaded.
    """
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            if len(content) > (limit := kind.limits[name]):
                raise kind.error(f"{name} has {_size(len(content))}; a {kind.noun} holds {_size(limit)}.")
            info = zipfile.ZipInfo(name, _FIXED_TIME)
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.compress_type = _compression(content)
            archive.writestr(info, content)
        archive.comment = f"impasto {kind.noun} sha256 {sha256(members[kind.manifest_member])}".encode()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _compression(content: bytes) -> int:
    packed = len(zlib.compress(content, 6))
    return zipfile.ZIP_DEFLATED if packed < len(content) <= packed * MAX_RATIO // 2 else zipfile.ZIP_STORED


def list_archive(path: Path, kind: ArchiveKind = STYLE) -> tuple[str, ...]:
    """Return the names of the members, after every check that needs no unpacking."""
    with _open(path, kind) as (archive, _):
        return tuple(archive.namelist())


def read_manifest_member(path: Path, kind: ArchiveKind = STYLE) -> bytes:
    """Return the manifest, verified against the comment of the zip."""
    with _open(path, kind) as (archive, digest):
        return _read(archive, kind.manifest_member, digest, _Place(path, kind))


def read_member(path: Path, name: str, digest: str, kind: ArchiveKind = STYLE) -> bytes:
    """Return one member, verified against its hash.

    Raises
    ------
    StyleFileError, ClassifierFileError
        The file is not, or no longer, a safe and undamaged file of its kind, or the member is missing or was changed.
    """
    with _open(path, kind) as (archive, _):
        return _read(archive, name, digest, _Place(path, kind))


def read_unstated_member(path: Path, name: str, kind: ArchiveKind = STYLE) -> bytes | None:
    """Return a member of which the manifest states no hash, or None where there is none."""
    with _open(path, kind) as (archive, _):
        if name not in archive.namelist():
            return None
        return _read(archive, name, None, _Place(path, kind))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file is and what it should be, which is what messages say."""

    path: Path
    kind: ArchiveKind

    def error(self, message: str) -> StyleFileError | ClassifierFileError:
        """Return an error whose message says of the file what `message` does."""
        return self.kind.error(f"{self.path} {message}")


def _read(archive: zipfile.ZipFile, name: str, digest: str | None, place: _Place) -> bytes:
    try:
        # Asked for a number of bytes, zipfile unpacks no more; asked for all, it would unpack past the declared size.
        with archive.open(name) as member:
            content = member.read(archive.getinfo(name).file_size)
    except KeyError:
        raise place.error(f"is incomplete: it holds no {name}.") from None
    except _DAMAGE as error:
        raise place.error(f"is damaged ({name} cannot be unpacked): copy or download it again.") from error
    if digest is not None and sha256(content) != digest:
        raise place.error(f"was changed after it was saved ({name} differs): get it again from its source.")
    return content


@contextmanager
def _open(path: Path, kind: ArchiveKind) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Open a checked zip; also give the hash of its manifest that its comment states."""
    place = _Place(path, kind)
    try:
        stream, _ = open_unlocked(path)
    except OSError as error:
        raise place.error(f"cannot be read: {error.strerror or error}.") from error
    with stream:
        digest = _check_end(stream, place)
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGE as error:
            raise place.error("is damaged: copy or download it again.") from error
        with archive:
            _check_entries(archive.infolist(), place)
            yield archive, digest


def open_unlocked(path: Path) -> tuple[BinaryIO, str | None]:
    """Open a file, in memory where it is locked; also give the passphrase that opened it.

    Raises
    ------
    StyleFileError
        It is locked, and does not open.
    OSError
        It cannot be read.
    """
    stream = _open_regular(path)
    if not is_locked(path):
        return stream, None
    with stream:
        if os.fstat(stream.fileno()).st_size > TOTAL_LIMIT:
            raise StyleFileError(f"{path} is larger than a style may be.")
        plain, passphrase = unlock(stream.read(), path)
    return io.BytesIO(plain), passphrase


def passphrase_of(path: Path) -> str | None:
    """Return the passphrase that opens a locked file, or None for one that is not locked.

    Raises
    ------
    StyleFileError
        It is locked, and does not open.
    OSError
        It cannot be read.
    """
    stream, passphrase = open_unlocked(path)
    stream.close()
    return passphrase


def _open_regular(path: Path) -> BinaryIO:
    # Opening a named pipe would wait for ever.
    if path.exists() and not path.is_file():
        raise OSError("it is a folder" if path.is_dir() else "it is not a regular file")
    return path.open("rb")


def _check_end(stream: BinaryIO, place: _Place) -> str:
    """Check the last record by hand: zipfile would load a directory of any length before it can be asked."""
    noun = place.kind.noun
    start, size = stream.read(4), stream.seek(0, 2)
    if size == 0:
        raise place.error(f"is empty: it is not a {noun} file.")
    if start[:2] != b"PK":
        raise place.error(f"is not a {noun} file.")
    for kind in _KINDS:
        stream.seek(max(0, size - _END.size - kind.comment_size))
        tail = stream.read()
        comment = _COMMENT.fullmatch(tail[_END.size :])
        if comment is not None and tail.count(_END_SIGNATURE) == 1 and tail.startswith(_END_SIGNATURE):
            break
    else:
        raise place.error(_explain_foreign_end(stream, noun))
    if comment[1].decode() != noun:
        raise place.error(f"is a {kind.noun}, not a {noun}: '{kind.use}' takes it.")
    directory_size, directory_offset = _END.unpack(tail[: _END.size])[5:7]
    if directory_size > _MAX_DIRECTORY_SIZE or directory_offset + directory_size + len(tail) != size:
        raise place.error(f"holds too many members, or data that is none, for a {noun} file.")
    return comment[2].decode()


def _explain_foreign_end(stream: BinaryIO, noun: str) -> str:
    stream.seek(max(0, stream.seek(0, 2) - (1 << 16) - _END.size))
    if _END_SIGNATURE in stream.read():
        return f"is not a {noun} file, or was changed after it was saved: get it again from its source."
    return "is truncated: copy or download it again."


def _check_entries(entries: list[zipfile.ZipInfo], place: _Place) -> None:
    if len(entries) > MAX_MEMBERS:
        most = f"a {place.kind.noun} file has at most {len(place.kind.limits)}"
        raise place.error(f"holds {len(entries)} members; {most}.")
    names = [entry.orig_filename for entry in entries]
    if len(set(names)) != len(names):
        raise place.error(f"holds the same member twice; it is not a safe {place.kind.noun} file.")
    for entry in entries:
        _check_kind(entry, place)
        _check_sizes(entry, place)
    total = sum(entry.file_size for entry in entries)
    if total > TOTAL_LIMIT:
        most = f"a {place.kind.noun} holds at most {_size(TOTAL_LIMIT)}"
        raise place.error(f"would unpack to {_size(total)}; {most}.")


def _check_kind(entry: zipfile.ZipInfo, place: _Place) -> None:
    name = entry.orig_filename
    if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name) is None:
        raise place.error(f"holds a member with the unsafe path {name[:80]!r}; do not use this file.")
    mode = entry.external_attr >> 16
    plain_kind = stat.S_IFMT(mode) in (0, stat.S_IFREG)
    plain_packing = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & 1
    if not (plain_kind and plain_packing):
        raise place.error(f"holds {name!r} as a link or in an unknown packing; do not use this file.")


def _check_sizes(entry: zipfile.ZipInfo, place: _Place) -> None:
    limit = place.kind.limits.get(entry.filename, TOTAL_LIMIT)
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > limit or ratio > MAX_RATIO:
        message = f"would unpack {entry.filename} to {_size(entry.file_size)} from {_size(entry.compress_size)}"
        raise place.error(f"{message}, more than a {place.kind.noun} holds; do not use this file.")


def _size(num_bytes: int) -> str:
    return f"{num_bytes / _MIB:,.1f} MiB" if num_bytes >= _MIB // 10 else f"{num_bytes:,} bytes"

"""`StyleFile`: one learned style, and how it is saved to and loaded from `NAME.style`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from impasto.errors import StyleFileError
from impasto.media.files import write_beside
from impasto.style.archive import (
    DISCRIMINATOR_MEMBER,
    GENERATOR_MEMBER,
    MANIFEST_MEMBER,
    MEAN_LUT_MEMBER,
    MEMBER_LIMITS,
    PREVIEW_MEMBER,
    SIGNATURE_MEMBER,
    WEIGHTS_MEMBER,
    list_archive,
    passphrase_of,
    read_manifest_member,
    read_member,
    sha256,
    write_archive,
)
from impasto.style.locking import lock
from impasto.style.manifest import SCHEMA_VERSION, Manifest, SchemaVersion

Content = bytes | Callable[[], bytes]
"""A member, or how to get it."""

_Model = TypeVar("_Model", Manifest, SchemaVersion)


class StyleFile:
    """One style: what it says about itself, its networks, and a preview. It never changes once made.

    Parameters
    ----------
    generator, discriminator
        ONNX models.
    weights
        safetensors with what learning goes on from.
    preview
        A JPEG.
    mean_lut
        Of a look: the mean of its LUTs over typical content, as `pack_lut` makes it.
    passphrase
        What opened the file that it was loaded from, and locks any that it is saved to; None for what is not locked.

    Notes
    -----
    Members other than the generator may be given as functions; `load_style` does so, and reads and verifies a member
    each time it is asked for.
    """

    __slots__ = ("_members", "manifest", "passphrase")

    manifest: Manifest
    passphrase: str | None
    _members: dict[str, Content]

    def __init__(
        self,
        manifest: Manifest,
        generator: bytes,
        discriminator: Content | None = None,
        weights: Content | None = None,
        preview: Content | None = None,
        mean_lut: Content | None = None,
        passphrase: str | None = None,
    ) -> None:
        members: dict[str, Content | None] = {
            GENERATOR_MEMBER: generator,
            DISCRIMINATOR_MEMBER: discriminator,
            WEIGHTS_MEMBER: weights,
            PREVIEW_MEMBER: preview,
            MEAN_LUT_MEMBER: mean_lut,
        }
        object.__setattr__(self, "manifest", manifest)
        object.__setattr__(self, "passphrase", passphrase)
        given = {name: content for name, content in members.items() if content is not None}
        object.__setattr__(self, "_members", given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a StyleFile is frozen: make another one instead of setting {name}")

    def __repr__(self) -> str:
        return f"StyleFile({self.manifest.name!r}, {self.manifest.family!r}, {', '.join(self._members)})"

    @property
    def member_names(self) -> tuple[str, ...]:
        """The members beside `style.json`, in the order of the file."""
        return tuple(self._members)

    @property
    def generator(self) -> bytes:
        return self.read(GENERATOR_MEMBER) or b""

    @property
    def discriminator(self) -> bytes | None:
        return self.read(DISCRIMINATOR_MEMBER)

    @property
    def weights(self) -> bytes | None:
        return self.read(WEIGHTS_MEMBER)

    @property
    def preview(self) -> bytes | None:
        return self.read(PREVIEW_MEMBER)

    @property
    def mean_lut(self) -> bytes | None:
        return self.read(MEAN_LUT_MEMBER)

    def in_memory(self, *, manifest: Manifest | None = None, preview: bytes | None = None) -> StyleFile:
        """Return this style with every member read, and another manifest or preview where one is given.

        Raises
        ------
        StyleFileError
            The file that this style was loaded from was damaged, changed or removed.
        """
        return StyleFile(
            manifest or self.manifest,
            self.generator,
            self.discriminator,
            self.weights,
            preview or self.preview,
            self.mean_lut,
            self.passphrase,
        )

    def read(self, member: str) -> bytes | None:
        """Return one member by its name in the file, or None where there is none.

        Raises
        ------
        StyleFileError
            The file that this style was loaded from was damaged, changed or removed.
        """
        content = self._members.get(member)
        return content() if callable(content) else content


def save_style(style: StyleFile, path: str | Path) -> Manifest:
    """Write a style file: all of it or nothing, and the same bytes for the same style. A locked style stays locked.

    Returns
    -------
    Manifest
        As written, with the hash of each member.

    Raises
    ------
    OutputError
        `path` cannot be written.
    StyleFileError
        A member is too large.
    """
    members = {name: content for name in style.member_names if (content := style.read(name)) is not None}
    hashes = {name: sha256(content) for name, content in members.items()}
    manifest = style.manifest.model_copy(update={"members": hashes})
    text = manifest.model_dump_json(indent=2).encode() + b"\n"
    write_members({MANIFEST_MEMBER: text, **members}, path, style.passphrase)
    return manifest


def write_members(members: Mapping[str, bytes], path: str | Path, passphrase: str | None) -> None:
    """Write a style file of members that are known to belong together, locked where there is a passphrase.

    Raises
    ------
    OutputError
        `path` cannot be written.
    StyleFileError
        A member is too large.
    """
    with write_beside(path) as beside, beside.open("wb") as stream:
        if passphrase is None:
            write_archive(stream, members)
        else:
            plain = io.BytesIO()
            write_archive(plain, members)
            stream.write(lock(plain.getvalue(), passphrase))


def load_manifest(path: str | Path) -> Manifest:
    """Read only what a style says about itself.

    Raises
    ------
    StyleFileError
        The file is no style file, damaged, changed, unsafe, or from a newer Impasto.
    """
    path = Path(path)
    text = read_manifest_member(path)
    version = _parse(SchemaVersion, text, path).schema_version
    if version > SCHEMA_VERSION:
        reads = f"schema {version}; this one reads {SCHEMA_VERSION}"
        raise StyleFileError(f"{path} is from a newer Impasto ({reads}): pip install --upgrade impasto.")
    manifest = _parse(Manifest, text, path)
    _check_members(manifest, set(list_archive(path)) - {MANIFEST_MEMBER, SIGNATURE_MEMBER}, path)
    return manifest


def _parse(model: type[_Model], text: bytes, path: Path) -> _Model:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or MANIFEST_MEMBER
        raise StyleFileError(f"{path} does not describe a style ({where}: {first['msg']}).") from error


def _check_members(manifest: Manifest, held: set[str], path: Path) -> None:
    stated = set(manifest.members)
    if unexpected := held - stated | stated - set(MEMBER_LIMITS):
        raise StyleFileError(f"{path} holds what a style file has not: {', '.join(sorted(unexpected))[:200]}.")
    if missing := (stated | {GENERATOR_MEMBER}) - held:
        raise StyleFileError(f"{path} is incomplete: it holds no {', '.join(sorted(missing))}.")


def load_style(path: str | Path) -> StyleFile:
    """Load a style: its manifest and generator now, the rest when asked for; all of it verified by hash.

    Raises
    ------
    StyleFileError
        The file is no style file, damaged, changed, unsafe, or from a newer Impasto.
    """
    path = Path(path)
    manifest = load_manifest(path)
    passphrase = passphrase_of(path)
    readers = {name: partial(read_member, path, name, digest) for name, digest in manifest.members.items()}
    return StyleFile(
        manifest,
        readers[GENERATOR_MEMBER](),
        readers.get(DISCRIMINATOR_MEMBER),
        readers.get(WEIGHTS_MEMBER),
        readers.get(PREVIEW_MEMBER),
        readers.get(MEAN_LUT_MEMBER),
        passphrase,
    )


def verify_style(path: str | Path) -> StyleFile:
    """Load a style after reading and verifying every member, as befits a file from elsewhere."""
    style = load_style(path)
    for name in style.member_names:
        style.read(name)
    return style

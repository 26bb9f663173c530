"""How a classifier is saved to and loaded from `NAME.classifier`: a zip of JSON and safetensors, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from impasto.errors import ClassifierFileError, MissingExtraError
from impasto.media.files import write_beside
from impasto.sorting.backbones import Kind
from impasto.sorting.manifest import CLASSIFIER_SCHEMA_VERSION, ClassifierManifest, ClassifierSchemaVersion
from impasto.sorting.regression import Floats, LinearHead
from impasto.style.archive import (
    BACKBONE_MEMBER,
    CLASSIFIER,
    CLASSIFIER_MANIFEST_MEMBER,
    HEAD_MEMBER,
    list_archive,
    read_manifest_member,
    read_member,
    sha256,
    write_archive,
)

CLASSIFIER_SUFFIX = ".classifier"
BUILTIN_DIR = Path(__file__).parent / "builtin"

_Model = TypeVar("_Model", ClassifierManifest, ClassifierSchemaVersion)
_PARTS = ("weights", "bias", "mean", "deviation", "centers")


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierFile:
    """A classifier as it lies in a file.

    Attributes
    ----------
    backbone
        What was learned of the network, by name; None where it is the encoder as it is shipped.
    """

    manifest: ClassifierManifest
    head: LinearHead
    backbone: dict[str, Floats] | None = None


def save_classifier(classifier: ClassifierFile, path: Path) -> ClassifierManifest:
    """Write a classifier: all of it or nothing, and the same bytes for the same classifier.

    Returns
    -------
    ClassifierManifest
        As written, with the hash of each member.

    Raises
    ------
    OutputError
        `path` cannot be written.
    """
    members = {HEAD_MEMBER: _packed({name: getattr(classifier.head, name) for name in _PARTS})}
    if classifier.backbone is not None:
        halves = {name: value.astype(np.float16) for name, value in classifier.backbone.items()}
        members[BACKBONE_MEMBER] = _packed(halves)
    hashes = {name: sha256(content) for name, content in members.items()}
    manifest = classifier.manifest.model_copy(update={"members": hashes})
    text = manifest.model_dump_json(indent=2).encode() + b"\n"
    with write_beside(path) as beside, beside.open("wb") as stream:
        write_archive(stream, {CLASSIFIER_MANIFEST_MEMBER: text, **members}, CLASSIFIER)
    return manifest


def load_classifier_manifest(path: Path) -> ClassifierManifest:
    """Read only what a classifier says about itself.

    Raises
    ------
    ClassifierFileError
        The file is no classifier, damaged, changed, unsafe, or from a newer Impasto.
    """
    text = read_manifest_member(path, CLASSIFIER)
    version = _parse(ClassifierSchemaVersion, text, path).schema_version
    if version > CLASSIFIER_SCHEMA_VERSION:
        reads = f"schema {version}; this one reads {CLASSIFIER_SCHEMA_VERSION}"
        raise ClassifierFileError(f"{path} is from a newer Impasto ({reads}): pip install --upgrade impasto.")
    manifest = _parse(ClassifierManifest, text, path)
    held = set(list_archive(path, CLASSIFIER)) - {CLASSIFIER_MANIFEST_MEMBER}
    wanted = {HEAD_MEMBER} if manifest.backbone is Kind.FROZEN else {HEAD_MEMBER, BACKBONE_MEMBER}
    if held != wanted or set(manifest.members) != wanted:
        raise ClassifierFileError(f"{path} does not hold what a classifier does ({', '.join(sorted(wanted))}).")
    return manifest


def load_classifier(path: Path) -> ClassifierFile:
    """Load a classifier, all of it verified by hash.

    Raises
    ------
    ClassifierFileError
        The file is no classifier, damaged, changed, unsafe, or from a newer Impasto.
    """
    manifest = load_classifier_manifest(path)
    tensors = {
        name: _unpacked(read_member(path, name, digest, CLASSIFIER), name, path)
        for name, digest in manifest.members.items()
    }
    head = tensors[HEAD_MEMBER]
    if not _fits(head, len(manifest.labels)):
        raise ClassifierFileError(f"{path} holds scores that do not fit its classes: get it again from its source.")
    return ClassifierFile(manifest, LinearHead(**head), tensors.get(BACKBONE_MEMBER))


def find_classifier(name_or_path: Path) -> Path:
    """Find a classifier: a file, or one that came with Impasto, by its name.

    Raises
    ------
    ClassifierFileError
        There is none; the message gives the names of those that came with Impasto.
    """
    builtin = {path.stem: path for path in sorted(BUILTIN_DIR.glob(f"*{CLASSIFIER_SUFFIX}"))}
    if name_or_path.exists():
        return name_or_path
    if str(name_or_path) in builtin:
        return builtin[str(name_or_path)]
    known = f" or one that came with Impasto: {', '.join(builtin)}" if builtin else ""
    raise ClassifierFileError(f"There is no classifier {name_or_path}. Give a {CLASSIFIER_SUFFIX} file{known}.")


def _fits(head: dict[str, Floats], num_labels: int) -> bool:
    if set(head) != set(_PARTS) or not all(np.isfinite(value).all() for value in head.values()):
        return False
    num_features = head["mean"].shape[0] if head["mean"].ndim == 1 else -1
    shapes = {
        "weights": (num_labels, num_features),
        "bias": (num_labels,),
        "mean": (num_features,),
        "deviation": (num_features,),
        "centers": (num_labels, num_features),
    }
    return all(head[name].shape == shape for name, shape in shapes.items()) and bool((head["deviation"] > 0).all())


def _parse(model: type[_Model], text: bytes, path: Path) -> _Model:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or CLASSIFIER_MANIFEST_MEMBER
        raise ClassifierFileError(f"{path} does not describe a classifier ({where}: {first['msg']}).") from error


def _packed(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    try:
        from safetensors.numpy import save  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("Sorting needs the extra `learn`: pip install 'impasto[learn]'") from error
    return save({name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())})


def _unpacked(content: bytes, member: str, path: Path) -> dict[str, Floats]:
    try:
        from safetensors.numpy import load  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("Sorting needs the extra `learn`: pip install 'impasto[learn]'") from error
    try:
        return {name: np.asarray(value, np.float32) for name, value in load(content).items()}
    except Exception as error:  # safetensors' own error, and what NumPy says of shapes, share no base but Exception
        raise ClassifierFileError(f"{path} is damaged ({member} cannot be read): get it again.") from error

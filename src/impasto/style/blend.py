"""What a user may write for more than one style: blends, `van-gogh:0.6,watercolour:0.4`, and chains, `kodak+van-gogh`.

A blend of paint styles interpolates the numbers of their networks, which works within one trunk, where the same place
in every network means the same. A blend of looks is the weighted mean of the LUTs that they predict for a picture.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError, UsageError
from impasto.style.file import StyleFile, load_manifest, load_style
from impasto.style.finish import mix_finishes
from impasto.style.library import StyleLibrary
from impasto.style.lut_member import pack_lut, unpack_lut
from impasto.style.manifest import BLEND, Manifest, Needs, Sources
from impasto.style.names import STYLE_SUFFIX, is_style_name
from impasto.style.onnx_graph import Graph, initializers, read_graph
from impasto.style.onnx_mean import mean_model
from impasto.version import __version__

_EXAMPLE = "Write a blend as 'van-gogh:0.6,watercolour:0.4'."
_TOLERANCE = 0.0015
"""How far a sum of weights may be from one before that is said: three thirds of 0.333 each are one."""

WeightedNames = tuple[tuple[str, float], ...]
WeightedStyles = Sequence[tuple[StyleFile, float]]


class BlendWarning(UserWarning):
    """A blend is not quite what was asked for."""


def is_blend(spec: str) -> bool:
    """Tell whether `spec` is a blend rather than a name or path. A file of that very name is not."""
    is_weighted = any(weight is not None for _, weight in map(_split_weight, spec.split(",")))
    return ("," in spec or is_weighted) and not _is_file(spec)


def split_chain(spec: str) -> tuple[str, ...]:
    """Return the styles of `kodak+van-gogh` in the order in which they are applied; one for what is no chain.

    Raises
    ------
    UsageError
        A style is missing.
    """
    if "+" not in spec or _is_file(spec):
        return (spec,)
    links = tuple(link.strip() for link in spec.split("+"))
    if not all(links):
        raise UsageError(f"A style is missing in {spec!r}. Write one after another as 'kodak+van-gogh'.")
    return links


def _is_file(spec: str) -> bool:
    try:
        return Path(spec).is_file()
    except OSError:  # longer than a name of a file may be
        return False


def parse_blend(spec: str) -> WeightedNames:
    """Return names and weights as written; without any weight, all count alike.

    Raises
    ------
    UsageError
        A name is missing or comes twice, only some have weights, or a weight is not a number above zero.
    """
    parts = [_split_weight(part.strip()) for part in spec.split(",")]
    names = [name.strip() for name, _ in parts]
    if not all(names):
        raise UsageError(f"A style is missing in the blend {spec!r}. {_EXAMPLE}")
    _refuse_doubles(names)
    given = [weight for _, weight in parts if weight is not None]
    if not given:
        return tuple((name, 1 / len(names)) for name in names)
    if len(given) < len(names):
        raise UsageError(f"Give each style of the blend {spec!r} a weight, with a decimal point, or none. {_EXAMPLE}")
    return tuple((name, _weight(name, text)) for name, text in zip(names, given, strict=True))


def _split_weight(part: str) -> tuple[str, str | None]:
    """Split `van-gogh:0.6` at its last colon, unless that belongs to a path such as `C:\\monet.style`."""
    name, colon, weight = part.rpartition(":")
    is_path = "/" in weight or "\\" in weight or weight.strip().endswith(STYLE_SUFFIX)
    return (name, weight) if colon and not is_path else (part, None)


def _weight(name: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise UsageError(f"The weight of {name} must be a number above 0, not {text.strip()!r}. {_EXAMPLE}")
    if weight == 0:
        raise UsageError(f"The weight of {name} is 0: leave it out of the blend.")
    return weight


def _refuse_doubles(names: Sequence[str]) -> None:
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise UsageError(f"{doubled} is in the blend twice: give it one weight.")


def load_blend(spec: str, library: StyleLibrary) -> StyleFile:
    """Load the styles of a blend, and blend them.

    Weights that do not sum to one are divided by their sum, with a `BlendWarning`.

    Raises
    ------
    UsageError
        The blend is not written as it must be, or its styles do not blend.
    UnknownStyleError, StyleFileError
        A style cannot be found or read.
    """
    parsed = parse_blend(spec)
    paths = [library.resolve(name) for name, _ in parsed]
    _refuse_doubles([path.stem for path in paths])
    total = math.fsum(weight for _, weight in parsed)
    weights = [weight / total for _, weight in parsed]
    if abs(total - 1) > _TOLERANCE:
        shares = ", ".join(f"{path.stem} {weight:.0%}" for path, weight in zip(paths, weights, strict=True))
        hint = " To apply less of one style, use the strength." if len(paths) == 1 else ""
        warnings.warn(f"The weights of the blend sum to {total:g}, not 1: {shares}.{hint}", BlendWarning, stacklevel=2)
    manifests = {path.stem: load_manifest(path) for path in paths}
    _refuse_strangers(manifests, library)
    return blend_styles([(_named(path), weight) for path, weight in zip(paths, weights, strict=True)])


def _named(path: Path) -> StyleFile:
    """Load a style under the name of its file, by which the user knows it, if that can name a style."""
    style = load_style(path)
    name = path.stem if is_style_name(path.stem) else style.manifest.name
    named = style.manifest.model_copy(update={"name": name})
    return StyleFile(
        named,
        style.generator,
        style.discriminator,
        style.weights,
        style.preview,
        style.mean_lut,
        style.passphrase,
    )


def blend_styles(styles: WeightedStyles) -> StyleFile:
    """Blend looks, or paint styles of one trunk, into a style that can be applied and saved.

    What belongs to one training only is left out: discriminator, weights, preview, gate, metrics and curves. Where a
    style is locked, the blend is, too.

    Parameters
    ----------
    styles
        Each with its weight; weights are divided by their sum. One alone is returned as it is.

    Raises
    ------
    UsageError
        There is none, a weight is not a finite number above 0, or the styles do not blend.
    StyleFileError
        A network cannot be read.
    """
    if not styles or not all(math.isfinite(weight) and weight > 0 for _, weight in styles):
        raise UsageError("A blend needs at least one style, and weights above 0.")
    if len(styles) == 1:
        return styles[0][0]
    _refuse_doubles([style.manifest.name for style, _ in styles])
    total = math.fsum(weight for _, weight in styles)
    shares = [(style, weight / total) for style, weight in styles]
    manifests = {style.manifest.name: style.manifest for style, _ in shares}
    _refuse_strangers(manifests)
    family = shares[0][0].manifest.family
    try:
        generator = _mean_look(shares) if family == "look" else _interpolated(shares)
    except ValueError as error:
        names = " and ".join(manifests)
        raise StyleFileError(f"{names} do not blend. Their networks do not allow it: {error}") from error
    passphrase = next((style.passphrase for style, _ in shares if style.passphrase is not None), None)
    return StyleFile(_blended_manifest(shares), generator, mean_lut=_mean_lut(shares), passphrase=passphrase)


def _refuse_strangers(manifests: Mapping[str, Manifest], library: StyleLibrary | None = None) -> None:
    """Refuse styles that do not blend, and say which do."""
    listed = _listed(manifests)
    families = {manifest.family for manifest in manifests.values()}
    if len(families) > 1:
        in_turn = "+".join(manifests)
        raise UsageError(f"{listed} are of different families, which do not blend. One after another: '{in_turn}'.")
    why = "only looks and paint styles do"
    if families == {"look"}:
        sizes = {(manifest.needs.thumbnail_side, manifest.needs.lut_size) for manifest in manifests.values()}
        why = "" if len(sizes) == 1 else "their LUTs or thumbnails are of different sizes"
    elif families == {"paint"}:
        why = _difference_of_trunks(manifests)
    if why and len(manifests) > 1:
        raise UsageError(f"{listed} do not blend: {why}.{_partners(manifests, library)}")


def _difference_of_trunks(manifests: Mapping[str, Manifest]) -> str:
    trunks = {name: manifest.needs.trunk for name, manifest in manifests.items()}
    if untaught := [name for name, trunk in trunks.items() if trunk is None]:
        return f"{_listed(untaught)} {'was' if len(untaught) == 1 else 'were'} learned from scratch, without a trunk"
    return "they descend from different trunks" if len(set(trunks.values())) > 1 else ""


def _partners(manifests: Mapping[str, Manifest], library: StyleLibrary | None) -> str:
    """Say what each of these styles does blend with, among themselves and what is installed."""
    known = dict(manifests) | (library.manifests() if library else {})
    sentences = []
    for name, manifest in manifests.items():
        trunk = manifest.needs.trunk
        same = [other for other, each in known.items() if other != name and trunk and each.needs.trunk == trunk]
        if same:
            sentences.append(f" {name} blends with {_listed(sorted(same))}.")
    return "".join(sentences) or f" One after another works: '{'+'.join(manifests)}'."


def _listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _mean_look(shares: WeightedStyles) -> bytes:
    return mean_model([(style.generator, weight) for style, weight in shares])


def _interpolated(shares: WeightedStyles) -> bytes:
    """Return the first generator with the weighted mean of all their numbers in the place of its own."""
    models = [style.generator for style, _ in shares]
    structure = _structure(models[0])
    if any(_structure(model) != structure for model in models[1:]):
        raise ValueError("Layers or their sizes differ.")
    stored = [initializers(model) for model in models]
    blended = bytearray(models[0])
    for name, (dtype, _, where) in stored[0].items():
        if dtype.kind != "f":
            continue
        mean: Any = 0
        for model, held, (_, weight) in zip(models, stored, shares, strict=True):
            # In double precision, so that numbers on which all agree come out unchanged.
            mean += weight * np.frombuffer(model[held[name].where], dtype).astype(np.float64)
        blended[where] = np.asarray(mean, dtype).tobytes()
    return bytes(blended)


def _structure(model: bytes) -> object:
    """Return all that must be the same in two networks for a mean of their numbers to have a meaning."""
    graph = read_graph(model)
    free = {name for name, held in initializers(model).items() if held.dtype.kind == "f"}
    nodes = [(node.op_type, node.inputs, node.outputs, _comparable(node.attributes)) for node in graph.nodes]
    return nodes, _kinds(graph, free), graph.inputs, graph.outputs, graph.opset


def _kinds(graph: Graph, free: set[str]) -> dict[str, object]:
    constants = graph.constants.items()
    return {name: (held.dtype, held.shape) if name in free else _comparable(held) for name, held in constants}


def _comparable(value: Any) -> object:
    if isinstance(value, dict):
        return {name: _comparable(inner) for name, inner in value.items()}
    return (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


def _mean_lut(shares: WeightedStyles) -> bytes | None:
    packed = [style.mean_lut for style, _ in shares]
    tables = [unpack_lut(each) for each in packed if each is not None]
    if len(tables) < len(shares) or len({table.shape for table in tables}) > 1:
        return None
    mean: NDArray[np.float32] = sum(weight * table for table, (_, weight) in zip(tables, shares, strict=True))  # type: ignore[assignment]
    return pack_lut(mean)


def _blended_manifest(shares: WeightedStyles) -> Manifest:
    weights = {style.manifest.name: round(weight, 4) for style, weight in shares}
    manifests = [style.manifest for style, _ in shares]
    percents = ", ".join(f"{weight:.0%} {name}" for name, weight in weights.items())
    return Manifest(
        name=_blend_name(weights),
        family=manifests[0].family,
        description=f"A blend: {percents}."[:1000],
        created=max(manifest.created for manifest in manifests),
        impasto_version=__version__,
        needs=_blended_needs(shares),
        recipe={BLEND: dict(weights)},
        sources=_merged_sources(manifests),
        finish=mix_finishes([(style.manifest.finish, weight) for style, weight in shares]),
    )


def _blended_needs(shares: WeightedStyles) -> Needs:
    needs = shares[0][0].manifest.needs
    if needs.working_side is None:
        return needs
    side = sum((style.manifest.needs.working_side or 0) * weight for style, weight in shares)
    radius = sum(style.manifest.needs.simplification * weight for style, weight in shares)
    return needs.model_copy(update={"working_side": round(side), "simplification": round(radius)})


def _blend_name(weights: Mapping[str, float]) -> str:
    name = "-".join(f"{part}-{weight * 100:.0f}" for part, weight in weights.items())
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name if is_style_name(name) else f"blend-of-{len(weights)}-{digest[:8]}"


def _merged_sources(manifests: Sequence[Manifest]) -> Sources:
    """Say what a blend was learned from; the content is mostly the same for all, so it is not summed."""
    sources = [manifest.sources for manifest in manifests]
    num_content = max(source.num_content for source in sources)
    notes = {f"{manifest.name}: {manifest.sources.license_note}" for manifest in manifests}
    note = "; ".join(sorted(notes))[:1000]
    if all(len(source.reference_sha256) == source.num_references for source in sources):
        hashes = {each for source in sources for each in source.reference_sha256}
        return Sources.of(sorted(hashes), num_content, note)
    digests = "\n".join(sorted(source.references_digest or "" for source in sources))
    return Sources(
        num_references=sum(source.num_references for source in sources),
        num_content=num_content,
        references_digest=hashlib.sha256(digests.encode()).hexdigest(),
        license_note=note,
    )

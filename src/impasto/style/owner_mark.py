"""The owner's mark: a faint pattern of signs over the weights of a generator, known to the owner alone.

Each weight of a layer moves up or down by a small share of that layer's spread, as a keyed sequence of signs says. Who
has the key adds the weights up with those signs: what is not marked cancels out, and what is adds up (spread spectrum,
Cox et al. 1997). Neither the network before nor its training is needed to find it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import shake_256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from impasto.errors import StyleFileError
from impasto.style.onnx_graph import Initializer, initializers, read_graph

FOUND: Final = 6.0
"""Deviations from which a mark counts as found: one unmarked network in a thousand million reaches it."""
TARGET: Final = 16.0
"""Deviations that a fresh mark is made for."""
MAX_SHARE: Final = 0.1
_FEWEST_WEIGHTS: Final = 64
_CLIP: Final = 3.0
_LAYERS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}


@dataclass(frozen=True)
class MarkEvidence:
    """What the weights say about a mark.

    Attributes
    ----------
    score
        Deviations from nought; of a network that was not marked with this key, a standard normal number.
    num_weights
        Weights that were added up.
    """

    score: float
    num_weights: int

    @property
    def is_found(self) -> bool:
        """Whether the network bears the mark."""
        return self.score >= FOUND

    @property
    def chance(self) -> float:
        """Probability that a network without the mark scores so high."""
        return 0.5 * math.erfc(self.score / math.sqrt(2))


def mark_generator(model: bytes, secret: bytes) -> bytes:
    """Return an ONNX generator with the mark of `secret` in its weights.

    Raises
    ------
    StyleFileError
        The network is not understood, or has too few weights to carry a mark that can be told from chance.
    """
    layers = _layers(model)
    num_weights = sum(math.prod(layer.shape) for _, layer in layers)
    share = TARGET / math.sqrt(max(1, num_weights))
    if share > MAX_SHARE:
        raise StyleFileError(f"the network has {num_weights:,} weights, too few to carry a mark unseen.")
    marked = bytearray(model)
    for (name, layer), signs in zip(layers, _patterns(layers, secret), strict=True):
        weights = np.frombuffer(model[layer.where], layer.dtype).astype(np.float64)
        if not np.isfinite(weights).all():
            raise StyleFileError(f"the layer '{name}' holds numbers that are not finite.")
        marked[layer.where] = (weights + share * weights.std() * signs).astype(layer.dtype).tobytes()
    return bytes(marked)


def find_mark(model: bytes, secret: bytes) -> MarkEvidence:
    """Tell how far the weights of an ONNX generator go along with the pattern of `secret`.

    Raises
    ------
    StyleFileError
        The network is not understood.
    """
    layers = _layers(model)
    along, squares, num_weights = 0.0, 0.0, 0
    for (_, layer), signs in zip(layers, _patterns(layers, secret), strict=True):
        weights = np.nan_to_num(np.frombuffer(model[layer.where], layer.dtype).astype(np.float64))
        # Few large weights would drown what many small ones say.
        values = ((weights - weights.mean()) / max(weights.std(), 1e-12)).clip(-_CLIP, _CLIP)
        along += float(values @ signs)
        squares += float(values @ values)
        num_weights += len(values)
    return MarkEvidence(along / math.sqrt(squares) if squares else 0.0, num_weights)


def _layers(model: bytes) -> list[tuple[str, Initializer]]:
    """Return the weights that layers multiply with, by name: what else a model holds are tables and the like."""
    try:
        graph, stored = read_graph(model), initializers(model)
    except ValueError as error:
        raise StyleFileError(f"the network cannot carry a mark: {error}") from error
    cast_of = {node.outputs[0]: node.inputs[0] for node in graph.nodes if node.op_type in ("Cast", "Identity")}
    names: dict[str, None] = {}
    for node in graph.nodes:
        if node.op_type in _LAYERS:
            for given in node.inputs[:2]:
                names[cast_of.get(given, given)] = None
    found = [(name, stored[name]) for name in names if name in stored]
    return [each for each in found if each[1].dtype.kind == "f" and math.prod(each[1].shape) >= _FEWEST_WEIGHTS]


def _patterns(layers: list[tuple[str, Initializer]], secret: bytes) -> Iterator[NDArray[Any]]:
    """Yield the signs of each layer, which depend on its place and shape and not on what it is called."""
    for number, (_, layer) in enumerate(layers):
        size = math.prod(layer.shape)
        stream = shake_256(secret + f"{number} {layer.shape}".encode()).digest(-(-size // 8))
        bits = np.unpackbits(np.frombuffer(stream, np.uint8))[:size]
        yield bits.astype(np.float64) * 2 - 1

"""The owner's mark: found by its key, by no other, after damage, and at what cost."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from impasto.errors import OutputError, StyleFileError, UsageError
from impasto.style.file import load_style, save_style
from impasto.style.onnx_graph import initializers
from impasto.style.owner_mark import FOUND, TARGET, MarkEvidence, find_mark, mark_generator
from impasto.style.protection import examine_style, mark_style
from impasto.style.signature import OwnerKey, sign_style, signer_of

from .conftest import make_style

SECRET = hashlib.sha256(b"me").digest()
SIDE = 48
"""Channels of the layers: enough weights for a mark, few enough for quick tests."""


def network(seed: int = 0, channels: int = SIDE, dtype: Any = np.float16) -> bytes:
    """Return an ONNX model with two convolutions, one stored in half precision and cast, and a table."""
    random = np.random.default_rng(seed)
    shape = (channels, channels, 3, 3)
    held = {
        "first": random.laplace(size=shape).astype(dtype) * dtype(0.05),
        "second": random.normal(size=shape).astype(np.float32),
        "table": np.linspace(0, 1, 33**3, dtype=np.float32),
        "bias": random.normal(size=channels).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["first"], ["first_32"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["content", "first_32", "bias"], ["between"]),
        helper.make_node("Conv", ["between", "second"], ["after"]),
        helper.make_node("Gather", ["table", "which"], ["unused"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("content", TensorProto.FLOAT, [1, channels, 16, 16])],
        [helper.make_tensor_value_info("after", TensorProto.FLOAT, [1, channels, 12, 12])],
        [numpy_helper.from_array(value, name) for name, value in held.items()]
        + [numpy_helper.from_array(np.int64(0), "which")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def numbers(model: bytes, name: str) -> NDArray[np.float64]:
    dtype, _, where = initializers(model)[name]
    return np.frombuffer(model[where], dtype).astype(np.float64)


def with_numbers(model: bytes, change: Any) -> bytes:
    changed = bytearray(model)
    for name in ("first", "second"):
        dtype, _, where = initializers(model)[name]
        changed[where] = change(numbers(model, name)).astype(dtype).tobytes()
    return bytes(changed)


@pytest.fixture(scope="module")
def marked() -> bytes:
    return mark_generator(network(), SECRET)


def test_a_mark_is_found_by_its_key(marked: bytes) -> None:
    evidence = find_mark(marked, SECRET)
    assert evidence.is_found
    assert abs(evidence.score - TARGET) < 4.5
    assert evidence.num_weights == 2 * 9 * SIDE**2
    assert evidence.chance < 1e-25


def test_nothing_is_found_where_nothing_is() -> None:
    """Scores of strangers' keys are standard normal numbers, so that their chance can be stated."""
    model = network()
    scores = np.array([find_mark(model, bytes([number]) * 32).score for number in range(100)])
    assert abs(scores.mean()) < 0.4
    assert 0.75 < scores.std() < 1.3
    assert scores.max() < FOUND


def test_another_key_does_not_find_the_mark(marked: bytes) -> None:
    scores = [find_mark(marked, bytes([number]) * 32).score for number in range(50)]
    assert max(scores) < 4.5
    assert min(scores) > -4.5


def test_the_chance_is_that_of_a_normal_number() -> None:
    assert MarkEvidence(0.0, 1).chance == pytest.approx(0.5)
    assert MarkEvidence(1.959964, 1).chance == pytest.approx(0.025, rel=1e-4)
    assert 9e-10 < MarkEvidence(FOUND, 1).chance < 1e-9
    assert not MarkEvidence(FOUND - 0.01, 1).is_found


def test_only_weights_of_layers_move_and_only_a_little(marked: bytes) -> None:
    plain = network()
    for name in ("table", "bias"):
        assert np.array_equal(numbers(plain, name), numbers(marked, name))
    share = TARGET / math.sqrt(2 * 9 * SIDE**2)
    for name in ("first", "second"):
        before, after = numbers(plain, name), numbers(marked, name)
        moved = np.abs(after - before) / before.std()
        assert moved.max() < 1.5 * share + 0.01
        assert abs((after - before).mean()) < 0.05 * share * before.std()
    assert len(marked) == len(plain)


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("halved", lambda weights: weights * 0.5),
        ("shifted", lambda weights: weights + 0.3),
        ("noise", lambda weights: weights + 0.5 * weights.std() * np.random.default_rng(1).normal(size=len(weights))),
        ("pruned", lambda weights: np.where(np.abs(weights) < np.median(np.abs(weights)), 0, weights)),
        ("six bits", lambda weights: (weights / np.abs(weights).max() * 31).round() / 31 * np.abs(weights).max()),
    ],
)
def test_it_survives(marked: bytes, title: str, change: Any) -> None:
    assert find_mark(with_numbers(marked, change), SECRET).is_found


def test_it_does_not_survive_another_order_of_channels(marked: bytes) -> None:
    """As docs/protecting.md says: whoever knows of it can shuffle channels, and the network does the same."""

    def shuffled(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        kernel = weights.reshape(SIDE, -1)
        return kernel[np.random.default_rng(0).permutation(SIDE)].ravel()

    assert not find_mark(with_numbers(marked, shuffled), SECRET).is_found


def test_two_owners_marks_stand_beside_each_other(marked: bytes) -> None:
    other = hashlib.sha256(b"another").digest()
    both = mark_generator(marked, other)
    assert find_mark(both, SECRET).is_found
    assert find_mark(both, other).is_found


def test_a_network_with_few_weights_is_refused() -> None:
    with pytest.raises(StyleFileError, match="too few"):
        mark_generator(network(channels=8), SECRET)


@pytest.mark.parametrize("model", [b"", b"no model", b"\x08\x08"])
def test_what_is_no_network(model: bytes) -> None:
    for function in (mark_generator, find_mark):
        with pytest.raises(StyleFileError):
            function(model, SECRET)


def test_broken_weights_are_not_marked_and_do_not_crash_the_search() -> None:
    broken = with_numbers(network(), lambda weights: np.where(np.arange(len(weights)) == 5, np.nan, weights))
    with pytest.raises(StyleFileError, match="not finite"):
        mark_generator(broken, SECRET)
    assert math.isfinite(find_mark(broken, SECRET).score)
    flat = with_numbers(network(), np.zeros_like)
    assert find_mark(flat, SECRET).score == 0.0


# --- style files ----------------------------------------------------------------------------------------------------


KEY = OwnerKey(b"p" * 32, b"s" * 32)


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "soft-print.style"
    save_style(make_style(generator=network()), path)
    return path


def test_a_style_is_marked_in_a_copy(style: Path, tmp_path: Path) -> None:
    before, output = style.read_bytes(), tmp_path / "marked.style"
    evidence = mark_style(style, output, KEY)
    assert evidence.is_found
    assert style.read_bytes() == before
    assert examine_style(output, KEY).mark == evidence
    assert examine_style(output).mark is None
    plain = load_style(style)
    for name in plain.member_names[1:]:
        assert load_style(output).read(name) == plain.read(name)
    mark = examine_style(style, KEY).mark
    assert mark is not None
    assert not mark.is_found


def test_a_mark_shows_in_what_a_thief_signed(style: Path, tmp_path: Path) -> None:
    from impasto.style.signature import make_key

    output, thief = tmp_path / "marked.style", make_key(tmp_path / "thief.key")
    mark_style(style, output, KEY)
    sign_style(output, thief)
    found = examine_style(output, KEY)
    assert found.signer == OwnerKey(thief.public)
    assert found.mark is not None
    assert found.mark.is_found


def test_what_is_refused(style: Path, tmp_path: Path) -> None:
    output = tmp_path / "marked.style"
    with pytest.raises(OutputError, match="is the input itself"):
        mark_style(style, style, KEY)
    with pytest.raises(UsageError, match="own key"):
        mark_style(style, output, OwnerKey(KEY.public))
    mark_style(style, output, KEY)
    with pytest.raises(OutputError, match="exists"):
        mark_style(style, output, KEY)
    mark_style(style, output, KEY, overwrite=True)
    with pytest.raises(UsageError, match="already"):
        mark_style(output, tmp_path / "twice.style", KEY)
    small = tmp_path / "small.style"
    save_style(make_style(generator=network(channels=8)), small)
    with pytest.raises(StyleFileError, match=r"small\.style: .*too few"):
        mark_style(small, tmp_path / "x.style", KEY)
    assert not (tmp_path / "x.style").exists()


def test_a_marked_copy_bears_no_old_signature(style: Path, tmp_path: Path) -> None:
    from impasto.style.signature import make_key

    sign_style(style, make_key(tmp_path / "me.key"))
    mark_style(style, tmp_path / "marked.style", KEY)
    assert signer_of(tmp_path / "marked.style") is None

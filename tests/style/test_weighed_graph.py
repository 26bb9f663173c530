"""Networks of strangers are let through by what they would take, and what was made for sizes is held within limits."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from impasto.errors import StyleFileError, UsageError
from impasto.style import weighed_graph
from impasto.style.weighed_graph import MAX_SIZES, BySize, WeighedGraph

from .painting_network import painting_inputs, painting_network
from .small_models import PICTURE, enlarging_model, model_of, node


def picture(height: int = 8, width: int = 8) -> dict[str, np.ndarray]:
    return {"x": np.zeros((1, 3, height, width), np.float32)}


def test_each_pixel_weighs_alike() -> None:
    weighed = WeighedGraph(painting_network(), "openvino")
    small, middle, large = (weighed.weigh(painting_inputs(side, side)) for side in (32, 64, 128))
    assert middle - small > 0
    assert (large - middle) / (middle - small) == pytest.approx(4, rel=0.1)


def test_sizes_are_told_apart_by_every_input() -> None:
    weighed = WeighedGraph(painting_network(), "openvino")
    keys = {weighed.key(painting_inputs(height, width)) for height, width in ((16, 16), (16, 24), (24, 16), (16, 16))}
    assert len(keys) == 3


def test_what_cannot_be_read_is_no_network() -> None:
    with pytest.raises(StyleFileError, match="cannot be loaded"):
        WeighedGraph(b"nothing of the kind", "torch")


def test_another_operation_is_named_with_what_runs_it() -> None:
    unusual = model_of([node("Erf", ["x"], "y")], {"x": PICTURE}, ["y"])
    with pytest.raises(UsageError, match=r"holds Erf, which the runtime 'torch' does not run: use the runtime 'onnx'"):
        WeighedGraph(unusual, "torch")


def test_inputs_that_do_not_fit_are_refused() -> None:
    weighed = WeighedGraph(enlarging_model(2), "torch")
    assert weighed.weigh(picture()) > 0
    with pytest.raises(StyleFileError, match="cannot be run"):
        weighed.weigh({"x": np.zeros((1, 4, 8, 8), np.float32)})
    with pytest.raises(StyleFileError, match="cannot be run"):
        weighed.weigh({})


def test_a_network_that_would_fill_the_memory_is_refused_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed = WeighedGraph(enlarging_model(4), "torch")
    needed = weighed.weigh(picture(64, 64))
    monkeypatch.setattr(weighed_graph, "MAX_MEMORY_BYTES", needed - 1)
    with pytest.raises(StyleFileError, match=r"it would take \d+ MiB, and \d+ are allowed"):
        weighed.weigh(picture(64, 64))
    assert weighed.weigh(picture(32, 32)) < needed
    with pytest.raises(StyleFileError, match="cannot be loaded"):
        WeighedGraph(enlarging_model(4, depth=4), "torch")


class TestBySize:
    def test_what_is_held_is_made_once(self) -> None:
        held: BySize[object] = BySize()
        first = held.get(((1,),), 10, object)
        assert held.get(((1,),), 10, object) is first
        assert held.get(((2,),), 10, object) is not first

    def test_the_size_that_was_not_used_for_longest_goes(self) -> None:
        held: BySize[int] = BySize()
        for side in range(MAX_SIZES):
            held.get(((side,),), 1, lambda side=side: side)
        held.get(((0,),), 1, lambda: -1)
        held.get(((MAX_SIZES,),), 1, lambda: MAX_SIZES)
        assert held.get(((0,),), 1, lambda: -1) == 0
        assert held.get(((1,),), 1, lambda: -1) == -1, "it was the oldest"

    def test_no_more_is_held_than_memory_allows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weighed_graph, "MAX_MEMORY_BYTES", 100)
        held: BySize[str] = BySize()
        held.get(((1,),), 60, lambda: "first")
        held.get(((2,),), 40, lambda: "second")
        assert held.get(((1,),), 60, lambda: "anew") == "first"
        held.get(((3,),), 30, lambda: "third")
        assert held.get(((1,),), 60, lambda: "anew") == "first"
        assert held.get(((2,),), 40, lambda: "anew") == "anew"
        assert held.get(((4,),), 100, lambda: "all of it") == "all of it"
        assert held.get(((1,),), 60, lambda: "anew") == "anew"

    def test_a_failure_leaves_nothing_behind(self) -> None:
        held: BySize[str] = BySize()

        def fail() -> str:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            held.get(((1,),), 1, fail)
        assert held.get(((1,),), 1, lambda: "made") == "made"

    def test_threads_that_ask_at_once_share_one(self) -> None:
        held: BySize[object] = BySize()
        together, found = threading.Barrier(4, timeout=30), []

        def ask() -> None:
            together.wait()
            found.append(held.get(((1,),), 1, object))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(map(id, found))) == 1

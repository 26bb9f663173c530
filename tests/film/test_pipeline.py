from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from impasto.film.pipeline import QUEUE_LENGTH, AbandonedError, BoundedQueue, run_pipeline


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """What other tests of this process left behind does not count."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert left == []


def test_items_come_in_order_and_none_is_left_out() -> None:
    taken: list[int] = []
    run_pipeline(range(100), lambda n: n * n, taken.append)
    assert taken == [n * n for n in range(100)]


def test_what_the_work_drops_never_reaches_the_sink() -> None:
    taken: list[int] = []
    run_pipeline(range(10), lambda n: n if n % 3 == 0 else None, taken.append)
    assert taken == [0, 3, 6, 9]


def test_the_three_stages_run_at_once() -> None:
    """Each stage waits for something that another one does later: one after the other they would never end."""
    second_read, first_worked = threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        yield 0
        second_read.set()
        yield 1

    def work(item: int) -> int:
        assert second_read.wait(5)
        if item == 1:
            assert first_worked.wait(5)
        return item

    run_pipeline(source(), work, lambda item: first_worked.set())


def test_a_slow_sink_holds_the_source_back() -> None:
    num_read = num_written = 0
    furthest = 0

    def source() -> Iterator[int]:
        nonlocal num_read, furthest
        for n in range(60):
            num_read += 1
            furthest = max(furthest, num_read - num_written)
            yield n

    def sink(_item: int) -> None:
        nonlocal num_written
        time.sleep(0.001)
        num_written += 1

    run_pipeline(source(), lambda n: n, sink)
    assert num_written == 60
    assert furthest <= 2 * QUEUE_LENGTH + 4


@pytest.mark.parametrize("stage", ["source", "work", "sink"])
def test_a_failure_anywhere_stops_everything_and_is_raised(stage: str) -> None:
    def fail_at(name: str, item: int) -> int:
        if name == stage and item == 20:
            raise OSError(f"{name} broke")
        return item

    taken: list[int] = []

    def endless() -> Iterator[int]:
        n = 0
        while True:
            yield fail_at("source", n)
            n += 1

    def sink(item: int) -> None:
        taken.append(fail_at("sink", item))

    with pytest.raises(OSError, match=f"{stage} broke"):
        run_pipeline(endless(), lambda item: fail_at("work", item), sink)
    assert taken == list(range(20))


def test_an_interruption_ends_the_threads() -> None:
    def sink(_item: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_pipeline(iter(int, 1), lambda n: n, sink)


def test_a_source_that_is_empty() -> None:
    taken: list[int] = []
    run_pipeline([], lambda n: n, taken.append)
    assert taken == []


def test_an_abandoned_queue_takes_nothing() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    queue.put(1)
    queue.abandon()
    with pytest.raises(AbandonedError):
        queue.put(2)
    queue.close()
    assert list(queue) == []

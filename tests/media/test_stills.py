from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputError
from impasto.media.frame import Frame
from impasto.media.protocols import FrameSink, FrameSource
from impasto.media.stills import ImageSink, ImageSource

from .pictures import gradient


def test_a_still_is_a_source_and_a_sink_of_one_frame(tmp_path: Path) -> None:
    sink = ImageSink(tmp_path / "a.png")
    assert isinstance(sink, FrameSink)
    sink.write(Frame(gradient()))
    sink.close()
    source = ImageSource(tmp_path / "a.png")
    assert isinstance(source, FrameSource)
    assert len(source) == 1
    for _ in range(2):
        (frame,) = source
        np.testing.assert_array_equal(frame.pixels, gradient())
        assert (frame.index, frame.pts) == (0, None)


def test_a_second_frame_and_an_unknown_suffix_are_refused(tmp_path: Path) -> None:
    sink = ImageSink(tmp_path / "a.jpg", quality=50)
    sink.write(Frame(gradient()))
    before = (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(OutputError, match="one frame only"):
        sink.write(Frame(gradient(seed=1)))
    assert (tmp_path / "a.jpg").read_bytes() == before
    with pytest.raises(OutputError, match="must end in"):
        ImageSink(tmp_path / "a.mp4")

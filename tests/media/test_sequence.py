"""Numbered pictures as a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputError, UnreadableMediaError, UsageError
from impasto.media.exr import write_exr
from impasto.media.frame import Frame
from impasto.media.image_read import read_image
from impasto.media.image_write import write_image
from impasto.media.protocols import FrameSink, FrameSource
from impasto.media.sequence import SequencePattern, SequenceSink, SequenceSource, check_sequences

pytest.importorskip("OpenImageIO")


def picture(number: int, dtype: type = np.uint8, size: tuple[int, int] = (6, 8)) -> Frame:
    values = np.random.default_rng(number).random((*size, 3))
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    return Frame((values * white).astype(dtype), index=number)


def fill(folder: Path, numbers: list[int], pattern: str = "%04d.png", dtype: type = np.uint8) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        frame = picture(number, dtype)
        path = folder / (pattern % number)
        if path.suffix == ".exr":
            write_exr(frame, path)
        else:
            write_image(frame, path)
    return folder / pattern


def test_pictures_come_in_order_with_times(tmp_path: Path) -> None:
    source = SequenceSource(fill(tmp_path, [8, 9, 10, 11]), rate=Fraction(30000, 1001))
    frames = list(source)
    assert isinstance(source, FrameSource)
    assert len(source) == len(frames) == 4
    assert source.first == 8
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.pts for frame in frames] == [Fraction(1001, 30000) * index for index in range(4)]
    for number, frame in enumerate(frames, 8):
        np.testing.assert_array_equal(frame.pixels, picture(number).pixels)
        assert frame.path == tmp_path / f"{number:04}.png"


@pytest.mark.parametrize(("start", "stop", "wanted"), [(1, 3, [1, 2]), (2, None, [2, 3]), (3, 9, [3]), (4, None, [])])
def test_a_part_is_read_without_the_rest(start: int, stop: int | None, wanted: list[int], tmp_path: Path) -> None:
    pattern = fill(tmp_path, [1, 2, 3, 4])
    for index in set(range(4)) - set(wanted):
        (tmp_path / f"{index + 1:04}.png").write_bytes(b"not to be read")
    assert [frame.index for frame in SequenceSource(pattern).frames(start, stop)] == wanted


@pytest.mark.parametrize("pattern", ["%04d.png", "shot_%d.png", "a.%06d.b.tif", "[x]+%03d.png"])
def test_patterns_find_their_pictures_only(pattern: str, tmp_path: Path) -> None:
    path = fill(tmp_path, [9, 10, 11], pattern)
    for other in ("0009.jpg", "shot_9.png.bak", "notes.txt", "00010.png", ".%04d.png", "shot_010.png"):
        (tmp_path / other).touch()
    assert SequencePattern(path).numbers() == [9, 10, 11]


@pytest.mark.parametrize("name", ["a.png", "%04d_%04d.png", "%s.png", "%4d.png", "100%_%04d.png", "%d/a.png"])
def test_names_that_are_no_patterns_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"%06d|folder"):
        SequencePattern(tmp_path / name)


def test_gaps_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match=r"lacks 2 of 6 pictures: 0003\.png, 0005\.png\.\n"):
        SequenceSource(fill(tmp_path / "a", [1, 2, 4, 6]))
    with pytest.raises(UnreadableMediaError, match=r"lacks 97 of 99 .*0002.*0006\.png and 92 more"):
        SequenceSource(fill(tmp_path / "b", [1, 99]))
    with pytest.raises(UnreadableMediaError, match="matches no picture"):
        SequenceSource(tmp_path / "c" / "%04d.png")


def test_a_rate_must_be_possible(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rate of 0"):
        SequenceSource(fill(tmp_path, [1]), rate=0)


def test_a_picture_of_another_size_or_a_damaged_one_is_named(tmp_path: Path) -> None:
    pattern = fill(tmp_path, [1, 2, 3])
    write_image(picture(2, size=(7, 8)), tmp_path / "0002.png")
    with pytest.raises(UnreadableMediaError, match=r"0002\.png is 8×7, and pictures before it are 8×6"):
        list(SequenceSource(pattern))
    (tmp_path / "0002.png").write_bytes((tmp_path / "0001.png").read_bytes()[:60])
    with pytest.raises(UnreadableMediaError, match=r"0002\.png"):
        list(SequenceSource(pattern))


@pytest.mark.parametrize(("suffix", "dtype"), [("png", np.uint8), ("png", np.uint16), ("tif", np.uint16)])
def test_what_is_written_is_what_was_read(suffix: str, dtype: type, tmp_path: Path) -> None:
    source = SequenceSource(fill(tmp_path / "in", [5, 6, 7], f"%06d.{suffix}", dtype))
    sink = SequenceSink(tmp_path / "out" / "deep" / f"%06d.{suffix}", first=source.first)
    assert isinstance(sink, FrameSink)
    for frame in source:
        sink.write(frame)
    sink.close()
    names = [path.name for path in sorted((tmp_path / "out" / "deep").iterdir())]
    assert names == [f"{number:06}.{suffix}" for number in (5, 6, 7)]
    for number in (5, 6, 7):
        after = read_image(tmp_path / "out" / "deep" / f"{number:06}.{suffix}").pixels
        assert after.dtype == dtype
        np.testing.assert_array_equal(after, picture(number, dtype).pixels)


def test_exr_keeps_its_halves_and_light_beyond_white(tmp_path: Path) -> None:
    pattern = fill(tmp_path / "in", [1, 2], "%06d.exr", np.float32)
    for frame in SequenceSource(pattern):
        assert frame.scene is not None
        frame.scene.gain[0] = 9
        write_exr(frame, pattern.with_name(pattern.name % (frame.index + 1)))
    sink = SequenceSink(tmp_path / "out" / "%06d.exr", first=1)
    before = list(SequenceSource(pattern))
    for frame in before:
        sink.write(frame)
    for old, new in zip(before, SequenceSource(tmp_path / "out" / "%06d.exr"), strict=True):
        assert old.scene is not None
        assert new.scene is not None
        assert new.scene.gain.max() > 4
        np.testing.assert_array_equal(new.pixels, old.pixels)
        np.testing.assert_array_equal(new.scene.gain, old.scene.gain)


@pytest.mark.parametrize(("suffix", "dtype"), [("png", np.uint16), ("tif", np.uint16), ("jpg", np.uint8)])
def test_floats_take_as_many_bits_as_a_format_has(suffix: str, dtype: type, tmp_path: Path) -> None:
    frame = picture(3, np.float32)
    SequenceSink(tmp_path / f"%d.{suffix}").write(frame)
    after = read_image(tmp_path / f"3.{suffix}").pixels
    assert after.dtype == dtype
    if dtype == np.uint16:
        np.testing.assert_array_equal(after, np.rint(frame.pixels * 65535))


def test_only_what_is_missing_has_to_be_rendered_again(tmp_path: Path) -> None:
    sink = SequenceSink(tmp_path / "out" / "%04d.png", first=100)
    assert sink.missing(4) == [0, 1, 2, 3]
    for index in (3, 1):
        sink.write(picture(index))
    (tmp_path / "out" / ".impasto-0123456789ab.png").write_bytes(b"what a killed worker leaves")
    assert sink.missing(4) == [0, 2]
    assert sink.path_of(3) == tmp_path / "out" / "0103.png"


def test_a_sink_refuses_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must end in one of"):
        SequenceSink(tmp_path / "%04d.xyz")
    with pytest.raises(UsageError, match="%06d"):
        SequenceSink(tmp_path / "out.png")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file cannot be made"):
        SequenceSink(tmp_path / "file" / "%04d.png")


def test_a_sequence_is_not_written_over_itself(tmp_path: Path) -> None:
    pattern = fill(tmp_path / "in", [1, 2])
    (tmp_path / "link").symlink_to(tmp_path / "in", target_is_directory=True)
    for output in (pattern, tmp_path / "link" / pattern.name):
        with pytest.raises(OutputError, match="is the input itself"):
            check_sequences(output, pattern)
    check_sequences(pattern, pattern, overwrite=True)
    check_sequences(tmp_path / "in" / "out_%04d.png", pattern)
    check_sequences(tmp_path / "out" / "%04d.png", pattern)

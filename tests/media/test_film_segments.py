"""Times for packets: each frame's own, and a decoding order that no player refuses."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from film_clips import film_pts, make_film
from film_segments import make_segments

from impasto.errors import OutputError
from impasto.media.film_segments import retimed_packets, survey_segments

MILLISECOND = Fraction(1, 1000)


def segments_of(tmp_path: Path, sizes: list[int], suffix: str = ".mkv", frames: int = 12, **options: str) -> list[Path]:
    source = make_film(tmp_path / "film.mkv", frames)
    return make_segments(source, tmp_path / "segments", sizes, suffix=suffix, options=options)


def shown_order(path: Path) -> list[int]:
    """The place of each packet's frame, by the times that the file gives."""
    with av.open(str(path)) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.size]
    return [sorted(times).index(time) for time in times]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".ts", ".nut"])
@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_ranks_are_the_order_in_which_frames_are_shown(suffix: str, b_frames: str, tmp_path: Path) -> None:
    paths = segments_of(tmp_path, [7, 1, 4], suffix, bf=b_frames)
    plan = survey_segments(paths)
    assert plan.num_frames == 12
    expected = [rank + start for path, start in zip(paths, (0, 7, 8), strict=True) for rank in shown_order(path)]
    assert [rank for ranks in plan.ranks for rank in ranks.tolist()] == expected
    assert sorted(expected) == list(range(12))
    assert (plan.depth > 0) == (b_frames != "0")


@pytest.mark.parametrize("vfr", [False, True])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(5, 2)])
def test_each_frame_gets_its_time_and_decoding_is_never_late(vfr: bool, start: Fraction, tmp_path: Path) -> None:
    plan = survey_segments(segments_of(tmp_path, [7, 5], bf="3"))
    times = film_pts(12, 25, vfr, start)
    base = Fraction(1, 12800)
    packets = list(retimed_packets(plan, times, Fraction(1, 25), base))
    ranks = [rank for ranks in plan.ranks for rank in ranks.tolist()]
    assert [packet.pts * base for packet in packets] == [times[rank] for rank in ranks]
    assert all(packet.time_base == base for packet in packets)
    decoded = [packet.dts for packet in packets]
    assert all(a < b for a, b in pairwise(decoded))
    assert all(packet.dts <= packet.pts for packet in packets)
    ends = sorted((packet.pts + packet.duration) * base for packet in packets)
    assert ends == [*times[1:], times[-1] + Fraction(1, 25)]


def test_decoding_begins_at_zero_at_the_earliest_where_it_can(tmp_path: Path) -> None:
    plan = survey_segments(segments_of(tmp_path, [7, 5], bf="3"))
    start = Fraction(plan.depth, 100)
    times = [start + time for time in film_pts(12)]
    packets = list(retimed_packets(plan, times, Fraction(1, 24), MILLISECOND))
    assert packets[0].dts == 0
    assert [packet.dts for packet in packets] == sorted({packet.dts for packet in packets})
    assert all(packet.dts <= packet.pts for packet in packets)


def test_one_frame_lasts_as_long_as_it_is_told(tmp_path: Path) -> None:
    plan = survey_segments(segments_of(tmp_path, [1], frames=1))
    (packet,) = retimed_packets(plan, [Fraction(3)], Fraction(1, 8), MILLISECOND)
    assert (packet.pts, packet.dts, packet.duration) == (3000, 3000, 125)


def test_packets_hold_what_the_segments_hold(tmp_path: Path) -> None:
    paths = segments_of(tmp_path, [6, 6], bf="2")
    plan = survey_segments(paths)
    written = []
    for path in paths:
        with av.open(str(path)) as container:
            written += [(bytes(packet), packet.is_keyframe) for packet in container.demux(video=0) if packet.size]
    packets = list(retimed_packets(plan, film_pts(12), Fraction(1, 24), MILLISECOND))
    assert [(bytes(packet), packet.is_keyframe) for packet in packets] == written
    assert packets[0].is_keyframe
    assert packets[6].is_keyframe


def test_no_segments_are_refused() -> None:
    with pytest.raises(OutputError, match="No segments"):
        survey_segments([])


def test_segments_of_other_settings_are_refused(tmp_path: Path) -> None:
    first = segments_of(tmp_path, [2])
    for name, options in {
        "size": {"size": (96, 64)},
        "depth": {"pixel_format": "yuv444p"},
        "codec": {"codec": "ffv1"},
    }.items():
        other = make_film(tmp_path / f"{name}.mkv", 2, **options)  # type: ignore[arg-type]
        with pytest.raises(OutputError, match=rf"{name}\.mkv is coded with other settings than .*000\.mkv"):
            survey_segments([*first, other])


def test_a_segment_without_frames_is_refused(tmp_path: Path) -> None:
    good = segments_of(tmp_path, [2])
    empty = tmp_path / "empty.avi"
    with av.open(str(good[0])) as before, av.open(str(empty), "w") as after:
        after.add_stream_from_template(before.streams.video[0], opaque=True)
        after.start_encoding()
    with pytest.raises(OutputError, match=r"empty\.avi holds no frames"):
        survey_segments([empty])


def test_avi_segments_are_taken_in_the_order_of_decoding(tmp_path: Path) -> None:
    plan = survey_segments(segments_of(tmp_path, [3, 2], ".avi", frames=5, bf="0"))
    assert [ranks.tolist() for ranks in plan.ranks] == [[0, 1, 2], [3, 4]]
    assert plan.depth == 0


def test_a_bitstream_filter_makes_one_packet_of_one(tmp_path: Path) -> None:
    plan = survey_segments(segments_of(tmp_path, [3, 2], ".mp4", frames=5, bf="0"))
    packets = list(retimed_packets(plan, film_pts(5), Fraction(1, 24), MILLISECOND, "h264_mp4toannexb"))
    assert len(packets) == 5
    assert all(bytes(packet)[:3] in (b"\0\0\0", b"\0\0\1") for packet in packets)
    assert packets[-1].pts == round(film_pts(5)[-1] * 1000)

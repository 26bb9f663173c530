"""Whether a written film is noticed to be another than was meant."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from film_clips import decoded_pts, film_pts, make_film, packet_bytes

from impasto.errors import OutputError
from impasto.media import film_check
from impasto.media.film_check import verify
from impasto.media.film_packets import PacketRecord, frame_times, record_packets

NUM_FRAMES = 24


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds as Matroska, whose packets are easily copied with a difference."""
    path = tmp_path_factory.mktemp("films") / "film.mkv"
    return make_film(
        path,
        NUM_FRAMES,
        audio=2,
        subtitles=1,
        chapters=2,
        attachment=b"font",
        metadata={"title": "A"},
        options={"bf": "2"},
    )


def altered(
    source: Path,
    output: Path,
    change: Callable[[Any], Any] = lambda packet: packet,
    *,
    without: int | None = None,
    mark: int = 0,
    chapters: bool = True,
    tags: bool = True,
    attachment: bytes = b"font",
) -> Path:
    """Copy a film, with each packet as `change` returns it; None leaves it out."""
    with av.open(str(source)) as before, av.open(str(output), "w") as after:
        copies = {}
        for stream in before.streams:
            if stream.index == without:
                continue
            if stream.type == "attachment":
                after.add_attachment(stream.name, stream.mimetype, attachment)
                continue
            copies[stream.index] = after.add_stream_from_template(stream, opaque=True)
            copies[stream.index].metadata.update(stream.metadata if tags else {})
            copies[stream.index].disposition = stream.disposition | mark
        if chapters:
            after.set_chapters(before.chapters())
        if tags:
            after.metadata.update(before.metadata)
        for packet in before.demux(*[before.streams[index] for index in copies]):
            index = packet.stream_index
            if (packet.dts is None and packet.size == 0) or (packet := change(packet)) is None:
                continue
            packet.stream = copies[index]
            after.mux(packet)
    return output


def is_last(packet: Any) -> bool:
    return bool(packet.pts == round(float(film_pts(NUM_FRAMES)[-1] * 1000)))


def replaced(packet: Any, data: bytes) -> Any:
    other = av.Packet(data)
    other.pts, other.dts, other.time_base, other.duration = packet.pts, packet.dts, packet.time_base, packet.duration
    other.is_keyframe = packet.is_keyframe
    return other


def later(packet: Any, ticks: int) -> Any:
    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
    return packet


def test_a_copy_passes(source: Path, tmp_path: Path) -> None:
    output = altered(source, tmp_path / "out.mkv")
    assert verify(output, source, decoded_pts(source)) == []
    assert verify(output, source, decoded_pts(source), decode_all=True) == []


def test_a_missing_and_a_doubled_frame_are_noticed(source: Path, tmp_path: Path) -> None:
    output = altered(source, tmp_path / "a.mkv", lambda p: None if p.stream_index == 0 and is_last(p) else p)
    with pytest.raises(OutputError, match="it has 23 frames, not 24"):
        verify(output, source, decoded_pts(source))
    with pytest.raises(OutputError, match="it has 24 frames, not 23"):
        verify(source, source, decoded_pts(source)[:-1])


def test_a_frame_at_another_time_is_noticed(source: Path) -> None:
    times = decoded_pts(source)
    times[7] += Fraction(1, 1000)
    with pytest.raises(OutputError, match=r"frame 7 is shown at 0\.2920 s, not at 0\.2930 s"):
        verify(source, source, times)


def test_times_finer_than_a_container_counts_are_told(source: Path) -> None:
    """24 frames a second are no whole thousandths."""
    assert any("1/1000" in warning for warning in verify(source, source, film_pts(NUM_FRAMES)))


def test_other_sound_is_noticed(source: Path, tmp_path: Path) -> None:
    def change(packet: Any) -> Any:
        if packet.stream_index == 1 and packet.pts > 500:
            data = bytearray(bytes(packet))
            data[-1] ^= 1
            return replaced(packet, bytes(data))
        return packet

    with pytest.raises(OutputError, match=r"the packets of Stream 1 \(audio, flac, eng\) are not those"):
        verify(altered(source, tmp_path / "a.mkv", change), source, decoded_pts(source))


def test_sound_that_is_late_or_cut_short_is_noticed(source: Path, tmp_path: Path) -> None:
    late = altered(source, tmp_path / "a.mkv", lambda p: later(p, 5) if p.stream_index == 2 else p)
    with pytest.raises(OutputError, match=r"Stream 2 \(audio, flac, fra\) is out of time .* by 0\.0050 s"):
        verify(late, source, decoded_pts(source))
    short = altered(source, tmp_path / "b.mkv", lambda p: None if p.stream_index == 2 and p.pts > 800 else p)
    with pytest.raises(OutputError, match=r"Stream 2 .* has \d+ packets, not \d+"):
        verify(short, source, decoded_pts(source))


@pytest.mark.parametrize(("index", "kind"), [(2, "audio"), (3, "subtitle"), (4, "attachment")])
def test_a_missing_stream_is_noticed(index: int, kind: str, source: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"streams of type {kind}, not"):
        verify(altered(source, tmp_path / "a.mkv", without=index), source, decoded_pts(source))


def test_another_attachment_is_noticed(source: Path, tmp_path: Path) -> None:
    output = altered(source, tmp_path / "a.mkv", attachment=b"tnof")
    with pytest.raises(OutputError, match=r"Stream 4 \(attachment, notes\.txt\) is not what"):
        verify(output, source, decoded_pts(source))


def test_frames_that_cannot_be_decoded_are_noticed(source: Path, tmp_path: Path) -> None:
    def change(packet: Any) -> Any:
        return replaced(packet, b"\0" * packet.size) if packet.stream_index == 0 and is_last(packet) else packet

    output = altered(source, tmp_path / "a.mkv", change)
    for everything in (False, True):
        with pytest.raises(OutputError, match="decoded"):
            verify(output, source, decoded_pts(source), decode_all=everything)


def test_damage_between_the_looks_is_noticed_on_request(tmp_path: Path) -> None:
    """Five frames are looked at: with 24 of them, each its own key frame, the second is not among them."""
    source = make_film(tmp_path / "film.mkv", NUM_FRAMES, gop=1)

    def change(packet: Any) -> Any:
        return replaced(packet, b"\0" * packet.size) if packet.pts == 42 else packet

    output = altered(source, tmp_path / "a.mkv", change)
    verify(output, source, decoded_pts(source))
    with pytest.raises(OutputError, match="decoded"):
        verify(output, source, decoded_pts(source), decode_all=True)


@pytest.mark.parametrize(("gop", "most"), [(10, 4 + 10), (100, 4 * 3 + 60)])
def test_a_long_film_is_checked_by_few_frames(
    gop: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key frames stand for themselves; only the last frame takes those before it."""
    source = make_film(tmp_path / "film.mkv", 60, size=(64, 48), gop=gop)
    decoded, count = film_check._decoded, []

    def counted(*arguments: Any) -> Any:
        for frame in decoded(*arguments):
            count.append(frame.pts)
            yield frame

    monkeypatch.setattr(film_check, "_decoded", counted)
    assert verify(source, source, decoded_pts(source)) == []
    assert len(count) <= most
    assert {0, max(count)} <= set(count)
    assert max(count) == round(decoded_pts(source)[-1] * 1000)


def test_frames_that_nothing_hangs_on_are_passed_over_on_the_way(tmp_path: Path) -> None:
    options = {"preset": "fast", "x264-params": "bframes=3:b-adapt=0:scenecut=0"}
    source = make_film(tmp_path / "film.mkv", 60, size=(64, 48), gop=100, options=options)
    times = [round(time * 1000) for time in decoded_pts(source)]
    found = [frame.pts for frame in film_check._decoded(source, None, Fraction(times[40], 1000))]
    assert set(times[40:]) <= set(found)
    assert len(found) < 50
    assert [frame.pts for frame in film_check._decoded(source, None)] == times


def test_where_no_key_frame_is_marked_frames_are_spread() -> None:
    record = PacketRecord(Fraction(1, 10))
    record.ticks.extend([30, 10, 20, 0, 40, 50, 60, 70, 80])
    assert film_check._looks(record) == [0, 2, 4, 6, 8]
    record.keys.extend([50, 10])
    assert film_check._looks(record) == [1, 5, 8]
    record.ticks[:] = record.ticks[:1]
    record.keys[:] = record.ticks[:1]
    assert film_check._looks(record) == [0]


def test_lost_tags_marks_and_chapters_are_told(source: Path, tmp_path: Path) -> None:
    output = altered(source, tmp_path / "a.mkv", tags=False, chapters=False)
    lost = verify(output, source, decoded_pts(source))
    assert "The tag 'title' is left out." in lost
    assert "Of 2 chapters, 0 are kept." in lost
    assert "Stream 1 (audio, flac, eng) loses its tag 'language'." in lost
    forced = altered(source, tmp_path / "b.mkv", mark=int(av.stream.Disposition.forced))
    (first, *_) = verify(source, forced, decoded_pts(source))
    assert first == "Stream 0 (video, h264) is no longer marked as forced."


def test_a_film_that_is_cut_short_is_noticed(source: Path, tmp_path: Path) -> None:
    whole = source.read_bytes()
    cut = tmp_path / "cut.mkv"
    for size in (len(whole) * 2 // 3, 200, 0):
        cut.write_bytes(whole[:size])
        with pytest.raises(OutputError, match="written film is not right"):
            verify(cut, source, decoded_pts(source))


def test_a_header_that_lies_about_the_length_is_noticed(source: Path, tmp_path: Path) -> None:
    content = bytearray(source.read_bytes())
    place = content.index(b"\x44\x89\x88") + 3
    content[place : place + 8] = bytes.fromhex("40b3880000000000")  # 5000 ms
    path = tmp_path / "long.mkv"
    path.write_bytes(bytes(content))
    with pytest.raises(OutputError, match=r"header says 5\.00 s, and its packets last 1\.0"):
        verify(path, source, decoded_pts(source))


def test_records_tell_packets_apart() -> None:
    def record(*packets: bytes) -> str:
        result = PacketRecord(Fraction(1, 10))
        for number, data in enumerate(packets):
            packet = av.Packet(data)
            packet.pts, packet.duration, packet.time_base = number, 1, Fraction(1, 10)
            result.add(packet)
        assert result.num_packets == len(packets)
        assert result.start == 0
        assert result.end == Fraction(len(packets), 10)
        return result.digest

    assert record(b"ab", b"c") == record(b"ab", b"c")
    assert len({record(b"ab", b"c"), record(b"a", b"bc"), record(b"abc"), record(b"c", b"ab")}) == 4


def test_packets_are_recorded_as_they_lie_in_the_file(source: Path) -> None:
    records = record_packets(source)
    assert sorted(records) == [0, 1, 2, 3]
    assert [records[n].num_packets for n in (1, 2)] == [len(packets) for packets in packet_bytes(source)]
    assert sorted(records[0].ticks) == [time * 1000 for time in decoded_pts(source)]
    assert list(record_packets(source, {2})) == [2]
    assert record_packets(source, {2})[2].digest == records[2].digest


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_times_of_frames_are_those_of_decoding(suffix: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / f"film{suffix}", 12, vfr=True, options={"bf": "3"})
    assert frame_times(path) == decoded_pts(path)

from __future__ import annotations

import io
import os
import stat
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impasto.errors import ImpastoError, OutputError, StyleFileError
from impasto.style import archive
from impasto.style.file import StyleFile, load_manifest, load_style, save_style, verify_style

from .conftest import flip, hand_made, make_manifest, make_style, manifest_text, write_zip

MEMBERS = ("generator", "discriminator", "weights", "preview")


def refuse(path: Path, *words: str) -> str:
    """Load what must be refused; return the message after checking that it names the file and is short."""
    with pytest.raises(StyleFileError) as caught:
        verify_style(path)
    message = str(caught.value)
    assert path.name in message
    assert len(message.replace(str(path), path.name)) < 300
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def test_a_style_comes_back_as_it_was(style: StyleFile, tmp_path: Path) -> None:
    written = save_style(style, tmp_path / "a.style")
    loaded = load_style(tmp_path / "a.style")
    assert loaded.manifest == written
    assert loaded.manifest.model_copy(update={"members": {}}) == style.manifest
    for member in MEMBERS:
        assert getattr(loaded, member) == getattr(style, member)


@given(
    generator=st.binary(min_size=0, max_size=3000),
    weights=st.none() | st.binary(max_size=3000),
    preview=st.none() | st.binary(max_size=100),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_any_bytes_come_back(generator: bytes, weights: bytes | None, preview: bytes | None, tmp_path: Path) -> None:
    save_style(StyleFile(make_manifest(), generator, None, weights, preview), tmp_path / "a.style")
    loaded = load_style(str(tmp_path / "a.style"))
    assert (loaded.generator, loaded.discriminator, loaded.weights, loaded.preview) == (
        generator,
        None,
        weights,
        preview,
    )


def test_the_same_style_gives_the_same_bytes(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    os.utime(tmp_path, (0, 0))
    save_style(load_style(tmp_path / "a.style"), tmp_path / "b.style")
    assert (tmp_path / "a.style").read_bytes() == (tmp_path / "b.style").read_bytes()


def test_is_an_ordinary_zip_with_a_readable_manifest(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    with zipfile.ZipFile(tmp_path / "a.style") as opened:
        assert opened.testzip() is None
        names = ["style.json", "generator.onnx", "discriminator.onnx", "weights.safetensors", "preview.jpg"]
        assert opened.namelist() == names
        assert b'\n  "name": "soft-print"' in opened.read("style.json")


def test_a_look_of_the_usual_size_fits_two_megabytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    networks = {name: noise.standard_normal(60_000).astype(np.float32).tobytes() for name in MEMBERS[:3]}
    save_style(make_style(**networks, preview=noise.bytes(60_000)), tmp_path / "a.style")
    assert (tmp_path / "a.style").stat().st_size <= sum(map(len, networks.values())) + 65_000 <= 2_000_000


def test_what_packs_extremely_well_can_still_be_loaded(tmp_path: Path) -> None:
    zeros = bytes(3 << 20)
    save_style(make_style(weights=zeros), tmp_path / "a.style")
    assert load_style(tmp_path / "a.style").weights == zeros


def test_the_weights_are_read_only_when_asked_for(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).bytes(8 << 20)
    save_style(make_style(weights=weights), tmp_path / "a.style")
    tracemalloc.start()
    try:
        loaded = load_style(tmp_path / "a.style")
        before = tracemalloc.get_traced_memory()[1]
        assert loaded.weights == weights
        after = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert before < 2 << 20
    assert after > 8 << 20


def test_damage_to_weights_does_not_stop_applying_but_is_found_when_read(style: StyleFile, tmp_path: Path) -> None:
    path = tmp_path / "a.style"
    save_style(make_style(weights=os.urandom(5000)), path)
    flip(path, "weights.safetensors")
    loaded = load_style(path)
    assert loaded.generator == style.generator
    with pytest.raises(StyleFileError, match=r"a\.style .*weights\.safetensors"):
        _ = loaded.weights


def test_a_file_removed_after_loading_is_named(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    loaded = load_style(tmp_path / "a.style")
    (tmp_path / "a.style").unlink()
    assert loaded.generator == style.generator
    with pytest.raises(StyleFileError, match=r"a\.style cannot be read"):
        _ = loaded.preview


def test_a_style_file_is_frozen(style: StyleFile) -> None:
    with pytest.raises(AttributeError):
        style.manifest = make_manifest(name="other")
    with pytest.raises(AttributeError):
        style.generator = b""  # type: ignore[misc]
    assert "soft-print" in repr(style)


# --- saving ---------------------------------------------------------------------------------------------------------


def test_saving_over_a_style_replaces_it(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    save_style(make_style(generator=b"new"), tmp_path / "a.style")
    assert load_style(tmp_path / "a.style").generator == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.style"]


def test_a_failed_save_leaves_the_old_file_alone(
    style: StyleFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_style(style, tmp_path / "a.style")
    before = (tmp_path / "a.style").read_bytes()

    def fill_the_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fill_the_disk)
    with pytest.raises(OutputError, match=r"a\.style.*full"):
        save_style(make_style(generator=b"new"), tmp_path / "a.style")
    assert (tmp_path / "a.style").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.style"]


@pytest.mark.parametrize("name", [".", "missing/a.style"])
def test_a_place_that_cannot_be_written(style: StyleFile, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError):
        save_style(style, tmp_path / name)


def test_nothing_is_saved_that_could_not_be_loaded(
    style: StyleFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(archive.MEMBER_LIMITS, "weights.safetensors", 1000)
    with pytest.raises(StyleFileError, match=r"weights\.safetensors"):
        save_style(style, tmp_path / "a.style")
    assert list(tmp_path.iterdir()) == []


# --- what is no style file ------------------------------------------------------------------------------------------


def test_a_file_made_by_hand_as_documented_loads(tmp_path: Path) -> None:
    assert verify_style(hand_made(tmp_path / "a.style")).generator == b"generator"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"P", "not a style file"),
        (b"\xff\xd8\xff\xe0 a picture", "not a style file"),
        (b"\x80\x04\x95 pickled", "not a style file"),
        (b"PK\x03\x04" + bytes(200), "truncated"),
    ],
)
def test_not_a_zip(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.style"
    path.write_bytes(content)
    refuse(path, words)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    refuse(write_zip(tmp_path / "a.style", [("photo.jpg", b"x")], comment=b""), "not a style file")
    refuse(write_zip(tmp_path / "b.style", [("photo.jpg", b"x")]), "style.json")


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "a.style").mkdir()
    refuse(tmp_path / "a.style", "folder")
    refuse(tmp_path / "b.style", "cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.style")
    refuse(tmp_path / "a.style", "regular file")


def test_truncation_anywhere_is_noticed(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "whole.style")
    data = (tmp_path / "whole.style").read_bytes()
    path = tmp_path / "a.style"
    for length in range(2, len(data), 37):
        path.write_bytes(data[:length])
        refuse(path, "truncated" if length < len(data) - 110 else "a.style")


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_a_flipped_bit_is_refused_or_harmless(position: int, bit: int, tmp_path: Path) -> None:
    style, path = make_style(), tmp_path / "a.style"
    written = save_style(style, path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 1 << bit
    path.write_bytes(data)
    try:
        loaded = verify_style(path)
    except StyleFileError as error:
        assert "a.style" in str(error)
    else:
        assert loaded.manifest == written
        assert all(getattr(loaded, member) == getattr(style, member) for member in MEMBERS)


@given(rubbish=st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_rubbish_is_refused(rubbish: bytes, tmp_path: Path) -> None:
    for start in (b"", b"PK\x03\x04"):
        (tmp_path / "a.style").write_bytes(start + rubbish)
        with pytest.raises(StyleFileError):
            load_style(tmp_path / "a.style")


@given(rubbish=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_a_rubbish_manifest_is_refused(rubbish: bytes, tmp_path: Path) -> None:
    with pytest.raises(StyleFileError):
        load_style(write_zip(tmp_path / "a.style", [("style.json", rubbish), ("generator.onnx", b"")]))


# --- what was changed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["generator.onnx", "preview.jpg"])
def test_an_exchanged_member(tmp_path: Path, member: str) -> None:
    members = {"generator.onnx": b"generator", "preview.jpg": b"preview"}
    entries = {"style.json": manifest_text(members), **members, member: b"another"}
    refuse(write_zip(tmp_path / "a.style", list(entries.items())), "was changed after it was saved", member)


def test_an_edited_manifest(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    with zipfile.ZipFile(tmp_path / "a.style") as opened:
        entries, comment = [(name, opened.read(name)) for name in opened.namelist()], opened.comment
    entries[0] = ("style.json", entries[0][1].replace(b"1.5", b"9.5"))
    refuse(write_zip(tmp_path / "a.style", entries, comment), "was changed after it was saved", "style.json")


def test_zipped_again_by_another_tool(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    with zipfile.ZipFile(tmp_path / "a.style") as opened:
        entries = [(name, opened.read(name)) for name in opened.namelist()]
    refuse(write_zip(tmp_path / "a.style", entries, comment=b""), "was changed after it was saved")


@pytest.mark.parametrize("where", ["front", "end"])
def test_something_glued_on(style: StyleFile, tmp_path: Path, where: str) -> None:
    path = tmp_path / "a.style"
    save_style(style, path)
    data = path.read_bytes()
    path.write_bytes(b"PK glued" + data if where == "front" else data + b"glued")
    refuse(path)


# --- what is from elsewhere in time ---------------------------------------------------------------------------------


def test_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    members = {"generator.onnx": b"generator", "brushes.bin": b"of the future"}
    path = hand_made(tmp_path / "a.style", members, schema_version=2, family="sculpture", needs=None)
    refuse(path, "newer", "pip install --upgrade impasto")


def test_a_key_of_a_later_release_of_the_same_version_is_ignored(tmp_path: Path) -> None:
    assert load_style(hand_made(tmp_path / "a.style", mood="wistful")).manifest.name == "soft-print"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": 0}, "schema_version"),
        ({"schema_version": "one"}, "schema_version"),
        ({"family": "sculpture"}, "family"),
        ({"needs": {}}, "thumbnail_side"),
        ({"name": "../../etc/passwd"}, "name"),
        ({"description": "\x1b]0;owned\x07"}, "description"),
        ({"metrics": {"fid": "good"}}, "metrics.fid"),
    ],
)
def test_a_manifest_that_describes_no_style(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    refuse(hand_made(tmp_path / "a.style", **changes), "does not describe a style", words)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"schema_version": 1}', b"[" * 50_000])
def test_a_manifest_that_is_not_one(tmp_path: Path, text: bytes) -> None:
    refuse(write_zip(tmp_path / "a.style", [("style.json", text), ("generator.onnx", b"")]))


# --- what is hostile ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "/etc/cron.d/evil",
        "a/../../evil",
        "C:\\evil.exe",
        "..\\evil",
        "folder/",
        "a/b",
        "..",
        ".",
        "evil\nname",
        "\x1b[2J",
        "nul\0.txt",
    ],
)
def test_a_path_that_leaves_the_file(tmp_path: Path, name: str) -> None:
    members = {"generator.onnx": b"generator"}
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    message = refuse(
        write_zip(tmp_path / "a.style", [("style.json", manifest_text(members)), *members.items(), (info, b"")])
    )
    assert message.isprintable()


def test_a_member_that_no_style_has(tmp_path: Path) -> None:
    members = {"generator.onnx": b"generator", "setup.py": b"import os"}
    refuse(hand_made(tmp_path / "a.style", members), "setup.py")
    unlisted = [
        ("style.json", manifest_text({"generator.onnx": b"g"})),
        ("generator.onnx", b"g"),
        ("preview.jpg", b"p"),
    ]
    refuse(write_zip(tmp_path / "b.style", unlisted), "preview.jpg")


def test_a_missing_member(tmp_path: Path) -> None:
    refuse(hand_made(tmp_path / "a.style", {"preview.jpg": b"p"}), "incomplete", "generator.onnx")
    text = manifest_text({"generator.onnx": b"g", "weights.safetensors": b"w"})
    refuse(write_zip(tmp_path / "b.style", [("style.json", text), ("generator.onnx", b"g")]), "weights.safetensors")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_member_twice(tmp_path: Path) -> None:
    members = {"generator.onnx": b"generator"}
    entries = [("style.json", manifest_text(members)), *members.items(), ("generator.onnx", b"another")]
    refuse(write_zip(tmp_path / "a.style", entries), "twice")


@pytest.mark.parametrize("count", [17, 2000])
def test_too_many_members(tmp_path: Path, count: int) -> None:
    members = {"generator.onnx": b"g"} | {f"member{index}": b"" for index in range(count)}
    refuse(hand_made(tmp_path / "a.style", members), "members")


def test_a_symbolic_link_inside(tmp_path: Path) -> None:
    members = {"generator.onnx": b"/etc/passwd"}
    info = zipfile.ZipInfo("generator.onnx")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    refuse(write_zip(tmp_path / "a.style", [("style.json", manifest_text(members)), (info, b"/etc/passwd")]), "link")


def test_a_symbolic_link_to_a_style_is_followed(style: StyleFile, tmp_path: Path) -> None:
    save_style(style, tmp_path / "a.style")
    (tmp_path / "b.style").symlink_to(tmp_path / "a.style")
    assert load_manifest(tmp_path / "b.style").name == "soft-print"


def test_another_packing(tmp_path: Path) -> None:
    members = {"generator.onnx": b"generator" * 100}
    info = zipfile.ZipInfo("generator.onnx")
    info.compress_type = zipfile.ZIP_LZMA
    entries = [("style.json", manifest_text(members)), (info, members["generator.onnx"])]
    refuse(write_zip(tmp_path / "a.style", entries), "packing")


@pytest.mark.parametrize("member", ["generator.onnx", "style.json"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, member: str) -> None:
    bomb = bytes(40 << 20)
    entries = {"style.json": manifest_text({"generator.onnx": bomb}), "generator.onnx": bomb, member: bomb}
    path = write_zip(tmp_path / "a.style", list(entries.items()))
    del bomb, entries
    tracemalloc.start()
    try:
        refuse(path, "unpack", "MiB")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_limits_hold_for_each_member_and_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.style"
    save_style(make_style(weights=os.urandom(60_000)), path)
    monkeypatch.setattr(archive, "TOTAL_LIMIT", 60_000)
    refuse(path, "at most 60,000 bytes")
    monkeypatch.undo()
    monkeypatch.setitem(archive.MEMBER_LIMITS, "weights.safetensors", 50_000)
    refuse(path, "weights.safetensors", "60,000 bytes")


def test_a_declared_size_that_lies(tmp_path: Path) -> None:
    """A member that says it has 100 bytes and unpacks to 40 MB gives no more than 100, and fails its checks."""
    bomb = bytes(40 << 20)
    path = write_zip(
        tmp_path / "a.style", [("style.json", manifest_text({"generator.onnx": bomb})), ("generator.onnx", bomb)]
    )
    data = path.read_bytes().replace(struct.pack("<L", len(bomb)), struct.pack("<L", 100))
    path.write_bytes(data)
    tracemalloc.start()
    try:
        refuse(path, "generator.onnx")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_directory_of_a_million_entries_is_not_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for index in range(400):
            opened.writestr(f"{index:0100}", b"")
        opened.comment = b"impasto style sha256 " + b"0" * 64
    (tmp_path / "a.style").write_bytes(stream.getvalue())
    refuse(tmp_path / "a.style", "too many")


def test_a_second_last_record_hidden_in_the_first(tmp_path: Path) -> None:
    path = hand_made(tmp_path / "a.style")
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 16 : end + 20] = b"PK\x05\x06"
    path.write_bytes(data)
    refuse(path)


def test_no_archive_ever_reaches_pickle(style: StyleFile, tmp_path: Path) -> None:
    """Every module of the style package is free of pickle, marshal and eval."""
    for source in Path(sys.modules[StyleFile.__module__].__file__ or "").parent.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert not any(word in text for word in ("import pickle", "import marshal", "eval(", "exec(", "torch.load"))


def test_every_refusal_is_one_kind_of_error(tmp_path: Path) -> None:
    assert issubclass(StyleFileError, ImpastoError)
    with pytest.raises(ValueError, match="not a style file"):
        (tmp_path / "a.style").write_bytes(b"nothing")
        load_style(tmp_path / "a.style")

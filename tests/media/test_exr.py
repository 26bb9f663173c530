"""OpenEXR pictures: light beyond white, and all that compositing puts into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import MissingExtraError, OutputError, UnreadableMediaError
from impasto.media.exr import read_exr, write_exr
from impasto.media.frame import Frame
from impasto.media.scene_light import decode_srgb

oiio = pytest.importorskip("OpenImageIO")


def save(
    path: Path, pixels: np.ndarray, names: tuple[str, ...] = ("R", "G", "B"), kind: str = "half", **attributes: Any
) -> Path:
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    spec.channelnames = names
    for name, value in attributes.items():
        if name == "origin":
            spec.x, spec.y = value
            spec.full_width, spec.full_height = pixels.shape[1] + 8, pixels.shape[0] + 8
        elif name == "kinds":
            spec.channelformats = value
        elif name == "chromaticities":
            spec.attribute(name, oiio.TypeDesc("float[8]"), value)
        else:
            spec.attribute(name, value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(np.ascontiguousarray(pixels, np.float32)), output.geterror()
    assert output.close()
    return path


def load(path: Path) -> tuple[np.ndarray, Any]:
    source = oiio.ImageInput.open(str(path))
    try:
        return source.read_image("float"), source.spec()
    finally:
        source.close()


@pytest.fixture
def scene() -> np.ndarray:
    """Light up to 12 times white, in halves."""
    values = np.random.default_rng(1).gamma(0.6, 1.2, (9, 13, 3)).clip(0, 12)
    return values.astype(np.float16).astype(np.float32)


def test_a_style_that_changes_nothing_gives_the_same_halves(scene: np.ndarray, tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", scene)
    frame = read_exr(path)
    assert frame.pixels.dtype == np.float32
    assert (frame.pixels.min(), frame.pixels.max()) >= (0, 0)
    assert frame.pixels.max() <= 1
    assert frame.color.bit_depth == 16
    write_exr(frame, tmp_path / "b.exr")
    after, spec = load(tmp_path / "b.exr")
    assert (spec.format, spec.channelnames) == ("half", ("R", "G", "B"))
    assert scene.max() > 5
    np.testing.assert_array_equal(after, scene)


def test_highlights_beyond_white_survive_a_look(scene: np.ndarray, tmp_path: Path) -> None:
    frame = read_exr(save(tmp_path / "a.exr", scene))
    write_exr(frame.with_pixels(frame.pixels * np.float32(0.9)), tmp_path / "b.exr")
    after, _ = load(tmp_path / "b.exr")
    bright = scene.max(axis=2) > 2
    assert bright.any()
    ratio = after.max(axis=2)[bright] / scene.max(axis=2)[bright]
    np.testing.assert_allclose(ratio, decode_srgb(np.float32([0.9]))[0], rtol=2e-3)


def test_other_channels_windows_and_timecode_are_copied(scene: np.ndarray, tmp_path: Path) -> None:
    depth = np.linspace(1, 1e6, 9 * 13, dtype=np.float32).reshape(9, 13, 1)
    path = save(
        *(tmp_path / "a.exr", np.concatenate([scene, depth], axis=2), ("R", "G", "B", "Z")),
        **{"kinds": ("half", "half", "half", "float"), "origin": (3, 4), "owner": "shot 12", "compression": "zips"},
    )
    frame = read_exr(path)
    write_exr(frame.with_pixels(frame.pixels[..., ::-1].copy()), tmp_path / "b.exr")
    (before, old), (after, new) = load(path), load(tmp_path / "b.exr")
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    assert not np.array_equal(after[..., :3], before[..., :3])
    assert new.channelnames == old.channelnames
    assert [str(new.channelformat(n)) for n in range(4)] == ["half", "half", "half", "float"]
    assert (new.x, new.y, new.full_width, new.full_height) == (3, 4, 21, 17)
    described = [{each.name: each.value for each in spec.extra_attribs} for spec in (old, new)]
    assert described[0] == described[1]
    assert "shot 12" in described[1].values()
    assert described[1]["compression"] == "zips"


def test_full_floats_stay_full_floats(tmp_path: Path) -> None:
    values = np.full((2, 3, 3), 1e6, np.float32)
    path = save(tmp_path / "a.exr", values, kind="float")
    frame = read_exr(path)
    assert frame.color.bit_depth == 32
    write_exr(frame, tmp_path / "b.exr")
    np.testing.assert_allclose(load(tmp_path / "b.exr")[0], values, rtol=1e-5)


def test_what_is_too_bright_for_halves_does_not_become_infinite(tmp_path: Path) -> None:
    frame = read_exr(save(tmp_path / "a.exr", np.full((2, 2, 3), 60000, np.float32)))
    assert frame.scene is not None
    frame.scene.gain[...] *= 2
    write_exr(frame, tmp_path / "b.exr")
    assert load(tmp_path / "b.exr")[0].max() == 65504


def test_a_style_sees_colours_that_are_not_multiplied_by_alpha(tmp_path: Path) -> None:
    alpha = np.array([[1, 0.5, 0.25, 0]], np.float32)[..., None]
    glow = np.array([[[0.2, 0.1, 0.4]]], np.float32)
    pixels = np.concatenate([np.where(alpha > 0, glow * alpha, glow), alpha], axis=2)
    path = save(tmp_path / "a.exr", pixels, ("R", "G", "B", "A"), kind="float")
    frame = read_exr(path)
    np.testing.assert_allclose(decode_srgb(frame.pixels), np.broadcast_to(glow, (1, 4, 3)), rtol=1e-4)
    assert frame.alpha is not None
    np.testing.assert_array_equal(frame.alpha, alpha[..., 0])
    write_exr(frame, tmp_path / "b.exr")
    np.testing.assert_allclose(load(tmp_path / "b.exr")[0], pixels, rtol=1e-5, atol=1e-7)


def test_the_primaries_of_the_file_are_kept(tmp_path: Path) -> None:
    ap1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
    values = np.full((1, 1, 3), [0.1, 0.5, 0.1], np.float32)
    path = save(tmp_path / "a.exr", values, kind="float", chromaticities=ap1)
    plain = read_exr(save(tmp_path / "c.exr", values, kind="float"))
    frame = read_exr(path)
    assert frame.pixels[0, 0, 1] > plain.pixels[0, 0, 1]
    write_exr(frame, tmp_path / "b.exr")
    after, spec = load(tmp_path / "b.exr")
    np.testing.assert_allclose(after, values, rtol=1e-4)
    np.testing.assert_allclose(spec.getattribute("chromaticities"), ap1, rtol=1e-5)


def test_all_parts_are_copied(scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    specs = []
    for name in ("beauty", "matte"):
        spec = oiio.ImageSpec(13, 9, 3, "half")
        spec.attribute("oiio:subimagename", name)
        specs.append(spec)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), tuple(specs))
    assert output.write_image(scene)
    assert output.open(str(path), specs[1], "AppendSubimage")
    assert output.write_image(scene / 2)
    assert output.close()
    frame = read_exr(path)
    write_exr(frame.with_pixels(frame.pixels / 2), tmp_path / "b.exr")
    source = oiio.ImageInput.open(str(tmp_path / "b.exr"))
    assert source.seek_subimage(1, 0)
    assert source.spec().getattribute("oiio:subimagename") == "matte"
    np.testing.assert_array_equal(source.read_image(1, 0, 0, 3, "float"), (scene / 2).astype(np.float16))
    source.close()
    assert load(tmp_path / "b.exr")[0].max() < scene.max()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_picture_for_displays_becomes_linear_halves(dtype: type, tmp_path: Path) -> None:
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    pixels = np.zeros((2, 2, 3), dtype)
    pixels[0] = white
    alpha = np.full((2, 2), white, dtype)
    alpha[0, 1] = 0
    write_exr(Frame(pixels, alpha=alpha), tmp_path / "a.exr")
    after, spec = load(tmp_path / "a.exr")
    assert (str(spec.format), spec.channelnames) == ("half", ("R", "G", "B", "A"))
    np.testing.assert_array_equal(after[0], [[1, 1, 1, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(after[1, 0], [0, 0, 0, 1])


def test_files_that_cannot_be_used_are_named(scene: np.ndarray, tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", scene)
    cut = tmp_path / "cut.exr"
    cut.write_bytes(path.read_bytes()[:-60])
    junk = tmp_path / "junk.exr"
    junk.write_bytes(b"no picture at all, only words")
    mono = save(tmp_path / "mono.exr", scene[..., :1], ("Y",))
    empty = tmp_path / "empty.exr"
    empty.touch()
    for broken, text in [(cut, "damaged"), (junk, "junk.exr"), (mono, "no channels R, G and B, but Y"), (empty, "0 b")]:
        with pytest.raises(UnreadableMediaError, match=text) as caught:
            read_exr(broken)
        assert broken.name in str(caught.value)
    with pytest.raises(UnreadableMediaError, match="does not exist"):
        read_exr(tmp_path / "gone.exr")


def test_an_output_that_cannot_be_written_leaves_nothing(scene: np.ndarray, tmp_path: Path) -> None:
    frame = read_exr(save(tmp_path / "a.exr", scene))
    with pytest.raises(OutputError, match=r"gone.b\.exr"):
        write_exr(frame, tmp_path / "gone" / "b.exr")
    with pytest.raises(OutputError, match="cannot take the place"):
        write_exr(frame.with_pixels(frame.pixels[:4]), tmp_path / "b.exr")
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]


def test_without_the_extra_it_says_what_to_install(
    scene: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.exr", scene)
    monkeypatch.setitem(__import__("sys").modules, "OpenImageIO", None)
    with pytest.raises(MissingExtraError, match=r"impasto\[photo\]"):
        read_exr(path)

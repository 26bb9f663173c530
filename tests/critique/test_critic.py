"""A whole photo: each measure at its place, whatever the file is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.critique import critic, pixel_blocks
from impasto.critique.critic import critique_file, critique_frame
from impasto.critique.finding import Critique, Finding, Level, unknown
from impasto.errors import UnreadableMediaError
from impasto.media.frame import Frame

from .constructed import as_picture, blurred, noisy, patches, sea

ALWAYS = {"sharpness", "noise", "exposure", "contrast", "highlights", "shadows", "white balance", "horizon", "faces"}


@pytest.fixture(autouse=True)
def without_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critic, "find_faces", lambda pixels: ())


def test_every_measure_is_taken_and_knows_nothing_of_the_others() -> None:
    plane = blurred(patches(300, 400, side=60), 2)
    seen = critique_frame(Frame(noisy(plane, 3)))
    assert {finding.name for finding in seen.findings} == ALWAYS
    assert seen["sharpness"].value == pytest.approx(2, rel=0.2)
    assert seen["noise"].value == pytest.approx(3, rel=0.15)
    assert seen["highlights"].value == 0
    assert seen["faces"].value == 0
    assert (seen.width, seen.height) == (400, 300)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_depth_does_not_matter(dtype: type) -> None:
    levels = noisy(sea(2, 400, 600), 3)
    pixels = {np.uint8: levels, np.uint16: levels.astype(np.uint16) * 257, np.float32: levels / np.float32(255)}[dtype]
    seen = critique_frame(Frame(pixels))
    assert seen["horizon"].value == pytest.approx(2, abs=0.1)
    assert seen["noise"].value == pytest.approx(3, rel=0.15)
    assert seen["exposure"].value == pytest.approx(critique_frame(Frame(levels))["exposure"].value, abs=0.01)


def test_the_angle_survives_being_made_small() -> None:
    seen = critique_frame(Frame(as_picture(sea(-3, 1100, 1700))))
    assert seen["horizon"].value == pytest.approx(-3, abs=0.1)
    assert seen.horizon is not None


def test_noise_and_sharpness_are_of_the_full_size() -> None:
    """Made small, both would vanish."""
    seen = critique_frame(Frame(noisy(blurred(patches(1000, 1200, side=100), 3), 6)))
    assert seen["sharpness"].value == pytest.approx(3, rel=0.2)
    assert seen["noise"].value == pytest.approx(6, rel=0.1)


def test_faces_reach_every_measure_that_is_about_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critic, "find_faces", lambda pixels: ((0.25, 0.25, 0.5, 0.75),))
    pixels = as_picture(blurred(patches(300, 400), 1))
    pixels[100:140, 120:160] = 255
    seen = critique_frame(Frame(pixels))
    assert seen["sharpness of the face"].value is not None
    assert seen["highlights"].details["face"] == pytest.approx(1600 / (100 * 150), abs=0.01)
    assert seen["face"].value == pytest.approx(50)
    assert seen.faces == ((0.25, 0.25, 0.5, 0.75),)


@pytest.mark.parametrize("shape", [(20, 400), (400, 20), (1, 1)])
def test_tiny_pictures_are_refused_by_name(shape: tuple[int, int]) -> None:
    frame = Frame(np.zeros((*shape, 3), np.uint8), path=Path("tiny.png"))
    with pytest.raises(UnreadableMediaError, match=r"tiny.png is .* needs 32"):
        critique_frame(frame)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_invents_nothing(level: int) -> None:
    seen = critique_frame(Frame(np.full((200, 300, 3), level, np.uint8)))
    for name in ("sharpness", "white balance", "horizon"):
        assert seen[name].level is Level.UNKNOWN
        assert seen[name].value is None
        assert seen[name].phrase.startswith("cannot be told")
    assert seen["highlights"].value == (100 if level == 255 else 0)
    assert seen["shadows"].value == (100 if level == 0 else 0)


@pytest.mark.parametrize("shape", [(32, 32), (33, 2000), (2000, 33)])
def test_any_shape_is_measured(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert critique_frame(Frame(pixels))["contrast"].value is not None


def test_clipping_is_counted_before_colours_are_converted(tmp_path: Path) -> None:
    """A colour of a wide space is outside sRGB, but not clipped in the file."""
    from PIL import ImageCms

    from impasto.media.image_read import read_image

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "a.png"
    Image.fromarray(np.full((64, 64, 3), 250, np.uint8)).save(path, icc_profile=icc)
    frame = read_image(path)
    assert critique_frame(frame)["highlights"].value == 0


def test_files_are_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(as_picture(sea(2))).copy()).save(tmp_path / "a.jpg", exif=exif, quality=95)
    seen, frame = critique_file(tmp_path / "a.jpg")
    assert (seen.width, seen.height) == (400, 300)
    assert frame.path == tmp_path / "a.jpg"
    assert seen["horizon"].value == pytest.approx(2, abs=0.15)


def test_grey_files_are_read(tmp_path: Path) -> None:
    Image.fromarray(as_picture(patches())[..., 0]).save(tmp_path / "a.png")
    seen, _ = critique_file(tmp_path / "a.png")
    assert "black and white" in seen["white balance"].phrase


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    with pytest.raises(UnreadableMediaError, match=r"a\.jpg"):
        critique_file(tmp_path / "a.jpg")


# --- findings and blocks --------------------------------------------------------------------------------------------


def test_findings_become_plain_json() -> None:
    finding = Finding("noise", Level.LOOK, "strong", 8.123456, "levels", {"red": 1 / 3})
    assert json.loads(json.dumps(finding.as_json())) == {
        "name": "noise",
        "level": "look",
        "value": 8.1235,
        "unit": "levels",
        "phrase": "strong",
        "details": {"red": 0.3333},
    }
    assert unknown("noise", "why").as_json()["value"] is None


def test_findings_are_found_by_name() -> None:
    seen = Critique(1, 1, (unknown("a", "x"), unknown("b", "y")))
    assert seen["b"].phrase.endswith("y")
    with pytest.raises(KeyError, match="c"):
        seen["c"]


def test_field_means_add_up_whatever_the_shape() -> None:
    plane = np.random.default_rng(0).random((70, 101)).astype(np.float32)
    grid = pixel_blocks.field_means(plane, 10)
    assert grid.shape == (7, 10)
    np.testing.assert_allclose(grid[0, 0], plane[:10, :10].mean(), rtol=1e-5)
    assert pixel_blocks.field_means(plane[:2, :3], 10).shape == (2, 3)


def test_halving_leaves_an_odd_edge_out() -> None:
    plane = np.arange(15, dtype=np.float32).reshape(3, 5)
    np.testing.assert_allclose(pixel_blocks.halved(plane), [[3, 5]])


@pytest.mark.parametrize("height", [1, 99, 100, 101, 350])
def test_strips_cover_every_row_once(height: int) -> None:
    rows = np.arange(height)
    parts = [rows[read][kept] for read, kept in pixel_blocks.strips(height, 100, 8)]
    np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_luma_and_levels_are_of_255() -> None:
    pixels = np.full((2, 2, 3), 65535, np.uint16)
    np.testing.assert_allclose(pixel_blocks.to_luma(pixels), 255, rtol=1e-5)
    np.testing.assert_allclose(pixel_blocks.to_levels(pixels), 255, rtol=1e-5)

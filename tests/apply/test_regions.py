from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.apply import regions
from impasto.apply.regions import region_for
from impasto.errors import MissingExtraError, UnreadableMediaError, UnusablePixelsError, UsageError
from impasto.media.frame import Frame
from impasto.vision import faces, matte
from impasto.vision.faces import FaceBox


def frame_of(height: int, width: int, path: Path | None = None) -> Frame:
    return Frame(np.full((height, width, 3), 128, np.uint8), path=path)


def saved(values: np.ndarray, path: Path, **options) -> Path:
    Image.fromarray(values).save(path, **options)
    return path


HALF = np.repeat(np.array([[0, 255]], np.uint8), 30, axis=1).repeat(40, axis=0)


# --- masks ----------------------------------------------------------------------------------------------------------


def test_a_mask_file_is_read_once_and_fits_its_picture(tmp_path):
    path = saved(HALF, tmp_path / "mask.png")
    region = region_for(path)
    path.unlink()
    np.testing.assert_array_equal(region(frame_of(40, 60)), HALF)
    np.testing.assert_array_equal(region_for(str(saved(HALF, path)))(frame_of(40, 60)), HALF)


def test_a_mask_with_transparency_selects_nothing_there(tmp_path):
    rgba = np.full((40, 60, 4), 255, np.uint8)
    rgba[:, :30, 3] = 0
    mask = region_for(saved(rgba, tmp_path / "mask.png"))(frame_of(40, 60))
    np.testing.assert_array_equal(mask, HALF)


def test_a_mask_is_turned_upright_like_the_picture(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # stored lying on its left side
    path = saved(np.rot90(HALF), tmp_path / "mask.jpg", exif=exif.tobytes(), quality=100)
    mask = region_for(path)(frame_of(40, 60))
    assert mask.shape == (40, 60)
    assert np.abs(mask.astype(int) - HALF).max() < 40


@pytest.mark.parametrize("size", [(80, 120), (20, 30), (41, 61), (4, 6)])
def test_a_mask_of_another_size_but_the_same_aspect_will_do(size):
    assert region_for(HALF)(frame_of(*size)) is not None


@pytest.mark.parametrize("size", [(60, 40), (40, 40), (400, 640), (400, 580)])
def test_a_mask_of_another_aspect_is_refused_with_both_sizes(tmp_path, size):
    path = saved(HALF, tmp_path / "mask.png")
    with pytest.raises(UsageError) as refused:
        region_for(path)(frame_of(*size, path=Path("a.jpg")))
    message = str(refused.value)
    assert "a.jpg" in message
    assert f"{size[1]}×{size[0]}" in message
    assert "60×40" in message
    assert str(path) in message


def test_a_mask_that_cannot_be_read(tmp_path):
    with pytest.raises(UnreadableMediaError, match=r"nowhere\.png"):
        region_for(tmp_path / "nowhere.png")
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    with pytest.raises(UnreadableMediaError, match=r"text\.png"):
        region_for(tmp_path / "text.png")


def test_a_region_that_there_is_not():
    with pytest.raises(UsageError, match=r"no region or mask 'subjct'.*subject, background, face-soft"):
        region_for("subjct")


@pytest.mark.parametrize("dtype", [np.bool_, np.float64, np.uint16])
def test_arrays_of_several_kinds(dtype):
    given = (HALF > 0).astype(dtype) * np.array(65535 if dtype == np.uint16 else 1, dtype)
    mask = region_for(given)(frame_of(40, 60))
    white = 65535 if mask.dtype == np.uint16 else 1
    np.testing.assert_array_equal(mask / white, HALF / 255)


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.int64),
        np.full((4, 4), np.nan),
        np.full((4, 4), 1.5),
        np.full((4, 4), -0.5, np.float32),
    ],
)
def test_arrays_that_are_no_masks(mask):
    with pytest.raises(UnusablePixelsError, match="mask"):
        region_for(mask)


# --- faces ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def seen_faces(monkeypatch) -> list[FaceBox]:
    boxes: list[FaceBox] = []
    monkeypatch.setattr(faces, "faces_available", lambda: True)
    monkeypatch.setattr(faces, "detect_faces", lambda pixels: boxes)
    return boxes


def test_the_style_fades_to_half_on_a_face_and_softly_comes_back(seen_faces):
    seen_faces.append(FaceBox(80, 90, 40, 50, 0.9))
    mask = region_for("face-soft")(frame_of(200, 200))
    assert mask[110, 100] == pytest.approx(0.5)
    assert mask[95:135, 90:110].max() < 0.6
    assert mask[0, 0] == mask[-1, -1] == 1
    assert mask[110].min() == pytest.approx(0.5)
    assert np.abs(np.diff(mask, axis=0)).max() < 0.06
    assert np.abs(np.diff(mask, axis=1)).max() < 0.08


def test_two_faces_do_not_add_up(seen_faces):
    seen_faces += [FaceBox(80, 90, 40, 50, 0.9), FaceBox(90, 95, 40, 50, 0.8)]
    assert region_for("face-soft")(frame_of(200, 200)).min() == pytest.approx(0.5)


def test_a_photo_without_a_face_is_painted_whole(seen_faces):
    assert region_for("face-soft")(frame_of(100, 150)) is None


def test_faces_need_packages(monkeypatch):
    monkeypatch.setattr(faces, "faces_available", lambda: False)
    with pytest.raises(MissingExtraError, match=r"impasto\[faces\]"):
        region_for("face-soft")


def test_what_is_looked_at_is_small_and_in_srgb(seen_faces, monkeypatch):
    looked: list[np.ndarray] = []
    monkeypatch.setattr(faces, "detect_faces", lambda pixels: looked.append(pixels) or [])
    region_for("face-soft")(frame_of(3000, 1000))
    assert looked[0].shape == (1536, 512, 3)
    assert looked[0].dtype == np.float32
    assert np.abs(looked[0] - 128 / 255).max() < 1e-5


# --- people ---------------------------------------------------------------------------------------------------------


def test_subject_and_background_complement_each_other(monkeypatch):
    share = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    monkeypatch.setattr(matte, "load_matte", lambda: lambda pixels: share)
    frame = frame_of(30, 40)
    np.testing.assert_array_equal(region_for("subject")(frame), share)
    assert region_for("background")(frame) == pytest.approx(1 - share)


@pytest.mark.parametrize("where", ["subject", "background"])
def test_people_need_packages(monkeypatch, where):
    monkeypatch.setattr(matte, "_model_path", lambda: None)
    with pytest.raises(MissingExtraError, match=r"impasto\[video\].*mediapipe.*mask"):
        region_for(where)


def test_every_region_is_listed():
    assert set(regions.REGIONS) == {"subject", "background", "face-soft"}

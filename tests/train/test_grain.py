"""Grain that is known is laid over smooth pictures, looked for, and laid down again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.apply.finish import finish_picture
from impasto.errors import UsageError
from impasto.media.frame import Frame
from impasto.style.finish import BAND_FREQUENCIES, LIGHTNESSES, NUM_BANDS, USUAL_GRAIN, Finish, Grain
from impasto.train.grain import check_finish, choose_finish, combine_studies, learn_grain
from impasto.train.grain_study import study_pixels

Bytes = NDArray[np.uint8]

COARSE = Grain(
    amounts=(0.01, 0.02, 0.03, 0.04, 0.045, 0.04, 0.03, 0.02, 0.01),
    spectrum=tuple(float(np.exp(-((frequency / 90) ** 2))) for frequency in BAND_FREQUENCIES),
)
INNER = slice(2, 7)


def smooth(seed: int, size: tuple[int, int] = (480, 640)) -> Bytes:
    """Return a picture of soft colours of every lightness, that shows nothing."""
    random = np.random.default_rng(seed)
    light, tint = random.uniform(25, 230, (4, 5, 1)), random.uniform(-20, 20, (4, 5, 3))
    coarse = (light + tint).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def grainy(seed: int, grain: Grain, size: tuple[int, int] = (480, 640)) -> Bytes:
    return finish_picture(Frame(smooth(seed, size)), Finish(grain=grain), seed, num_threads=1).pixels


def textured(seed: int) -> Bytes:
    """Return a picture that is all lines, edges and slopes."""
    y, x = np.mgrid[0:480, 0:640]
    random = np.random.default_rng(seed)
    waves = sum(np.sin(x / a + y / b + c) for a, b, c in random.uniform(6, 60, (7, 3)))
    return np.repeat((128 + 20 * waves).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def learned(pictures: list[Bytes]) -> Grain:
    grain = combine_studies([study_pixels(picture) for picture in pictures])
    assert grain is not None
    return grain


def jpeg(picture: Bytes, quality: int) -> Bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def visible_deviation(grain: Grain, height: int) -> NDArray[np.float64]:
    """Return the deviation by lightness that a picture of that height shows."""
    frequency = np.linspace(1, height / 2, 400)
    return np.array(grain.amounts) * np.sqrt((grain.density(frequency) * frequency).sum() * 2 * np.pi * frequency[0])


@pytest.fixture(scope="module")
def coarse_study() -> Grain:
    return learned([grainy(seed, COARSE) for seed in range(4)])


def test_amounts_are_found_by_lightness(coarse_study: Grain) -> None:
    assert coarse_study.amounts[INNER] == pytest.approx(COARSE.amounts[INNER], rel=0.15)


def test_less_is_taken_for_granted_where_nothing_was_seen() -> None:
    study = study_pixels((grainy(0, COARSE) * 0.4 + 60).astype(np.uint8))
    found = combine_studies([study])
    assert found is not None
    lit = np.flatnonzero(np.isfinite(study.luma).any(axis=1))
    assert 0 < lit[0] <= lit[-1] < 8
    assert found.amounts[0] < found.amounts[lit[0]]
    assert found.amounts[8] < 0.5 * found.amounts[lit[-1]]


def test_the_spectrum_is_found(coarse_study: Grain) -> None:
    bands = slice(4, 8)
    found, true = (grain.density(BAND_FREQUENCIES[bands]) for grain in (coarse_study, COARSE))
    assert found == pytest.approx(true, rel=0.25)
    assert coarse_study.density(np.array(250.0)) < 0.1 * coarse_study.density(np.array(40.0))


def test_grain_that_was_learned_and_laid_down_is_learned_again(coarse_study: Grain) -> None:
    again = learned([grainy(seed, coarse_study) for seed in range(4, 8)])
    assert again.amounts[INNER] == pytest.approx(coarse_study.amounts[INNER], rel=0.12)
    bands = BAND_FREQUENCIES[4:8]
    assert again.density(bands) == pytest.approx(coarse_study.density(bands), rel=0.3)
    deviations = [np.std(finish_picture(Frame(np.full((480, 640, 3), 128, np.uint8)), Finish(grain=grain)).pixels)
                  for grain in (COARSE, coarse_study, again)]  # fmt: skip
    assert deviations[1:] == pytest.approx([deviations[0]] * 2, rel=0.12)


def test_fine_grain_is_found_as_far_as_pixels_show_it() -> None:
    found = learned([grainy(seed, USUAL_GRAIN) for seed in range(3)])
    shown = [visible_deviation(grain, 480)[4] for grain in (USUAL_GRAIN, found)]
    assert shown[1] == pytest.approx(shown[0], rel=0.15)
    assert found.density(np.array([1000.0])) == 0


def test_pictures_of_other_sizes_tell_the_same() -> None:
    sizes = [(480, 640), (960, 1280), (700, 500)]
    found = learned([grainy(seed, COARSE, size) for seed, size in enumerate(sizes)])
    assert found.amounts[4] == pytest.approx(COARSE.amounts[4], rel=0.15)
    assert found.density(BAND_FREQUENCIES[4:8]) == pytest.approx(COARSE.density(BAND_FREQUENCIES[4:8]), rel=0.3)


def test_colour_has_its_share() -> None:
    for share in (0.0, 0.4):
        grain = COARSE.model_copy(update={"chroma": share})
        assert learned([grainy(seed, grain) for seed in range(3)]).chroma == pytest.approx(share, abs=0.05)


def test_compression_takes_little_of_coarse_grain(coarse_study: Grain) -> None:
    found = learned([jpeg(grainy(seed, COARSE), 85) for seed in range(4)])
    assert found.amounts[INNER] == pytest.approx(coarse_study.amounts[INNER], rel=0.15)


def test_strong_compression_is_noticed(tmp_path: Path) -> None:
    assert study_pixels(jpeg(grainy(0, USUAL_GRAIN), 95)).blockiness < 1.1
    assert study_pixels(jpeg(grainy(0, USUAL_GRAIN), 40)).blockiness > 1.5
    paths = []
    for seed in range(3):
        paths.append(tmp_path / f"{seed}.jpg")
        Image.fromarray(grainy(seed, USUAL_GRAIN)).save(paths[-1], quality=40)
    said: list[str] = []
    learn_grain(paths, said.append)
    assert any("compressed so strongly" in line for line in said)


def test_neither_smooth_nor_textured_pictures_have_grain(tmp_path: Path) -> None:
    for name, make in (("smooth", smooth), ("textured", textured)):
        said: list[str] = []
        paths = []
        for seed in range(3):
            paths.append(tmp_path / f"{name}{seed}.png")
            Image.fromarray(make(seed)).save(paths[-1])
        assert learn_grain(paths, said.append) is None, name
        assert said[-1] == "grain: none found in the references"


def test_what_a_picture_shows_is_not_taken_for_its_grain(coarse_study: Grain) -> None:
    """Half of each picture is texture, which has far more power than the grain on the other half."""
    pictures = []
    for seed in range(4):
        picture = smooth(seed).copy()
        picture[:, 400:] = textured(seed)[:, 400:]
        finish = Finish(grain=COARSE)
        pictures.append(finish_picture(Frame(picture), finish, seed, num_threads=1).pixels)
    found = learned(pictures)
    assert found.amounts[4] == pytest.approx(coarse_study.amounts[4], rel=0.3)


def test_a_set_of_which_most_have_no_grain_has_none(tmp_path: Path) -> None:
    paths = []
    for seed in range(5):
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(grainy(seed, COARSE) if seed < 2 else smooth(seed)).save(paths[-1])
    assert learn_grain(paths, lambda _: None) is None
    assert learn_grain(paths[:3], lambda _: None) is not None


def test_pictures_of_16_bits_and_floats_tell_the_same() -> None:
    pixels = grainy(0, COARSE)
    plain = learned([pixels])
    for other in ((pixels.astype(np.uint16) * 257), (pixels / np.float32(255))):
        assert learned([other]).amounts[4] == pytest.approx(plain.amounts[4], rel=0.02)


@pytest.mark.parametrize("size", [(8, 8), (31, 400), (33, 40)])
def test_too_small_a_picture_tells_nothing(size: tuple[int, int]) -> None:
    study = study_pixels(grainy(0, COARSE, size))
    assert not study.has_grain
    assert combine_studies([]) is None
    assert combine_studies([study]) is None


def test_black_and_white_areas_tell_nothing() -> None:
    picture = grainy(0, COARSE).copy()
    picture[:, :300], picture[:, 300:] = 0, 255
    assert not study_pixels(picture).shows_something


def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    said: list[str] = []
    assert learn_grain([tmp_path / "a.png"], said.append) is None
    assert said[0] == "grain: looking at 1 picture"


def test_of_many_pictures_some_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for seed in range(6):
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(grainy(seed, COARSE, (200, 240))).save(paths[-1])
    monkeypatch.setattr("impasto.train.grain.MAX_PICTURES", 3)
    said: list[str] = []
    assert learn_grain(paths, said.append) is not None
    assert said[0] == "grain: looking at 3 pictures"
    assert said[1].startswith("grain: deviation up to ")


def test_a_style_is_given_the_grain_that_was_learned_and_what_was_asked_for(tmp_path: Path) -> None:
    paths = []
    for seed in range(2):
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(grainy(seed, COARSE)).save(paths[-1])

    def chosen(has_grain: bool, asked: str | None) -> Finish | None:
        return choose_finish(paths, has_grain, asked, lambda _: None)

    assert chosen(False, None) is None
    assert chosen(False, "dust:0.5") == Finish(dust=0.5)
    only_grain = chosen(True, None)
    assert only_grain is not None
    assert only_grain.grain is not None
    assert len(only_grain.grain.spectrum) == NUM_BANDS
    assert only_grain == Finish(grain=only_grain.grain)
    assert chosen(True, "dust:0.5") == Finish(grain=only_grain.grain, dust=0.5)
    assert chosen(True, "grain:2,weave") == Finish(grain=only_grain.grain.scaled(2), weave=1.0)
    assert chosen(False, "grain") == Finish(grain=USUAL_GRAIN)
    assert list(LIGHTNESSES[[0, -1]]) == [0, 1]


def test_what_is_asked_for_is_checked_before_work_begins() -> None:
    check_finish(None)
    check_finish("weave:0.5,dust")
    for wrong in ("rain", "0.5"):
        with pytest.raises(UsageError):
            check_finish(wrong)

"""Frames, halos and blotches: found where they were made, and not where there are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.artefacts import Blotchiness, BorderFrame, Halo, box_blurred
from impasto.quality.health import CheckerboardEnergy

from .pictures import Image, grey, measured, noisy, textured

KINDS = [BorderFrame, Halo, Blotchiness]
SHOWS = {BorderFrame: 6, Halo: 3, Blotchiness: 3}
"""From where the explanation says that it shows."""


def clipped(image: np.ndarray) -> Image:
    return np.clip(image, 0, 1).astype(np.float32)


def look(image: Image) -> Image:
    """A film's curve and tint."""
    return clipped(image**1.4 * np.float32([1, 0.9, 0.75]) + np.float32([0.05, 0.04, 0.1]))


def warm_print(image: Image) -> Image:
    return clipped(0.1 + 0.8 * image**0.7 * np.float32([1.05, 1, 0.85]))


def strokes(image: Image) -> Image:
    """Brushwork: streaks some pixels wide and a dozen long, everywhere."""
    noise = np.random.default_rng(3).normal(size=image.shape[:2]).astype(np.float32)
    streaks = box_blurred(noise, 1)
    streaks = sum(np.roll(streaks, shift, 1) for shift in range(-6, 7))
    return clipped(image + 0.05 * (streaks / streaks.std())[..., None])


def sharpened(image: Image) -> Image:
    return clipped(image + 0.6 * (image - box_blurred(image, 1)))


def outlined(image: Image) -> Image:
    """A dark line along what is steep, as a cartoon has."""
    down, across = np.gradient(image.mean(axis=2))
    return clipped(image - np.clip(6 * np.hypot(down, across) - 0.3, 0, 0.6)[..., None])


SOUND: list[Callable[[Image], Image]] = [np.copy, look, warm_print, strokes, sharpened, outlined]


def framed(image: Image, width: int = 5, strength: float = 0.7) -> Image:
    """A rim that is darker, as zero padding leaves, or lighter with a strength above 1."""
    output = image.copy()
    inner = output[width:-width, width:-width].copy()
    output = clipped(output * np.float32(strength) + np.float32(max(0.0, strength - 1) / 2))
    output[width:-width, width:-width] = inner
    return output


def blotched(image: Image, size: int = 12, amount: float = 0.07, tint: tuple[float, ...] = (1, 1, 1)) -> Image:
    noise = np.random.default_rng(4).normal(size=image.shape[:2]).astype(np.float32)
    for _ in range(3):
        noise = box_blurred(noise, size)
    return clipped(image + amount * (noise / noise.std())[..., None] * np.float32(tint))


def scene(side: int = 240) -> Image:
    """A dark disc and a bright square on a wall that is lit from one side, with a little grain."""
    rows, columns = np.mgrid[0:side, 0:side] / side
    wall = 0.45 + 0.15 * columns
    wall[(rows - 0.4) ** 2 + (columns - 0.35) ** 2 < 0.03] = 0.15
    wall[int(0.55 * side) : int(0.85 * side), int(0.6 * side) : int(0.85 * side)] = 0.85
    return noisy(grey(wall), 0.01)


def glowing(image: Image, reach: int = 9, strength: float = 0.4) -> Image:
    """A ring of light around what is dark, such as a network leaves around heads."""
    dark = (image.mean(axis=2) < 0.3).astype(np.float32)
    ring = box_blurred(box_blurred(dark, reach), reach) * (1 - dark)
    return clipped(image + np.float32(strength) * ring[..., None])


def oversharpened(image: Image, reach: int = 8) -> Image:
    """An unsharp mask far too wide: the light side of each edge gets lighter."""
    blurred = box_blurred(box_blurred(image, reach), reach)
    return clipped(image + 0.8 * (image - blurred))


class TestSoundStyles:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    @pytest.mark.parametrize("style", SOUND, ids=lambda style: style.__name__)
    def test_a_photo_in_them_has_little(self, kind: type, style: Callable[[Image], Image], astronaut: Image) -> None:
        assert measured(kind(), (style(astronaut), astronaut)) < SHOWS[kind] / 2

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    @pytest.mark.parametrize("style", SOUND, ids=lambda style: style.__name__)
    def test_a_scene_in_them_has_little(self, kind: type, style: Callable[[Image], Image]) -> None:
        assert measured(kind(), (style(scene()), scene())) < SHOWS[kind] / 2

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    @settings(max_examples=10, deadline=None)
    @given(gamma=st.floats(0.6, 1.6), green=st.floats(0.7, 1.0), blue=st.floats(0.6, 1.0))
    def test_colors_alone_are_no_damage(self, kind: type, gamma: float, green: float, blue: float) -> None:
        toned = clipped(scene() ** np.float32(gamma) * np.float32([1, green, blue]))
        assert measured(kind(), (toned, scene())) < 0.5

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_the_size_hardly_matters(self, kind: type) -> None:
        """Frames of one share of the side, and discs, at 240 and 480 pixels."""
        broken = {BorderFrame: framed, Halo: glowing, Blotchiness: blotched}[kind]
        small = broken(scene())
        large, content = (image.repeat(2, 0).repeat(2, 1) for image in (small, scene()))
        assert measured(kind(), (large, content)) == pytest.approx(measured(kind(), (small, scene())), rel=0.01)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_small_pictures_are_left_out(self, kind: type) -> None:
        assert np.isnan(measured(kind(), (textured(47, 90), textured(47, 90))))


class TestBorderFrame:
    @pytest.mark.parametrize("style", [np.copy, look, strokes], ids=lambda style: style.__name__)
    @pytest.mark.parametrize(("width", "strength"), [(3, 0.6), (5, 0.7), (20, 0.75), (8, 1.4)])
    def test_a_frame_shows(
        self, astronaut: Image, style: Callable[[Image], Image], width: int, strength: float
    ) -> None:
        assert measured(BorderFrame(), (framed(style(astronaut), width, strength), astronaut)) > SHOWS[BorderFrame]

    def test_so_does_a_tinted_one(self) -> None:
        output = scene().copy()
        output[:6] += np.float32([0, 0, 0.2])
        output[-6:] += np.float32([0, 0, 0.2])
        assert measured(BorderFrame(), (output, scene())) > SHOWS[BorderFrame]

    def test_the_stronger_the_more(self) -> None:
        values = [measured(BorderFrame(), (framed(scene(), 5, strength), scene())) for strength in (1, 0.9, 0.7, 0.5)]
        assert values == sorted(values)
        assert values[0] == pytest.approx(0, abs=1e-6)

    def test_padding_to_a_multiple_shows_on_two_sides(self) -> None:
        output = scene().copy()
        output[-5:] *= np.float32(0.6)
        output[:, -5:] *= np.float32(0.6)
        assert measured(BorderFrame(), (output, scene())) > SHOWS[BorderFrame]

    def test_what_is_repainted_at_one_border_is_no_frame(self) -> None:
        output = scene().copy()
        output[-8:] *= np.float32(0.6)
        assert measured(BorderFrame(), (output, scene())) < 1

    def test_a_frame_of_the_content_is_none_of_the_style(self) -> None:
        content = framed(scene(), 5, 0.3)
        assert measured(BorderFrame(), (look(content), content)) < 1
        assert measured(BorderFrame(), (outlined(content), content)) < SHOWS[BorderFrame] / 2


class TestHalo:
    @pytest.mark.parametrize("style", [np.copy, look, strokes], ids=lambda style: style.__name__)
    def test_a_glow_around_what_is_dark_shows(self, style: Callable[[Image], Image]) -> None:
        assert measured(Halo(), (glowing(style(scene())), scene())) > SHOWS[Halo]

    def test_so_does_an_unsharp_mask_far_too_wide(self) -> None:
        assert measured(Halo(), (oversharpened(scene()), scene())) > SHOWS[Halo]

    def test_the_stronger_the_more(self) -> None:
        values = [measured(Halo(), (glowing(scene(), strength=strength), scene())) for strength in (0, 0.1, 0.3, 0.6)]
        assert values == sorted(values)
        assert values[0] == pytest.approx(0, abs=1e-6)

    def test_shading_over_the_picture_is_none(self) -> None:
        rows, columns = np.mgrid[-1:1:240j, -1:1:240j]
        shaded = clipped(scene() * (1 - 0.2 * (rows**2 + columns**2))[..., None])
        assert measured(Halo(), (shaded, scene())) < SHOWS[Halo] / 2

    def test_a_dark_shadow_is_none(self) -> None:
        assert measured(Halo(), (glowing(scene(), strength=-0.4), scene())) < 1

    def test_without_outlines_there_is_nothing_to_tell(self) -> None:
        flat = noisy(np.full((100, 100, 3), 0.5), 0.01)
        assert np.isnan(measured(Halo(), (look(flat), flat)))


class TestBlotchiness:
    @pytest.mark.parametrize("style", [np.copy, look, strokes], ids=lambda style: style.__name__)
    @pytest.mark.parametrize("size", [6, 12])
    def test_blotches_show(self, style: Callable[[Image], Image], size: int) -> None:
        assert measured(Blotchiness(), (blotched(style(scene()), size), scene())) > SHOWS[Blotchiness]

    def test_so_do_those_of_color_alone(self) -> None:
        blotches = blotched(scene(), tint=(1, -0.3, -0.2))
        assert measured(Blotchiness(), (blotches, scene())) > SHOWS[Blotchiness]

    def test_the_stronger_the_more(self, astronaut: Image) -> None:
        values = [
            measured(Blotchiness(), (blotched(astronaut, amount=amount), astronaut)) for amount in (0, 0.03, 0.06, 0.1)
        ]
        assert values == sorted(values)
        assert values[0] == pytest.approx(0, abs=1e-6)

    @pytest.mark.parametrize("deviation", [0.03, 0.1])
    def test_grain_is_none(self, astronaut: Image, deviation: float) -> None:
        assert measured(Blotchiness(), (noisy(astronaut, deviation), astronaut)) < SHOWS[Blotchiness] / 3

    def test_where_nothing_is_smooth_there_is_nothing_to_tell(self) -> None:
        rough = noisy(np.full((100, 100, 3), 0.5), 0.3)
        assert np.isnan(measured(Blotchiness(), (look(rough), rough)))


class TestCheckerboard:
    """The one artefact that shows without the content; more in test_health.py."""

    def test_a_transposed_convolution_shows(self, astronaut: Image) -> None:
        """Where a kernel of 3 steps by 2, every other pixel is summed over more taps."""
        rows, columns = np.indices(astronaut.shape[:2])
        output = clipped(astronaut * (0.97 + 0.06 * (rows % 2) * (columns % 2))[..., None])
        assert measured(CheckerboardEnergy(), output) > 10

    @pytest.mark.parametrize("style", SOUND, ids=lambda style: style.__name__)
    def test_sound_styles_have_little(self, style: Callable[[Image], Image], astronaut: Image) -> None:
        assert measured(CheckerboardEnergy(), style(astronaut)) < 7


class TestBoxBlurred:
    @given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))
    def test_what_is_plain_stays(self, height: int, width: int, reach: int) -> None:
        plain = np.full((height, width, 3), 0.25, np.float32)
        np.testing.assert_allclose(box_blurred(plain, reach), plain, rtol=1e-6)

    def test_it_is_the_mean_of_the_square_around(self) -> None:
        plane = textured(20, 24)[..., 0]
        assert box_blurred(plane, 2)[10, 7] == pytest.approx(plane[8:13, 5:10].mean(), rel=1e-5)
        assert box_blurred(plane, 1)[0, 0] == pytest.approx(np.pad(plane, 1, mode="edge")[:3, :3].mean(), rel=1e-5)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.health import CheckerboardEnergy, Diversity, DiversityKept, Sharpness
from impasto.vision.lab import rgb_to_lab, rgb_to_lightness

from .pictures import grey, measured, noisy, textured

CONTENTS = [textured(48, 64, seed=each) for each in range(6)]


class TestDiversity:
    def test_a_collapsed_generator_has_0(self) -> None:
        assert measured(Diversity(), *[CONTENTS[0]] * 5) == 0

    def test_of_plain_pictures_it_is_the_distance_between_their_colors(self) -> None:
        pictures = [grey(np.full((20 + each, 30), level)) for each, level in enumerate((0.2, 0.5, 0.9))]
        colors = [rgb_to_lab(each)[0, 0].astype(np.float64) for each in pictures]
        squares = [np.sum((colors[a] - colors[b]) ** 2) for a, b in ((0, 1), (0, 2), (1, 2))]
        assert measured(Diversity(), *pictures) == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-4)

    def test_one_picture_has_no_meaning(self) -> None:
        assert np.isnan(measured(Diversity(), CONTENTS[0]))

    def test_where_things_are_counts(self) -> None:
        """The same colors, the other way around."""
        image = grey(np.tile(np.linspace(0, 1, 64), (48, 1)))
        assert measured(Diversity(), image, image[:, ::-1]) > 20

    @given(st.integers(1, 40), st.integers(1, 40))
    def test_fields_of_any_picture_average_to_its_pixels(self, height: int, width: int) -> None:
        plain = np.full((height, width, 3), 0.4, np.float32)
        assert measured(Diversity(), plain, np.full((16, 16, 3), 0.4, np.float32)) == pytest.approx(0, abs=1e-3)


class TestDiversityKept:
    def kept(self, outputs: list[np.ndarray]) -> float:
        metric = DiversityKept()
        for content, output in zip(CONTENTS, outputs, strict=True):
            metric.update_reference(content)
            metric.update_output(output)
        return metric.compute()

    def test_untouched_contents_keep_all(self) -> None:
        assert self.kept(CONTENTS) == pytest.approx(1)

    def test_a_collapsed_generator_keeps_nothing(self) -> None:
        assert self.kept([CONTENTS[0]] * 6) == 0

    def test_pictures_drawn_halfway_to_one_keep_half(self) -> None:
        """Nearly: L* is not linear, so within a tenth."""
        assert self.kept([(each + CONTENTS[0]) / 2 for each in CONTENTS]) == pytest.approx(0.5, abs=0.1)

    def test_contents_that_do_not_differ_have_no_meaning(self) -> None:
        metric = DiversityKept()
        for output in CONTENTS:
            metric.update_reference(CONTENTS[0])
            metric.update_output(output)
        assert np.isnan(metric.compute())


class TestSharpness:
    def test_it_is_that_of_scikit_image(self, astronaut: np.ndarray) -> None:
        measure = pytest.importorskip("skimage.measure")
        for image in (astronaut, textured(200, 220)):
            expected = 1 - measure.blur_effect(rgb_to_lightness(image).astype(np.float64), h_size=11)
            assert measured(Sharpness(), image) == pytest.approx(expected, abs=0.01)

    def test_blur_lowers_it_step_by_step(self, astronaut: np.ndarray) -> None:
        images, image = [], astronaut
        for _ in range(4):
            images.append(image)
            for axis in (0, 1):
                image = (image + np.roll(image, 1, axis) + np.roll(image, -1, axis)) / np.float32(3)
        values = [measured(Sharpness(), each) for each in images]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1] + 0.1

    def test_blur_along_one_axis_is_blur(self) -> None:
        image = textured(100, 100)
        sideways = sum(np.roll(image, shift, 1) for shift in range(9)) / np.float32(9)
        assert measured(Sharpness(), sideways) < measured(Sharpness(), image) - 0.2
        assert measured(Sharpness(), sideways.transpose(1, 0, 2)) == pytest.approx(measured(Sharpness(), sideways))

    @given(st.floats(0.3, 0.9))
    @settings(max_examples=10, deadline=None)
    def test_contrast_does_not_matter(self, contrast: float) -> None:
        image = grey(textured(60, 60)[..., 0])
        flatter = (0.5 + contrast * (image - 0.5)).astype(np.float32)
        assert measured(Sharpness(), flatter) == pytest.approx(measured(Sharpness(), image), abs=0.02)

    def test_a_picture_without_edges_is_left_out(self) -> None:
        flat = grey(np.full((50, 50), 0.5))
        assert np.isnan(measured(Sharpness(), flat))

    def test_stripes_have_edges_along_one_axis_only(self) -> None:
        assert measured(Sharpness(), grey(np.tile(np.arange(40) // 4 % 2, (40, 1)))) > 0.5


class TestCheckerboardEnergy:
    CLEAN = noisy(textured(256, 256), 0.03)
    ROWS, COLUMNS = np.indices((256, 256))[..., None]

    def test_a_clean_picture_has_little(self, astronaut: np.ndarray) -> None:
        assert measured(CheckerboardEnergy(), noisy(np.full((256, 256, 3), 0.5), 0.1)) < 2
        assert measured(CheckerboardEnergy(), astronaut) < 3

    @pytest.mark.parametrize("period", [2, 4])
    @pytest.mark.parametrize("kind", ["columns", "rows", "dots", "one channel"])
    def test_a_faint_grid_sticks_out(self, period: int, kind: str) -> None:
        rows, columns = self.ROWS % period == 0, self.COLUMNS % period == 0
        grid = {"columns": columns, "rows": rows, "dots": rows & columns, "one channel": rows & np.array([0, 0, 1])}
        image = np.clip(noisy(np.full((256, 256, 3), 0.5), 0.02) + np.float32(0.04) * grid[kind], 0, 1)
        assert measured(CheckerboardEnergy(), image.astype(np.float32)) > 10

    def test_a_stronger_grid_has_more(self) -> None:
        checks = (self.ROWS + self.COLUMNS) % 2
        values = [
            measured(CheckerboardEnergy(), self.CLEAN * np.float32(0.9) + np.float32(strength) * checks)
            for strength in (0.005, 0.02, 0.08)
        ]
        assert values == sorted(values)
        # Four times the amplitude is 12 decibels.
        assert values[2] - values[1] == pytest.approx(12, abs=1)

    def test_texture_of_another_period_is_no_grid(self) -> None:
        stripes = 0.05 * np.sin(2 * np.pi * self.COLUMNS / 7.3)
        image = (noisy(np.full((256, 256, 3), 0.5), 0.02) + stripes).astype(np.float32)
        assert measured(CheckerboardEnergy(), image) < 3

    @pytest.mark.parametrize("levels", [256, 65536])
    def test_gradients_are_no_grid(self, levels: int) -> None:
        ramp = np.tile(np.linspace(0.1, 0.8, 256), (256, 1))
        assert measured(CheckerboardEnergy(), grey(np.round(ramp * (levels - 1)) / (levels - 1))) < 4

    def test_what_nobody_can_see_does_not_count(self) -> None:
        image = np.float32(0.5) + np.float32(1e-4) * ((self.ROWS + self.COLUMNS) % 2) * np.ones(3, np.float32)
        assert measured(CheckerboardEnergy(), image.astype(np.float32)) < 1

    def test_pictures_below_a_tile_are_left_out(self) -> None:
        assert np.isnan(measured(CheckerboardEnergy(), self.CLEAN[:63]))

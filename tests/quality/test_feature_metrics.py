"""Metrics on features, on features whose distances are known."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.quality.feature_metrics import (
    FEATURE_SET_METRICS,
    FeatureDistance,
    FrechetDistance,
    GramDistance,
    KernelDistance,
    PatchKernelDistance,
    StyleContentProduct,
    frechet_distance,
    kernel_distance,
)
from impasto.quality.features import PictureFeatures

from .pictures import Image, textured
from .seen import STRIDES, drawn, plain_reader

NUM_FEATURES = 5
ZERO = np.zeros(NUM_FEATURES)
every_set_metric = pytest.mark.parametrize("kind", FEATURE_SET_METRICS, ids=lambda kind: kind.name)


def compared(kind: Callable[[], Any], outputs: list[PictureFeatures], references: list[PictureFeatures]) -> float:
    metric = kind()
    for features in references:
        metric.update_reference(features)
    for features in outputs:
        metric.update_output(features)
    return float(metric.compute())


def draw_many(num: int, shift: float = 0.0, deviation: float = 1.0, seed: int = 0) -> list[PictureFeatures]:
    rng = np.random.default_rng(seed)
    return [drawn(rng, ZERO + shift, deviation) for _ in range(num)]


def see(*images: Image) -> list[PictureFeatures]:
    reader = plain_reader()
    return [reader(image) for image in images]


class TestFrechet:
    def test_it_is_the_known_distance_of_shifted_gaussians(self) -> None:
        same = compared(FrechetDistance, draw_many(2000, seed=1), draw_many(2000, seed=2))
        shifted = compared(FrechetDistance, draw_many(2000, shift=3, seed=1), draw_many(2000, seed=2))
        assert same == pytest.approx(0, abs=0.02)
        assert shifted == pytest.approx(NUM_FEATURES * 3**2, rel=0.03)

    def test_it_is_the_known_distance_of_gaussians_of_other_spread(self) -> None:
        wide = compared(FrechetDistance, draw_many(2000, deviation=3, seed=1), draw_many(2000, seed=2))
        assert wide == pytest.approx(NUM_FEATURES * (3 - 1) ** 2, rel=0.06)

    def test_collapsed_outputs_are_far_though_their_mean_is_right(self) -> None:
        collapsed = [draw_many(1, deviation=1e-9)[0]] * 50
        assert compared(FrechetDistance, collapsed, draw_many(2000)) == pytest.approx(NUM_FEATURES, rel=0.1)

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 999), size=st.integers(1, 6))
    def test_covariances_that_do_not_commute(self, seed: int, size: int) -> None:
        linalg = pytest.importorskip("scipy.linalg")
        rng = np.random.default_rng(seed)
        roots = rng.normal(size=(2, size, size))
        first, second = (root @ root.T + 0.1 * np.eye(size) for root in roots)
        means = rng.normal(size=(2, size))
        wanted = ((means[0] - means[1]) ** 2).sum() + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
        assert frechet_distance((means[0], first), (means[1], second)) == pytest.approx(wanted, abs=1e-6)
        assert frechet_distance((means[1], second), (means[0], first)) == pytest.approx(wanted, abs=1e-6)

    def test_fewer_pictures_than_features_are_no_obstacle(self) -> None:
        few = draw_many(3)
        assert compared(FrechetDistance, few, few) == pytest.approx(0, abs=1e-6)


class TestKernel:
    def test_the_unbiased_estimate_is_that_of_the_definition(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (rng.normal(shift, 1, (num, 4)).astype(np.float32) for shift, num in ((0, 6), (1, 9)))

        def kernel(one: Any, other: Any) -> float:
            return float((one.astype(float) @ other.astype(float) / 4 + 1) ** 3)

        def within(rows: Any) -> float:
            count = len(rows)
            pairs = [kernel(rows[i], rows[j]) for i in range(count) for j in range(count) if i != j]
            return sum(pairs) / len(pairs)

        across = np.mean([kernel(one, other) for one in first for other in second])
        wanted = within(first) + within(second) - 2 * across
        assert kernel_distance(first, second) == pytest.approx(wanted, rel=1e-6)

    def test_sets_of_one_kind_are_0_on_average_and_others_are_not(self) -> None:
        values = [
            compared(KernelDistance, draw_many(40, seed=seed), draw_many(40, seed=seed + 100)) for seed in range(20)
        ]
        assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values)) + 1e-3
        assert min(values) < 0 < max(values)
        assert compared(KernelDistance, draw_many(40, shift=1), draw_many(40, seed=9)) > 5 * max(values)

    def test_few_pictures_do_not_raise_it_as_they_raise_fid(self) -> None:
        references = draw_many(500, seed=1)
        few = [compared(KernelDistance, draw_many(6, seed=seed), references) for seed in range(30)]
        assert abs(np.mean(few)) < 0.5
        assert compared(FrechetDistance, draw_many(6, seed=3), references) > 1

    def test_more_rows_than_are_looked_at_do_not_change_much(self) -> None:
        rng = np.random.default_rng(0)
        first, second = (rng.normal(shift, 1, (9000, 2)).astype(np.float32) for shift in (0, 0.5))
        assert kernel_distance(first, second) == pytest.approx(kernel_distance(first[:3000], second[:3000]), rel=0.3)


class TestStyleWithoutContent:
    def test_patches_see_the_texture_and_not_where_things_are(self) -> None:
        """Shuffled parts are the same style; a blurred picture of the same things is not."""
        references = [textured(64, 64, seed=seed) for seed in range(6)]
        rng = np.random.default_rng(0)

        def shuffled(image: Image) -> Image:
            parts = [
                image[row : row + 16, column : column + 16] for row in range(0, 64, 16) for column in range(0, 64, 16)
            ]
            order = rng.permutation(16)
            return np.concatenate(
                [np.concatenate([parts[i] for i in order[row * 4 : row * 4 + 4]], 1) for row in range(4)]
            )

        def blurred(image: Image) -> Image:
            return (image + np.roll(image, 1, 0) + np.roll(image, 1, 1) + np.roll(image, (1, 1), (0, 1))) / 4

        same = compared(PatchKernelDistance, see(*map(shuffled, references)), see(*references))
        other = compared(PatchKernelDistance, see(*map(blurred, references)), see(*references))
        assert abs(same) < 0.2
        assert other > 0.5

    def test_features_that_never_vary_do_not_divide_by_nothing(self) -> None:
        flat = [np.full((32, 32, 3), 0.5, np.float32)] * 2
        assert compared(PatchKernelDistance, see(*flat), see(*flat)) == 0

    def test_gram_distance_is_0_of_the_same_and_1_of_what_shares_no_channel(self) -> None:
        channel = np.ones((1, 8, 8), np.float32)
        first = PictureFeatures([np.concatenate([channel, 0 * channel]), channel], (4, 32))
        second = PictureFeatures([np.concatenate([0 * channel, channel]), channel], (4, 32))
        assert compared(GramDistance, [first], [first]) == 0
        assert compared(GramDistance, [first], [second]) == pytest.approx(2**0.5 / 2)
        opposite = PictureFeatures([np.zeros((2, 8, 8), np.float32), channel], (4, 32))
        assert compared(GramDistance, [opposite], [first]) == 1

    def test_gram_distance_compares_means_and_so_does_not_mind_the_order(self) -> None:
        pictures = see(*(textured(32, 32, seed=seed) for seed in range(4)))
        assert compared(GramDistance, pictures, pictures[::-1]) == pytest.approx(0, abs=1e-12)
        assert compared(GramDistance, pictures[:2], pictures[2:]) > 0

    def test_late_maps_are_no_style(self) -> None:
        maps = [np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32) for _ in STRIDES]
        one, other = PictureFeatures(maps, STRIDES), PictureFeatures([*maps[:2], maps[2] + 5], STRIDES)
        assert compared(GramDistance, [one], [other]) == 0
        assert compared(PatchKernelDistance, [one] * 2, [other] * 2) == pytest.approx(
            compared(PatchKernelDistance, [one] * 2, [one] * 2)
        )
        assert one.patches.shape == (16, 2 * (3 + 3))

    @pytest.mark.parametrize("side", [1, 2, 3, 5])
    def test_maps_smaller_than_their_parts(self, side: int) -> None:
        features = PictureFeatures([np.ones((2, side, side), np.float32)], (8,))
        assert np.array_equal(features.patches, np.tile([1, 1, 0, 0], (16, 1)))


class TestContent:
    def test_the_same_is_0_and_more_change_is_more(self) -> None:
        content = textured(48, 48)
        values = []
        for share in (0, 0.1, 0.5, 1):
            metric = FeatureDistance()
            metric.update(*see((1 - share) * content + share * textured(48, 48, seed=5), content))
            values.append(metric.compute())
        assert values[0] == pytest.approx(0, abs=1e-9)
        assert values == sorted(values)
        assert values[3] > 0.1

    def test_strength_of_features_does_not_matter_and_direction_does(self) -> None:
        maps = [np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)]
        one = PictureFeatures(maps, (4,))
        for factor, wanted in ((3, 0), (-1, 4)):
            metric = FeatureDistance()
            metric.update(PictureFeatures([maps[0] * factor], (4,)), one)
            assert metric.compute() == pytest.approx(wanted, abs=1e-5)

    def test_the_product_is_of_both(self) -> None:
        style, content = FrechetDistance(), FeatureDistance()
        product = StyleContentProduct()
        for features in draw_many(5, seed=1):
            style.update_reference(features)
            product.update_reference(features)
        for features, before in zip(draw_many(5, 1, seed=2), draw_many(5, seed=3), strict=True):
            style.update_output(features)
            content.update(features, before)
            product.update_output(features, before)
        wanted = (1 + content.compute()) * (1 + style.compute())
        assert product.compute() == pytest.approx(wanted)
        assert np.isnan(StyleContentProduct().compute())


@every_set_metric
class TestEverySetMetric:
    def test_it_says_what_it_is(self, kind: type[Any]) -> None:
        assert kind.name.isidentifier()
        assert kind.title
        assert kind.explanation.endswith(".")
        assert (kind.group, kind.compared_with, kind.higher_is_better) == ("style", "references", False)

    def test_states_of_workers_add_up(self, kind: type[Any]) -> None:
        outputs, references = draw_many(7, 0.5, seed=1), draw_many(6, seed=2)
        whole = compared(kind, outputs, references)
        workers = [kind() for _ in range(3)]
        for number, features in enumerate(outputs):
            workers[number % 2].update_output(features)
        for number, features in enumerate(references):
            workers[number % 3].update_reference(features)
        total = kind()
        for worker in workers:
            total.merge(pickle.loads(pickle.dumps(worker)))
        assert total.compute() == pytest.approx(whole, rel=1e-6, abs=1e-9)
        total.merge(kind())
        assert total.compute() == pytest.approx(whole, rel=1e-6, abs=1e-9), "an empty worker changes nothing"

    def test_what_is_merged_stays_as_it_is(self, kind: type[Any]) -> None:
        one, other = kind(), kind()
        for features in draw_many(3):
            other.update_reference(features)
            other.update_output(features)
        before = other.compute()
        one.merge(other)
        one.merge(other)
        one.update_output(draw_many(1, 9)[0])
        assert other.compute() == before

    def test_too_few_pictures_have_no_value(self, kind: type[Any]) -> None:
        one = draw_many(1)
        assert np.isnan(compared(kind, [], one))
        assert np.isnan(compared(kind, one, []))
        assert np.isnan(compared(kind, one, one)) == (kind.fewest_pictures > 1)
        assert np.isfinite(compared(kind, draw_many(kind.fewest_pictures), draw_many(kind.fewest_pictures, seed=1)))

"""Every metric there is, by what it takes in."""

from __future__ import annotations

from impasto.quality.metric import ClipMetric, ImageMetric, ImagePairMetric, ImageSetMetric, Metric

IMAGE_PAIR_METRICS: tuple[type[ImagePairMetric], ...] = ()
IMAGE_METRICS: tuple[type[ImageMetric], ...] = ()
IMAGE_SET_METRICS: tuple[type[ImageSetMetric], ...] = ()
CLIP_METRICS: tuple[type[ClipMetric], ...] = ()

METRICS: tuple[type[Metric], ...] = (*IMAGE_PAIR_METRICS, *IMAGE_METRICS, *IMAGE_SET_METRICS, *CLIP_METRICS)

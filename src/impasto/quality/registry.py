"""Every metric there is, by what it takes in."""

from __future__ import annotations

from impasto.quality.artefacts import Blotchiness, BorderFrame, Halo
from impasto.quality.banding import Banding
from impasto.quality.color_distance import ColorHistogramDistance
from impasto.quality.content import EdgeAgreement, MultiScaleSimilarity
from impasto.quality.faces import FacesKept, IdentityDistance, LandmarkShift
from impasto.quality.health import CheckerboardEnergy, Diversity, DiversityKept, Sharpness
from impasto.quality.metric import ClipMetric, ImageMetric, ImagePairMetric, ImageSetMetric, Metric
from impasto.quality.paired import ColorDifference, MeanSquaredError, PeakSignalToNoise, StructuralSimilarity
from impasto.quality.temporal import Flicker, WarpingError, WarpingErrorRatio

IMAGE_PAIR_METRICS: tuple[type[ImagePairMetric], ...] = (
    MultiScaleSimilarity,
    EdgeAgreement,
    FacesKept,
    LandmarkShift,
    IdentityDistance,
    PeakSignalToNoise,
    StructuralSimilarity,
    ColorDifference,
    MeanSquaredError,
    BorderFrame,
    Halo,
    Blotchiness,
)
IMAGE_METRICS: tuple[type[ImageMetric], ...] = (Diversity, Sharpness, CheckerboardEnergy, Banding)
IMAGE_SET_METRICS: tuple[type[ImageSetMetric], ...] = (ColorHistogramDistance, DiversityKept)
CLIP_METRICS: tuple[type[ClipMetric], ...] = (WarpingError, WarpingErrorRatio, Flicker)

METRICS: tuple[type[Metric], ...] = (*IMAGE_PAIR_METRICS, *IMAGE_METRICS, *IMAGE_SET_METRICS, *CLIP_METRICS)

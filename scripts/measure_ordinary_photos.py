"""Measure the tones and colours of ordinary photos, for `impasto.train.ungrade.ORDINARY`.

python scripts/measure_ordinary_photos.py FOLDER
"""

from __future__ import annotations

import sys

import numpy as np

from impasto.train.batches import Pool
from impasto.train.collection import collect, load_thumbnails
from impasto.train.ungrade import sample_pixels, tone_statistics


def main() -> None:
    collection = collect(sys.argv[1:], role="content")
    statistics = tone_statistics(sample_pixels(Pool(load_thumbnails(collection.accepted, 160), 64)))
    print(collection.summary())
    covariance = statistics.chroma_covariance
    triangle = np.stack((covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]), axis=-1)
    for name, values in (
        ("luminance", statistics.luminance),
        ("chroma_mean", statistics.chroma_mean),
        ("chroma_covariance", triangle),
    ):
        print(name, np.round(values, 4).tolist())


if __name__ == "__main__":
    main()

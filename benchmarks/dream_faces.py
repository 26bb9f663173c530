"""How near are a dream's faces to real ones? FID, KID, precision, recall, and whether faces are found in them.

    python benchmarks/dream_faces.py faces.style ../shared/data/portraits/pixabay ../shared/data/portraits/us_officials
    python benchmarks/dream_faces.py faces.style photos/ --count 100        # a quick try

The encoder is not the one that judged while learning, which would flatter. Beside the dream stand two halves of the
references, which no dream can beat, and the references' mean, which is what has collapsed altogether.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.api.dreaming import load_dream
from impasto.quality.coverage import measure_coverage, read_pooled
from impasto.quality.features import FeatureReader
from impasto.train.collection import collect, load_thumbnails
from impasto.vision.face_crop import centre_square, face_crop, upright_face
from impasto.vision.faces import detect_faces
from impasto.vision.feature_maps import FeatureMaps

ENCODER = "mobilenet-v2"
SEEN_SIDE = 96

Pictures = list[NDArray[np.uint8]]


def enlarged(pictures: Sequence[NDArray[np.uint8]], side: int = SEEN_SIDE) -> Pictures:
    return [np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC)) for each in pictures]


def reference_squares(paths: Sequence[Path], side: int, count: int, shows_faces: bool) -> Pictures:
    """Cut pictures as learning does."""
    found: Pictures = []
    for picture in load_thumbnails(collect(paths, role="references").accepted[:count], 480):
        region = upright_face(picture) if shows_faces else None
        if region is not None:
            found.append(face_crop(picture, region, side))
        elif not shows_faces:
            found.append(centre_square(picture, side))
    return found


def share_with_face(pictures: Pictures) -> float:
    """Return how many of the pictures, in a frame of grey, a face detector finds a face in."""
    framed = [np.pad(each, ((32, 32), (32, 32), (0, 0)), constant_values=128) for each in pictures]
    return float(np.mean([bool(detect_faces(each)) for each in framed]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("references", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--encoder", default=ENCODER)
    parser.add_argument("--noise")
    options = parser.parse_args()
    dream = load_dream(options.style)
    references = reference_squares(options.references, dream.side, options.count, dream.shows_faces)
    maps = FeatureMaps(options.encoder)
    reader = FeatureReader(maps, maps.strides)
    sets = {
        "dream": list(dream.pictures(len(references), seed=1, noise=options.noise)),
        "halves": references[::2],
        "mean": [np.mean(references, axis=0).astype(np.uint8)] * len(references[::2]),
    }
    real = enlarged(references)
    real_rows = read_pooled(real, reader)
    print(f"{len(references)} references, encoder {options.encoder} at {SEEN_SIDE} pixels")
    print(f"{'':8}{'FID':>9}{'KID':>9}{'precision':>11}{'recall':>8}{'nearness':>10}{'faces':>8}")
    for name, pictures in sets.items():
        shown = enlarged(pictures)
        rows = real_rows if name == "dream" else real_rows[1::2]
        found = measure_coverage(read_pooled(shown, reader), rows)
        numbers = f"{found.fid:9.2f}{found.kid:9.4f}{found.precision:11.2f}{found.recall:8.2f}{found.nearness:10.2f}"
        print(f"{name:8}{numbers}{share_with_face(shown):8.0%}")


if __name__ == "__main__":
    main()

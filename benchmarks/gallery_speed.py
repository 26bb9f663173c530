"""How fast a library of pictures is searched and added to.

    python benchmarks/gallery_speed.py [--items 100000] [--photos FOLDER] [--searches 200]

Searching: items with random features, as many and as long as those of pictures, are put into a library; then the
times of whole searches by pictures that the library knows, database and index included, are taken, and the share of the
true nearest twelve that the index finds. Random features are harder than those of pictures, which lie close together.
Adding: FOLDER, or photos of 12 megapixels made on the fly, go into a new library, by two threads for reading and
PyTorch's own for the network. Where other programs are busy, only processor time says something.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.gallery.database import Database
from impasto.gallery.features import FeatureExtractor
from impasto.gallery.gallery import DATABASE_NAME, Gallery
from impasto.gallery.index import _exact, open_index
from impasto.gallery.records import Features, FileRecord, Likeness, PictureRecord

NUM_CONTENT, NUM_STYLE = 320, 360
NUM_FOUND = 12
NUM_MADE_PHOTOS = 60
BATCH = 1000


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fill(library: Path, num_items: int, version: str) -> list[Path]:
    """Put synthetic pictures into a library, each with an empty file, and return some of the files."""
    random = np.random.default_rng(0)
    basis = random.normal(size=(24, NUM_CONTENT + NUM_STYLE)).astype(np.float32)
    pictures_dir = library / "pictures"
    pictures_dir.mkdir(parents=True)
    shown = []
    with Database(library / DATABASE_NAME) as database:
        for first in range(0, num_items, BATCH):
            hidden = random.normal(size=(min(BATCH, num_items - first), len(basis))).astype(np.float32)
            vectors = hidden @ basis + random.normal(size=(len(hidden), basis.shape[1])).astype(np.float32)
            with database.write():
                for number, vector in enumerate(vectors, start=first):
                    path = pictures_dir / f"{number}.jpg"
                    path.write_bytes(b"%d" % number)
                    _put(database, path, vector, version)
                    shown.append(path)
    return [shown[index] for index in random.choice(len(shown), min(1000, len(shown)), replace=False)]


def _put(database: Database, path: Path, vector: NDArray[np.float32], version: str) -> None:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    features = Features(vector[:NUM_CONTENT], vector[NUM_CONTENT:], np.zeros((5, 3), np.float32))
    database.add_picture(PictureRecord(sha256, 6000, 4000, features, ()), version)
    database.add_file(FileRecord(path, sha256, path.stat().st_size, path.stat().st_mtime_ns))


def measure_search(num_items: int, num_searches: int, folder: Path) -> None:
    extractor = FeatureExtractor()
    library = folder / "library"
    filling = time.perf_counter()
    shown = fill(library, num_items, extractor.version)
    print(f"{num_items} synthetic items, put in in {time.perf_counter() - filling:.0f} s")
    print(f"{'search by':10}{'index made, s':>15}{'first, ms':>12}{'median, ms':>12}{'95 %, ms':>10}{'found':>9}")
    for kind in Likeness:
        print(_search_row(library, kind, extractor, shown, num_searches))


def _search_row(
    library: Path, kind: Likeness, extractor: FeatureExtractor, shown: list[Path], num_searches: int
) -> str:
    def search(gallery: Gallery, path: Path) -> float:
        return 1e3 * timed(lambda: gallery.search(path, NUM_FOUND, kind))

    making = search(Gallery(library, extractor=extractor), shown[0]) / 1e3
    gallery = Gallery(library, extractor=extractor)
    first = search(gallery, shown[1])
    times = [search(gallery, path) for path in shown[2 : 2 + num_searches]]
    median, slow = statistics.median(times), float(np.quantile(times, 0.95))
    found = _recall(library, kind, extractor.version)
    return f"{kind.value:10}{making:15.1f}{first:12.1f}{median:12.1f}{slow:10.1f}{found:9.1%}"


def _recall(library: Path, kind: Likeness, version: str) -> float:
    """Return the share of the true nearest that the index finds."""
    with Database(library / DATABASE_NAME) as database:
        index, exact = open_index(database, kind, version), _exact(database, kind, version)
        assert index is not None
        assert exact is not None
        vectors = database.vectors(kind, database.ids(version)[::997][:100].tolist())
    found = [
        {key for key, _ in index.nearest(vector, NUM_FOUND)} & {key for key, _ in exact.nearest(vector, NUM_FOUND)}
        for vector in vectors
    ]
    return float(np.mean([len(each) / NUM_FOUND for each in found]))


def make_photos(folder: Path) -> Path:
    """Write JPEG files of 12 megapixels with some detail everywhere."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(NUM_MADE_PHOTOS):
        small = Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8))
        photo = np.asarray(small.resize((4000, 3000), Image.Resampling.BICUBIC), np.int16)
        noise = random.integers(-6, 7, (1000, 4000, 1), np.int16)
        noisy = (photo + np.concatenate([noise] * 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:03}.jpg", quality=90)
    return folder


def measure_add(photos: Path, folder: Path) -> None:
    gallery = Gallery(folder / "added")
    # The network is loaded once, however many pictures there are.
    first = next(path for path in sorted(photos.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    loading = timed(lambda: gallery.look_at([first]))
    start, start_of_work = time.perf_counter(), time.process_time()
    report = gallery.add([photos])
    seconds, work = time.perf_counter() - start, time.process_time() - start_of_work
    again = timed(lambda: gallery.add([photos]))
    print(f"loading PyTorch and the network: {loading:.1f} s")
    print(f"adding {report.added} pictures: {seconds:.1f} s, {report.added / seconds:.1f} a second")
    each = work / report.added
    print(f"processor time of each: {1e3 * each:.0f} ms, which two idle cores give {2 / each:.0f} times a second")
    print(f"adding them again, unchanged: {again:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--photos", type=Path, help="default: photos made on the fly")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_add(options.photos or make_photos(folder / "photos"), folder)
        measure_search(options.items, options.searches, folder)


if __name__ == "__main__":
    main()

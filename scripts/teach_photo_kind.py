"""Teach `photo-kind`, the classifier that comes with Impasto: what kind of picture it is.

    python scripts/teach_photo_kind.py [--data ../shared/data] [--output src/impasto/sorting/builtin]

It is taught only with pictures that may be used so: in the public domain, CC0, CC BY or under Pixabay's licence. Photos
of landscapes and towns under such licences are few, so this class is mostly taught with paintings of them, and the
photos are cut into parts. How well it does on photos of landscapes from elsewhere, which are looked at and not learned
from, is printed at the end.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.media.files import find_pictures
from impasto.sorting.classifier import Classifier, Told
from impasto.sorting.collection import LabelledPictures
from impasto.sorting.file import CLASSIFIER_SUFFIX, save_classifier
from impasto.sorting.training import SortRecipe, train_classifier

NAME = "photo-kind"
DESCRIPTION = (
    "What kind of picture it is: a person, an animal, a plant, a vehicle, a thing, a place, a painting, a drawing."
)
LICENSE_NOTE = (
    "Taught with Caltech-101 (CC BY 4.0), portraits from Pixabay (Pixabay licence) and of US officials (public "
    "domain), paintings and prints in the public domain, drawings by Lisa Wischofsky (CC BY 4.0 and CC0), photos by "
    "Budgie contributors (CC0). It holds none of these pictures."
)
CALTECH = "classify/caltech101_10"
SOURCES: Mapping[str, Mapping[str, int]] = {
    "portrait": {"portraits/pixabay": 90, "portraits/us_officials": 60, f"{CALTECH}/faces": 30},
    "animal": {f"{CALTECH}/butterfly": 60, f"{CALTECH}/leopards": 60},
    "plant": {f"{CALTECH}/bonsai": 60, f"{CALTECH}/sunflower": 60},
    "vehicle": {f"{CALTECH}/airplanes": 40, f"{CALTECH}/car_side": 40, f"{CALTECH}/motorbikes": 40},
    "object": {f"{CALTECH}/grand_piano": 60, f"{CALTECH}/watch": 60},
    "landscape": {"styles/monet": 90, "styles/oil_classic_landscape": 33},
    "drawing": {"styles/cartoon_adventurer": 40, "styles/lineart_lorelei": 40, "styles/ukiyoe": 60},
}
"""How many pictures of each folder, by class."""
PLACES = ("extreme-desert-hike", "roman-colosseum", "singaporean-cityscape", "tea-gardens", "casa-mila")
PLACE = "landscape"
_PARTS = ((0, 0, 1, 1), (0, 0, 0.6, 0.6), (0.4, 0, 1, 0.6), (0, 0.4, 0.6, 1), (0.4, 0.4, 1, 1), (0.2, 0.2, 0.8, 0.8))
_SIDE = 512


def chosen(folder: Path, number: int) -> list[Path]:
    """Choose evenly from a folder."""
    found = find_pictures([folder])
    return [found[index * len(found) // min(number, len(found))] for index in range(min(number, len(found)))]


def parts_of(path: Path, folder: Path) -> Iterator[Path]:
    """Cut a picture into overlapping parts."""
    with Image.open(path) as image:
        whole = image.convert("RGB")
    for number, (left, top, right, bottom) in enumerate(_PARTS):
        width, height = whole.size
        part = whole.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
        part.thumbnail((_SIDE, _SIDE))
        target = folder / f"{path.stem}-{number}.png"
        part.save(target)
        yield target


def collect(data: Path, folder: Path) -> LabelledPictures:
    """List all pictures with their classes; parts of places are written to a folder."""
    pictures = {
        path: label
        for label, folders in SOURCES.items()
        for place, number in folders.items()
        for path in chosen(data / place, number)
    }
    for name in PLACES:
        pictures |= dict.fromkeys(parts_of(data / "content" / "highres" / f"{name}.jpg", folder), PLACE)
    return LabelledPictures(tuple(pictures), tuple(pictures.values()))


def report_elsewhere(classifier: Classifier, folder: Path, right: Sequence[str]) -> None:
    """Print what the classifier says of pictures from elsewhere."""
    said = [each for each in classifier.tell(find_pictures([folder])) if isinstance(each, Told)]
    guesses, labels = Counter(each.guess for each in said), Counter(each.label for each in said)
    share = np.mean([each.guess in right for each in said])
    print(f"{folder.name}: {100 * share:.1f} % of {len(said)} taken for {' or '.join(right)}; guesses {dict(guesses)}")
    print(f"  said: {dict(labels)}")


def main() -> None:
    """Teach, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--output", type=Path, default=Path("src/impasto/sorting/builtin"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = collect(options.data, Path(folder))
        recipe = SortRecipe(license_note=LICENSE_NOTE, description=DESCRIPTION)
        trained = train_classifier(pictures, recipe, NAME)
    path = options.output / f"{NAME}{CLASSIFIER_SUFFIX}"
    save_classifier(trained.file, path)
    outcome = trained.outcome
    low, high = outcome.interval
    print(f"Wrote {path}: {path.stat().st_size / 1e3:.0f} kB, from {len(outcome.targets)} pictures.")
    print(f"Accuracy {100 * outcome.accuracy:.1f} % ({100 * low:.1f} to {100 * high:.1f}).")
    for score in outcome.per_class():
        print(f"  {score.label:9} {score.num_true:4} precision {score.precision:.3f} recall {score.recall:.3f}")
    for note in trained.notes:
        print(note)
    classifier = Classifier(trained.file)
    report_elsewhere(classifier, options.data / "content" / "landscape256", [PLACE])
    report_elsewhere(classifier, options.data / "content" / "kodak24", list(trained.file.manifest.labels))


if __name__ == "__main__":
    main()

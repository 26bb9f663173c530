"""A classifier from whose file nobody can tell whether any one picture was learned from.

Only the linear classifier is learned, with noise (`impasto.train.private_linear`). All else in the file is the same for
everybody, or given by the user: nothing is normalised, calibrated, counted or measured by the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.gallery.reading import Failure
from impasto.sorting.backbones import Backbone, Kind
from impasto.sorting.calibration import LEAST_THRESHOLD
from impasto.sorting.collection import LabelledPictures, named
from impasto.sorting.file import ClassifierFile
from impasto.sorting.folds import Indices
from impasto.sorting.manifest import ClassifierManifest
from impasto.sorting.regression import Floats, LinearHead
from impasto.sorting.training import Progress, check_classes, read_material
from impasto.style.manifest import Privacy
from impasto.version import __version__

if TYPE_CHECKING:
    from impasto.train.private_linear import PrivacyAccount, PrivateClassifier

FEATURE_BOUND: Final = 6.0
"""About the length of what the encoder sees of a photo or a painting, along the directions that are kept."""

ACCOUNTANT: Final = "exact composition of Gaussian mechanisms (Balle & Wang 2018); all pictures in every step"
NEIGHBOURS: Final = "one picture more or less, of any content and class"
KNOWN: Final = "the number of pictures, the names of the classes, and what was typed"
NOT_COVERED: Final = (
    "copies of a picture and several pictures of one person, each of which counts epsilon again; other files made from "
    "the same pictures; what the command printed"
)


@dataclass(frozen=True)
class PrivateRecipe:
    """How to teach a classifier privately.

    Attributes
    ----------
    epsilon
        How much the file may tell of any one picture: 1 is little, 8 is much.
    """

    epsilon: float
    license_note: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PrivatelyTrained:
    """What came of teaching privately.

    Attributes
    ----------
    failures
        Pictures that could not be used.
    notes
        What the user should know, a sentence each. They tell of the pictures, as the file does not.
    """

    file: ClassifierFile
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]


def train_private_classifier(
    pictures: LabelledPictures, recipe: PrivateRecipe, name: str, progress: Progress | None = None
) -> PrivatelyTrained:
    """Teach a classifier that tells of no single picture.

    Raises
    ------
    UsageError
        There are fewer than two classes, or epsilon is too small for so few pictures.
    """
    labels = tuple(sorted(pictures.counts))
    check_classes(labels)
    labelled = _labelled(pictures)
    backbone = Backbone(Kind.FROZEN)
    plan(recipe.epsilon, len(labelled.paths), len(labels))  # refused before anything is read
    reading = read_material(labelled, backbone, progress)
    if not reading.parts:
        raise UsageError("None of the pictures can be used.")
    targets = np.array([labels.index(str(label)) for label in reading.labels], np.int64)
    file = private_file(np.concatenate(reading.parts), targets, labels, recipe, name, public_directions(backbone))
    return PrivatelyTrained(file, tuple(reading.failures), (*pictures.notes, *_notes(pictures)))


def private_file(
    features: Floats,
    targets: Indices,
    labels: tuple[str, ...],
    recipe: PrivateRecipe,
    name: str,
    directions: NDArray[np.float64],
) -> ClassifierFile:
    """Return the classifier that features N×F of the shipped encoder and their classes N give, as it is saved.

    Raises
    ------
    UsageError
        Epsilon is too small for so few pictures.
    """
    head, privacy = fit_private_head(features, targets, len(labels), recipe.epsilon, directions)
    manifest = ClassifierManifest(
        name=name,
        description=recipe.description,
        created=datetime.now(UTC).date(),
        impasto_version=__version__,
        labels=labels,
        backbone=Kind.FROZEN,
        temperature=1.0,
        threshold=LEAST_THRESHOLD,
        privacy=privacy,
        license_note=recipe.license_note,
    )
    return ClassifierFile(manifest, head)


def _labelled(pictures: LabelledPictures) -> LabelledPictures:
    chosen = [(path, label) for path, label in zip(pictures.paths, pictures.labels, strict=True) if label is not None]
    return LabelledPictures(tuple(path for path, _ in chosen), tuple(label for _, label in chosen))


def _notes(pictures: LabelledPictures) -> Sequence[str]:
    notes = []
    if pictures.num_unlabelled:
        notes.append(f"{pictures.num_unlabelled} picture(s) have no label and are not used.")
    if max(pictures.counts.values()) > 3 * min(pictures.counts.values()):
        small = min(pictures.counts, key=lambda label: pictures.counts[label])
        notes.append(f"Classes differ much in size, and each picture weighs the same: {named([small])} is told badly.")
    return notes


def plan(epsilon: float, num_pictures: int, num_classes: int) -> PrivacyAccount:
    """Return how much noise an epsilon asks for, or refuse it; see `impasto.train.private_linear.plan_account`."""
    from impasto.train.private_linear import NUM_DIRECTIONS, plan_account  # noqa: PLC0415

    return plan_account(epsilon, num_pictures, num_classes, NUM_DIRECTIONS)


def public_directions(backbone: Backbone) -> NDArray[np.float64]:
    """Return the directions D×F along which the shipped encoder tells the thousand classes of ImageNet best.

    They are those of its own last layer, so that they depend on no picture of the user's.
    """
    from impasto.train.private_linear import NUM_DIRECTIONS  # noqa: PLC0415

    network: Any = backbone.network
    weights: NDArray[np.float64] = network.encoder.classifier.weight.detach().numpy().astype(np.float64)
    weights -= weights.mean(axis=0)
    values, vectors = np.linalg.eigh(weights @ weights.T)
    directions: NDArray[np.float64] = (vectors / np.sqrt(np.maximum(values, 1e-12))).T[
        : -NUM_DIRECTIONS - 1 : -1
    ] @ weights
    return directions


def fit_private_head(
    features: Floats,
    targets: Indices,
    num_classes: int,
    epsilon: float,
    directions: NDArray[np.float64],
) -> tuple[LinearHead, Privacy]:
    """Learn what a private file holds of features N×F: the classifier and its account.

    Raises
    ------
    UsageError
        Epsilon is too small for so few pictures.
    """
    from impasto.train.private_linear import fit_private  # noqa: PLC0415

    seen = features.astype(np.float64) @ directions.T
    learned = fit_private(seen, targets, num_classes, epsilon, FEATURE_BOUND)
    return _head(learned, directions), _privacy(learned.account)


def _head(learned: PrivateClassifier, directions: NDArray[np.float64]) -> LinearHead:
    weights = (learned.weights @ directions).astype(np.float32)
    none = np.zeros(weights.shape[1], np.float32)
    # Without centres nothing is like or unlike what was learned from.
    return LinearHead(weights, learned.bias.astype(np.float32), none, none + 1, np.zeros_like(weights))


def _privacy(account: PrivacyAccount) -> Privacy:
    from impasto.train.private_linear import CLIPPING_NORM  # noqa: PLC0415

    return Privacy(
        epsilon=account.epsilon,
        delta=account.delta,
        noise_multiplier=account.noise_multiplier,
        mean_noise_multiplier=account.mean_noise_multiplier,
        clipping_norm=CLIPPING_NORM,
        feature_bound=FEATURE_BOUND,
        sampling_rate=1.0,
        num_steps=account.num_steps,
        num_pictures=account.num_pictures,
        accountant=ACCOUNTANT,
        neighbours=NEIGHBOURS,
        known=KNOWN,
        not_covered=NOT_COVERED,
    )


def private_notes(manifest: ClassifierManifest) -> tuple[str, ...]:
    """Return the account of a classifier as a sentence each, for a report; none where it was not taught privately."""
    if manifest.privacy is None:
        return ()
    return tuple(f"{key.capitalize()}: {value}." for key, value in manifest.privacy.lines().items())

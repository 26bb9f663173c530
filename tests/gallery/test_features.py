"""Features by the real network, of pictures that differ in one thing."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import MissingExtraError
from impasto.gallery.feature_space import fit_space
from impasto.gallery.features import READ_SIDE, FeatureExtractor, feature_weights
from impasto.gallery.reading import BATCH_SIZE, read_batches
from impasto.gallery.records import Features, Likeness
from impasto.gallery.traits import TRAIT_NAMES

from .seen import PlainExtractor, save, scene


def photo(kind: int, seed: int, side: int = READ_SIDE) -> NDArray[np.uint8]:
    """Draw stripes (0), discs (1) or a chequerboard (2), each at its own place and size."""
    random = np.random.default_rng(100 * kind + seed)
    rows, columns = np.mgrid[:side, :side] / side
    phase, size = random.random(2) * 0.5, 10 + 4 * random.random()
    if kind == 0:
        values = np.sin(2 * np.pi * (size * columns + phase[0])) > 0
    elif kind == 1:
        values = np.hypot((rows * 3 + phase[0]) % 1 - 0.5, (columns * 3 + phase[1]) % 1 - 0.5) < 0.3
    else:
        values = (np.floor(rows * size + phase[0]) + np.floor(columns * size + phase[1])) % 2 > 0
    gray = 70 + 110 * values + random.normal(0, 3, (side, side))
    return np.repeat(gray[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)


def graded(pixels: NDArray[np.uint8], look: int) -> NDArray[np.uint8]:
    """Tone a picture warm and flat (0), cold (1), or hard (2)."""
    values = pixels / 255
    if look == 0:
        values = 0.25 + 0.5 * values * np.array([1.1, 0.95, 0.7])
    elif look == 1:
        values = values * np.array([0.7, 0.9, 1.15])
    else:
        values = (values - 0.5) * 1.8 + 0.45
    return np.asarray((values * 255).clip(0, 255), np.uint8)


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    import torch

    torch.set_num_threads(1)
    return FeatureExtractor()


@pytest.fixture(scope="module")
def seen(extractor: FeatureExtractor) -> dict[tuple[int, int, int], Features]:
    """Three kinds of pictures in three looks, two of each."""
    keys = [(kind, look, seed) for kind in range(3) for look in range(3) for seed in range(2)]
    found = extractor([graded(photo(kind, seed + 2 * look), look) for kind, look, seed in keys])
    return dict(zip(keys, found, strict=True))


def hits(seen: dict[tuple[int, int, int], Features], by: Likeness, position: int) -> float:
    """Return how often the nearest picture agrees in the kind (0) or the look (1)."""
    keys = list(seen)
    vectors = np.stack([features.vector(by) for features in seen.values()])
    points = fit_space(vectors, feature_weights(by, vectors.shape[1]))(vectors)
    distances = np.square(points[:, None] - points).sum(axis=2) + 1e9 * np.eye(len(points))
    return float(
        np.mean([keys[index][position] == keys[row][position] for row, index in enumerate(distances.argmin(1))])
    )


def test_content_tells_what_and_style_tells_how(seen: dict[tuple[int, int, int], Features]) -> None:
    assert hits(seen, Likeness.CONTENT, 0) == 1
    assert hits(seen, Likeness.STYLE, 1) >= 0.9


def test_shapes_and_types(seen: dict[tuple[int, int, int], Features]) -> None:
    features = seen[0, 0, 0]
    assert features.content.shape == (320,)
    assert features.style.shape == (2 * (24 + 40 + 112) + len(TRAIT_NAMES),)
    assert features.palette.shape[1] == 3
    assert all(values.dtype == np.float32 for values in (features.content, features.style, features.palette))
    assert all(np.isfinite(values).all() for values in (features.content, features.style))
    assert 0 <= features.palette.min() <= features.palette.max() <= 1


def test_neighbours_in_a_batch_do_not_matter(extractor: FeatureExtractor) -> None:
    pictures = [photo(kind, 5) for kind in range(3)]
    together, [alone] = extractor(pictures), extractor(pictures[1:2])
    assert np.allclose(together[1].content, alone.content, atol=1e-4)
    assert np.allclose(together[1].style, alone.style, atol=1e-3)


def test_shapes_of_pictures_may_differ(extractor: FeatureExtractor) -> None:
    middle = photo(1, 3)
    wide = np.concatenate([np.zeros_like(middle), middle, np.zeros_like(middle)], axis=1)
    small = np.asarray(Image.fromarray(middle).resize((40, 40)))
    dot = np.full((1, 1, 3), 90, np.uint8)
    whole, same_middle, tiny, pixel = extractor([middle, wide, small, dot])
    assert np.allclose(whole.content, same_middle.content, atol=1e-4), "the network looks at the middle"
    assert not np.allclose(whole.style[-8:], same_middle.style[-8:], atol=0.5), "light is that of the whole"
    assert np.isfinite(tiny.style).all()
    assert np.isfinite(pixel.style).all()


def test_nothing_in_nothing_out_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FeatureExtractor, "_network_features", None)
    assert FeatureExtractor()([]) == []


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *rest: Any) -> Any:
        if name == "torch":
            raise ModuleNotFoundError(name, name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[library\]'"):
        FeatureExtractor()([photo(0, 0)])


def test_versions_name_the_encoder() -> None:
    assert FeatureExtractor("one").version != FeatureExtractor("other").version


# Reading


def test_batches_keep_order_and_leave_out_what_is_known(tmp_path: Path) -> None:
    count = 2 * BATCH_SIZE + 5
    paths = [save(tmp_path / f"{number}.png", scene("left", (number, 90, 90), number)) for number in range(count)]
    paths[3].write_bytes(b"broken")
    extractor = PlainExtractor()
    batches = list(read_batches(paths, extractor))
    assert [len(batch) for batch in batches] == [BATCH_SIZE, BATCH_SIZE, 5]
    assert [file.path for batch in batches for file in batch.files] == paths[:3] + paths[4:]
    assert [failure.path for batch in batches for failure in batch.failures] == [paths[3]]
    known = {picture.sha256 for picture in batches[0].pictures}
    again = list(read_batches(paths, extractor, known))
    assert sum(len(batch.pictures) for batch in again) == count - 1 - len(known)
    assert sum(len(batch.files) for batch in again) == count - 1


def test_sizes_are_upright(tmp_path: Path) -> None:
    image = Image.fromarray(scene("left", (90, 90, 90), side=60)[:, :40])
    exif = Image.Exif()
    exif[274] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    [batch] = read_batches([tmp_path / "turned.jpg"], PlainExtractor())
    assert (batch.pictures[0].width, batch.pictures[0].height) == (60, 40)
    assert batch.files[0].size == (tmp_path / "turned.jpg").stat().st_size


def test_a_copy_in_another_batch_is_not_looked_at_again(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.png", scene("left", (90, 90, 90), number % 4)) for number in range(40)]
    extractor = PlainExtractor()
    batches = list(read_batches(paths, extractor))
    assert extractor.num_seen == 4
    assert sum(len(batch.files) for batch in batches) == 40


def test_nobody_looked_for_faces_where_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", scene("left", (90, 90, 90)))
    monkeypatch.setattr("impasto.gallery.reading.faces_available", lambda: False)
    [batch] = read_batches([path], PlainExtractor())
    assert batch.pictures[0].faces is None


def test_faces_are_parts_of_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from impasto.vision.faces import FaceBox

    path = save(tmp_path / "a.png", scene("left", (90, 90, 90), side=100))
    monkeypatch.setattr("impasto.gallery.reading.faces_available", lambda: True)
    monkeypatch.setattr("impasto.gallery.reading.detect_faces", lambda _pixels: [FaceBox(10, 20, 30, 40, 0.9)])
    [batch] = read_batches([path], PlainExtractor())
    assert batch.pictures[0].faces == (pytest.approx((0.1, 0.2, 0.3, 0.4)),)

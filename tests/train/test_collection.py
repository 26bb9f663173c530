from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import NoReferencesError, UnreadableMediaError, UsageError
from impasto.train.collection import Collection, Example, Rejection, collect, load_thumbnails, split


def scene(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 6, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def save(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def collection_of(count: int) -> Collection:
    return Collection("references", tuple(Example(Path(f"{i}.jpg"), f"{i:064x}", 200, 200) for i in range(count)))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Four good pictures, and one of every fault."""
    folder = tmp_path / "shoot"
    for seed in range(4):
        save(folder / f"{seed}.jpg", scene(seed))
    shutil.copy(folder / "0.jpg", folder / "0 copy.jpg")
    save(folder / "sub/1 small.webp", scene(1).resize((160, 128), Image.Resampling.HAMMING), quality=60)
    save(folder / "tiny.png", scene(9, (300, 127)))
    (folder / "empty.jpg").write_bytes(b"")
    save(folder / "moving.gif", scene(5), save_all=True, append_images=[scene(6)])
    cut = save(folder / "cut.jpg", scene(7))
    cut.write_bytes(cut.read_bytes()[:3000])
    return folder


def test_every_fault_is_counted_and_named(mixed: Path) -> None:
    found = collect([mixed], role="references")
    assert [example.path.name for example in found.accepted] in (
        ["0 copy.jpg", "1.jpg", "2.jpg", "3.jpg"],
        ["0.jpg", "1.jpg", "2.jpg", "3.jpg"],
    )
    assert (found.num_exact_duplicates, found.num_near_duplicates) == (1, 1)
    assert (found.num_too_small, found.num_unreadable) == (1, 3)
    assert found.summary() == (
        "references: 4 of 10 pictures (1 duplicate, 1 near duplicate, 1 too small, 3 unreadable)"
    )
    reasons = {rejection.path.name: rejection.reason for rejection in found.rejected}
    assert reasons["tiny.png"] == "is too small: 300×127, under 128 on a side."
    assert reasons["empty.jpg"] == "is empty (0 bytes)."
    assert reasons["moving.gif"].startswith("is animated (2 frames)")
    assert reasons["cut.jpg"].startswith("is damaged or cut short")
    assert reasons["1 small.webp"] == f"shows the same as {mixed / '1.jpg'}."
    for line, rejection in zip(found.warnings(), found.rejected, strict=True):
        assert line == f"left out: {rejection.path} {rejection.reason}"


def test_what_is_known_of_an_example_is_right(tmp_path: Path) -> None:
    import hashlib

    exif = Image.Exif()
    exif[274] = 6
    path = save(tmp_path / "a.jpg", scene(0), exif=exif)
    (example,) = collect([path], role="content").accepted
    assert example == Example(path, hashlib.sha256(path.read_bytes()).hexdigest(), 180, 240)


def test_of_near_duplicates_the_largest_is_kept_wherever_it_stands(tmp_path: Path) -> None:
    for name, size in [("a.jpg", (150, 140)), ("b.jpg", (600, 560)), ("c.jpg", (300, 280))]:
        save(tmp_path / name, scene(0, (600, 560)).resize(size, Image.Resampling.HAMMING))
    found = collect([tmp_path], role="references")
    assert [example.path.name for example in found.accepted] == ["b.jpg"]
    assert found.summary() == "references: 1 of 3 pictures (2 near duplicates)"


def test_duplicates_may_be_kept_and_small_ones_allowed(mixed: Path) -> None:
    found = collect([mixed], role="references", deduplicate=False, minimum_side=100)
    assert found.summary() == "references: 7 of 10 pictures (3 unreadable)"


def test_similar_layouts_with_other_details_are_both_kept(tmp_path: Path) -> None:
    """Drawings of one series share the hash, and only the comparison that follows tells them apart."""
    base = np.full((256, 256, 3), 255, np.uint8)
    base[60:200, 80:180] = 120
    for name, column in [("a.png", 90), ("b.png", 150)]:
        drawing = base.copy()
        drawing[80:180:8, column : column + 20] = 0
        save(tmp_path / name, Image.fromarray(drawing))
    assert len(collect([tmp_path], role="references").accepted) == 2


def test_flat_pictures_of_different_colours_are_both_kept(tmp_path: Path) -> None:
    for name, level in [("a.png", 40), ("b.png", 200), ("c.png", 200)]:
        save(tmp_path / name, Image.new("RGB", (200 + level, 200), (level, level, level)))
    assert len(collect([tmp_path], role="references").accepted) == 2


def test_16bit_pictures_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png", Image.fromarray(np.asarray(scene(0).convert("L")).astype(np.uint16) * 257))
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    assert len(collect([tmp_path], role="references").accepted) == 1


def test_a_missing_extra_is_a_reason_not_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.jpg", scene(0))
    (tmp_path / "b.heic").write_bytes(b"some bytes")
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    found = collect([tmp_path], role="references")
    assert [rejection.reason for rejection in found.rejected] == [
        "is a HEIC picture. To read it: pip install 'impasto[photo]'"
    ]


def test_one_picture_is_allowed_with_a_warning(tmp_path: Path) -> None:
    found = collect([save(tmp_path / "a.jpg", scene(0))], role="references")
    assert found.summary() == "references: 1 of 1 picture"
    assert len(found.warnings()) == 1
    assert "one picture only" in found.warnings()[0]


def test_nothing_to_learn_from_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.jpg").write_bytes(b"")
    cases = {
        tmp_path / "nowhere": r"references: .*nowhere does not exist",
        tmp_path / "empty": r"references: no pictures in .*empty",
        tmp_path / "bad": r"0 of 1 picture \(1 unreadable\): none can be used.*a\.jpg, is empty",
    }
    for path, words in cases.items():
        with pytest.raises(NoReferencesError, match=words):
            collect([path], role="references")
    with pytest.raises(NoReferencesError, match="no pictures"):
        collect([], role="references")


def test_a_file_that_disappears_while_collecting_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [save(tmp_path / f"{seed}.jpg", scene(seed)) for seed in range(2)]

    def gone(path: Path) -> str:
        if path == paths[0]:
            raise FileNotFoundError(2, "No such file or directory")
        return "0" * 64

    monkeypatch.setattr("impasto.train.collection.content_hash", gone)
    found = collect([tmp_path], role="references")
    assert found.rejected == (Rejection(paths[0], "unreadable", "cannot be read: No such file or directory."),)


@given(st.integers(2, 60), st.floats(0.001, 0.99), st.integers(0, 5))
def test_split_divides_without_loss(count: int, fraction: float, seed: int) -> None:
    collection = collection_of(count)
    train, validation = split(collection, fraction, seed)
    assert train
    assert validation
    assert sorted(train + validation, key=lambda example: int(example.path.stem)) == list(collection.accepted)
    assert len(validation) == min(count - 1, max(1, round(count * fraction)))
    assert split(collection, fraction, seed) == (train, validation)


def test_split_depends_on_the_seed_and_on_content_but_not_on_names() -> None:
    collection = collection_of(40)
    renamed = Collection("references", tuple(Example(Path(f"x{e.path}"), e.sha256, 1, 1) for e in collection.accepted))
    parts = [
        {example.sha256 for example in split(one, 0.25, seed)[1]} for one in (collection, renamed) for seed in (0, 1)
    ]
    assert parts[0] == parts[2] != parts[1] == parts[3]


def test_split_moves_few_pictures_when_some_are_added() -> None:
    before = {example.sha256 for example in split(collection_of(40), 0.25, 0)[1]}
    after = {example.sha256 for example in split(collection_of(44), 0.25, 0)[1]}
    assert len(before & after) >= 7


def test_split_of_one_picture_and_of_none_to_validate() -> None:
    one, many = collection_of(1), collection_of(5)
    assert split(one, 0.2, 0) == (one.accepted, one.accepted)
    assert split(many, 0, 0) == (many.accepted, ())
    for fraction in (-0.1, 1.0, 2.0):
        with pytest.raises(UsageError, match="validation_fraction"):
            split(many, fraction, 0)


def test_thumbnails_come_in_order_with_the_short_side_asked_for(tmp_path: Path) -> None:
    sizes = [(400, 200), (200, 500), (130, 140), (333, 222), (128, 128)]
    for seed, size in enumerate(sizes):
        save(tmp_path / f"{seed}.png", scene(seed, size))
    found = collect([tmp_path], role="references")
    thumbnails = load_thumbnails(found.accepted, 100)
    assert [thumbnail.shape[1::-1] for thumbnail in thumbnails] == [
        (200, 100),
        (100, 250),
        (100, 108),
        (150, 100),
        (100, 100),
    ]
    for seed, thumbnail in enumerate(thumbnails):
        assert thumbnail.dtype == np.uint8
        expected = scene(seed, sizes[seed]).resize(thumbnail.shape[1::-1], Image.Resampling.BOX)
        assert np.abs(thumbnail.astype(int) - np.asarray(expected)).mean() < 3


def test_a_file_that_disappears_before_loading_is_named(tmp_path: Path) -> None:
    found = collect([save(tmp_path / "a.jpg", scene(0))], role="references")
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(UnreadableMediaError, match=r"a\.jpg does not exist"):
        load_thumbnails(found.accepted, 100)


def test_collecting_needs_no_torch() -> None:
    command = "import sys, impasto.train.collection; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0

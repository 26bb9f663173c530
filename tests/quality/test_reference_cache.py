from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import OutputError
from impasto.quality import reference_cache
from impasto.quality.color_distance import ColorHistogramDistance
from impasto.quality.feature_metrics import FEATURE_SET_METRICS
from impasto.quality.reference_cache import ReferenceCache, cache_key, default_cache_dir

from .pictures import textured
from .seen import plain_reader

KINDS: tuple[type[Any], ...] = (*FEATURE_SET_METRICS, ColorHistogramDistance)


def metrics(num_references: int = 0, num_outputs: int = 0) -> dict[str, Any]:
    """Return every metric against references, after so many pictures."""
    made: dict[str, Any] = {kind.name: kind() for kind in KINDS}
    reader = plain_reader()
    for number in range(num_references + num_outputs):
        image = textured(40, 44, seed=number)
        for name, metric in made.items():
            shown = image if name == ColorHistogramDistance.name else reader(image)
            (metric.update_reference if number < num_references else metric.update_output)(shown)
    return made


def values(known: dict[str, Any]) -> dict[str, float]:
    outputs = metrics(0, 4)
    for name, metric in outputs.items():
        metric.merge(known[name])
    return {name: metric.compute() for name, metric in outputs.items()}


def test_what_is_kept_counts_as_if_the_references_were_seen(tmp_path: Path) -> None:
    cache, kept, loaded = ReferenceCache(tmp_path / "deep" / "cache"), metrics(5), metrics()
    assert not cache.load("abc", loaded)
    cache.save("abc", kept)
    assert cache.load("abc", loaded)
    assert not cache.load("abd", metrics())
    wanted = values(kept)
    assert all(np.isfinite(value) for value in wanted.values())
    assert values(loaded) == pytest.approx(wanted)
    assert values(loaded) == pytest.approx(wanted), "using what was loaded does not change it"
    for metric in loaded.values():
        if hasattr(metric, "reference"):
            assert type(metric.reference.count) is int
            assert metric.reference.count == 5


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_entry_counts_as_none_and_is_replaced(tmp_path: Path, damage: bytes) -> None:
    cache = ReferenceCache(tmp_path)
    cache.save("abc", metrics(2))
    [entry] = tmp_path.iterdir()
    entry.write_bytes(damage)
    assert not cache.load("abc", metrics())
    cache.save("abc", metrics(2))
    assert cache.load("abc", metrics())


def test_an_entry_cut_short_anywhere_counts_as_none(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path)
    cache.save("abc", metrics(2))
    [entry] = tmp_path.iterdir()
    whole = entry.read_bytes()
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 0xFF
    for damaged in (whole[: len(whole) // 2], whole[:-1], bytes(middle)):
        entry.write_bytes(damaged)
        assert not cache.load("abc", metrics())


def test_an_entry_of_other_metrics_counts_as_none(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path)
    fewer = metrics(2)
    del fewer["fid"]
    cache.save("abc", fewer)
    assert not cache.load("abc", metrics())


def test_the_oldest_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_cache, "_MOST_ENTRIES", 2)
    cache = ReferenceCache(tmp_path)
    for number, key in enumerate(("a1", "b2", "c3")):
        cache.save(key, {"color_distance": ColorHistogramDistance()})
        __import__("os").utime(tmp_path / f"{key}.npz", (number, number))
    cache.save("d4", {"color_distance": ColorHistogramDistance()})
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["c3", "d4"]


def test_the_key_is_of_all_that_goes_in(tmp_path: Path) -> None:
    for name, text in (("a.png", "one"), ("b.png", "two"), ("w.pth", "weights")):
        (tmp_path / name).write_text(text)
    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    key = cache_key(pictures, "mobilenet-v2", 512)
    assert cache_key(pictures[::-1], "mobilenet-v2", 512) == key, "in any order"
    assert (tmp_path / "a.png").rename(tmp_path / "c.png")
    assert cache_key([tmp_path / "c.png", pictures[1]], "mobilenet-v2", 512) == key, "by any name"
    pictures = pictures[1:]
    weights = f"mobilenet-v2:{tmp_path / 'w.pth'}"
    keys = {key, *(cache_key(pictures, name, side) for name in ("vgg16", weights) for side in (256, 512))}
    (tmp_path / "w.pth").write_text("other")
    keys.add(cache_key(pictures, weights, 512))
    (tmp_path / "b.png").write_text("changed")
    keys.add(cache_key(pictures, weights, 512))
    assert len(keys) == 7


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "cache" / "references"
    monkeypatch.delenv("IMPASTO_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert "impasto" in default_cache_dir().parts


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made"):
        ReferenceCache(tmp_path / "file" / "cache").save("abc", {})

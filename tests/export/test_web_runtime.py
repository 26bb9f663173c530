from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.export.web_runtime import RuntimeLock, default_cache_dir, read_lock, runtime_files

FILES = {"ort.mjs": b"export default 1;", "ort.wasm": b"\0asm" * 99}


def package(files: dict[str, bytes] = FILES, folder: str = "package/dist/") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in (files | {"README.md": b"more"}).items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def lock_of(packed: bytes, files: dict[str, bytes] = FILES) -> RuntimeLock:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    return RuntimeLock("ort-web", "1.2.3", integrity, digests)


@pytest.fixture
def tgz(tmp_path: Path) -> Path:
    path = tmp_path / "ort-web-1.2.3.tgz"
    path.write_bytes(package())
    return path


@pytest.fixture
def lock(tgz: Path) -> RuntimeLock:
    return lock_of(tgz.read_bytes())


def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put an npm first in the path that does as `script` says, and notes what it was asked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/asked"\nfor last; do :; done\n{script}\n', encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "asked"


@pytest.fixture(autouse=True)
def no_npm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may reach a registry: a real npm is never started."""
    run = subprocess.run

    def checked(command: list[str], **options: object) -> object:
        assert Path(command[0]).parent.name == "bin"
        assert Path(command[0]).parent.parent == Path(str(request.getfixturevalue("tmp_path")))
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", checked)


def test_a_package_that_is_given_is_unpacked_and_kept(tmp_path: Path, tgz: Path, lock: RuntimeLock) -> None:
    cache = tmp_path / "cache"
    assert runtime_files(tgz, lock=lock, cache_dir=cache) == FILES
    tgz.unlink()
    assert runtime_files(lock=lock, cache_dir=cache) == FILES
    assert sorted(path.name for path in (cache / "ort-web-1.2.3").iterdir()) == sorted(FILES)


def test_npm_is_asked_for_the_locked_version_once(
    tmp_path: Path, tgz: Path, lock: RuntimeLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_npm(tmp_path, monkeypatch, f'cp "{tgz}" "$last"')
    for _ in range(2):
        assert runtime_files(lock=lock, cache_dir=tmp_path / "cache") == FILES
    [words] = asked.read_text(encoding="utf-8").splitlines()
    assert words.startswith("pack ort-web@1.2.3 --ignore-scripts")


def test_a_package_of_other_bytes_is_refused_and_nothing_is_kept(
    tmp_path: Path, tgz: Path, lock: RuntimeLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tgz.write_bytes(package({**FILES, "ort.mjs": b"export default 2;"}))
    fake_npm(tmp_path, monkeypatch, f'cp "{tgz}" "$last"')
    for path, origin in ((tgz, str(tgz)), (None, "npm")):
        with pytest.raises(UnreadableMediaError, match="its hash is another") as caught:
            runtime_files(path, lock=lock, cache_dir=tmp_path / "cache")
        assert origin in str(caught.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "packed",
    [b"not a package", package()[:60], package({"ort.mjs": FILES["ort.mjs"]})],
    ids=["no package", "cut short", "one file"],  # bytes of a package hold the time: each worker had another name
)
def test_a_package_that_lacks_what_is_locked_is_refused(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "odd.tgz"
    path.write_bytes(packed)
    with pytest.raises(UnreadableMediaError, match=r"odd\.tgz does not hold"):
        runtime_files(path, lock=lock_of(packed), cache_dir=tmp_path / "cache")


def test_a_file_that_differs_within_a_package_of_the_right_hash_is_refused(tmp_path: Path) -> None:
    packed = package()
    path = tmp_path / "odd.tgz"
    path.write_bytes(packed)
    with pytest.raises(UnreadableMediaError, match=r"ort\.wasm differs"):
        runtime_files(path, lock=lock_of(packed, {**FILES, "ort.wasm": b"other"}), cache_dir=tmp_path / "cache")


def test_what_is_kept_is_checked_each_time(
    tmp_path: Path, tgz: Path, lock: RuntimeLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    runtime_files(tgz, lock=lock, cache_dir=cache)
    (cache / "ort-web-1.2.3" / "ort.wasm").write_bytes(b"changed")
    fake_npm(tmp_path, monkeypatch, f'cp "{tgz}" "$last"')
    assert runtime_files(lock=lock, cache_dir=cache) == FILES
    assert (cache / "ort-web-1.2.3" / "ort.wasm").read_bytes() == FILES["ort.wasm"]


def test_without_npm_the_user_is_told_what_to_do(
    tmp_path: Path, lock: RuntimeLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="is not installed") as caught:
        runtime_files(lock=lock, cache_dir=tmp_path / "cache")
    for word in ("Node.js", "npm pack ort-web@1.2.3", "--web-runtime"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("script", "reason"), [("echo 'npm error network down' >&2; exit 1", "network down"), ("exit 0", "no reason")]
)
def test_an_npm_that_fails_is_quoted(
    tmp_path: Path, lock: RuntimeLock, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    fake_npm(tmp_path, monkeypatch, script)
    with pytest.raises(MissingExtraError, match=reason):
        runtime_files(lock=lock, cache_dir=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, tgz: Path, lock: RuntimeLock) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert runtime_files(tgz, lock=lock, cache_dir=tmp_path / "cache") == FILES


def test_a_package_that_is_not_there_is_named(tmp_path: Path, lock: RuntimeLock) -> None:
    with pytest.raises(UnreadableMediaError, match=r"none\.tgz"):
        runtime_files(tmp_path / "none.tgz", lock=lock, cache_dir=tmp_path / "cache")


def test_the_lock_pins_one_version_by_hash() -> None:
    lock = read_lock()
    assert lock.package == "onnxruntime-web"
    assert len(base64.b64decode(lock.integrity.removeprefix("sha512-"))) == 64
    assert all(len(digest) == 64 for digest in lock.files.values())
    assert sum(name.endswith(".wasm") for name in lock.files) == 2


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir().name == "web-runtime"

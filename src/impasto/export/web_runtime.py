"""The runtime that paints in a browser, onnxruntime-web: found, verified against what is locked here, and kept.

It is 41 MB, so that it is no part of Impasto: `npm` fetches it when it is first needed, and a folder of the user's
keeps it. Nothing that npm could run is run, and nothing is taken that differs by one bit from what was locked.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import MissingExtraError, UnreadableMediaError
from impasto.media.files import describe_os_error

LOCK_PATH = Path(__file__).with_name("web_runtime.lock.json")

_MAX_PACKAGE_BYTES = 128 << 20
_FETCH_SECONDS = 300
_FOLDER_IN_PACKAGE = "package/dist/"


@dataclass(frozen=True)
class RuntimeLock:
    """Which build of the runtime a page takes.

    Attributes
    ----------
    package, version
        As npm knows them.
    integrity
        Of the package's `.tgz`, as npm's own lock files state it: `sha512-` and base64.
    files
        SHA-256, in hexadecimal, of each file that a page takes, by its name.
    """

    package: str
    version: str
    integrity: str
    files: dict[str, str]

    @property
    def spec(self) -> str:
        """What npm calls this version."""
        return f"{self.package}@{self.version}"


def read_lock(path: Path = LOCK_PATH) -> RuntimeLock:
    """Read what is locked."""
    return RuntimeLock(**json.loads(path.read_text(encoding="utf-8")))


def default_cache_dir() -> Path:
    """Return the user's folder for what can be fetched again."""
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("impasto", appauthor=False) / "web-runtime"


def runtime_files(
    package_path: Path | None = None, *, lock: RuntimeLock | None = None, cache_dir: Path | None = None
) -> dict[str, bytes]:
    """Return the files of the runtime by name: those that are kept, or that npm fetches, or of a package that is given.

    Parameters
    ----------
    package_path
        The `.tgz` of the locked version, for a machine that has no npm or no network.
    cache_dir
        Where the files are kept; default: the user's folder for this.

    Raises
    ------
    MissingExtraError
        Nothing is kept, and npm is not installed or could not fetch it.
    UnreadableMediaError
        The package is not the locked one, bit for bit.
    """
    lock = lock or read_lock()
    folder = (cache_dir or default_cache_dir()) / f"{lock.package}-{lock.version}"
    if package_path is None:
        if kept := _kept(folder, lock):
            return kept
        package, origin = _fetch(lock), "what npm fetched"
    else:
        package, origin = _read(package_path), str(package_path)
    files = _unpack(package, lock, origin)
    _keep(folder, files)
    return files


def _kept(folder: Path, lock: RuntimeLock) -> dict[str, bytes] | None:
    """Return what is kept; None where anything is missing or is not what is locked."""
    try:
        files = {name: (folder / name).read_bytes() for name in lock.files}
    except OSError:
        return None
    return files if _differing(files, lock) is None else None


def _differing(files: dict[str, bytes], lock: RuntimeLock) -> str | None:
    differing = (name for name, digest in lock.files.items() if hashlib.sha256(files[name]).hexdigest() != digest)
    return next(differing, None)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_PACKAGE_BYTES:
            raise UnreadableMediaError(f"{path} is too large for the runtime's package.")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableMediaError(f"{path} cannot be read: {describe_os_error(error)}.") from error


def _fetch(lock: RuntimeLock) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingExtraError(f"A paint style runs on {lock.spec} in the browser, and npm, which fetches it, is "
                                f"not installed. {_advice(lock)}")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
        command = [npm, "pack", lock.spec, "--ignore-scripts", "--silent", "--pack-destination", folder]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingExtraError(f"npm could not fetch {lock.spec}: {error}. {_advice(lock)}") from error
        packages = sorted(Path(folder).glob("*.tgz"))
        if done.returncode or not packages:
            said = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "it gave no reason")
            raise MissingExtraError(f"npm could not fetch {lock.spec}: {said[:200]}. {_advice(lock)}")
        return _read(packages[0])


def _advice(lock: RuntimeLock) -> str:
    return f"Install Node.js, or run 'npm pack {lock.spec}' elsewhere and give the file with --web-runtime."


def _unpack(package: bytes, lock: RuntimeLock, origin: str) -> dict[str, bytes]:
    """Return the locked files of a package, after holding it against its hash; none of its paths is ever used."""
    algorithm, _, stated = lock.integrity.partition("-")
    if base64.b64encode(hashlib.new(algorithm, package).digest()).decode() != stated:
        raise UnreadableMediaError(f"{origin} is not {lock.spec}: its hash is another. Fetch that version again.")
    try:
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
            members = [archive.extractfile(_FOLDER_IN_PACKAGE + name) for name in lock.files]
            files = {name: member.read() for name, member in zip(lock.files, members, strict=True) if member}
    except (KeyError, tarfile.TarError, OSError, EOFError) as error:
        raise UnreadableMediaError(f"{origin} does not hold what {lock.spec} should: {error}.") from error
    if len(files) != len(lock.files) or (differing := _differing(files, lock)):
        name = differing if len(files) == len(lock.files) else "a file"
        raise UnreadableMediaError(f"{origin}: {name} differs from what is locked for {lock.spec}.")
    return files


def _keep(folder: Path, files: dict[str, bytes]) -> None:
    """Keep files for the next time, each whole or not at all; a page can be written where that fails, too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            beside = folder / f".{uuid.uuid4().hex[:12]}"
            try:
                beside.write_bytes(content)
                beside.replace(folder / name)
            finally:
                beside.unlink(missing_ok=True)
    except OSError:
        return

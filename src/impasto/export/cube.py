"""`.cube` files: 3D LUTs as most grading programs read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.apply.lut import MAX_SIZE, Lut3D
from impasto.errors import UnreadableMediaError
from impasto.media.files import write_beside

_MAX_BYTES = 256 << 20


def write_cube(lut: Lut3D, path: Path | str, title: str = "", size: int | None = 33) -> None:
    """Write a LUT as a `.cube` file of `size` steps per axis (None: the LUT's own).

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    table = (lut if size is None else lut.resampled(size)).table.clip(0, 1)
    title = " ".join(title.replace('"', "'").split())
    lines = [f'TITLE "{title}"'] if title else []
    lines += [f"LUT_3D_SIZE {len(table)}", "DOMAIN_MIN 0 0 0", "DOMAIN_MAX 1 1 1"]
    # Red runs fastest in the file.
    colors = table.transpose(2, 1, 0, 3).reshape(-1, 3).tolist()
    lines += [f"{red:.7f} {green:.7f} {blue:.7f}" for red, green, blue in colors]
    with write_beside(path) as temporary_path:
        temporary_path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_cube(path: Path | str) -> Lut3D:
    """Read a 3D LUT; a domain other than [0, 1] is resampled to it.

    Raises
    ------
    UnreadableMediaError
        The file cannot be read, is a 1D LUT, or is not a `.cube` file.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableMediaError(f"{path} is too large for a .cube file.")
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UnreadableMediaError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return _parse(path, lines)
    except ValueError as error:
        if isinstance(error, UnreadableMediaError):
            raise
        raise UnreadableMediaError(f"{path} is not a usable .cube file: {error}") from error


def _parse(path: Path, lines: list[str]) -> Lut3D:
    settings: dict[str, list[str]] = {}
    rows: list[list[str]] = []
    for line in lines:
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0][0].isalpha() and words[0].lower() not in ("nan", "inf"):
            settings[words[0].upper()] = words[1:]
        else:
            rows.append(words)
    if "LUT_1D_SIZE" in settings:
        raise UnreadableMediaError(f"{path} is a 1D LUT. Only 3D LUTs can be read.")
    size = _declared_size(settings)
    table = _table(rows, size)
    return _with_unit_domain(table, settings)


def _declared_size(settings: dict[str, list[str]]) -> int:
    words = settings.get("LUT_3D_SIZE")
    if not words:
        raise ValueError("it has no line LUT_3D_SIZE.")
    size = int(words[0])
    if not 2 <= size <= MAX_SIZE:
        raise ValueError(f"its size must be from 2 to {MAX_SIZE}, not {size}.")
    return size


def _table(rows: list[list[str]], size: int) -> NDArray[np.float32]:
    if len(rows) != size**3 or any(len(row) != 3 for row in rows):
        raise ValueError(f"it should hold {size**3} lines of three numbers, and holds {len(rows)} lines.")
    values = np.array(rows, dtype=np.float32)
    return values.reshape(size, size, size, 3).transpose(2, 1, 0, 3)


def _with_unit_domain(table: NDArray[np.float32], settings: dict[str, list[str]]) -> Lut3D:
    """Give a LUT of another domain a grid over [0, 1]; beyond its own domain its edge colours go on."""
    low, high = (
        np.array(settings.get(f"DOMAIN_{end}", default), float) for end, default in (("MIN", [0] * 3), ("MAX", [1] * 3))
    )
    if "LUT_3D_INPUT_RANGE" in settings:
        low, high = (np.full(3, float(end)) for end in settings["LUT_3D_INPUT_RANGE"])
    if low.shape != (3,) or high.shape != (3,) or not (high > low).all():
        raise ValueError("its domain is empty.")
    lut = Lut3D(table)
    if (low == 0).all() and (high == 1).all():
        return lut
    inputs = (Lut3D.identity(lut.size).table - low) / (high - low)
    return Lut3D(lut.apply(inputs.astype(np.float32)))

"""Compiled code is kept where that is possible, and done without where it is not."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from impasto.media import compiled

GRADE_ONE_PIXEL = """
import numpy, sys
from impasto.apply.lut import Lut3D
assert "numba" not in sys.modules, "importing the LUT must not import numba"
print(Lut3D.identity(33).apply(numpy.full((1, 1, 3), 77, numpy.uint8)).tolist())
"""


def grade_one_pixel(cache_dir: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache_dir)}
    result = subprocess.run(
        [sys.executable, "-c", GRADE_ONE_PIXEL], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    return result.stdout.strip()


def test_code_is_cached_between_processes(tmp_path):
    assert grade_one_pixel(tmp_path) == "[[[77, 77, 77]]]"
    cached = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert cached
    assert grade_one_pixel(tmp_path) == "[[[77, 77, 77]]]"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == cached


def test_kernels_work_without_a_writable_cache(monkeypatch):
    compile_truly = numba.njit

    def refuse_cache(function, *, nogil=False, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_truly(function, nogil=nogil, **options)

    monkeypatch.setattr(compiled.numba, "njit", refuse_cache)

    @compiled.compiled
    def double(value: int) -> int:
        return 2 * value

    assert double(21) == 42


def test_division_by_zero_is_numpys():
    @compiled.compiled
    def divide(one: float, other: float) -> float:
        return one / other

    assert divide(1.0, 0.0) == float("inf")


def test_other_errors_of_compilation_are_not_hidden(monkeypatch):
    def fail(function, **options):
        raise TypeError("broken")

    monkeypatch.setattr(compiled.numba, "njit", fail)
    with pytest.raises(TypeError, match="broken"):
        compiled.compiled(len)

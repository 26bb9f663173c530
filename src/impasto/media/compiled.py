"""Compilation of loops over pixels. Importing this module imports numba, which takes half a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile without the GIL; keep the machine code on disk where any place for it is writable.

    Division by zero gives what NumPy's does. Python's way, to test each divisor, keeps loops from vector instructions.
    """
    try:
        return cast("Callable[P, R]", numba.njit(function, nogil=True, cache=True, error_model="numpy"))
    except RuntimeError:  # numba found no writable cache directory
        return cast("Callable[P, R]", numba.njit(function, nogil=True, error_model="numpy"))

"""OpenVINO, imported without what tells its makers of it, and its one `Core`."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any


def import_openvino() -> Any:
    """Import OpenVINO without what tells its makers of it, for which it would write a number into the home folder."""
    if "openvino" in sys.modules or "openvino_telemetry" in sys.modules:
        return importlib.import_module("openvino")
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as if it was not installed
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules["openvino_telemetry"]


@cache
def openvino_core() -> Any:
    """Return the `Core` that all networks of this process are compiled by.

    It is never let go of. On the CPU, each gives the thread that it is made in a stack of its own for signals, and
    takes that back when it goes; but where it goes in another thread, or before one that was made later, the thread is
    left with a stack that is no longer there, and the next Ctrl-C is a crash.
    """
    return import_openvino().Core()

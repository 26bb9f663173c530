"""What `import impasto` offers: no more, no less, and nothing heavy until it is used."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import impasto
from impasto import errors

FUNCTIONS = {"learn", "load", "styles"}
CLASSES = {"Style"}
ERRORS = {
    "ClassifierFileError",
    "ImpastoError",
    "JobError",
    "MissingExtraError",
    "NoReferencesError",
    "OutputError",
    "StyleFileError",
    "TrainingError",
    "UnknownStyleError",
    "UnreadableMediaError",
    "UnusablePixelsError",
    "UsageError",
}
PUBLIC = FUNCTIONS | CLASSES | ERRORS | {"__version__"}

HEAVY = ("torch", "numba", "onnxruntime", "pydantic", "PIL", "onnx", "typer", "rich", "numpy")


def test_the_public_names_are_those_documented() -> None:
    assert set(impasto.__all__) == PUBLIC
    assert len(impasto.__all__) == len(set(impasto.__all__))
    assert list(impasto.__all__) == sorted(impasto.__all__)


def test_every_error_is_public() -> None:
    defined = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert defined == ERRORS


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_each_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(impasto, name)
    assert value.__name__ == name
    assert (value.__doc__ or "").strip()


def test_every_public_method_is_documented_and_annotated() -> None:
    for name, member in inspect.getmembers(impasto.Style):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name
            if inspect.isfunction(member):
                assert inspect.signature(member).return_annotation is not inspect.Signature.empty, name


def test_dir_and_star_show_the_public_names() -> None:
    assert set(dir(impasto)) >= PUBLIC
    names: dict[str, object] = {}
    exec("from impasto import *", names)  # the only way to see what a star imports
    assert set(names) - {"__builtins__"} == PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'restyle'"):
        _ = impasto.restyle  # type: ignore[attr-defined]


def test_importing_reaches_nothing_heavy() -> None:
    code = f"import sys, impasto; print([name for name in {HEAVY!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"

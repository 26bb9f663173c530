"""How large a file, a function and a signature may grow, and that tests keep up with code.

A room that gets crowded is split by noun. These numbers are part of the architecture: docs/architecture.md says why.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from .source_tree import ROOT, Function, Module, load_modules, num_filled_lines

MAX_FILE_LINES = 400
MAX_MEDIAN_FUNCTION_LINES = 10
MAX_FUNCTION_LINES = 60
MAX_LONG_FUNCTIONS = 0.01
MAX_PARAMETERS = 8
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tools", "stuff"}

MODULES = load_modules()


@pytest.fixture(scope="module")
def functions() -> list[Function]:
    """Every function of the package; found when it is first asked for, since each worker that collects tests waits."""
    return [function for module in MODULES for function in module.functions()]


def listing(offenders: list[object]) -> str:
    return "\n" + "\n".join(str(offender) for offender in offenders)


def test_files_are_short() -> None:
    lengths = {module.path: len(module.text.splitlines()) for module in MODULES}
    offenders: list[object] = [f"{path}: {length}" for path, length in lengths.items() if length > MAX_FILE_LINES]
    assert not offenders, listing(offenders)


def test_most_functions_are_short(functions: list[Function]) -> None:
    lengths = [function.num_lines for function in functions]
    longest = sorted(functions, key=lambda function: -function.num_lines)[:20]
    assert statistics.median(lengths) <= MAX_MEDIAN_FUNCTION_LINES, listing([*longest])


def test_almost_no_function_is_long(functions: list[Function]) -> None:
    offenders: list[object] = [function for function in functions if function.num_lines > MAX_FUNCTION_LINES]
    assert len(offenders) <= MAX_LONG_FUNCTIONS * len(functions), listing(offenders)


def test_signatures_are_short(functions: list[Function]) -> None:
    offenders: list[object] = [function for function in functions if function.num_parameters > MAX_PARAMETERS]
    assert not offenders, listing(offenders)


def test_everything_is_annotated(functions: list[Function]) -> None:
    offenders: list[object] = [f"{each} lacks {', '.join(each.unannotated)}" for each in functions if each.unannotated]
    assert not offenders, listing(offenders)


def test_names_say_what_is_inside() -> None:
    parts = {part for module in MODULES for part in Path(module.path).with_suffix("").parts}
    assert not {part for part in parts if VAGUE_NAMES & set(part.split("_"))}


def test_tests_keep_up_with_code() -> None:
    num_code = {module.path: num_filled_lines(module.text) for module in MODULES}
    num_tests = sum(num_filled_lines(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("*.py"))
    assert num_tests >= sum(num_code.values()), f"{num_tests} lines of tests for {sum(num_code.values())} of code"


SOURCE = '''
def plain(a: int, *rest: int, b: int = 0) -> int:
    """One.

    Two.
    """
    return a


class Thing:
    def method(self, c) -> None:
        def inner(d: int):
            return d

        inner(c)
'''


def test_the_guard_counts_lines_without_docstrings() -> None:
    lengths = {function.name: function.num_lines for function in Module("a.py", SOURCE).functions()}
    assert lengths == {"plain": 2, "method": 5, "inner": 2}


@pytest.mark.parametrize(
    ("name", "num_parameters", "unannotated"),
    [("plain", 2, ()), ("method", 1, ("c",)), ("inner", 1, ("return",))],
)
def test_the_guard_counts_parameters(name: str, num_parameters: int, unannotated: tuple[str, ...]) -> None:
    function = next(each for each in Module("a.py", SOURCE).functions() if each.name == name)
    assert (function.num_parameters, function.unannotated) == (num_parameters, unannotated)


def test_blank_lines_do_not_count() -> None:
    assert num_filled_lines("a\n\n   \n\tb\n") == 2

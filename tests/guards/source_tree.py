"""The package as data: its modules, what each imports and where, and its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "impasto"
PACKAGE_NAME = "impasto"
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module.

    Attributes
    ----------
    target
        Absolute dotted name; of `from a import b`, `a.b`.
    line
        Where it stands.
    lazy
        It is inside a function, so that it runs when called.
    typing_only
        It is inside `if TYPE_CHECKING`, so that it never runs.
    """

    target: str
    line: int
    lazy: bool
    typing_only: bool


@dataclass(frozen=True)
class Function:
    """One function; `num_lines` is from `def` to its end, without its docstring."""

    module: str
    name: str
    num_lines: int
    num_parameters: int
    unannotated: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}: {self.name} ({self.num_lines} lines, {self.num_parameters} parameters)"


@dataclass(frozen=True)
class Module:
    """One source file and its path below the package, such as `media/frame.py`."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def dotted(self) -> str:
        parts = [PACKAGE_NAME, *Path(self.path).with_suffix("").parts]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.dotted if self.path.endswith("__init__.py") else self.dotted.rpartition(".")[0]

    @property
    def area(self) -> str:
        """The top folder or file, such as `media` or `errors`."""
        return Path(self.path).with_suffix("").parts[0]

    def imports(self) -> list[Import]:
        return list(self._imports(self.tree, lazy=False, typing_only=False))

    def _imports(self, node: ast.AST, lazy: bool, typing_only: bool) -> Iterator[Import]:
        for target in self._targets(node):
            yield Import(target, getattr(node, "lineno", 0), lazy, typing_only)
        for child in ast.iter_child_nodes(node):
            in_function = lazy or isinstance(node, FunctionNode | ast.Lambda)
            never_runs = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and child in node.body
            yield from self._imports(child, in_function, typing_only or never_runs)

    def _targets(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [name.name for name in node.names]
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = self.package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            return [f"{base}.{name.name}" for name in node.names]
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
            return [
                given.value for given in node.args if isinstance(given, ast.Constant) and isinstance(given.value, str)
            ]
        return []

    def functions(self) -> list[Function]:
        return [self._function(node) for node in ast.walk(self.tree) if isinstance(node, FunctionNode)]

    def _function(self, node: FunctionNode) -> Function:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        if positional and positional[0].arg in ("self", "cls"):
            positional = positional[1:]
        named = [*positional, *arguments.kwonlyargs]
        starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        missing = [argument.arg for argument in [*named, *starred] if argument.annotation is None]
        if node.returns is None:
            missing.append("return")
        return Function(self.path, node.name, _num_lines(node), len(named), tuple(missing))


def _num_lines(node: FunctionNode) -> int:
    last = node.end_lineno or node.lineno
    docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    return last - node.lineno + 1 - (((docstring.end_lineno or 0) - docstring.lineno + 1) if docstring else 0)


def load_modules(package_dir: Path = PACKAGE) -> list[Module]:
    """Read every source file of a package."""
    paths = sorted(package_dir.rglob("*.py"))
    return [Module(path.relative_to(package_dir).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def num_filled_lines(text: str) -> int:
    """Count the lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())

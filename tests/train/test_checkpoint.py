from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from impasto.errors import OutputError, TrainingError
from impasto.train.checkpoint import (
    load_checkpoint,
    module_tensors,
    optimiser_tensors,
    restore_module,
    restore_optimiser,
    save_checkpoint,
)

STATE = {"step": 41, "rate_factors": {"generator": 0.5}, "note": "naïve", "spent_seconds": 12.25, "nothing": None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wedding.style.checkpoint"


def test_tensors_and_state_come_back_exactly(path: Path) -> None:
    tensors = {
        "a": torch.randn(3, 4),
        "a view": torch.arange(12.0).view(3, 4).T,
        "half": torch.randn(5).bfloat16(),
        "scalar": torch.tensor(7.0),
        "whole": torch.arange(3),
        "none": torch.zeros(0, 2),
    }
    save_checkpoint(path, tensors, STATE)
    loaded, state = load_checkpoint(path)
    assert state == STATE
    assert set(loaded) == set(tensors)
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_saving_again_replaces_and_leaves_nothing_beside(path: Path) -> None:
    for step in (1, 2):
        save_checkpoint(path, {"a": torch.full((1,), float(step))}, {"step": step})
    tensors, state = load_checkpoint(path)
    assert (state["step"], float(tensors["a"])) == (2, 2)
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file grow beyond a kilobyte, as where the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_fails_leaves_the_one_before(path: Path, request: pytest.FixtureRequest) -> None:
    save_checkpoint(path, {"a": torch.ones(1)}, {"step": 1})
    request.getfixturevalue("little_room")
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(path, {"a": torch.zeros(1000)}, {"step": 2})
    assert load_checkpoint(path)[1]["step"] == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        save_checkpoint(tmp_path / "no" / "a.checkpoint", {"a": torch.ones(1)}, {})


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise", "foreign", "no json"])
def test_a_damaged_checkpoint_is_refused_by_name(path: Path, damage: str) -> None:
    save_checkpoint(path, {"a": torch.randn(100)}, STATE)
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "foreign":
        save_file({"a": torch.ones(1)}, path)
    elif damage == "no json":
        save_file({"a": torch.ones(1)}, path, metadata={"impasto": "{"})
    else:
        path.write_bytes({"empty": b"", "cut": whole[:-7], "noise": b"\xff" * 400}[damage])
    with pytest.raises(TrainingError, match=r"wedding\.style\.checkpoint is not a usable checkpoint.*delete it"):
        load_checkpoint(path)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_checkpoint_of_another_version_is_refused(path: Path, version: object) -> None:
    header = {"impasto": json.dumps({**STATE, "format_version": version})}
    save_file({"a": torch.ones(1)}, path, metadata=header)
    with pytest.raises(TrainingError, match="was written by another version of Impasto; delete it"):
        load_checkpoint(path)


def test_the_state_is_readable_without_impasto(path: Path) -> None:
    save_checkpoint(path, {"a": torch.ones(1)}, STATE)
    stored = path.read_bytes()
    header = json.loads(stored[8 : 8 + int.from_bytes(stored[:8], "little")])
    assert json.loads(header["__metadata__"]["impasto"])["step"] == 41


def trained(seed: int) -> tuple[nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    module = nn.Linear(3, 2)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.1)
    learn(module, optimiser, 3)
    return module, optimiser


def learn(module: nn.Linear, optimiser: torch.optim.Optimizer, num_steps: int) -> None:
    for _ in range(num_steps):
        optimiser.zero_grad()
        module(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()


def test_a_module_and_its_optimiser_go_on_as_if_nothing_had_happened() -> None:
    module, optimiser = trained(1)
    tensors = module_tensors("net", module) | optimiser_tensors("adam", optimiser)
    tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    other, other_optimiser = trained(2)
    restore_module("net", other, tensors)
    restore_optimiser("adam", other_optimiser, tensors)
    learn(module, optimiser, 4)
    learn(other, other_optimiser, 4)
    assert torch.equal(module.weight, other.weight)
    assert torch.equal(module.bias, other.bias)


def test_restoring_does_not_share_memory_with_what_was_saved() -> None:
    module, optimiser = trained(1)
    tensors = module_tensors("net", module) | optimiser_tensors("adam", optimiser)
    tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    restore_module("net", module, tensors)
    restore_optimiser("adam", optimiser, tensors)
    learn(module, optimiser, 2)
    assert all(torch.equal(tensors[name], before[name]) for name in before)


@pytest.mark.parametrize("other", [nn.Linear(3, 4), nn.Linear(3, 2, bias=False), nn.Sequential(nn.Linear(3, 2))])
def test_tensors_of_another_network_are_refused(other: nn.Module) -> None:
    with pytest.raises(TrainingError, match="the saved net is of another shape"):
        restore_module("net", other, module_tensors("net", nn.Linear(3, 2)))


def test_modules_are_told_apart_by_their_whole_prefix() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    tensors = module_tensors("net", first) | module_tensors("net2", second)
    target = nn.Linear(2, 2)
    restore_module("net2", target, tensors)
    assert torch.equal(target.weight, second.weight)

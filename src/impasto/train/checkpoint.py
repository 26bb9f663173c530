"""Checkpoints: one safetensors file with all tensors, whose header holds the loop's state as readable JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from impasto.errors import TrainingError
from impasto.media.files import write_beside

FORMAT_VERSION = 1


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; the one before stays whole until this one is complete.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    header = {"impasto": json.dumps({"format_version": FORMAT_VERSION, **state})}
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Not `save_file`: what that raises for a full disk is no OSError.
    with write_beside(path) as part:
        part.write_bytes(save(contiguous, metadata=header))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Raises
    ------
    TrainingError
        If the file is missing, damaged, or from a newer version.
    """
    try:
        with safe_open(path, framework="pt") as archive:
            state = json.loads(archive.metadata()["impasto"])
            tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is not a usable checkpoint ({error}); delete it to start anew") from error
    if state.pop("format_version", None) != FORMAT_VERSION:
        raise TrainingError(f"{path} was written by another version of Impasto; delete it to start anew")
    return tensors, state


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten an optimiser's state to named tensors."""
    return {
        f"{prefix}.{index}.{key}": value
        for index, entries in optimiser.state_dict()["state"].items()
        for key, value in entries.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` flattened."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(f"{prefix}."):
            index, key = name.removeprefix(f"{prefix}.").split(".", 1)
            state.setdefault(int(index), {})[key] = tensor.clone()
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def module_tensors(prefix: str, module: torch.nn.Module) -> dict[str, Tensor]:
    """Return a module's state under a prefix."""
    return {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}


def restore_module(prefix: str, module: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `module_tensors` named.

    Raises
    ------
    TrainingError
        If the tensors are of another network.
    """
    own = {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        raise TrainingError(f"the saved {prefix} is of another shape than this recipe asks for") from error

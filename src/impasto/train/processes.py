"""Several training processes under `torchrun`: each takes its part of every batch, and gradients are averaged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]


class ProcessGroup:
    """This process among its peers; a group of one where there is no launcher."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch whose size `size` divides."""
        return batch if self.size == 1 else batch[self.rank :: self.size]

    def average_gradients(self, modules: Iterable[nn.Module]) -> None:
        if self.size == 1:
            return
        self._average([p.grad for module in modules for p in module.parameters() if p.grad is not None])

    def average_buffers(self, modules: Iterable[nn.Module]) -> None:
        """Average what networks count of the part of a batch that each process sees."""
        buffers = [buffer for module in modules for buffer in module.buffers()]
        if self.size > 1 and buffers:
            self._average(buffers)

    def _average(self, tensors: list[Tensor]) -> None:
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor) / self.size)

    def agree(self, value: float) -> float:
        """Return the first process's value in all of them."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, src=0)
        return float(shared)

    def close(self) -> None:
        if self.size > 1:
            distributed.destroy_process_group()


def join_process_group() -> ProcessGroup:
    """Join the group that `torchrun` describes in the environment, or return a group of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ProcessGroup()
    rank = int(os.environ["RANK"])
    # A prefix per restart: after a kill, peers that come back must not meet the keys of the round before.
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(address, port, is_master=False, timeout=timedelta(minutes=5))
    prefix = "a" + os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    distributed.init_process_group("gloo", store=PrefixStore(prefix, store), rank=rank, world_size=size)
    return ProcessGroup(rank, size)

"""Several processes that train one network: whose rows are whose, and where gradients meet.

Every process draws the randomness of the whole step and takes its share of the rows, so that the
processes together do what one would have done. Gradients are averaged in one buffer after the
backward pass; the networks here are small beside their encoders, and nothing is wrapped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as distributed
from torch import Tensor

from ...contract.errors import ErrorCode, OferError


@dataclass(frozen=True)
class Ranks:
    """rank : this process's number; count : of all. One process by default."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share(self, rows: int) -> slice:
        """This process's part of `rows`. Raises OferError(BAD_REQUEST) where they do not divide."""
        if rows % self.count:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{rows} rows a step cannot be dealt evenly to {count} processes.",
                "Choose a number of people a step that {count} divides.",
                rows=rows,
                count=self.count,
            )
        each = rows // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace floating tensors, in place, by their mean over the processes."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def wait(self) -> None:
        """Go on when all are here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def joined_ranks(device: torch.device) -> Iterator[tuple[Ranks, torch.device]]:
    """The processes that torchrun started, and this one's device; alone without torchrun.

    device : as asked for; each process takes a GPU of its own.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Ranks(), device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()

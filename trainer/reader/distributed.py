"""Training in several processes started by torchrun: sums over ranks, and who writes.

Knows process groups and tensors; knows no model and no data. Every rank computes the gradient of
its share of a step's questions; the sum over the ranks is the gradient of the whole step, so the
result does not depend on how many ranks there are, up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from reread.errors import BadRequest

BUCKET = 16_000_000  # numbers per sum: large enough to fill a link, small enough to copy


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among all that train; alone by default."""

    rank: int = 0
    count: int = 1
    local: int = 0  # place among the processes of this machine, which is its GPU's number

    @property
    def writes(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all ranks, in place."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by its sum over the ranks, several at a time."""
        if self.count == 1:
            return
        for bucket in _buckets([p.grad for p in parameters if p.grad is not None]):
            joined = self.sum(torch.cat([g.flatten() for g in bucket]))
            start = 0
            for gradient in bucket:
                gradient.copy_(joined[start : start + gradient.numel()].view_as(gradient))
                start += gradient.numel()

    def share_weights(self, model: torch.nn.Module) -> None:
        """Give every rank the first one's weights and buffers."""
        if self.count > 1:
            with torch.no_grad():
                for tensor in model.state_dict().values():
                    dist.broadcast(tensor, src=0)

    def require_same(self, step: int, device: torch.device) -> None:
        """BadRequest when ranks would begin at different steps: they see different folders."""
        steps = torch.zeros(self.count, dtype=torch.long, device=device)
        steps[self.rank] = step
        found = self.sum(steps).tolist()
        if len(set(found)) > 1:
            raise BadRequest(
                f"The ranks found different saved steps ({found}); give all of them the same "
                "--output folder on a shared disk."
            )

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.count > 1:
            dist.barrier()


ALONE = Ranks()


@contextmanager
def joined_ranks(environment: Mapping[str, str], device: str = "auto") -> Iterator[Ranks]:
    """The ranks torchrun's environment names, connected for as long as the block runs.

    NCCL between GPUs, gloo between CPUs. Outside torchrun, or with one process, it is ALONE.
    """
    count = int(environment.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    ranks = Ranks(int(environment["RANK"]), count, int(environment.get("LOCAL_RANK", "0")))
    on_gpu = device != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(ranks.local)
    dist.init_process_group("nccl" if on_gpu else "gloo", rank=ranks.rank, world_size=count)
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


def _buckets(gradients: list[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    bucket: list[torch.Tensor] = []
    for gradient in gradients:
        bucket.append(gradient)
        if sum(one.numel() for one in bucket) >= BUCKET:
            yield bucket
            bucket = []
    if bucket:
        yield bucket

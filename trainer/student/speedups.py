"""What makes a student's training step fast on a CPU and leaves what it computes as it is.

Knows the modules of a stock encoder and how dropout is best computed (attention is in
reread/compute/fast_attention.py); knows no loss, no batch and no optimizer. Everything is put back
when the block ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

DRAWS = 1 << 16  # dropout compares 16-bit draws, so a share is exact to 1 / 65,536


class DrawnDropout(nn.Module):
    """`nn.Dropout` with cheaper masks: four draws from each 64-bit random number.

    torch draws one number per element, which was 11% of a training step. The generator is torch's
    own, so seeds, forked generators and recomputed activations behave as they do with `nn.Dropout`.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return values
        if values.device.type != "cpu":
            return nn.functional.dropout(values, self.p, training=True)
        return values * draw_mask(values, self.p)


def draw_mask(values: Tensor, share: float) -> Tensor:
    """Independent 0 with the chance `share`, else 1 / (1 - share), in the shape of `values`."""
    count = values.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    dropped = round(share * DRAWS)
    kept = words.view(torch.int16)[:count] >= dropped - DRAWS // 2
    return kept.view(values.shape).to(values.dtype).mul_(DRAWS / (DRAWS - dropped))


@contextmanager
def fast_training(retriever: nn.Module) -> Iterator[None]:
    """Inside the block the encoder trains with the dropout of this module.

    Attention modules only read their dropout's share, so theirs stays.
    """
    swapped = [
        (parent, name, child)
        for parent in retriever.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Dropout and child.p > 0.0
    ]
    for parent, name, child in swapped:
        setattr(parent, name, DrawnDropout(child.p).train(child.training))
    try:
        yield
    finally:
        for parent, name, child in swapped:
            child.train(parent.training)
            setattr(parent, name, child)

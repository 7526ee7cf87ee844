"""From an encoder's states to one vector: the pooling, and the projection some encoders end with.

Knows tensors and the retriever's settings; knows no tokenizer and no file.
"""

from typing import Any

from torch import Tensor, nn

from reread.errors import BadRequest
from reread.retriever.files import RetrieverSettings


def pool(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """(B, T, D), (B, T) -> (B, D); padding has no part in the mean.

    >>> import torch
    >>> pool(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]]), "mean").tolist()
    [[2.0]]
    """
    if pooling == "cls":
        return hidden[:, 0]
    if pooling != "mean":
        raise BadRequest(f"Pooling {pooling!r} is not known: choose 'cls' or 'mean'")
    weights = mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0)


def make_projection(encoder: nn.Module, settings: RetrieverSettings) -> nn.Sequential | None:
    """Linear and LayerNorm as FiD-KD's retriever has them; None where the settings name none."""
    if settings.projection is None:
        return None
    body: Any = encoder
    width = settings.projection
    if settings.projected not in ("pooled", "tokens"):
        raise BadRequest(f"projected {settings.projected!r} is not known: choose pooled or tokens")
    return nn.Sequential(nn.Linear(body.config.hidden_size, width), nn.LayerNorm(width))

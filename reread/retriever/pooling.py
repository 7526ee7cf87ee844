"""From an encoder's states to one vector: the pooling, and the projection some encoders end with.

Knows tensors, the retriever's settings and the projection's file; knows no tokenizer.
"""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from reread.errors import BadRequest
from reread.retriever.encoders.interface import Encoder
from reread.retriever.files import RetrieverSettings

PROJECTION_FILE = "projection.safetensors"


def pool(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """(B, T, D), (B, T) -> (B, D); padding has no part in the mean or the maximum.

    >>> hidden, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1, 1, 0]])
    >>> pool(hidden, mask, "mean").tolist(), pool(hidden, mask, "max").tolist()
    ([[2.0]], [[3.0]])
    """
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "max":
        return hidden.masked_fill(~mask.bool().unsqueeze(-1), -torch.inf).amax(dim=1)
    if pooling != "mean":
        raise BadRequest(f"Pooling {pooling!r} is not known: choose 'cls', 'mean' or 'max'")
    weights = mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0)


def make_projection(encoder: Encoder, settings: RetrieverSettings) -> nn.Sequential | None:
    """Linear and LayerNorm as FiD-KD's retriever has them; None where the settings name none."""
    if settings.projection is None:
        return None
    width = settings.projection
    known = ("pooled", "tokens", "matched")
    if settings.projected not in known:
        raise BadRequest(
            f"projected {settings.projected!r} is not known: choose {', '.join(known)}"
        )
    return nn.Sequential(nn.Linear(encoder.config.hidden_size, width), nn.LayerNorm(width))


def save_projection(projection: nn.Sequential, folder: Path) -> None:
    state = {name: one.contiguous().cpu() for name, one in projection.state_dict().items()}
    safetensors.torch.save_file(state, folder / PROJECTION_FILE)


def load_projection(projection: nn.Sequential, folder: Path, seed: int) -> None:
    """The folder's weights, or where it has none ones drawn from the seed."""
    file = folder / PROJECTION_FILE
    if file.exists():
        projection.load_state_dict(safetensors.torch.load_file(file))
    else:
        draw_projection(projection, seed)


def draw_projection(projection: nn.Sequential, seed: int) -> None:
    """A normal matrix: angles between what it projects stay nearly as they were."""
    linear = projection[0]
    assert isinstance(linear, nn.Linear)
    generator = torch.Generator().manual_seed(seed)
    weight = torch.empty(linear.weight.shape)
    nn.init.normal_(weight, std=linear.in_features**-0.5, generator=generator)
    with torch.no_grad():
        linear.weight.copy_(weight)
        linear.bias.zero_()

"""One linear layer whose weights were laid out for this processor once, instead of in every call.

Knows oneDNN through PyTorch's own operators, and a layer's weight and bias; knows no model.
"""

from __future__ import annotations

from typing import Any

import torch

PACKED_ROWS = 4096  # the layout is chosen for about so many rows; any number may come


class Product:
    """x W' + b, and its gelu where `gelu` says so, in the number format of the weight.

    In float32 it is oneDNN's product, more than twice as fast as PyTorch's own on AMD processors.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, *, gelu: bool = False) -> None:
        self._ops: Any = torch.ops.mkldnn
        self._weight = self._ops._reorder_linear_weight(weight.detach().contiguous(), PACKED_ROWS)
        self._bias = bias.detach().to(weight.dtype)
        self._after: tuple[str, list[float], str] = (
            ("gelu", [], "none") if gelu else ("none", [], "")
        )

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(M, in) -> (M, out)."""
        found: torch.Tensor = self._ops._linear_pointwise(x, self._weight, self._bias, *self._after)
        return found


def packs(dtype: torch.dtype) -> bool:
    """Whether this build and this processor have such products."""
    ops: Any = torch.ops.mkldnn
    built: Any = torch.backends.mkldnn
    if not built.is_available() or not hasattr(ops, "_linear_pointwise"):
        return False
    if dtype == torch.bfloat16:
        return bool(ops._is_mkldnn_bf16_supported())
    return dtype == torch.float32

"""Dropout of a whole model: the same share wherever its family has it. Knows modules alone."""

from __future__ import annotations

from torch import nn


def set_dropout(model: nn.Module, share: float) -> None:
    """Readers and retrievers alike; attention weights as their family trains them.

    T5 drops attention weights too, as Fusion-in-Decoder trained it. BART keeps `attention_dropout`
    of its configuration, which is none in the small starter, and BERT's are never dropped: on a
    CPU a dropped attention weight costs the fast kernels.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0 if name.endswith(".self.dropout") else share
        elif isinstance(getattr(module, "dropout", None), float) and _drops_states(module):
            module.dropout = share


def _drops_states(module: nn.Module) -> bool:
    """Modules that keep their share as a number: BART's stacks and layers, T5's attention."""
    return any(hasattr(module, name) for name in ("layers", "fc1", "has_relative_attention_bias"))

"""The copy of a model that computes: joined matrices in bfloat16 beside float32 weights that learn.

A weight moves by less than bfloat16 can tell in a step, so learning is kept in float32; computing
is not, for speed. Knows weights and gradients; knows no stream and no optimizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from trainer.reader.causal.forward import Layer, Weights


@dataclass(frozen=True, slots=True)
class Joined:
    """A computing tensor and the learning parameters whose rows it holds, one below the other."""

    tensor: torch.Tensor
    sources: tuple[nn.Parameter, ...]


class WorkingCopy:
    """Weights for `forward`; embeddings, vocabulary and the `frozen` lowest layers do not learn."""

    def __init__(self, model: PreTrainedModel, dtype: torch.dtype, frozen: int = 0) -> None:
        self._joined: list[Joined] = []
        self._dtype = dtype
        body = model.base_model
        model.requires_grad_(False)
        embedding = body.embed_tokens.weight.detach().to(dtype)
        head = model.get_output_embeddings().weight
        tied = head.data_ptr() == body.embed_tokens.weight.data_ptr()
        layers = tuple(self._layer(one, at >= frozen) for at, one in enumerate(body.layers))
        norm = self._join(True, torch.float32, body.norm.weight)
        self.weights = Weights(
            embedding, embedding if tied else head.detach().to(dtype), norm, layers
        )

    def learning(self) -> list[nn.Parameter]:
        """The parameters that learn, in a fixed order."""
        return [source for joined in self._joined for source in joined.sources]

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over what the learning parameters are now."""
        for joined in self._joined:
            at = 0
            for source in joined.sources:
                joined.tensor[at : at + len(source)].copy_(source)
                at += len(source)

    @torch.no_grad()
    def hand_over(self) -> None:
        """Move this copy's gradients to the learning parameters, in float32."""
        for joined in self._joined:
            gradient = joined.tensor.grad
            joined.tensor.grad = None
            at = 0
            for source in joined.sources:
                source.grad = (
                    torch.zeros_like(source)
                    if gradient is None
                    else gradient[at : at + len(source)].float()
                )
                at += len(source)

    def _layer(self, layer: Any, learns: bool) -> Layer:
        attention, mlp = layer.self_attn, layer.mlp
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        biased = parts[0].bias is not None
        return Layer(
            self._join(learns, torch.float32, layer.input_layernorm.weight),
            self._join(learns, self._dtype, *(one.weight for one in parts)),
            self._join(learns, self._dtype, *(one.bias for one in parts)) if biased else None,
            self._join(learns, self._dtype, attention.o_proj.weight),
            self._join(learns, torch.float32, layer.post_attention_layernorm.weight),
            self._join(learns, self._dtype, mlp.gate_proj.weight, mlp.up_proj.weight),
            self._join(learns, self._dtype, mlp.down_proj.weight),
        )

    def _join(self, learns: bool, dtype: torch.dtype, *sources: nn.Parameter) -> torch.Tensor:
        tensor = torch.cat([source.detach() for source in sources]).to(dtype, copy=True)
        if not learns:
            return tensor
        tensor.requires_grad_(True)
        for source in sources:
            source.requires_grad_(True)
        self._joined.append(Joined(tensor, tuple(sources)))
        return tensor

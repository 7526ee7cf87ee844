"""Run a stock T5 or BART model as Fusion-in-Decoder: segments encoded apart, decoded jointly.

Knows the attention interface of transformers and nothing else: no strings, no passages, no
aggregation. Cross-attention scores leave through a `CrossAttentionTap` that the caller creates for
one call and reads after it; the model itself keeps no state.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import sdpa_mask

from reread.compute.fast_attention import LOW, fastest_attention

ATTENTION_NAME = "reread_fusion"


class CrossAttentionTap:
    """Collects the cross-attention of one decoder call, layer by layer.

    `scores[l]`  (B, H, T, S): q.k as the module computes it (T5 unscaled, BART scaled), before mask
    and softmax.  `weights[l]` (B, H, T, S): after softmax.  `value_norms[l]` (B, H, S), on request.
    """

    def __init__(self, model: PreTrainedModel, *, value_norms: bool = False) -> None:
        self._layer_of = {module: i for i, module in enumerate(cross_attention_modules(model))}
        self._wants_norms = value_norms
        self.scores: dict[int, torch.Tensor] = {}
        self.weights: dict[int, torch.Tensor] = {}
        self.value_norms: dict[int, torch.Tensor] = {}

    def layer_of(self, module: nn.Module) -> int | None:
        """The decoder layer whose cross-attention this module is; None for self-attention."""
        return self._layer_of.get(module)

    def take(
        self, layer: int, scores: torch.Tensor, weights: torch.Tensor, value: torch.Tensor
    ) -> None:
        """Keep one layer's tensors of this call."""
        self.scores[layer] = scores
        self.weights[layer] = weights
        if self._wants_norms:
            self.value_norms[layer] = value.norm(dim=-1)

    def split(self) -> list[CrossAttentionTap]:
        """A tap for each output position; value norms, which are all positions', in each."""
        length = next(iter(self.scores.values())).shape[2]
        parts = []
        for step in range(length):
            part = copy.copy(self)
            part.scores = {i: one[:, :, step : step + 1] for i, one in self.scores.items()}
            part.weights = {i: one[:, :, step : step + 1] for i, one in self.weights.items()}
            parts.append(part)
        return parts

    def stacked_scores(self) -> torch.Tensor:
        """All layers' scores, (B, layers, H, T, S)."""
        return torch.stack([self.scores[i] for i in sorted(self.scores)], dim=1)


def cross_attention_modules(model: PreTrainedModel) -> list[nn.Module]:
    """The decoder's cross-attention modules in layer order, for the T5 and BART families."""
    decoder = model.get_decoder()
    if hasattr(decoder, "block"):
        return [block.layer[1].EncDecAttention for block in decoder.block]
    return [layer.encoder_attn for layer in decoder.layers]


def fusion_attention(
    module: nn.Module,
    query: torch.Tensor,  # (B, H, T, d)
    key: torch.Tensor,  # (B, H, S, d)
    value: torch.Tensor,  # (B, H, S, d)
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,
    tap: CrossAttentionTap | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Explicit attention where a tap listens, the fastest one that computes the same elsewhere.

    With one query row the explicit products move the same bytes as a fused kernel, so reading the
    scores costs nothing at decoding time.
    """
    layer = tap.layer_of(module) if tap is not None else None
    if tap is None or layer is None:
        return fastest_attention(
            module, query, key, value, attention_mask,
            dropout=dropout, scaling=scaling, position_bias=position_bias, **kwargs,
        )  # fmt: skip
    scores = query @ key.transpose(2, 3)  # (B, H, T, S)
    scores = scores * (query.size(-1) ** -0.5 if scaling is None else scaling)
    biased = scores if position_bias is None else scores + position_bias
    weights = masked_softmax(biased, attention_mask)
    tap.take(layer, scores, weights, value)
    if dropout:
        weights = nn.functional.dropout(weights, p=dropout, training=module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def masked_softmax(scores: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Softmax over the last axis under a boolean (True = seen) or additive mask, in fp32.

    >>> seen = torch.tensor([[True, True, False]])
    >>> masked_softmax(torch.tensor([[0.0, 0.0, 9.0]]), seen).tolist()
    [[0.5, 0.5, 0.0]]
    """
    if mask is not None and mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, LOW)
    elif mask is not None:
        scores = scores + mask
    return torch.softmax(scores, dim=-1, dtype=torch.float32).to(scores.dtype)


def install_fusion_attention(model: PreTrainedModel) -> None:
    """Make a stock model use `fusion_attention`; registering the name twice is harmless."""
    AttentionInterface.register(ATTENTION_NAME, fusion_attention)
    AttentionMaskInterface.register(ATTENTION_NAME, sdpa_mask)
    model.set_attn_implementation(ATTENTION_NAME)


def encode_segments(
    model: PreTrainedModel, input_ids: torch.Tensor, attention_mask: torch.Tensor
) -> torch.Tensor:
    """Encode segments independently: (N, L) token ids -> (N, L, d) states."""
    encoder = model.get_encoder()
    states: torch.Tensor = encoder(
        input_ids=input_ids, attention_mask=attention_mask
    ).last_hidden_state
    return states


def decode_step(
    model: PreTrainedModel,
    tokens: torch.Tensor,  # (B, T)
    fused: torch.Tensor,  # (B, S, d)
    fused_mask: torch.Tensor,  # (B, S)
    cache: Any = None,
    tap: CrossAttentionTap | None = None,
) -> torch.Tensor:
    """Decoder states of `tokens` over the fused states of all passages, (B, T, d)."""
    decoder = model.get_decoder()
    output = decoder(
        input_ids=tokens,
        encoder_hidden_states=fused,
        encoder_attention_mask=fused_mask,
        past_key_values=cache,
        use_cache=cache is not None,
        tap=tap,
    )
    states: torch.Tensor = output.last_hidden_state
    return states


def token_logits(model: PreTrainedModel, states: torch.Tensor) -> torch.Tensor:
    """Vocabulary logits of decoder states, with the family's own scaling and bias."""
    if getattr(model.config, "scale_decoder_outputs", False):
        states = states * model.config.d_model**-0.5
    logits: torch.Tensor = model.get_output_embeddings()(states)
    bias = getattr(model, "final_logits_bias", None)
    return logits if bias is None else logits + bias
